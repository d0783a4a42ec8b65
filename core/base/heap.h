// SPDX-License-Identifier: Apache-2.0
/** Heap: a 4-ary min-heap of (key, item) with removal by position (limits.md section 6: 8.6 ns an
 * insert, 159 ns a pop at a million entries).
 *
 * The owner of the items keeps each one's position; the heap tells it through `moved`. Items with
 * equal keys leave in the order of their items' numbers. Memory: 16 bytes an entry.
 * Thread: the owner's. */
#pragma once
#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>

/** Where an item stands that is in no heap. */
#define HK_HEAP_NOWHERE UINT32_MAX

/** Told whenever `item` gets a new `position` (HK_HEAP_NOWHERE when it leaves). */
typedef void (*hk_heap_moved_fn)(void *owner, uint32_t item, uint32_t position);

struct hk_heap_entry {
    int64_t key;
    uint32_t item;
    uint32_t zero;
};

struct hk_heap {
    struct hk_heap_entry *entries;
    uint32_t count;
    uint32_t capacity;
    hk_heap_moved_fn moved;
    void *owner;
};

void hk_heap_init(struct hk_heap *heap, hk_heap_moved_fn moved, void *owner);
void hk_heap_fini(struct hk_heap *heap);

/** Adds an item; 0 or HK_ENOMEM. */
HK_MUST_CHECK int hk_heap_push(struct hk_heap *heap, int64_t key, uint32_t item);

/** Takes the entry with the least key into `entry`; false when empty. */
bool hk_heap_pop(struct hk_heap *heap, struct hk_heap_entry *entry);

/** Removes the entry at `position` (asserted to be in the heap). */
void hk_heap_remove(struct hk_heap *heap, uint32_t position);

/** Gets the least entry without taking it, or NULL. Dies with the next change. */
static inline const struct hk_heap_entry *hk_heap_peek(const struct hk_heap *heap)
{
    return heap->count ? &heap->entries[0] : NULL;
}
