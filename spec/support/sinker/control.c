// SPDX-License-Identifier: Apache-2.0
#include "control.h"

#include "listener.h"
#include "memory.h"
#include "report.h"
#include "route.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 256, BODY_BYTES_MAX = 64 * 1024 * 1024 };

static void close_client(struct hk_control_client *client)
{
    if (client->watch.is_dead) {
        return;
    }
    struct hk_sinker *sinker = client->control->sinker;
    hk_waiter_remove(sinker, &client->waiter);
    hk_loop_stop_timer(&sinker->loop, &client->timer);
    hk_loop_close(&sinker->loop, &client->watch);
    *client->link = client->next;
    if (client->next != NULL) {
        client->next->link = client->link;
    }
}

static void free_client(struct hk_watch *watch)
{
    struct hk_control_client *client = (struct hk_control_client *)watch;
    hk_buffer_fini(&client->in);
    hk_buffer_fini(&client->out);
    hk_memory_free(client);
}

static void flush(struct hk_control_client *client)
{
    while (client->out_sent < client->out.bytes) {
        ssize_t rc = send(client->watch.fd, client->out.data + client->out_sent,
                          client->out.bytes - client->out_sent, MSG_NOSIGNAL);
        if (rc < 0 && errno == EAGAIN) {
            hk_loop_change(&client->control->sinker->loop, &client->watch, EPOLLIN | EPOLLOUT);
            return;
        }
        if (rc < 0) {
            close_client(client);
            return;
        }
        client->out_sent += (size_t)rc;
    }
    client->out_sent = 0;
    hk_buffer_consume(&client->out, client->out.bytes);
    hk_loop_change(&client->control->sinker->loop, &client->watch, EPOLLIN);
    if (!client->is_keep_alive) {
        close_client(client);
    }
}

static void answer(struct hk_control_client *client, int status, const struct hk_buffer *json)
{
    hk_buffer_print(&client->out, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\n", status,
                    hk_answer_reason(status));
    hk_buffer_print(&client->out, "Content-Length: %zu\r\n%s\r\n", json->bytes,
                    client->is_keep_alive ? "" : "Connection: close\r\n");
    hk_buffer_append(&client->out, json->data, json->bytes);
    flush(client);
}

/** One whole request of the front of client->in; how many bytes it had, 0: not whole. */
static size_t serve_one(struct hk_control_client *client)
{
    struct hk_span data = { .at = client->in.data, .bytes = client->in.bytes };
    struct hk_head head;
    int rc = hk_head_parse(data, &head);
    if (rc < 0 || (rc > 0 && (head.is_chunked || head.content_bytes > BODY_BYTES_MAX))) {
        close_client(client);
        return 0;
    }
    size_t bytes = rc > 0 ? head.bytes + (size_t)head.content_bytes : 0;
    if (rc == 0 || data.bytes < bytes) {
        return 0;
    }
    client->is_keep_alive = head.is_keep_alive;
    struct hk_call call = { .sinker = client->control->sinker,
                            .client = client,
                            .method = head.method,
                            .path = head.path,
                            .status = 200 };
    if (head.path.bytes < head.target.bytes) {
        call.query.at = head.path.at + head.path.bytes + 1;
        call.query.bytes = head.target.bytes - head.path.bytes - 1;
    }
    call.body = (struct hk_span){ .at = data.at + head.bytes, .bytes = bytes - head.bytes };
    hk_route_call(&call);
    if (call.wait_us > 0) {
        client->is_waiting = true;
        hk_waiter_add(call.sinker, &client->waiter);
        hk_loop_set_timer(&call.sinker->loop, &client->timer, call.wait_us);
    } else {
        answer(client, call.status, &call.answer);
    }
    hk_buffer_fini(&call.answer);
    return bytes;
}

static void serve(struct hk_control_client *client)
{
    while (!client->watch.is_dead && !client->is_waiting && client->in.bytes > 0) {
        size_t bytes = serve_one(client);
        if (bytes == 0) {
            return;
        }
        hk_buffer_consume(&client->in, bytes);
    }
}

static void end_wait(struct hk_control_client *client)
{
    struct hk_sinker *sinker = client->control->sinker;
    const struct hk_path *path = client->waiter.path;
    struct hk_path_tally tally = path != NULL ? path->tally : hk_path_total(&sinker->paths);
    struct hk_buffer json = { 0 };
    hk_waiter_remove(sinker, &client->waiter);
    hk_loop_stop_timer(&sinker->loop, &client->timer);
    client->is_waiting = false;
    hk_report_tally(&json, &tally);
    answer(client, 200, &json);
    hk_buffer_fini(&json);
    serve(client);
}

static void on_reached(struct hk_waiter *waiter)
{
    size_t offset = offsetof(struct hk_control_client, waiter);
    end_wait((struct hk_control_client *)(void *)((char *)waiter - offset));
}

static void on_timeout(struct hk_timer *timer)
{
    end_wait(timer->owner);
}

static void on_client(struct hk_watch *watch, uint32_t events)
{
    struct hk_control_client *client = (struct hk_control_client *)watch;
    struct hk_sinker *sinker = client->control->sinker;
    if ((events & EPOLLOUT) != 0) {
        flush(client);
    }
    if (watch->is_dead || (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) {
        return;
    }
    ssize_t bytes = recv(watch->fd, sinker->scratch, sizeof sinker->scratch, 0);
    if (bytes == 0 || (bytes < 0 && errno != EAGAIN)) {
        close_client(client);
    } else if (bytes > 0) {
        hk_buffer_append(&client->in, sinker->scratch, (size_t)bytes);
        serve(client);
    }
}

static void on_connect(struct hk_watch *watch, uint32_t events)
{
    (void)events;
    struct hk_control *control = (struct hk_control *)watch;
    int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    struct hk_control_client *client = hk_memory_new(sizeof *client);
    client->watch = (struct hk_watch){ .fd = fd, .on_ready = on_client, .on_free = free_client };
    client->control = control;
    client->waiter.on_reached = on_reached;
    client->timer = (struct hk_timer){ .on_due = on_timeout, .owner = client };
    client->next = control->clients;
    client->link = &control->clients;
    if (client->next != NULL) {
        client->next->link = &client->next;
    }
    control->clients = client;
    hk_loop_add(&control->sinker->loop, &client->watch, EPOLLIN);
}

int hk_control_open(struct hk_control *control, struct hk_sinker *sinker, const char *where)
{
    int fd = hk_listener_bind(where, BACKLOG);
    if (fd < 0) {
        return fd;
    }
    *control = (struct hk_control){ .watch = { .fd = fd, .on_ready = on_connect },
                                    .sinker = sinker,
                                    .port = hk_listener_port(fd) };
    return hk_loop_add(&sinker->loop, &control->watch, EPOLLIN);
}

void hk_control_close(struct hk_control *control)
{
    while (control->clients != NULL) {
        close_client(control->clients);
    }
    hk_loop_close(&control->sinker->loop, &control->watch);
}
