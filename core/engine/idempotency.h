// SPDX-License-Identifier: Apache-2.0
/** Idempotency keys: a repeat of an accepted event is answered with the first one's id.
 *
 * Kept for 24 hours or until HK_IDEMPOTENCY_KEYS_MAX younger ones have come; expired ones are
 * forgotten as new ones come. Thread: the engine's. */
#pragma once
#include "engine/state.h"

/** Gets what is kept for the fact's merchant and key, or NULL. */
const struct hk_idempotency *hk__idempotency_find(const struct hk_engine *engine,
                                                  const struct hk_fact_accept *accept);

/** Keeps the fact's key. Without memory it is not kept: a repeat is then a new event. */
void hk__idempotency_add(struct hk_engine *engine, const struct hk_fact_accept *accept);

/** Keeps one that the log remembers. */
void hk__idempotency_restore(struct hk_engine *engine, const struct hk_idempotency *kept);
