// SPDX-License-Identifier: Apache-2.0
/** Pool: the policy hand. One thread with a libuv loop starts caged workers, feeds them the
 * engine's runs, and reports facts; it kills the ones that hang and starts others.
 *
 * Which merchant goes to which worker: by hash of its id. Each worker gets frames in order of
 * hk_pool_run; the engine bounds how many are out. A worker that has not answered for `kill_ms`
 * while work is out, and has used CPU in that time (its own CPU clock says so), is killed: the run
 * it was at fails as KILLED, the others are sent again to its successor, those of the same merchant
 * last; when a merchant has ended HK_POLICY_KILLS_MAX workers in a row, what else of it waits fails
 * as UNAVAILABLE. A worker that dies by
 * itself likewise. A worker that cannot start is tried again after 0.1 s, 0.2 s, ... 5 s; what
 * waits for it for longer than `kill_ms` fails as UNAVAILABLE. Exactly one fact comes of each run,
 * whatever happens. Thread: every function is the shell's, hk_pool_status anybody's; `facts` is
 * called on the pool's thread. */
#pragma once
#include "base/moment.h"
#include "model/fact.h"
#include "policy/scripts.h"

struct hk_pool;

struct hk_pool_options {
    const char *worker_path;
    struct hk_policy_options policy;
    uint64_t plan_bytes_max;
    struct hk_scripts *scripts; /**< The first set; the pool takes a reference. */
    /** Facts for the engine; moved out. On the pool's thread. */
    void (*facts)(void *arg, const struct hk_fact *facts, uint32_t count);
    void *arg;
};

HK_MUST_CHECK int hk_pool_start(const struct hk_pool_options *options, struct hk_pool **pool,
                                struct hk_fault *fault);

/** Carries out HK_COMMAND_RUN_POLICY: encodes it now, while its pointers are good. */
void hk_pool_run(struct hk_pool *pool, const struct hk_policy_run *run);

/** Makes the scripts of a new set known, beside the ones in use; runs may name either's generations
 * until hk_pool_retire. With changed tables or options, new workers take the runs from here on and
 * the old ones end when nothing is out on them. The pool takes a reference. */
void hk_pool_swap(struct hk_pool *pool, const struct hk_policy_options *policy,
                  uint64_t plan_bytes_max, struct hk_scripts *scripts);

/** The engine names only generations of the newest set from here on: older ones go when nothing of
 * them is out. */
void hk_pool_retire(struct hk_pool *pool);

/** Hands over what was said since the last flush: one wake-up. */
void hk_pool_flush(struct hk_pool *pool);

/** How the workers are. */
struct hk_pool_status {
    uint32_t workers_wanted, workers_running;
    uint64_t restarts; /**< Starts that followed a worker's end or a start that failed. */
    /** Why the last worker that ended did, or could not be started; empty: none did. Stays when
     * another one runs. */
    char error[512];
};

void hk_pool_status(struct hk_pool *pool, struct hk_pool_status *status);

/** Ends the workers and the thread; runs that are out are forgotten. Frees. */
void hk_pool_stop(struct hk_pool *pool);
