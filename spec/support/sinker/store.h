// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "head.h"
#include "path.h"

/** How far the answer to a request came. */
enum hk_answered {
    HK_ANSWERED_NOT,    /**< no byte sent */
    HK_ANSWERED_PARTLY, /**< less than a whole HTTP answer sent */
    HK_ANSWERED_WHOLE
};

/** A request that was kept: facts, then the exact bytes of its head and its decoded body. */
struct hk_request {
    uint64_t seq; /**< from 1, never reused */
    int64_t wall_ms;
    int64_t mono_us;
    uint64_t connection;    /**< number of the connection, from 1 */
    uint64_t on_connection; /**< 1: the first request of its connection */
    int port;               /**< of the listener */
    bool is_tls;
    bool is_complete; /**< head and body were read to their end */
    bool is_malformed;
    struct hk_path *path; /**< NULL when malformed */
    enum hk_answered answered;
    int status;               /**< of the answer, 0: none */
    int64_t answered_mono_us; /**< 0: not yet */
    size_t head_bytes;
    size_t body_bytes;
    char data[];
};

/** What a connection tells of a request. */
struct hk_arrival {
    uint64_t connection;
    uint64_t on_connection;
    int port;
    bool is_tls;
    bool is_complete;
    bool is_malformed;
    struct hk_path *path; /**< NULL when malformed */
    struct hk_span webhook_id;
    struct hk_span head;
    struct hk_span body;
};

/** Ring of the last requests and, always, the tallies of all. */
struct hk_store {
    size_t count_max; /**< 0: keeps tallies only */
    size_t bytes_max;
    bool counts_ids;
    struct hk_request **ring; /**< request seq stands at seq % count_max */
    uint64_t first_seq;       /**< oldest that is kept, when first_seq <= last_seq */
    uint64_t last_seq;
    uint64_t cleared_seq; /**< requests up to this one have been forgotten */
    uint64_t malformed;
    size_t bytes;
};

void hk_store_init(struct hk_store *store, size_t count_max, size_t bytes_max);
void hk_store_fini(struct hk_store *store);

/** Counts and keeps a request; answers its seq. *id is the record of its X-Webhook-Id or NULL. */
uint64_t hk_store_add(struct hk_store *store, const struct hk_arrival *arrival,
                      struct hk_path_id **id);

/** The request with that seq, or NULL when it is not kept (any more). */
struct hk_request *hk_store_find(const struct hk_store *store, uint64_t seq);

/** Notes what became of the answer to a request. */
void hk_request_answer(struct hk_request *request, enum hk_answered answered, int status);

/** Forgets all requests; seq goes on. Tallies are the paths' (hk_path_clear). */
void hk_store_clear(struct hk_store *store);
