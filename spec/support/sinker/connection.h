// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "chunks.h"
#include "listener.h"
#include "player.h"
#include "sinker.h"

enum { HK_CONNECTION_BODY_BYTES_MAX = 256 * 1024 * 1024 };

/** One client of a receiver port. */
struct hk_connection {
    struct hk_watch watch;
    struct hk_sinker *sinker;
    struct hk_connection *next;
    struct hk_connection **link; /**< what points here */
    struct hk_transport transport;
    struct hk_timer timer; /**< delay, drip or the end of draining */
    enum hk_connection_state {
        HK_CONNECTION_READING,
        HK_CONNECTION_DELAYING,
        HK_CONNECTION_PLAYING,
        HK_CONNECTION_HOLDING, /**< says and reads nothing more */
        HK_CONNECTION_DRAINING /**< sent FIN, reads to the end */
    } state;
    uint64_t number;
    uint64_t request_count;
    int port;
    bool is_handshake_counted;
    struct hk_buffer in; /**< bytes of requests that are not whole yet */

    /* The request in hand. */
    bool has_head;    /**< the fields below hold */
    bool has_request; /**< it was stored under seq and is not settled */
    bool is_chunked;
    bool is_keep_alive;
    bool is_head_method;
    size_t head_bytes;
    size_t content_bytes;
    size_t decoded_bytes; /**< of `in` behind the head that chunks has taken */
    struct hk_chunks chunks;
    struct hk_buffer body; /**< decoded chunks */
    struct hk_path *path;
    struct hk_path_id *id;
    struct hk_behaviour *behaviour; /**< a reference while answer points into it */
    const struct hk_answer *answer; /**< NULL: not chosen yet */
    uint64_t seq;
    struct hk_player player;
};

/** Takes over the descriptor. */
void hk_connection_start(struct hk_listener *listener, int fd);

/** Settles the request in hand and closes; memory is freed after this batch of events. Twice is
 *  harmless. */
void hk_connection_close(struct hk_connection *connection);

/** Closes all connections of the sinker. */
void hk_connection_close_all(struct hk_sinker *sinker);
