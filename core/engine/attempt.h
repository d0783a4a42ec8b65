// SPDX-License-Identifier: Apache-2.0
/** Attempt: a delivery's turn has come, its request runs, it ends, and what follows is decided and
 * written down. Thread: the engine's. */
#pragma once
#include "engine/state.h"

/** Starts attempts as long as there is room and somebody's turn. */
void hk__attempt_start_all(struct hk_engine *engine);
bool hk__attempt_is_due(const struct hk_engine *engine);

/** Goes on with an attempt whose body was on disk; NULL: it could not be read. */
void hk__attempt_loaded(struct hk_engine *engine, uint64_t delivery, struct hk_body *body);

/** Goes on with an attempt whose payload was on disk; NULL: it could not be read. */
void hk__attempt_plan_loaded(struct hk_engine *engine, uint64_t delivery,
                             const struct hk_plan *plan);

/** Settles an attempt; the outcome's detail and headers are moved in. */
void hk__attempt_ended(struct hk_engine *engine, const struct hk_fact_attempt_ended *ended);

/** Settles an attempt that our own end cut short: outcome `unknown`. */
void hk__attempt_cut_short(struct hk_engine *engine, uint32_t delivery);

/** Ends an open delivery without an attempt, and writes that down. It is in no queue, no wait and
 * no flight any more. */
void hk__attempt_end(struct hk_engine *engine, uint32_t delivery, enum hk_delivery_state state,
                     enum hk_reason reason);

/** Keeps an attempt with its delivery; `value.detail` is moved in. */
void hk__attempt_keep(struct hk_engine *engine, uint32_t delivery, struct hk_attempt value);

/** Puts an open delivery into its endpoint's queue, or ends it when the endpoint is gone. */
void hk__attempt_make_ready(struct hk_engine *engine, uint32_t delivery);

/** Moves waits that are over to the queues, within the step's work. */
void hk__attempt_wake(struct hk_engine *engine);

/** Puts a delivery to wait until `due`. */
void hk__attempt_wait(struct hk_engine *engine, uint32_t delivery, struct hk_mono due);
