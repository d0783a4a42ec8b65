// SPDX-License-Identifier: Apache-2.0
/** Process: one hookd-policy worker as its parent sees it: started with posix_spawn (a fork would
 * copy the page tables of a large parent), the two ends of a socket pair, a pid to wait for.
 *
 * The worker finds its end as descriptor 0, standard error as it is, standard output as standard
 * error, tables from descriptor 3 on in the order of SETUP, nothing else; an empty environment, no
 * blocked or ignored signal, a process group of its own (a Ctrl-C is its parent's to handle). It
 * ends when its end of the socket says that the parent has gone. Thread: one at a time. */
#pragma once
#include "policy/scripts.h"
#include "policy/wire.h"

#include <sys/types.h>

/** A state that was not used for so long is dropped (design.md 7). */
#define HK_PROCESS_IDLE_MS 300000u
/** Longest text of hk_process_describe. */
#define HK_PROCESS_TEXT_MAX 96

struct hk_process {
    pid_t pid; /**< 0: none. */
    int fd;    /**< Our end; non-blocking, close-on-exec. -1: none. */
};

/** What a worker is told before its cage shuts. Borrowed. */
struct hk_process_setup {
    const char *worker_path;
    const struct hk_policy_options *policy;
    uint64_t plan_bytes_max;
    const struct hk_table *tables;
    uint32_t table_count;
};

/** Starts a worker and sends it SETUP; READY comes when its cage is shut. 0, or HK_ESTART and
 * HK_ENOMEM, which leave pid 0 and fd -1. */
HK_MUST_CHECK int hk_process_start(const struct hk_process_setup *setup, struct hk_process *process,
                                   struct hk_fault *fault);

/** Gets the CPU time that the worker has used, in microseconds; HK_ENOTFOUND when it has gone. */
HK_MUST_CHECK int hk_process_cpu(const struct hk_process *process, uint64_t *cpu_us);

/** Kills (if it still runs), waits for it, closes: pid 0, fd -1. Gets how it ended: the number of
 * the signal, or 0 and below: minus its exit status. */
int hk_process_end(struct hk_process *process);

/** Kills and closes without waiting: fd -1, pid stays until hk_process_reap. The memory of a large
 * worker takes its time to go. */
void hk_process_kill(struct hk_process *process);

/** Has a killed one gone? Then it leaves nothing behind and pid is 0. */
bool hk_process_reap(struct hk_process *process);

/** Writes how a worker ended, from what hk_process_end said: "was ended by SIGSEGV", "was ended by
 * its cage (SIGSYS)", "ended by itself with status 3". Returns `text`. */
const char *hk_process_describe(int ended, char text[HK_PROCESS_TEXT_MAX]);

/** Gets the path of hookd-policy: beside the running program if it is there, else where packages
 * put it. `path` has `size` bytes (PATH_MAX will do); returns `path`. */
const char *hk_process_worker_path(char *path, size_t size);
