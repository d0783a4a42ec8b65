// SPDX-License-Identifier: Apache-2.0
#include "engine/directory.h"

#include "engine/finish.h"
#include "engine/policies.h"
#include "engine/queue.h"
#include "engine/snapshot.h"
#include "engine/sweep.h"

#include <stddef.h>

static bool merchant_matches(const void *owner, uint32_t slot, const void *key)
{
    return hk__merchant(owner, slot)->value.id == *(const uint64_t *)key;
}

static bool endpoint_matches(const void *owner, uint32_t slot, const void *key)
{
    return hk_uuid_is_equal(&hk__endpoint(owner, slot)->value.uuid, key);
}

static bool key_matches(const void *owner, uint32_t slot, const void *key)
{
    const struct hk_engine *engine = owner;
    const struct hk_key_row *row = hk_slots_row(&engine->keys, slot);
    return memcmp(row->value.digest, key, sizeof(row->value.digest)) == 0;
}

void hk__directory_init(struct hk_engine *engine)
{
    hk_slots_init(&engine->merchants, sizeof(struct hk_merchant_row));
    hk_slots_init(&engine->endpoints, sizeof(struct hk_endpoint_row));
    hk_slots_init(&engine->keys, sizeof(struct hk_key_row));
    hk_index_init(&engine->merchant_index, merchant_matches, engine);
    hk_index_init(&engine->endpoint_index, endpoint_matches, engine);
    hk_index_init(&engine->key_index, key_matches, engine);
    hk__list_init(&engine->merchant_chain, &engine->merchants,
                  offsetof(struct hk_merchant_row, chain));
    hk__list_init(&engine->merchant_turns, &engine->merchants,
                  offsetof(struct hk_merchant_row, turn));
}

void hk__directory_fini(struct hk_engine *engine)
{
    for (uint32_t slot = 0; slot < engine->merchants.fresh; slot++)
        if (hk_slots_is_taken(&engine->merchants, slot))
            hk_merchant_fini(&hk__merchant(engine, slot)->value);
    for (uint32_t slot = 0; slot < engine->endpoints.fresh; slot++)
        if (hk_slots_is_taken(&engine->endpoints, slot))
            hk_endpoint_fini(&hk__endpoint(engine, slot)->value);
    hk_index_fini(&engine->merchant_index);
    hk_index_fini(&engine->endpoint_index);
    hk_index_fini(&engine->key_index);
    hk_slots_fini(&engine->merchants);
    hk_slots_fini(&engine->endpoints);
    hk_slots_fini(&engine->keys);
}

static uint64_t hash_of(const struct hk_engine *engine, const void *data, size_t size)
{
    return hk_hash64(&engine->hash_key, data, size);
}

uint32_t hk__directory_merchant(const struct hk_engine *engine, uint64_t merchant_id)
{
    uint64_t hash = hash_of(engine, &merchant_id, sizeof(merchant_id));
    return hk_index_find(&engine->merchant_index, hash, &merchant_id);
}

uint32_t hk__directory_endpoint(const struct hk_engine *engine, const struct hk_uuid *uuid)
{
    return hk_index_find(&engine->endpoint_index, hash_of(engine, uuid, sizeof(*uuid)), uuid);
}

uint32_t hk__directory_key(const struct hk_engine *engine, const uint8_t digest[32])
{
    return hk_index_find(&engine->key_index, hash_of(engine, digest, 32), digest);
}

uint32_t hk__directory_key_of(const struct hk_engine *engine, uint32_t merchant,
                              const struct hk_uuid *id)
{
    const struct hk_list *keys = &hk__merchant(engine, merchant)->keys;
    for (uint32_t slot = keys->first; slot != HK_NONE; slot = hk__list_next(keys, slot)) {
        const struct hk_key_row *row = hk_slots_row(&engine->keys, slot);
        if (hk_uuid_is_equal(&row->value.id, id))
            return slot;
    }
    return HK_NONE;
}

enum hk_reason hk__directory_gone_reason(const struct hk_engine *engine, uint32_t endpoint)
{
    return hk__endpoint(engine, endpoint)->gone_reason;
}

void hk__directory_endpoint_mark_deleted(struct hk_engine *engine, uint32_t endpoint)
{
    struct hk_endpoint_row *row = hk__endpoint(engine, endpoint);
    bool with_merchant = hk__merchant(engine, row->merchant)->is_deleted;
    row->is_deleted = true;
    row->gone_reason = with_merchant ? HK_REASON_MERCHANT_DELETED : HK_REASON_ENDPOINT_DELETED;
}

uint32_t hk__directory_merchant_row(struct hk_engine *engine, uint64_t id)
{
    uint32_t slot = hk__take(&engine->merchants);
    struct hk_merchant_row *row = hk__merchant(engine, slot);
    row->value.id = id;
    hk__list_init(&row->endpoints, &engine->endpoints, offsetof(struct hk_endpoint_row, chain));
    hk__list_init(&row->turns, &engine->endpoints, offsetof(struct hk_endpoint_row, turn));
    hk__list_init(&row->keys, &engine->keys, offsetof(struct hk_key_row, chain));
    hk__list_init(&row->planning, &engine->unplanned, offsetof(struct hk_unplanned, link));
    hk__list_init(&row->held, &engine->unplanned, offsetof(struct hk_unplanned, link));
    hk__list_init(&row->advices, &engine->advices, offsetof(struct hk_advice, link));
    row->policy = row->use = HK_NONE;
    return slot;
}

static uint32_t merchant_add(struct hk_engine *engine, uint64_t id)
{
    uint32_t slot = hk__directory_merchant_row(engine, id);
    hk_assert(hk_index_insert(&engine->merchant_index, hash_of(engine, &id, sizeof(id)), slot) ==
              0);
    hk__list_push(&engine->merchant_chain, slot);
    engine->stats.merchants++;
    if (id > engine->merchant_id_last)
        engine->merchant_id_last = id;
    return slot;
}

uint32_t hk__directory_merchant_set(struct hk_engine *engine, const struct hk_merchant *value)
{
    uint32_t slot = hk__directory_merchant(engine, value->id);
    if (slot == HK_NONE)
        slot = merchant_add(engine, value->id);
    struct hk_merchant copy;
    hk_merchant_clone(&copy, value);
    hk_merchant_fini(&hk__merchant(engine, slot)->value);
    hk__merchant(engine, slot)->value = copy;
    hk__policies_forget(engine, slot);
    return slot;
}

struct hk_merchant *hk__directory_merchant_change(struct hk_engine *engine, uint32_t slot)
{
    struct hk_merchant *value = &hk__merchant(engine, slot)->value;
    struct hk_merchant copy;
    hk_merchant_clone(&copy, value);
    hk__fifo_push(&engine->lent_merchants, value);
    *value = copy;
    return value;
}

struct hk_endpoint *hk__directory_endpoint_change(struct hk_engine *engine, uint32_t slot)
{
    struct hk_endpoint *value = &hk__endpoint(engine, slot)->value;
    struct hk_endpoint copy;
    hk_endpoint_clone(&copy, value);
    hk__fifo_push(&engine->lent_endpoints, value);
    *value = copy;
    return value;
}

void hk__directory_merchant_delete(struct hk_engine *engine, uint32_t slot)
{
    struct hk_merchant_row *row = hk__merchant(engine, slot);
    uint64_t id = row->value.id;
    row->is_deleted = true;
    while (row->keys.first != HK_NONE)
        hk__directory_key_delete(engine, row->keys.first);
    while (row->endpoints.first != HK_NONE)
        hk__directory_endpoint_delete(engine, row->endpoints.first);
    hk_index_remove(&engine->merchant_index, hash_of(engine, &id, sizeof(id)), slot);
    hk__snapshot_pass_merchant(engine, slot);
    hk__list_remove(&engine->merchant_chain, slot);
    hk__finish_orphan(engine, id);
    hk__policies_forget(engine, slot);
    engine->stats.merchants--;
    hk__finish_leave_merchant(engine, slot);
}

static uint32_t endpoint_add(struct hk_engine *engine, const struct hk_endpoint *value)
{
    uint32_t merchant = hk__directory_merchant(engine, value->merchant_id);
    if (merchant == HK_NONE)
        return HK_NONE;
    uint32_t slot = hk__take(&engine->endpoints);
    struct hk_endpoint_row *row = hk__endpoint(engine, slot);
    row->value.uuid = value->uuid;
    row->merchant = merchant;
    row->queue_first = row->queue_last = HK_NONE;
    uint64_t hash = hash_of(engine, &value->uuid, sizeof(value->uuid));
    hk_assert(hk_index_insert(&engine->endpoint_index, hash, slot) == 0);
    hk__list_push(&hk__merchant(engine, merchant)->endpoints, slot);
    engine->stats.endpoints++;
    return slot;
}

uint32_t hk__directory_endpoint_set(struct hk_engine *engine, const struct hk_endpoint *value)
{
    uint32_t slot = hk__directory_endpoint(engine, &value->uuid);
    if (slot == HK_NONE)
        slot = endpoint_add(engine, value);
    if (slot == HK_NONE)
        return HK_NONE;
    struct hk_endpoint copy;
    hk_endpoint_clone(&copy, value);
    hk_endpoint_fini(&hk__endpoint(engine, slot)->value);
    hk__endpoint(engine, slot)->value = copy;
    hk__queue_refresh(engine, slot);
    return slot;
}

void hk__directory_endpoint_delete(struct hk_engine *engine, uint32_t slot)
{
    struct hk_endpoint_row *row = hk__endpoint(engine, slot);
    uint64_t hash = hash_of(engine, &row->value.uuid, sizeof(row->value.uuid));
    hk__directory_endpoint_mark_deleted(engine, slot);
    hk_index_remove(&engine->endpoint_index, hash, slot);
    hk__list_remove(&hk__merchant(engine, row->merchant)->endpoints, slot);
    hk__queue_refresh(engine, slot);
    engine->stats.endpoints--;
    if (row->delivery_count > 0)
        hk__sweep_add(engine, slot);
    hk__finish_leave_endpoint(engine, slot);
}

void hk__directory_key_set(struct hk_engine *engine, const struct hk_key *value)
{
    uint32_t merchant = hk__directory_merchant(engine, value->merchant_id);
    if (merchant == HK_NONE || hk__directory_key(engine, value->digest) != HK_NONE)
        return;
    uint32_t slot = hk__take(&engine->keys);
    struct hk_key_row *row = hk_slots_row(&engine->keys, slot);
    row->value = *value;
    row->merchant = merchant;
    uint64_t hash = hash_of(engine, value->digest, sizeof(value->digest));
    hk_assert(hk_index_insert(&engine->key_index, hash, slot) == 0);
    hk__list_push(&hk__merchant(engine, merchant)->keys, slot);
}

void hk__directory_key_delete(struct hk_engine *engine, uint32_t slot)
{
    struct hk_key_row *row = hk_slots_row(&engine->keys, slot);
    uint64_t hash = hash_of(engine, row->value.digest, sizeof(row->value.digest));
    hk_index_remove(&engine->key_index, hash, slot);
    hk__list_remove(&hk__merchant(engine, row->merchant)->keys, slot);
    hk_slots_free(&engine->keys, slot);
}

void hk__directory_endpoint_publish(struct hk_engine *engine, uint32_t slot)
{
    const struct hk_endpoint *value = &hk__endpoint(engine, slot)->value;
    hk__append(engine, HK_RECORD_ENDPOINT)->endpoint = value;
    struct hk_command *command = hk_commands_add(engine->commands, HK_COMMAND_ENDPOINT_SET);
    command->endpoint_set.endpoint = hk_slots_id(&engine->endpoints, slot);
    command->endpoint_set.value = value;
}

void hk__directory_disable(struct hk_engine *engine, uint32_t slot)
{
    struct hk_endpoint_row *row = hk__endpoint(engine, slot);
    if (row->is_deleted || !row->value.enabled)
        return;
    row->value.enabled = false;
    row->value.updated_at = engine->now.wall;
    hk__directory_endpoint_publish(engine, slot);
    hk__queue_refresh(engine, slot);
}
