// SPDX-License-Identifier: Apache-2.0
/** Views: what a hook is given: event, endpoint, delivery, outcome as tables of its own. Every
 * function pushes one value and raises on lack of memory. Thread: the worker has one. */
#pragma once
#include "worker/state.h"

/** Gets the event's JSON without the white space around it. */
struct hk_json_value hk_views_body(const struct hk_wire_run *run);

/** event = { id, type, received_at, key, merchant = { id, name }, body } */
void hk_views_push_event(lua_State *L, const struct hk_wire_run *run);

/** The same with another body behind it, for the request of `enrich`. */
void hk_views_push_event_and_body(lua_State *L, const struct hk_wire_run *run);

/** endpoint = { uuid, name, role, labels, url_host } */
void hk_views_push_endpoint(lua_State *L, const struct hk_wire_endpoint *endpoint);

/** A list of all the run's endpoints. */
void hk_views_push_endpoints(lua_State *L, const struct hk_wire_run *run);

/** delivery = { id, event_type, endpoint, attempt, first_attempt_at } */
void hk_views_push_delivery(lua_State *L, const struct hk_wire_run *run);

/** outcome = { class, status, headers, total_ms } */
void hk_views_push_outcome(lua_State *L, const struct hk_policy_attempt *attempt);

/** Gets the host of a URL: without user, port and what follows. */
struct hk_slice hk_views_url_host(struct hk_slice url);
