// SPDX-License-Identifier: Apache-2.0
/** Server: HTTP in. One thread with a libuv loop; a libmicrohttpd daemon in external epoll mode for
 * each listener: the TCP ones, and the control socket, whose peers are the platform by their uid.
 *
 * It parses, checks and renders; what touches state goes to the engine as an ACCEPT or REQUEST fact
 * and comes back through the functions below.
 * Thread: all functions are the shell's, except that the callbacks of the options are called on the
 * api thread. */
#pragma once
#include "base/hash.h"
#include "base/moment.h"
#include "model/command.h"
#include "model/config.h"
#include "model/fact.h"

struct hk_server;
struct hk_reload_report;

/** How the policy workers are. */
struct hk_worker_status {
    uint32_t wanted, running;
    uint64_t restarts;
    char error[512]; /**< Why the last one that ended did; empty: none did. */
};

struct hk_server_options {
    const struct hk_config *config; /**< Borrowed for the life of the server; hk_server_configure
                                         puts another in its place. */
    const char *control_path;       /**< Unix socket, or NULL: none. */
    const char *version;
    struct hk_hash_key hash_key; /**< For idempotency keys and bodies: the same after a restart. */
    hk_clock_fn clock;
    /** Facts for the engine, once a loop iteration; moved out. On the api thread. */
    void (*submit)(void *arg, const struct hk_fact *facts, uint32_t count);
    /** Somebody asks for a reload; answered by hk_server_reloaded with `token`. On the api thread.
     * NULL: there are none. */
    void (*reload)(void *arg, uint64_t token);
    /** Gets how the workers are. On the api thread. NULL: there are none. */
    void (*workers)(void *arg, struct hk_worker_status *status);
    void *arg;
};

/** Binds and starts. HK_ESTART with the address in the fault. Until hk_server_set_ready every route
 * but /healthz answers 503. */
HK_MUST_CHECK int hk_server_new(const struct hk_server_options *options, struct hk_server **server,
                                struct hk_fault *fault);

/** Gets the bound TCP addresses, "127.0.0.1:8410", in config order; live as long as the server. */
const struct hk_texts *hk_server_addresses(const struct hk_server *server);
void hk_server_set_ready(struct hk_server *server, bool is_ready);

void hk_server_ack(struct hk_server *server, const struct hk_command_ack *ack);
void hk_server_nack(struct hk_server *server, const struct hk_command_nack *nack);

/** Moves the reply in. */
void hk_server_reply(struct hk_server *server, struct hk_reply *own_reply);
void hk_server_trace(struct hk_server *server, const struct hk_trace *trace);

/** Makes the server use another config, from the next request on. Its addresses, secret key and
 * folders must be those of the first. Moved in. */
void hk_server_configure(struct hk_server *server, struct hk_config *own_config);

/** Tells all who asked for the reload what it came to. `tokens` is copied, the report moved in. */
void hk_server_reloaded(struct hk_server *server, const uint64_t *tokens, uint32_t count,
                        struct hk_reload_report *own_report);

/** Hands over the answers since the last flush: one wake-up. */
void hk_server_flush(struct hk_server *server);

/** Stops taking requests; those that wait for the engine still get their answers. */
void hk_server_quiesce(struct hk_server *server);

/** Answers 503 to whatever still waits, closes everything in the order that libmicrohttpd needs,
 * ends the thread, frees. */
void hk_server_free(struct hk_server *server);
