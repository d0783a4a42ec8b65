// SPDX-License-Identifier: Apache-2.0
/** Slots: a growing pool of equal rows, named by ids that go stale when a row is freed.
 *
 * An id is generation << 32 | slot; a generation is odd while its slot is taken, so 0 is no id. It
 * wraps after 2^31 uses of one slot. Rows stand in chunks of 4,096, so a row never
 * moves and growing copies nothing. Freed slots are used again, last freed first.
 * Rows are zeroed when taken. Thread: the owner's. */
#pragma once
#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>

/** Slot number that names nothing. */
#define HK_SLOT_NONE UINT32_MAX
#define HK_ID_NONE UINT64_C(0)

struct hk_slots_chunk;

struct hk_slots {
    struct hk_slots_chunk **chunks; /**< Each with the generations and the rows of its slots. */
    uint32_t chunk_count;
    uint32_t chunk_capacity;
    uint32_t row_bytes;
    uint32_t free_first; /**< List through the freed rows' first 4 bytes. */
    uint32_t fresh;      /**< Slots from here on were never taken. */
    uint32_t count;      /**< Taken now. */
};

/** Prepares a pool of rows of `row_bytes` (>= 4; rows follow each other at that distance, so give
 * the sizeof of a struct); allocates nothing. */
void hk_slots_init(struct hk_slots *slots, uint32_t row_bytes);
void hk_slots_fini(struct hk_slots *slots);

/** Takes a zeroed row; 0 or HK_ENOMEM. */
HK_MUST_CHECK int hk_slots_take(struct hk_slots *slots, uint32_t *slot);

/** Frees a taken row; ids of it are stale from now on. */
void hk_slots_free(struct hk_slots *slots, uint32_t slot);

/** Gets the row of a taken slot (asserted). */
void *hk_slots_row(const struct hk_slots *slots, uint32_t slot);

/** Is this slot taken? Any number may be asked. */
bool hk_slots_is_taken(const struct hk_slots *slots, uint32_t slot);

/** Gets the id of a taken slot. */
uint64_t hk_slots_id(const struct hk_slots *slots, uint32_t slot);

/** Gets the slot of an id, or HK_SLOT_NONE when it is stale or no id at all. */
uint32_t hk_slots_find(const struct hk_slots *slots, uint64_t id);

/** The slot half of an id, stale or not. */
static inline uint32_t hk_id_slot(uint64_t id)
{
    return (uint32_t)id;
}
