// SPDX-License-Identifier: Apache-2.0
/** Policy: a merchant's script as the engine knows it (a name, a generation, its hooks), and what
 * one run of it is asked and answers. What stands in the script only the worker knows. */
#pragma once
#include "model/config.h"
#include "model/plan.h"

/** The hooks a policy may have, in the order in which they run. */
#define HK_HOOK_MAP(XX)     \
    XX(FILTER, 0, "filter") \
    XX(LOOKUP, 1, "lookup") \
    XX(ROUTE, 2, "route")   \
    XX(ENRICH, 3, "enrich") \
    XX(RETRY, 4, "retry")

enum hk_hook {
#define XX(name, bit, word) HK_HOOK_##name = 1 << (bit),
    HK_HOOK_MAP(XX)
#undef XX
};

/** Hooks that decide a plan. A policy without any of them is never called to plan. */
#define HK_HOOKS_PLANNING \
    ((uint32_t)(HK_HOOK_FILTER | HK_HOOK_LOOKUP | HK_HOOK_ROUTE | HK_HOOK_ENRICH))

/** One policy of a set. */
struct hk_policy {
    char *name;          /**< Without .lua. */
    uint32_t generation; /**< From 1; grows with each change of its text. 0: it never loaded. */
    uint32_t hooks;      /**< Bits of enum hk_hook. */
    char *fault;         /**< Why its newest text is not in use, with FILE:LINE; NULL: it is. */
    struct hk_wall loaded_at;
};

/** All policies there are, as one reload found them. */
struct hk_policy_set {
    struct hk_policy *items; /**< By name. */
    uint32_t count;
    enum hk_policy_on_error on_error;
    bool tables_changed; /**< Against the set before: what failed may not fail again. */
};

void hk_policy_set_free(struct hk_policy_set *set);

/** Why a run came to nothing. */
#define HK_POLICY_FAILURE_MAP(XX)                                                      \
    XX(ERROR, 0, "error")             /* the script raised an error */                 \
    XX(RETURN, 1, "return")           /* what it returned cannot be */                 \
    XX(TIME, 2, "time")               /* its CPU budget was spent */                   \
    XX(MEMORY, 3, "memory")           /* its memory was */                             \
    XX(KILLED, 4, "killed")           /* the worker died of it, or had to be killed */ \
    XX(UNAVAILABLE, 5, "unavailable") /* no worker, or no such script */

enum hk_policy_failure {
#define XX(name, value, word) HK_POLICY_##name = (value),
    HK_POLICY_FAILURE_MAP(XX)
#undef XX
};

const char *hk_policy_failure_word(enum hk_policy_failure failure);

/** What one run cost. */
struct hk_policy_cost {
    uint32_t cpu_us;       /**< Of the worker, the decoding and encoding included. */
    uint32_t memory_bytes; /**< Of the merchant's state, afterwards. */
};

/** What a `retry` hook decided. */
enum hk_retry_verdict {
    HK_RETRY_BY_SCHEDULE = 0, /**< nil */
    HK_RETRY_AFTER_DELAY = 1, /**< { delay_ms = n } */
    HK_RETRY_GIVE_UP = 2,     /**< "give_up": the delivery is dead. */
    HK_RETRY_DISABLE = 3,     /**< "disable": so is the endpoint. */
};

/** An endpoint as a policy sees it. Borrowed. */
struct hk_policy_endpoint {
    struct hk_uuid uuid;
    const char *name;
    const char *url; /**< The worker shows its host only. */
    enum hk_role role;
    const struct hk_pairs *labels;
};

/** What a `retry` hook is asked about. Borrowed. */
struct hk_policy_attempt {
    uint16_t delivery; /**< Its number. */
    uint16_t attempt;  /**< The one that failed, from 1. */
    struct hk_slice event_type;
    struct hk_wall first_attempt_at;
    enum hk_outcome_class class;
    uint16_t status;
    uint32_t total_ms;
    struct hk_slice headers; /**< Of the response: "name: value\n" lines, names in lower case. */
};

enum hk_policy_phase { HK_PHASE_PLAN = 0, HK_PHASE_RETRY = 1 };

/** Run a policy for one event, or for one failed attempt. Everything in it is borrowed. */
struct hk_policy_run {
    uint64_t run; /**< Comes back with the answer. */
    enum hk_policy_phase phase;
    const char *policy;
    uint32_t generation;
    uint64_t merchant_id;
    const char *merchant_name;
    struct hk_uuid event;
    const struct hk_body *body;                 /**< PLAN: the event's, head and text. */
    const struct hk_policy_endpoint *endpoints; /**< PLAN: all it may send to. RETRY: the one. */
    uint32_t endpoint_count;
    struct hk_policy_attempt attempt; /**< RETRY. */
};

/** How a merchant's use of its policy went, since the start of the process. */
struct hk_policy_use {
    char *policy; /**< The one it uses, or NULL: none is called. */
    uint32_t generation;
    uint64_t calls, errors, cpu_us;
    uint32_t memory_bytes; /**< Of its state, the last time. */
    uint64_t held;         /**< Events that are held now. */
    bool is_suspended;     /**< It killed workers; until it changes or somebody resumes it. */
    char *error;           /**< The last one, or NULL. */
};

void hk_policy_use_fini(struct hk_policy_use *use);

/** One line of GET /api/v1/policies. */
struct hk_policy_line {
    struct hk_policy policy;
    uint64_t merchants, calls, errors, cpu_us, held, suspended;
};

/** Longest name of a policy. */
#define HK_POLICY_NAME_BYTES_MAX 100
/** Longest text of an error or of a `why` that is kept. */
#define HK_POLICY_TEXT_BYTES_MAX 512
