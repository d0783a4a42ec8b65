// SPDX-License-Identifier: Apache-2.0
/** Stage: a receiver and a sender that may dial it, for one test. Thread: the test's. */
#pragma once
#include "support_sender.h"
#include "support_server.h"

/** Attempts that end by themselves, and such that only the deadline ends. */
#define STAGE_LONG_MS 30000
#define STAGE_SHORT_MS 250

#define STAGE_OK "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

struct stage {
    struct server *server;
    struct fixture *fixture;
};

/** cmocka's set-up and tear-down of a test; `*state` is the stage. */
int stage_open(void **state, const struct server_reply *replies);
int stage_close(void **state);

/** Gets the URL of `path` on the stage's server; valid until the next call. */
const char *stage_url(struct stage *stage, const char *path);
