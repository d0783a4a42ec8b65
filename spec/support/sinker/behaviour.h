// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "answer.h"

/** What a path does: its answers in order, one for each request. Counted, because a connection may
 *  still play an answer of a behaviour that was replaced. */
struct hk_behaviour {
    unsigned refs;
    bool repeats; /**< begins again after the last answer; else the last one stays */
    size_t next;  /**< index of the next request's answer */
    size_t answer_count;
    struct hk_answer answers[];
};

/** answer_count zeroed answers, which the caller fills; one reference. */
struct hk_behaviour *hk_behaviour_new(size_t answer_count);
struct hk_behaviour *hk_behaviour_ref(struct hk_behaviour *behaviour);

/** NULL is allowed. */
void hk_behaviour_unref(struct hk_behaviour *behaviour);

/** The answer that the next request gets. */
const struct hk_answer *hk_behaviour_peek(const struct hk_behaviour *behaviour);

/** The same, and moves on. */
const struct hk_answer *hk_behaviour_take(struct hk_behaviour *behaviour);
