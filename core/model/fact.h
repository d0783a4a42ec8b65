// SPDX-License-Identifier: Apache-2.0
/** Facts: what the hands tell the engine. Plain structs, copied through mailboxes.
 *
 * Where a field says "moved in", the engine owns it from the step on; everything else is a value.
 * Facts carry ids, never a pointer to another thread's object. */
#pragma once
#include "model/config.h"
#include "model/event.h"
#include "model/policy.h"
#include "model/request.h"

enum hk_fact_kind {
    HK_FACT_ACCEPT = 1,
    HK_FACT_REQUEST,
    HK_FACT_APPENDED,
    HK_FACT_LOADED,
    HK_FACT_ATTEMPT_ENDED,
    HK_FACT_PLANNED,
    HK_FACT_RETRY_DECIDED,
    HK_FACT_POLICY_FAILED,
    HK_FACT_POLICIES, /**< A reload's set: from here on runs name its generations. */
    HK_FACT_CONFIG,
    HK_FACT_DISK,
    HK_FACT_DRAIN,    /**< Stop: start nothing more, let what runs end. */
    HK_FACT_SNAPSHOT, /**< Write everything down; slices follow, a few a step. */
};

/** An event comes in. Answered by ACK or NACK with the same token. */
struct hk_fact_accept {
    uint64_t token;
    struct hk_uuid id; /**< Made by the hand: version 7. */
    uint64_t merchant_id;
    struct hk_body *body; /**< Moved in; head as in model/event.h. */
    struct hk_wall deliver_before;
    bool has_idempotency;
    uint64_t idempotency_key[2];
    uint64_t idempotency_body;
};

/** Where a record with a body landed. */
struct hk_located {
    struct hk_location location;
};

/** Every record up to `lsn` is durable. */
struct hk_fact_appended {
    uint64_t lsn;
    struct hk_located *located; /**< Of the EVENT and STATE records among them, and of the PLAN
                                     records that name a policy, in order of lsn. Moved in: freed
                                     with hk_free. */
    uint32_t located_count;
};

/** A body or a plan was read back, or could not be. */
struct hk_fact_loaded {
    uint64_t load;        /**< The id that the LOAD command named. */
    struct hk_body *body; /**< Moved in; NULL on failure, and with a plan. */
    struct hk_plan *plan; /**< Moved in; NULL on failure, and with a body. */
    int code;
};

struct hk_fact_attempt_ended {
    uint64_t delivery;         /**< Slot id that START_ATTEMPT named. */
    struct hk_outcome outcome; /**< `detail` moved in. */
};

/** What a policy decided. Its deliveries name only endpoints of the run. */
struct hk_fact_planned {
    uint64_t run;
    struct hk_plan *plan; /**< Moved in. `event`, `policy`, `generation` are the engine's to set. */
    struct hk_policy_cost cost;
};

struct hk_fact_retry_decided {
    uint64_t run;
    enum hk_retry_verdict verdict;
    int64_t delay_ms; /**< With AFTER_DELAY: 0 and up. */
    struct hk_policy_cost cost;
};

/** A run came to nothing; the same for both phases. */
struct hk_fact_policy_failed {
    uint64_t run;
    enum hk_policy_phase phase;
    enum hk_policy_failure failure;
    struct hk_body *error; /**< Text: what is wrong, with FILE:LINE where there is one. Moved in. */
    struct hk_policy_cost cost;
};

struct hk_fact {
    enum hk_fact_kind kind;
    union {
        struct hk_fact_accept accept;
        struct hk_request *request; /**< Moved in. */
        struct hk_fact_appended appended;
        struct hk_fact_loaded loaded;
        struct hk_fact_attempt_ended attempt_ended;
        struct hk_fact_planned planned;
        struct hk_fact_retry_decided retry_decided;
        struct hk_fact_policy_failed policy_failed;
        struct hk_policy_set *policies;   /**< Moved in. */
        struct hk_engine_options options; /**< CONFIG. */
        bool is_disk_full; /**< DISK: no room for new work; what was accepted goes on. */
    };
};
