// SPDX-License-Identifier: Apache-2.0
#include "engine/start.h"

#include "base/alloc.h"
#include "engine/attempt.h"
#include "engine/planning.h"

/* When the wait of a delivery began: its last attempt ended then. */
static int64_t wait_began_ms(const struct hk_engine *engine, const struct hk_delivery_row *row)
{
    if (row->attempt_last == HK_NONE)
        return INT64_MIN / 2;
    const struct hk_attempt_row *attempt = hk_slots_row(&engine->attempts, row->attempt_last);
    return attempt->value.started_at.ms + attempt->value.timings.total_us / 1000;
}

/* Never longer than it was meant to be, whatever the clock says now. */
static struct hk_mono wait_due(const struct hk_engine *engine, const struct hk_heap_entry *entry)
{
    int64_t due_ms = entry->key / HK_NS_PER_MS;
    int64_t length_ms = due_ms - wait_began_ms(engine, hk__delivery(engine, entry->item));
    int64_t left_ms = due_ms - engine->now.wall.ms;
    if (left_ms > length_ms)
        left_ms = length_ms;
    return hk_mono_after_ms(engine->now.mono, left_ms > 0 ? left_ms : 0);
}

static void waits_set(struct hk_engine *engine)
{
    struct hk_heap replayed = engine->waits;
    hk_heap_init(&engine->waits, replayed.moved, replayed.owner);
    engine->stats.deliveries_waiting = 0;
    for (uint32_t i = 0; i < replayed.count; i++) {
        const struct hk_heap_entry *entry = &replayed.entries[i];
        hk__attempt_wait(engine, entry->item, wait_due(engine, entry));
    }
    hk_free(replayed.entries);
}

static void deliveries_start(struct hk_engine *engine)
{
    for (uint32_t slot = 0; slot < engine->deliveries.fresh; slot++) {
        if (!hk_slots_is_taken(&engine->deliveries, slot))
            continue;
        enum hk_delivery_state state = hk__delivery(engine, slot)->state;
        if (state == HK_DELIVERY_READY)
            hk__attempt_make_ready(engine, slot);
        else if (state == HK_DELIVERY_IN_FLIGHT)
            hk__attempt_cut_short(engine, slot);
    }
}

static void events_plan(struct hk_engine *engine)
{
    for (uint32_t slot = 0; slot < engine->events.fresh; slot++) {
        if (!hk_slots_is_taken(&engine->events, slot))
            continue;
        const struct hk_event_row *row = hk__event(engine, slot);
        if (row->state != HK_EVENT_PLANNING)
            continue;
        hk_assert(hk__planning_prepare(engine, slot) == 0);
        hk__planning_add(engine, slot);
    }
}

static void endpoints_tell(struct hk_engine *engine)
{
    for (uint32_t slot = 0; slot < engine->endpoints.fresh; slot++) {
        if (!hk_slots_is_taken(&engine->endpoints, slot) || hk__endpoint(engine, slot)->is_deleted)
            continue;
        struct hk_command *command = hk_commands_add(engine->commands, HK_COMMAND_ENDPOINT_SET);
        command->endpoint_set.endpoint = hk_slots_id(&engine->endpoints, slot);
        command->endpoint_set.value = &hk__endpoint(engine, slot)->value;
    }
}

static void counters_reset(struct hk_stats *stats)
{
#define XX(name, is_gauge, text) stats->name *= (uint64_t)(is_gauge);
    HK_STATS_MAP(XX)
#undef XX
}

void hk__start(struct hk_engine *engine)
{
    counters_reset(&engine->stats);
    endpoints_tell(engine);
    waits_set(engine);
    deliveries_start(engine);
    events_plan(engine);
}
