// SPDX-License-Identifier: Apache-2.0
/** Details: how much of what receivers answered stays in memory with its attempts.
 *
 * All of it together is bounded (HK_DETAIL_BYTES_MAX), whatever receivers send: when room is
 * needed, the oldest finished events lose theirs first, then a new one is not kept. The log has
 * them all. Thread: the engine's. */
#pragma once
#include "engine/state.h"

/** Takes a detail in for an attempt's row; NULL is fine. Gets it, or NULL when there was no room
 * and it was let go. */
struct hk_body *hk__details_keep(struct hk_engine *engine, struct hk_body *own_detail);

/** Lets an attempt's detail go; NULL is fine. */
void hk__details_drop(struct hk_engine *engine, struct hk_body *own_detail);

/** Counts a finished event's details in, as it enters the ring... */
void hk__details_enter(struct hk_engine *engine, const struct hk_event *event);

/** ...and lets them go. */
void hk__details_strip(struct hk_engine *engine, struct hk_event *event);

/** Keeps a detail alive until the next step, because a record borrows from it; NULL is fine. */
void hk__details_lend(struct hk_engine *engine, struct hk_body *detail);
