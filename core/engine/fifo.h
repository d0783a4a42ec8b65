// SPDX-License-Identifier: Apache-2.0
/** Fifo: a growing ring of plain items of one size; in at one end, out at the other.
 * Thread: the owner's. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct hk_fifo {
    char *items;
    uint32_t item_bytes;
    uint32_t first;
    uint32_t count;
    uint32_t capacity; /**< 0 or a power of two. */
};

void hk__fifo_init(struct hk_fifo *fifo, uint32_t item_bytes);
void hk__fifo_fini(struct hk_fifo *fifo);

/** Adds a copy of `item`; ends the process when out of memory: what is queued here is promised. */
void hk__fifo_push(struct hk_fifo *fifo, const void *item);

/** Gets the first item, or NULL; it dies with the next push or pop. */
void *hk__fifo_first(const struct hk_fifo *fifo);

/** Removes the first item; there is one. */
void hk__fifo_pop(struct hk_fifo *fifo);
