// SPDX-License-Identifier: Apache-2.0
/** Mailbox: how threads talk. Many senders, one taker; a batch is swapped under a mutex.
 *
 * Items are plain structs of one size, copied in. The taker is woken once when the box goes from
 * empty to not empty, through `wake` (a loop's async handle, or the box's own condition when wake
 * is NULL). Order is kept for each sender. Thread: push from any, take from one. */
#pragma once
#include "base/fault.h"
#include "base/moment.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

typedef void (*hk_mailbox_wake_fn)(void *waker);

struct hk_mailbox {
    pthread_mutex_t lock;
    pthread_cond_t filled; /**< On CLOCK_MONOTONIC. */
    char *items;
    size_t item_bytes, count, capacity;
    char *taken; /**< The batch that the taker works on. */
    size_t taken_capacity;
    hk_mailbox_wake_fn wake;
    void *waker;
    bool closed;
};

void hk_mailbox_init(struct hk_mailbox *box, size_t item_bytes, hk_mailbox_wake_fn wake,
                     void *waker);

/** Frees the box; items that are still inside are the owner's to take before. */
void hk_mailbox_fini(struct hk_mailbox *box);

/** Copies `count` items in and wakes the taker if the box was empty. `wake` is called without the
 * lock: senders are joined before the box goes. A closed box still takes items. */
void hk_mailbox_push(struct hk_mailbox *box, const void *items, size_t count);

/** Takes all there is; gets the count and, unless that is 0, in `items` memory that is valid until
 * the next take or wait. */
size_t hk_mailbox_take(struct hk_mailbox *box, void **items);

/** Like take, but waits until there is something, until `timeout_ms` (< 0: for ever) has gone by,
 * or until the box is closed; 0 when nothing came. Only with wake == NULL. */
size_t hk_mailbox_wait(struct hk_mailbox *box, int timeout_ms, void **items);

/** Wakes the taker (also through `wake`) for good. */
void hk_mailbox_close(struct hk_mailbox *box);

/** Has the box been closed? */
bool hk_mailbox_is_closed(struct hk_mailbox *box);
