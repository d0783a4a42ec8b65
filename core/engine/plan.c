// SPDX-License-Identifier: Apache-2.0
#include "engine/plan.h"

#include "engine/accept.h"
#include "engine/bodies.h"
#include "engine/directory.h"
#include "engine/policies.h"

static bool is_target(const struct hk_endpoint *endpoint, const struct hk_body *body)
{
    if (!endpoint->enabled || endpoint->role == HK_ROLE_DEAD_LETTER)
        return false;
    return !body || hk_endpoint_wants(endpoint, hk_event_body_type(body));
}

static enum hk_reason reason_of(const struct hk_engine *engine, uint32_t event,
                                uint32_t primary_count)
{
    if (hk__merchant(engine, hk__event(engine, event)->merchant)->is_deleted)
        return HK_REASON_MERCHANT_DELETED;
    return primary_count == 0 ? HK_REASON_NO_ENDPOINT : HK_REASON_NONE;
}

int hk__plan_make(struct hk_engine *engine, uint32_t event, const struct hk_body *body)
{
    struct hk_event_row *row = hk__event(engine, event);
    struct hk_list *endpoints = &hk__merchant(engine, row->merchant)->endpoints;
    uint32_t last = HK_NONE;
    uint32_t primary_count = 0;
    for (uint32_t slot = endpoints->first; slot != HK_NONE; slot = hk__list_next(endpoints, slot)) {
        const struct hk_endpoint *endpoint = &hk__endpoint(engine, slot)->value;
        if (!is_target(endpoint, body))
            continue;
        int code = hk__accept_delivery(engine, event, &last, slot, endpoint->role);
        if (code)
            return code;
        primary_count += endpoint->role == HK_ROLE_PRIMARY;
        hk__work_take(engine);
    }
    row->reason = (uint8_t)reason_of(engine, event, primary_count);
    return 0;
}

/* A plan that a policy had to do with can be read back: its words and payloads stand only there. */
static void locate(struct hk_engine *engine, uint32_t event, struct hk_plan *plan)
{
    struct hk_event_rare *rare = hk__rare(engine, event);
    if (!rare || rare->edition == HK_NONE)
        return;
    const struct hk_edition *edition = hk__edition(engine, rare->edition);
    plan->policy = hk_slice_of(edition->name);
    plan->generation = edition->generation;
    rare->plan_lsn = engine->lsn_last;
    rare->plan_offset = UINT32_MAX;
    struct hk_unlocated unlocated = { hk_slots_id(&engine->events, event), true };
    hk__fifo_push(&engine->unlocated, &unlocated);
}

/* Ends every way to a plan: what the rows and `plan` say is written down, and goes on from there.
 */
static void write_down(struct hk_engine *engine, uint32_t event, struct hk_plan *plan)
{
    struct hk_event_row *row = hk__event(engine, event);
    struct hk_record *record = hk__append(engine, HK_RECORD_PLAN);
    plan->event = row->id;
    plan->reason = row->reason;
    plan->delivery_count = row->delivery_count;
    locate(engine, event, plan);
    record->plan = *plan;
    row->state = row->reason ? HK_EVENT_DROPPED : HK_EVENT_PLANNED;
    struct hk_planned planned = { engine->lsn_last, hk_slots_id(&engine->events, event) };
    hk__fifo_push(&engine->planned, &planned);
    engine->stats.deliveries_planned += row->delivery_count;
    engine->is_awaited = true;
}

void hk__plan_write(struct hk_engine *engine, uint32_t event, struct hk_slice error)
{
    const struct hk_event_row *row = hk__event(engine, event);
    struct hk_plan_delivery *deliveries =
        hk__scratch_take(&engine->scratch, (row->delivery_count + 1U) * sizeof(*deliveries));
    uint32_t count = 0;
    for (uint32_t slot = row->delivery_first; slot != HK_NONE;) {
        const struct hk_delivery_row *delivery = hk__delivery(engine, slot);
        deliveries[count++] = (struct hk_plan_delivery){
            .endpoint = hk__endpoint(engine, delivery->endpoint)->value.uuid,
            .role = delivery->role,
        };
        slot = delivery->next_of_event;
    }
    struct hk_plan plan = { .error = error, .deliveries = deliveries };
    write_down(engine, event, &plan);
}

/* The deliveries of a plan as they are made. */
struct making {
    uint32_t event;
    uint32_t last;
    struct hk_plan_delivery *deliveries;
    uint32_t count;
    uint32_t primary_count;
};

static void add(struct hk_engine *engine, struct making *making, uint32_t endpoint,
                const struct hk_plan_delivery *delivery)
{
    hk_assert(hk__accept_delivery(engine, making->event, &making->last, endpoint, delivery->role) ==
              0);
    struct hk_delivery_row *row = hk__delivery(engine, making->last);
    row->reason = (uint8_t)delivery->reason;
    row->has_own = delivery->own != NULL;
    if (delivery->own)
        hk__bodies_keep_own(engine, making->event, row->number, delivery->own);
    making->deliveries[making->count++] = *delivery;
    making->primary_count += delivery->role == HK_ROLE_PRIMARY;
    hk__work_take(engine);
}

static void add_decided(struct hk_engine *engine, struct making *making,
                        const struct hk_plan *decided)
{
    uint32_t merchant = hk__event(engine, making->event)->merchant;
    for (uint32_t i = 0; i < decided->delivery_count; i++) {
        uint32_t slot = hk__directory_endpoint(engine, &decided->deliveries[i].endpoint);
        if (slot == HK_NONE || hk__endpoint(engine, slot)->merchant != merchant)
            continue;
        struct hk_plan_delivery delivery = decided->deliveries[i];
        delivery.role = HK_ROLE_PRIMARY;
        if (hk__endpoint(engine, slot)->value.role == HK_ROLE_PRIMARY)
            add(engine, making, slot, &delivery);
    }
}

static void add_audits(struct hk_engine *engine, struct making *making, const struct hk_list *list)
{
    for (uint32_t slot = list->first; slot != HK_NONE; slot = hk__list_next(list, slot)) {
        const struct hk_endpoint *endpoint = &hk__endpoint(engine, slot)->value;
        struct hk_plan_delivery delivery = { .endpoint = endpoint->uuid, .role = HK_ROLE_AUDIT };
        if (endpoint->enabled && endpoint->role == HK_ROLE_AUDIT)
            add(engine, making, slot, &delivery);
    }
}

void hk__plan_decide(struct hk_engine *engine, uint32_t event, const struct hk_plan *decided)
{
    struct hk_event_row *row = hk__event(engine, event);
    const struct hk_list *endpoints = &hk__merchant(engine, row->merchant)->endpoints;
    struct making making = { .event = event, .last = HK_NONE };
    struct hk_plan plan = *decided;
    uint32_t most = decided->delivery_count + endpoints->count + 1U;
    making.deliveries = hk__scratch_take(&engine->scratch, most * sizeof(*making.deliveries));
    add_decided(engine, &making, decided);
    row->reason = (uint8_t)decided->reason;
    if (!row->reason)
        row->reason = (uint8_t)reason_of(engine, event, making.primary_count);
    add_audits(engine, &making, endpoints);
    plan.deliveries = making.deliveries;
    write_down(engine, event, &plan);
}
