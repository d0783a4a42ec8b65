// SPDX-License-Identifier: Apache-2.0
#include "engine/bodies.h"

static bool is_on_disk(const struct hk_event_row *event)
{
    return event->offset != UINT32_MAX;
}

void hk__bodies_forget(struct hk_engine *engine, uint32_t event)
{
    struct hk_body_cache *cache = &engine->bodies;
    struct hk_event_row *row = hk__event(engine, event);
    if (row->body == HK_NONE)
        return;
    struct hk_cached_body *cached = hk_slots_row(&cache->slots, row->body);
    cache->bytes -= hk_body_memory(cached->body);
    hk_body_unref(cached->body);
    hk__list_remove(&cache->uses, row->body);
    hk_slots_free(&cache->slots, row->body);
    row->body = HK_NONE;
}

void hk__bodies_trim(struct hk_engine *engine)
{
    struct hk_body_cache *cache = &engine->bodies;
    while (cache->bytes > engine->options.body_cache_bytes_max && cache->uses.first != HK_NONE) {
        struct hk_cached_body *oldest = hk_slots_row(&cache->slots, cache->uses.first);
        if (!is_on_disk(hk__event(engine, oldest->event)))
            return;
        hk__bodies_forget(engine, oldest->event);
    }
}

void hk__bodies_keep(struct hk_engine *engine, uint32_t event, struct hk_body *body)
{
    struct hk_body_cache *cache = &engine->bodies;
    uint32_t slot;
    struct hk_event_row *row = hk__event(engine, event);
    if (hk_slots_take(&cache->slots, &slot) != 0) {
        hk_assert(is_on_disk(row));
        return;
    }
    struct hk_cached_body *cached = hk_slots_row(&cache->slots, slot);
    cached->body = hk_body_ref(body);
    cached->event = event;
    row->body = slot;
    cache->bytes += hk_body_memory(body);
    hk__list_push(&cache->uses, slot);
    hk__bodies_trim(engine);
}

struct hk_body *hk__bodies_get(struct hk_engine *engine, uint32_t event)
{
    struct hk_body_cache *cache = &engine->bodies;
    uint32_t slot = hk__event(engine, event)->body;
    if (slot == HK_NONE)
        return NULL;
    hk__list_move_last(&cache->uses, slot);
    struct hk_cached_body *cached = hk_slots_row(&cache->slots, slot);
    return cached->body;
}

void hk__bodies_load(struct hk_engine *engine, enum hk_load_purpose purpose, uint64_t target,
                     struct hk_location location, struct hk_reply *reply)
{
    uint32_t slot = hk__take(&engine->loads);
    struct hk_load *load = hk_slots_row(&engine->loads, slot);
    *load = (struct hk_load){ .purpose = purpose, .target = target, .reply = reply };
    struct hk_command *command = hk_commands_add(engine->commands, HK_COMMAND_LOAD);
    command->load.load = hk_slots_id(&engine->loads, slot);
    command->load.location = location;
}

bool hk__bodies_take_load(struct hk_engine *engine, uint64_t id, struct hk_load *load)
{
    uint32_t slot = hk_slots_find(&engine->loads, id);
    if (slot == HK_NONE)
        return false;
    *load = *(struct hk_load *)hk_slots_row(&engine->loads, slot);
    hk_slots_free(&engine->loads, slot);
    engine->stats.bodies_loaded++;
    return true;
}
