// SPDX-License-Identifier: Apache-2.0
#include "engine/idempotency.h"

/* The key is a keyed hash already; the merchant only has to be mixed in. */
static uint64_t hash_of(uint64_t merchant_id, const uint64_t key[2])
{
    return key[0] ^ (merchant_id * UINT64_C(0x9e3779b97f4a7c15));
}

static uint32_t find(const struct hk_engine *engine, uint64_t merchant_id, const uint64_t key[2])
{
    struct hk_idempotency wanted = { .merchant_id = merchant_id, .key = { key[0], key[1] } };
    return hk_index_find(&engine->idempotency.index, hash_of(merchant_id, key), &wanted);
}

const struct hk_idempotency *hk__idempotency_find(const struct hk_engine *engine,
                                                  const struct hk_fact_accept *accept)
{
    uint32_t slot = find(engine, accept->merchant_id, accept->idempotency_key);
    if (slot == HK_INDEX_NONE)
        return NULL;
    const struct hk_idempotency *kept = hk_slots_row(&engine->idempotency.slots, slot);
    return kept->expires_at.ms > engine->now.wall.ms ? kept : NULL;
}

static void forget(struct hk_idempotency_keys *keys, uint32_t slot)
{
    const struct hk_idempotency *kept = hk_slots_row(&keys->slots, slot);
    hk_index_remove(&keys->index, hash_of(kept->merchant_id, kept->key), slot);
    hk_slots_free(&keys->slots, slot);
}

/* Looks at two of the oldest for each new one, so that the table shrinks as fast as it can grow. */
static void forget_old(struct hk_engine *engine)
{
    struct hk_idempotency_keys *keys = &engine->idempotency;
    for (int i = 0; i < 2; i++) {
        const uint64_t *id = hk__fifo_first(&keys->order);
        if (!id)
            return;
        uint32_t slot = hk_slots_find(&keys->slots, *id);
        if (slot != HK_NONE) {
            const struct hk_idempotency *oldest = hk_slots_row(&keys->slots, slot);
            bool is_over = keys->slots.count >= HK_IDEMPOTENCY_KEYS_MAX;
            if (!is_over && oldest->expires_at.ms > engine->now.wall.ms)
                return;
            forget(keys, slot);
        }
        hk__fifo_pop(&keys->order);
    }
}

void hk__idempotency_restore(struct hk_engine *engine, const struct hk_idempotency *kept)
{
    struct hk_idempotency_keys *keys = &engine->idempotency;
    uint32_t slot = find(engine, kept->merchant_id, kept->key);
    if (slot != HK_INDEX_NONE)
        forget(keys, slot);
    if (hk_slots_take(&keys->slots, &slot) != 0)
        return;
    *(struct hk_idempotency *)hk_slots_row(&keys->slots, slot) = *kept;
    if (hk_index_insert(&keys->index, hash_of(kept->merchant_id, kept->key), slot) != 0) {
        hk_slots_free(&keys->slots, slot);
        return;
    }
    uint64_t id = hk_slots_id(&keys->slots, slot);
    hk__fifo_push(&keys->order, &id);
}

void hk__idempotency_add(struct hk_engine *engine, const struct hk_fact_accept *accept)
{
    struct hk_idempotency kept = {
        .merchant_id = accept->merchant_id,
        .key = { accept->idempotency_key[0], accept->idempotency_key[1] },
        .body = accept->idempotency_body,
        .event = accept->id,
        .expires_at = { engine->now.wall.ms + HK_IDEMPOTENCY_MS },
    };
    forget_old(engine);
    hk__idempotency_restore(engine, &kept);
}
