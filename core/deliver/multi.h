// SPDX-License-Identifier: Apache-2.0
/** Multi: curl's multi handle on a libuv loop, with lazy registration.
 *
 * curl asks for a socket to be watched during a request and not between two. Doing as it asks
 * costs two epoll_ctl a request and a third of the throughput (limits.md section 2), so a socket
 * that was opened through hk_multi_open_socket stays registered as it was until curl closes it;
 * only when it becomes ready while nobody is interested (the peer closed it) the registration
 * goes. Sockets that curl opens by itself (of its own resolver, with a proxy) are closed without
 * our knowing and get no such grace.
 *
 * curl's timers are not a libuv timer each: the owner asks hk_multi_due_ms before it waits.
 * Thread: the loop's. */
#pragma once
#include "base/fault.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct hk_socket;

struct hk_multi {
    CURLM *curl;
    uv_loop_t *loop;
    struct hk_socket **sockets; /**< By descriptor. */
    uint32_t socket_capacity;
    int64_t due_ms; /**< On the loop's clock; INT64_MAX: curl waits for no time. */
};

/** Prepares a multi handle that keeps up to `connections_max` connections open. 0 or HK_ENOMEM. */
HK_MUST_CHECK int hk_multi_init(struct hk_multi *multi, uv_loop_t *loop, uint32_t connections_max);

/** Closes all connections; no easy handle may be in it. The loop must run once more for the handles
 * to go. */
void hk_multi_fini(struct hk_multi *multi);

/** Opens a socket for curl, or returns CURL_SOCKET_BAD. */
curl_socket_t hk_multi_open_socket(struct hk_multi *multi, const struct curl_sockaddr *address);

/** CURLOPT_CLOSESOCKETFUNCTION; `multi` is its data. */
int hk_multi_close_socket(void *multi, curl_socket_t descriptor);

/** Lets curl do what is due now: start what was added, time out what waited too long. */
void hk_multi_run_due(struct hk_multi *multi);

/** Gets how long curl can wait, in ms; INT64_MAX: for ever. */
int64_t hk_multi_due_ms(const struct hk_multi *multi);
