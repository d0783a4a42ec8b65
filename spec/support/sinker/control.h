// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "head.h"
#include "sinker.h"
#include "waiter.h"

/** The control port: an HTTP/1.1 server of JSON answers. */
struct hk_control {
    struct hk_watch watch;
    struct hk_sinker *sinker;
    struct hk_control_client *clients;
    int port;
};

/** One client of the control port. */
struct hk_control_client {
    struct hk_watch watch;
    struct hk_control *control;
    struct hk_control_client *next;
    struct hk_control_client **link;
    struct hk_buffer in;
    struct hk_buffer out;
    size_t out_sent;
    bool is_keep_alive;
    bool is_waiting; /**< a long poll: answered by its waiter or its timer */
    struct hk_waiter waiter;
    struct hk_timer timer;
};

/** A request of the control port, and where its answer goes. */
struct hk_call {
    struct hk_sinker *sinker;
    struct hk_control_client *client;
    struct hk_span method;
    struct hk_span path;
    struct hk_span query; /**< without the question mark */
    struct hk_span body;
    int status;
    struct hk_buffer answer; /**< JSON */
    int64_t wait_us;         /**< above 0: wait for client->waiter that long, then answer */
};

/** Listens on ADDR:PORT. 0 or a negative errno. */
int hk_control_open(struct hk_control *control, struct hk_sinker *sinker, const char *where);

/** Closes the port and all its clients. */
void hk_control_close(struct hk_control *control);
