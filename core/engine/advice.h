// SPDX-License-Identifier: Apache-2.0
/** Advice: a policy's `retry` hook is asked what follows a failed attempt.
 *
 * RESULT with the schedule's wait is written down before anybody is asked, so that nothing hangs on
 * the answer; the wait itself is kept from ending for a moment. Questions take turns with events
 * (planning.h), within the merchant's window. An answer that moves it is written
 * down as WAIT, one that ends the delivery as END; none, a late one and a failed one leave the
 * schedule. Thread: the engine's. */
#pragma once
#include "engine/state.h"

void hk__advice_init(struct hk_engine *engine);
void hk__advice_fini(struct hk_engine *engine);

/** What ended, for a hook that may be asked about it. */
struct hk_advice_question {
    uint32_t delivery;
    const struct hk_outcome *outcome;
    const struct hk_body *body; /**< The event's. */
    struct hk_mono due;         /**< Of the next attempt, by the schedule. */
};

/** Asks when the merchant's turn comes, if its policy has the hook and may be called. Gets when the
 * wait ends if no answer comes: `due`, or later. */
struct hk_mono hk__advice_ask(struct hk_engine *engine, const struct hk_advice_question *question);

/** Sends the merchant's next question out, or leaves it to the schedule; there is one. */
void hk__advice_send(struct hk_engine *engine, uint32_t merchant);

/** Forgets the merchant's questions; its row is about to go. */
void hk__advice_leave(struct hk_engine *engine, uint32_t merchant);

void hk__advice_decided(struct hk_engine *engine, const struct hk_fact_retry_decided *decided);
void hk__advice_failed(struct hk_engine *engine, const struct hk_fact_policy_failed *failed);
