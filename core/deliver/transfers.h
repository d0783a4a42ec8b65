// SPDX-License-Identifier: Apache-2.0
/** Transfers: a thread's pool of them, with the deadlines of those that are under way.
 * The pool grows to what was needed at once and keeps it; the one that was freed last is taken
 * first, because its memory is warm. Thread: the delivery thread. */
#pragma once
#include "base/heap.h"
#include "deliver/transfer.h"

struct hk_transfers {
    const struct hk_settings *settings;
    struct hk_multi *multi;
    struct hk_targets *targets;
    struct hk_transfer **items; /**< By their number. */
    uint32_t count, capacity;
    struct hk_transfer *free_first;
    struct hk_heap deadlines; /**< In ns, of those that are not free. */
};

void hk_transfers_init(struct hk_transfers *transfers, const struct hk_settings *settings,
                       struct hk_multi *multi, struct hk_targets *targets);

/** Cuts what is under way and frees all; nobody may wait in a target's list. */
void hk_transfers_fini(struct hk_transfers *transfers);

/** Takes one for the attempt and sets its deadline. NULL when out of memory; the body's reference
 * is then still the caller's. */
struct hk_transfer *hk_transfers_take(struct hk_transfers *transfers,
                                      const struct hk_command_start_attempt *start,
                                      struct hk_route *route, struct hk_now now);

/** Ends one that is over and puts it back. */
void hk_transfers_put(struct hk_transfers *transfers, struct hk_transfer *transfer);

/** Gets the next deadline; HK_MONO_NEVER when nothing is under way. */
struct hk_mono hk_transfers_due(const struct hk_transfers *transfers);

/** Gets the transfer with the next deadline; something must be under way. */
struct hk_transfer *hk_transfers_first(const struct hk_transfers *transfers);
