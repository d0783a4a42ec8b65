// SPDX-License-Identifier: Apache-2.0
/** Start: from a replayed log to a running engine. Thread: the engine's. */
#pragma once
#include "engine/state.h"

/** Sets waits against the clock, clamped to their original length; queues what is ready; settles
 * what was cut short; plans what has no plan; tells the delivery threads of the endpoints. */
void hk__start(struct hk_engine *engine);
