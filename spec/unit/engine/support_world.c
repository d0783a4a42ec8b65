// SPDX-License-Identifier: Apache-2.0
#include "support_world.h"

#include "base/alloc.h"
#include "engine/policies.h"
#include "support_cmocka.h"

#include <stdio.h>

#define START_WALL_MS INT64_C(1767225600000)
#define START_MONO_NS INT64_C(1000000000000)
#define STEPS_MAX 2000000

struct hk_engine_options world_options(void)
{
    return (struct hk_engine_options){
        .attempts = 3,
        .schedule = HK_PRESET_POINTS,
        .timeout_ms = 10000,
        .concurrency = 256,
        .endpoint_concurrency = 16,
        .retry_after_max_ms = INT64_C(86400) * 1000,
        .pending_max = 10000000,
        .merchant_pending_max = 1000000,
        .merchant_endpoints_max = 50,
        .body_cache_bytes_max = UINT64_C(128) << 20,
    };
}

static void world_new(struct world *world, const struct hk_engine_options *options)
{
    *world = (struct world){
        .setup = {
            .options = options ? *options : world_options(),
            .hash_key = { { 1, 2 } },
            .seed = 7,
        },
        .now = { { START_MONO_NS }, { START_WALL_MS } },
    };
    world->watch.options = world->setup.options;
    world->policy_runs.cost = (struct hk_policy_cost){ 100, 20000 };
    world->engine = hk_engine_new(&world->setup);
}

static void facts_fini(struct world *world)
{
    for (uint32_t i = 0; i < world->fact_count; i++)
        hk_fact_fini(&world->facts[i]);
    hk_free(world->facts);
}

void world_fini(struct world *world)
{
    hk_engine_free(world->engine);
    facts_fini(world);
    hk_commands_fini(&world->commands);
    kept_log_fini(&world->log);
    kept_log_fini(&world->rows);
    for (uint32_t i = 0; i < world->run_count; i++) {
        hk_body_unref(world->runs[i].body);
        hk_body_unref(world->runs[i].own);
    }
    policy_runs_fini(&world->policy_runs);
    for (uint32_t i = 0; i < world->reply_count; i++)
        hk_reply_free(world->replies[i]);
    hk_free(world->runs);
    hk_free(world->loads);
    hk_free(world->accepts);
    hk_free(world->replies);
    hk_free(world->traces);
    watch_fini(&world->watch);
}

struct hk_fact *world_push(struct world *world, enum hk_fact_kind kind)
{
    if (world->fact_count == world->fact_capacity) {
        world->fact_capacity = world->fact_capacity ? world->fact_capacity * 2 : 64;
        world->facts = hk_realloc_or_die(world->facts, world->fact_capacity, sizeof(*world->facts));
    }
    struct hk_fact *fact = &world->facts[world->fact_count++];
    *fact = (struct hk_fact){ .kind = kind };
    return fact;
}

static const struct kept_record *log_find(const struct world *world, uint64_t lsn)
{
    for (uint32_t i = world->log.count; i > 0; i--)
        if (world->log.items[i - 1]->record.lsn == lsn)
            return world->log.items[i - 1];
    return NULL;
}

static bool is_located(const struct hk_record *record)
{
    return record->type == HK_RECORD_EVENT ||
           (record->type == HK_RECORD_PLAN && record->plan.policy.size > 0);
}

void world_disk(struct world *world, uint64_t lsn)
{
    struct hk_fact_appended appended = { .lsn = lsn };
    uint32_t first = world->log.count;
    while (first > 0 && world->log.items[first - 1]->record.lsn > world->lsn_durable)
        first--;
    appended.located =
        hk_alloc_zero_or_die(world->log.count - first + 1, sizeof(*appended.located));
    for (uint32_t i = first; i < world->log.count; i++) {
        const struct kept_record *kept = world->log.items[i];
        if (kept->record.lsn <= lsn && is_located(&kept->record))
            appended.located[appended.located_count++].location = kept->location;
    }
    world->lsn_durable = lsn;
    world->watch.lsn_durable = lsn;
    world_push(world, HK_FACT_APPENDED)->appended = appended;
}

void world_load(struct world *world, uint32_t place)
{
    assert_true(place < world->load_count);
    struct hk_command_load load = world->loads[place];
    world->loads[place] = world->loads[--world->load_count];
    struct hk_fact_loaded loaded = { .load = load.load, .code = HK_EIO };
    if (!world->is_loading_broken) {
        const struct kept_record *kept = log_find(world, load.location.lsn);
        assert_non_null(kept);
        assert_int_equal(kept->record.type, load.is_plan ? HK_RECORD_PLAN : HK_RECORD_EVENT);
        assert_int_equal(kept->location.offset, load.location.offset);
        assert_true(kept->record.lsn <= world->lsn_durable);
        loaded.body = load.is_plan ? NULL : hk_body_ref(kept->body);
        loaded.plan = load.is_plan ? hk_plan_clone(kept->plan) : NULL;
        loaded.code = 0;
    }
    world->loaded_count++;
    world_push(world, HK_FACT_LOADED)->loaded = loaded;
}

struct hk_outcome world_outcome(const struct world *world, uint16_t status)
{
    struct hk_outcome outcome = {
        .class = HK_OUTCOME_STATUS,
        .status = status,
        .retry_after_ms = HK_RETRY_AFTER_NONE,
        .started_at = { world->now.wall.ms - 1 },
        .timings = { .total_us = 1000 },
    };
    if (status >= 200 && status < 300)
        outcome.class = HK_OUTCOME_SUCCESS;
    if (status == 0)
        outcome.class = HK_OUTCOME_TIMEOUT;
    else
        outcome.detail = hk_body_new(HK_SLICE("said"), HK_SLICE("so"));
    return outcome;
}

void world_end(struct world *world, uint32_t place, struct hk_outcome outcome)
{
    assert_true(place < world->run_count);
    struct world_run run = world->runs[place];
    memmove(&world->runs[place], &world->runs[place + 1],
            (--world->run_count - place) * sizeof(run));
    hk_body_unref(run.body);
    hk_body_unref(run.own);
    watch_ended(&world->watch, &run.event, run.number);
    world_push(world, HK_FACT_ATTEMPT_ENDED)->attempt_ended =
        (struct hk_fact_attempt_ended){ run.delivery, outcome };
}

static void assert_equal_bodies(const struct hk_body *one, const struct hk_body *other)
{
    assert_int_equal(one == NULL, other == NULL);
    if (!one)
        return;
    assert_true(hk_slice_is_equal(hk_body_text(one), hk_body_text(other)));
    assert_true(hk_slice_is_equal(hk_body_head(one), hk_body_head(other)));
}

/* What goes out is what was accepted, and what the plan's record says of this delivery. */
static void assert_as_written(const struct world *world,
                              const struct hk_command_start_attempt *start, uint16_t number)
{
    const struct watch_event *event = watch_event_find(&world->watch, &start->event);
    const struct kept_record *accepted = log_find(world, event->lsn);
    const struct kept_record *planned = log_find(world, event->plan_lsn);
    assert_non_null(accepted);
    assert_non_null(planned);
    assert_equal_bodies(start->body, accepted->body);
    assert_equal_bodies(start->own, planned->record.plan.deliveries[number - 1].own);
}

static void take_start(struct world *world, const struct hk_command_start_attempt *start,
                       uint16_t number)
{
    watch_start(&world->watch, start);
    assert_as_written(world, start, number);
    struct world_run run = {
        .delivery = start->delivery,
        .event = start->event,
        .number = number,
        .attempt = start->attempt,
        .timeout_ms = start->timeout_ms,
        .body = hk_body_ref(start->body),
        .own = start->own ? hk_body_ref(start->own) : NULL,
    };
    for (uint32_t i = 0; i < world->watch.endpoint_count; i++)
        if (world->watch.endpoints[i].slot_id == start->endpoint)
            run.endpoint = world->watch.endpoints[i].uuid;
    world->runs = hk_realloc_or_die(world->runs, world->run_count + 1, sizeof(run));
    world->runs[world->run_count++] = run;
    world->started_count++;
}

static struct world_accept *accept_of(struct world *world, uint64_t token)
{
    for (uint32_t i = world->accept_count; i > 0; i--)
        if (world->accepts[i - 1].token == token)
            return &world->accepts[i - 1];
    fail_msg("an answer to nobody");
    return NULL;
}

static void take_ack(struct world *world, const struct hk_command_ack *ack)
{
    struct world_accept *accept = accept_of(world, ack->token);
    assert_false(accept->is_acked || accept->is_refused);
    watch_ack(&world->watch, ack);
    accept->is_acked = true;
    accept->is_replayed = ack->is_replayed;
    accept->acked = ack->id;
}

static void take_nack(struct world *world, const struct hk_command_nack *nack)
{
    struct world_accept *accept = accept_of(world, nack->token);
    assert_false(accept->is_acked || accept->is_refused);
    accept->is_refused = true;
    accept->refusal = nack->refusal;
}

static void take_reply(struct world *world, struct hk_reply *reply)
{
    world->replies =
        hk_realloc_or_die(world->replies, world->reply_count + 1, sizeof(struct hk_reply *));
    world->replies[world->reply_count++] = reply;
}

static void take_trace(struct world *world, const struct hk_trace *trace)
{
    world->traces = hk_realloc_or_die(world->traces, world->trace_count + 1, sizeof(*trace));
    world->traces[world->trace_count++] = *trace;
}

static void take_load(struct world *world, const struct hk_command_load *load)
{
    world->loads = hk_realloc_or_die(world->loads, world->load_count + 1, sizeof(*load));
    world->loads[world->load_count++] = *load;
}

static void take_record(struct world *world, const struct hk_record *record)
{
    assert_int_equal(record->at.ms, world->now.wall.ms);
    kept_log_add(&world->log, record);
    watch_record(&world->watch, record, true);
}

static void take_command(struct world *world, const struct hk_command *command, uint16_t *number)
{
    switch (command->kind) {
    case HK_COMMAND_APPEND:
        take_record(world, &command->append);
        if (command->append.type == HK_RECORD_START)
            *number = command->append.start.delivery;
        break;
    case HK_COMMAND_SYNC:
        world->sync_count++;
        break;
    case HK_COMMAND_ACK:
        take_ack(world, &command->ack);
        break;
    case HK_COMMAND_NACK:
        take_nack(world, &command->nack);
        break;
    case HK_COMMAND_REPLY:
        take_reply(world, command->reply);
        break;
    case HK_COMMAND_LOAD:
        take_load(world, &command->load);
        break;
    case HK_COMMAND_RUN_POLICY:
        watch_run(&world->watch, &command->run_policy);
        policy_runs_take(&world->policy_runs, &command->run_policy);
        break;
    case HK_COMMAND_START_ATTEMPT:
        take_start(world, &command->start_attempt, *number);
        break;
    case HK_COMMAND_ENDPOINT_SET:
        watch_endpoint_set(&world->watch, &command->endpoint_set);
        break;
    case HK_COMMAND_ENDPOINT_DROP:
        watch_endpoint_drop(&world->watch, command->endpoint_drop);
        break;
    case HK_COMMAND_TRACE:
        take_trace(world, &command->trace);
        break;
    case HK_COMMAND_SNAPSHOT_ROW:
        kept_log_add(&world->rows, &command->snapshot_row);
        break;
    case HK_COMMAND_SNAPSHOT_END:
        world->snapshot_end = command->snapshot_end;
        world->snapshot_count++;
        break;
    case HK_COMMAND_DRAINED:
        world->drained_count++;
        break;
    }
}

static void carry_out(struct world *world)
{
    uint16_t number = 0;
    for (uint32_t i = 0; i < world->commands.count; i++)
        take_command(world, &world->commands.items[i], &number);
    if (!world->is_disk_slow && world->watch.lsn_last > world->lsn_durable)
        world_disk(world, world->watch.lsn_last);
    while (!world->is_loading_slow && world->load_count > 0)
        world_load(world, 0);
    while (world->network && world->run_count > 0)
        world_end(world, 0, world->network(world, &world->runs[0]));
    while (world->policy_runs.hand && world->policy_runs.count > 0)
        world->policy_runs.hand(world, 0);
}

void world_step(struct world *world)
{
    world->commands.count = 0;
    world->taken = hk_engine_step(world->engine, world->facts, world->fact_count, world->now,
                                  &world->commands);
    assert_true(world->taken <= world->fact_count);
    world->fact_count -= world->taken;
    if (world->fact_count > 0)
        memmove(world->facts, world->facts + world->taken,
                world->fact_count * sizeof(*world->facts));
    world->step_count++;
    carry_out(world);
}

static bool is_due(const struct world *world)
{
    return hk_mono_is_reached(hk_engine_due(world->engine), world->now.mono);
}

void world_settle(struct world *world)
{
    uint32_t steps = 0;
    while (world->fact_count > 0 || is_due(world)) {
        world_step(world);
        if (++steps > STEPS_MAX)
            fail_msg("the engine never comes to rest");
    }
}

void world_advance(struct world *world, int64_t ms)
{
    world->now.mono = hk_mono_after_ms(world->now.mono, ms);
    world->now.wall.ms += ms;
}

bool world_leap(struct world *world)
{
    struct hk_mono due = hk_engine_due(world->engine);
    if (due.ns == HK_MONO_NEVER.ns)
        return false;
    int64_t left_ns = due.ns - world->now.mono.ns;
    if (left_ns > 0)
        world_advance(world, (left_ns + HK_NS_PER_MS - 1) / HK_NS_PER_MS);
    world_settle(world);
    return true;
}

void world_end_all(struct world *world, uint16_t status)
{
    world_settle(world);
    while (world->run_count > 0) {
        while (world->run_count > 0)
            world_end(world, 0, world_outcome(world, status));
        world_settle(world);
    }
}

int world_replay(struct world *world, const struct kept_log *rows, const struct kept_log *log,
                 uint64_t after_lsn, uint64_t until_lsn)
{
    struct hk_fault fault = { 0 };
    for (uint32_t i = 0; rows && i < rows->count; i++) {
        const struct kept_record *row = rows->items[i];
        /* A row stands in no log: only what it says of a place counts. */
        int code =
            hk_engine_replay(world->engine, &row->record, (struct hk_location){ 0 }, true, &fault);
        if (code)
            return code;
    }
    for (uint32_t i = 0; i < log->count; i++) {
        const struct kept_record *kept = log->items[i];
        if (kept->record.lsn <= after_lsn || kept->record.lsn > until_lsn)
            continue;
        int code = hk_engine_replay(world->engine, &kept->record, kept->location, false, &fault);
        if (code)
            return code;
    }
    return 0;
}

/* What ran when the engine before died is not known to run any more. */
static void watch_restart(struct world *world)
{
    for (uint32_t i = 0; i < world->watch.event_count; i++) {
        struct watch_event *event = &world->watch.events[i];
        for (uint32_t k = 0; k < event->delivery_count; k++)
            event->deliveries[k].is_running =
                event->deliveries[k].attempts > event->deliveries[k].results;
    }
}

void world_start(struct world *world)
{
    world->commands.count = 0;
    world->lsn_durable = world->watch.lsn_durable = world->watch.lsn_last;
    watch_restart(world);
    hk_engine_start(world->engine, world->watch.lsn_last, world->now, &world->commands);
    carry_out(world);
}

void world_init(struct world *world, const struct hk_engine_options *options)
{
    world_new(world, options);
    world_start(world);
}

void world_init_from(struct world *world, const struct world *before, const struct kept_log *rows,
                     uint64_t after_lsn, uint64_t until_lsn)
{
    world_new(world, &before->setup.options);
    world->now = before->now;
    world->token = before->token;
    world->event_number = before->event_number;
    world->endpoint_number = before->endpoint_number;
    for (uint32_t i = 0; i < before->log.count; i++) {
        const struct hk_record *record = &before->log.items[i]->record;
        if (record->lsn > until_lsn)
            continue;
        kept_log_add(&world->log, record);
        watch_record(&world->watch, record, false);
    }
    assert_int_equal(world_replay(world, rows, &before->log, after_lsn, until_lsn), 0);
    world_start(world);
}

struct hk_request *world_request(struct world *world, enum hk_request_kind kind)
{
    struct hk_request *request = hk_request_new(kind, ++world->token);
    request->merchant_id = HK_ANY_MERCHANT;
    request->is_platform = true;
    request->page = (struct hk_page){ 1, 100 };
    return request;
}

uint64_t world_ask(struct world *world, struct hk_request *request)
{
    uint64_t token = request->token;
    world_push(world, HK_FACT_REQUEST)->request = request;
    return token;
}

struct hk_reply *world_reply(const struct world *world, uint64_t token)
{
    for (uint32_t i = world->reply_count; i > 0; i--)
        if (world->replies[i - 1]->token == token)
            return world->replies[i - 1];
    return NULL;
}

struct hk_reply *world_answer(struct world *world, struct hk_request *request)
{
    uint64_t token = world_ask(world, request);
    world_settle(world);
    struct hk_reply *reply = world_reply(world, token);
    assert_non_null(reply);
    return reply;
}

void world_merchant(struct world *world, uint64_t id)
{
    struct hk_request *request = world_request(world, HK_REQUEST_MERCHANT_CREATE);
    request->merchant_id = id;
    request->merchant.fields = HK_MERCHANT_NAME;
    request->merchant.value.name = hk_strdup_or_die("Shop");
    assert_int_equal(world_answer(world, request)->code, 0);
}

void world_merchant_delete(struct world *world, uint64_t id)
{
    struct hk_request *request = world_request(world, HK_REQUEST_MERCHANT_DELETE);
    request->merchant_id = id;
    assert_int_equal(world_answer(world, request)->code, 0);
}

static void url_set(struct hk_endpoint_patch *patch, uint32_t number)
{
    char url[64];
    (void)snprintf(url, sizeof(url), "https://shop.example/%u", number);
    patch->fields |= HK_ENDPOINT_URL;
    patch->value.url = hk_strdup_or_die(url);
    patch->value.url_normal = hk_strdup_or_die(url);
}

struct hk_uuid world_endpoint_ask(struct world *world, uint64_t merchant_id,
                                  const struct hk_endpoint_patch *change)
{
    uint32_t number = ++world->endpoint_number;
    struct hk_request *request = world_request(world, HK_REQUEST_ENDPOINT_CREATE);
    request->merchant_id = merchant_id;
    request->uuid.bytes[0] = 0xee;
    memcpy(&request->uuid.bytes[12], &number, sizeof(number));
    if (change) {
        request->endpoint.fields = change->fields;
        hk_endpoint_clone(&request->endpoint.value, &change->value);
    }
    url_set(&request->endpoint, number);
    struct hk_uuid uuid = request->uuid;
    (void)world_ask(world, request);
    return uuid;
}

struct hk_uuid world_endpoint(struct world *world, uint64_t merchant_id,
                              const struct hk_endpoint_patch *change)
{
    struct hk_uuid uuid = world_endpoint_ask(world, merchant_id, change);
    world_settle(world);
    assert_int_equal(world_reply(world, world->token)->code, 0);
    return uuid;
}

void world_endpoint_delete(struct world *world, uint64_t merchant_id, struct hk_uuid uuid)
{
    struct hk_request *request = world_request(world, HK_REQUEST_ENDPOINT_DELETE);
    request->merchant_id = merchant_id;
    request->uuid = uuid;
    assert_int_equal(world_answer(world, request)->code, 0);
}

void world_endpoint_enable(struct world *world, uint64_t merchant_id, struct hk_uuid uuid,
                           bool is_enabled)
{
    struct hk_request *request = world_request(world, HK_REQUEST_ENDPOINT_UPDATE);
    request->merchant_id = merchant_id;
    request->uuid = uuid;
    request->endpoint.fields = HK_ENDPOINT_ENABLED;
    request->endpoint.value.enabled = is_enabled;
    assert_int_equal(world_answer(world, request)->code, 0);
}

static struct hk_uuid event_id(struct world *world)
{
    struct hk_uuid id = { { 0 } };
    uint32_t number = ++world->event_number;
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)((uint64_t)world->now.wall.ms >> (40 - 8 * i));
    id.bytes[6] = 0x70;
    id.bytes[8] = 0x80;
    memcpy(&id.bytes[12], &number, sizeof(number));
    return id;
}

uint32_t world_accept(struct world *world, uint64_t merchant_id)
{
    char text[32];
    struct hk_uuid id = event_id(world);
    (void)snprintf(text, sizeof(text), "{\"n\":%u}", world->event_number);
    struct hk_fact_accept *accept = &world_push(world, HK_FACT_ACCEPT)->accept;
    accept->token = ++world->token;
    accept->id = id;
    accept->merchant_id = merchant_id;
    accept->body = hk_event_body_new(HK_SLICE("order.paid"), HK_SLICE_EMPTY, hk_slice_of(text));
    world->accepts =
        hk_realloc_or_die(world->accepts, world->accept_count + 1, sizeof(*world->accepts));
    world->accepts[world->accept_count] = (struct world_accept){ .token = accept->token, .id = id };
    return world->accept_count++;
}

struct hk_fact_accept *world_accept_fact(struct world *world)
{
    struct hk_fact *fact = &world->facts[world->fact_count - 1];
    assert_int_equal(fact->kind, HK_FACT_ACCEPT);
    return &fact->accept;
}

struct watch_event *world_event(struct world *world, uint64_t merchant_id)
{
    uint32_t place = world_accept(world, merchant_id);
    world_settle(world);
    assert_true(world->accepts[place].is_acked);
    return watch_event_find(&world->watch, &world->accepts[place].id);
}

static struct hk_reply *look(struct world *world, const struct hk_uuid *id)
{
    struct hk_request *request = world_request(world, HK_REQUEST_EVENT_GET);
    request->uuid = *id;
    return world_answer(world, request);
}

const struct hk_event *world_look(struct world *world, const struct hk_uuid *id)
{
    const struct hk_reply *reply = look(world, id);
    assert_int_equal(reply->code, 0);
    assert_non_null(reply->event);
    return reply->event;
}

int world_look_code(struct world *world, const struct hk_uuid *id)
{
    return look(world, id)->code;
}

void world_snapshot_begin(struct world *world)
{
    kept_log_fini(&world->rows);
    world_push(world, HK_FACT_SNAPSHOT);
}

void world_snapshot(struct world *world)
{
    uint32_t before = world->snapshot_count;
    world_snapshot_begin(world);
    world_settle(world);
    assert_int_equal(world->snapshot_count, before + 1);
    assert_int_equal(world->snapshot_end.row_count, world->rows.count);
}

struct hk_stats world_stats(const struct world *world)
{
    struct hk_stats stats;
    hk_engine_stats(world->engine, &stats);
    return stats;
}

/* No row is left behind; from outside that would only show as memory that never comes back. */
static void assert_no_rows(const struct hk_engine *engine)
{
    assert_int_equal(engine->merchants.count, engine->stats.merchants);
    assert_int_equal(engine->endpoints.count, engine->stats.endpoints);
    assert_int_equal(engine->events.count, 0);
    assert_int_equal(engine->deliveries.count, 0);
    assert_int_equal(engine->attempts.count, 0);
    assert_int_equal(engine->rares.count, 0);
    assert_int_equal(engine->flights.count, 0);
    assert_int_equal(engine->loads.count, 0);
    assert_int_equal(engine->bodies.slots.count, 0);
    assert_int_equal(engine->waits.count, 0);
    assert_int_equal(engine->answers.count + engine->planned.count + engine->unlocated.count, 0);
    assert_int_equal(engine->unplanned.count + engine->holds.count + engine->advices.count, 0);
    assert_int_equal(engine->planning_turns.count, 0);
    assert_int_equal(hk_index_count(&engine->event_index), 0);
    assert_true(hk_index_count(&engine->finished.index) <= HK_FINISHED_MAX);
}

/* Of editions there are those of the set, and those that merchants used last. */
static void assert_no_editions(const struct hk_engine *engine)
{
    const struct hk_policies *policies = &engine->policies;
    uint32_t user_count = 0;
    uint32_t wanted = policies->set ? policies->set->count : 0;
    for (uint32_t slot = 0; slot < policies->edition_rows.fresh; slot++)
        if (hk_slots_is_taken(&policies->edition_rows, slot))
            user_count += hk__edition(engine, slot)->user_count;
    for (uint32_t slot = 0; slot < policies->uses.fresh; slot++)
        if (hk_slots_is_taken(&policies->uses, slot))
            wanted +=
                ((struct hk_use_row *)hk_slots_row(&policies->uses, slot))->edition != HK_SLOT_NONE;
    assert_int_equal(user_count, wanted);
    assert_int_equal(policies->edition_rows.count, hk_index_count(&policies->edition_index));
    assert_true(policies->uses.count <= engine->merchants.count);
}

void assert_world_idle(const struct world *world)
{
    struct hk_stats stats = world_stats(world);
    assert_int_equal(stats.events_live, 0);
    assert_int_equal(stats.deliveries_pending, 0);
    assert_int_equal(stats.deliveries_ready, 0);
    assert_int_equal(stats.deliveries_waiting, 0);
    assert_int_equal(stats.deliveries_in_flight, 0);
    assert_int_equal(stats.body_cache_bytes, 0);
    assert_int_equal(stats.events_planning + stats.events_held + stats.policy_runs, 0);
    assert_true(hk_engine_due(world->engine).ns == HK_MONO_NEVER.ns);
    assert_no_rows(world->engine);
    assert_no_editions(world->engine);
}

void assert_same_worlds(struct world *one, struct world *other)
{
    world_settle(one);
    world_settle(other);
    world_snapshot(one);
    world_snapshot(other);
    assert_same_rows(&one->rows, &other->rows);
}
