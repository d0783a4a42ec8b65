// SPDX-License-Identifier: Apache-2.0
/* The limit that core/deliver is held against (limits.md section 2): one thread, libuv and curl's
 * multi handle with lazy registration, easy handles that are used again, a new header list for
 * each request, and nothing else: no guard, no resolver, no outcome. Independent of core/.
 *
 * bare_send URL CONNECTIONS REQUESTS [BODY_BYTES]
 * bare_send URL CONNECTIONS 3s [BODY_BYTES]          that many seconds instead
 * Prints {"requests":..,"failed":..,"seconds":..,"requests_per_s":..,"cpu_us_per_request":..}. */
#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

enum { CONNECTIONS_MAX = 4096, DESCRIPTORS_MAX = 65536 };

struct socket_watch {
    uv_poll_t poll;
    curl_socket_t descriptor;
    int wanted, registered;
};

struct request {
    CURL *easy;
    struct curl_slist *headers;
};

static struct {
    const char *url;
    char *body;
    long body_bytes;
    uint64_t request_max;
    double until_s;
    uint64_t started, succeeded, failed;
    uv_loop_t *loop;
    CURLM *multi;
    uv_timer_t timer;
    uv_check_t check;
    bool is_due;
    struct socket_watch *watches[DESCRIPTORS_MAX];
    struct request requests[CONNECTIONS_MAX];
    int running;
} bench;

static double now_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double cpu_s(void)
{
    struct rusage use;
    (void)getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1e-6;
}

static void check_good(bool is_good, const char *what)
{
    if (is_good)
        return;
    (void)fprintf(stderr, "bare_send: %s\n", what);
    exit(1);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct socket_watch *watch = poll->data;
    int running;
    if (watch->wanted == 0) {
        (void)uv_poll_stop(poll);
        watch->registered = 0;
        return;
    }
    int flags = (status < 0 ? CURL_CSELECT_ERR : 0) |
                ((events & UV_READABLE) != 0 ? CURL_CSELECT_IN : 0) |
                ((events & UV_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0);
    (void)curl_multi_socket_action(bench.multi, watch->descriptor, flags, &running);
}

static int on_socket(CURL *easy, curl_socket_t descriptor, int what, void *arg, void *unused)
{
    struct socket_watch *watch = bench.watches[descriptor];
    (void)easy;
    (void)arg;
    (void)unused;
    if (what == CURL_POLL_REMOVE) {
        if (watch != NULL)
            watch->wanted = 0;
        return 0;
    }
    if (watch == NULL) {
        watch = calloc(1, sizeof(*watch));
        check_good(watch != NULL && uv_poll_init(bench.loop, &watch->poll, descriptor) == 0,
                   "cannot watch a socket");
        watch->poll.data = watch;
        watch->descriptor = descriptor;
        bench.watches[descriptor] = watch;
    }
    watch->wanted = ((what & CURL_POLL_IN) != 0 ? UV_READABLE : 0) |
                    ((what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0);
    if (watch->wanted != watch->registered) {
        watch->registered = watch->wanted;
        (void)uv_poll_start(&watch->poll, watch->wanted, on_poll);
    }
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static int on_close_socket(void *arg, curl_socket_t descriptor)
{
    (void)arg;
    if (bench.watches[descriptor] != NULL)
        uv_close((uv_handle_t *)&bench.watches[descriptor]->poll, on_closed);
    bench.watches[descriptor] = NULL;
    return close(descriptor);
}

static void on_timeout(uv_timer_t *timer)
{
    (void)timer;
    bench.is_due = true;
}

static int on_timer(CURLM *multi, long timeout_ms, void *arg)
{
    (void)multi;
    (void)arg;
    if (timeout_ms == 0)
        bench.is_due = true;
    else if (timeout_ms > 0)
        (void)uv_timer_start(&bench.timer, on_timeout, (uint64_t)timeout_ms, 0);
    return 0;
}

static size_t on_data(char *data, size_t size, size_t count, void *arg)
{
    (void)data;
    (void)arg;
    return size * count;
}

static bool has_more(void)
{
    return bench.until_s > 0 ? now_s() < bench.until_s : bench.started < bench.request_max;
}

/* A new list a request, as a signing sender needs. */
static struct curl_slist *make_headers(uint64_t number)
{
    char line[64];
    struct curl_slist *list = curl_slist_append(NULL, "Content-Type: application/json");
    list = curl_slist_append(list, "X-Webhook-Secret: 0123456789abcdefghijklmnopqrstuvwxyzABCDEFG");
    list = curl_slist_append(list, "X-Webhook-Event: approved");
    (void)snprintf(line, sizeof(line), "X-Webhook-Id: %036llu", (unsigned long long)number);
    list = curl_slist_append(list, line);
    list = curl_slist_append(list, "X-Webhook-Attempt: 1");
    check_good(list != NULL, "out of memory");
    return list;
}

static void start(struct request *request)
{
    curl_slist_free_all(request->headers);
    request->headers = make_headers(bench.started++);
    (void)curl_easy_setopt(request->easy, CURLOPT_URL, bench.url);
    (void)curl_easy_setopt(request->easy, CURLOPT_HTTPHEADER, request->headers);
    (void)curl_easy_setopt(request->easy, CURLOPT_POSTFIELDSIZE, bench.body_bytes);
    (void)curl_easy_setopt(request->easy, CURLOPT_POSTFIELDS, bench.body);
    check_good(curl_multi_add_handle(bench.multi, request->easy) == CURLM_OK, "cannot add");
    bench.running++;
}

static void finish_done(void)
{
    int left;
    for (CURLMsg *message = curl_multi_info_read(bench.multi, &left); message != NULL;
         message = curl_multi_info_read(bench.multi, &left)) {
        struct request *request = NULL;
        long status = 0;
        CURLcode code = message->data.result;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
        (void)curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
        if (code == CURLE_OK && status / 100 == 2)
            bench.succeeded++;
        else
            bench.failed++;
        (void)curl_multi_remove_handle(bench.multi, request->easy);
        bench.running--;
        if (has_more())
            start(request);
    }
}

static void turn(uv_check_t *check)
{
    int running;
    (void)check;
    finish_done();
    while (bench.is_due) {
        bench.is_due = false;
        (void)curl_multi_socket_action(bench.multi, CURL_SOCKET_TIMEOUT, 0, &running);
        finish_done();
    }
    if (bench.running == 0)
        uv_stop(bench.loop);
}

static void make_request(struct request *request)
{
    CURL *easy = curl_easy_init();
    check_good(easy != NULL, "out of memory");
    request->easy = easy;
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
    (void)curl_easy_setopt(easy, CURLOPT_POST, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
}

static void open_bench(void)
{
    bench.loop = uv_default_loop();
    check_good(curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK, "no curl");
    bench.multi = curl_multi_init();
    check_good(bench.multi != NULL, "out of memory");
    (void)uv_timer_init(bench.loop, &bench.timer);
    (void)uv_check_init(bench.loop, &bench.check);
    (void)uv_check_start(&bench.check, turn);
    (void)curl_multi_setopt(bench.multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)curl_multi_setopt(bench.multi, CURLMOPT_TIMERFUNCTION, on_timer);
    (void)curl_multi_setopt(bench.multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_MAX);
}

static void run(int connections)
{
    int running;
    for (int i = 0; i < connections; i++) {
        make_request(&bench.requests[i]);
        start(&bench.requests[i]);
    }
    (void)curl_multi_socket_action(bench.multi, CURL_SOCKET_TIMEOUT, 0, &running);
    (void)uv_run(bench.loop, UV_RUN_DEFAULT);
    for (int i = 0; i < connections; i++) {
        curl_easy_cleanup(bench.requests[i].easy);
        curl_slist_free_all(bench.requests[i].headers);
    }
}

static void close_bench(void)
{
    (void)curl_multi_cleanup(bench.multi);
    uv_close((uv_handle_t *)&bench.timer, NULL);
    uv_close((uv_handle_t *)&bench.check, NULL);
    (void)uv_run(bench.loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(bench.loop);
    curl_global_cleanup();
    free(bench.body);
}

int main(int argc, char **argv)
{
    check_good(argc == 4 || argc == 5,
               "usage: bare_send URL CONNECTIONS REQUESTS|SECONDSs [BYTES]");
    char *end;
    long connections = strtol(argv[2], NULL, 10);
    double amount = strtod(argv[3], &end);
    check_good(connections >= 1 && connections <= CONNECTIONS_MAX && amount > 0, "bad numbers");
    bench.url = argv[1];
    bench.body_bytes = argc == 5 ? strtol(argv[4], NULL, 10) : 1024;
    check_good(bench.body_bytes >= 0, "bad numbers");
    bench.body = malloc((size_t)bench.body_bytes + 1);
    check_good(bench.body != NULL, "out of memory");
    memset(bench.body, 'x', (size_t)bench.body_bytes);
    open_bench();
    double begun = now_s();
    double begun_cpu = cpu_s();
    bench.until_s = *end == 's' ? begun + amount : 0;
    bench.request_max = (uint64_t)amount;
    run((int)connections);
    double seconds = now_s() - begun;
    double count = (double)(bench.succeeded + bench.failed);
    (void)printf("{\"requests\":%.0f,\"failed\":%llu,\"seconds\":%.3f,\"requests_per_s\":%.0f,"
                 "\"cpu_us_per_request\":%.2f}\n",
                 count, (unsigned long long)bench.failed, seconds, count / seconds,
                 (cpu_s() - begun_cpu) * 1e6 / count);
    close_bench();
    return bench.failed == 0 ? 0 : 1;
}
