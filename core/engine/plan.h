// SPDX-License-Identifier: Apache-2.0
/** Plan: which endpoints an event goes to, and with what. When no policy says otherwise: the
 * merchant's enabled `primary` ones that subscribe to its type. Its `audit` ones get every event,
 * whatever a policy says. Oldest first. Thread: the engine's. */
#pragma once
#include "engine/state.h"

/** Adds the event's deliveries to its row as no policy decides, or a reason why there are none.
 * `body` NULL: its type is not known. HK_ENOMEM: some may have been added. */
HK_MUST_CHECK int hk__plan_make(struct hk_engine *engine, uint32_t event,
                                const struct hk_body *body);

/** Writes the plan of the event's rows down. `error`: why its policy did not decide, or empty;
 * lives until the next step. */
void hk__plan_write(struct hk_engine *engine, uint32_t event, struct hk_slice error);

/** Adds the event's deliveries as its policy (the rare row's edition) decided, and writes the plan
 * down. `decided` lives until the next step. Endpoints that are gone meanwhile, or
 * have another role, get nothing by it. */
void hk__plan_decide(struct hk_engine *engine, uint32_t event, const struct hk_plan *decided);
