// SPDX-License-Identifier: Apache-2.0
#include "engine/plan.h"

#include "engine/accept.h"

static bool is_target(const struct hk_endpoint *endpoint, const struct hk_body *body)
{
    if (!endpoint->enabled || endpoint->role == HK_ROLE_DEAD_LETTER)
        return false;
    return !body || hk_endpoint_wants(endpoint, hk_event_body_type(body));
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
    row->reason = HK_REASON_NONE;
    if (hk__merchant(engine, row->merchant)->is_deleted)
        row->reason = HK_REASON_MERCHANT_DELETED;
    else if (primary_count == 0)
        row->reason = HK_REASON_NO_ENDPOINT;
    return 0;
}

void hk__plan_append(struct hk_engine *engine, uint32_t event)
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
    struct hk_record *record = hk__append(engine, HK_RECORD_PLAN);
    record->plan = (struct hk_plan){
        .event = row->id,
        .reason = row->reason,
        .deliveries = deliveries,
        .delivery_count = count,
    };
}
