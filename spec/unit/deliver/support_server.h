// SPDX-License-Identifier: Apache-2.0
/** Server: a receiver on loopback that answers by path with given bytes and then behaves as told.
 * One thread; requests are kept for the test to look at. Thread: the test's. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum server_act {
    SERVER_KEEP,     /**< Wait for the next request. */
    SERVER_CLOSE,    /**< Close. */
    SERVER_RESET,    /**< Close with a reset. */
    SERVER_HANG,     /**< Say nothing more, read nothing more. */
    SERVER_DRIP,     /**< One byte more every 20 ms. */
    SERVER_ENDLESS,  /**< More bytes, as fast as they are taken. */
    SERVER_FALL_ILL, /**< As KEEP, but close without an answer on the second request. */
};

struct server_reply {
    const char *path;
    const char *text;
    enum server_act act;
};

struct server;

/** Starts a server on a free port of `address` ("127.0.0.1" or "::1"). `replies` ends with a NULL
 * path and outlives the server; other paths get 404. */
struct server *server_start(const char *address, const struct server_reply *replies);
void server_stop(struct server *server);

uint16_t server_port(const struct server *server);
/** How many connections were accepted, requests read. */
unsigned server_connection_count(struct server *server);
unsigned server_request_count(struct server *server);
/** Gets the n-th request (from 0), head and body, terminated; valid until the stop. */
const char *server_request(struct server *server, unsigned number);
