// SPDX-License-Identifier: Apache-2.0
/** Answer: what every answer to a run has: which run, its cost, the lines it logged.
 * Thread: the worker has one. */
#pragma once
#include "worker/state.h"

/** Gets the common part; borrows the lines from the state. */
struct hk_wire_answer hk_answer_of(struct hk_state *state, uint64_t run);

/** Fills a FAILED message; `text` is borrowed. */
void hk_answer_fail(struct hk_wire_message *answer, enum hk_policy_failure failure,
                    struct hk_slice text);
