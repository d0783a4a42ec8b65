// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "buffer.h"

#include <stdbool.h>
#include <sys/types.h>

struct ssl_st;

enum {
    HK_TRANSPORT_EOF = 0,
    HK_TRANSPORT_AGAIN = -1,
    HK_TRANSPORT_BROKEN = -2 /**< reset by the peer, or TLS that cannot go on */
};

/** One non-blocking stream, with or without TLS. */
struct hk_transport {
    int fd;
    struct ssl_st *tls; /**< NULL: plain; owned */
};

/** Bytes that were read (> 0), or one of HK_TRANSPORT_*. */
ssize_t hk_transport_read(struct hk_transport *transport, char *data, size_t bytes);

/** Bytes that were taken (> 0), or HK_TRANSPORT_AGAIN or HK_TRANSPORT_BROKEN. */
ssize_t hk_transport_write(struct hk_transport *transport, struct hk_span data);

/** Ends our direction in order: close_notify and FIN. */
void hk_transport_finish(struct hk_transport *transport);

/** Makes the coming close of the descriptor an RST. */
void hk_transport_arm_reset(struct hk_transport *transport);

/** Frees the TLS part; the descriptor stays open. */
void hk_transport_fini(struct hk_transport *transport);
