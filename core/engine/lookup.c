// SPDX-License-Identifier: Apache-2.0
#include "engine/lookup.h"

#include "base/alloc.h"
#include "engine/answers.h"
#include "engine/bodies.h"
#include "engine/directory.h"
#include "engine/finish.h"
#include "engine/policies.h"

/* One allocation: the event, its deliveries, all their attempts. */
static struct hk_event *event_new(uint32_t delivery_count, uint32_t attempt_count)
{
    static_assert(sizeof(struct hk_event) % alignof(struct hk_delivery) == 0, "packed behind");
    static_assert(sizeof(struct hk_delivery) % alignof(struct hk_attempt) == 0, "packed behind");
    size_t deliveries_bytes = delivery_count * sizeof(struct hk_delivery);
    size_t size =
        sizeof(struct hk_event) + deliveries_bytes + attempt_count * sizeof(struct hk_attempt);
    struct hk_event *event = hk_alloc_zero_or_die(1, size);
    event->deliveries = (struct hk_delivery *)(event + 1);
    event->delivery_count = delivery_count;
    return event;
}

static struct hk_attempt *attempts_of(const struct hk_event *event)
{
    return (struct hk_attempt *)(event->deliveries + event->delivery_count);
}

static uint32_t kept_count(const struct hk_engine *engine, const struct hk_delivery_row *row)
{
    uint32_t count = 0;
    for (uint32_t at = row->attempt_last; at != HK_NONE; count++)
        at = ((const struct hk_attempt_row *)hk_slots_row(&engine->attempts, at))->previous;
    return count;
}

static void attempts_copy(const struct hk_engine *engine, const struct hk_delivery_row *row,
                          struct hk_delivery *delivery)
{
    uint32_t place = delivery->kept_count;
    for (uint32_t at = row->attempt_last; at != HK_NONE;) {
        const struct hk_attempt_row *attempt = hk_slots_row(&engine->attempts, at);
        delivery->attempts[--place] = attempt->value;
        if (attempt->value.detail)
            hk_body_ref(attempt->value.detail);
        at = attempt->previous;
    }
}

/* An attempt whose body is still being read has not begun, and may never. What its plan skips waits
 * only for that to be durable. */
static enum hk_delivery_state state_of(const struct hk_engine *engine,
                                       const struct hk_delivery_row *row)
{
    if (row->state == HK_DELIVERY_READY && row->reason == HK_REASON_SKIPPED_BY_POLICY)
        return HK_DELIVERY_DROPPED;
    if (row->state != HK_DELIVERY_IN_FLIGHT)
        return row->state;
    const struct hk_flight *flight = hk_slots_row(&engine->flights, row->link);
    return flight->has_launched ? HK_DELIVERY_IN_FLIGHT : HK_DELIVERY_READY;
}

/* What the state will be when the sweep has come by. */
static void show_deletion(const struct hk_engine *engine, const struct hk_delivery_row *row,
                          struct hk_delivery *delivery)
{
    const struct hk_endpoint_row *endpoint = hk__endpoint(engine, row->endpoint);
    if (!endpoint->is_deleted || delivery->state == HK_DELIVERY_IN_FLIGHT ||
        hk_delivery_state_is_terminal(delivery->state))
        return;
    delivery->state = HK_DELIVERY_DROPPED;
    delivery->reason = hk__directory_gone_reason(engine, row->endpoint);
}

static void wait_copy(const struct hk_engine *engine, const struct hk_delivery_row *row,
                      struct hk_delivery *delivery)
{
    int64_t left_ns = engine->waits.entries[row->link].key - engine->now.mono.ns;
    delivery->waiting_since = engine->now.wall;
    delivery->delay_ms = left_ns > 0 ? left_ns / HK_NS_PER_MS : 0;
}

static void delivery_copy(const struct hk_engine *engine, const struct hk_delivery_row *row,
                          struct hk_attempt *attempts, struct hk_delivery *delivery)
{
    *delivery = (struct hk_delivery){
        .number = row->number,
        .endpoint = hk__endpoint(engine, row->endpoint)->value.uuid,
        .role = row->role,
        .state = state_of(engine, row),
        .reason = row->reason,
        .attempt_count = row->attempt_count,
        .attempts = attempts,
        .kept_count = kept_count(engine, row),
        .has_own = row->has_own,
    };
    attempts_copy(engine, row, delivery);
    if (row->state == HK_DELIVERY_WAITING)
        wait_copy(engine, row, delivery);
    show_deletion(engine, row, delivery);
}

static uint32_t attempts_in_all(const struct hk_engine *engine, const struct hk_event_row *row)
{
    uint32_t count = 0;
    for (uint32_t at = row->delivery_first; at != HK_NONE;) {
        const struct hk_delivery_row *delivery = hk__delivery(engine, at);
        count += kept_count(engine, delivery);
        at = delivery->next_of_event;
    }
    return count;
}

static void rare_copy(const struct hk_engine *engine, uint32_t slot, struct hk_event *event)
{
    const struct hk_event_rare *rare = hk__rare(engine, slot);
    if (!rare)
        return;
    event->deliver_before = rare->deliver_before;
    event->plan_location = (struct hk_location){ rare->plan_lsn, rare->plan_offset };
    if (rare->edition != HK_NONE) {
        const struct hk_edition *edition = hk__edition(engine, rare->edition);
        event->policy = hk_strdup_or_die(edition->name);
        event->generation = edition->generation;
    }
    if (rare->unplanned == HK_NONE || event->state != HK_EVENT_HELD)
        return;
    const struct hk_unplanned *unplanned = hk_slots_row(&engine->unplanned, rare->unplanned);
    event->error = unplanned->error ? hk_body_ref(unplanned->error) : NULL;
}

struct hk_event *hk__lookup_event(const struct hk_engine *engine, uint32_t slot)
{
    const struct hk_event_row *row = hk__event(engine, slot);
    struct hk_event *event = event_new(row->delivery_count, attempts_in_all(engine, row));
    event->id = row->id;
    event->merchant_id = hk__merchant(engine, row->merchant)->value.id;
    event->is_orphan = hk__merchant(engine, row->merchant)->is_deleted;
    event->lsn = row->lsn;
    event->state = row->state;
    event->reason = row->reason;
    event->received_at = hk_uuid_wall(&row->id);
    event->location = (struct hk_location){ row->lsn, row->offset };
    rare_copy(engine, slot, event);
    struct hk_attempt *attempts = attempts_of(event);
    uint32_t place = 0;
    for (uint32_t at = row->delivery_first; at != HK_NONE; place++) {
        const struct hk_delivery_row *delivery = hk__delivery(engine, at);
        delivery_copy(engine, delivery, attempts, &event->deliveries[place]);
        attempts += event->deliveries[place].kept_count;
        at = delivery->next_of_event;
    }
    return event;
}

struct hk_event *hk__lookup_copy(const struct hk_event *event)
{
    uint32_t attempt_count = 0;
    for (uint32_t i = 0; i < event->delivery_count; i++)
        attempt_count += event->deliveries[i].kept_count;
    struct hk_event *copy = event_new(event->delivery_count, attempt_count);
    struct hk_delivery *deliveries = copy->deliveries;
    struct hk_attempt *attempts = attempts_of(copy);
    *copy = *event;
    copy->deliveries = deliveries;
    copy->body = NULL;
    copy->plan = NULL;
    copy->policy = event->policy ? hk_strdup_or_die(event->policy) : NULL;
    copy->error = event->error ? hk_body_ref(event->error) : NULL;
    for (uint32_t i = 0; i < event->delivery_count; i++) {
        const struct hk_delivery *from = &event->deliveries[i];
        deliveries[i] = *from;
        deliveries[i].url = NULL;
        deliveries[i].attempts = attempts;
        for (uint32_t k = 0; k < from->kept_count; k++) {
            attempts[k] = from->attempts[k];
            if (attempts[k].detail)
                hk_body_ref(attempts[k].detail);
        }
        attempts += from->kept_count;
    }
    return copy;
}

static void urls_add(const struct hk_engine *engine, struct hk_event *event)
{
    for (uint32_t i = 0; i < event->delivery_count; i++) {
        uint32_t slot = hk__directory_endpoint(engine, &event->deliveries[i].endpoint);
        if (slot != HK_NONE)
            event->deliveries[i].url = hk_strdup_or_die(hk__endpoint(engine, slot)->value.url);
    }
}

static uint32_t event_find(const struct hk_engine *engine, const struct hk_uuid *id)
{
    return hk_index_find(&engine->event_index, hk_hash64(&engine->hash_key, id, sizeof(*id)), id);
}

static bool is_visible(const struct hk_request *request, const struct hk_event *event)
{
    if (request->merchant_id == HK_ANY_MERCHANT)
        return true;
    return request->merchant_id == event->merchant_id && !event->is_orphan;
}

/* Why it is as it is, only the plan's record tells, if it is on disk already. */
static void answer_or_load_plan(struct hk_engine *engine, struct hk_reply *own_reply)
{
    struct hk_location location = own_reply->event->plan_location;
    bool wants_plan = own_reply->kind == HK_REQUEST_EVENT_WHY && location.lsn != 0 &&
                      location.offset != UINT32_MAX;
    if (wants_plan)
        hk__bodies_load(engine, HK_LOAD_PLAN_FOR_REPLY, HK_ID_NONE, location, own_reply);
    else
        hk__answers_push_reply(engine, own_reply);
}

void hk__lookup_answer(struct hk_engine *engine, const struct hk_request *request)
{
    uint32_t slot = event_find(engine, &request->uuid);
    const struct hk_event *kept = hk__finish_find(engine, &request->uuid);
    struct hk_event *event = NULL;
    if (slot != HK_INDEX_NONE)
        event = hk__lookup_event(engine, slot);
    else if (kept)
        event = hk__lookup_copy(kept);
    if (!event || !is_visible(request, event)) {
        hk_event_free(event);
        hk__answers_push_reply(engine, hk_reply_new(request, HK_ENOTFOUND));
        return;
    }
    struct hk_reply *reply = hk_reply_new(request, 0);
    reply->event = event;
    urls_add(engine, event);
    struct hk_body *body = slot == HK_INDEX_NONE ? NULL : hk__bodies_get(engine, slot);
    if (body) {
        event->body = hk_body_ref(body);
        answer_or_load_plan(engine, reply);
    } else {
        hk__bodies_load(engine, HK_LOAD_FOR_REPLY, HK_ID_NONE, event->location, reply);
    }
}

void hk__lookup_loaded(struct hk_engine *engine, struct hk_reply *own_reply, struct hk_body *body)
{
    own_reply->event->body = body ? hk_body_ref(body) : NULL;
    answer_or_load_plan(engine, own_reply);
}

void hk__lookup_plan_loaded(struct hk_engine *engine, struct hk_reply *own_reply,
                            const struct hk_plan *plan)
{
    own_reply->event->plan = plan ? hk_plan_clone(plan) : NULL;
    hk__answers_push_reply(engine, own_reply);
}
