// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/crc32c.h"
#include "base/log.h"
#include "checker.h"
#include "engine/engine.h"
#include "journal/disk_faulty.h"
#include "journal/disk_memory.h"
#include "journal/journal.h"
#include "model/payload.h"
#include "network.h"
#include "policies.h"
#include "workload.h"

#include <errno.h>
#include <stdio.h>

enum { FACTS_MAX = 4096 };

/** A body that is being read back. */
struct load {
    struct hk_command_load command;
    struct hk_mono due;
};

struct world {
    const struct sim_setup *setup;
    struct sim_report *report;
    struct hk_prng prng;
    struct hk_now now;
    struct hk_disk *memory;
    struct hk_disk *disk; /**< Faults, around `memory`. */
    struct hk_journal *journal;
    struct hk_engine *engine;
    struct sim_network network;
    struct sim_policies policies;
    struct sim_workload workload;
    struct sim_checker checker;
    struct hk_commands commands;
    struct hk_fact facts[FACTS_MAX];
    uint32_t fact_count;
    struct load loads[FACTS_MAX];
    uint32_t load_count;
    uint64_t lsn_replayed;
    uint64_t lsn_appended;
    uint64_t lsn_plan;         /**< Of the first plan that is not committed, 0: none. */
    struct hk_mono commit_due; /**< HK_MONO_NEVER: no commit is on its way. */
    bool is_snapshot_open;
    bool is_snapshot_done;
    bool is_comparing;                  /**< Snapshot rows are only summed up. */
    bool are_unplanned[SIM_EVENTS_MAX]; /**< At the last stop, by number. */
    bool are_forgotten[SIM_EVENTS_MAX]; /**< REPLAN: their plans and all that followed. */
    uint64_t state_sum;                 /**< Of the rows of the last snapshot. */
    bool is_drained;
    struct hk_event *answer; /**< Of the last look-up of the final count. */
    bool is_answered;
};

static bool is_over(const struct world *world)
{
    return !sim_checker_is_content(&world->checker);
}

static void give_up(struct world *world, const char *what, const struct hk_fault *fault)
{
    if (is_over(world))
        return;
    (void)snprintf(world->checker.failure, sizeof(world->checker.failure), "%s: %s", what,
                   fault ? fault->text : "");
}

static void tell(struct world *world, const struct hk_fact *fact)
{
    hk_assert(world->fact_count < FACTS_MAX);
    world->facts[world->fact_count++] = *fact;
}

/* ---- commands ---- */

static uint32_t place_of(const struct world *world, const struct hk_command_start_attempt *start)
{
    return sim_workload_place(&world->workload, start->endpoint,
                              &world->checker.events[sim_event_number(&start->event)]);
}

static void start_attempt(struct world *world, const struct hk_command_start_attempt *start)
{
    uint32_t place = place_of(world, start);
    sim_checker_started(&world->checker, start, place);
    sim_network_start(&world->network, start, sim_event_number(&start->event), place, world->now);
    if (world->setup->mutant == SIM_MUTANT_TWICE && hk_prng_chance(&world->prng, 10000))
        sim_network_start(&world->network, start, sim_event_number(&start->event), place,
                          world->now);
}

static void run_policy(struct world *world, const struct hk_policy_run *run)
{
    sim_checker_asked(&world->checker, run, sim_policies_know(&world->policies, run));
    sim_policies_run(&world->policies, run, sim_event_number(&run->event), world->now);
}

static void reply(struct world *world, struct hk_reply *own_reply)
{
    if (own_reply->event && !own_reply->code) {
        sim_checker_looked_up(&world->checker, own_reply->event);
        if (own_reply->token == SIM_TOKEN_FINAL) {
            world->answer = own_reply->event;
            own_reply->event = NULL;
        }
    }
    world->is_answered = world->is_answered || own_reply->token == SIM_TOKEN_FINAL;
    hk_reply_free(own_reply);
}

static void append(struct world *world, const struct hk_record *record)
{
    sim_checker_appended(&world->checker, record);
    if (hk_journal_append(world->journal, record) != 0)
        give_up(world, "append", NULL);
    world->lsn_appended = record->lsn;
    if (record->type == HK_RECORD_PLAN && !world->lsn_plan)
        world->lsn_plan = record->lsn;
    if (world->commit_due.ns == HK_MONO_NEVER.ns)
        world->commit_due =
            hk_mono_after_ms(world->now.mono, 1 + (int64_t)hk_prng_below(&world->prng, 8));
}

static void load(struct world *world, const struct hk_command_load *command)
{
    hk_assert(world->load_count < FACTS_MAX);
    world->loads[world->load_count++] = (struct load){
        .command = *command,
        .due = hk_mono_after_ms(world->now.mono, 1 + (int64_t)hk_prng_below(&world->prng, 5)),
    };
}

/* Open is open: what waits before a stop may be ready after it. */
static uint32_t event_crc(const struct hk_event *event)
{
    uint32_t crc = hk_crc32c(0, &event->id, sizeof(event->id));
    crc = hk_crc32c(crc, &event->generation, sizeof(event->generation));
    crc = hk_crc32c(crc, &event->plan_location.lsn, sizeof(event->plan_location.lsn));
    for (uint32_t i = 0; i < event->delivery_count; i++) {
        const struct hk_delivery *delivery = &event->deliveries[i];
        bool is_over = hk_delivery_state_is_terminal(delivery->state);
        uint32_t words[] = {
            delivery->number, is_over ? delivery->state : 0, is_over ? delivery->reason : 0,
            delivery->role,   delivery->kept_count,          delivery->has_own,
        };
        crc = hk_crc32c(crc, &delivery->endpoint, sizeof(delivery->endpoint));
        crc = hk_crc32c(crc, words, sizeof(words));
    }
    return crc;
}

/* What has no plan when hookd stops may have one soon after the start, and what must be delivered
 * in time may end there. */
static bool may_differ(struct world *world, const struct hk_event *event)
{
    uint32_t number = sim_event_number(&event->id);
    if (!world->is_comparing)
        world->are_unplanned[number] =
            event->state == HK_EVENT_PLANNING || event->state == HK_EVENT_HELD;
    return world->are_unplanned[number] || event->deliver_before.ms != 0;
}

/* A sum, because rows may come in another order. */
static void state_add(struct world *world, const struct hk_record *row)
{
    uint32_t crc = 0;
    if (row->type == HK_RECORD_STATE && may_differ(world, row->state))
        return;
    if (row->type == HK_RECORD_STATE)
        crc = event_crc(row->state);
    else if (row->type == HK_RECORD_ENDPOINT)
        crc = hk_crc32c(0, &row->endpoint->uuid, sizeof(row->endpoint->uuid));
    else if (row->type == HK_RECORD_MERCHANT)
        crc = hk_crc32c(0, &row->merchant->id, sizeof(row->merchant->id));
    else if (row->type == HK_RECORD_IDEMPOTENCY)
        crc = hk_crc32c(0, &row->idempotency, sizeof(row->idempotency));
    world->state_sum += (uint64_t)row->type << 32 | crc;
}

static void snapshot(struct world *world, const struct hk_command *command)
{
    if (command->kind == HK_COMMAND_SNAPSHOT_ROW)
        state_add(world, &command->snapshot_row);
    if (world->is_comparing) {
        world->is_snapshot_done = command->kind == HK_COMMAND_SNAPSHOT_END;
        return;
    }
    struct hk_fault fault = { 0 };
    int code = 0;
    if (!world->is_snapshot_open)
        code = hk_journal_snapshot_begin(world->journal, &fault);
    world->is_snapshot_open = true;
    if (!code && command->kind == HK_COMMAND_SNAPSHOT_ROW)
        code = hk_journal_snapshot_row(world->journal, &command->snapshot_row, &fault);
    if (!code && command->kind == HK_COMMAND_SNAPSHOT_END) {
        const struct hk_command_snapshot_end *end = &command->snapshot_end;
        code = hk_journal_snapshot_end(world->journal, end->begin_lsn, end->end_lsn, end->row_count,
                                       &fault);
        world->is_snapshot_open = false;
        world->is_snapshot_done = true;
    }
    if (code)
        give_up(world, "snapshot", &fault);
}

static void digest_add(struct world *world, const struct hk_command *command)
{
    uint64_t words[3] = { world->report->digest, command->kind, (uint64_t)world->now.mono.ns };
    uint32_t low = hk_crc32c(0, words, sizeof(words));
    world->report->digest = world->report->digest << 7 ^ low;
}

static void carry_out(struct world *world, const struct hk_command *command)
{
    digest_add(world, command);
    switch (command->kind) {
    case HK_COMMAND_APPEND:
        append(world, &command->append);
        break;
    case HK_COMMAND_ACK:
        sim_checker_acked(&world->checker, &command->ack);
        break;
    case HK_COMMAND_REPLY:
        reply(world, command->reply);
        break;
    case HK_COMMAND_LOAD:
        load(world, &command->load);
        break;
    case HK_COMMAND_RUN_POLICY:
        run_policy(world, &command->run_policy);
        break;
    case HK_COMMAND_START_ATTEMPT:
        start_attempt(world, &command->start_attempt);
        break;
    case HK_COMMAND_ENDPOINT_SET:
        sim_workload_endpoint_known(&world->workload, command->endpoint_set.endpoint,
                                    &command->endpoint_set.value->uuid);
        break;
    case HK_COMMAND_SNAPSHOT_ROW:
    case HK_COMMAND_SNAPSHOT_END:
        snapshot(world, command);
        break;
    case HK_COMMAND_DRAINED:
        world->is_drained = true;
        break;
    case HK_COMMAND_SYNC:
    case HK_COMMAND_NACK:
    case HK_COMMAND_TRACE:
    case HK_COMMAND_ENDPOINT_DROP:
        break;
    }
}

static void carry_out_all(struct world *world)
{
    for (uint32_t i = 0; i < world->commands.count; i++) {
        const struct hk_command *command = &world->commands.items[i];
        if (!is_over(world))
            carry_out(world, command);
        else if (command->kind == HK_COMMAND_REPLY)
            hk_reply_free(command->reply);
    }
    world->commands.count = 0;
}

/* ---- facts ---- */

static void network_answer(struct world *world)
{
    struct sim_request *request;
    while ((request = sim_network_due(&world->network, world->now.mono)) &&
           world->fact_count < FACTS_MAX / 2) {
        bool is_known = hk_outcome_is_success(&request->outcome);
        if (request->reaches)
            sim_checker_taken(&world->checker, request->event, request->place, !is_known);
        struct hk_fact fact = {
            .kind = HK_FACT_ATTEMPT_ENDED,
            .attempt_ended = { .delivery = request->delivery, .outcome = request->outcome },
        };
        tell(world, &fact);
        *request = (struct sim_request){ 0 };
    }
}

static void policies_answer(struct world *world)
{
    struct sim_run *run;
    while ((run = sim_policies_due(&world->policies, world->now.mono)) &&
           world->fact_count < FACTS_MAX / 2) {
        sim_checker_answered(&world->checker, run->event, &run->answer);
        tell(world, &run->answer);
        *run = (struct sim_run){ 0 };
    }
}

/* A disk that gives back what was never written. */
static void plan_spoil(const struct world *world, const struct hk_plan *plan)
{
    struct hk_plan_delivery *deliveries = (struct hk_plan_delivery *)plan->deliveries;
    struct hk_slice text = HK_SLICE("spoilt");
    if (world->setup->mutant != SIM_MUTANT_PAYLOAD)
        return;
    for (uint32_t i = 0; i < plan->delivery_count; i++) {
        if (!deliveries[i].own)
            continue;
        hk_body_unref(deliveries[i].own);
        deliveries[i].own = hk_payload_new(NULL, &text);
    }
}

static void load_answer(struct world *world, const struct hk_command_load *load)
{
    struct hk_fault fault = { 0 };
    struct hk_fact fact = { .kind = HK_FACT_LOADED, .loaded = { .load = load->load } };
    if (load->is_plan)
        fact.loaded.code =
            hk_journal_load_plan(world->journal, load->location, &fact.loaded.plan, &fault);
    else
        fact.loaded.code =
            hk_journal_load(world->journal, load->location, &fact.loaded.body, &fault);
    if (fact.loaded.code)
        give_up(world, "load", &fault);
    else if (load->is_plan)
        plan_spoil(world, fact.loaded.plan);
    tell(world, &fact);
}

static void loads_answer(struct world *world)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < world->load_count; i++) {
        struct load *one = &world->loads[i];
        if (!hk_mono_is_reached(one->due, world->now.mono)) {
            world->loads[kept++] = *one;
            continue;
        }
        load_answer(world, &one->command);
    }
    world->load_count = kept;
}

/* A broken journal: it says durable, and has written nothing. Not of a plan: an event that ends
 * before its place is known is more than the engine can be asked to bear. */
static bool commit_later(struct world *world)
{
    struct hk_fact fact = { .kind = HK_FACT_APPENDED, .appended = { .lsn = world->lsn_appended } };
    if (world->setup->mutant != SIM_MUTANT_EARLY_APPENDED || hk_prng_chance(&world->prng, 500000))
        return false;
    if (world->lsn_plan)
        fact.appended.lsn = world->lsn_plan - 1;
    if (fact.appended.lsn <= world->checker.lsn_durable)
        return false;
    sim_checker_durable(&world->checker, fact.appended.lsn);
    tell(world, &fact);
    return true;
}

static void commit(struct world *world)
{
    struct hk_fault fault = { 0 };
    struct hk_fact fact = { .kind = HK_FACT_APPENDED };
    world->commit_due = HK_MONO_NEVER;
    if (commit_later(world))
        return;
    if (hk_journal_commit(world->journal, &fact.appended, &fault) != 0) {
        give_up(world, "commit", &fault);
        return;
    }
    world->lsn_plan = 0;
    sim_checker_durable(&world->checker, fact.appended.lsn);
    tell(world, &fact);
}

static void facts_collect(struct world *world)
{
    if (hk_mono_is_reached(world->commit_due, world->now.mono))
        commit(world);
    network_answer(world);
    policies_answer(world);
    loads_answer(world);
}

static void facts_free(struct world *world)
{
    for (uint32_t i = 0; i < world->fact_count; i++)
        hk_fact_fini(&world->facts[i]);
    world->fact_count = 0;
}

static void step(struct world *world)
{
    uint32_t taken = hk_engine_step(world->engine, world->facts, world->fact_count, world->now,
                                    &world->commands);
    memmove(world->facts, world->facts + taken,
            (world->fact_count - taken) * sizeof(*world->facts));
    world->fact_count -= taken;
    carry_out_all(world);
    if (world->fact_count == 0)
        sim_policies_taken(&world->policies);
}

static struct hk_mono earlier(struct hk_mono a, struct hk_mono b)
{
    return a.ns < b.ns ? a : b;
}

static struct hk_mono next_due(const struct world *world)
{
    struct hk_mono due = earlier(hk_engine_due(world->engine), world->commit_due);
    due = earlier(due, sim_network_next(&world->network));
    due = earlier(due, sim_policies_next(&world->policies));
    for (uint32_t i = 0; i < world->load_count; i++)
        due = earlier(due, world->loads[i].due);
    return due;
}

/* Time goes by; the wall clock steps now and then. */
static void time_to(struct world *world, struct hk_mono due)
{
    if (due.ns > world->now.mono.ns) {
        int64_t ms = (due.ns - world->now.mono.ns + HK_NS_PER_MS - 1) / HK_NS_PER_MS;
        world->now.mono = hk_mono_after_ms(world->now.mono, ms);
        world->now.wall.ms += ms;
        world->report->virtual_ms += ms;
    }
    if (hk_prng_chance(&world->prng, 200))
        world->now.wall.ms += (int64_t)hk_prng_below(&world->prng, 7200000) - 3600000;
}

/* Runs until `until`, or until nothing is left to happen. False when nothing is left. */
static bool run_until(struct world *world, struct hk_mono until)
{
    for (uint32_t turns = 0; !is_over(world); turns++) {
        facts_collect(world);
        step(world);
        if (world->fact_count)
            continue;
        struct hk_mono due = next_due(world);
        if (due.ns == HK_MONO_NEVER.ns)
            return false;
        if (due.ns > until.ns) {
            time_to(world, until);
            return true;
        }
        time_to(world, due);
        if (turns > 5000000)
            give_up(world, "it does not come to rest", NULL);
    }
    return false;
}

/* ---- start, stop, crash ---- */

/* What follows a plan that is forgotten must be forgotten too: it would be damage. */
static bool is_forgotten(struct world *world, const struct hk_record *record)
{
    switch (record->type) {
    case HK_RECORD_PLAN:
        if (record->plan.policy.size > 0)
            world->are_forgotten[sim_event_number(&record->plan.event)] = true;
        return record->plan.policy.size > 0;
    case HK_RECORD_START:
        return world->are_forgotten[sim_event_number(&record->start.event)];
    case HK_RECORD_RESULT:
        return world->are_forgotten[sim_event_number(&record->result.event)];
    case HK_RECORD_END:
        return world->are_forgotten[sim_event_number(&record->end.event)];
    case HK_RECORD_WAIT:
        return world->are_forgotten[sim_event_number(&record->wait.event)];
    default:
        return false;
    }
}

static void policies_tell(struct world *world)
{
    struct hk_fact fact;
    sim_policies_fact(&world->policies, &fact);
    tell(world, &fact);
}

static int replay(void *arg, const struct hk_record *record, struct hk_location location,
                  bool is_row, struct hk_fault *fault)
{
    struct world *world = arg;
    if (record->lsn > world->lsn_replayed)
        world->lsn_replayed = record->lsn;
    if (world->setup->mutant == SIM_MUTANT_REPLAN && is_forgotten(world, record))
        return 0;
    return hk_engine_replay(world->engine, record, location, is_row, fault);
}

static void open(struct world *world)
{
    struct hk_fault fault = { 0 };
    struct hk_journal_found found = { 0 };
    struct hk_engine_setup setup = { .seed = hk_prng_next(&world->prng) };
    sim_workload_options(&world->workload, &setup.options);
    world->lsn_replayed = 0;
    world->engine = hk_engine_new(&setup);
    struct hk_journal_options options = {
        .disk = world->disk,
        .segment_bytes = 16384 + hk_prng_below(&world->prng, 65536),
        .salt_seed = hk_prng_next(&world->prng),
        .replay = replay,
        .replay_arg = world,
    };
    if (hk_journal_open(&options, &world->journal, &found, &fault) != 0) {
        give_up(world, "open", &fault);
        return;
    }
    sim_checker_recovered(&world->checker, world->lsn_replayed);
    sim_workload_recovered(&world->workload);
    hk_engine_start(world->engine, found.lsn_last, world->now, &world->commands);
    carry_out_all(world);
    policies_tell(world);
}

static void close_all(struct world *world)
{
    facts_free(world);
    world->load_count = 0;
    sim_policies_forget(&world->policies);
    world->commit_due = HK_MONO_NEVER;
    world->lsn_plan = 0;
    world->is_drained = world->is_snapshot_done = world->is_snapshot_open = false;
    hk_engine_free(world->engine);
    world->engine = NULL;
    hk_journal_close(world->journal);
    world->journal = NULL;
}

static void taken_unheard(void *arg, const struct sim_request *request)
{
    struct world *world = arg;
    sim_checker_taken(&world->checker, request->event, request->place, true);
}

/* In the middle of a write, of a sync, or between them. */
static void half_commit(struct world *world)
{
    struct hk_fact fact = { .kind = HK_FACT_APPENDED };
    struct hk_fault fault = { 0 };
    if (world->lsn_appended <= world->checker.lsn_durable || hk_prng_chance(&world->prng, 300000))
        return;
    hk_disk_faulty_fail_at(world->disk, 1 + hk_prng_below(&world->prng, 4), true, EIO);
    if (hk_journal_commit(world->journal, &fact.appended, &fault) == 0)
        hk_fact_fini(&fact);
    hk_disk_faulty_fail_at(world->disk, 0, false, 0);
}

/* Scripts change also while hookd is down. */
static void reload_unseen(struct world *world)
{
    if (hk_prng_chance(&world->prng, 300000))
        sim_policies_reload(&world->policies);
    sim_policies_taken(&world->policies);
}

static void crash(struct world *world)
{
    half_commit(world);
    sim_network_cut(&world->network, taken_unheard, world);
    hk_disk_memory_crash(world->memory, &world->prng);
    close_all(world);
    world->report->crashes++;
    if (world->setup->is_loud)
        hk_log_info("crash", HK_FI("at_ms", world->report->virtual_ms));
    reload_unseen(world);
    open(world);
}

static void snapshot_take(struct world *world)
{
    struct hk_fact fact = { .kind = HK_FACT_SNAPSHOT };
    world->state_sum = 0;
    world->is_snapshot_done = false;
    tell(world, &fact);
    for (int turns = 0; turns < 1000 && !is_over(world) && !world->is_snapshot_done; turns++)
        (void)run_until(world, hk_mono_after_ms(world->now.mono, 1));
    if (!is_over(world) && !world->is_snapshot_done)
        give_up(world, "no snapshot comes", NULL);
}

/* The state after the start is the state before the stop. */
static void compare_states(struct world *world, uint64_t sum_before)
{
    world->is_comparing = true;
    snapshot_take(world);
    world->is_comparing = false;
    if (!is_over(world) && world->state_sum != sum_before)
        give_up(world, "another state after the start than before the stop", NULL);
}

static void stop_and_start(struct world *world)
{
    struct hk_fact drain = { .kind = HK_FACT_DRAIN };
    tell(world, &drain);
    (void)run_until(world, hk_mono_after_ms(world->now.mono, 60000));
    if (!is_over(world) && !world->is_drained)
        give_up(world, "it does not drain", NULL);
    if (is_over(world))
        return;
    snapshot_take(world);
    if (is_over(world))
        return;
    uint64_t state_sum = world->state_sum;
    close_all(world);
    world->report->stops++;
    if (world->setup->is_loud)
        hk_log_info("stop", HK_FI("at_ms", world->report->virtual_ms));
    reload_unseen(world);
    open(world);
    if (!is_over(world))
        compare_states(world, state_sum);
}

/* Promise 4 holds over it, whatever is out. */
static void reload(struct world *world)
{
    sim_policies_reload(&world->policies);
    policies_tell(world);
    world->report->reloads++;
    if (world->setup->is_loud)
        hk_log_info("reload", HK_FI("at_ms", world->report->virtual_ms));
}

/* ---- one run ---- */

static void work(struct world *world)
{
    while (!is_over(world) && !sim_workload_is_done(&world->workload)) {
        struct hk_fact fact;
        uint32_t pause_ms = 0;
        sim_workload_next(&world->workload, &world->checker, &fact, &pause_ms);
        tell(world, &fact);
        if (pause_ms || world->fact_count > FACTS_MAX / 4)
            (void)run_until(world, hk_mono_after_ms(world->now.mono, pause_ms));
        if (is_over(world))
            return;
        if (hk_prng_chance(&world->prng, 10000))
            crash(world);
        else if (hk_prng_chance(&world->prng, 3000))
            stop_and_start(world);
        else if (hk_prng_chance(&world->prng, 8000))
            reload(world);
    }
}

static void look_up(struct world *world, uint32_t number)
{
    struct hk_fact fact;
    world->answer = NULL;
    world->is_answered = false;
    sim_workload_look_up(&world->workload, number, SIM_TOKEN_FINAL, &fact);
    tell(world, &fact);
    while (!is_over(world) && !world->is_answered)
        if (!run_until(world, hk_mono_after_ms(world->now.mono, 10)) && !world->is_answered)
            give_up(world, "a look-up is not answered", NULL);
    sim_checker_final(&world->checker, number, world->answer);
    hk_event_free(world->answer);
}

static void enable_all(struct world *world)
{
    struct hk_fact fact;
    for (uint32_t i = 0; sim_workload_enable(&world->workload, i, &fact); i++) {
        tell(world, &fact);
        (void)run_until(world, world->now.mono);
    }
}

/* All policies answer again: whatever is held must find its end. */
static void final_count(struct world *world)
{
    sim_policies_mend(&world->policies);
    policies_tell(world);
    enable_all(world);
    while (run_until(world, hk_mono_after_ms(world->now.mono, 3600000)))
        continue;
    for (uint32_t i = 0; i < sim_workload_sent(&world->workload) && !is_over(world); i++)
        look_up(world, i);
}

static void report_fill(const struct world *world)
{
    struct sim_report *report = world->report;
    const struct sim_checker *checker = &world->checker;
    report->acked = checker->acked;
    report->attempts = checker->started;
    report->delivered = checker->delivered;
    report->dead = checker->dead;
    report->dropped = checker->dropped;
    report->duplicates = checker->duplicates;
    report->asked = checker->asked;
    report->held = checker->held;
    report->decided = checker->decided;
    memcpy(report->failure, checker->failure, sizeof(report->failure));
}

void sim_run(const struct sim_setup *setup, struct sim_report *report)
{
    struct world *world = hk_alloc_zero_or_die(1, sizeof(*world));
    *report = (struct sim_report){ 0 };
    world->setup = setup;
    world->report = report;
    world->now = (struct hk_now){ { 1000000000 }, { SIM_START_MS } };
    world->commit_due = HK_MONO_NEVER;
    hk_prng_init(&world->prng, setup->seed);
    world->memory = hk_disk_memory_new();
    world->disk = hk_disk_faulty_new(world->memory);
    sim_network_init(&world->network, &world->prng);
    sim_policies_init(&world->policies, &world->prng);
    sim_workload_init(&world->workload, &world->prng, setup->event_count);
    sim_checker_init(&world->checker, SIM_ATTEMPTS_MAX);
    open(world);
    work(world);
    final_count(world);
    report_fill(world);
    sim_network_cut(&world->network, taken_unheard, world);
    close_all(world);
    sim_network_fini(&world->network);
    sim_policies_fini(&world->policies);
    sim_workload_fini(&world->workload);
    sim_checker_fini(&world->checker);
    hk_disk_faulty_free(world->disk);
    hk_disk_memory_free(world->memory);
    hk_commands_fini(&world->commands);
    hk_free(world);
}
