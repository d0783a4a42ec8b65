// SPDX-License-Identifier: Apache-2.0
#include "deliver/transfers.h"

#include "base/alloc.h"
#include "base/check.h"

static void on_moved(void *owner, uint32_t item, uint32_t position)
{
    struct hk_transfers *transfers = owner;
    transfers->items[item]->place = position;
}

void hk_transfers_init(struct hk_transfers *transfers, const struct hk_settings *settings,
                       struct hk_multi *multi, struct hk_targets *targets)
{
    *transfers = (struct hk_transfers){ .settings = settings, .multi = multi, .targets = targets };
    hk_heap_init(&transfers->deadlines, on_moved, transfers);
}

void hk_transfers_fini(struct hk_transfers *transfers)
{
    for (uint32_t i = 0; i < transfers->count; i++) {
        struct hk_transfer *transfer = transfers->items[i];
        if (transfer->state != HK_TRANSFER_FREE)
            hk_transfer_end(transfer, transfers->targets);
        hk_transfer_free(transfer);
    }
    hk_heap_fini(&transfers->deadlines);
    hk_free(transfers->items);
    transfers->items = NULL;
    transfers->count = transfers->capacity = 0;
    transfers->free_first = NULL;
}

static struct hk_transfer *make(struct hk_transfers *transfers)
{
    if (transfers->count == transfers->capacity) {
        uint32_t capacity = transfers->capacity != 0 ? transfers->capacity * 2 : 32;
        struct hk_transfer **items =
            hk_realloc(transfers->items, capacity, sizeof(struct hk_transfer *));
        if (items == NULL)
            return NULL;
        transfers->items = items;
        transfers->capacity = capacity;
    }
    struct hk_transfer *transfer = hk_transfer_new(transfers->settings, transfers->multi,
                                                   transfers->targets->share, transfers->count);
    if (transfer != NULL) {
        transfer->place = HK_HEAP_NOWHERE;
        transfers->items[transfers->count++] = transfer;
    }
    return transfer;
}

struct hk_transfer *hk_transfers_take(struct hk_transfers *transfers,
                                      const struct hk_command_start_attempt *start,
                                      struct hk_route *route, struct hk_now now)
{
    struct hk_transfer *transfer = transfers->free_first;
    if (transfer == NULL)
        transfer = make(transfers);
    else
        transfers->free_first = transfer->next;
    if (transfer == NULL)
        return NULL;
    transfer->next = NULL;
    hk_transfer_begin(transfer, start, route, now);
    int64_t due_ns = hk_transfer_deadline(transfer).ns;
    if (hk_heap_push(&transfers->deadlines, due_ns, transfer->number) == 0)
        return transfer;
    transfer->start.body = transfer->start.own = NULL; // stay the caller's
    hk_transfers_put(transfers, transfer);
    return NULL;
}

void hk_transfers_put(struct hk_transfers *transfers, struct hk_transfer *transfer)
{
    if (transfer->place != HK_HEAP_NOWHERE)
        hk_heap_remove(&transfers->deadlines, transfer->place);
    hk_transfer_end(transfer, transfers->targets);
    transfer->next = transfers->free_first;
    transfers->free_first = transfer;
}

struct hk_mono hk_transfers_due(const struct hk_transfers *transfers)
{
    const struct hk_heap_entry *first = hk_heap_peek(&transfers->deadlines);
    return first != NULL ? (struct hk_mono){ first->key } : HK_MONO_NEVER;
}

struct hk_transfer *hk_transfers_first(const struct hk_transfers *transfers)
{
    const struct hk_heap_entry *first = hk_heap_peek(&transfers->deadlines);
    hk_assert(first != NULL);
    return transfers->items[first->item];
}
