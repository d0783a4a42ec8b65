// SPDX-License-Identifier: Apache-2.0
/** Sender: the one door through which hookd speaks to the outside.
 *
 * D threads, each with a libuv loop and one curl multi handle; an endpoint belongs to the thread
 * (slot mod D), so its handles, connections, TLS sessions and resolver answers never cross threads.
 * Every request passes the address guard (deliver/address.h), before and at connecting.
 *
 * Thread: all functions are the shell's, except that events are called on delivery threads. */
#pragma once
#include "base/moment.h"
#include "model/command.h"
#include "model/config.h"
#include "model/fact.h"

struct hk_sender;

struct hk_sender_options {
    const struct hk_deliver_options *deliver; /**< Borrowed until new returns. */
    const uint8_t *secret_key;                /**< 32 bytes, copied: opens sealed secrets. */
    const uint16_t *own_ports;                /**< hookd's listen ports: never dialled. Copied. */
    uint32_t own_port_count;
    const char *user_agent; /**< "hookd/VERSION". */
    hk_clock_fn clock;
    /** Attempts have ended; called once a loop iteration with all of them. The facts are moved out.
     * Called on delivery threads; must only pass them on. */
    void (*ended)(void *arg, const struct hk_fact *facts, uint32_t count);
    void *arg;
};

/** Starts the threads. HK_EINVAL (a network, the CA file), HK_ENOMEM. */
HK_MUST_CHECK int hk_sender_new(const struct hk_sender_options *options, struct hk_sender **sender,
                                struct hk_fault *fault);

/** Tells the endpoint's thread how the endpoint is now; copied. */
void hk_sender_endpoint_set(struct hk_sender *sender, uint64_t endpoint,
                            const struct hk_endpoint *value);

/** Forgets an endpoint; attempts that run may end. */
void hk_sender_endpoint_drop(struct hk_sender *sender, uint64_t endpoint);

/** Starts an attempt; takes its own reference of the body. */
void hk_sender_start(struct hk_sender *sender, const struct hk_command_start_attempt *start);

/** Hands over what was asked for since the last flush: one wake-up a thread. */
void hk_sender_flush(struct hk_sender *sender);

/** Ends the threads at once; attempts that run are cut and not reported. Frees. */
void hk_sender_free(struct hk_sender *sender);
