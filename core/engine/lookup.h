// SPDX-License-Identifier: Apache-2.0
/** Lookup: the rows of one event as one plain struct, for answers, for the finished, for snapshots.
 * Thread: the engine's. */
#pragma once
#include "engine/state.h"

/** Makes the present state of a live event; the caller frees it with hk_event_free. Without body
 * and without URLs. Ends the process when out of memory. */
struct hk_event *hk__lookup_event(const struct hk_engine *engine, uint32_t event);

/** Copies a kept state, without its body. */
struct hk_event *hk__lookup_copy(const struct hk_event *event);

/** Answers HK_REQUEST_EVENT_GET and HK_REQUEST_EVENT_WHY. */
void hk__lookup_answer(struct hk_engine *engine, const struct hk_request *request);

/** Sends the answer to a look-up whose body was on disk; NULL: it could not be read. */
void hk__lookup_loaded(struct hk_engine *engine, struct hk_reply *own_reply, struct hk_body *body);

/** ...and to one whose plan was; NULL likewise. */
void hk__lookup_plan_loaded(struct hk_engine *engine, struct hk_reply *own_reply,
                            const struct hk_plan *plan);
