// SPDX-License-Identifier: Apache-2.0
/** A sender with what a test needs around it: endpoints, events, and the outcomes as they come.
 * Thread: the test's. */
#pragma once
#include "deliver/sender.h"

#define FIXTURE_SECRET "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWX"

struct fixture;

/** Options that let loopback be dialled over http, with one thread; free with
 * fixture_options_fini. */
struct hk_deliver_options fixture_options(void);
void fixture_options_fini(struct hk_deliver_options *options);

/** Starts a sender; `own_port` 0: none. */
struct fixture *fixture_start(const struct hk_deliver_options *options, uint16_t own_port);
void fixture_stop(struct fixture *fixture);
struct hk_sender *fixture_sender(struct fixture *fixture);

/** The clock that the fixture's sender is given. */
struct hk_now fixture_clock(void);

/** Makes an endpoint of that URL with FIXTURE_SECRET; free with hk_endpoint_fini. */
struct hk_endpoint fixture_endpoint(const char *url);

/** Seals a plain text for the endpoint. */
void fixture_seal(const struct hk_endpoint *endpoint, struct hk_slice plain,
                  struct hk_bytes *sealed);

/** Makes an endpoint known under `id`. */
void fixture_set(struct fixture *fixture, uint64_t id, const char *url);

/** Starts an attempt of an event `approved` with body {"event":"approved"}, and flushes. */
void fixture_send(struct fixture *fixture, uint64_t id, uint64_t delivery, uint32_t timeout_ms);

/** Waits for the next outcome, in the order in which they come; fails the test after a minute. */
struct hk_fact_attempt_ended fixture_next(struct fixture *fixture);

/** fixture_set (under a new id), fixture_send and fixture_next in one. */
struct hk_outcome fixture_try(struct fixture *fixture, const char *url, uint32_t timeout_ms);

/** Gives back what an outcome holds. */
void fixture_forget(struct hk_outcome *outcome);

/** Calls of `ended` so far. */
unsigned fixture_batch_count(struct fixture *fixture);

/** The error text and the response kept with an outcome; "" without a detail. */
const char *fixture_error(const struct hk_outcome *outcome);
struct hk_slice fixture_response(const struct hk_outcome *outcome);
