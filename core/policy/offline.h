// SPDX-License-Identifier: Apache-2.0
/** Offline: one worker, asked one thing at a time, each answer waited for. For hookctl, for
 * `hookd check` and for the check of a reload; never on a loop's thread. */
#pragma once
#include "policy/process.h"

struct hk_offline;

/** Starts a worker and waits until its cage is shut. `setup` is copied, but for the tables, which
 * are borrowed until the end. HK_ESTART, HK_ENOMEM. */
HK_MUST_CHECK int hk_offline_start(const struct hk_process_setup *setup,
                                   struct hk_offline **offline, struct hk_fault *fault);

/** Sends a message without waiting for an answer (SCRIPT, DROP). HK_EIO when the worker has gone:
 * then as with hk_offline_ask; HK_ESTART when a new one could not be started, HK_ENOMEM,
 * HK_ELIMIT. */
HK_MUST_CHECK int hk_offline_tell(struct hk_offline *offline, const struct hk_wire_message *message,
                                  struct hk_fault *fault);

/** Sends a message and waits for its answer, at most kill_ms of the worker's CPU time (a SPEC,
 * which is many runs: 60 times that) and ten times as long by the clock on the wall. A worker that
 * hangs, dies or answers what was not asked is killed, and another one is started with the next
 * call: scripts must be told again (`is_restarted`); HK_ESTART says how it ended: "the policy
 * worker ran for 1000 ms without an answer". `answer` borrows until the next call. */
HK_MUST_CHECK int hk_offline_ask(struct hk_offline *offline, const struct hk_wire_message *message,
                                 struct hk_wire_message *answer, struct hk_fault *fault);

/** Has the worker gone since this was asked last? Then the next one knows no scripts. */
bool hk_offline_is_restarted(struct hk_offline *offline);

/** Ends the worker, frees; NULL is fine. */
void hk_offline_end(struct hk_offline *offline);
