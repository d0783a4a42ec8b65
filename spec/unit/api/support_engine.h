// SPDX-License-Identifier: Apache-2.0
/** A stand-in for the engine: a thread that answers the api's facts from a tiny made-up world, and
 * a server in front of it. Merchant 9 has the key TEST_MERCHANT_KEY; merchant 8 does not exist. */
#pragma once
#include "api/server.h"
#include "base/mailbox.h"

#include <pthread.h>
#include <stdatomic.h>

#define TEST_PLATFORM_KEY "0123456789abcdef0123456789abcdef"
#define TEST_MERCHANT_KEY "hkm_test"

struct test_engine {
    struct hk_config config;
    struct hk_server *server;
    struct hk_mailbox facts;
    pthread_t thread;
    bool has_thread;
    atomic_bool is_holding; /**< Facts are kept back, unanswered. */
    atomic_uint held_count;
    atomic_uint accept_count; /**< Events that were offered. */
    atomic_uint tail_starts, tail_stops;
    atomic_uint traces_wanted; /**< How many traces to send. */
    atomic_int code;           /**< What replies other than to AUTHENTICATE come to. */
    atomic_int refusal;        /**< enum hk_refusal for events; 0: they are taken. */
    atomic_bool is_replayed;
    atomic_bool is_reload_refused;
    atomic_bool is_reload_waiting; /**< Reloads are not answered... */
    uint64_t reload_tokens[8];     /**< ...and wait here. */
    atomic_uint reload_count;
    char asked_name[128]; /**< Of the last request. */
    uint32_t asked_last;
    struct hk_fact held[64];
    /** Of the last event: seen under no lock, after its answer only. */
    char type[101], key[256];
    struct hk_fact_accept accept;
    struct hk_endpoint endpoint; /**< The one endpoint, once created. */
    char control_path[64];
};

/** Starts both, ready. `request_ms`: deadline of a request. */
void test_engine_start(struct test_engine *engine, uint32_t request_ms);

/** Answers what was held back, and holds no more. */
void test_engine_release(struct test_engine *engine);

/** Answers the reloads that wait. */
void test_engine_tell_reloaded(struct test_engine *engine);

/** Ends the engine's thread: what the api asks is answered no more. */
void test_engine_end_thread(struct test_engine *engine);

/** Ends both. */
void test_engine_stop(struct test_engine *engine);

/** Waits until `*count` is at least `wanted`; fails the test after 20 s. */
void test_wait_for(atomic_uint *count, unsigned wanted);
