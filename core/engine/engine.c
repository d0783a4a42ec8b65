// SPDX-License-Identifier: Apache-2.0
#include "engine/engine.h"

#include "base/alloc.h"
#include "engine/accept.h"
#include "engine/advice.h"
#include "engine/answers.h"
#include "engine/attempt.h"
#include "engine/bodies.h"
#include "engine/directory.h"
#include "engine/finish.h"
#include "engine/listing.h"
#include "engine/lookup.h"
#include "engine/planning.h"
#include "engine/policies.h"
#include "engine/requests.h"
#include "engine/snapshot.h"
#include "engine/start.h"
#include "engine/sweep.h"

#include <stddef.h>

/* How a step's work is shared out, so that none of its parts can starve another. */
enum share {
    SHARE_FACTS = 256,
    SHARE_RELEASE = 96,
    SHARE_SLOW = 64,
};
static_assert(SHARE_FACTS + 6 * SHARE_RELEASE + 3 * SHARE_SLOW <= HK_STEP_WORK_MAX, "a step");

static void delivery_moved(void *owner, uint32_t delivery, uint32_t position)
{
    hk__delivery(owner, delivery)->link = position;
}

static bool event_matches(const void *owner, uint32_t slot, const void *key)
{
    return hk_uuid_is_equal(&hk__event(owner, slot)->id, key);
}

static bool finished_matches(const void *owner, uint32_t place, const void *key)
{
    const struct hk_engine *engine = owner;
    return hk_uuid_is_equal(&engine->finished.events[place]->id, key);
}

static bool idempotency_matches(const void *owner, uint32_t slot, const void *key)
{
    const struct hk_engine *engine = owner;
    const struct hk_idempotency *kept = hk_slots_row(&engine->idempotency.slots, slot);
    const struct hk_idempotency *wanted = key;
    return kept->merchant_id == wanted->merchant_id && kept->key[0] == wanted->key[0] &&
           kept->key[1] == wanted->key[1];
}

static void tables_init(struct hk_engine *engine)
{
    hk__directory_init(engine);
    hk__policies_init(engine);
    hk__planning_init(engine);
    hk__advice_init(engine);
    hk_slots_init(&engine->events, sizeof(struct hk_event_row));
    hk_slots_init(&engine->deliveries, sizeof(struct hk_delivery_row));
    hk_slots_init(&engine->attempts, sizeof(struct hk_attempt_row));
    hk_slots_init(&engine->rares, sizeof(struct hk_event_rare));
    hk_slots_init(&engine->flights, sizeof(struct hk_flight));
    hk_slots_init(&engine->loads, sizeof(struct hk_load));
    hk_slots_init(&engine->bodies.slots, sizeof(struct hk_cached_body));
    hk_slots_init(&engine->idempotency.slots, sizeof(struct hk_idempotency));
    hk_index_init(&engine->event_index, event_matches, engine);
    hk_index_init(&engine->finished.index, finished_matches, engine);
    hk_index_init(&engine->idempotency.index, idempotency_matches, engine);
    hk_heap_init(&engine->waits, delivery_moved, engine);
    hk__list_init(&engine->bodies.uses, &engine->bodies.slots,
                  offsetof(struct hk_cached_body, use));
    hk__list_init(&engine->sweep.gone, &engine->endpoints, offsetof(struct hk_endpoint_row, gone));
}

static void fifos_init(struct hk_engine *engine)
{
    hk__fifo_init(&engine->answers, sizeof(struct hk_answer));
    hk__fifo_init(&engine->planned, sizeof(struct hk_planned));
    hk__fifo_init(&engine->unlocated, sizeof(struct hk_unlocated));
    hk__fifo_init(&engine->idempotency.order, sizeof(uint64_t));
    hk__fifo_init(&engine->borrowed_events, sizeof(struct hk_event *));
    hk__fifo_init(&engine->lent_details, sizeof(struct hk_body *));
    hk__fifo_init(&engine->lent_plans, sizeof(struct hk_plan *));
    hk__fifo_init(&engine->lent_sets, sizeof(struct hk_policy_set *));
    hk__fifo_init(&engine->lent_merchants, sizeof(struct hk_merchant));
    hk__fifo_init(&engine->lent_endpoints, sizeof(struct hk_endpoint));
    hk__fifo_init(&engine->leaving, sizeof(struct hk_leaving));
}

struct hk_engine *hk_engine_new(const struct hk_engine_setup *setup)
{
    struct hk_engine *engine = hk_alloc_zero_or_die(1, sizeof(*engine));
    engine->magic = HK_ENGINE_MAGIC;
    engine->options = setup->options;
    engine->hash_key = setup->hash_key;
    hk_prng_init(&engine->prng, setup->seed);
    tables_init(engine);
    fifos_init(engine);
    engine->finished.events =
        hk_alloc_zero_or_die(HK_FINISHED_MAX, sizeof(*engine->finished.events));
    return engine;
}

/* What policies and their runs were made of. */
static void lent_free(struct hk_engine *engine)
{
    struct hk_plan **plan;
    while ((plan = hk__fifo_first(&engine->lent_plans))) {
        hk_plan_free(*plan);
        hk__fifo_pop(&engine->lent_plans);
    }
    struct hk_policy_set **set;
    while ((set = hk__fifo_first(&engine->lent_sets))) {
        hk_policy_set_free(*set);
        hk__fifo_pop(&engine->lent_sets);
    }
    struct hk_merchant *merchant;
    while ((merchant = hk__fifo_first(&engine->lent_merchants))) {
        hk_merchant_fini(merchant);
        hk__fifo_pop(&engine->lent_merchants);
    }
    struct hk_endpoint *endpoint;
    while ((endpoint = hk__fifo_first(&engine->lent_endpoints))) {
        hk_endpoint_fini(endpoint);
        hk__fifo_pop(&engine->lent_endpoints);
    }
}

static void borrowed_free(struct hk_engine *engine)
{
    struct hk_event **event;
    while ((event = hk__fifo_first(&engine->borrowed_events))) {
        hk_event_free(*event);
        hk__fifo_pop(&engine->borrowed_events);
    }
    struct hk_body **detail;
    while ((detail = hk__fifo_first(&engine->lent_details))) {
        hk_body_unref(*detail);
        hk__fifo_pop(&engine->lent_details);
    }
    lent_free(engine);
    hk__scratch_clear(&engine->scratch);
}

static void bodies_free(struct hk_engine *engine)
{
    while (engine->bodies.uses.first != HK_NONE) {
        const struct hk_cached_body *cached =
            hk_slots_row(&engine->bodies.slots, engine->bodies.uses.first);
        hk__bodies_forget(engine, cached->event);
    }
    for (uint32_t slot = 0; slot < engine->attempts.fresh; slot++) {
        if (!hk_slots_is_taken(&engine->attempts, slot))
            continue;
        const struct hk_attempt_row *row = hk_slots_row(&engine->attempts, slot);
        hk_body_unref(row->value.detail);
    }
    for (uint32_t slot = 0; slot < engine->flights.fresh; slot++) {
        if (!hk_slots_is_taken(&engine->flights, slot))
            continue;
        const struct hk_flight *flight = hk_slots_row(&engine->flights, slot);
        hk_body_unref(flight->body);
        hk_body_unref(flight->own);
    }
    for (uint32_t slot = 0; slot < engine->loads.fresh; slot++) {
        if (!hk_slots_is_taken(&engine->loads, slot))
            continue;
        const struct hk_load *load = hk_slots_row(&engine->loads, slot);
        hk_reply_free(load->reply);
    }
}

static void answers_free(struct hk_engine *engine)
{
    struct hk_answer *answer;
    while ((answer = hk__fifo_first(&engine->answers))) {
        hk_reply_free(answer->reply);
        hk__fifo_pop(&engine->answers);
    }
}

static void tables_fini(struct hk_engine *engine)
{
    hk_slots_fini(&engine->events);
    hk_slots_fini(&engine->deliveries);
    hk_slots_fini(&engine->attempts);
    hk_slots_fini(&engine->rares);
    hk_slots_fini(&engine->flights);
    hk_slots_fini(&engine->loads);
    hk_slots_fini(&engine->bodies.slots);
    hk_slots_fini(&engine->idempotency.slots);
    hk_index_fini(&engine->event_index);
    hk_index_fini(&engine->finished.index);
    hk_index_fini(&engine->idempotency.index);
    hk_heap_fini(&engine->waits);
    hk__fifo_fini(&engine->answers);
    hk__fifo_fini(&engine->planned);
    hk__fifo_fini(&engine->unlocated);
    hk__fifo_fini(&engine->idempotency.order);
    hk__fifo_fini(&engine->borrowed_events);
    hk__fifo_fini(&engine->lent_details);
    hk__fifo_fini(&engine->lent_plans);
    hk__fifo_fini(&engine->lent_sets);
    hk__fifo_fini(&engine->lent_merchants);
    hk__fifo_fini(&engine->lent_endpoints);
    hk__fifo_fini(&engine->leaving);
}

void hk_engine_free(struct hk_engine *engine)
{
    if (!engine)
        return;
    HK_CHECK(engine, HK_ENGINE_MAGIC);
    borrowed_free(engine);
    bodies_free(engine);
    answers_free(engine);
    for (uint32_t i = 0; i < HK_FINISHED_MAX; i++)
        hk_event_free(engine->finished.events[i]);
    hk_free(engine->finished.events);
    hk__listing_fini(engine);
    hk__planning_fini(engine);
    hk__advice_fini(engine);
    hk__policies_fini(engine);
    tables_fini(engine);
    hk__directory_fini(engine);
    hk__scratch_fini(&engine->scratch);
    engine->magic = 0;
    hk_free(engine);
}

void hk_fact_fini(const struct hk_fact *fact)
{
    switch (fact->kind) {
    case HK_FACT_ACCEPT:
        hk_body_unref(fact->accept.body);
        break;
    case HK_FACT_REQUEST:
        hk_request_free(fact->request);
        break;
    case HK_FACT_APPENDED:
        hk_free(fact->appended.located);
        break;
    case HK_FACT_LOADED:
        hk_body_unref(fact->loaded.body);
        hk_plan_free(fact->loaded.plan);
        break;
    case HK_FACT_PLANNED:
        hk_plan_free(fact->planned.plan);
        break;
    case HK_FACT_POLICY_FAILED:
        hk_body_unref(fact->policy_failed.error);
        break;
    case HK_FACT_POLICIES:
        hk_policy_set_free(fact->policies);
        break;
    case HK_FACT_ATTEMPT_ENDED:
        hk_body_unref(fact->attempt_ended.outcome.detail);
        hk_body_unref(fact->attempt_ended.outcome.headers);
        break;
    case HK_FACT_RETRY_DECIDED:
    case HK_FACT_CONFIG:
    case HK_FACT_DISK:
    case HK_FACT_DRAIN:
    case HK_FACT_SNAPSHOT:
        break;
    }
}

static void appended(struct hk_engine *engine, const struct hk_fact_appended *fact)
{
    hk_assert(fact->lsn <= engine->lsn_last && fact->lsn >= engine->lsn_durable);
    engine->lsn_durable = fact->lsn;
    engine->stats.journal_syncs++;
    hk__accept_located(engine, fact);
    hk_free(fact->located);
}

static void loaded_for(struct hk_engine *engine, const struct hk_load *load,
                       const struct hk_fact_loaded *fact)
{
    switch (load->purpose) {
    case HK_LOAD_FOR_START:
        hk__attempt_loaded(engine, load->target, fact->body);
        break;
    case HK_LOAD_PLAN_FOR_START:
        hk__attempt_plan_loaded(engine, load->target, fact->plan);
        break;
    case HK_LOAD_FOR_PLAN:
        hk__planning_loaded(engine, load->target, fact->body);
        break;
    case HK_LOAD_FOR_REPLY:
        hk__lookup_loaded(engine, load->reply, fact->body);
        break;
    case HK_LOAD_PLAN_FOR_REPLY:
        hk__lookup_plan_loaded(engine, load->reply, fact->plan);
        break;
    }
}

/* A body or a plan was read back, or could not be: for whom? */
static void loaded(struct hk_engine *engine, const struct hk_fact_loaded *fact)
{
    struct hk_load load = { 0 };
    bool is_known = hk__bodies_take_load(engine, fact->load, &load);
    if (is_known)
        loaded_for(engine, &load, fact);
    hk_body_unref(fact->body);
    hk_plan_free(fact->plan);
}

static void policy_failed(struct hk_engine *engine, const struct hk_fact_policy_failed *fact)
{
    if (fact->phase == HK_PHASE_PLAN)
        hk__planning_failed(engine, fact);
    else
        hk__advice_failed(engine, fact);
    hk_body_unref(fact->error);
}

static void take_fact(struct hk_engine *engine, const struct hk_fact *fact)
{
    switch (fact->kind) {
    case HK_FACT_ACCEPT:
        hk__accept(engine, &fact->accept);
        break;
    case HK_FACT_REQUEST:
        hk__request_answer(engine, fact->request);
        break;
    case HK_FACT_APPENDED:
        appended(engine, &fact->appended);
        break;
    case HK_FACT_LOADED:
        loaded(engine, &fact->loaded);
        break;
    case HK_FACT_ATTEMPT_ENDED:
        hk__attempt_ended(engine, &fact->attempt_ended);
        break;
    case HK_FACT_PLANNED:
        hk__planning_planned(engine, &fact->planned);
        break;
    case HK_FACT_RETRY_DECIDED:
        hk__advice_decided(engine, &fact->retry_decided);
        break;
    case HK_FACT_POLICY_FAILED:
        policy_failed(engine, &fact->policy_failed);
        break;
    case HK_FACT_POLICIES:
        hk__policies_set(engine, fact->policies);
        break;
    case HK_FACT_CONFIG:
        engine->options = fact->options;
        break;
    case HK_FACT_DISK:
        engine->is_disk_full = fact->is_disk_full;
        break;
    case HK_FACT_DRAIN:
        engine->is_draining = true;
        break;
    case HK_FACT_SNAPSHOT:
        hk__snapshot_begin(engine);
        break;
    }
}

static void step_begin(struct hk_engine *engine, struct hk_now now, struct hk_commands *commands)
{
    HK_CHECK(engine, HK_ENGINE_MAGIC);
    borrowed_free(engine);
    engine->now = now;
    engine->commands = commands;
    engine->command_first = commands->count;
    engine->is_awaited = false;
    engine->work = SHARE_SLOW;
    hk__finish_reap(engine);
}

static bool is_idle(const struct hk_engine *engine)
{
    return engine->stats.deliveries_in_flight == 0 && engine->answers.count == 0 &&
           engine->loads.count == 0;
}

static void step_end(struct hk_engine *engine)
{
    bool is_drained = engine->is_draining && is_idle(engine);
    if (is_drained && !engine->is_drained)
        hk_commands_add(engine->commands, HK_COMMAND_DRAINED);
    engine->is_drained = is_drained;
    if (engine->is_awaited && engine->lsn_last > engine->lsn_durable)
        hk_commands_add(engine->commands, HK_COMMAND_SYNC);
    engine->commands = NULL;
}

/* What time and durability set free. */
static void move_on(struct hk_engine *engine)
{
    engine->work = SHARE_RELEASE;
    hk__answers_release(engine);
    engine->work = SHARE_RELEASE;
    hk__accept_release(engine);
    engine->work = SHARE_RELEASE;
    hk__attempt_wake(engine);
    engine->work = SHARE_RELEASE;
    hk__planning_wake(engine);
    engine->work = SHARE_RELEASE;
    hk__planning_run(engine);
    engine->work = SHARE_RELEASE;
    hk__attempt_start_all(engine);
    engine->work = SHARE_SLOW;
    hk__sweep_run(engine);
    hk__snapshot_run(engine);
    engine->work = SHARE_SLOW;
    hk__policies_tell(engine);
    hk__listing_run(engine);
}

uint32_t hk_engine_step(struct hk_engine *engine, const struct hk_fact *facts, uint32_t count,
                        struct hk_now now, struct hk_commands *commands)
{
    uint32_t taken = 0;
    step_begin(engine, now, commands);
    engine->work = SHARE_FACTS;
    while (taken < count && hk__work_take(engine))
        take_fact(engine, &facts[taken++]);
    move_on(engine);
    step_end(engine);
    return taken;
}

void hk_engine_start(struct hk_engine *engine, uint64_t lsn_last, struct hk_now now,
                     struct hk_commands *commands)
{
    hk_assert(lsn_last >= engine->lsn_last);
    engine->lsn_last = engine->lsn_durable = lsn_last;
    step_begin(engine, now, commands);
    hk__start(engine);
    step_end(engine);
}

struct hk_mono hk_engine_due(const struct hk_engine *engine)
{
    HK_CHECK(engine, HK_ENGINE_MAGIC);
    if (hk__answers_are_due(engine) || hk__accept_is_due(engine) || hk__attempt_is_due(engine) ||
        hk__sweep_is_due(engine) || hk__snapshot_is_due(engine) || engine->leaving.count > 0 ||
        hk__planning_is_due(engine) || hk__policies_are_telling(engine) ||
        hk__listing_is_due(engine))
        return engine->now.mono;
    const struct hk_heap_entry *wait = hk_heap_peek(&engine->waits);
    const struct hk_heap_entry *hold = hk_heap_peek(&engine->holds);
    struct hk_mono due = wait ? (struct hk_mono){ wait->key } : HK_MONO_NEVER;
    return hold && hold->key < due.ns ? (struct hk_mono){ hold->key } : due;
}

void hk_engine_stats(const struct hk_engine *engine, struct hk_stats *stats)
{
    HK_CHECK(engine, HK_ENGINE_MAGIC);
    *stats = engine->stats;
    stats->lsn = engine->lsn_last;
    stats->lsn_durable = engine->lsn_durable;
    stats->idempotency_keys = engine->idempotency.slots.count;
    stats->body_cache_bytes = engine->bodies.bytes;
}
