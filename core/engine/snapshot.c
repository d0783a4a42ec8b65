// SPDX-License-Identifier: Apache-2.0
#include "engine/snapshot.h"

#include "engine/lookup.h"

void hk__snapshot_begin(struct hk_engine *engine)
{
    if (engine->snapshot.stage != HK_SNAPSHOT_IDLE)
        return;
    engine->snapshot = (struct hk_snapshot_cursor){
        .stage = HK_SNAPSHOT_MERCHANTS,
        .cursor = engine->merchant_chain.first,
        .begin_lsn = engine->lsn_last,
    };
}

static struct hk_record *row_add(struct hk_engine *engine, enum hk_record_type type)
{
    struct hk_record *record =
        &hk_commands_add(engine->commands, HK_COMMAND_SNAPSHOT_ROW)->snapshot_row;
    record->type = type;
    record->lsn = engine->lsn_last;
    record->at = engine->now.wall;
    engine->snapshot.row_count++;
    hk__work_take(engine);
    return record;
}

static void next_stage(struct hk_engine *engine)
{
    engine->snapshot.stage++;
    engine->snapshot.cursor = 0;
}

/* A merchant with all that is its own is one slice: at most 1 + endpoints + keys rows. */
static void merchant_rows(struct hk_engine *engine)
{
    uint32_t slot = engine->snapshot.cursor;
    if (slot == HK_NONE) {
        next_stage(engine);
        return;
    }
    const struct hk_merchant_row *row = hk__merchant(engine, slot);
    row_add(engine, HK_RECORD_MERCHANT)->merchant = &row->value;
    for (uint32_t at = row->endpoints.first; at != HK_NONE; at = hk__list_next(&row->endpoints, at))
        row_add(engine, HK_RECORD_ENDPOINT)->endpoint = &hk__endpoint(engine, at)->value;
    for (uint32_t at = row->keys.first; at != HK_NONE; at = hk__list_next(&row->keys, at))
        row_add(engine, HK_RECORD_KEY)->key =
            ((const struct hk_key_row *)hk_slots_row(&engine->keys, at))->value;
    engine->snapshot.cursor = hk__list_next(&engine->merchant_chain, slot);
}

static void idempotency_row(struct hk_engine *engine)
{
    const struct hk_slots *slots = &engine->idempotency.slots;
    uint32_t slot = engine->snapshot.cursor++;
    if (slot >= slots->fresh)
        next_stage(engine);
    else if (hk_slots_is_taken(slots, slot))
        row_add(engine, HK_RECORD_IDEMPOTENCY)->idempotency =
            *(const struct hk_idempotency *)hk_slots_row(slots, slot);
}

/* Oldest first, so that a replay forgets the same ones. */
static void finished_row(struct hk_engine *engine)
{
    const struct hk_finished *finished = &engine->finished;
    uint32_t place = engine->snapshot.cursor++;
    if (place >= HK_FINISHED_MAX) {
        next_stage(engine);
        return;
    }
    const struct hk_event *event = finished->events[(finished->next + place) % HK_FINISHED_MAX];
    if (event)
        row_add(engine, HK_RECORD_STATE)->state = event;
}

static void event_row(struct hk_engine *engine)
{
    uint32_t slot = engine->snapshot.cursor++;
    if (slot >= engine->events.fresh) {
        next_stage(engine);
        return;
    }
    if (!hk_slots_is_taken(&engine->events, slot))
        return;
    struct hk_event *event = hk__lookup_event(engine, slot);
    hk__fifo_push(&engine->borrowed_events, &event);
    row_add(engine, HK_RECORD_STATE)->state = event;
}

static void end(struct hk_engine *engine)
{
    struct hk_command *command = hk_commands_add(engine->commands, HK_COMMAND_SNAPSHOT_END);
    command->snapshot_end = (struct hk_command_snapshot_end){
        .begin_lsn = engine->snapshot.begin_lsn,
        .end_lsn = engine->lsn_last,
        .row_count = engine->snapshot.row_count,
    };
    engine->snapshot = (struct hk_snapshot_cursor){ 0 };
}

bool hk__snapshot_is_due(const struct hk_engine *engine)
{
    enum hk_snapshot_stage stage = engine->snapshot.stage;
    if (stage == HK_SNAPSHOT_END)
        return engine->lsn_durable >= engine->lsn_last;
    return stage != HK_SNAPSHOT_IDLE;
}

void hk__snapshot_run(struct hk_engine *engine)
{
    while (hk__snapshot_is_due(engine) && hk__work_take(engine)) {
        switch (engine->snapshot.stage) {
        case HK_SNAPSHOT_MERCHANTS:
            merchant_rows(engine);
            break;
        case HK_SNAPSHOT_IDEMPOTENCY:
            idempotency_row(engine);
            break;
        case HK_SNAPSHOT_FINISHED:
            finished_row(engine);
            break;
        case HK_SNAPSHOT_EVENTS:
            event_row(engine);
            break;
        case HK_SNAPSHOT_END:
            end(engine);
            break;
        case HK_SNAPSHOT_IDLE:
            return;
        }
    }
    if (engine->snapshot.stage == HK_SNAPSHOT_END)
        engine->is_awaited = true;
}
