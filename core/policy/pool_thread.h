// SPDX-License-Identifier: Apache-2.0
/** Thread of the pool: a libuv loop that takes tasks and editions, gives them to workers, and hands
 * facts over.
 *
 * It works at its own pace: once a loop iteration, after everything that came was read, it takes
 * all messages, looks after the workers if a tick is due, sends, and hands all facts over in one
 * call. Thread: hk_pool_thread_push and _status from any, the others are the pool's owner's. */
#pragma once
#include "policy/pool.h"
#include "policy/pool_shelf.h"

enum hk_pool_message_kind { HK_POOL_TASK = 1, HK_POOL_EDITION, HK_POOL_RETIRE };

struct hk_pool_message {
    enum hk_pool_message_kind kind;
    union {
        struct hk_pool_task *own_task;
        struct hk_pool_edition *own_edition;
    };
};

struct hk_pool_thread;

struct hk_pool_thread_setup {
    const char *worker_path; /**< Borrowed until the stop. */
    void (*facts)(void *arg, const struct hk_fact *facts, uint32_t count);
    void *arg;
};

/** HK_ENOMEM or HK_EIO. */
HK_MUST_CHECK int hk_pool_thread_start(const struct hk_pool_thread_setup *setup,
                                       struct hk_pool_thread **thread);

/** Moves messages in, in order. */
void hk_pool_thread_push(struct hk_pool_thread *thread, const struct hk_pool_message *messages,
                         size_t count);

void hk_pool_thread_status(struct hk_pool_thread *thread, struct hk_pool_status *status);

/** Ends the workers, forgets the tasks, joins, frees. */
void hk_pool_thread_stop(struct hk_pool_thread *thread);

/** Frees what a message owns. */
void hk_pool_message_fini(const struct hk_pool_message *message);
