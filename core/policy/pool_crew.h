// SPDX-License-Identifier: Apache-2.0
/** Crew: the workers of one set of options and tables. A reload that changes these starts another
 * crew; the one before ends when its tasks are done. Thread: the pool's. */
#pragma once
#include "policy/pool_worker.h"

/** What comes with a reload. */
struct hk_pool_edition {
    struct hk_scripts *scripts; /**< One reference. */
    uint32_t *numbers;          /**< Of the scripts, in their order. 0: it never loaded. */
    bool has_new_crew;
    struct hk_policy_options policy;
    uint64_t plan_bytes_max;
};

/** Frees an edition with its reference; NULL is fine. */
void hk_pool_edition_free(struct hk_pool_edition *edition);

struct hk_pool_crew {
    struct hk_pool_crew *older;
    struct hk_scripts *scripts; /**< Whose tables they have; one reference. */
    struct hk_policy_options policy;
    struct hk_process_setup setup;
    struct hk_pool_worker *workers;
    uint32_t worker_count;
};

/** Makes a crew of the edition's options and tables; `worker_path` is borrowed. Ends the process
 * when out of memory. */
struct hk_pool_crew *hk_pool_crew_new(struct hk_pool_desk *desk, const char *worker_path,
                                      const struct hk_pool_edition *edition);

/** Kills the workers, forgets their tasks, frees. */
void hk_pool_crew_free(struct hk_pool_crew *crew);

/** Gets the worker of a merchant. */
struct hk_pool_worker *hk_pool_crew_worker(struct hk_pool_crew *crew, uint64_t merchant_id);

/** Each does it with all workers. */
void hk_pool_crew_tick(struct hk_pool_crew *crew);
void hk_pool_crew_push(struct hk_pool_crew *crew);
void hk_pool_crew_forget(struct hk_pool_crew *crew, uint32_t number);

/** Are all of them quiet? */
bool hk_pool_crew_is_quiet(const struct hk_pool_crew *crew);
/** Has none of them a task? */
bool hk_pool_crew_is_done(const struct hk_pool_crew *crew);
/** Gets how many run. */
uint32_t hk_pool_crew_running(const struct hk_pool_crew *crew);
