// SPDX-License-Identifier: Apache-2.0
/** Policy hand: runs that are out, and their answers, as the test says. Sets of policies are plain
 * descriptions here; what stands in a script is up to whoever answers. Thread: the test's. */
#pragma once
#include "model/command.h"
#include "model/fact.h"

struct world;

enum { POLICY_SHOWN_MAX = 16 };

/** A run that is out: a copy of what the command said. */
struct policy_run {
    uint64_t run;
    enum hk_policy_phase phase;
    char policy[HK_POLICY_NAME_BYTES_MAX + 1];
    uint32_t generation;
    uint64_t merchant_id;
    char merchant_name[64];
    struct hk_uuid event;
    struct hk_uuid shown[POLICY_SHOWN_MAX]; /**< Endpoints. */
    char shown_name[32], shown_url[64];     /**< Of the first. */
    uint32_t shown_count;
    struct hk_policy_attempt attempt; /**< Its slices are empty; what they said follows. */
    char event_type[HK_EVENT_TYPE_BYTES_MAX + 1];
    char headers[256];
    struct hk_body *body; /**< A reference of its own, or NULL. */
};

/** Answers the run at `place`, or leaves it out. */
typedef void (*policy_hand_fn)(struct world *world, uint32_t place);

/** The runs of a world. */
struct policy_runs {
    struct policy_run *items;
    uint32_t count;
    uint32_t total;             /**< Commands so far. */
    uint32_t out_max;           /**< The most that were ever out at once. */
    policy_hand_fn hand;        /**< NULL: the test answers. */
    struct hk_policy_cost cost; /**< Of every answer. */
};

void policy_runs_fini(struct policy_runs *runs);
void policy_runs_take(struct policy_runs *runs, const struct hk_policy_run *run);

/** One policy of a set, as a test describes it. */
struct policy_line {
    const char *name;
    uint32_t generation;
    uint32_t hooks;
    const char *fault; /**< Or NULL. */
};

/** Makes a set; `lines` are in order of name. */
struct hk_policy_set *policy_set_new(const struct policy_line *lines, uint32_t count,
                                     enum hk_policy_on_error on_error);

/** Gives the engine a set with the next step. */
void world_policies(struct world *world, const struct policy_line *lines, uint32_t count);
void world_policies_default(struct world *world, const struct policy_line *lines, uint32_t count);

/** Names the merchant's policy; NULL: none. */
void world_merchant_policy(struct world *world, uint64_t merchant_id, const char *policy);

/** Answers the run at `place`. `plan` NULL: every endpoint that was shown, nothing changed. */
void world_planned(struct world *world, uint32_t place, const struct hk_plan *plan);
void world_decided(struct world *world, uint32_t place, enum hk_retry_verdict verdict,
                   int64_t delay_ms);
void world_policy_failed(struct world *world, uint32_t place, enum hk_policy_failure failure);

/** Hands that answer at once. */
void policy_hand_plan_all(struct world *world, uint32_t place);
void policy_hand_fail(struct world *world, uint32_t place);

/** Makes a payload: a text (or NULL) and one header (or NULL). */
struct hk_body *policy_payload(const char *text, const char *name, const char *value);

/** Gets the newest PLAN record's plan. */
const struct hk_plan *world_last_plan(const struct world *world);

/** A world whose merchant 9 uses policy "p" of generation 1 with these hooks, and has two
 * endpoints. `options` NULL: world_options(). */
struct policy_shop {
    struct hk_uuid first, second;
};
struct policy_shop world_policy_shop(struct world *world, uint32_t hooks,
                                     const struct hk_engine_options *options);

/** Gives the engine a set that has only "p". */
void world_policy_p(struct world *world, uint32_t generation, uint32_t hooks);

/** Accepts for merchant 9 and settles; gets the id. */
struct hk_uuid world_policy_event(struct world *world);

/** A clone of `before` that starts with what is durable there and the set that has only "p" of
 * generation 1 with these hooks. */
void world_policy_restart(struct world *world, const struct world *before, uint32_t hooks);
