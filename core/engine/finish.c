// SPDX-License-Identifier: Apache-2.0
#include "engine/finish.h"

#include "base/alloc.h"
#include "engine/advice.h"
#include "engine/bodies.h"
#include "engine/details.h"
#include "engine/lookup.h"
#include "engine/planning.h"
#include "engine/policies.h"

static uint64_t hash_of(const struct hk_engine *engine, const struct hk_uuid *id)
{
    return hk_hash64(&engine->hash_key, id, sizeof(*id));
}

void hk__finish_leave_endpoint(struct hk_engine *engine, uint32_t endpoint)
{
    const struct hk_endpoint_row *row = hk__endpoint(engine, endpoint);
    if (!row->is_deleted || row->delivery_count > 0 || row->in_flight > 0)
        return;
    struct hk_leaving leaving = { .slot = endpoint };
    hk__fifo_push(&engine->leaving, &leaving);
}

void hk__finish_leave_merchant(struct hk_engine *engine, uint32_t merchant)
{
    const struct hk_merchant_row *row = hk__merchant(engine, merchant);
    if (!row->is_deleted || row->event_count > 0)
        return;
    struct hk_leaving leaving = { .slot = merchant, .is_merchant = true };
    hk__fifo_push(&engine->leaving, &leaving);
}

static void reap_endpoint(struct hk_engine *engine, uint32_t slot)
{
    struct hk_endpoint_row *row = hk__endpoint(engine, slot);
    if (row->gone.is_in)
        hk__list_remove(&engine->sweep.gone, slot);
    hk_endpoint_fini(&row->value);
    hk_slots_free(&engine->endpoints, slot);
}

void hk__finish_reap(struct hk_engine *engine)
{
    const struct hk_leaving *leaving;
    while ((leaving = hk__fifo_first(&engine->leaving)) && hk__work_take(engine)) {
        if (leaving->is_merchant) {
            hk__advice_leave(engine, leaving->slot);
            hk__policies_leave(engine, leaving->slot);
            hk_merchant_fini(&hk__merchant(engine, leaving->slot)->value);
            hk_slots_free(&engine->merchants, leaving->slot);
        } else {
            reap_endpoint(engine, leaving->slot);
        }
        hk__fifo_pop(&engine->leaving);
    }
}

static void attempts_free(struct hk_engine *engine, uint32_t attempt)
{
    while (attempt != HK_NONE) {
        struct hk_attempt_row *row = hk_slots_row(&engine->attempts, attempt);
        uint32_t previous = row->previous;
        hk__details_drop(engine, row->value.detail);
        hk_slots_free(&engine->attempts, attempt);
        attempt = previous;
    }
}

static void delivery_free(struct hk_engine *engine, uint32_t delivery)
{
    struct hk_delivery_row *row = hk__delivery(engine, delivery);
    attempts_free(engine, row->attempt_last);
    hk__endpoint(engine, row->endpoint)->delivery_count--;
    hk__finish_leave_endpoint(engine, row->endpoint);
    hk_slots_free(&engine->deliveries, delivery);
}

void hk__finish_free_rows(struct hk_engine *engine, uint32_t event)
{
    struct hk_event_row *row = hk__event(engine, event);
    uint32_t delivery = row->delivery_first;
    while (delivery != HK_NONE) {
        uint32_t next = hk__delivery(engine, delivery)->next_of_event;
        delivery_free(engine, delivery);
        delivery = next;
    }
    hk__bodies_forget(engine, event);
    hk__planning_leave(engine, event);
    if (row->rare != HK_NONE) {
        hk__edition_give_back(engine, hk__rare(engine, event)->edition);
        hk_slots_free(&engine->rares, row->rare);
    }
    hk_index_remove(&engine->event_index, hash_of(engine, &row->id), event);
    hk__merchant(engine, row->merchant)->event_count--;
    hk__finish_leave_merchant(engine, row->merchant);
    hk_slots_free(&engine->events, event);
    engine->stats.events_live--;
}

void hk__finish_keep(struct hk_engine *engine, struct hk_event *event)
{
    struct hk_finished *finished = &engine->finished;
    struct hk_event **place = &finished->events[finished->next];
    if (*place)
        hk_index_remove(&finished->index, hash_of(engine, &(*place)->id), finished->next);
    if (*place)
        hk__details_strip(engine, *place);
    hk_event_free(*place);
    *place = event;
    hk__details_enter(engine, event);
    hk_assert(hk_index_insert(&finished->index, hash_of(engine, &event->id), finished->next) == 0);
    finished->next = (finished->next + 1) % HK_FINISHED_MAX;
}

void hk__finish_orphan(struct hk_engine *engine, uint64_t merchant_id)
{
    for (uint32_t i = 0; i < HK_FINISHED_MAX; i++) {
        struct hk_event *event = engine->finished.events[i];
        if (event && event->merchant_id == merchant_id)
            event->is_orphan = true;
    }
}

struct hk_event *hk__finish_find(const struct hk_engine *engine, const struct hk_uuid *id)
{
    uint32_t place = hk_index_find(&engine->finished.index, hash_of(engine, id), id);
    return place == HK_INDEX_NONE ? NULL : engine->finished.events[place];
}

void hk__finish_check(struct hk_engine *engine, uint32_t event)
{
    struct hk_event_row *row = hk__event(engine, event);
    if (row->open_count > 0 || row->state == HK_EVENT_PLANNING || row->state == HK_EVENT_HELD)
        return;
    if (row->state == HK_EVENT_DROPPED) {
        engine->stats.events_dropped++;
    } else {
        row->state = HK_EVENT_FINISHED;
        engine->stats.events_finished++;
    }
    hk__finish_keep(engine, hk__lookup_event(engine, event));
    hk__finish_free_rows(engine, event);
}

static void count_end(struct hk_stats *stats, enum hk_delivery_state state)
{
    if (state == HK_DELIVERY_DELIVERED)
        stats->deliveries_delivered++;
    else if (state == HK_DELIVERY_DEAD)
        stats->deliveries_dead++;
    else
        stats->deliveries_dropped++;
    stats->deliveries_pending--;
}

void hk__finish_delivery(struct hk_engine *engine, uint32_t delivery, enum hk_delivery_state state,
                         enum hk_reason reason)
{
    struct hk_delivery_row *row = hk__delivery(engine, delivery);
    struct hk_event_row *event = hk__event(engine, row->event);
    hk_assert(hk_delivery_state_is_terminal(state));
    hk_assert(!hk_delivery_state_is_terminal(row->state) && event->open_count > 0);
    row->state = (uint8_t)state;
    row->reason = (uint8_t)reason;
    row->link = HK_NONE;
    event->open_count--;
    hk__merchant(engine, event->merchant)->pending--;
    count_end(&engine->stats, state);
    hk__finish_check(engine, row->event);
}
