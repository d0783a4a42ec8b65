// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "path.h"

struct hk_sinker;

/** A long poll for a count. Put it into what waits; the owner links and unlinks it. */
struct hk_waiter {
    struct hk_waiter *next;
    struct hk_path *path; /**< NULL: the sum over all paths */
    size_t tally_offset;  /**< of the uint64_t in struct hk_path_tally that is waited for */
    uint64_t count;
    void (*on_reached)(struct hk_waiter *waiter);
};

/** True when the count is there already. */
int hk_waiter_is_reached(const struct hk_waiter *waiter, const struct hk_paths *paths);

void hk_waiter_add(struct hk_sinker *sinker, struct hk_waiter *waiter);

/** Does nothing for one that is not linked. */
void hk_waiter_remove(struct hk_sinker *sinker, struct hk_waiter *waiter);

/** Calls on_reached, after unlinking, of each that has its count. For whoever changes a tally. */
void hk_waiter_check(struct hk_sinker *sinker);
