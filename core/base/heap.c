// SPDX-License-Identifier: Apache-2.0
#include "base/heap.h"

#include "base/alloc.h"
#include "base/check.h"

#include <stddef.h>

#define HEAP_CAPACITY_MIN 64u
#define HEAP_ARITY 4u

void hk_heap_init(struct hk_heap *heap, hk_heap_moved_fn moved, void *owner)
{
    *heap = (struct hk_heap){ .moved = moved, .owner = owner };
}

void hk_heap_fini(struct hk_heap *heap)
{
    hk_free(heap->entries);
    heap->entries = NULL;
    heap->count = 0;
    heap->capacity = 0;
}

static inline bool is_before(const struct hk_heap_entry *a, const struct hk_heap_entry *b)
{
    return a->key < b->key || (a->key == b->key && a->item < b->item);
}

static inline void place(struct hk_heap *heap, uint32_t position, struct hk_heap_entry entry)
{
    heap->entries[position] = entry;
    heap->moved(heap->owner, entry.item, position);
}

/** Moves `entry`, whose place would be `position`, towards the root and puts it down. */
static void sift_up(struct hk_heap *heap, uint32_t position, struct hk_heap_entry entry)
{
    while (position > 0) {
        uint32_t parent = (position - 1) / HEAP_ARITY;
        if (!is_before(&entry, &heap->entries[parent]))
            break;
        place(heap, position, heap->entries[parent]);
        position = parent;
    }
    place(heap, position, entry);
}

/** Gets the position of the least child, or `heap->count` when there is none. */
static uint32_t least_child(const struct hk_heap *heap, uint32_t position)
{
    uint64_t first = (uint64_t)position * HEAP_ARITY + 1;
    if (first >= heap->count)
        return heap->count;
    uint64_t end = first + HEAP_ARITY < heap->count ? first + HEAP_ARITY : heap->count;
    uint32_t least = (uint32_t)first;
    for (uint32_t child = least + 1; child < end; child++) {
        if (is_before(&heap->entries[child], &heap->entries[least]))
            least = child;
    }
    return least;
}

static void sift_down(struct hk_heap *heap, uint32_t position, struct hk_heap_entry entry)
{
    for (;;) {
        uint32_t child = least_child(heap, position);
        if (child == heap->count || !is_before(&heap->entries[child], &entry))
            break;
        place(heap, position, heap->entries[child]);
        position = child;
    }
    place(heap, position, entry);
}

static int grow(struct hk_heap *heap)
{
    // The last number means "nowhere", so it can be no position.
    if (heap->capacity == HK_HEAP_NOWHERE)
        return HK_ENOMEM;
    uint32_t capacity = heap->capacity < HK_HEAP_NOWHERE / 2 ? heap->capacity * 2 : HK_HEAP_NOWHERE;
    if (capacity < HEAP_CAPACITY_MIN)
        capacity = HEAP_CAPACITY_MIN;
    struct hk_heap_entry *entries = hk_realloc(heap->entries, capacity, sizeof(*entries));
    if (entries == NULL)
        return HK_ENOMEM;
    heap->entries = entries;
    heap->capacity = capacity;
    return 0;
}

int hk_heap_push(struct hk_heap *heap, int64_t key, uint32_t item)
{
    if (heap->count == heap->capacity) {
        int rc = grow(heap);
        if (rc != 0)
            return rc;
    }
    sift_up(heap, heap->count++, (struct hk_heap_entry){ .key = key, .item = item });
    return 0;
}

void hk_heap_remove(struct hk_heap *heap, uint32_t position)
{
    hk_assert(position < heap->count);
    uint32_t item = heap->entries[position].item;
    struct hk_heap_entry last = heap->entries[--heap->count];
    if (position < heap->count) {
        // The last entry comes from another branch, so it may belong above or below the hole.
        uint32_t parent = (position - 1) / HEAP_ARITY;
        if (position > 0 && is_before(&last, &heap->entries[parent]))
            sift_up(heap, position, last);
        else
            sift_down(heap, position, last);
    }
    heap->moved(heap->owner, item, HK_HEAP_NOWHERE);
}

bool hk_heap_pop(struct hk_heap *heap, struct hk_heap_entry *entry)
{
    if (heap->count == 0)
        return false;
    *entry = heap->entries[0];
    hk_heap_remove(heap, 0);
    return true;
}
