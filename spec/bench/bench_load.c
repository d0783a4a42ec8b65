// SPDX-License-Identifier: Apache-2.0
/* The producer of the bench: events of one size over keep-alive connections, on one thread with
 * epoll. Closed loop (each connection sends its next event when the last is answered) or at a
 * fixed rate. Independent of core/.
 *
 * Every event carries `"t_us":N`, the moment it was sent (CLOCK_MONOTONIC, microseconds), near its
 * start; sinker --bench measures from it. At a fixed rate the moment is the one at which the event
 * was due, also when all connections were busy then: waiting for the daemon is the daemon's time.
 *
 * Prints one line of JSON; exit 0 when every event was answered, whatever the status. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
    CONNECTIONS_MAX = 4096,
    REQUEST_BYTES_MAX = 65536 + 2048,
    ANSWER_BYTES_MAX = 16384,
    EVENTS_A_TURN = 256,
    TICK_US = 250,
    LAST_ANSWERS_US = 15000000,
    DIGITS = 16,
    STEPS = 32,
    BUCKETS = STEPS * 48
};

static const char usage[] =
    "usage: bench_load --port N --path PATH [--merchants N] [--first N] [--key KEY]\n"
    "                  [--connections N] [--seconds S] [--rate EVENTS_PER_S] [--bytes N]\n"
    "A % in PATH becomes the number of a merchant, from 1 (or from one\n"
    "more than --first); each connection has one merchant.\n";

static struct {
    long port, merchants, first, connections, bytes;
    double seconds, rate;
    const char *path, *key;
} options = { .merchants = 1, .connections = 64, .bytes = 1024, .seconds = 5, .path = "/" };

struct connection {
    int descriptor;
    bool is_busy;
    char *request; /* Written anew in place: t_us and the order's id. */
    size_t request_bytes, sent_bytes, t_us_at, id_at;
    int64_t sent_us;
    char answer[ANSWER_BYTES_MAX + 1];
    size_t answer_bytes;
};

static struct {
    int epoll, timer;
    struct connection *connections;
    struct connection *idle[CONNECTIONS_MAX];
    long idle_count;
    int64_t begun_us, until_us, ended_us;
    uint64_t due, started, answered, accepted;
    uint64_t statuses[600];
    uint64_t buckets[BUCKETS], bucket_count;
    int64_t max_us;
} load;

static void check_good(bool is_good, const char *what)
{
    if (is_good)
        return;
    (void)fprintf(stderr, "bench_load: %s%s%s\n", what, errno ? ": " : "",
                  errno ? strerror(errno) : "");
    exit(1);
}

static int64_t mono_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- latencies: 32 steps to each power of two, so to 3 % ---- */

static void add_latency(int64_t value_us)
{
    uint64_t value = value_us > 0 ? (uint64_t)value_us : 0;
    size_t bucket = (size_t)value;
    if (value >= STEPS) {
        unsigned shift = 63u - (unsigned)__builtin_clzll(value) - 5;
        bucket = (size_t)(shift + 1) * STEPS + (size_t)((value >> shift) - STEPS);
    }
    load.buckets[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    load.bucket_count++;
    if (value_us > load.max_us)
        load.max_us = value_us;
}

static int64_t latency_at(double share)
{
    uint64_t wanted = (uint64_t)(share * (double)load.bucket_count), seen = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        seen += load.buckets[i];
        if (seen <= wanted)
            continue;
        if (i < STEPS)
            return (int64_t)i;
        int64_t edge = (int64_t)(((i % STEPS + STEPS + 1) << (i / STEPS - 1)) - 1);
        return edge < load.max_us ? edge : load.max_us;
    }
    return load.max_us;
}

/* ---- requests ---- */

/* An order as the contract has it, filled up to the size that was asked for. Returns its bytes. */
static size_t make_body(char *body, size_t size)
{
    int bytes = snprintf(
        body, size,
        "{\"event\":\"approved\",\"t_us\":%-*d,\"order\":{\"id\":"
        "\"0b8f5a52-6c1e-4f0e-9a57-%012d\",\"reference_number\":\"REF-700123\","
        "\"order_number\":\"A-1001\",\"type\":\"replacing\",\"total_price\":80.5,"
        "\"total_points\":240,\"payment_status\":\"fully_paid\",\"order_status\":\"approved\","
        "\"metadata\":{\"branch\":\"Riyadh 12\",\"cashier\":{\"id\":412,\"shift\":\"evening\"},"
        "\"items\":[{\"sku\":\"CF-250\",\"quantity\":2,\"price\":18.25},{\"sku\":\"CK-011\","
        "\"quantity\":1,\"price\":44.0}],\"gift\":false,\"coupon\":null,\"note\":\"",
        DIGITS, 0, 0);
    static const char tail[] = "\"},\"created_at\":\"2026-05-02T08:00:00Z\",\"updated_at\":"
                               "\"2026-05-02T08:03:10Z\"},\"timestamp\":\"2026-05-02T08:03:10Z\"}";
    size_t used = (size_t)bytes, wanted = (size_t)options.bytes;
    check_good(bytes > 0 && used + sizeof(tail) <= size, "the body does not fit");
    while (used + sizeof(tail) - 1 < wanted) {
        static const char filler[] = "leave it at the door ";
        body[used] = filler[used % (sizeof(filler) - 1)];
        used++;
    }
    memcpy(body + used, tail, sizeof(tail));
    return used + sizeof(tail) - 1;
}

static void make_path(char *path, size_t size, long number)
{
    const char *mark = strchr(options.path, '%');
    if (mark == NULL)
        (void)snprintf(path, size, "%s", options.path);
    else
        (void)snprintf(path, size, "%.*s%ld%s", (int)(mark - options.path), options.path, number,
                       mark + 1);
}

static void make_request(struct connection *connection, long number)
{
    static char body[REQUEST_BYTES_MAX];
    char path[512];
    size_t body_bytes = make_body(body, sizeof(body));
    make_path(path, sizeof(path), options.first + number % options.merchants + 1);
    connection->request = malloc(REQUEST_BYTES_MAX);
    check_good(connection->request != NULL, "out of memory");
    int head_bytes =
        snprintf(connection->request, REQUEST_BYTES_MAX,
                 "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%ld\r\n%s%s%s"
                 "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                 path, options.port, options.key ? "Authorization: Bearer " : "",
                 options.key ? options.key : "", options.key ? "\r\n" : "", body_bytes);
    check_good(head_bytes > 0 && (size_t)head_bytes + body_bytes < REQUEST_BYTES_MAX, "too long");
    char *at = connection->request + head_bytes;
    memcpy(at, body, body_bytes + 1);
    connection->request_bytes = (size_t)head_bytes + body_bytes;
    connection->t_us_at = (size_t)(strstr(at, "\"t_us\":") + 7 - connection->request);
    connection->id_at = (size_t)(strstr(at, "-9a57-") + 6 - connection->request);
}

/* Digits of a number, padded on the left with zeros or on the right with spaces. */
static void put_number(char *at, size_t width, uint64_t number, bool has_zeros)
{
    char digits[24];
    int count = snprintf(digits, sizeof(digits), has_zeros ? "%0*llu" : "%-*llu", (int)width,
                         (unsigned long long)number);
    check_good(count == (int)width, "a number does not fit");
    memcpy(at, digits, width);
}

static void write_more(struct connection *connection)
{
    while (connection->sent_bytes < connection->request_bytes) {
        ssize_t count = send(connection->descriptor, connection->request + connection->sent_bytes,
                             connection->request_bytes - connection->sent_bytes, MSG_NOSIGNAL);
        if (count < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        check_good(count > 0, "sending");
        connection->sent_bytes += (size_t)count;
    }
}

static void start(struct connection *connection, int64_t stamp_us)
{
    put_number(connection->request + connection->t_us_at, DIGITS, (uint64_t)stamp_us, false);
    put_number(connection->request + connection->id_at, 12, load.started, true);
    connection->is_busy = true;
    connection->sent_us = stamp_us;
    connection->sent_bytes = 0;
    connection->answer_bytes = 0;
    load.started++;
    write_more(connection);
}

/* When the n-th event was due: the first tick at or after its moment. */
static int64_t due_us(uint64_t n)
{
    double after_us = (double)n * 1e6 / options.rate;
    int64_t ticks = (int64_t)(after_us / TICK_US) + 1;
    return load.begun_us + ticks * TICK_US;
}

/* At a fixed rate: sends what is due as far as there are idle connections. */
static void start_due(int64_t now_us)
{
    while (load.idle_count > 0) {
        int64_t stamp_us = due_us(load.started);
        if (stamp_us > now_us || stamp_us >= load.until_us)
            return;
        start(load.idle[--load.idle_count], stamp_us);
    }
}

/* ---- answers ---- */

static void finish(struct connection *connection, long status)
{
    int64_t now_us = mono_us();
    connection->is_busy = false;
    load.answered++;
    load.ended_us = now_us;
    load.statuses[status]++;
    if (status == 202) {
        load.accepted++;
        add_latency(now_us - connection->sent_us);
    }
    if (options.rate > 0) {
        load.idle[load.idle_count++] = connection;
        start_due(now_us);
    } else if (now_us < load.until_us) {
        start(connection, now_us);
    }
}

/* Bytes of the whole answer, or 0 while its head is not all here. */
static size_t answer_size(const struct connection *connection)
{
    const char *end = strstr(connection->answer, "\r\n\r\n");
    if (end == NULL)
        return 0;
    const char *length = strcasestr(connection->answer, "\r\nContent-Length:");
    check_good(length != NULL && length < end, "an answer without a length");
    return (size_t)(end + 4 - connection->answer) + strtoul(length + 17, NULL, 10);
}

static void read_more(struct connection *connection)
{
    ssize_t count = recv(connection->descriptor, connection->answer + connection->answer_bytes,
                         ANSWER_BYTES_MAX - connection->answer_bytes, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    errno = count == 0 ? 0 : errno;
    check_good(count > 0, "the daemon closed a connection");
    connection->answer_bytes += (size_t)count;
    connection->answer[connection->answer_bytes] = '\0';
    size_t size = answer_size(connection);
    check_good(size <= ANSWER_BYTES_MAX, "an answer is too long");
    if (size == 0 || connection->answer_bytes < size)
        return;
    long status = strtol(connection->answer + 9, NULL, 10);
    check_good(connection->is_busy && connection->answer_bytes == size && status >= 100 &&
                   status < 600,
               "an answer that nobody asked for");
    finish(connection, status);
}

/* ---- the run ---- */

static void connect_one(struct connection *connection, long number)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)options.port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int on = 1;
    connection->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check_good(connection->descriptor >= 0 &&
                   connect(connection->descriptor, (struct sockaddr *)&address, sizeof(address)) ==
                       0,
               "connecting");
    (void)setsockopt(connection->descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = connection };
    check_good(epoll_ctl(load.epoll, EPOLL_CTL_ADD, connection->descriptor, &event) == 0, "epoll");
    make_request(connection, number);
}

static void open_load(void)
{
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    load.connections = calloc((size_t)options.connections, sizeof(*load.connections));
    check_good(load.epoll >= 0 && load.connections != NULL, "starting");
    for (long i = 0; i < options.connections; i++)
        connect_one(&load.connections[i], i);
    if (options.rate <= 0)
        return;
    struct itimerspec every = { { 0, TICK_US * 1000L }, { 0, TICK_US * 1000L } };
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
    load.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    check_good(load.timer >= 0 && timerfd_settime(load.timer, 0, &every, NULL) == 0 &&
                   epoll_ctl(load.epoll, EPOLL_CTL_ADD, load.timer, &event) == 0,
               "a timer");
}

static void turn(void)
{
    struct epoll_event events[EVENTS_A_TURN];
    uint64_t ticks;
    int count = epoll_wait(load.epoll, events, EVENTS_A_TURN, 100);
    check_good(count >= 0 || errno == EINTR, "waiting");
    for (int i = 0; i < count; i++) {
        struct connection *connection = events[i].data.ptr;
        if (connection != NULL && connection->is_busy)
            write_more(connection);
        if (connection != NULL && (events[i].events & ~(uint32_t)EPOLLOUT) != 0)
            read_more(connection);
        if (connection == NULL && read(load.timer, &ticks, sizeof(ticks)) > 0)
            start_due(mono_us());
    }
}

/* Are there events to come, or answers to those that went out? */
static bool is_going(int64_t now_us)
{
    if (load.answered < load.started)
        return now_us < load.until_us + LAST_ANSWERS_US;
    return now_us < load.until_us || (options.rate > 0 && due_us(load.started) < load.until_us);
}

static void run(void)
{
    load.begun_us = mono_us();
    load.ended_us = load.begun_us;
    load.until_us = load.begun_us + (int64_t)(options.seconds * 1e6);
    for (long i = 0; i < options.connections; i++) {
        if (options.rate > 0)
            load.idle[load.idle_count++] = &load.connections[i];
        else
            start(&load.connections[i], mono_us());
    }
    while (is_going(mono_us()))
        turn();
}

static void report(void)
{
    struct rusage use;
    (void)getrusage(RUSAGE_SELF, &use);
    double seconds = (double)(load.ended_us - load.begun_us) * 1e-6;
    double cpu_us = (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e6 +
                    (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
    (void)printf("{\"sent\":%llu,\"answered\":%llu,\"accepted\":%llu,\"seconds\":%.4f,"
                 "\"accepted_per_s\":%.1f,\"begun_us\":%lld,\"ended_us\":%lld,\"statuses\":{",
                 (unsigned long long)load.started, (unsigned long long)load.answered,
                 (unsigned long long)load.accepted, seconds,
                 seconds > 0 ? (double)load.accepted / seconds : 0, (long long)load.begun_us,
                 (long long)load.ended_us);
    const char *comma = "";
    for (int i = 0; i < 600; i++) {
        if (load.statuses[i] == 0)
            continue;
        (void)printf("%s\"%d\":%llu", comma, i, (unsigned long long)load.statuses[i]);
        comma = ",";
    }
    (void)printf("},\"p50_us\":%lld,\"p90_us\":%lld,\"p99_us\":%lld,\"max_us\":%lld,"
                 "\"cpu_us_per_event\":%.2f}\n",
                 (long long)latency_at(0.5), (long long)latency_at(0.9),
                 (long long)latency_at(0.99), (long long)load.max_us,
                 load.answered ? cpu_us / (double)load.answered : 0);
}

static void close_load(void)
{
    for (long i = 0; i < options.connections; i++) {
        (void)close(load.connections[i].descriptor);
        free(load.connections[i].request);
    }
    free(load.connections);
    (void)close(load.epoll);
    if (options.rate > 0)
        (void)close(load.timer);
}

static void parse_options(int argc, char **argv)
{
    static const struct option names[] = { { "port", required_argument, NULL, 'p' },
                                           { "path", required_argument, NULL, 'a' },
                                           { "merchants", required_argument, NULL, 'm' },
                                           { "first", required_argument, NULL, 'f' },
                                           { "key", required_argument, NULL, 'k' },
                                           { "connections", required_argument, NULL, 'c' },
                                           { "seconds", required_argument, NULL, 's' },
                                           { "rate", required_argument, NULL, 'r' },
                                           { "bytes", required_argument, NULL, 'b' },
                                           { 0 } };
    for (int each = 0; (each = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (each) {
        case 'p':
            options.port = strtol(optarg, NULL, 10);
            break;
        case 'a':
            options.path = optarg;
            break;
        case 'm':
            options.merchants = strtol(optarg, NULL, 10);
            break;
        case 'f':
            options.first = strtol(optarg, NULL, 10);
            break;
        case 'k':
            options.key = optarg;
            break;
        case 'c':
            options.connections = strtol(optarg, NULL, 10);
            break;
        case 's':
            options.seconds = strtod(optarg, NULL);
            break;
        case 'r':
            options.rate = strtod(optarg, NULL);
            break;
        case 'b':
            options.bytes = strtol(optarg, NULL, 10);
            break;
        default:
            check_good(false, usage);
        }
    }
    check_good(optind == argc && options.port > 0 && options.port < 65536 &&
                   options.merchants > 0 && options.first >= 0 && options.connections > 0 &&
                   options.connections <= CONNECTIONS_MAX && options.seconds > 0 &&
                   options.rate >= 0 && options.bytes >= 0 && options.bytes <= 65536,
               usage);
}

int main(int argc, char **argv)
{
    parse_options(argc, argv);
    open_load();
    run();
    report();
    close_load();
    return load.answered == load.started ? 0 : 1;
}
