// SPDX-License-Identifier: Apache-2.0
#include "api/listener.h"

#include "api/tail.h"
#include "api/traffic.h"
#include "base/alloc.h"
#include "base/check.h"
#include "base/log.h"

#include <microhttpd.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 4096
#define CONTROL_CONNECTIONS_MAX 64
#define CLOCK_SLACK_MS UINT64_C(200)
/** Runs in a row before others on the loop get their turn. */
#define RUNS_MAX 8

/* Answers. */

static int add_header(struct MHD_Response *response, const char *name, const char *value)
{
    return MHD_add_response_header(response, name, value) == MHD_YES ? 0 : HK_ENOMEM;
}

static int add_headers(struct MHD_Response *response, const struct hk_exchange *exchange)
{
    const struct hk_answer *answer = &exchange->answer;
    const char *type = exchange->is_streaming ? "application/x-ndjson" : "application/json";
    int code = add_header(response, "Content-Type", type);
    if (code == 0 && answer->allow != NULL)
        code = add_header(response, "Allow", answer->allow);
    if (code == 0 && answer->is_replayed)
        code = add_header(response, "Idempotent-Replayed", "true");
    if (code == 0 && (answer->is_secret || exchange->is_streaming))
        code = add_header(response, "Cache-Control", "no-store");
    if (code == 0 && answer->must_close)
        code = add_header(response, "Connection", "close");
    if (code == 0 && answer->retry_after_s > 0) {
        char seconds[16];
        snprintf(seconds, sizeof(seconds), "%u", answer->retry_after_s);
        code = add_header(response, "Retry-After", seconds);
    }
    return code;
}

/** Passes the stream of a tail on; the connection sleeps when there is nothing. */
static ssize_t read_stream(void *arg, uint64_t position, char *out, size_t size_max)
{
    struct hk_peer *peer = arg;
    (void)position;
    size_t size = hk_tail_read(peer, out, size_max);
    if (size > 0)
        return (ssize_t)size;
    if (peer->stream->is_ended)
        return MHD_CONTENT_READER_END_OF_STREAM;
    peer->stream->is_suspended = true;
    MHD_suspend_connection(peer->connection);
    return 0;
}

static struct MHD_Response *make_response(struct hk_peer *peer)
{
    struct hk_exchange *exchange = &peer->exchange;
    if (exchange->is_streaming)
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_stream, peer, NULL);
    struct hk_slice text = exchange->answer.text;
    /* The text stays as it is until the request is over. */
    void *at = (void *)(uintptr_t)text.at;
    return MHD_create_response_from_buffer(text.size, at, MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result send_answer(struct hk_peer *peer)
{
    struct hk_exchange *exchange = &peer->exchange;
    struct MHD_Response *response = make_response(peer);
    if (response == NULL)
        return MHD_NO;
    enum MHD_Result result = MHD_NO;
    exchange->is_sent = true;
    hk_log_debug("request", HK_F("method", exchange->head.method),
                 HK_F("path", exchange->head.path), HK_FI("status", exchange->answer.status));
    if (add_headers(response, exchange) == 0)
        result = MHD_queue_response(peer->connection, exchange->answer.status, response);
    MHD_destroy_response(response);
    return result;
}

/* What libmicrohttpd calls. */

static enum MHD_Result take_header(void *head, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    (void)kind;
    hk_guard_add(head, hk_slice_of(name), hk_slice_of(value ? value : ""));
    return MHD_YES;
}

static void begin(struct hk_peer *peer)
{
    struct hk_exchange *exchange = &peer->exchange;
    exchange->started_ms = peer->partial_since_ms ? peer->partial_since_ms : peer->api->loop_ms;
    peer->partial_since_ms = 0;
    MHD_get_connection_values(peer->connection, MHD_HEADER_KIND, take_header, &exchange->head);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(peer->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    size_t head_bytes = info != NULL ? info->header_size : 0;
    hk_exchange_begin(exchange, head_bytes);
    peer->taken_bytes += head_bytes + exchange->head.body_bytes;
    peer->is_uncounted = peer->is_uncounted || exchange->head.is_chunked;
}

/** Goes on where the exchange stands when its head is known. */
static enum MHD_Result after_head(struct hk_peer *peer)
{
    if (hk_exchange_is_waiting(&peer->exchange))
        MHD_suspend_connection(peer->connection);
    else if (peer->exchange.phase == HK_PHASE_REFUSED)
        return send_answer(peer);
    return MHD_YES;
}

static enum MHD_Result after_body(struct hk_peer *peer)
{
    struct hk_exchange *exchange = &peer->exchange;
    if (exchange->phase == HK_PHASE_BODY || exchange->phase == HK_PHASE_DRAIN)
        hk_exchange_run(exchange);
    if (!hk_exchange_is_waiting(exchange))
        return send_answer(peer);
    MHD_suspend_connection(peer->connection);
    return MHD_YES;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_size, void **context)
{
    (void)arg;
    struct hk_peer *peer = *context;
    if (peer == NULL) {
        peer =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
        if (peer == NULL)
            return MHD_NO;
        HK_CHECK(peer, HK_PEER_MAGIC);
        *context = peer;
        peer->exchange.head =
            (struct hk_head){ .method = method, .path = path, .version = version };
        begin(peer);
        return after_head(peer);
    }
    HK_CHECK(peer, HK_PEER_MAGIC);
    struct hk_exchange *exchange = &peer->exchange;
    if (*data_size > 0) {
        hk_exchange_read(exchange, (struct hk_slice){ data, *data_size });
        *data_size = 0;
        return MHD_YES;
    }
    if (exchange->is_head_again) {
        exchange->is_head_again = false;
        return after_head(peer);
    }
    return after_body(peer);
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode how)
{
    (void)arg;
    (void)connection;
    (void)how;
    struct hk_peer *peer = *context;
    *context = NULL;
    if (peer == NULL)
        return;
    HK_CHECK(peer, HK_PEER_MAGIC);
    if (peer->stream != NULL)
        hk_tail_stop(peer);
    hk_exchange_reset(&peer->exchange);
    peer->idle_since_ms = peer->api->loop_ms;
}

static struct hk_peer *make_peer(struct hk_listener *listener, struct MHD_Connection *connection)
{
    struct hk_api *api = listener->api;
    uint32_t slot;
    if (hk_slots_take(&api->peers, &slot) < 0)
        return NULL;
    struct hk_peer *peer = hk_slots_row(&api->peers, slot);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *peer = (struct hk_peer){ .magic = HK_PEER_MAGIC,
                              .slot = slot,
                              .api = api,
                              .connection = connection,
                              .listener = listener,
                              .is_control = listener->is_control,
                              .socket = info->connect_fd,
                              .idle_since_ms = api->loop_ms };
    return peer;
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct hk_listener *listener = arg;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *context = make_peer(listener, connection);
        return;
    }
    struct hk_peer *peer = *context;
    if (peer == NULL)
        return;
    HK_CHECK(peer, HK_PEER_MAGIC);
    hk_exchange_reset(&peer->exchange);
    hk_bytes_fini(&peer->exchange.body);
    hk_answer_fini(&peer->exchange.answer);
    peer->magic = 0;
    hk_slots_free(&listener->api->peers, peer->slot);
    *context = NULL;
}

/** Paths and queries stay as they came: the router knows no escapes, the pager none either. */
static size_t keep_escapes(void *arg, struct MHD_Connection *connection, char *text)
{
    (void)arg;
    (void)connection;
    return strlen(text);
}

HK_PRINTF(2, 0) static void on_library_log(void *arg, const char *format, va_list values)
{
    (void)arg;
    char text[256];
    vsnprintf(text, sizeof(text), format, values);
    text[strcspn(text, "\n")] = '\0';
    hk_log_debug("libmicrohttpd", HK_F("says", text));
}

/* The loop. */

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct hk_listener *listener = poll->data;
    hk_listener_run(listener);
}

static void on_again(uv_timer_t *timer)
{
    struct hk_listener *listener = timer->data;
    hk_listener_run(listener);
}

void hk_listener_run(struct hk_listener *listener)
{
    HK_CHECK(listener, HK_LISTENER_MAGIC);
    MHD_UNSIGNED_LONG_LONG timeout_ms = 0;
    if (!listener->is_open)
        return;
    uv_update_time(listener->poll.loop);
    listener->api->loop_ms = uv_now(listener->poll.loop);
    listener->is_resumed = false;
    for (int i = 0; i < RUNS_MAX; i++) {
        MHD_run(listener->daemon);
        if (MHD_get_timeout(listener->daemon, &timeout_ms) != MHD_YES || timeout_ms > 0)
            return; /* Idle timeouts come with the sweep. */
    }
    uv_timer_start(&listener->again, on_again, 0, 0);
}

void hk_listener_resume(struct hk_exchange *exchange)
{
    struct hk_peer *peer = hk_exchange_peer(exchange);
    MHD_resume_connection(peer->connection);
    peer->listener->is_resumed = true;
}

static unsigned connections_max(const struct hk_listener *listener)
{
    struct rlimit files;
    if (listener->is_control)
        return CONTROL_CONNECTIONS_MAX;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur / 2 < CONNECTIONS_MAX)
        return (unsigned)(files.rlim_cur / 2);
    return CONNECTIONS_MAX;
}

static struct MHD_Daemon *start_daemon(struct hk_listener *listener)
{
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    return MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, listener, MHD_OPTION_EXTERNAL_LOGGER, on_library_log,
        NULL, MHD_OPTION_LISTEN_SOCKET, listener->socket, MHD_OPTION_CONNECTION_LIMIT,
        connections_max(listener), MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HK_IDLE_S,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, listener, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, listener, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_END);
}

int hk_listener_start(struct hk_listener *listener, struct hk_api *api, uv_loop_t *loop,
                      struct hk_fault *fault)
{
    listener->api = api;
    listener->daemon = start_daemon(listener);
    if (listener->daemon == NULL)
        return hk_fault_set(fault, HK_ESTART, "libmicrohttpd does not start");
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL || uv_poll_init(loop, &listener->poll, info->epoll_fd) != 0)
        return hk_fault_set(fault, HK_ESTART, "libmicrohttpd has no epoll descriptor");
    uv_timer_init(loop, &listener->again);
    listener->poll.data = listener;
    listener->again.data = listener;
    listener->is_open = true;
    uv_poll_start(&listener->poll, UV_READABLE, on_poll);
    uv_timer_start(&listener->again, on_again, 0, 0); /* Puts the socket into its epoll set. */
    return 0;
}

/* Deadlines. */

static void cut(struct hk_peer *peer, const char *why)
{
    hk_log_debug("connection cut", HK_F("why", why));
    shutdown(peer->socket, SHUT_RDWR);
}

/** Has a peer between two requests begun to send the next one? The kernel has counted what came,
 * and we what was taken; the frames of chunks are not counted, so after those the time of the last
 * byte must do (later than the end by more than the loop's clock may be wrong). */
static bool has_partial_head(const struct hk_peer *peer)
{
    struct hk_traffic traffic;
    if (!hk_traffic_read(peer->socket, &traffic))
        return false;
    if (!peer->is_uncounted)
        return traffic.received_bytes > peer->taken_bytes;
    uint64_t idle_ms = peer->api->loop_ms - peer->idle_since_ms;
    return traffic.last_received_ms + CLOCK_SLACK_MS < idle_ms;
}

static void sweep_idle(struct hk_peer *peer)
{
    uint64_t now_ms = peer->api->loop_ms;
    if (peer->partial_since_ms == 0) {
        if (has_partial_head(peer))
            peer->partial_since_ms = now_ms;
    } else if (now_ms - peer->partial_since_ms >= peer->api->request_ms) {
        cut(peer, "its head took too long");
    }
}

void hk_listener_sweep(struct hk_peer *peer)
{
    const struct hk_exchange *exchange = &peer->exchange;
    uint64_t now_ms = peer->api->loop_ms;
    switch (exchange->phase) {
    case HK_PHASE_IDLE:
        sweep_idle(peer);
        break;
    case HK_PHASE_BODY:
    case HK_PHASE_DRAIN:
        if (now_ms - exchange->started_ms >= peer->api->request_ms)
            cut(peer, "its body took too long");
        break;
    case HK_PHASE_ANSWERED:
        if (peer->stream != NULL)
            hk_tail_check(peer);
        else if (now_ms - exchange->answered_ms >= HK_ANSWER_MS)
            cut(peer, "it does not take its answer");
        break;
    default:
        break;
    }
}

/* The end. */

void hk_listener_quiesce(struct hk_listener *listener)
{
    if (listener->daemon == NULL || listener->socket < 0)
        return;
    MHD_quiesce_daemon(listener->daemon);
    close(listener->socket);
    listener->socket = -1;
}

static void on_closed(uv_handle_t *handle)
{
    struct hk_listener *listener = handle->data;
    listener->open_handles--;
}

void hk_listener_stop(struct hk_listener *listener)
{
    hk_listener_quiesce(listener);
    if (listener->is_open) {
        uv_poll_stop(&listener->poll);
        listener->open_handles = 2;
        uv_close((uv_handle_t *)&listener->poll, on_closed);
        uv_close((uv_handle_t *)&listener->again, on_closed);
        listener->is_open = false;
    }
    if (listener->daemon != NULL)
        MHD_stop_daemon(listener->daemon);
    listener->daemon = NULL;
    if (listener->socket >= 0)
        close(listener->socket);
    listener->socket = -1;
}
