// SPDX-License-Identifier: Apache-2.0
/** Exchange: one HTTP request on its way to its answer, and the peer (connection) that it is on.
 *
 * ```
 *   IDLE -> HEAD -----------------> BODY -> RUNNING -> WAITING -> ANSWERED -> IDLE
 *             |  '-> AUTH -'         ^         '-------------------^
 *             |    (the engine       |
 *             |     knows the key)   '---- DRAIN: the answer is ready, the rest of the body
 *             '-- REFUSED: answered at once, then closed         is read and thrown away
 * ```
 * HTTP/1.1 has one request at a time, so an exchange is part of its peer and is used again; the
 * peer's slot id is the token of whatever is asked of the engine, and goes stale with the peer.
 * The connection is suspended in AUTH and WAITING only. Thread: the api thread's. */
#pragma once
#include "api/answers.h"
#include "api/guard.h"
#include "api/pager.h"
#include "api/router.h"
#include "api/state.h"

struct MHD_Connection;
struct hk_listener;

enum hk_phase {
    HK_PHASE_IDLE = 0,
    HK_PHASE_HEAD,
    HK_PHASE_AUTH,
    HK_PHASE_BODY,
    HK_PHASE_DRAIN,
    HK_PHASE_RUNNING,
    HK_PHASE_WAITING,
    HK_PHASE_ANSWERED,
    HK_PHASE_REFUSED,
};

/** hk_exchange.asked of an event that is offered. */
#define HK_ASKED_ACCEPT (-1)
/** ...and of a reload that runs. */
#define HK_ASKED_RELOAD (-2)

/** Characters of a merchant's API key, with its end: prefix and 32 random bytes in hex. */
#define HK_KEY_TEXT_MAX 72

struct hk_exchange {
    enum hk_phase phase;
    bool is_platform;   /**< The platform asks, not the merchant itself. */
    bool is_streaming;  /**< A tail; see tail.h. */
    bool is_sent;       /**< The answer was handed over. */
    bool is_head_again; /**< After AUTH libmicrohttpd repeats its call for the head. */
    int asked;          /**< enum hk_request_kind of what is waited for, or HK_ASKED_*. */
    struct hk_head head;
    struct hk_match match;
    uint64_t merchant_id;
    struct hk_bytes body;
    struct hk_answer answer;
    struct hk_page page;
    char key[HK_KEY_TEXT_MAX]; /**< Of a key that is being made. */
    uint64_t started_ms;       /**< First byte, as near as we know. */
    uint64_t answered_ms;
};

#define HK_PEER_MAGIC 0x50454552U
/** Bytes of buffers that a peer keeps between requests. */
#define HK_PEER_KEPT_BYTES 8192

/** The stream of a tail: what waits to be sent. */
struct hk_stream {
    struct hk_bytes bytes;
    size_t sent;
    uint64_t dropped;
    bool is_suspended;
    bool is_ended;
};

struct hk_peer {
    uint32_t magic;
    uint32_t slot;
    struct hk_api *api;
    struct MHD_Connection *connection;
    struct hk_listener *listener;
    bool is_control; /**< Came over the control socket: the platform. */
    int socket;
    uint64_t idle_since_ms;
    uint64_t taken_bytes;      /**< Of whole requests, so far... */
    bool is_uncounted;         /**< ...unless there were chunked ones. */
    uint64_t partial_since_ms; /**< Idle, but bytes of a next request came; 0: none. */
    struct hk_exchange exchange;
    struct hk_stream *stream; /**< Of a tail, or NULL. */
};

static inline struct hk_peer *hk_exchange_peer(struct hk_exchange *exchange)
{
    return (struct hk_peer *)(void *)((char *)exchange - offsetof(struct hk_peer, exchange));
}

static inline struct hk_api *hk_exchange_api(struct hk_exchange *exchange)
{
    return hk_exchange_peer(exchange)->api;
}

/** Begins: guard (the head is filled), route, readiness, authentication, what is known of the body.
 * Afterwards the phase is AUTH (suspend), BODY, DRAIN or REFUSED. */
void hk_exchange_begin(struct hk_exchange *exchange, size_t head_bytes);

/** After AUTH: BODY or DRAIN. */
void hk_exchange_continue(struct hk_exchange *exchange);

/** Takes the next bytes of the body. */
void hk_exchange_read(struct hk_exchange *exchange, struct hk_slice bytes);

/** The request is whole: runs its action. Afterwards WAITING (suspend) or ANSWERED. */
void hk_exchange_run(struct hk_exchange *exchange);

/** Forgets the request; keeps small buffers. */
void hk_exchange_reset(struct hk_exchange *exchange);

/** Makes a request of `kind` for the engine, with token, merchant and uuid filled in; it leaves
 * with this iteration's batch, and the exchange waits. NULL when too many wait: then it is
 * answered. */
struct hk_request *hk_exchange_ask(struct hk_exchange *exchange, enum hk_request_kind kind);

/** Makes the ACCEPT fact, with token and merchant filled in; else like hk_exchange_ask. */
struct hk_fact_accept *hk_exchange_offer(struct hk_exchange *exchange);

/** Waits for something that is no fact's answer (`asked` is HK_ASKED_*): gets the token. False when
 * too many wait: then it is answered. */
bool hk_exchange_wait(struct hk_exchange *exchange, int asked, uint64_t *token);

/** Finds the exchange that waits under `token` for what it `asked`; NULL when its peer has gone. */
struct hk_exchange *hk_exchange_find(struct hk_api *api, uint64_t token, int asked);

/** The engine's reply: renders the answer. The caller frees the reply and resumes. */
void hk_exchange_reply(struct hk_exchange *exchange, struct hk_reply *reply);

/** No longer waits for the engine. */
void hk_exchange_arrived(struct hk_exchange *exchange);

/** Is the connection to be suspended until the engine answers? */
static inline bool hk_exchange_is_waiting(const struct hk_exchange *exchange)
{
    return exchange->phase == HK_PHASE_AUTH || exchange->phase == HK_PHASE_WAITING;
}
