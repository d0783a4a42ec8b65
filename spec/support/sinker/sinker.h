// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "histogram.h"
#include "loop.h"
#include "path.h"
#include "store.h"

struct hk_connection;
struct hk_tls;
struct hk_listener;
struct hk_waiter;

struct hk_sinker_counts {
    uint64_t accepted;
    uint64_t open;
    uint64_t requests;
    uint64_t reused; /**< requests that were not the first of their connection */
    uint64_t tls_handshakes;
    uint64_t tls_resumed;
    uint64_t tls_failed;
};

enum { HK_SINKER_SCRATCH_BYTES = 256 * 1024 };

/** The whole program: what every connection needs to reach. One thread, no locks. */
struct hk_sinker {
    struct hk_loop loop;
    struct hk_paths paths;
    struct hk_store store;
    struct hk_histogram histogram;
    struct hk_sinker_counts counts;
    struct hk_answer answer_default;   /**< 200, no body */
    struct hk_answer answer_malformed; /**< 400 and close */
    struct hk_listener *listeners;
    struct hk_connection *connections;
    struct hk_waiter *waiters; /**< long polls of the control port */
    struct hk_tls *tls;
    bool is_bench; /**< keeps no request, measures t_us */
    bool is_quiet;
    char scratch[HK_SINKER_SCRATCH_BYTES]; /**< every read goes here first */
};

/** The fixed answers and empty tables; the loop must run before. 0 or a negative errno. */
int hk_sinker_init(struct hk_sinker *sinker);
void hk_sinker_fini(struct hk_sinker *sinker);
