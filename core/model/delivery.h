// SPDX-License-Identifier: Apache-2.0
/** Delivery: one event to one endpoint; its attempts; its states and reasons.
 *
 * ```
 *   (plan durable) -> READY -> IN_FLIGHT -> DELIVERED
 *                       ^         |  '----> DEAD
 *                       '- WAITING'         DROPPED  (from any open state)
 * ```
 * The three on the right are terminal: a finished delivery is never opened again. */
#pragma once
#include "base/uuid.h"
#include "model/endpoint.h"
#include "model/outcome.h"

#define HK_DELIVERY_STATE_MAP(XX) \
    XX(READY, 0, "ready")         \
    XX(IN_FLIGHT, 1, "in_flight") \
    XX(WAITING, 2, "waiting")     \
    XX(DELIVERED, 3, "delivered") \
    XX(DEAD, 4, "dead")           \
    XX(DROPPED, 5, "dropped")

enum hk_delivery_state {
#define XX(name, value, word) HK_DELIVERY_##name = (value),
    HK_DELIVERY_STATE_MAP(XX)
#undef XX
};

#define HK_REASON_MAP(XX)                         \
    XX(NONE, 0, "")                               \
    XX(FILTERED, 1, "filtered")                   \
    XX(NO_ENDPOINT, 2, "no_endpoint")             \
    XX(SKIPPED_BY_POLICY, 3, "skipped_by_policy") \
    XX(ENDPOINT_DELETED, 4, "endpoint_deleted")   \
    XX(MERCHANT_DELETED, 5, "merchant_deleted")   \
    XX(DISCARDED, 6, "discarded")                 \
    XX(EXPIRED, 7, "expired")                     \
    XX(GAVE_UP, 8, "gave_up")                     \
    XX(ATTEMPTS_SPENT, 9, "attempts_spent")       \
    XX(GONE, 10, "gone")

enum hk_reason {
#define XX(name, value, word) HK_REASON_##name = (value),
    HK_REASON_MAP(XX)
#undef XX
};

const char *hk_delivery_state_word(enum hk_delivery_state state);
const char *hk_reason_word(enum hk_reason reason);

static inline bool hk_delivery_state_is_terminal(enum hk_delivery_state state)
{
    return state >= HK_DELIVERY_DELIVERED;
}

/** One HTTP request of a delivery, as it is kept. */
struct hk_attempt {
    uint16_t number; /**< From 1. */
    uint16_t status;
    enum hk_outcome_class class;
    struct hk_wall started_at;
    struct hk_timings timings;
    struct hk_body *detail; /**< As in struct hk_outcome; one reference, may be NULL. */
};

/** The whole state of one delivery, as it is kept and shown. */
struct hk_delivery {
    uint16_t number; /**< From 1, in plan order. */
    struct hk_uuid endpoint;
    enum hk_role role;
    enum hk_delivery_state state;
    enum hk_reason reason;
    uint16_t attempt_count;       /**< Attempts begun; more than `attempts` holds while one runs. */
    struct hk_wall waiting_since; /**< With WAITING: when the wait began... */
    int64_t delay_ms;             /**< ...and its whole length. */
    struct hk_attempt *attempts;
    uint32_t kept_count; /**< Of `attempts`. */
    bool has_own;        /**< What goes out is its own: the plan's record has it. */
    char *url;           /**< In answers: where it goes now, NULL when the endpoint is gone. Never
                              stored. */
};
