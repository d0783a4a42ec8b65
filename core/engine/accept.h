// SPDX-License-Identifier: Apache-2.0
/** Accept: an event comes in, is written down with its plan, and becomes ready when both are
 * durable.
 *
 * Thread: the engine's. */
#pragma once
#include "engine/state.h"

/** Accepts or refuses. The body is moved in. */
void hk__accept(struct hk_engine *engine, const struct hk_fact_accept *accept);

/** Notes where events, and plans of policies, landed on disk. */
void hk__accept_located(struct hk_engine *engine, const struct hk_fact_appended *appended);

/** Lets planned events whose PLAN is durable go to the queues, within the step's work. */
void hk__accept_release(struct hk_engine *engine);
bool hk__accept_is_due(const struct hk_engine *engine);

/** Makes the row of an event; HK_ENOMEM. `offset` UINT32_MAX: not yet on disk. */
HK_MUST_CHECK int hk__accept_row(struct hk_engine *engine, const struct hk_uuid *id,
                                 uint32_t merchant, struct hk_wall deliver_before, uint32_t *event);

/** Makes the row of what only few events have; HK_ENOMEM. The event has none yet. */
HK_MUST_CHECK int hk__event_rare_take(struct hk_engine *engine, uint32_t event);

/** Adds a delivery to an event's row, as the next in plan order; HK_ENOMEM. */
HK_MUST_CHECK int hk__accept_delivery(struct hk_engine *engine, uint32_t event, uint32_t *last,
                                      uint32_t endpoint, enum hk_role role);

/** Takes an event's rows back out as if it had never been. */
void hk__accept_undo(struct hk_engine *engine, uint32_t event);
