// SPDX-License-Identifier: Apache-2.0
/** Finish: the end of deliveries and of events. A finished event leaves the tables; the last
 * HK_FINISHED_MAX of them stay for look-ups. Thread: the engine's. */
#pragma once
#include "engine/state.h"

/** Ends an open delivery that is in no queue, no wait and no flight any more. */
void hk__finish_delivery(struct hk_engine *engine, uint32_t delivery, enum hk_delivery_state state,
                         enum hk_reason reason);

/** Lets an event go when it is planned and none of its deliveries is open. */
void hk__finish_check(struct hk_engine *engine, uint32_t event);

/** Frees an event's rows. */
void hk__finish_free_rows(struct hk_engine *engine, uint32_t event);

/** Keeps a finished event for look-ups; moved in. */
void hk__finish_keep(struct hk_engine *engine, struct hk_event *event);

/** Takes a deleted merchant's kept finished events from the sight of a later one with its id. One
 * walk over all that are kept. */
void hk__finish_orphan(struct hk_engine *engine, uint64_t merchant_id);

/** Gets a kept finished event, or NULL. */
struct hk_event *hk__finish_find(const struct hk_engine *engine, const struct hk_uuid *id);

/** Frees rows of merchants and endpoints that were deleted and that nothing names any more. Call at
 * the start of a step, when no command borrows them. */
void hk__finish_reap(struct hk_engine *engine);

/** Notes that a deleted merchant or endpoint may have become free. */
void hk__finish_leave_endpoint(struct hk_engine *engine, uint32_t endpoint);
void hk__finish_leave_merchant(struct hk_engine *engine, uint32_t merchant);
