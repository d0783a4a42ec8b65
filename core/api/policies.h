// SPDX-License-Identifier: Apache-2.0
/** Policies: what the platform sees of the scripts, and how it gets events going that one held.
 * Thread: the api thread's. */
#pragma once
#include "api/exchange.h"

void hk_policies_list(struct hk_exchange *exchange);
void hk_policies_list_reply(struct hk_exchange *exchange, struct hk_reply *reply);

/** Resumes a policy's merchants and plans what they hold again. */
void hk_policies_retry(struct hk_exchange *exchange);
void hk_policies_retry_reply(struct hk_exchange *exchange, struct hk_reply *reply);

/** The last events that a policy planned or holds: their ids. `?last=N`. */
void hk_policies_events(struct hk_exchange *exchange);
void hk_policies_events_reply(struct hk_exchange *exchange, struct hk_reply *reply);

/** A merchant's use of its policy, as the platform sees it. NULL when out of memory. */
json_t *hk_policies_view_use(const struct hk_policy_use *use);

/** The words of a set of hooks, in the order in which they run. */
json_t *hk_policies_view_hooks(uint32_t hooks);
