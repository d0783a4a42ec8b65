// SPDX-License-Identifier: Apache-2.0
#include "engine/bodies.h"

static bool is_on_disk(const struct hk_event_row *event)
{
    return event->offset != UINT32_MAX;
}

static struct hk_cached_body *cached_of(const struct hk_engine *engine, uint32_t slot)
{
    return hk_slots_row(&engine->bodies.slots, slot);
}

/* Has the log what this is a copy of? */
static bool is_kept(const struct hk_engine *engine, const struct hk_cached_body *cached)
{
    if (cached->number == 0)
        return is_on_disk(hk__event(engine, cached->event));
    return hk__rare(engine, cached->event)->plan_offset != UINT32_MAX;
}

static void slot_free(struct hk_engine *engine, uint32_t slot)
{
    struct hk_body_cache *cache = &engine->bodies;
    struct hk_cached_body *cached = cached_of(engine, slot);
    cache->bytes -= hk_body_memory(cached->body);
    hk_body_unref(cached->body);
    hk__list_remove(&cache->uses, slot);
    hk_slots_free(&cache->slots, slot);
}

static void own_forget(struct hk_engine *engine, uint32_t slot)
{
    uint32_t *link = &hk__rare(engine, cached_of(engine, slot)->event)->own_first;
    while (*link != slot)
        link = &cached_of(engine, *link)->own_next;
    *link = cached_of(engine, slot)->own_next;
    slot_free(engine, slot);
}

static void slot_forget(struct hk_engine *engine, uint32_t slot)
{
    if (cached_of(engine, slot)->number != 0) {
        own_forget(engine, slot);
        return;
    }
    hk__event(engine, cached_of(engine, slot)->event)->body = HK_NONE;
    slot_free(engine, slot);
}

void hk__bodies_forget(struct hk_engine *engine, uint32_t event)
{
    struct hk_event_row *row = hk__event(engine, event);
    struct hk_event_rare *rare = hk__rare(engine, event);
    if (row->body != HK_NONE)
        slot_forget(engine, row->body);
    while (rare && rare->own_first != HK_NONE)
        own_forget(engine, rare->own_first);
}

void hk__bodies_trim(struct hk_engine *engine)
{
    struct hk_body_cache *cache = &engine->bodies;
    while (cache->bytes > engine->options.body_cache_bytes_max && cache->uses.first != HK_NONE) {
        if (!is_kept(engine, cached_of(engine, cache->uses.first)))
            return;
        slot_forget(engine, cache->uses.first);
    }
}

/* Takes a place for a copy, or HK_NONE when there is no memory and the log has it. */
static uint32_t slot_take(struct hk_engine *engine, uint32_t event, uint16_t number,
                          struct hk_body *body)
{
    struct hk_body_cache *cache = &engine->bodies;
    struct hk_cached_body probe = { .event = event, .number = number };
    uint32_t slot;
    if (hk_slots_take(&cache->slots, &slot) != 0) {
        hk_assert(is_kept(engine, &probe));
        return HK_NONE;
    }
    struct hk_cached_body *cached = cached_of(engine, slot);
    cached->body = hk_body_ref(body);
    cached->event = event;
    cached->number = number;
    cached->own_next = HK_NONE;
    cache->bytes += hk_body_memory(body);
    hk__list_push(&cache->uses, slot);
    return slot;
}

void hk__bodies_keep(struct hk_engine *engine, uint32_t event, struct hk_body *body)
{
    if (hk__event(engine, event)->body != HK_NONE)
        return;
    hk__event(engine, event)->body = slot_take(engine, event, 0, body);
    hk__bodies_trim(engine);
}

struct hk_body *hk__bodies_get(struct hk_engine *engine, uint32_t event)
{
    uint32_t slot = hk__event(engine, event)->body;
    if (slot == HK_NONE)
        return NULL;
    hk__list_move_last(&engine->bodies.uses, slot);
    return cached_of(engine, slot)->body;
}

void hk__bodies_keep_own(struct hk_engine *engine, uint32_t event, uint16_t number,
                         struct hk_body *payload)
{
    if (hk__bodies_get_own(engine, event, number))
        return;
    uint32_t slot = slot_take(engine, event, number, payload);
    if (slot == HK_NONE)
        return;
    struct hk_event_rare *rare = hk__rare(engine, event);
    cached_of(engine, slot)->own_next = rare->own_first;
    rare->own_first = slot;
    hk__bodies_trim(engine);
}

struct hk_body *hk__bodies_get_own(struct hk_engine *engine, uint32_t event, uint16_t number)
{
    uint32_t slot = hk__rare(engine, event)->own_first;
    while (slot != HK_NONE && cached_of(engine, slot)->number != number)
        slot = cached_of(engine, slot)->own_next;
    if (slot == HK_NONE)
        return NULL;
    hk__list_move_last(&engine->bodies.uses, slot);
    return cached_of(engine, slot)->body;
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
    command->load.is_plan = purpose == HK_LOAD_PLAN_FOR_START || purpose == HK_LOAD_PLAN_FOR_REPLY;
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
