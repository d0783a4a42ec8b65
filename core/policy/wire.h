// SPDX-License-Identifier: Apache-2.0
/** Wire: what hookd (or hookctl) and a policy worker say to each other over their socket pair.
 *
 * A frame is `u32 length` (little endian) and that many bytes: one MessagePack array
 * `[kind, fields...]`. Both ends are of one build, so there is no version; what does not decode is
 * a fault of the worker (the parent kills it) or of the parent (the worker ends). Before anything
 * is unpacked, counts and depth are checked against the bytes left (the worker is not trusted).
 * What a slice holds (UTF-8, JSON, a header's name) is the reader's to check. Decoded slices and
 * lists borrow from the frame and from the scratch, and die with either one's next use. Pure;
 * thread: any. */
#pragma once
#include "model/policy.h"

/** Largest frame; a plan is bounded by plan_bytes_max, a script by the second. */
#define HK_WIRE_FRAME_BYTES_MAX (UINT32_C(256) << 20)
#define HK_SCRIPT_BYTES_MAX (UINT32_C(1) << 20)

enum hk_wire_kind {
    /* to the worker */
    HK_WIRE_SETUP = 1, /**< Once, first, before the cage shuts. */
    HK_WIRE_SCRIPT,    /**< A script and its libraries, under a number. Not answered. */
    HK_WIRE_DROP,      /**< Forget a script and its states. Not answered. */
    HK_WIRE_PLAN,      /**< Answered by PLANNED or FAILED. */
    HK_WIRE_RETRY,     /**< Answered by DECIDED or FAILED. */
    HK_WIRE_CHECK,     /**< Load a script (by number), run nothing of it. Answered by CHECKED. */
    HK_WIRE_SPEC,      /**< Run a spec file. Answered by SPEC_DONE. */
    /* from the worker */
    HK_WIRE_READY = 65, /**< The cage is shut. */
    HK_WIRE_PLANNED,
    HK_WIRE_DECIDED,
    HK_WIRE_FAILED,
    HK_WIRE_CHECKED,
    HK_WIRE_SPEC_DONE,
};

struct hk_wire_setup {
    uint32_t time_ms_max;
    uint32_t memory_bytes_max;
    uint64_t plan_bytes_max;
    uint32_t idle_ms; /**< A state that was not used for so long is dropped. */
    /** Lookup tables: names, and the numbers of the inherited descriptors of their memfds. */
    const struct hk_slice *table_names;
    const uint32_t *table_fds;
    uint32_t table_count;
};

/** A library that a script may require, or a script that a spec may load. */
struct hk_wire_source {
    struct hk_slice name, text; /**< The name without .lua. */
};

struct hk_wire_script {
    uint32_t script; /**< The number that PLAN, RETRY, CHECK and DROP name it by. */
    struct hk_wire_source source;
    const struct hk_wire_source *libraries; /**< All there are. */
    uint32_t library_count;
};

struct hk_wire_endpoint {
    struct hk_uuid uuid;
    struct hk_slice name, url; /**< Of the URL hookd says "HOST:PORT" and no more. */
    enum hk_role role;
    const struct hk_slice *labels; /**< Name, value, name, value, ... */
    uint32_t label_count;          /**< Of pairs. */
};

/** PLAN and RETRY: struct hk_policy_run as the worker gets it. */
struct hk_wire_run {
    uint64_t run;
    uint32_t script;
    uint64_t merchant_id;
    struct hk_slice merchant_name;
    struct hk_uuid event;
    struct hk_slice event_type, event_key;    /**< PLAN: the body's head taken apart... */
    struct hk_slice body;                     /**< ...and its text: JSON that was checked. */
    const struct hk_wire_endpoint *endpoints; /**< RETRY: the one. */
    uint32_t endpoint_count;
    struct hk_policy_attempt attempt; /**< RETRY. */
};

struct hk_wire_check {
    uint64_t run;
    uint32_t script;
};

struct hk_wire_spec {
    uint64_t run;
    struct hk_wire_source source;
    const struct hk_wire_source *scripts; /**< What `spec.policy` may load. */
    uint32_t script_count;
    const struct hk_wire_source *libraries;
    uint32_t library_count;
};

/** A line of hook.log. */
struct hk_wire_log {
    enum hk_log_level level;
    struct hk_slice text;
};

/** What every answer to a run has. */
struct hk_wire_answer {
    uint64_t run;
    struct hk_policy_cost cost;
    const struct hk_wire_log *logs;
    uint32_t log_count;
};

struct hk_wire_delivery {
    uint32_t endpoint;     /**< Place in the run's list, from 0. */
    enum hk_reason reason; /**< NONE or SKIPPED_BY_POLICY. */
    struct hk_slice why;
    bool has_body;
    struct hk_slice body;           /**< With has_body: the changed JSON. */
    const struct hk_slice *headers; /**< Name, value, name, value, ... */
    uint32_t header_count;          /**< Of pairs. */
};

struct hk_wire_planned {
    struct hk_wire_answer answer;
    enum hk_reason reason; /**< NONE, FILTERED, NO_ENDPOINT or SKIPPED_BY_POLICY. */
    struct hk_slice why;
    uint32_t hooks; /**< Those that ran. */
    const struct hk_wire_delivery *deliveries;
    uint32_t delivery_count;
};

struct hk_wire_decided {
    struct hk_wire_answer answer;
    enum hk_retry_verdict verdict;
    int64_t delay_ms;
};

struct hk_wire_failed {
    struct hk_wire_answer answer;
    enum hk_policy_failure failure;
    struct hk_slice text;
};

struct hk_wire_checked {
    uint64_t run;
    uint32_t hooks;
    struct hk_slice fault;            /**< Empty: it loads. "NAME.lua:LINE: ..." */
    const struct hk_slice *libraries; /**< Those that it required. */
    uint32_t library_count;
};

struct hk_wire_spec_result {
    struct hk_slice name;  /**< Of describe and it, joined by a space. */
    struct hk_slice fault; /**< Empty: it holds. */
};

struct hk_wire_spec_done {
    uint64_t run;
    struct hk_slice fault; /**< The file itself does not load or run; empty: it does. */
    const struct hk_wire_spec_result *results;
    uint32_t result_count;
};

struct hk_wire_message {
    enum hk_wire_kind kind;
    union {
        struct hk_wire_setup setup;
        struct hk_wire_script script;
        uint32_t drop;
        struct hk_wire_run run; /**< PLAN and RETRY. */
        struct hk_wire_check check;
        struct hk_wire_spec spec;
        struct hk_wire_planned planned;
        struct hk_wire_decided decided;
        struct hk_wire_failed failed;
        struct hk_wire_checked checked;
        struct hk_wire_spec_done spec_done;
    };
};

struct hk_wire_block;

/** Memory for what a decoded message points to; all zero is an empty one. */
struct hk_wire_scratch {
    struct hk_wire_block *blocks; /**< Newest first. */
};

void hk_wire_scratch_fini(struct hk_wire_scratch *scratch);

/** Appends a whole frame. 0, HK_ENOMEM, HK_ELIMIT (over HK_WIRE_FRAME_BYTES_MAX); `out` is as it
 * was then. */
HK_MUST_CHECK int hk_wire_encode(const struct hk_wire_message *message, struct hk_bytes *out);

/** Appends the frame of a PLAN or RETRY straight from the engine's command. Errors likewise. */
HK_MUST_CHECK int hk_wire_encode_run(const struct hk_policy_run *run, uint32_t script,
                                     struct hk_bytes *out);

/** Gets the size of the first frame in `bytes`, its 4 bytes of length included; 0: not whole yet.
 * HK_ELIMIT (too large). */
HK_MUST_CHECK int hk_wire_frame(struct hk_slice bytes, size_t *size);

/** Reads one whole frame. 0, HK_EDAMAGED, HK_ENOMEM. */
HK_MUST_CHECK int hk_wire_decode(struct hk_slice frame, struct hk_wire_scratch *scratch,
                                 struct hk_wire_message *message);
