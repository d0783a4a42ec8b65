// SPDX-License-Identifier: Apache-2.0
/** Listing: the ids of the newest events in memory that a policy planned or holds, gathered a few a
 * step. One at a time. Thread: the engine's. */
#pragma once
#include "engine/state.h"

/** Answers HK_REQUEST_POLICY_EVENTS, when it is gathered; HK_ELIMIT while another one is. */
void hk__listing_answer(struct hk_engine *engine, struct hk_request *request);

/** Goes on, within the step's work. */
void hk__listing_run(struct hk_engine *engine);
bool hk__listing_is_due(const struct hk_engine *engine);
void hk__listing_fini(struct hk_engine *engine);
