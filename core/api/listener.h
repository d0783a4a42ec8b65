// SPDX-License-Identifier: Apache-2.0
/** Listener: one bound socket and the libmicrohttpd daemon on it, driven by the loop.
 *
 * libmicrohttpd runs in external epoll mode (its own thread stalls at multiples of 128 ready
 * connections, limits.md section 3): its epoll descriptor is polled by the loop, and
 * hk_listener_run does all that is due. Here are its callbacks and nothing else knows the library.
 * Thread: start on the shell's, before there is another; the rest on the api thread. */
#pragma once
#include "api/exchange.h"

#include <stdbool.h>
#include <uv.h>

struct MHD_Daemon;

#define HK_LISTENER_MAGIC 0x4c495354U

/** An idle connection is closed after this. */
#define HK_IDLE_S 60
/** A peer that does not take its answer is cut after this. */
#define HK_ANSWER_MS 60000

struct hk_listener {
    uint32_t magic;
    struct hk_api *api;
    struct MHD_Daemon *daemon;
    uv_poll_t poll;
    uv_timer_t again;
    int socket; /**< -1 once closed. */
    bool is_control;
    bool is_open;    /**< The uv handles are. */
    bool is_resumed; /**< Connections were resumed since the last run. */
    uint32_t open_handles;
};

/** Starts to serve on `listener->socket`, which is its own from now on. 0 or HK_ESTART. */
HK_MUST_CHECK int hk_listener_start(struct hk_listener *listener, struct hk_api *api,
                                    uv_loop_t *loop, struct hk_fault *fault);

/** Does all that is due now. */
void hk_listener_run(struct hk_listener *listener);

/** Lets the connection of an answered exchange go on; hk_listener_run must follow. */
void hk_listener_resume(struct hk_exchange *exchange);

/** Cuts what is too slow. Once a second for every peer. */
void hk_listener_sweep(struct hk_peer *peer);

/** No new connections. */
void hk_listener_quiesce(struct hk_listener *listener);

/** Ends the daemon (no connection may be suspended) and starts closing the handles. Also fine for a
 * listener that was only bound. */
void hk_listener_stop(struct hk_listener *listener);
