// SPDX-License-Identifier: Apache-2.0
/** Task: a run that is out, from hk_pool_run until its fact. It keeps its frame, so that it can be
 * sent again to another worker, and the endpoints that the answer may name. One allocation.
 * Thread: the shell's until it is pushed, the pool's from then on. */
#pragma once
#include "policy/scripts.h"
#include "policy/wire.h"

/** A script under its number, as the pool's thread keeps it. */
struct hk_pool_script {
    uint32_t number;
    uint32_t out; /**< Tasks that name it. */
    bool is_current, is_retired;
    struct hk_scripts *set;         /**< One reference, for... */
    const struct hk_script *script; /**< ...this. */
};

struct hk_pool_task {
    struct hk_pool_task *next;
    struct hk_pool_script *script; /**< Set by the pool's thread. */
    uint32_t number;               /**< Of the script. 0: it cannot be run, `frame` says why. */
    enum hk_policy_phase phase;
    uint64_t run;
    uint64_t merchant_id;
    struct hk_uuid event;
    uint32_t kill_count;     /**< Workers that its merchant has ended while it waited. */
    uint64_t waits_since_ms; /**< For a worker, on the loop's clock. */
    uint64_t starts_at;      /**< Where its frame begins in what its worker was sent. */
    uint32_t endpoint_count;
    const struct hk_uuid *endpoints;
    struct hk_slice frame;
    char bytes[]; /**< Endpoints, then the frame. */
};
