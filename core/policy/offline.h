// SPDX-License-Identifier: Apache-2.0
/** Offline: one worker, asked one thing at a time, each answer waited for. For hookctl, for
 * `hookd check` and for the check of a reload; never on a loop's thread. */
#pragma once
#include "policy/process.h"

struct hk_offline;

HK_MUST_CHECK int hk_offline_start(const struct hk_process_setup *setup,
                                   struct hk_offline **offline, struct hk_fault *fault);

/** Sends a message without waiting (SCRIPT, DROP). HK_EIO when the worker has gone. */
HK_MUST_CHECK int hk_offline_tell(struct hk_offline *offline, const struct hk_wire_message *message,
                                  struct hk_fault *fault);

/** Sends a message and waits for its answer, at most kill_ms of the worker's CPU time; a worker
 * that hangs or dies is killed and started anew (scripts must be told again: `is_restarted` is
 * set), and HK_ESTART says how it ended. `answer` borrows until the next call. */
HK_MUST_CHECK int hk_offline_ask(struct hk_offline *offline, const struct hk_wire_message *message,
                                 struct hk_wire_message *answer, struct hk_fault *fault);
bool hk_offline_is_restarted(struct hk_offline *offline);
void hk_offline_end(struct hk_offline *offline);
