// SPDX-License-Identifier: Apache-2.0
/** Policies: which there are, which one a merchant uses, and how that goes: what its runs cost,
 * whether it is called at all.
 *
 * A merchant uses the policy it names, else the one with its id for a name, else `default`. A set
 * replaces another between two facts; merchants are told a few a step, but whoever asks before that
 * gets the new one. Thread: the engine's. */
#pragma once
#include "engine/state.h"

void hk__policies_init(struct hk_engine *engine);
void hk__policies_fini(struct hk_engine *engine);

/** Takes a set in place of the one before; moved in. */
void hk__policies_set(struct hk_engine *engine, struct hk_policy_set *own_set);

/** Tells merchants of a new set, within the step's work: their counts move to it, and what they
 * hold is planned again when their policy is another one now. */
void hk__policies_tell(struct hk_engine *engine);
bool hk__policies_are_telling(const struct hk_engine *engine);

/** Gets the policy of a merchant, or NULL: none (then `is_missing` says whether it names one that
 * is not there). */
const struct hk_policy *hk__policies_of(struct hk_engine *engine, uint32_t merchant,
                                        bool *is_missing);

/** Must something of the merchant's be asked before its events have a plan? */
bool hk__policies_plan(struct hk_engine *engine, uint32_t merchant);

/** The merchant's policy may be another one now: it was changed, or deleted. */
void hk__policies_forget(struct hk_engine *engine, uint32_t merchant);

/** Gets the line that counts a merchant's policy, or NULL. */
struct hk_policy_line *hk__policies_line(struct hk_engine *engine, uint32_t merchant);

/** Gets how a merchant uses its policy; made at the first call. */
struct hk_use_row *hk__policies_use(struct hk_engine *engine, uint32_t merchant);

/** Gets the edition of the merchant's policy, or HK_NONE. */
uint32_t hk__policies_edition(struct hk_engine *engine, uint32_t merchant);

/** Something of the merchant's goes out: a run of `edition`, or (HK_NONE) a body is fetched for
 * one... */
void hk__policies_out(struct hk_engine *engine, uint32_t merchant, uint32_t edition);

/** ...and is back. */
void hk__policies_back(struct hk_engine *engine, uint32_t merchant);

/** Notes what a run of `edition` came to. `failed` NULL: well; its `error` is borrowed. What a
 * policy did that is replaced by now is not held against its successor. */
void hk__policies_note(struct hk_engine *engine, uint32_t merchant, uint32_t edition,
                       const struct hk_policy_cost *cost,
                       const struct hk_fact_policy_failed *failed);

/** How many runs of the merchant may be out at once: cheap ones many, dear ones one. */
uint32_t hk__policies_window(const struct hk_engine *engine, uint32_t merchant);

/** Why the merchant's policy is not called now; NULL: it is. */
const char *hk__policies_pause(struct hk_engine *engine, uint32_t merchant);

/** Lets a suspended or paused merchant go on. */
void hk__policies_resume(struct hk_engine *engine, uint32_t merchant);

/** Makes the shown state of a merchant's use; the receiver owns it. */
void hk__policies_show_use(struct hk_engine *engine, uint32_t merchant,
                           struct hk_policy_use *shown);

/** Answers HK_REQUEST_POLICY_LIST. */
void hk__policies_answer_list(struct hk_engine *engine, const struct hk_request *request);

/** Answers HK_REQUEST_POLICY_RETRY: the merchants are told a few a step. */
void hk__policies_answer_retry(struct hk_engine *engine, const struct hk_request *request);

/** Frees what is known of a merchant's use; its row is about to go. */
void hk__policies_leave(struct hk_engine *engine, uint32_t merchant);

/** Gets the edition of a name and a generation, with one more user; the caller gives it back. */
uint32_t hk__edition_take(struct hk_engine *engine, struct hk_slice name, uint32_t generation);

/** The same of one that has a user; HK_NONE stays what it is. */
uint32_t hk__edition_share(struct hk_engine *engine, uint32_t edition);
void hk__edition_give_back(struct hk_engine *engine, uint32_t edition);
const struct hk_edition *hk__edition(const struct hk_engine *engine, uint32_t edition);
