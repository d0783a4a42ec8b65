// SPDX-License-Identifier: Apache-2.0
/* The limit that core/api with core/journal is held against (limits.md section 3): libmicrohttpd
 * with its epoll descriptor in a libuv loop, each request suspended until its body is written and
 * synced with those of others, and nothing else: no JSON, no engine, no frames. Independent of
 * core/.
 *
 * bare_ingest PORT FILE     port 0: any free one; appends bodies to FILE, made anew
 * Prints {"port":..} when it listens on loopback; on SIGTERM or SIGINT it stops and prints
 * {"requests":..,"syncs":..,"cpu_us_per_request":..}. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

enum { CONNECTIONS_MAX = 4096, BODY_BYTES_MAX = 1 << 20, RUNS_MAX = 64 };

struct request {
    struct request *next;
    struct MHD_Connection *connection;
    char *body;
    size_t body_bytes;
    bool is_durable;
};

/* Requests that wait for the disk; the sync thread takes all at once. */
struct batch {
    struct request *first;
};

static struct {
    uv_loop_t loop;
    uv_poll_t poll;
    uv_async_t synced;
    uv_signal_t terminated, interrupted;
    struct MHD_Daemon *daemon;
    struct MHD_Response *response;
    pthread_t syncer;
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct batch waiting, durable; /* Guarded by `lock`. */
    bool is_stopping;              /* Guarded by `lock`. */
    struct batch arrived;          /* Since the loop last handed over. */
    int file;
    uint64_t request_count, sync_count;
} bench;

static void check_good(bool is_good, const char *what)
{
    if (is_good)
        return;
    (void)fprintf(stderr, "bare_ingest: %s\n", what);
    exit(1);
}

static void push(struct batch *batch, struct request *request)
{
    request->next = batch->first;
    batch->first = request;
}

static struct batch take_all(struct batch *batch)
{
    struct batch taken = *batch;
    batch->first = NULL;
    return taken;
}

/* ---- the disk ------------------------------------------------------------------------------ */

static void write_body(const struct request *request, char *buffer, size_t *used, size_t room)
{
    if (*used + request->body_bytes > room) {
        check_good(write(bench.file, buffer, *used) == (ssize_t)*used, "cannot write");
        *used = 0;
    }
    memcpy(buffer + *used, request->body, request->body_bytes);
    *used += request->body_bytes;
}

static void write_batch(struct batch batch, char *buffer)
{
    size_t used = 0;
    for (struct request *request = batch.first; request != NULL; request = request->next)
        write_body(request, buffer, &used, (size_t)BODY_BYTES_MAX);
    check_good(write(bench.file, buffer, used) == (ssize_t)used, "cannot write");
    check_good(fdatasync(bench.file) == 0, "cannot sync");
}

static void *sync_batches(void *unused)
{
    char *buffer = malloc(BODY_BYTES_MAX);
    check_good(buffer != NULL, "out of memory");
    (void)unused;
    (void)pthread_mutex_lock(&bench.lock);
    for (;;) {
        while (bench.waiting.first == NULL && !bench.is_stopping)
            (void)pthread_cond_wait(&bench.filled, &bench.lock);
        if (bench.waiting.first == NULL)
            break;
        struct batch batch = take_all(&bench.waiting);
        (void)pthread_mutex_unlock(&bench.lock);
        write_batch(batch, buffer);
        (void)pthread_mutex_lock(&bench.lock);
        bench.sync_count++;
        for (struct request *next, *request = batch.first; request != NULL; request = next) {
            next = request->next;
            push(&bench.durable, request);
        }
        (void)uv_async_send(&bench.synced);
    }
    (void)pthread_mutex_unlock(&bench.lock);
    free(buffer);
    return NULL;
}

static void hand_over(void)
{
    if (bench.arrived.first == NULL)
        return;
    (void)pthread_mutex_lock(&bench.lock);
    for (struct request *next, *request = bench.arrived.first; request != NULL; request = next) {
        next = request->next;
        push(&bench.waiting, request);
    }
    (void)pthread_cond_signal(&bench.filled);
    (void)pthread_mutex_unlock(&bench.lock);
    bench.arrived.first = NULL;
}

/* ---- HTTP ---------------------------------------------------------------------------------- */

static enum MHD_Result take_piece(struct request *request, const char *data, size_t *bytes)
{
    if (request->body_bytes + *bytes > BODY_BYTES_MAX)
        return MHD_NO;
    char *body = realloc(request->body, request->body_bytes + *bytes);
    check_good(body != NULL, "out of memory");
    memcpy(body + request->body_bytes, data, *bytes);
    request->body = body;
    request->body_bytes += *bytes;
    *bytes = 0;
    return MHD_YES;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *bytes, void **context)
{
    struct request *request = *context;
    (void)arg;
    (void)url;
    (void)method;
    (void)version;
    if (request == NULL) {
        request = calloc(1, sizeof(*request));
        check_good(request != NULL, "out of memory");
        request->connection = connection;
        *context = request;
        return MHD_YES;
    }
    if (*bytes != 0)
        return take_piece(request, data, bytes);
    if (request->is_durable)
        return MHD_queue_response(connection, MHD_HTTP_ACCEPTED, bench.response);
    bench.request_count++;
    MHD_suspend_connection(connection);
    push(&bench.arrived, request);
    return MHD_YES;
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
    struct request *request = *context;
    (void)arg;
    (void)connection;
    (void)code;
    if (request != NULL)
        free(request->body);
    free(request);
    *context = NULL;
}

static void run_http(void)
{
    for (int i = 0; i < RUNS_MAX; i++) {
        MHD_UNSIGNED_LONG_LONG wait_ms = 1;
        check_good(MHD_run(bench.daemon) == MHD_YES, "the server failed");
        if (MHD_get_timeout(bench.daemon, &wait_ms) != MHD_YES || wait_ms != 0)
            break;
    }
    hand_over();
}

static void resume_durable(void)
{
    (void)pthread_mutex_lock(&bench.lock);
    struct batch batch = take_all(&bench.durable);
    (void)pthread_mutex_unlock(&bench.lock);
    for (struct request *next, *request = batch.first; request != NULL; request = next) {
        next = request->next; // gone once it is resumed and answered
        request->is_durable = true;
        MHD_resume_connection(request->connection);
    }
}

static void on_http(uv_poll_t *poll, int status, int events)
{
    (void)poll;
    (void)status;
    (void)events;
    run_http();
}

static void on_synced(uv_async_t *async)
{
    (void)async;
    resume_durable();
    run_http();
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    uv_stop(handle->loop);
}

/* ---- start and stop ------------------------------------------------------------------------ */

static void listen_on_loopback(uint16_t port)
{
    const struct sockaddr_in loopback = { .sin_family = AF_INET,
                                          .sin_port = htons(port),
                                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const union MHD_DaemonInfo *info;
    bench.daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, NULL,
        MHD_OPTION_SOCK_ADDR, (const struct sockaddr *)&loopback, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_MAX, MHD_OPTION_LISTEN_BACKLOG_SIZE, (unsigned)CONNECTIONS_MAX,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
    check_good(bench.daemon != NULL, "cannot listen");
    info = MHD_get_daemon_info(bench.daemon, MHD_DAEMON_INFO_BIND_PORT);
    check_good(info != NULL, "no port");
    (void)printf("{\"port\":%u}\n", (unsigned)info->port);
    (void)fflush(stdout);
    info = MHD_get_daemon_info(bench.daemon, MHD_DAEMON_INFO_EPOLL_FD);
    check_good(info != NULL && uv_poll_init(&bench.loop, &bench.poll, info->epoll_fd) == 0 &&
                   uv_poll_start(&bench.poll, UV_READABLE, on_http) == 0,
               "cannot watch the server");
}

static void open_bench(uint16_t port, const char *path)
{
    bench.file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    check_good(bench.file >= 0, "cannot open the file");
    bench.response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    check_good(bench.response != NULL && uv_loop_init(&bench.loop) == 0 &&
                   uv_async_init(&bench.loop, &bench.synced, on_synced) == 0 &&
                   pthread_mutex_init(&bench.lock, NULL) == 0 &&
                   pthread_cond_init(&bench.filled, NULL) == 0,
               "cannot start");
    (void)uv_signal_init(&bench.loop, &bench.terminated);
    (void)uv_signal_start(&bench.terminated, on_signal, SIGTERM);
    (void)uv_signal_init(&bench.loop, &bench.interrupted);
    (void)uv_signal_start(&bench.interrupted, on_signal, SIGINT);
    listen_on_loopback(port);
    check_good(pthread_create(&bench.syncer, NULL, sync_batches, NULL) == 0, "cannot start");
}

/* No connection may be suspended when the server stops. */
static void close_bench(void)
{
    (void)pthread_mutex_lock(&bench.lock);
    bench.is_stopping = true;
    (void)pthread_cond_signal(&bench.filled);
    (void)pthread_mutex_unlock(&bench.lock);
    (void)pthread_join(bench.syncer, NULL);
    MHD_socket listener = MHD_quiesce_daemon(bench.daemon);
    resume_durable();
    (void)MHD_run(bench.daemon);
    // What came in meanwhile is answered too; nobody counts on it any more.
    for (struct request *next, *request = bench.arrived.first; request != NULL; request = next) {
        next = request->next;
        request->is_durable = true;
        MHD_resume_connection(request->connection);
    }
    (void)MHD_run(bench.daemon);
    MHD_stop_daemon(bench.daemon);
    MHD_destroy_response(bench.response);
    (void)close(listener);
    (void)close(bench.file);
    uv_close((uv_handle_t *)&bench.poll, NULL);
    uv_close((uv_handle_t *)&bench.synced, NULL);
    uv_close((uv_handle_t *)&bench.terminated, NULL);
    uv_close((uv_handle_t *)&bench.interrupted, NULL);
    (void)uv_run(&bench.loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&bench.loop);
}

static double cpu_us(void)
{
    struct rusage use;
    (void)getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e6 +
           (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

int main(int argc, char **argv)
{
    check_good(argc == 3, "usage: bare_ingest PORT FILE");
    char *end;
    unsigned long port = strtoul(argv[1], &end, 10);
    check_good(*end == '\0' && port <= UINT16_MAX, "a bad port");
    open_bench((uint16_t)port, argv[2]);
    (void)uv_run(&bench.loop, UV_RUN_DEFAULT);
    (void)printf("{\"requests\":%llu,\"syncs\":%llu,\"cpu_us_per_request\":%.2f}\n",
                 (unsigned long long)bench.request_count, (unsigned long long)bench.sync_count,
                 bench.request_count != 0 ? cpu_us() / (double)bench.request_count : 0.0);
    close_bench();
    return 0;
}
