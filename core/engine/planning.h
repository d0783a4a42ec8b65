// SPDX-License-Identifier: Apache-2.0
/** Planning: events that have no plan yet because a policy must be asked.
 *
 * ```
 *   accept, start -> WAITING (PLANNING) -> body, run out (PLANNING) -> planned
 *                       ^                        |  failed, on_error = "default" -> planned
 *                       '--- HELD <--------------'  failed, on_error = "hold"
 *     again: on a timer that doubles, when the policy changes, when an operator asks
 * ```
 * Merchants take turns, and none has more runs out than its window (policies.h), so that a dear
 * script waits for itself. Nothing of this is in the log: a start begins anew with every event that
 * has no PLAN. Thread: the engine's. */
#pragma once
#include "engine/state.h"

void hk__planning_init(struct hk_engine *engine);
void hk__planning_fini(struct hk_engine *engine);

/** Makes the rows that an unplanned event needs; HK_ENOMEM. */
HK_MUST_CHECK int hk__planning_prepare(struct hk_engine *engine, uint32_t event);

/** Puts a prepared event with its merchant's that wait. */
void hk__planning_add(struct hk_engine *engine, uint32_t event);

/** The merchant may have a turn now, or none any more: call after any change of its runs. */
void hk__planning_refresh(struct hk_engine *engine, uint32_t merchant);

/** Frees what an event has as long as it has no plan. */
void hk__planning_leave(struct hk_engine *engine, uint32_t event);

/** Sends runs out while there is room and somebody's turn: of events, and of questions to `retry`
 * hooks. */
void hk__planning_run(struct hk_engine *engine);
bool hk__planning_is_due(const struct hk_engine *engine);

/** Moves held events whose time has come to those that wait, within the step's work. */
void hk__planning_wake(struct hk_engine *engine);

/** Plans what the merchant holds again. */
void hk__planning_replan(struct hk_engine *engine, uint32_t merchant);

/** Goes on with an event whose body was on disk; NULL: it could not be read. */
void hk__planning_loaded(struct hk_engine *engine, uint64_t event, struct hk_body *body);

/** Takes what a policy decided; the plan is moved in. */
void hk__planning_planned(struct hk_engine *engine, const struct hk_fact_planned *planned);

/** Holds the event, or plans it by default; asks anew when its policy is another one by now.
 * `error` is borrowed. */
void hk__planning_failed(struct hk_engine *engine, const struct hk_fact_policy_failed *failed);
