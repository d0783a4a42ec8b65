// SPDX-License-Identifier: Apache-2.0
/** Commands: what the engine wants done. The shell carries them out, in order, before the next
 * step.
 *
 * Pointers are borrowed until then, except where a field says "moved out". A hand that needs a body
 * for longer takes its own reference. */
#pragma once
#include "model/policy.h"
#include "model/record.h"
#include "model/request.h"

enum hk_command_kind {
    HK_COMMAND_APPEND = 1,
    HK_COMMAND_SYNC, /**< Somebody waits for what was appended up to here: make it durable now.
                          Without it that may take up to 50 ms. */
    HK_COMMAND_ACK,
    HK_COMMAND_NACK,
    HK_COMMAND_REPLY,
    HK_COMMAND_LOAD,
    HK_COMMAND_RUN_POLICY,
    HK_COMMAND_START_ATTEMPT,
    HK_COMMAND_ENDPOINT_SET,  /**< A delivery thread learns of an endpoint or of its change. */
    HK_COMMAND_ENDPOINT_DROP, /**< ...and forgets it; attempts that run may end. */
    HK_COMMAND_TRACE,
    HK_COMMAND_SNAPSHOT_ROW,
    HK_COMMAND_SNAPSHOT_END,
    HK_COMMAND_DRAINED, /**< After DRAIN: nothing is in flight and nobody waits for an answer. */
};

/** Why an event was not accepted. */
enum hk_refusal {
    HK_REFUSAL_NONE = 0,
    HK_REFUSAL_UNKNOWN_MERCHANT = 1, /**< 404 */
    HK_REFUSAL_IDEMPOTENCY_CONFLICT, /**< 409: the key was used with another body. */
    HK_REFUSAL_MERCHANT_PENDING,     /**< 429: too many of this merchant's are pending. */
    HK_REFUSAL_PENDING,              /**< 429: too many are pending. */
    HK_REFUSAL_STOPPING,             /**< 503 */
    HK_REFUSAL_MEMORY,               /**< 503 */
    HK_REFUSAL_DISK,                 /**< 503: too little room to finish what would be accepted. */
    HK_REFUSAL_UNKNOWN_TYPE,         /**< 422: `event_types` is a closed set. */
};

struct hk_command_ack {
    uint64_t token;
    struct hk_uuid id;
    bool is_replayed;
};

struct hk_command_nack {
    uint64_t token;
    enum hk_refusal refusal;
};

struct hk_command_load {
    uint64_t load; /**< Comes back in LOADED. */
    struct hk_location location;
    bool is_plan; /**< Of a PLAN record: the whole plan; otherwise a body. */
};

/** Start one HTTP request now. Answered by ATTEMPT_ENDED with the same delivery. */
struct hk_command_start_attempt {
    uint64_t delivery;
    uint64_t endpoint; /**< Slot id, made known by ENDPOINT_SET. */
    struct hk_uuid event;
    struct hk_body *body; /**< Borrowed: the hand takes its own reference. */
    struct hk_body *own;  /**< A payload (model/payload.h): headers, and a text that goes out in
                               place of the body's, if it has one; or NULL. Borrowed likewise. */
    uint32_t timeout_ms;
    uint16_t attempt; /**< From 1: X-Webhook-Attempt. */
};

struct hk_command_endpoint_set {
    uint64_t endpoint;
    const struct hk_endpoint *value;
};

/** One line of `hookctl tail`. */
struct hk_trace {
    struct hk_uuid event;
    struct hk_uuid endpoint;
    uint64_t merchant_id;
    struct hk_wall at;
    uint16_t delivery;
    uint16_t attempt;
    uint16_t status;
    enum hk_outcome_class class;
    enum hk_delivery_state state; /**< What followed. */
    enum hk_reason reason;
    int64_t delay_ms;
    uint32_t total_us;
    enum hk_role role;
    char type[HK_EVENT_TYPE_BYTES_MAX + 1];
};

/** The snapshot is complete: rows of the state as of between the two. */
struct hk_command_snapshot_end {
    uint64_t begin_lsn;
    uint64_t end_lsn;
    uint64_t row_count;
};

struct hk_command {
    enum hk_command_kind kind;
    union {
        struct hk_record append; /**< Encode before the next step. */
        struct hk_command_ack ack;
        struct hk_command_nack nack;
        struct hk_reply *reply; /**< Moved out. */
        struct hk_command_load load;
        struct hk_policy_run run_policy; /**< Answered by PLANNED, RETRY_DECIDED or POLICY_FAILED,
                                              exactly once. */
        struct hk_command_start_attempt start_attempt;
        struct hk_command_endpoint_set endpoint_set;
        uint64_t endpoint_drop;
        struct hk_trace trace;
        struct hk_record snapshot_row;
        struct hk_command_snapshot_end snapshot_end;
    };
};

/** A growing list of commands, used again step after step. All zero is an empty one. */
struct hk_commands {
    struct hk_command *items;
    uint32_t count;
    uint32_t capacity;
};

/** Adds a zeroed command of `kind`; ends the process when out of memory. */
struct hk_command *hk_commands_add(struct hk_commands *commands, enum hk_command_kind kind);
void hk_commands_fini(struct hk_commands *commands);
