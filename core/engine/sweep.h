// SPDX-License-Identifier: Apache-2.0
/** Sweep: drops the deliveries of deleted endpoints, a few a step: first those in the queues, then
 * one walk over all deliveries for those that wait. Nothing of it is written down: it follows from
 * the deletion. Thread: the engine's. */
#pragma once
#include "engine/state.h"

/** Takes on an endpoint that was just deleted. */
void hk__sweep_add(struct hk_engine *engine, uint32_t endpoint);

/** Goes on, within the step's work. */
void hk__sweep_run(struct hk_engine *engine);
bool hk__sweep_is_due(const struct hk_engine *engine);
