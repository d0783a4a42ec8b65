// SPDX-License-Identifier: Apache-2.0
/** Bodies: which events' bodies and deliveries' payloads are in memory, and fetching those that are
 * not.
 *
 * The cache forgets the least lately used ones beyond `body_cache_bytes_max`, but never one that is
 * not yet on disk. Thread: the engine's. */
#pragma once
#include "engine/state.h"

/** Keeps a body (one reference of its own) for an event; nothing when there is no memory for it and
 * the event is on disk. */
void hk__bodies_keep(struct hk_engine *engine, uint32_t event, struct hk_body *body);

/** Gets an event's body, borrowed, or NULL when it is only on disk. */
struct hk_body *hk__bodies_get(struct hk_engine *engine, uint32_t event);
/** Forgets an event's body and payloads. */
void hk__bodies_forget(struct hk_engine *engine, uint32_t event);

/** Keeps a delivery's payload (one reference of its own) likewise. The event has a plan of a
 * policy. */
void hk__bodies_keep_own(struct hk_engine *engine, uint32_t event, uint16_t number,
                         struct hk_body *payload);

/** Gets a delivery's payload, borrowed, or NULL when it is only on disk. */
struct hk_body *hk__bodies_get_own(struct hk_engine *engine, uint32_t event, uint16_t number);

/** Forgets as many as it takes to be within the limit. */
void hk__bodies_trim(struct hk_engine *engine);

/** Asks for a body, or for a plan, for somebody; `reply` is moved in. */
void hk__bodies_load(struct hk_engine *engine, enum hk_load_purpose purpose, uint64_t target,
                     struct hk_location location, struct hk_reply *reply);

/** Gets for whom a body was asked, and forgets that it was; false when it is not known. */
bool hk__bodies_take_load(struct hk_engine *engine, uint64_t id, struct hk_load *load);
