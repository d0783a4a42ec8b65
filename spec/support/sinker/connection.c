// SPDX-License-Identifier: Apache-2.0
#include "connection.h"

#include "exchange.h"
#include "memory.h"

#include <openssl/ssl.h>

#include <sys/epoll.h>
#include <unistd.h>

static bool is_reading(const struct hk_connection *connection)
{
    return !connection->watch.is_dead && connection->state == HK_CONNECTION_READING;
}

static size_t feed_all(struct hk_connection *connection, struct hk_span data)
{
    size_t used = 0;
    while (is_reading(connection) && used < data.bytes) {
        size_t bytes =
            hk_exchange_feed(connection, (struct hk_span){ data.at + used, data.bytes - used });
        if (bytes == 0) {
            break;
        }
        used += bytes;
    }
    return used;
}

static void feed_buffered(struct hk_connection *connection)
{
    struct hk_buffer *in = &connection->in;
    size_t used = feed_all(connection, (struct hk_span){ .at = in->data, .bytes = in->bytes });
    if (used > 0) {
        hk_buffer_consume(in, used);
    }
}

static void take(struct hk_connection *connection, struct hk_span data)
{
    if (connection->state == HK_CONNECTION_DRAINING) {
        return;
    }
    if (connection->in.bytes > 0) {
        hk_buffer_append(&connection->in, data.at, data.bytes);
        feed_buffered(connection);
        return;
    }
    size_t used = feed_all(connection, data);
    hk_buffer_append(&connection->in, data.at + used, data.bytes - used);
}

static void count_handshake(struct hk_connection *connection)
{
    if (connection->transport.tls != NULL && !connection->is_handshake_counted &&
        SSL_is_init_finished(connection->transport.tls)) {
        connection->is_handshake_counted = true;
        connection->sinker->counts.tls_handshakes++;
        connection->sinker->counts.tls_resumed +=
            (uint64_t)SSL_session_reused(connection->transport.tls);
    }
}

static void read_some(struct hk_connection *connection)
{
    char *scratch = connection->sinker->scratch;
    while (is_reading(connection) ||
           (!connection->watch.is_dead && connection->state == HK_CONNECTION_DRAINING)) {
        ssize_t bytes = hk_transport_read(&connection->transport, scratch, HK_SINKER_SCRATCH_BYTES);
        count_handshake(connection);
        if (bytes == HK_TRANSPORT_AGAIN) {
            return;
        }
        if (bytes <= 0) {
            hk_connection_close(connection);
            return;
        }
        take(connection, (struct hk_span){ .at = scratch, .bytes = (size_t)bytes });
        if (connection->transport.tls == NULL && bytes < HK_SINKER_SCRATCH_BYTES) {
            return;
        }
    }
}

/* Events. */

static void update_interest(struct hk_connection *connection)
{
    if (connection->watch.is_dead) {
        return;
    }
    uint32_t events = EPOLLRDHUP;
    if (connection->state == HK_CONNECTION_READING) {
        events = EPOLLRDHUP | EPOLLIN;
    } else if (connection->state == HK_CONNECTION_DRAINING) {
        events = EPOLLIN;
    } else if (connection->state == HK_CONNECTION_PLAYING) {
        events = EPOLLRDHUP | EPOLLOUT;
    }
    hk_loop_change(&connection->sinker->loop, &connection->watch, events);
}

/** After an answer that took more than one turn. */
static void resume(struct hk_connection *connection)
{
    if (is_reading(connection) && connection->in.bytes > 0) {
        feed_buffered(connection);
    }
    if (is_reading(connection) && connection->transport.tls != NULL) {
        read_some(connection); /* records that TLS has read already raise no event */
    }
    update_interest(connection);
}

static void on_ready(struct hk_watch *watch, uint32_t events)
{
    struct hk_connection *connection = (struct hk_connection *)watch;
    if (connection->state == HK_CONNECTION_READING || connection->state == HK_CONNECTION_DRAINING) {
        read_some(connection);
    } else if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        hk_connection_close(connection);
    } else if (connection->state == HK_CONNECTION_PLAYING) {
        hk_exchange_play(connection);
        resume(connection);
    }
    update_interest(connection);
}

static void on_timer(struct hk_timer *timer)
{
    struct hk_connection *connection = timer->owner;
    if (connection->state == HK_CONNECTION_DRAINING) {
        hk_connection_close(connection);
        return;
    }
    hk_exchange_play(connection);
    resume(connection);
}

static void on_free(struct hk_watch *watch)
{
    struct hk_connection *connection = (struct hk_connection *)watch;
    hk_buffer_fini(&connection->in);
    hk_buffer_fini(&connection->body);
    hk_memory_free(connection);
}

void hk_connection_close(struct hk_connection *connection)
{
    if (connection->watch.is_dead) {
        return;
    }
    struct hk_sinker *sinker = connection->sinker;
    hk_exchange_break(connection);
    hk_loop_stop_timer(&sinker->loop, &connection->timer);
    sinker->counts.tls_failed +=
        connection->transport.tls != NULL && !connection->is_handshake_counted;
    hk_loop_close(&sinker->loop, &connection->watch);
    hk_transport_fini(&connection->transport);
    sinker->counts.open--;
    *connection->link = connection->next;
    if (connection->next != NULL) {
        connection->next->link = connection->link;
    }
}

void hk_connection_close_all(struct hk_sinker *sinker)
{
    while (sinker->connections != NULL) {
        hk_connection_close(sinker->connections);
    }
}

static void link_connection(struct hk_connection *connection)
{
    struct hk_sinker *sinker = connection->sinker;
    connection->next = sinker->connections;
    connection->link = &sinker->connections;
    if (connection->next != NULL) {
        connection->next->link = &connection->next;
    }
    sinker->connections = connection;
    connection->number = ++sinker->counts.accepted;
    sinker->counts.open++;
}

/** What the listener does before any HTTP. */
static void greet(struct hk_connection *connection, enum hk_on_accept on_accept)
{
    switch (on_accept) {
    case HK_ON_ACCEPT_HOLD:
    case HK_ON_ACCEPT_NEVER:
        connection->state = HK_CONNECTION_HOLDING;
        break;
    case HK_ON_ACCEPT_GARBAGE:
        hk_transport_write(&connection->transport,
                           hk_span_of("\x01 this is not what you want\r\n"));
        hk_exchange_drain(connection);
        break;
    case HK_ON_ACCEPT_CLOSE:
        hk_exchange_drain(connection);
        break;
    case HK_ON_ACCEPT_RESET:
        hk_transport_arm_reset(&connection->transport);
        hk_connection_close(connection);
        break;
    case HK_ON_ACCEPT_SERVE:
        break;
    }
}

void hk_connection_start(struct hk_listener *listener, int fd)
{
    struct hk_sinker *sinker = listener->sinker;
    struct hk_connection *connection = hk_memory_new(sizeof *connection);
    connection->watch = (struct hk_watch){ .fd = fd, .on_ready = on_ready, .on_free = on_free };
    connection->sinker = sinker;
    connection->port = listener->port;
    connection->timer = (struct hk_timer){ .on_due = on_timer, .owner = connection };
    connection->transport.fd = fd;
    link_connection(connection);
    hk_loop_add(&sinker->loop, &connection->watch, EPOLLIN | EPOLLRDHUP);
    if (listener->tls != NULL) {
        connection->transport.tls = SSL_new(listener->tls);
        SSL_set_fd(connection->transport.tls, fd);
        SSL_set_accept_state(connection->transport.tls);
    }
    greet(connection, listener->on_accept);
    update_interest(connection);
}
