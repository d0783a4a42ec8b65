// SPDX-License-Identifier: Apache-2.0
#include "support_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 512, REQUESTS_MAX = 65536, DRIP_MS = 20 };

struct connection {
    int fd; /* -1: free */
    char *in;
    size_t in_bytes;
    unsigned request_count;
    const struct server_reply *reply; /* the last one's; its act goes on */
};

struct server {
    const struct server_reply *replies;
    pthread_t thread;
    pthread_mutex_t lock;
    int listener, wake[2];
    uint16_t port;
    struct connection connections[CONNECTIONS_MAX];
    char *requests[REQUESTS_MAX];
    unsigned connection_count, request_count;
};

static const struct server_reply not_found = {
    "", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", SERVER_KEEP
};

static void drop(struct connection *connection)
{
    (void)close(connection->fd);
    free(connection->in);
    *connection = (struct connection){ .fd = -1 };
}

static void say(const struct connection *connection, const char *text, size_t bytes)
{
    while (bytes > 0) {
        ssize_t sent = send(connection->fd, text, bytes, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* full or gone: the test sees what arrived */
        text += sent;
        bytes -= (size_t)sent;
    }
}

static void act(struct connection *connection)
{
    const struct linger now = { 1, 0 };
    switch (connection->reply->act) {
    case SERVER_RESET:
        (void)setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
        drop(connection);
        break;
    case SERVER_CLOSE:
        drop(connection);
        break;
    default:
        break;
    }
}

static const struct server_reply *find(const struct server *server, const char *request)
{
    for (const struct server_reply *reply = server->replies; reply->path != NULL; reply++) {
        char line[256];
        (void)snprintf(line, sizeof(line), "POST %s HTTP/1.1\r\n", reply->path);
        if (strncmp(request, line, strlen(line)) == 0)
            return reply;
    }
    return &not_found;
}

/* The bytes of the whole request at the start of `in`; 0: not yet. */
static size_t whole(const struct connection *connection)
{
    const char *end = strstr(connection->in, "\r\n\r\n");
    const char *length = strcasestr(connection->in, "\r\ncontent-length:");
    if (end == NULL)
        return 0;
    size_t head = (size_t)(end - connection->in) + 4;
    size_t body = length != NULL && length < end ? strtoul(length + 17, NULL, 10) : 0;
    return connection->in_bytes >= head + body ? head + body : 0;
}

static void answer(struct server *server, struct connection *connection, size_t bytes)
{
    char *request = strndup(connection->in, bytes);
    assert(request != NULL);
    connection->reply = find(server, request);
    pthread_mutex_lock(&server->lock);
    assert(server->request_count < REQUESTS_MAX);
    server->requests[server->request_count++] = request;
    pthread_mutex_unlock(&server->lock);
    connection->in_bytes -= bytes;
    memmove(connection->in, connection->in + bytes, connection->in_bytes + 1);
    connection->request_count++;
    if (connection->reply->act == SERVER_FALL_ILL && connection->request_count == 2) {
        drop(connection);
        return;
    }
    say(connection, connection->reply->text, strlen(connection->reply->text));
    act(connection);
}

static void receive(struct server *server, struct connection *connection)
{
    char piece[65536];
    ssize_t got = recv(connection->fd, piece, sizeof(piece), 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        drop(connection);
        return;
    }
    connection->in = realloc(connection->in, connection->in_bytes + (size_t)got + 1);
    assert(connection->in != NULL);
    memcpy(connection->in + connection->in_bytes, piece, (size_t)got);
    connection->in_bytes += (size_t)got;
    connection->in[connection->in_bytes] = '\0';
    for (size_t bytes = whole(connection); connection->fd >= 0 && bytes > 0;
         bytes = connection->fd >= 0 ? whole(connection) : 0)
        answer(server, connection, bytes);
}

static void welcome(struct server *server)
{
    int fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    pthread_mutex_lock(&server->lock);
    server->connection_count++;
    pthread_mutex_unlock(&server->lock);
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        if (server->connections[i].fd < 0) {
            server->connections[i].fd = fd;
            return;
        }
    }
    abort();
}

static void go_on(struct connection *connection)
{
    static const char more[4096] = { [0 ... 4095] = 'x' };
    enum server_act behaviour = connection->reply != NULL ? connection->reply->act : SERVER_KEEP;
    if (behaviour == SERVER_DRIP)
        say(connection, more, 1);
    else if (behaviour == SERVER_ENDLESS)
        say(connection, more, sizeof(more));
}

static short interest(const struct connection *connection)
{
    if (connection->reply == NULL)
        return POLLIN;
    switch (connection->reply->act) {
    case SERVER_ENDLESS:
        return POLLIN | POLLOUT;
    case SERVER_HANG:
        return 0;
    default:
        return POLLIN;
    }
}

static void serve_ready(struct server *server, const struct pollfd *ready)
{
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *connection = &server->connections[i];
        if (connection->fd < 0 || ready[i].fd != connection->fd)
            continue;
        if ((ready[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
            receive(server, connection);
        if (connection->fd >= 0)
            go_on(connection);
    }
}

static void *serve(void *arg)
{
    struct server *server = arg;
    struct pollfd *ready = calloc(CONNECTIONS_MAX + 2, sizeof(*ready));
    assert(ready != NULL);
    for (;;) {
        bool is_dripping = false;
        for (int i = 0; i < CONNECTIONS_MAX; i++) {
            const struct connection *connection = &server->connections[i];
            ready[i] = (struct pollfd){ connection->fd, 0, 0 };
            if (connection->fd < 0)
                continue;
            ready[i].events = interest(connection);
            is_dripping |= connection->reply != NULL && connection->reply->act == SERVER_DRIP;
        }
        ready[CONNECTIONS_MAX] = (struct pollfd){ server->listener, POLLIN, 0 };
        ready[CONNECTIONS_MAX + 1] = (struct pollfd){ server->wake[0], POLLIN, 0 };
        (void)poll(ready, CONNECTIONS_MAX + 2, is_dripping ? DRIP_MS : -1);
        if (ready[CONNECTIONS_MAX + 1].revents != 0)
            break;
        serve_ready(server, ready);
        if (ready[CONNECTIONS_MAX].revents != 0)
            welcome(server);
    }
    free(ready);
    return NULL;
}

static int listen_on(const char *address, uint16_t *port)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at = { 0 };
    bool is_v6 = strchr(address, ':') != NULL;
    socklen_t size = is_v6 ? sizeof(at.v6) : sizeof(at.v4);
    at.any.sa_family = is_v6 ? AF_INET6 : AF_INET;
    void *bytes = is_v6 ? (void *)&at.v6.sin6_addr : (void *)&at.v4.sin_addr;
    int fd = socket(at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || inet_pton(at.any.sa_family, address, bytes) != 1 ||
        bind(fd, &at.any, size) != 0 || listen(fd, CONNECTIONS_MAX) != 0 ||
        getsockname(fd, &at.any, &size) != 0)
        abort();
    *port = ntohs(is_v6 ? at.v6.sin6_port : at.v4.sin_port);
    return fd;
}

struct server *server_start(const char *address, const struct server_reply *replies)
{
    struct server *server = calloc(1, sizeof(*server));
    assert(server != NULL);
    server->replies = replies;
    server->listener = listen_on(address, &server->port);
    for (int i = 0; i < CONNECTIONS_MAX; i++)
        server->connections[i].fd = -1;
    if (pipe2(server->wake, O_CLOEXEC) != 0 || pthread_mutex_init(&server->lock, NULL) != 0 ||
        pthread_create(&server->thread, NULL, serve, server) != 0)
        abort();
    return server;
}

void server_stop(struct server *server)
{
    if (write(server->wake[1], "", 1) != 1 || pthread_join(server->thread, NULL) != 0)
        abort();
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        if (server->connections[i].fd >= 0)
            drop(&server->connections[i]);
    }
    for (unsigned i = 0; i < server->request_count; i++)
        free(server->requests[i]);
    (void)close(server->listener);
    (void)close(server->wake[0]);
    (void)close(server->wake[1]);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

uint16_t server_port(const struct server *server)
{
    return server->port;
}

unsigned server_connection_count(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    unsigned count = server->connection_count;
    pthread_mutex_unlock(&server->lock);
    return count;
}

unsigned server_request_count(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    unsigned count = server->request_count;
    pthread_mutex_unlock(&server->lock);
    return count;
}

const char *server_request(struct server *server, unsigned number)
{
    pthread_mutex_lock(&server->lock);
    const char *request = number < server->request_count ? server->requests[number] : "";
    pthread_mutex_unlock(&server->lock);
    return request;
}
