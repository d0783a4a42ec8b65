// SPDX-License-Identifier: Apache-2.0
#include "deliver/multi.h"

#include "base/alloc.h"
#include "base/check.h"

#include <sys/socket.h>
#include <unistd.h>

/** Bounds hk_multi_run_due: curl may ask for one more round in each round. */
#define ROUNDS_MAX 16

struct hk_socket {
    uv_poll_t poll; /**< `data` is the socket's own address. */
    struct hk_multi *multi;
    curl_socket_t descriptor;
    int wanted;     /**< What curl waits for: UV_READABLE, UV_WRITABLE. */
    int registered; /**< What libuv watches. */
    bool is_ours;   /**< Opened by hk_multi_open_socket: registration may outlive interest. */
};

static void on_poll_closed(uv_handle_t *handle)
{
    hk_free(handle->data);
}

/** Lets the socket's registration and entry go; the descriptor is the caller's. */
static void socket_forget(struct hk_socket *socket)
{
    socket->multi->sockets[socket->descriptor] = NULL;
    uv_close((uv_handle_t *)&socket->poll, on_poll_closed);
}

static int watch(struct hk_socket *socket);

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct hk_socket *socket = poll->data;
    struct hk_multi *multi = socket->multi;
    int running;
    if (socket->wanted == 0) {
        // An idle connection: closed by the peer, or talking out of turn. curl looks at it before
        // it uses it again; being told until then would keep this thread busy.
        uv_poll_stop(poll);
        socket->registered = 0;
        return;
    }
    if (status < 0) {
        // libuv has stopped watching. curl is not told of an error but finds it by itself: it
        // remembers CURL_CSELECT_ERR of one address and then fails the connection to the next.
        socket->registered = 0;
        events = socket->wanted;
    }
    int flags = ((events & UV_READABLE) != 0 ? CURL_CSELECT_IN : 0) |
                ((events & UV_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0);
    (void)curl_multi_socket_action(multi->curl, socket->descriptor, flags, &running);
    // Its memory outlives a close until the loop's end.
    if (status < 0 && !uv_is_closing((uv_handle_t *)poll))
        (void)watch(socket);
}

/** Registers what curl waits for, unless that is so already. */
static int watch(struct hk_socket *socket)
{
    if (socket->wanted == 0 || socket->wanted == socket->registered)
        return 0;
    socket->registered = socket->wanted;
    return uv_poll_start(&socket->poll, socket->wanted, on_ready) == 0 ? 0 : -1;
}

static struct hk_socket *find(const struct hk_multi *multi, curl_socket_t descriptor)
{
    return (uint32_t)descriptor < multi->socket_capacity ? multi->sockets[descriptor] : NULL;
}

static int make_room(struct hk_multi *multi, uint32_t descriptor)
{
    uint32_t capacity = multi->socket_capacity != 0 ? multi->socket_capacity : 64;
    if (descriptor < multi->socket_capacity)
        return 0;
    while (capacity <= descriptor)
        capacity *= 2;
    struct hk_socket **sockets = hk_realloc(multi->sockets, capacity, sizeof(struct hk_socket *));
    if (sockets == NULL)
        return HK_ENOMEM;
    for (uint32_t i = multi->socket_capacity; i < capacity; i++)
        sockets[i] = NULL;
    multi->sockets = sockets;
    multi->socket_capacity = capacity;
    return 0;
}

static struct hk_socket *add(struct hk_multi *multi, curl_socket_t descriptor, bool is_ours)
{
    if (make_room(multi, (uint32_t)descriptor) != 0)
        return NULL;
    // Closed without our knowing (curl does so when connecting times out): the number is another
    // socket's now, and libuv takes it only once.
    if (multi->sockets[descriptor] != NULL)
        socket_forget(multi->sockets[descriptor]);
    struct hk_socket *socket = hk_alloc_zero(1, sizeof(*socket));
    if (socket == NULL || uv_poll_init(multi->loop, &socket->poll, descriptor) != 0) {
        hk_free(socket);
        return NULL;
    }
    socket->poll.data = socket;
    socket->multi = multi;
    socket->descriptor = descriptor;
    socket->is_ours = is_ours;
    multi->sockets[descriptor] = socket;
    return socket;
}

/** CURLMOPT_SOCKETFUNCTION. */
static int on_interest(CURL *easy, curl_socket_t descriptor, int what, void *arg, void *unused)
{
    struct hk_multi *multi = arg;
    struct hk_socket *socket = find(multi, descriptor);
    (void)easy;
    (void)unused;
    if (what == CURL_POLL_REMOVE) {
        if (socket != NULL && !socket->is_ours)
            socket_forget(socket);
        else if (socket != NULL)
            socket->wanted = 0;
        return 0;
    }
    if (socket == NULL)
        socket = add(multi, descriptor, false);
    if (socket == NULL)
        return -1;
    socket->wanted = ((what & CURL_POLL_IN) != 0 ? UV_READABLE : 0) |
                     ((what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0);
    return watch(socket);
}

/** CURLMOPT_TIMERFUNCTION. */
static int on_timer_wish(CURLM *curl, long timeout_ms, void *arg)
{
    struct hk_multi *multi = arg;
    (void)curl;
    if (timeout_ms < 0)
        multi->due_ms = INT64_MAX;
    else
        multi->due_ms = timeout_ms == 0 ? 0 : (int64_t)uv_now(multi->loop) + timeout_ms;
    return 0;
}

int hk_multi_init(struct hk_multi *multi, uv_loop_t *loop, uint32_t connections_max)
{
    *multi = (struct hk_multi){ .loop = loop, .due_ms = INT64_MAX };
    multi->curl = curl_multi_init();
    if (multi->curl == NULL)
        return HK_ENOMEM;
    curl_multi_setopt(multi->curl, CURLMOPT_SOCKETFUNCTION, on_interest);
    curl_multi_setopt(multi->curl, CURLMOPT_SOCKETDATA, multi);
    curl_multi_setopt(multi->curl, CURLMOPT_TIMERFUNCTION, on_timer_wish);
    curl_multi_setopt(multi->curl, CURLMOPT_TIMERDATA, multi);
    curl_multi_setopt(multi->curl, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    curl_multi_setopt(multi->curl, CURLMOPT_MAXCONNECTS, (long)connections_max);
    return 0;
}

void hk_multi_fini(struct hk_multi *multi)
{
    if (multi->curl != NULL)
        hk_assert(curl_multi_cleanup(multi->curl) == CURLM_OK);
    multi->curl = NULL;
    for (uint32_t i = 0; i < multi->socket_capacity; i++) {
        if (multi->sockets[i] != NULL)
            socket_forget(multi->sockets[i]);
    }
    hk_free(multi->sockets);
    multi->sockets = NULL;
    multi->socket_capacity = 0;
}

curl_socket_t hk_multi_open_socket(struct hk_multi *multi, const struct curl_sockaddr *address)
{
    int type = address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK;
    curl_socket_t descriptor = socket(address->family, type, address->protocol);
    if (descriptor < 0)
        return CURL_SOCKET_BAD;
    if (add(multi, descriptor, true) != NULL)
        return descriptor;
    close(descriptor);
    return CURL_SOCKET_BAD;
}

int hk_multi_close_socket(void *arg, curl_socket_t descriptor)
{
    struct hk_socket *socket = find(arg, descriptor);
    if (socket != NULL)
        socket_forget(socket);
    return close(descriptor);
}

void hk_multi_run_due(struct hk_multi *multi)
{
    int running;
    for (int round = 0; round < ROUNDS_MAX && hk_multi_due_ms(multi) == 0; round++) {
        long timeout_ms = -1;
        multi->due_ms = INT64_MAX;
        (void)curl_multi_socket_action(multi->curl, CURL_SOCKET_TIMEOUT, 0, &running);
        // curl does not tell a time again that it told before.
        if (multi->due_ms == INT64_MAX && curl_multi_timeout(multi->curl, &timeout_ms) == CURLM_OK)
            (void)on_timer_wish(multi->curl, timeout_ms, multi);
    }
}

int64_t hk_multi_due_ms(const struct hk_multi *multi)
{
    int64_t now_ms = (int64_t)uv_now(multi->loop);
    if (multi->due_ms == INT64_MAX)
        return INT64_MAX;
    return multi->due_ms > now_ms ? multi->due_ms - now_ms : 0;
}
