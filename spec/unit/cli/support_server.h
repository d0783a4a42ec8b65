// SPDX-License-Identifier: Apache-2.0
/** A server on a Unix socket that gives one answer to every request and keeps the last request; and
 * hookctl run against it. */
#pragma once
#include "base/bytes.h"

#include <pthread.h>
#include <stdbool.h>

struct fake_server {
    char folder[64];
    char path[96];
    int listener;
    pthread_t thread;
    const char *status;  /**< "200 OK" */
    const char *answer;  /**< Body of every answer. */
    char request[65536]; /**< The last one, whole. */
};

/** What one run of hookctl did. */
struct hookctl_said {
    int code;
    char *out, *err; /**< Owned. */
};

/** Starts a server; cmocka setup and teardown. */
int fake_server_open(void **state);
int fake_server_close(void **state);

/** Runs hookctl with `words` (space between, ended by NULL) against the server; `server` NULL:
 * without HOOKCTL_SOCKET. The result is given to hookctl_said_fini. */
struct hookctl_said hookctl_run(struct fake_server *server, const char *const *words);
void hookctl_said_fini(struct hookctl_said *said);

/** hookctl_run with literal words. */
#define HOOKCTL(server, ...) hookctl_run((server), (const char *const[]){ __VA_ARGS__, NULL })
