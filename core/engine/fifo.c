// SPDX-License-Identifier: Apache-2.0
#include "engine/fifo.h"

#include "base/alloc.h"
#include "base/check.h"

#include <string.h>

void hk__fifo_init(struct hk_fifo *fifo, uint32_t item_bytes)
{
    *fifo = (struct hk_fifo){ .item_bytes = item_bytes };
}

void hk__fifo_fini(struct hk_fifo *fifo)
{
    hk_free(fifo->items);
    *fifo = (struct hk_fifo){ .item_bytes = fifo->item_bytes };
}

static char *item_at(const struct hk_fifo *fifo, uint32_t place)
{
    uint32_t at = (fifo->first + place) & (fifo->capacity - 1);
    return fifo->items + (size_t)at * fifo->item_bytes;
}

static void grow(struct hk_fifo *fifo)
{
    struct hk_fifo larger = *fifo;
    larger.capacity = fifo->capacity ? fifo->capacity * 2 : 64;
    larger.first = 0;
    larger.items = hk_alloc_or_die((size_t)larger.capacity * fifo->item_bytes);
    for (uint32_t i = 0; i < fifo->count; i++)
        memcpy(item_at(&larger, i), item_at(fifo, i), fifo->item_bytes);
    hk_free(fifo->items);
    *fifo = larger;
}

void hk__fifo_push(struct hk_fifo *fifo, const void *item)
{
    if (fifo->count == fifo->capacity)
        grow(fifo);
    memcpy(item_at(fifo, fifo->count), item, fifo->item_bytes);
    fifo->count++;
}

void *hk__fifo_first(const struct hk_fifo *fifo)
{
    return fifo->count ? item_at(fifo, 0) : NULL;
}

void hk__fifo_pop(struct hk_fifo *fifo)
{
    hk_assert(fifo->count > 0);
    fifo->first = (fifo->first + 1) & (fifo->capacity - 1);
    fifo->count--;
}
