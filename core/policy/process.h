// SPDX-License-Identifier: Apache-2.0
/** Process: one hookd-policy worker as its parent sees it: started with posix_spawn (a fork would
 * copy the page tables of a large parent), the two ends of a socket pair, a pid to wait for.
 *
 * The worker finds its end as descriptor 0, standard error as it is, tables from descriptor 3 on,
 * nothing else, and an empty environment. */
#pragma once
#include "policy/scripts.h"
#include "policy/wire.h"

#include <sys/types.h>

struct hk_process {
    pid_t pid;
    int fd; /**< Our end; non-blocking, close-on-exec. -1: none. */
};

/** What a worker is told before its cage shuts. */
struct hk_process_setup {
    const char *worker_path;
    const struct hk_policy_options *policy;
    uint64_t plan_bytes_max;
    const struct hk_table *tables;
    uint32_t table_count;
};

/** Starts a worker and sends it SETUP; READY comes when its cage is shut. HK_ESTART. */
HK_MUST_CHECK int hk_process_start(const struct hk_process_setup *setup, struct hk_process *process,
                                   struct hk_fault *fault);

/** Gets the CPU time that the worker has used, in microseconds; HK_ENOTFOUND when it has gone. */
HK_MUST_CHECK int hk_process_cpu(const struct hk_process *process, uint64_t *cpu_us);

/** Kills (if it still runs), waits for it, closes. Gets the signal that ended it, or 0. */
int hk_process_end(struct hk_process *process);

/** Gets the path of hookd-policy: beside the running program if it is there, else where packages
 * put it. `path` has PATH_MAX bytes; returns `path`. */
const char *hk_process_worker_path(char *path, size_t size);
