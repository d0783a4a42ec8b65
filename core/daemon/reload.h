// SPDX-License-Identifier: Apache-2.0
/** Reload: who asks for one, one at a time, off the main thread.
 *
 * ```
 *   idle --ask--> running --done--> idle          what is asked for meanwhile is one more reload,
 *                    '--ask--> running, wanted    begun after it: nobody is answered by one that
 *                                                 began before he asked
 * ```
 * Thread: the loop's, but for hk_reload_ask. */
#pragma once
#include "base/mailbox.h"
#include "daemon/candidate.h"

#include <uv.h>

struct hk_reload;

struct hk_reload_events {
    /** What is in use now; asked before each reload begins, which takes a reference of the scripts.
     * The config must stay until the reload ended or hk_reload_free. On the loop's thread. */
    void (*begins)(void *arg, struct hk_candidate_setup *setup);
    /** A reload has read and checked everything. The callback takes what it wants of the candidate
     * (and sets that NULL). `tokens` are of those who asked, to be told. On the loop's thread. */
    void (*ended)(void *arg, struct hk_candidate *candidate, const uint64_t *tokens,
                  uint32_t count);
    void *arg;
};

/** Token of one who needs no answer: a signal. */
#define HK_RELOAD_NOBODY UINT64_MAX

/** Makes one on a loop. */
struct hk_reload *hk_reload_new(uv_loop_t *loop, const struct hk_reload_events *events);

/** Asks for a reload. Thread: any. */
void hk_reload_ask(struct hk_reload *reload, uint64_t token);

/** Logs what a reload came to. */
void hk_reload_say(const struct hk_reload_report *report);

/** Takes no more and calls nobody any more. The loop must run once more until it ends; then
 * hk_reload_free. */
void hk_reload_stop(struct hk_reload *reload);
void hk_reload_free(struct hk_reload *reload);
