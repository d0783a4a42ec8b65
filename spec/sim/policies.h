// SPDX-License-Identifier: Apache-2.0
/** Policies: scripts that route, skip, change, filter, fail, hang and kill their workers, and
 * reloads of them, as the seed says. */
#pragma once
#include "base/prng.h"
#include "model/command.h"
#include "model/fact.h"

enum { SIM_POLICIES = 5 };

/** How the scripts of one reload behave. */
enum sim_policy_mood {
    SIM_MOOD_GOOD,
    SIM_MOOD_FLAKY,  /**< Fails now and then, in every way. */
    SIM_MOOD_DEADLY, /**< Kills its worker. */
    SIM_MOOD_GONE,   /**< No worker comes up. */
};

/** One script, as it is now. */
struct sim_policy {
    bool is_there;
    uint32_t generation;        /**< Never used twice in a world; 0: it never loaded. */
    uint32_t generation_before; /**< Until the engine has taken the last reload. */
    uint32_t hooks, hooks_before;
};

/** A run that is out, with the answer that it will get. */
struct sim_run {
    bool is_used;
    uint32_t event;
    struct hk_mono due;
    struct hk_fact answer;
};

struct sim_policies {
    struct hk_prng *prng;
    struct sim_policy scripts[SIM_POLICIES];
    enum sim_policy_mood mood;
    enum hk_policy_on_error on_error;
    uint32_t generation_last;
    struct sim_run *runs;
    uint32_t capacity;
    bool is_good; /**< For good: nothing fails any more, nobody is switched off. */
};

void sim_policies_init(struct sim_policies *policies, struct hk_prng *prng);
void sim_policies_fini(struct sim_policies *policies);

/** Gets the name of a script, by its number. */
const char *sim_policy_name(uint32_t number);

/** Some scripts change, come, go or do not load any more. */
void sim_policies_reload(struct sim_policies *policies);

/** All scripts are there, changed, and good from here on. */
void sim_policies_mend(struct sim_policies *policies);

/** Makes the fact of what there is now. */
void sim_policies_fact(const struct sim_policies *policies, struct hk_fact *fact);

/** The engine has taken the last reload. */
void sim_policies_taken(struct sim_policies *policies);

/** May a run of this name and generation go out now, and have its phase? */
bool sim_policies_know(const struct sim_policies *policies, const struct hk_policy_run *run);

/** Takes a run on. */
void sim_policies_run(struct sim_policies *policies, const struct hk_policy_run *run,
                      uint32_t event, struct hk_now now);

/** Gets the next run whose answer is due, or NULL; the caller takes the answer and zeroes it. */
struct sim_run *sim_policies_due(struct sim_policies *policies, struct hk_mono now);
struct hk_mono sim_policies_next(const struct sim_policies *policies);

/** A crash: nobody will answer. */
void sim_policies_forget(struct sim_policies *policies);
