// SPDX-License-Identifier: Apache-2.0
/** Settings: what all delivery threads share. Made by the sender before the first thread starts,
 * never changed, freed after the last one is joined. Thread: any. */
#pragma once
#include "deliver/address.h"
#include "deliver/resolver.h"
#include "model/fact.h"

struct hk_settings {
    struct hk_guard guard;
    struct hk_resolver *resolver;
    uint8_t secret_key[32];
    char *user_agent;
    char *ca_file; /**< NULL: none was found, TLS attempts fail. */
    char *proxy;   /**< NULL: none. */
    bool allow_http;
    uint32_t thread_count;
    uint32_t connections_max; /**< Kept open, of one thread. */
    uint32_t response_bytes_max;
    hk_clock_fn clock;
    void (*ended)(void *arg, const struct hk_fact *facts, uint32_t count);
    void *arg;
};
