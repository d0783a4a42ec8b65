// SPDX-License-Identifier: Apache-2.0
/* The thread behind server.h. The shell's side only fills `outbox` and the mailbox; everything else
 * belongs to the api thread once it runs.
 *
 * Stop, in the order that libmicrohttpd needs (it aborts when a connection is still suspended):
 * no new connections, 503 to all that wait, resume them, run until their answers are out, stop. */
#include "api/server.h"

#include "api/binding.h"
#include "api/events.h"
#include "api/exchange.h"
#include "api/listener.h"
#include "api/reload.h"
#include "api/state.h"
#include "api/tail.h"
#include "base/alloc.h"
#include "base/check.h"
#include "base/log.h"
#include "base/mailbox.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#define SERVER_MAGIC 0x53455256U
/** How long answers may take to leave at the end. */
#define LAST_ANSWERS_MS 1000

enum note_kind {
    NOTE_ACK,
    NOTE_NACK,
    NOTE_REPLY,
    NOTE_TRACE,
    NOTE_READY,
    NOTE_CONFIG,
    NOTE_RELOADED,
    NOTE_QUIESCE,
    NOTE_STOP
};

/** A reload that ended. */
struct reloaded {
    struct hk_reload_report *report; /**< Owned. */
    uint64_t *tokens;                /**< Owned. */
    uint32_t count;
};

/** One message to the api thread. */
struct note {
    enum note_kind kind;
    union {
        struct hk_command_ack ack;
        struct hk_command_nack nack;
        struct hk_reply *reply;   /**< Owned. */
        struct hk_trace *trace;   /**< Owned. */
        struct hk_config *config; /**< Owned. */
        struct reloaded reloaded;
        bool is_ready;
    };
};

struct hk_server {
    uint32_t magic;
    struct hk_api api;
    uv_loop_t loop;
    uv_async_t wake;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_timer_t sweep;
    uint32_t sweep_ms;
    struct hk_listener *listeners;
    uint32_t listener_count;
    struct hk_texts addresses;
    char *control_path;
    struct hk_mailbox box;
    struct note *outbox; /**< The shell's: what the next flush hands over. */
    uint32_t outbox_count, outbox_capacity;
    pthread_t thread;
};

/* What comes from the engine. */

static void take_reply(struct hk_api *api, struct hk_reply *own_reply)
{
    struct hk_exchange *exchange = hk_exchange_find(api, own_reply->token, (int)own_reply->kind);
    if (exchange != NULL) {
        hk_exchange_reply(exchange, own_reply);
        hk_listener_resume(exchange);
    }
    hk_reply_free(own_reply);
}

static void take_verdict(struct hk_api *api, const struct note *note)
{
    uint64_t token = note->kind == NOTE_ACK ? note->ack.token : note->nack.token;
    struct hk_exchange *exchange = hk_exchange_find(api, token, HK_ASKED_ACCEPT);
    if (exchange == NULL)
        return;
    hk_exchange_arrived(exchange);
    if (note->kind == NOTE_ACK)
        hk_events_accepted(exchange, &note->ack);
    else
        hk_events_refused(exchange, note->nack.refusal);
    hk_listener_resume(exchange);
}

static void tell_reloaded(struct hk_api *api, const struct reloaded *reloaded)
{
    for (uint32_t i = 0; i < reloaded->count; i++) {
        struct hk_exchange *exchange = hk_exchange_find(api, reloaded->tokens[i], HK_ASKED_RELOAD);
        if (exchange == NULL)
            continue;
        hk_exchange_arrived(exchange);
        hk_reload_answer(exchange, reloaded->report);
        hk_listener_resume(exchange);
    }
}

/** Gives back what a note holds. */
static void drop_note(const struct note *note)
{
    switch (note->kind) {
    case NOTE_REPLY:
        hk_reply_free(note->reply);
        break;
    case NOTE_TRACE:
        hk_free(note->trace);
        break;
    case NOTE_CONFIG:
        hk_config_fini(note->config);
        hk_free(note->config);
        break;
    case NOTE_RELOADED:
        hk_reload_report_free(note->reloaded.report);
        hk_free(note->reloaded.tokens);
        break;
    default:
        break;
    }
}

static void run_resumed(struct hk_server *server)
{
    for (uint32_t i = 0; i < server->listener_count; i++) {
        if (server->listeners[i].is_resumed)
            hk_listener_run(&server->listeners[i]);
    }
}

/* The end. */

typedef void (*peer_fn)(struct hk_peer *peer, void *arg);

static void each_peer(struct hk_api *api, peer_fn visit, void *arg)
{
    for (uint32_t slot = 0; slot < api->peers.fresh; slot++) {
        if (hk_slots_is_taken(&api->peers, slot))
            visit(hk_slots_row(&api->peers, slot), arg);
    }
}

static void dismiss(struct hk_peer *peer, void *arg)
{
    (void)arg;
    struct hk_exchange *exchange = &peer->exchange;
    if (peer->stream != NULL)
        hk_tail_end(peer);
    if (!hk_exchange_is_waiting(exchange))
        return;
    bool is_head = exchange->phase == HK_PHASE_AUTH;
    hk_exchange_arrived(exchange);
    hk_answer_unavailable(&exchange->answer, "The service is stopping.");
    exchange->answer.must_close = true;
    if (is_head) {
        exchange->phase = HK_PHASE_DRAIN;
        exchange->is_head_again = true;
    }
    hk_listener_resume(exchange);
}

static void count_answering(struct hk_peer *peer, void *count)
{
    if (peer->exchange.phase == HK_PHASE_ANSWERED)
        ++*(uint32_t *)count;
}

static void send_last_answers(struct hk_server *server)
{
    uint64_t end_ms = uv_now(&server->loop) + LAST_ANSWERS_MS;
    for (;;) {
        uint32_t count = 0;
        for (uint32_t i = 0; i < server->listener_count; i++)
            hk_listener_run(&server->listeners[i]);
        each_peer(&server->api, count_answering, &count);
        if (count == 0 || uv_now(&server->loop) >= end_ms)
            return;
        poll(NULL, 0, 5);
        uv_update_time(&server->loop);
    }
}

static void quiesce(struct hk_server *server)
{
    server->api.is_quiescing = true;
    for (uint32_t i = 0; i < server->listener_count; i++)
        hk_listener_quiesce(&server->listeners[i]);
}

static void stop(struct hk_server *server)
{
    quiesce(server);
    server->api.is_stopping = true;
    each_peer(&server->api, dismiss, NULL);
    send_last_answers(server);
    for (uint32_t i = 0; i < server->listener_count; i++)
        hk_listener_stop(&server->listeners[i]);
    hk_api_flush(&server->api);
    uv_close((uv_handle_t *)&server->wake, NULL);
    uv_close((uv_handle_t *)&server->prepare, NULL);
    uv_close((uv_handle_t *)&server->check, NULL);
    uv_close((uv_handle_t *)&server->sweep, NULL);
}

/* The loop. */

static void take_note(struct hk_server *server, const struct note *note)
{
    struct hk_api *api = &server->api;
    switch (note->kind) {
    case NOTE_ACK:
    case NOTE_NACK:
        take_verdict(api, note);
        break;
    case NOTE_REPLY:
        take_reply(api, note->reply);
        break;
    case NOTE_TRACE:
        hk_tail_trace(api, note->trace);
        drop_note(note);
        break;
    case NOTE_CONFIG:
        hk_api_configure(api, note->config);
        break;
    case NOTE_RELOADED:
        tell_reloaded(api, &note->reloaded);
        drop_note(note);
        break;
    case NOTE_READY:
        api->is_ready = note->is_ready;
        break;
    case NOTE_QUIESCE:
        quiesce(server);
        break;
    case NOTE_STOP:
        break;
    }
}

static void on_wake(uv_async_t *async)
{
    struct hk_server *server = async->data;
    HK_CHECK(server, SERVER_MAGIC);
    void *items;
    size_t count = hk_mailbox_take(&server->box, &items);
    const struct note *notes = items;
    bool is_stop = false;
    server->api.loop_ms = uv_now(&server->loop);
    for (size_t i = 0; i < count; i++) {
        take_note(server, &notes[i]);
        is_stop = is_stop || notes[i].kind == NOTE_STOP;
    }
    run_resumed(server);
    if (is_stop)
        stop(server);
}

static void sweep_peer(struct hk_peer *peer, void *arg)
{
    (void)arg;
    hk_listener_sweep(peer);
}

static void on_sweep(uv_timer_t *timer)
{
    struct hk_server *server = timer->data;
    server->api.loop_ms = uv_now(&server->loop);
    each_peer(&server->api, sweep_peer, NULL);
    for (uint32_t i = 0; i < server->listener_count; i++)
        hk_listener_run(&server->listeners[i]);
    if (server->api.peers.count == 0)
        uv_timer_stop(timer);
}

/** Before and after the loop waits: facts leave. */
static void end_iteration(struct hk_server *server)
{
    hk_api_flush(&server->api);
    if (server->api.peers.count > 0 && !uv_is_active((uv_handle_t *)&server->sweep))
        uv_timer_start(&server->sweep, on_sweep, server->sweep_ms, server->sweep_ms);
}

static void on_prepare(uv_prepare_t *prepare)
{
    end_iteration(prepare->data);
}

static void on_check(uv_check_t *check)
{
    end_iteration(check->data);
}

static void wake_loop(void *async)
{
    uv_async_send(async);
}

static void *run_thread(void *arg)
{
    struct hk_server *server = arg;
    uv_run(&server->loop, UV_RUN_DEFAULT);
    return NULL;
}

/* Start. */

static void init_loop(struct hk_server *server)
{
    hk_assert(uv_loop_init(&server->loop) == 0);
    hk_assert(uv_async_init(&server->loop, &server->wake, on_wake) == 0);
    uv_prepare_init(&server->loop, &server->prepare);
    uv_check_init(&server->loop, &server->check);
    uv_timer_init(&server->loop, &server->sweep);
    server->wake.data = server;
    server->prepare.data = server;
    server->check.data = server;
    server->sweep.data = server;
    uv_prepare_start(&server->prepare, on_prepare);
    uv_check_start(&server->check, on_check);
    hk_mailbox_init(&server->box, sizeof(struct note), wake_loop, &server->wake);
}

static struct hk_listener *add_listener(struct hk_server *server)
{
    struct hk_listener *listener = &server->listeners[server->listener_count++];
    *listener = (struct hk_listener){ .magic = HK_LISTENER_MAGIC, .socket = -1 };
    return listener;
}

static int open_listeners(struct hk_server *server, struct hk_fault *fault)
{
    const struct hk_server_options *options = &server->api.options;
    const struct hk_texts *listen = &options->config->listen;
    server->listeners = hk_alloc_zero_or_die(listen->count + 1, sizeof(*server->listeners));
    int code = 0;
    for (uint32_t i = 0; i < listen->count && code == 0; i++) {
        struct hk_listener *listener = add_listener(server);
        code = hk_binding_open(listen->items[i], &listener->socket, &server->addresses, fault);
    }
    if (code == 0 && options->control_path != NULL) {
        struct hk_listener *listener = add_listener(server);
        listener->is_control = true;
        code = hk_binding_open_control(options->control_path, &listener->socket, fault);
        if (code == 0)
            server->control_path = hk_strdup_or_die(options->control_path);
    }
    for (uint32_t i = 0; i < server->listener_count && code == 0; i++)
        code = hk_listener_start(&server->listeners[i], &server->api, &server->loop, fault);
    return code;
}

/** Signals are the main thread's. */
static int start_thread(struct hk_server *server, struct hk_fault *fault)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int sys = pthread_create(&server->thread, NULL, run_thread, server);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return sys == 0 ? 0 : hk_fault_set_sys(fault, HK_ESTART, sys, "the api thread does not start");
}

/** Frees what is left when the loop has nothing more to do. */
static void free_rest(struct hk_server *server)
{
    void *items;
    size_t count;
    while ((count = hk_mailbox_take(&server->box, &items)) > 0) {
        for (size_t i = 0; i < count; i++) {
            drop_note((const struct note *)items + i);
        }
    }
    hk_mailbox_fini(&server->box);
    hk_assert(uv_loop_close(&server->loop) == 0);
    if (server->control_path != NULL)
        unlink(server->control_path);
    hk_free(server->control_path);
    hk_free(server->listeners);
    hk_free(server->outbox);
    hk_texts_fini(&server->addresses);
    hk_api_fini(&server->api);
    server->magic = 0;
    hk_free(server);
}

int hk__server_new(const struct hk_server_options *options, uint32_t request_ms,
                   struct hk_server **out, struct hk_fault *fault)
{
    struct hk_server *server = hk_alloc_zero_or_die(1, sizeof(*server));
    server->magic = SERVER_MAGIC;
    int code = hk_api_init(&server->api, options);
    if (code < 0) {
        hk_free(server);
        return hk_fault_set(fault, code, "there are no random numbers");
    }
    server->api.request_ms = request_ms;
    server->sweep_ms = request_ms >= 4000 ? 1000 : request_ms / 4 + 1;
    init_loop(server);
    code = open_listeners(server, fault);
    if (code == 0)
        code = start_thread(server, fault);
    if (code < 0) {
        stop(server);
        uv_run(&server->loop, UV_RUN_DEFAULT);
        free_rest(server);
        return code;
    }
    *out = server;
    return 0;
}

int hk_server_new(const struct hk_server_options *options, struct hk_server **server,
                  struct hk_fault *fault)
{
    return hk__server_new(options, HK_REQUEST_MS, server, fault);
}

/* The shell's side. */

const struct hk_texts *hk_server_addresses(const struct hk_server *server)
{
    HK_CHECK(server, SERVER_MAGIC);
    return &server->addresses;
}

static struct note *add_note(struct hk_server *server, enum note_kind kind)
{
    HK_CHECK(server, SERVER_MAGIC);
    if (server->outbox_count == server->outbox_capacity) {
        uint32_t capacity = server->outbox_capacity ? server->outbox_capacity * 2 : 64;
        server->outbox = hk_realloc_or_die(server->outbox, capacity, sizeof(*server->outbox));
        server->outbox_capacity = capacity;
    }
    struct note *note = &server->outbox[server->outbox_count++];
    *note = (struct note){ .kind = kind };
    return note;
}

void hk_server_set_ready(struct hk_server *server, bool is_ready)
{
    add_note(server, NOTE_READY)->is_ready = is_ready;
    hk_server_flush(server);
}

void hk_server_ack(struct hk_server *server, const struct hk_command_ack *ack)
{
    add_note(server, NOTE_ACK)->ack = *ack;
}

void hk_server_nack(struct hk_server *server, const struct hk_command_nack *nack)
{
    add_note(server, NOTE_NACK)->nack = *nack;
}

void hk_server_reply(struct hk_server *server, struct hk_reply *own_reply)
{
    add_note(server, NOTE_REPLY)->reply = own_reply;
}

void hk_server_trace(struct hk_server *server, const struct hk_trace *trace)
{
    struct hk_trace *copy = hk_alloc_or_die(sizeof(*copy));
    *copy = *trace;
    add_note(server, NOTE_TRACE)->trace = copy;
}

void hk_server_configure(struct hk_server *server, struct hk_config *own_config)
{
    add_note(server, NOTE_CONFIG)->config = own_config;
}

void hk_server_reloaded(struct hk_server *server, const uint64_t *tokens, uint32_t count,
                        struct hk_reload_report *own_report)
{
    struct reloaded reloaded = { .report = own_report, .count = count };
    if (count > 0) {
        reloaded.tokens = hk_alloc_zero_or_die(count, sizeof(*tokens));
        memcpy(reloaded.tokens, tokens, count * sizeof(*tokens));
    }
    add_note(server, NOTE_RELOADED)->reloaded = reloaded;
}

void hk_server_flush(struct hk_server *server)
{
    HK_CHECK(server, SERVER_MAGIC);
    if (server->outbox_count == 0)
        return;
    hk_mailbox_push(&server->box, server->outbox, server->outbox_count);
    server->outbox_count = 0;
}

void hk_server_quiesce(struct hk_server *server)
{
    add_note(server, NOTE_QUIESCE);
    hk_server_flush(server);
}

void hk_server_free(struct hk_server *server)
{
    add_note(server, NOTE_STOP);
    hk_server_flush(server);
    pthread_join(server->thread, NULL);
    free_rest(server);
}
