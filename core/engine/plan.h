// SPDX-License-Identifier: Apache-2.0
/** Plan: which endpoints an event goes to when no policy says otherwise: the merchant's enabled
 * `primary` ones that subscribe to its type, and its `audit` ones, oldest first.
 * Thread: the engine's. */
#pragma once
#include "engine/state.h"

/** Adds the event's deliveries to its row, or a reason why there are none. `body` NULL: its type is
 * not known. HK_ENOMEM: some may have been added. */
HK_MUST_CHECK int hk__plan_make(struct hk_engine *engine, uint32_t event,
                                const struct hk_body *body);

/** Writes the event's plan down. */
void hk__plan_append(struct hk_engine *engine, uint32_t event);
