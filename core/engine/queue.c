// SPDX-License-Identifier: Apache-2.0
#include "engine/queue.h"

static uint32_t concurrency_of(const struct hk_engine *engine, const struct hk_endpoint_row *row)
{
    return row->value.concurrency ? row->value.concurrency : engine->options.endpoint_concurrency;
}

static bool may_send(const struct hk_engine *engine, const struct hk_endpoint_row *row)
{
    return row->queue_count > 0 && row->value.enabled && !row->is_deleted &&
           row->in_flight < concurrency_of(engine, row);
}

void hk__queue_refresh(struct hk_engine *engine, uint32_t endpoint)
{
    struct hk_endpoint_row *row = hk__endpoint(engine, endpoint);
    struct hk_merchant_row *merchant = hk__merchant(engine, row->merchant);
    bool wanted = may_send(engine, row);
    if (wanted == row->turn.is_in)
        return;
    if (wanted)
        hk__list_push(&merchant->turns, endpoint);
    else
        hk__list_remove(&merchant->turns, endpoint);
    bool has_turns = merchant->turns.count > 0;
    if (has_turns && !merchant->turn.is_in)
        hk__list_push(&engine->merchant_turns, row->merchant);
    else if (!has_turns && merchant->turn.is_in)
        hk__list_remove(&engine->merchant_turns, row->merchant);
}

void hk__queue_push(struct hk_engine *engine, uint32_t delivery)
{
    struct hk_delivery_row *row = hk__delivery(engine, delivery);
    struct hk_endpoint_row *endpoint = hk__endpoint(engine, row->endpoint);
    row->state = HK_DELIVERY_READY;
    row->link = HK_NONE;
    if (endpoint->queue_count == 0)
        endpoint->queue_first = delivery;
    else
        hk__delivery(engine, endpoint->queue_last)->link = delivery;
    endpoint->queue_last = delivery;
    endpoint->queue_count++;
    engine->stats.deliveries_ready++;
    hk__queue_refresh(engine, row->endpoint);
}

uint32_t hk__queue_pop(struct hk_engine *engine, uint32_t endpoint)
{
    struct hk_endpoint_row *row = hk__endpoint(engine, endpoint);
    if (row->queue_count == 0)
        return HK_NONE;
    uint32_t delivery = row->queue_first;
    row->queue_first = hk__delivery(engine, delivery)->link;
    row->queue_count--;
    engine->stats.deliveries_ready--;
    hk__queue_refresh(engine, endpoint);
    return delivery;
}

uint32_t hk__queue_pick(struct hk_engine *engine)
{
    uint32_t merchant = engine->merchant_turns.first;
    if (merchant == HK_NONE)
        return HK_NONE;
    uint32_t endpoint = hk__merchant(engine, merchant)->turns.first;
    if (!may_send(engine, hk__endpoint(engine, endpoint))) {
        hk__queue_refresh(engine, endpoint); /* A new config has lowered its cap. */
        return HK_NONE;
    }
    hk__list_move_last(&engine->merchant_turns, merchant);
    hk__list_move_last(&hk__merchant(engine, merchant)->turns, endpoint);
    return hk__queue_pop(engine, endpoint);
}

bool hk__queue_has_turn(const struct hk_engine *engine)
{
    return engine->merchant_turns.count > 0;
}
