// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "loop.h"

#include <netinet/in.h>
#include <sys/socket.h>

struct hk_sinker;
struct ssl_ctx_st;

/** What a listener does with a connection before any HTTP. */
enum hk_on_accept {
    HK_ON_ACCEPT_SERVE,
    HK_ON_ACCEPT_HOLD,    /**< accepts, never reads */
    HK_ON_ACCEPT_CLOSE,   /**< FIN at once */
    HK_ON_ACCEPT_RESET,   /**< RST at once */
    HK_ON_ACCEPT_GARBAGE, /**< bytes that are neither TLS nor HTTP, then FIN */
    HK_ON_ACCEPT_NEVER    /**< the queue is full: connecting hangs */
};

enum { HK_LISTENER_ADDRESS_MAX = 64, HK_LISTENER_FILLERS = 2 };

struct hk_listener {
    struct hk_watch watch;
    struct hk_sinker *sinker;
    struct hk_listener *next;
    struct ssl_ctx_st *tls; /**< NULL: plain; owned */
    const char *kind;       /**< how it was asked for; a literal */
    enum hk_on_accept on_accept;
    uint64_t accepted;
    int port;
    char address[HK_LISTENER_ADDRESS_MAX];
    int fillers[HK_LISTENER_FILLERS]; /**< sockets that fill the queue of HK_ON_ACCEPT_NEVER */
};

/** A bound, listening, non-blocking socket of ADDR:PORT ([ADDR]:PORT for IPv6, numeric, port 0:
 *  any). The descriptor, or a negative errno. */
int hk_listener_bind(const char *where, int backlog);

/** Port that a socket is bound to. */
int hk_listener_port(int fd);

struct hk_listener_options {
    const char *where; /**< ADDR:PORT */
    const char *kind;
    enum hk_on_accept on_accept;
    struct ssl_ctx_st *tls; /**< taken over, also on failure */
};

/** Opens a receiver port and adds it to sinker->listeners. NULL with *error (negative errno). */
struct hk_listener *hk_listener_open(struct hk_sinker *sinker,
                                     const struct hk_listener_options *options, int *error);

/** Closes it: new connections are refused; open ones live on. */
void hk_listener_close(struct hk_listener *listener);
