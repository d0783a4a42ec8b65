// SPDX-License-Identifier: Apache-2.0
/** Queue: ready deliveries wait at their endpoint; merchants take turns, and within a merchant its
 * endpoints do. So neither a merchant nor an endpoint with a long queue keeps another waiting.
 *
 * An endpoint takes part while it has a ready delivery, is enabled, and runs fewer attempts than
 * its cap. Thread: the engine's. */
#pragma once
#include "engine/state.h"

/** Puts a delivery at the end of its endpoint's queue; its state becomes READY. */
void hk__queue_push(struct hk_engine *engine, uint32_t delivery);

/** Takes the next delivery of an endpoint's queue, or HK_NONE. */
uint32_t hk__queue_pop(struct hk_engine *engine, uint32_t endpoint);

/** Takes the delivery whose turn it is, or HK_NONE when none may be sent, or when it is the turn of
 * an endpoint that may not send any more (ask again). */
uint32_t hk__queue_pick(struct hk_engine *engine);

/** Is there a delivery that may be sent? */
bool hk__queue_has_turn(const struct hk_engine *engine);

/** Lets an endpoint take part or not, as it is now. Call after any change of it. */
void hk__queue_refresh(struct hk_engine *engine, uint32_t endpoint);
