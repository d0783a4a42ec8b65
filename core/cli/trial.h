// SPDX-License-Identifier: Apache-2.0
/** Trial: one run of a policy in the cage, and its answer, kept. Thread: one. */
#pragma once
#include "cli/cage.h"

/** All zero is an empty one. */
struct hk_trial {
    struct hk_wire_message message; /**< PLANNED, DECIDED or FAILED; points into the rest. */
    struct hk_bytes frame;
    struct hk_bytes decision; /**< The frame without its cost and log: what must be the same. */
    struct hk_wire_scratch scratch;
};

/** Asks PLAN or RETRY. 0, also when the policy failed (FAILED: also when the worker died of it);
 * else there was no answer: HK_E* with a fault, and nothing to end. */
HK_MUST_CHECK int hk_trial_run(struct hk_cage *cage, const struct hk_wire_message *question,
                               struct hk_trial *trial, struct hk_fault *fault);
void hk_trial_fini(struct hk_trial *trial);

/** Was the same decided? */
bool hk_trial_is_same(const struct hk_trial *a, const struct hk_trial *b);

/** Gets the cost and log of an answer. */
const struct hk_wire_answer *hk_trial_answer(const struct hk_trial *trial);
