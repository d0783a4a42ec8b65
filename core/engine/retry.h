// SPDX-License-Identifier: Apache-2.0
/** Retry: what follows an attempt. Pure: no clock, no random source, no state; the caller gives a
 * jitter draw. Rules: interface.md sections 3 and 4, "Schedule", and design.md section 9. */
#pragma once
#include "model/config.h"
#include "model/delivery.h"

/** How one endpoint wants to be tried again, with the config's defaults filled in. */
struct hk_retry_policy {
    const uint32_t *delays_ms; /**< At least one; the last repeats. */
    uint32_t delay_count;
    uint32_t attempts; /**< 1 to HK_ATTEMPTS_MAX. */
    int64_t retry_after_max_ms;
    const uint16_t *no_retry_statuses;
    uint32_t no_retry_status_count;
    bool disables_on_gone; /**< On 410 the endpoint is switched off. */
};

struct hk_retry_decision {
    enum hk_delivery_state state; /**< DELIVERED, WAITING or DEAD. */
    enum hk_reason reason;
    int64_t delay_ms; /**< With WAITING. */
    bool disables_endpoint;
};

/** Jitter draws are from 0 to this, exclusive. */
#define HK_JITTER_RANGE 1000

/** Gets the policy of an endpoint; borrows from both. */
struct hk_retry_policy hk_retry_policy_of(const struct hk_endpoint *endpoint,
                                          const struct hk_engine_options *options);

/** Decides what follows attempt number `attempt` (from 1). `jitter` moves the scheduled delay by
 * -20 % (0) to +20 % (HK_JITTER_RANGE - 1). A Retry-After makes the wait longer, never shorter, up
 * to the policy's cap. */
HK_MUST_CHECK struct hk_retry_decision hk_retry_decide(const struct hk_retry_policy *policy,
                                                       uint32_t attempt,
                                                       const struct hk_outcome *outcome,
                                                       uint32_t jitter);
