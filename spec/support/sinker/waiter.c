// SPDX-License-Identifier: Apache-2.0
#include "waiter.h"

#include "sinker.h"

int hk_waiter_is_reached(const struct hk_waiter *waiter, const struct hk_paths *paths)
{
    struct hk_path_tally tally = waiter->path != NULL ? waiter->path->tally : hk_path_total(paths);
    const uint64_t *count = (const uint64_t *)(const void *)((char *)&tally + waiter->tally_offset);
    return *count >= waiter->count;
}

void hk_waiter_add(struct hk_sinker *sinker, struct hk_waiter *waiter)
{
    waiter->next = sinker->waiters;
    sinker->waiters = waiter;
}

void hk_waiter_remove(struct hk_sinker *sinker, struct hk_waiter *waiter)
{
    for (struct hk_waiter **link = &sinker->waiters; *link != NULL; link = &(*link)->next) {
        if (*link == waiter) {
            *link = waiter->next;
            return;
        }
    }
}

void hk_waiter_check(struct hk_sinker *sinker)
{
    struct hk_waiter *waiter = sinker->waiters;
    while (waiter != NULL) {
        struct hk_waiter *next = waiter->next;
        if (hk_waiter_is_reached(waiter, &sinker->paths)) {
            hk_waiter_remove(sinker, waiter);
            waiter->on_reached(waiter);
        }
        waiter = next;
    }
}
