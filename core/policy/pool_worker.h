// SPDX-License-Identifier: Apache-2.0
/** Worker of the pool: one place for a worker process, and the tasks that are its merchants'.
 *
 * ```
 *            start                READY
 *  WAITING -------> STARTING ---------> RUNNING
 *     ^                |  ended, killed    |
 *     '----------------+-------------------'     (at once, or after the back-off)
 * ```
 * Tasks are answered in the order in which they were sent; the first one is what the process is
 * at. When it ends, that one has failed, and the others are sent again to the next process.
 * Thread: the pool's. */
#pragma once
#include "policy/pool_facts.h"
#include "policy/pool_known.h"
#include "policy/pool_line.h"

/** What all workers share. */
struct hk_pool_desk {
    uv_loop_t *loop;
    struct hk_pool_facts facts;
    struct hk_process *dying; /**< Killed, not gone yet. */
    uint32_t dying_count, dying_capacity;
    uint64_t restarts;
    char error[512];       /**< Why the last one ended, or could not be started. */
    bool has_idle_scripts; /**< The last task of a retired script is done. */
};

enum hk_pool_worker_state { HK_POOL_WAITING, HK_POOL_STARTING, HK_POOL_RUNNING };

struct hk_pool_worker {
    struct hk_pool_desk *desk;
    const struct hk_process_setup *setup;
    uint32_t kill_ms;
    enum hk_pool_worker_state state;
    struct hk_pool_line line;
    struct hk_pool_task *first, *last; /**< All that it has to answer. */
    struct hk_pool_task *unsent;       /**< The first of them that is not queued on the line. */
    struct hk_pool_known known;        /**< Scripts that the process was told. */

    uint64_t answers; /**< Since its process started; READY counts. */
    bool is_watched;  /**< It has work; the next three are as of when that began or an answer was
                           seen last. */
    uint64_t seen_answers;
    uint64_t since_ms;
    uint64_t since_cpu_us;

    uint64_t ready_at_ms;
    uint32_t backoff_ms; /**< 0: the last start was a good one. */
    uint64_t due_ms;     /**< With WAITING: when it is started. */
    bool was_started;
};

void hk_pool_worker_init(struct hk_pool_worker *worker, struct hk_pool_desk *desk,
                         const struct hk_process_setup *setup);

/** Kills, forgets the tasks, frees. */
void hk_pool_worker_fini(struct hk_pool_worker *worker);

/** Moves a task in. Sent with the next hk_pool_worker_push. */
void hk_pool_worker_give(struct hk_pool_worker *worker, struct hk_pool_task *own_task);

/** A script will not be named again: the process may forget it. */
void hk_pool_worker_forget(struct hk_pool_worker *worker, uint32_t number);

/** Starts the process when it is due, sends what can be sent. */
void hk_pool_worker_push(struct hk_pool_worker *worker);

/** Looks after it: kills it when it is silent, fails what waited too long. To be called often while
 * hk_pool_worker_is_quiet says no, after what came was heard. */
void hk_pool_worker_tick(struct hk_pool_worker *worker);

/** Does nothing happen unless there is work? */
bool hk_pool_worker_is_quiet(const struct hk_pool_worker *worker);

/** Frees a task; its script may have had its last one. */
void hk_pool_worker_drop_task(struct hk_pool_desk *desk, struct hk_pool_task *own_task);
