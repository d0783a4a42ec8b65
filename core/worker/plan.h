// SPDX-License-Identifier: Apache-2.0
/** Plan: the planning hooks of one script for one event: filter, lookup, route, enrich, in that
 * order, under one budget. What they return is checked here, strictly: a plan is whole or there is
 * none. Thread: the worker has one. */
#pragma once
#include "worker/state.h"

/** A part of hk_plan_draft.texts. */
struct hk_plan_range {
    size_t at, size;
};

struct hk_plan_choice {
    uint32_t endpoint; /**< Place in the run's list. */
    bool is_skipped;
    bool has_body;
    struct hk_plan_range why, body;
    uint32_t header_first, header_count; /**< Pairs in `headers`: names and values by turns. */
};

/** Memory for plans, used again run after run; all zero is an empty one. */
struct hk_plan_draft {
    struct hk_bytes texts;
    struct hk_plan_choice *choices;
    uint32_t choice_count, choice_capacity;
    struct hk_plan_range *headers; /**< Twice as many as pairs. */
    uint32_t header_count, header_capacity;
    bool *is_chosen; /**< By place in the run's list. */
    uint32_t chosen_capacity;
    enum hk_reason reason;
    struct hk_plan_range why;
    uint32_t hooks;                      /**< Those that ran. */
    struct hk_wire_delivery *deliveries; /**< What `choices` become... */
    struct hk_slice *header_slices;      /**< ...with their headers. */
};

/** Runs the script's planning hooks. Fills a PLANNED or a FAILED message, which borrows from the
 * draft and the state until either one's next use. */
void hk_plan_run(struct hk_state *state, const struct hk_wire_run *run, struct hk_plan_draft *draft,
                 struct hk_wire_message *answer);

void hk_plan_draft_fini(struct hk_plan_draft *draft);
