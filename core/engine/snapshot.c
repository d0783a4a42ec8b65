// SPDX-License-Identifier: Apache-2.0
#include "engine/snapshot.h"

#include "engine/directory.h"
#include "engine/lookup.h"

void hk__snapshot_begin(struct hk_engine *engine)
{
    if (engine->snapshot.stage != HK_SNAPSHOT_IDLE)
        return;
    engine->snapshot = (struct hk_snapshot_cursor){
        .stage = HK_SNAPSHOT_MERCHANTS,
        .number = engine->snapshot.number + 1,
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
    struct hk_snapshot_cursor *snapshot = &engine->snapshot;
    snapshot->stage++;
    snapshot->cursor = 0;
    if (snapshot->stage == HK_SNAPSHOT_FINISHED)
        snapshot->finished_first = engine->finished.next;
    if (snapshot->stage == HK_SNAPSHOT_END)
        snapshot->end_lsn = engine->lsn_last;
}

/* Is this a change of the directory that the rows said so far do not know? The rows of a merchant
 * whose turn is still to come will have it. */
static bool is_news(const struct hk_engine *engine, const struct hk_record *record)
{
    uint32_t merchant;
    switch (record->type) {
    case HK_RECORD_MERCHANT:
        merchant = hk__directory_merchant(engine, record->merchant->id);
        return engine->snapshot.stage > HK_SNAPSHOT_MERCHANTS ||
               (merchant != HK_NONE &&
                hk__merchant(engine, merchant)->snapshot == engine->snapshot.number);
    case HK_RECORD_MERCHANT_DELETED:
    case HK_RECORD_ENDPOINT:
    case HK_RECORD_ENDPOINT_DELETED:
    case HK_RECORD_KEY:
    case HK_RECORD_KEY_DELETED:
        return true;
    default:
        return false;
    }
}

/* Says this step's changes of the directory again, as rows. */
static void news_rows(struct hk_engine *engine)
{
    uint32_t count = engine->commands->count;
    for (uint32_t i = engine->command_first; i < count; i++) {
        const struct hk_command *command = &engine->commands->items[i];
        if (command->kind != HK_COMMAND_APPEND || !is_news(engine, &command->append))
            continue;
        struct hk_record record = command->append;
        *row_add(engine, record.type) = record;
    }
}

/* A merchant with all that is its own is one slice: at most 1 + endpoints + keys rows. */
static void merchant_rows(struct hk_engine *engine)
{
    uint32_t slot = engine->snapshot.cursor;
    if (slot == HK_NONE) {
        next_stage(engine);
        return;
    }
    struct hk_merchant_row *row = hk__merchant(engine, slot);
    row->snapshot = engine->snapshot.number;
    row_add(engine, HK_RECORD_MERCHANT)->merchant = &row->value;
    for (uint32_t at = row->endpoints.first; at != HK_NONE; at = hk__list_next(&row->endpoints, at))
        row_add(engine, HK_RECORD_ENDPOINT)->endpoint = &hk__endpoint(engine, at)->value;
    for (uint32_t at = row->keys.first; at != HK_NONE; at = hk__list_next(&row->keys, at))
        row_add(engine, HK_RECORD_KEY)->key =
            ((const struct hk_key_row *)hk_slots_row(&engine->keys, at))->value;
    engine->snapshot.cursor = hk__list_next(&engine->merchant_chain, slot);
}

void hk__snapshot_pass_merchant(struct hk_engine *engine, uint32_t merchant)
{
    struct hk_snapshot_cursor *snapshot = &engine->snapshot;
    if (snapshot->stage == HK_SNAPSHOT_MERCHANTS && snapshot->cursor == merchant)
        snapshot->cursor = hk__list_next(&engine->merchant_chain, merchant);
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

static void event_row(struct hk_engine *engine)
{
    uint32_t slot = engine->snapshot.cursor++;
    if (slot >= engine->events.fresh) {
        next_stage(engine);
        return;
    }
    if (!hk_slots_is_taken(&engine->events, slot) || hk__event(engine, slot)->offset == UINT32_MAX)
        return;
    struct hk_event *event = hk__lookup_event(engine, slot);
    hk__fifo_push(&engine->borrowed_events, &event);
    row_add(engine, HK_RECORD_STATE)->state = event;
}

/* Oldest first, so that a replay forgets the same ones. */
static void finished_row(struct hk_engine *engine)
{
    uint32_t place = engine->snapshot.cursor++;
    if (place >= HK_FINISHED_MAX) {
        next_stage(engine);
        return;
    }
    place = (engine->snapshot.finished_first + place) % HK_FINISHED_MAX;
    const struct hk_event *event = engine->finished.events[place];
    if (event)
        row_add(engine, HK_RECORD_STATE)->state = event;
}

static void end(struct hk_engine *engine)
{
    struct hk_command *command = hk_commands_add(engine->commands, HK_COMMAND_SNAPSHOT_END);
    command->snapshot_end = (struct hk_command_snapshot_end){
        .begin_lsn = engine->snapshot.begin_lsn,
        .end_lsn = engine->snapshot.end_lsn,
        .row_count = engine->snapshot.row_count,
    };
    engine->snapshot.stage = HK_SNAPSHOT_IDLE;
}

/* How far the log must be durable before the snapshot goes on. */
static uint64_t needed_lsn(const struct hk_snapshot_cursor *snapshot)
{
    if (snapshot->stage == HK_SNAPSHOT_END)
        return snapshot->end_lsn;
    return snapshot->stage == HK_SNAPSHOT_EVENTS ? snapshot->begin_lsn : 0;
}

bool hk__snapshot_is_due(const struct hk_engine *engine)
{
    const struct hk_snapshot_cursor *snapshot = &engine->snapshot;
    return snapshot->stage != HK_SNAPSHOT_IDLE && engine->lsn_durable >= needed_lsn(snapshot);
}

void hk__snapshot_run(struct hk_engine *engine)
{
    struct hk_snapshot_cursor *snapshot = &engine->snapshot;
    if (snapshot->stage != HK_SNAPSHOT_IDLE && snapshot->stage != HK_SNAPSHOT_END)
        news_rows(engine);
    while (hk__snapshot_is_due(engine) && hk__work_take(engine)) {
        switch (snapshot->stage) {
        case HK_SNAPSHOT_MERCHANTS:
            merchant_rows(engine);
            break;
        case HK_SNAPSHOT_IDEMPOTENCY:
            idempotency_row(engine);
            break;
        case HK_SNAPSHOT_EVENTS:
            event_row(engine);
            break;
        case HK_SNAPSHOT_FINISHED:
            finished_row(engine);
            break;
        case HK_SNAPSHOT_END:
            end(engine);
            break;
        case HK_SNAPSHOT_IDLE:
            return;
        }
    }
    if (snapshot->stage != HK_SNAPSHOT_IDLE && engine->lsn_durable < needed_lsn(snapshot))
        engine->is_awaited = true;
}
