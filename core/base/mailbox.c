// SPDX-License-Identifier: Apache-2.0
#include "base/mailbox.h"

#include "base/alloc.h"
#include "base/check.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define MAILBOX_CAPACITY_MIN 64

void hk_mailbox_init(struct hk_mailbox *box, size_t item_bytes, hk_mailbox_wake_fn wake,
                     void *waker)
{
    pthread_condattr_t attributes;
    hk_assert(item_bytes > 0);
    *box = (struct hk_mailbox){ .item_bytes = item_bytes, .wake = wake, .waker = waker };
    hk_assert(pthread_mutex_init(&box->lock, NULL) == 0);
    hk_assert(pthread_condattr_init(&attributes) == 0);
    hk_assert(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    hk_assert(pthread_cond_init(&box->filled, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
}

void hk_mailbox_fini(struct hk_mailbox *box)
{
    hk_assert(pthread_cond_destroy(&box->filled) == 0);
    hk_assert(pthread_mutex_destroy(&box->lock) == 0);
    hk_free(box->items);
    hk_free(box->taken);
    box->items = NULL;
    box->taken = NULL;
    box->count = 0;
    box->capacity = 0;
    box->taken_capacity = 0;
}

static void box_lock(struct hk_mailbox *box)
{
    hk_assert(pthread_mutex_lock(&box->lock) == 0);
}

static void box_unlock(struct hk_mailbox *box)
{
    hk_assert(pthread_mutex_unlock(&box->lock) == 0);
}

/** Makes room for `more` items. What is pushed has happened already and cannot be refused, so no
 * memory ends the process; bounds on what is under way keep a box small. */
static void make_room(struct hk_mailbox *box, size_t more)
{
    if (more <= box->capacity - box->count)
        return;
    size_t capacity = box->capacity != 0 ? box->capacity : MAILBOX_CAPACITY_MIN;
    while (capacity - box->count < more) {
        hk_assert(capacity <= SIZE_MAX / 2);
        capacity *= 2;
    }
    box->items = hk_realloc_or_die(box->items, capacity, box->item_bytes);
    box->capacity = capacity;
}

/** Tells the taker, without the lock, so that it does not wake just to wait for it. */
static void wake_taker(struct hk_mailbox *box)
{
    if (box->wake != NULL)
        box->wake(box->waker);
    else
        pthread_cond_signal(&box->filled);
}

void hk_mailbox_push(struct hk_mailbox *box, const void *items, size_t count)
{
    if (count == 0)
        return;
    box_lock(box);
    bool was_empty = box->count == 0;
    make_room(box, count);
    memcpy(box->items + box->count * box->item_bytes, items, count * box->item_bytes);
    box->count += count;
    box_unlock(box);
    if (was_empty)
        wake_taker(box);
}

/** Swaps the filled buffer with the one that the taker is done with. Under the lock. */
static size_t swap_batch(struct hk_mailbox *box, void **items)
{
    size_t count = box->count;
    if (count == 0)
        return 0;
    char *batch = box->items;
    size_t batch_capacity = box->capacity;
    box->items = box->taken;
    box->capacity = box->taken_capacity;
    box->count = 0;
    box->taken = batch;
    box->taken_capacity = batch_capacity;
    *items = batch;
    return count;
}

size_t hk_mailbox_take(struct hk_mailbox *box, void **items)
{
    box_lock(box);
    size_t count = swap_batch(box, items);
    box_unlock(box);
    return count;
}

static struct timespec deadline_after(int timeout_ms)
{
    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    due.tv_sec += timeout_ms / 1000;
    due.tv_nsec += timeout_ms % 1000 * HK_NS_PER_MS;
    if (due.tv_nsec >= 1000 * HK_NS_PER_MS) {
        due.tv_sec++;
        due.tv_nsec -= 1000 * HK_NS_PER_MS;
    }
    return due;
}

size_t hk_mailbox_wait(struct hk_mailbox *box, int timeout_ms, void **items)
{
    struct timespec due = { 0 };
    int rc = 0;
    hk_assert(box->wake == NULL);
    if (timeout_ms >= 0)
        due = deadline_after(timeout_ms);
    box_lock(box);
    while (box->count == 0 && !box->closed && rc == 0) {
        if (timeout_ms < 0)
            rc = pthread_cond_wait(&box->filled, &box->lock);
        else
            rc = pthread_cond_timedwait(&box->filled, &box->lock, &due);
    }
    hk_assert(rc == 0 || rc == ETIMEDOUT);
    size_t count = swap_batch(box, items);
    box_unlock(box);
    return count;
}

void hk_mailbox_close(struct hk_mailbox *box)
{
    box_lock(box);
    box->closed = true;
    box_unlock(box);
    wake_taker(box);
}

bool hk_mailbox_is_closed(struct hk_mailbox *box)
{
    box_lock(box);
    bool is_closed = box->closed;
    box_unlock(box);
    return is_closed;
}
