// SPDX-License-Identifier: Apache-2.0
#include "base/slots.h"

#include "base/alloc.h"
#include "base/check.h"

#include <stddef.h>
#include <string.h>

#define CHUNK_SHIFT 12u
#define CHUNK_ROWS (1u << CHUNK_SHIFT)
#define CHUNK_MASK (CHUNK_ROWS - 1)
#define CHUNK_LIST_MIN 16u

/** A chunk: one generation for each row, then the rows. The generations live here, so that growth
 * never copies more than the list of chunks. */
struct hk_slots_chunk {
    uint32_t generations[CHUNK_ROWS];
    char rows[];
};

void hk_slots_init(struct hk_slots *slots, uint32_t row_bytes)
{
    hk_assert(row_bytes >= sizeof(uint32_t));
    *slots = (struct hk_slots){ .row_bytes = row_bytes, .free_first = HK_SLOT_NONE };
}

void hk_slots_fini(struct hk_slots *slots)
{
    for (uint32_t i = 0; i < slots->chunk_count; i++)
        hk_free(slots->chunks[i]);
    hk_free(slots->chunks);
    uint32_t row_bytes = slots->row_bytes;
    *slots = (struct hk_slots){ .row_bytes = row_bytes, .free_first = HK_SLOT_NONE };
}

static inline uint32_t *generation_of(const struct hk_slots *slots, uint32_t slot)
{
    return &slots->chunks[slot >> CHUNK_SHIFT]->generations[slot & CHUNK_MASK];
}

static inline char *row_of(const struct hk_slots *slots, uint32_t slot)
{
    return slots->chunks[slot >> CHUNK_SHIFT]->rows +
           (size_t)(slot & CHUNK_MASK) * slots->row_bytes;
}

static int chunk_add(struct hk_slots *slots)
{
    if (slots->chunk_count > HK_SLOT_NONE >> CHUNK_SHIFT)
        return HK_ENOMEM;
    if (slots->chunk_count == slots->chunk_capacity) {
        uint32_t capacity = slots->chunk_capacity != 0 ? slots->chunk_capacity * 2 : CHUNK_LIST_MIN;
        struct hk_slots_chunk **chunks = hk_realloc(slots->chunks, capacity, sizeof(*chunks));
        if (chunks == NULL)
            return HK_ENOMEM;
        slots->chunks = chunks;
        slots->chunk_capacity = capacity;
    }
    struct hk_slots_chunk *chunk =
        hk_alloc_zero(1, sizeof(*chunk) + (size_t)CHUNK_ROWS * slots->row_bytes);
    if (chunk == NULL)
        return HK_ENOMEM;
    slots->chunks[slots->chunk_count++] = chunk;
    return 0;
}

int hk_slots_take(struct hk_slots *slots, uint32_t *slot)
{
    uint32_t taken = slots->free_first;
    if (taken != HK_SLOT_NONE) {
        memcpy(&slots->free_first, row_of(slots, taken), sizeof(slots->free_first));
        memset(row_of(slots, taken), 0, slots->row_bytes);
    } else {
        if (slots->fresh == HK_SLOT_NONE)
            return HK_ENOMEM;
        if (slots->fresh >> CHUNK_SHIFT == slots->chunk_count) {
            int rc = chunk_add(slots);
            if (rc != 0)
                return rc;
        }
        taken = slots->fresh++;
    }
    // Even to odd; that stays true when the number wraps.
    (*generation_of(slots, taken))++;
    slots->count++;
    *slot = taken;
    return 0;
}

bool hk_slots_is_taken(const struct hk_slots *slots, uint32_t slot)
{
    return slot < slots->fresh && (*generation_of(slots, slot) & 1) != 0;
}

void hk_slots_free(struct hk_slots *slots, uint32_t slot)
{
    hk_assert(hk_slots_is_taken(slots, slot));
    (*generation_of(slots, slot))++;
    memcpy(row_of(slots, slot), &slots->free_first, sizeof(slots->free_first));
    slots->free_first = slot;
    slots->count--;
}

void *hk_slots_row(const struct hk_slots *slots, uint32_t slot)
{
    hk_assert(hk_slots_is_taken(slots, slot));
    return row_of(slots, slot);
}

uint64_t hk_slots_id(const struct hk_slots *slots, uint32_t slot)
{
    hk_assert(hk_slots_is_taken(slots, slot));
    return (uint64_t)*generation_of(slots, slot) << 32 | slot;
}

uint32_t hk_slots_find(const struct hk_slots *slots, uint64_t id)
{
    uint32_t slot = hk_id_slot(id);
    uint32_t generation = (uint32_t)(id >> 32);
    if (slot >= slots->fresh || (generation & 1) == 0)
        return HK_SLOT_NONE;
    return *generation_of(slots, slot) == generation ? slot : HK_SLOT_NONE;
}
