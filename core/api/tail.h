// SPDX-License-Identifier: Apache-2.0
/** Tail: `GET /api/v1/tail`, an endless answer with one line of JSON for each attempt as it ends.
 *
 * A peer that reads too slowly loses lines, never slows anybody: beyond HK_TAIL_BYTES_MAX waiting
 * for it, lines are dropped and counted, and a line `{"dropped":N}` says so.
 * Thread: the api thread's. */
#pragma once
#include "api/exchange.h"

#define HK_TAIL_BYTES_MAX 1048576

void hk_tail_start(struct hk_exchange *exchange);
void hk_tail_start_reply(struct hk_exchange *exchange, struct hk_reply *reply);

/** Gives one trace to all tails. */
void hk_tail_trace(struct hk_api *api, const struct hk_trace *trace);

/** Moves up to `size_max` waiting bytes out; 0 when there are none. */
size_t hk_tail_read(struct hk_peer *peer, char *out, size_t size_max);

/** Has the peer gone while it slept? Then it is woken to be closed. */
void hk_tail_check(struct hk_peer *peer);

/** Ends the answer properly; the connection goes on. */
void hk_tail_end(struct hk_peer *peer);

/** The answer is over, one way or another: frees the stream, tells the engine. */
void hk_tail_stop(struct hk_peer *peer);

/** Appends a trace as one line of JSON. 0 or HK_ENOMEM. */
HK_MUST_CHECK int hk_tail_append(struct hk_bytes *out, const struct hk_trace *trace);
