// SPDX-License-Identifier: Apache-2.0
/** Snapshot: everything that the engine knows as records, a few a step: merchants with their
 * endpoints and keys, idempotency keys, finished events, live events. Thread: the engine's. */
#pragma once
#include "engine/state.h"

/** Begins one; while one runs, nothing. */
void hk__snapshot_begin(struct hk_engine *engine);

/** Goes on, within the step's work; the end waits until all that the rows tell of is durable. */
void hk__snapshot_run(struct hk_engine *engine);
bool hk__snapshot_is_due(const struct hk_engine *engine);
