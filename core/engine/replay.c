// SPDX-License-Identifier: Apache-2.0
/* Replay: the engine as a fold over the log. Nothing is decided here; what a record says is done,
 * and a record that contradicts what came before it is damage.
 *
 * Records up to the lsn of the last row are covered by the snapshot: a row may know of them already
 * (engine/snapshot.h). What they say of the directory is known; of an event it is done unless the
 * event's row is ahead of them, which attempt numbers and states tell. */
#include "engine/accept.h"
#include "engine/attempt.h"
#include "engine/directory.h"
#include "engine/finish.h"
#include "engine/idempotency.h"
#include "engine/lookup.h"
#include "engine/policies.h"

/** What one record's replay needs. */
struct replay {
    struct hk_engine *engine;
    const struct hk_record *record;
    struct hk_location location;
    struct hk_fault *fault;
    bool is_row;     /**< Comes with the snapshot. */
    bool is_covered; /**< Comes with the log, but a row may know of it. */
};

/** What it says is known or concerns nobody any more. */
#define NOTHING_TO_DO 1

static int damaged(const struct replay *replay, const char *what)
{
    return hk_fault_set(replay->fault, HK_EDAMAGED, "record %llu: %s",
                        (unsigned long long)replay->record->lsn, what);
}

static int out_of_memory(const struct replay *replay)
{
    return hk_fault_set(replay->fault, HK_ENOMEM, "out of memory at record %llu",
                        (unsigned long long)replay->record->lsn);
}

/* What only a snapshot that was taken while things moved may say. */
static int out_of_step(const struct replay *replay, const char *what)
{
    return replay->is_row || replay->is_covered ? NOTHING_TO_DO : damaged(replay, what);
}

static uint32_t event_find(const struct hk_engine *engine, const struct hk_uuid *id)
{
    return hk_index_find(&engine->event_index, hk_hash64(&engine->hash_key, id, sizeof(*id)), id);
}

/* Takes a delivery out of its wait, so that it can be given another state. */
static void unwait(struct hk_engine *engine, uint32_t delivery)
{
    struct hk_delivery_row *row = hk__delivery(engine, delivery);
    if (row->state != HK_DELIVERY_WAITING)
        return;
    hk_heap_remove(&engine->waits, row->link);
    engine->stats.deliveries_waiting--;
    row->state = HK_DELIVERY_READY;
    row->link = HK_NONE;
}

/* Waits stand at their wall time until the start sets them against the clock. */
static void wait_at(struct hk_engine *engine, uint32_t delivery, struct hk_wall since,
                    int64_t delay_ms)
{
    struct hk_mono at_wall = hk_mono_after_ms((struct hk_mono){ 0 }, since.ms + delay_ms);
    hk__attempt_wait(engine, delivery, at_wall);
}

static int find_delivery(const struct replay *replay, const struct hk_uuid *event, uint16_t number,
                         uint32_t *delivery)
{
    struct hk_engine *engine = replay->engine;
    uint32_t slot = event_find(engine, event);
    if (slot == HK_INDEX_NONE)
        return out_of_step(replay, "it is about an event that is not known");
    uint32_t at = hk__event(engine, slot)->delivery_first;
    while (at != HK_NONE && hk__delivery(engine, at)->number != number)
        at = hk__delivery(engine, at)->next_of_event;
    if (at == HK_NONE || hk_delivery_state_is_terminal(hk__delivery(engine, at)->state))
        return out_of_step(replay, "it is about a delivery that is not open");
    *delivery = at;
    return 0;
}

/* An endpoint that is gone, for deliveries that still name it. */
static uint32_t ghost_endpoint(struct hk_engine *engine, uint32_t merchant,
                               const struct hk_uuid *uuid)
{
    uint32_t slot = hk__take(&engine->endpoints);
    struct hk_endpoint_row *row = hk__endpoint(engine, slot);
    row->value.uuid = *uuid;
    row->merchant = merchant;
    row->queue_first = row->queue_last = HK_NONE;
    hk__directory_endpoint_mark_deleted(engine, slot);
    return slot;
}

/* A merchant that is gone, for events that still name it. */
static uint32_t ghost_merchant(struct hk_engine *engine, uint64_t id)
{
    uint32_t slot = hk__directory_merchant_row(engine, id);
    hk__merchant(engine, slot)->is_deleted = true;
    return slot;
}

static int add_delivery(const struct replay *replay, uint32_t event, uint32_t *last,
                        const struct hk_uuid *endpoint, enum hk_role role)
{
    struct hk_engine *engine = replay->engine;
    uint32_t merchant = hk__event(engine, event)->merchant;
    uint32_t slot = hk__directory_endpoint(engine, endpoint);
    if (slot == HK_NONE)
        slot = ghost_endpoint(engine, merchant, endpoint);
    if (hk__accept_delivery(engine, event, last, slot, role) != 0)
        return out_of_memory(replay);
    return 0;
}

/* An id that anything in the log still names is not given out again: what was kept for the merchant
 * that had it would be its successor's. */
static void note_merchant_id(struct hk_engine *engine, uint64_t id)
{
    if (id > engine->merchant_id_last)
        engine->merchant_id_last = id;
}

static void restore_idempotency(const struct replay *replay)
{
    const struct hk_record_event *record = &replay->record->event;
    if (!record->has_idempotency)
        return;
    struct hk_idempotency kept = {
        .merchant_id = record->merchant_id,
        .key = { record->idempotency_key[0], record->idempotency_key[1] },
        .body = record->idempotency_body,
        .event = record->id,
        .expires_at = { replay->record->at.ms + HK_IDEMPOTENCY_MS },
    };
    hk__idempotency_restore(replay->engine, &kept);
}

static int replay_event(const struct replay *replay)
{
    struct hk_engine *engine = replay->engine;
    const struct hk_record_event *record = &replay->record->event;
    uint32_t merchant = hk__directory_merchant(engine, record->merchant_id);
    uint32_t slot;
    restore_idempotency(replay);
    note_merchant_id(engine, record->merchant_id);
    if (event_find(engine, &record->id) != HK_INDEX_NONE || hk__finish_find(engine, &record->id))
        return out_of_step(replay, "an event that was accepted before");
    if (merchant == HK_NONE && !replay->is_covered)
        return damaged(replay, "an event of a merchant that is not known");
    if (merchant == HK_NONE)
        merchant = ghost_merchant(engine, record->merchant_id);
    if (hk__accept_row(engine, &record->id, merchant, record->deliver_before, &slot) != 0)
        return out_of_memory(replay);
    hk__event(engine, slot)->lsn = replay->location.lsn;
    hk__event(engine, slot)->offset = replay->location.offset;
    return 0;
}

static int edition_restore(const struct replay *replay, uint32_t event, struct hk_slice policy,
                           uint32_t generation)
{
    struct hk_engine *engine = replay->engine;
    if (!hk__rare(engine, event) && hk__event_rare_take(engine, event) != 0)
        return out_of_memory(replay);
    hk__rare(engine, event)->edition = hk__edition_take(engine, policy, generation);
    return 0;
}

/* A row that was taken before the plan may name who was asked then. */
static void edition_forget(struct hk_engine *engine, uint32_t event)
{
    struct hk_event_rare *rare = hk__rare(engine, event);
    if (!rare)
        return;
    hk__edition_give_back(engine, rare->edition);
    rare->edition = HK_NONE;
}

/* A row that was taken before its plan was durable does not know where that stands. It may have
 * finished as it came in, without anything to deliver. */
static void locate_plan(const struct replay *replay, uint32_t event)
{
    struct hk_engine *engine = replay->engine;
    struct hk_event_rare *rare = event == HK_INDEX_NONE ? NULL : hk__rare(engine, event);
    struct hk_event *finished = hk__finish_find(engine, &replay->record->plan.event);
    if (rare && rare->plan_lsn == replay->location.lsn)
        rare->plan_offset = replay->location.offset;
    if (finished && finished->plan_location.lsn == replay->location.lsn)
        finished->plan_location.offset = replay->location.offset;
}

static bool has_policy(const struct hk_engine *engine, uint32_t event)
{
    const struct hk_event_rare *rare = hk__rare(engine, event);
    return rare && rare->edition != HK_NONE;
}

static int add_planned(const struct replay *replay, uint32_t event, uint32_t *last,
                       const struct hk_plan_delivery *delivery)
{
    int code = add_delivery(replay, event, last, &delivery->endpoint, delivery->role);
    if (code)
        return code;
    struct hk_delivery_row *row = hk__delivery(replay->engine, *last);
    if (delivery->own && !has_policy(replay->engine, event))
        return damaged(replay, "a payload that nobody made");
    row->has_own = delivery->own != NULL;
    if (delivery->reason)
        hk__finish_delivery(replay->engine, *last, HK_DELIVERY_DROPPED, delivery->reason);
    return 0;
}

static int replay_plan(const struct replay *replay)
{
    struct hk_engine *engine = replay->engine;
    const struct hk_plan *plan = &replay->record->plan;
    uint32_t slot = event_find(engine, &plan->event);
    uint32_t last = HK_NONE;
    locate_plan(replay, slot);
    if (slot == HK_INDEX_NONE)
        return out_of_step(replay, "a plan of an event that is not known");
    if (hk__event(engine, slot)->state != HK_EVENT_PLANNING)
        return out_of_step(replay, "a second plan of one event");
    edition_forget(engine, slot);
    if (plan->policy.size > 0) {
        int code = edition_restore(replay, slot, plan->policy, plan->generation);
        if (code)
            return code;
        hk__rare(engine, slot)->plan_lsn = replay->location.lsn;
        hk__rare(engine, slot)->plan_offset = replay->location.offset;
    }
    for (uint32_t i = 0; i < plan->delivery_count; i++) {
        int code = add_planned(replay, slot, &last, &plan->deliveries[i]);
        if (code)
            return code;
    }
    struct hk_event_row *row = hk__event(engine, slot);
    row->reason = (uint8_t)plan->reason;
    row->state = plan->reason ? HK_EVENT_DROPPED : HK_EVENT_PLANNED;
    hk__finish_check(engine, slot);
    return 0;
}

static int replay_start(const struct replay *replay)
{
    const struct hk_record_start *start = &replay->record->start;
    uint32_t delivery = HK_NONE;
    int code = find_delivery(replay, &start->event, start->delivery, &delivery);
    if (code)
        return code;
    struct hk_delivery_row *row = hk__delivery(replay->engine, delivery);
    if (start->attempt <= row->attempt_count)
        return out_of_step(replay, "an attempt that began before");
    if (start->attempt > HK_ATTEMPTS_MAX)
        return damaged(replay, "more attempts than there can be");
    unwait(replay->engine, delivery);
    row->state = HK_DELIVERY_IN_FLIGHT;
    row->attempt_count = (uint8_t)start->attempt;
    return 0;
}

static uint16_t last_result(const struct hk_engine *engine, const struct hk_delivery_row *row)
{
    if (row->attempt_last == HK_NONE)
        return 0;
    const struct hk_attempt_row *attempt = hk_slots_row(&engine->attempts, row->attempt_last);
    return attempt->value.number;
}

static int replay_result(const struct replay *replay)
{
    const struct hk_record_result *result = &replay->record->result;
    struct hk_engine *engine = replay->engine;
    uint32_t delivery = HK_NONE;
    int code = find_delivery(replay, &result->event, result->delivery, &delivery);
    if (code)
        return code;
    struct hk_delivery_row *row = hk__delivery(engine, delivery);
    struct hk_attempt attempt = result->attempt;
    if (attempt.number <= last_result(engine, row))
        return out_of_step(replay, "a result that was there before");
    if (attempt.number > HK_ATTEMPTS_MAX)
        return damaged(replay, "more attempts than there can be");
    unwait(engine, delivery);
    attempt.detail = NULL;
    if (result->error.size || result->response.size)
        attempt.detail = hk_body_new(result->error, result->response);
    hk__attempt_keep(engine, delivery, attempt);
    row->attempt_count = (uint8_t)attempt.number;
    if (result->state == HK_DELIVERY_WAITING)
        wait_at(engine, delivery, replay->record->at, result->delay_ms);
    else if (hk_delivery_state_is_terminal(result->state))
        hk__finish_delivery(engine, delivery, result->state, result->reason);
    else
        return damaged(replay, "a result that leads nowhere");
    return 0;
}

static int replay_wait(const struct replay *replay)
{
    const struct hk_record_wait *wait = &replay->record->wait;
    uint32_t delivery = HK_NONE;
    int code = find_delivery(replay, &wait->event, wait->delivery, &delivery);
    if (code)
        return code;
    const struct hk_delivery_row *row = hk__delivery(replay->engine, delivery);
    if (row->state != HK_DELIVERY_WAITING || row->attempt_count != wait->attempt)
        return out_of_step(replay, "a wait that is over");
    unwait(replay->engine, delivery);
    wait_at(replay->engine, delivery, replay->record->at, wait->delay_ms);
    return 0;
}

static int replay_end(const struct replay *replay)
{
    const struct hk_record_end *end = &replay->record->end;
    uint32_t delivery = HK_NONE;
    int code = find_delivery(replay, &end->event, end->delivery, &delivery);
    if (code)
        return code;
    if (!hk_delivery_state_is_terminal(end->state))
        return damaged(replay, "an end that is none");
    unwait(replay->engine, delivery);
    hk__finish_delivery(replay->engine, delivery, end->state, end->reason);
    return 0;
}

static void attempts_restore(struct hk_engine *engine, uint32_t slot,
                             const struct hk_delivery *delivery)
{
    for (uint32_t i = 0; i < delivery->kept_count; i++) {
        struct hk_attempt attempt = delivery->attempts[i];
        if (attempt.detail)
            hk_body_ref(attempt.detail);
        hk__attempt_keep(engine, slot, attempt);
    }
}

static int restore_delivery(const struct replay *replay, uint32_t event, uint32_t *last,
                            const struct hk_delivery *delivery)
{
    struct hk_engine *engine = replay->engine;
    bool has_begun = delivery->state != HK_DELIVERY_IN_FLIGHT || delivery->attempt_count > 0;
    if (!has_begun || delivery->attempt_count > HK_ATTEMPTS_MAX)
        return damaged(replay, "a number of attempts that cannot be");
    int code = add_delivery(replay, event, last, &delivery->endpoint, delivery->role);
    if (code)
        return code;
    struct hk_delivery_row *row = hk__delivery(engine, *last);
    row->number = delivery->number;
    row->attempt_count = (uint8_t)delivery->attempt_count;
    if (delivery->has_own && !has_policy(engine, event))
        return damaged(replay, "a payload that nobody made");
    row->has_own = delivery->has_own;
    attempts_restore(engine, *last, delivery);
    if (delivery->state == HK_DELIVERY_WAITING)
        wait_at(engine, *last, delivery->waiting_since, delivery->delay_ms);
    else if (hk_delivery_state_is_terminal(delivery->state))
        hk__finish_delivery(engine, *last, delivery->state, delivery->reason);
    else
        row->state = (uint8_t)delivery->state;
    return 0;
}

static bool is_over(const struct hk_event *event)
{
    if (event->state != HK_EVENT_DROPPED && event->state != HK_EVENT_FINISHED)
        return false;
    for (uint32_t i = 0; i < event->delivery_count; i++)
        if (!hk_delivery_state_is_terminal(event->deliveries[i].state))
            return false;
    return true;
}

static void forget_event(struct hk_engine *engine, const struct hk_uuid *id)
{
    uint32_t slot = event_find(engine, id);
    if (slot == HK_INDEX_NONE)
        return;
    uint32_t at = hk__event(engine, slot)->delivery_first;
    for (; at != HK_NONE; at = hk__delivery(engine, at)->next_of_event)
        unwait(engine, at);
    hk__accept_undo(engine, slot);
}

static struct hk_location body_location(const struct replay *replay)
{
    const struct hk_event *event = replay->record->state;
    return event->body ? replay->location : event->location;
}

static int restore_event(const struct replay *replay, uint32_t merchant)
{
    struct hk_engine *engine = replay->engine;
    const struct hk_event *event = replay->record->state;
    struct hk_location location = body_location(replay);
    uint32_t slot;
    uint32_t last = HK_NONE;
    if (hk__accept_row(engine, &event->id, merchant, event->deliver_before, &slot) != 0)
        return out_of_memory(replay);
    struct hk_event_row *row = hk__event(engine, slot);
    row->lsn = location.lsn;
    row->offset = location.offset;
    if (event->policy) {
        int code = edition_restore(replay, slot, hk_slice_of(event->policy), event->generation);
        if (code)
            return code;
        hk__rare(engine, slot)->plan_lsn = event->plan_location.lsn;
        hk__rare(engine, slot)->plan_offset = event->plan_location.offset;
    }
    /* PLANNING keeps the event from finishing while its deliveries come in. */
    for (uint32_t i = 0; i < event->delivery_count; i++) {
        int code = restore_delivery(replay, slot, &last, &event->deliveries[i]);
        if (code)
            return code;
    }
    row->reason = (uint8_t)event->reason;
    row->state = (uint8_t)event->state;
    if (row->state == HK_EVENT_HELD) /* Nothing of that is in the log: the start asks again. */
        row->state = HK_EVENT_PLANNING;
    hk__finish_check(engine, slot); /* The last of its endpoints may be gone. */
    return 0;
}

static int replay_state(const struct replay *replay)
{
    struct hk_engine *engine = replay->engine;
    const struct hk_event *event = replay->record->state;
    note_merchant_id(engine, event->merchant_id);
    forget_event(engine, &event->id);
    if (hk__finish_find(engine, &event->id))
        return NOTHING_TO_DO; /* What is finished never changes: it has a row from before too. */
    if (is_over(event)) {
        struct hk_event *copy = hk__lookup_copy(event);
        copy->location = body_location(replay);
        hk__finish_keep(engine, copy);
        return 0;
    }
    uint32_t merchant = hk__directory_merchant(engine, event->merchant_id);
    if (merchant == HK_NONE || event->is_orphan) /* Deleted, but what was in flight is to end. */
        merchant = ghost_merchant(engine, event->merchant_id);
    return restore_event(replay, merchant);
}

static int replay_directory(const struct replay *replay)
{
    struct hk_engine *engine = replay->engine;
    const struct hk_record *record = replay->record;
    uint32_t slot;
    switch (record->type) {
    case HK_RECORD_MERCHANT:
        hk__directory_merchant_set(engine, record->merchant);
        return 0;
    case HK_RECORD_MERCHANT_DELETED:
        slot = hk__directory_merchant(engine, record->merchant_deleted);
        if (slot == HK_NONE)
            return out_of_step(replay, "a merchant that is not known is deleted");
        hk__directory_merchant_delete(engine, slot);
        return 0;
    case HK_RECORD_ENDPOINT:
        if (hk__directory_endpoint_set(engine, record->endpoint) == HK_NONE)
            return out_of_step(replay, "an endpoint of a merchant that is not known");
        return 0;
    case HK_RECORD_ENDPOINT_DELETED:
        slot = hk__directory_endpoint(engine, &record->endpoint_deleted);
        if (slot == HK_NONE)
            return out_of_step(replay, "an endpoint that is not known is deleted");
        hk__directory_endpoint_delete(engine, slot);
        return 0;
    default:
        return damaged(replay, "of a type that is not known");
    }
}

static void replay_key_deleted(struct hk_engine *engine, const struct hk_uuid *id)
{
    for (uint32_t slot = 0; slot < engine->keys.fresh; slot++) {
        if (!hk_slots_is_taken(&engine->keys, slot))
            continue;
        const struct hk_key_row *row = hk_slots_row(&engine->keys, slot);
        if (hk_uuid_is_equal(&row->value.id, id))
            hk__directory_key_delete(engine, slot);
    }
}

static bool is_of_event(enum hk_record_type type)
{
    return type == HK_RECORD_EVENT || type == HK_RECORD_PLAN || type == HK_RECORD_START ||
           type == HK_RECORD_RESULT || type == HK_RECORD_STATE || type == HK_RECORD_END ||
           type == HK_RECORD_WAIT;
}

static int replay_any(const struct replay *replay)
{
    if (replay->is_covered && !is_of_event(replay->record->type))
        return NOTHING_TO_DO;
    switch (replay->record->type) {
    case HK_RECORD_EVENT:
        return replay_event(replay);
    case HK_RECORD_PLAN:
        return replay_plan(replay);
    case HK_RECORD_START:
        return replay_start(replay);
    case HK_RECORD_RESULT:
        return replay_result(replay);
    case HK_RECORD_STATE:
        return replay_state(replay);
    case HK_RECORD_END:
        return replay_end(replay);
    case HK_RECORD_WAIT:
        return replay_wait(replay);
    case HK_RECORD_KEY:
        hk__directory_key_set(replay->engine, &replay->record->key);
        return 0;
    case HK_RECORD_KEY_DELETED:
        replay_key_deleted(replay->engine, &replay->record->key_deleted);
        return 0;
    case HK_RECORD_IDEMPOTENCY:
        note_merchant_id(replay->engine, replay->record->idempotency.merchant_id);
        hk__idempotency_restore(replay->engine, &replay->record->idempotency);
        return 0;
    default:
        return replay_directory(replay);
    }
}

int hk_engine_replay(struct hk_engine *engine, const struct hk_record *record,
                     struct hk_location location, bool is_row, struct hk_fault *fault)
{
    HK_CHECK(engine, HK_ENGINE_MAGIC);
    const struct replay replay = {
        .engine = engine,
        .record = record,
        .location = location,
        .fault = fault,
        .is_row = is_row,
        .is_covered = !is_row && record->lsn <= engine->lsn_snapshot,
    };
    if (is_row && record->lsn > engine->lsn_snapshot)
        engine->lsn_snapshot = record->lsn;
    if (record->lsn > engine->lsn_last)
        engine->lsn_last = record->lsn;
    int code = replay_any(&replay);
    return code == NOTHING_TO_DO ? 0 : code;
}
