// SPDX-License-Identifier: Apache-2.0
#include "engine/accept.h"

#include "engine/answers.h"
#include "engine/attempt.h"
#include "engine/bodies.h"
#include "engine/directory.h"
#include "engine/finish.h"
#include "engine/idempotency.h"
#include "engine/plan.h"
#include "engine/planning.h"
#include "engine/policies.h"

int hk__event_rare_take(struct hk_engine *engine, uint32_t event)
{
    uint32_t slot;
    if (hk_slots_take(&engine->rares, &slot) != 0)
        return HK_ENOMEM;
    struct hk_event_rare *rare = hk_slots_row(&engine->rares, slot);
    *rare = (struct hk_event_rare){
        .plan_offset = UINT32_MAX,
        .edition = HK_NONE,
        .own_first = HK_NONE,
        .unplanned = HK_NONE,
    };
    hk__event(engine, event)->rare = slot;
    return 0;
}

static void deliver_before_set(struct hk_engine *engine, uint32_t event, struct hk_wall before)
{
    if (before.ms == 0)
        return;
    hk_assert(hk__event_rare_take(engine, event) == 0);
    hk__rare(engine, event)->deliver_before = before;
}

int hk__accept_row(struct hk_engine *engine, const struct hk_uuid *id, uint32_t merchant,
                   struct hk_wall deliver_before, uint32_t *event)
{
    uint64_t hash = hk_hash64(&engine->hash_key, id, sizeof(*id));
    if (hk_slots_take(&engine->events, event) != 0)
        return HK_ENOMEM;
    struct hk_event_row *row = hk__event(engine, *event);
    *row = (struct hk_event_row){
        .id = *id,
        .offset = UINT32_MAX,
        .merchant = merchant,
        .delivery_first = HK_NONE,
        .body = HK_NONE,
        .rare = HK_NONE,
        .state = HK_EVENT_PLANNING,
    };
    if (hk_index_insert(&engine->event_index, hash, *event) != 0) {
        hk_slots_free(&engine->events, *event);
        return HK_ENOMEM;
    }
    deliver_before_set(engine, *event, deliver_before);
    hk__merchant(engine, merchant)->event_count++;
    engine->stats.events_live++;
    return 0;
}

int hk__accept_delivery(struct hk_engine *engine, uint32_t event, uint32_t *last, uint32_t endpoint,
                        enum hk_role role)
{
    struct hk_event_row *row = hk__event(engine, event);
    uint32_t slot;
    if (hk_slots_take(&engine->deliveries, &slot) != 0)
        return HK_ENOMEM;
    struct hk_delivery_row *delivery = hk__delivery(engine, slot);
    *delivery = (struct hk_delivery_row){
        .event = event,
        .endpoint = endpoint,
        .next_of_event = HK_NONE,
        .link = HK_NONE,
        .attempt_last = HK_NONE,
        .number = (uint16_t)(row->delivery_count + 1),
        .state = HK_DELIVERY_READY,
        .role = (uint8_t)role,
    };
    if (*last == HK_NONE)
        row->delivery_first = slot;
    else
        hk__delivery(engine, *last)->next_of_event = slot;
    *last = slot;
    row->delivery_count++;
    row->open_count++;
    hk__endpoint(engine, endpoint)->delivery_count++;
    hk__merchant(engine, row->merchant)->pending++;
    engine->stats.deliveries_pending++;
    return 0;
}

void hk__accept_undo(struct hk_engine *engine, uint32_t event)
{
    struct hk_event_row *row = hk__event(engine, event);
    struct hk_merchant_row *merchant = hk__merchant(engine, row->merchant);
    merchant->pending -= row->open_count;
    engine->stats.deliveries_pending -= row->open_count;
    hk__finish_free_rows(engine, event);
}

/* The event's deliveries count already; without a plan it counts as one. */
static enum hk_refusal refusal_of(const struct hk_engine *engine, uint32_t merchant)
{
    const struct hk_merchant_row *row = hk__merchant(engine, merchant);
    const struct hk_stats *stats = &engine->stats;
    uint64_t unplanned = stats->events_planning + stats->events_held;
    if (stats->deliveries_pending + unplanned > engine->options.pending_max)
        return HK_REFUSAL_PENDING;
    if (row->pending + row->unplanned_count > engine->options.merchant_pending_max)
        return HK_REFUSAL_MERCHANT_PENDING;
    return HK_REFUSAL_NONE;
}

static void event_append(struct hk_engine *engine, const struct hk_fact_accept *accept)
{
    struct hk_record *record = hk__append(engine, HK_RECORD_EVENT);
    record->event = (struct hk_record_event){
        .id = accept->id,
        .merchant_id = accept->merchant_id,
        .deliver_before = accept->deliver_before,
        .has_idempotency = accept->has_idempotency,
        .idempotency_key = { accept->idempotency_key[0], accept->idempotency_key[1] },
        .idempotency_body = accept->idempotency_body,
        .head = hk_body_head(accept->body),
        .text = hk_body_text(accept->body),
    };
}

/* Everything that can be refused or run out of memory has happened: write it down. */
static void commit(struct hk_engine *engine, const struct hk_fact_accept *accept, uint32_t event)
{
    event_append(engine, accept);
    hk__event(engine, event)->lsn = engine->lsn_last;
    struct hk_unlocated unlocated = { hk_slots_id(&engine->events, event), false };
    hk__fifo_push(&engine->unlocated, &unlocated);
    hk__bodies_keep(engine, event, accept->body);
    if (accept->has_idempotency)
        hk__idempotency_add(engine, accept);
    struct hk_command_ack ack = { .token = accept->token, .id = accept->id };
    hk__answers_push_ack(engine, &ack);
    engine->stats.events_accepted++;
    if (hk__rare(engine, event) && hk__rare(engine, event)->unplanned != HK_NONE)
        hk__planning_add(engine, event);
    else
        hk__plan_write(engine, event, HK_SLICE_EMPTY);
}

static enum hk_refusal prepare(struct hk_engine *engine, const struct hk_fact_accept *accept,
                               uint32_t merchant, uint32_t *event)
{
    if (hk__accept_row(engine, &accept->id, merchant, accept->deliver_before, event) != 0)
        return HK_REFUSAL_MEMORY;
    int code = hk__policies_plan(engine, merchant) ? hk__planning_prepare(engine, *event)
                                                   : hk__plan_make(engine, *event, accept->body);
    enum hk_refusal refusal = code ? HK_REFUSAL_MEMORY : refusal_of(engine, merchant);
    if (refusal)
        hk__accept_undo(engine, *event);
    return refusal;
}

static bool answer_repeat(struct hk_engine *engine, const struct hk_fact_accept *accept)
{
    const struct hk_idempotency *kept = hk__idempotency_find(engine, accept);
    if (!kept)
        return false;
    if (kept->body != accept->idempotency_body) {
        hk__answers_refuse(engine, accept->token, HK_REFUSAL_IDEMPOTENCY_CONFLICT);
        return true;
    }
    struct hk_command_ack ack = { .token = accept->token, .id = kept->event, .is_replayed = true };
    hk__answers_push_ack(engine, &ack);
    engine->stats.events_replayed++;
    return true;
}

static void accept_or_refuse(struct hk_engine *engine, const struct hk_fact_accept *accept)
{
    if (engine->is_draining) {
        hk__answers_refuse(engine, accept->token, HK_REFUSAL_STOPPING);
        return;
    }
    uint32_t merchant = hk__directory_merchant(engine, accept->merchant_id);
    if (merchant == HK_NONE) {
        hk__answers_refuse(engine, accept->token, HK_REFUSAL_UNKNOWN_MERCHANT);
        return;
    }
    if (accept->has_idempotency && answer_repeat(engine, accept))
        return;
    if (engine->is_disk_full) {
        hk__answers_refuse(engine, accept->token, HK_REFUSAL_DISK);
        return;
    }
    uint32_t event;
    enum hk_refusal refusal = prepare(engine, accept, merchant, &event);
    if (refusal)
        hk__answers_refuse(engine, accept->token, refusal);
    else
        commit(engine, accept, event);
}

void hk__accept(struct hk_engine *engine, const struct hk_fact_accept *accept)
{
    accept_or_refuse(engine, accept);
    hk_body_unref(accept->body);
}

void hk__accept_located(struct hk_engine *engine, const struct hk_fact_appended *appended)
{
    for (uint32_t i = 0; i < appended->located_count; i++) {
        const struct hk_unlocated *unlocated = hk__fifo_first(&engine->unlocated);
        struct hk_location location = appended->located[i].location;
        if (!unlocated)
            return;
        uint32_t slot = hk_slots_find(&engine->events, unlocated->event);
        hk_assert(slot != HK_NONE);
        if (unlocated->is_plan) {
            hk_assert(hk__rare(engine, slot)->plan_lsn == location.lsn);
            hk__rare(engine, slot)->plan_offset = location.offset;
        } else {
            hk_assert(hk__event(engine, slot)->lsn == location.lsn);
            hk__event(engine, slot)->offset = location.offset;
        }
        hk__fifo_pop(&engine->unlocated);
    }
    hk__bodies_trim(engine);
}

bool hk__accept_is_due(const struct hk_engine *engine)
{
    const struct hk_planned *planned = hk__fifo_first(&engine->planned);
    return planned && planned->lsn <= engine->lsn_durable;
}

/* The event can only finish with its last delivery, so `next` outlives the rows. */
static void release(struct hk_engine *engine, uint32_t event)
{
    uint32_t delivery = hk__event(engine, event)->delivery_first;
    if (delivery == HK_NONE)
        hk__finish_check(engine, event);
    while (delivery != HK_NONE) {
        uint32_t next = hk__delivery(engine, delivery)->next_of_event;
        hk__work_take(engine);
        enum hk_reason reason = hk__delivery(engine, delivery)->reason;
        if (reason == HK_REASON_SKIPPED_BY_POLICY)
            hk__finish_delivery(engine, delivery, HK_DELIVERY_DROPPED, reason);
        else
            hk__attempt_make_ready(engine, delivery);
        delivery = next;
    }
}

void hk__accept_release(struct hk_engine *engine)
{
    while (hk__accept_is_due(engine) && hk__work_take(engine)) {
        struct hk_planned planned = *(struct hk_planned *)hk__fifo_first(&engine->planned);
        hk__fifo_pop(&engine->planned);
        uint32_t slot = hk_slots_find(&engine->events, planned.event);
        hk_assert(slot != HK_NONE);
        release(engine, slot);
    }
}
