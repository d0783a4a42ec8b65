// SPDX-License-Identifier: Apache-2.0
/** Records: what the log keeps, as plain data. The engine is a fold over them.
 *
 * Records name things by event id and delivery number, never by slot. All pointers are borrowed:
 * from the engine until the end of the step that made the record, from the reader until its next
 * record. journal/record.h turns them into bytes and back; a log that is no file can do the same.
 */
#pragma once
#include "model/event.h"
#include "model/merchant.h"
#include "model/plan.h"

enum hk_record_type {
    HK_RECORD_EVENT = 1,    /**< Accepted. */
    HK_RECORD_PLAN = 2,     /**< Planned, once. */
    HK_RECORD_START = 3,    /**< An attempt begins; not waited for. */
    HK_RECORD_RESULT = 4,   /**< An attempt ended, and what follows. */
    HK_RECORD_STATE = 5,    /**< All of one event; replaces what is known of it. */
    HK_RECORD_MERCHANT = 6, /**< Created or changed: the whole merchant. */
    HK_RECORD_MERCHANT_DELETED = 7,
    HK_RECORD_KEY = 8,
    HK_RECORD_KEY_DELETED = 9,
    HK_RECORD_ENDPOINT = 10, /**< Created or changed: the whole endpoint. */
    HK_RECORD_ENDPOINT_DELETED = 11,
    HK_RECORD_IDEMPOTENCY = 12, /**< Snapshots only; in the journal it is part of EVENT. */
    HK_RECORD_END = 13,  /**< A delivery ended without an attempt (expired, discarded, ...). */
    HK_RECORD_WAIT = 14, /**< A policy's `retry` moved a wait. */
};

/** An Idempotency-Key: only hashes are kept. */
struct hk_idempotency {
    uint64_t merchant_id;
    uint64_t key[2]; /**< 128-bit hash of the key. */
    uint64_t body;   /**< 64-bit hash of the body. */
    struct hk_uuid event;
    struct hk_wall expires_at;
};

struct hk_record_event {
    struct hk_uuid id;
    uint64_t merchant_id;
    struct hk_wall deliver_before;
    bool has_idempotency;
    uint64_t idempotency_key[2];
    uint64_t idempotency_body;
    struct hk_slice head; /**< The body's head... */
    struct hk_slice text; /**< ...and text. */
};

struct hk_record_start {
    struct hk_uuid event;
    uint16_t delivery;
    uint16_t attempt;
};

struct hk_record_result {
    struct hk_uuid event;
    uint16_t delivery;
    struct hk_attempt attempt;    /**< `detail` borrowed; see `error` and `response`. */
    struct hk_slice error;        /**< Decoded detail, head... */
    struct hk_slice response;     /**< ...and text. Encoders read these, not `attempt.detail`. */
    enum hk_delivery_state state; /**< What follows. */
    enum hk_reason reason;
    int64_t delay_ms; /**< With WAITING: counts from the record's `at`. */
};

struct hk_record_end {
    struct hk_uuid event;
    uint16_t delivery;
    enum hk_delivery_state state;
    enum hk_reason reason;
};

/** The wait after that attempt is `delay_ms` long, counted from the record's `at`. */
struct hk_record_wait {
    struct hk_uuid event;
    uint16_t delivery;
    uint16_t attempt;
    int64_t delay_ms;
};

struct hk_record {
    enum hk_record_type type;
    uint64_t lsn; /**< Rises by one a record, never used again; in snapshots that of the row. */
    struct hk_wall at;
    union {
        struct hk_record_event event;
        struct hk_plan plan;
        struct hk_record_start start;
        struct hk_record_result result;
        const struct hk_event *state;
        const struct hk_merchant *merchant;
        uint64_t merchant_deleted;
        struct hk_key key;
        struct hk_uuid key_deleted;
        const struct hk_endpoint *endpoint;
        struct hk_uuid endpoint_deleted;
        struct hk_idempotency idempotency;
        struct hk_record_end end;
        struct hk_record_wait wait;
    };
};
