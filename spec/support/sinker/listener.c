// SPDX-License-Identifier: Apache-2.0
#include "listener.h"

#include "connection.h"
#include "memory.h"
#include "sinker.h"

#include <openssl/ssl.h>

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { BACKLOG = 4096, ACCEPTS_MAX = 64 };

/** Splits ADDR:PORT at its last colon and drops the brackets. */
static bool split(const char *where, char *address, const char **port)
{
    const char *colon = strrchr(where, ':');
    if (colon == NULL || colon == where) {
        return false;
    }
    size_t bytes = (size_t)(colon - where);
    if (where[0] == '[' && where[bytes - 1] == ']') {
        where++;
        bytes -= 2;
    }
    if (bytes == 0 || bytes >= HK_LISTENER_ADDRESS_MAX) {
        return false;
    }
    memcpy(address, where, bytes);
    address[bytes] = 0;
    *port = colon + 1;
    return true;
}

int hk_listener_bind(const char *where, int backlog)
{
    char address[HK_LISTENER_ADDRESS_MAX];
    const char *port;
    struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                              .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    if (!split(where, address, &port) || getaddrinfo(address, port, &hints, &found) != 0) {
        return -EINVAL;
    }
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    int rc =
        bind(fd, found->ai_addr, found->ai_addrlen) < 0 || listen(fd, backlog) < 0 ? -errno : 0;
    freeaddrinfo(found);
    if (rc < 0) {
        close(fd);
        return rc;
    }
    return fd;
}

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

int hk_listener_port(int fd)
{
    union address bound = { 0 };
    socklen_t bytes = sizeof bound;
    if (getsockname(fd, &bound.any, &bytes) < 0) {
        return 0;
    }
    return ntohs(bound.any.sa_family == AF_INET6 ? bound.v6.sin6_port : bound.v4.sin_port);
}

static void on_ready(struct hk_watch *watch, uint32_t events)
{
    (void)events;
    struct hk_listener *listener = (struct hk_listener *)watch;
    for (int i = 0; i < ACCEPTS_MAX && !watch->is_dead; i++) {
        int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            return;
        }
        listener->accepted++;
        hk_connection_start(listener, fd);
    }
}

static void on_free(struct hk_watch *watch)
{
    struct hk_listener *listener = (struct hk_listener *)watch;
    SSL_CTX_free(listener->tls);
    hk_memory_free(listener);
}

/** Connects to our own port until the kernel queues no more. */
static void fill_queue(struct hk_listener *listener)
{
    union address bound = { 0 };
    socklen_t bytes = sizeof bound;
    getsockname(listener->watch.fd, &bound.any, &bytes);
    for (int i = 0; i < HK_LISTENER_FILLERS; i++) {
        listener->fillers[i] =
            socket(bound.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (listener->fillers[i] < 0 ||
            (connect(listener->fillers[i], &bound.any, bytes) < 0 && errno != EINPROGRESS)) {
            fprintf(stderr, "sinker: cannot fill the queue of port %d\n", listener->port);
        }
    }
}

struct hk_listener *hk_listener_open(struct hk_sinker *sinker,
                                     const struct hk_listener_options *options, int *error)
{
    bool never = options->on_accept == HK_ON_ACCEPT_NEVER;
    int fd = hk_listener_bind(options->where, never ? 0 : BACKLOG);
    if (fd < 0) {
        *error = fd;
        SSL_CTX_free(options->tls);
        return NULL;
    }
    struct hk_listener *listener = hk_memory_new(sizeof *listener);
    const char *port;
    split(options->where, listener->address, &port);
    listener->watch = (struct hk_watch){ .fd = fd, .on_ready = on_ready, .on_free = on_free };
    listener->sinker = sinker;
    listener->tls = options->tls;
    listener->kind = options->kind;
    listener->on_accept = options->on_accept;
    listener->port = hk_listener_port(fd);
    listener->next = sinker->listeners;
    sinker->listeners = listener;
    hk_loop_add(&sinker->loop, &listener->watch, never ? 0 : EPOLLIN);
    if (never) {
        fill_queue(listener);
    }
    return listener;
}

void hk_listener_close(struct hk_listener *listener)
{
    struct hk_listener **link = &listener->sinker->listeners;
    while (*link != listener) {
        link = &(*link)->next;
    }
    *link = listener->next;
    if (listener->on_accept == HK_ON_ACCEPT_NEVER) {
        for (int i = 0; i < HK_LISTENER_FILLERS; i++) {
            close(listener->fillers[i]);
        }
    }
    hk_loop_close(&listener->sinker->loop, &listener->watch);
}
