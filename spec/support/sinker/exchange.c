// SPDX-License-Identifier: Apache-2.0
#include "exchange.h"

#include "waiter.h"

#include <stdio.h>
#include <string.h>

enum { DRAIN_US = 2000000, US_PER_MS = 1000 };

static bool is_current(const struct hk_connection *connection)
{
    return connection->seq > connection->sinker->store.cleared_seq;
}

static void settle(struct hk_connection *connection, enum hk_answered answered)
{
    struct hk_sinker *sinker = connection->sinker;
    if (connection->has_request && is_current(connection)) {
        int status = answered == HK_ANSWERED_NOT ? 0 : connection->answer->status;
        struct hk_request *request = hk_store_find(&sinker->store, connection->seq);
        if (request != NULL) {
            hk_request_answer(request, answered, status);
        }
        if (answered == HK_ANSWERED_WHOLE && connection->path != NULL) {
            hk_path_note_answer(connection->path, connection->id, status);
        }
        if (!sinker->is_quiet) {
            fprintf(stderr, "sinker: #%llu %s -> %d%s\n", (unsigned long long)connection->seq,
                    connection->path != NULL ? connection->path->text : "(malformed)", status,
                    answered == HK_ANSWERED_WHOLE ? "" : " (cut)");
        }
        if (sinker->waiters != NULL) {
            hk_waiter_check(sinker);
        }
    }
    hk_behaviour_unref(connection->behaviour);
    connection->behaviour = NULL;
    connection->answer = NULL;
    connection->has_request = false;
    connection->has_head = false;
    connection->path = NULL;
    connection->id = NULL;
}

static void store(struct hk_connection *connection, struct hk_arrival *arrival)
{
    struct hk_sinker *sinker = connection->sinker;
    connection->request_count++;
    sinker->counts.requests++;
    sinker->counts.reused += connection->request_count > 1;
    arrival->connection = connection->number;
    arrival->on_connection = connection->request_count;
    arrival->port = connection->port;
    arrival->is_tls = connection->transport.tls != NULL;
    arrival->path = connection->path;
    connection->seq = hk_store_add(&sinker->store, arrival, &connection->id);
    connection->has_request = true;
    if (sinker->is_bench) {
        hk_histogram_add_body(&sinker->histogram, arrival->body);
    }
    if (sinker->waiters != NULL) {
        hk_waiter_check(sinker);
    }
}

void hk_exchange_drain(struct hk_connection *connection)
{
    connection->state = HK_CONNECTION_DRAINING;
    hk_transport_finish(&connection->transport);
    hk_loop_set_timer(&connection->sinker->loop, &connection->timer, DRAIN_US);
}

static void end_answer(struct hk_connection *connection)
{
    const struct hk_answer *answer = connection->answer;
    enum hk_ending ending = answer->ending;
    if (ending == HK_ENDING_KEEP && !connection->is_keep_alive) {
        ending = HK_ENDING_CLOSE;
    }
    enum hk_answered cut = connection->player.has_sent ? HK_ANSWERED_PARTLY : HK_ANSWERED_NOT;
    settle(connection, answer->is_whole ? HK_ANSWERED_WHOLE : cut);
    switch (ending) {
    case HK_ENDING_KEEP:
        connection->state = HK_CONNECTION_READING;
        break;
    case HK_ENDING_HOLD:
        connection->state = HK_CONNECTION_HOLDING;
        break;
    case HK_ENDING_CLOSE:
        hk_exchange_drain(connection);
        break;
    case HK_ENDING_RESET:
        hk_transport_arm_reset(&connection->transport);
        hk_connection_close(connection);
        break;
    }
}

void hk_exchange_play(struct hk_connection *connection)
{
    connection->state = HK_CONNECTION_PLAYING;
    switch (hk_player_run(&connection->player, &connection->transport)) {
    case HK_PLAY_DONE:
        end_answer(connection);
        break;
    case HK_PLAY_BLOCKED:
        break;
    case HK_PLAY_PAUSED:
        connection->state = HK_CONNECTION_DELAYING;
        hk_loop_set_timer(&connection->sinker->loop, &connection->timer,
                          connection->answer->drip_ms * US_PER_MS);
        break;
    case HK_PLAY_BROKEN:
        hk_connection_close(connection);
        break;
    }
}

/** The answer's moment has come. */
static void act(struct hk_connection *connection)
{
    hk_player_start(&connection->player, connection->answer, connection->is_head_method);
    if (connection->answer->delay_ms > 0) {
        connection->state = HK_CONNECTION_DELAYING;
        hk_loop_set_timer(&connection->sinker->loop, &connection->timer,
                          connection->answer->delay_ms * US_PER_MS);
        return;
    }
    hk_exchange_play(connection);
}

static void choose_answer(struct hk_connection *connection, struct hk_span path)
{
    struct hk_sinker *sinker = connection->sinker;
    connection->player = (struct hk_player){ 0 };
    connection->path = hk_path_get(&sinker->paths, path);
    connection->answer = &sinker->answer_default;
    if (connection->path->behaviour != NULL) {
        connection->behaviour = hk_behaviour_ref(connection->path->behaviour);
        connection->answer = hk_behaviour_take(connection->behaviour);
    }
}

static size_t refuse(struct hk_connection *connection, struct hk_span data)
{
    hk_behaviour_unref(connection->behaviour);
    connection->behaviour = NULL;
    connection->path = NULL;
    connection->answer = &connection->sinker->answer_malformed;
    connection->is_head_method = false;
    store(connection, &(struct hk_arrival){ .is_malformed = true, .head = data });
    act(connection);
    return data.bytes;
}

/** Acts before the request is whole. */
static size_t act_early(struct hk_connection *connection, struct hk_span data)
{
    struct hk_head head;
    bool is_parsed = hk_head_parse(data, &head) == 1;
    size_t head_bytes = is_parsed ? head.bytes : data.bytes;
    struct hk_arrival arrival = {
        .webhook_id = is_parsed ? head.webhook_id : (struct hk_span){ 0 },
        .head = { .at = data.at, .bytes = head_bytes },
        .body = { .at = data.at + head_bytes, .bytes = data.bytes - head_bytes },
    };
    store(connection, &arrival);
    act(connection);
    return data.bytes;
}

/** The head is not whole: only an answer to the request line can act. */
static size_t feed_part_of_head(struct hk_connection *connection, struct hk_span data)
{
    if (connection->sinker->paths.behaviour_count == 0) {
        return 0;
    }
    struct hk_span text = hk_head_peek_path(data);
    struct hk_path *path = hk_path_find(&connection->sinker->paths, text);
    if (text.bytes == 0 || path == NULL || path->behaviour == NULL ||
        hk_behaviour_peek(path->behaviour)->moment != HK_MOMENT_REQUEST_LINE) {
        return 0;
    }
    choose_answer(connection, text);
    return act_early(connection, data);
}

static void take_head(struct hk_connection *connection, const struct hk_head *head)
{
    connection->has_head = true;
    connection->head_bytes = head->bytes;
    connection->content_bytes = (size_t)head->content_bytes;
    connection->is_chunked = head->is_chunked;
    connection->is_keep_alive = head->is_keep_alive;
    connection->is_head_method = head->method.bytes == 4 && memcmp(head->method.at, "HEAD", 4) == 0;
    connection->decoded_bytes = 0;
    connection->chunks = (struct hk_chunks){ 0 };
    hk_buffer_consume(&connection->body, connection->body.bytes);
    choose_answer(connection, head->path);
}

/** 1: the body is whole and *body is it; 0: more is needed; -1: not a body. */
static int take_body(struct hk_connection *connection, struct hk_span rest, struct hk_span *body,
                     size_t *used)
{
    if (!connection->is_chunked) {
        *body = (struct hk_span){ .at = rest.at, .bytes = connection->content_bytes };
        *used = connection->content_bytes;
        return rest.bytes >= connection->content_bytes;
    }
    size_t taken;
    rest.at += connection->decoded_bytes;
    rest.bytes -= connection->decoded_bytes;
    int rc = hk_chunks_decode(&connection->chunks, rest, &connection->body, &taken);
    connection->decoded_bytes += taken;
    *used = connection->decoded_bytes;
    *body = (struct hk_span){ .at = connection->body.data, .bytes = connection->body.bytes };
    return connection->body.bytes > HK_CONNECTION_BODY_BYTES_MAX ? -1 : rc;
}

static size_t feed_part_of_body(struct hk_connection *connection, struct hk_span data,
                                bool wants_continue)
{
    size_t here = data.bytes - connection->head_bytes;
    if (connection->answer->moment == HK_MOMENT_BODY &&
        (connection->is_chunked ? here > 0 : here * 2 >= connection->content_bytes)) {
        return act_early(connection, data);
    }
    if (wants_continue) {
        hk_transport_write(&connection->transport, hk_span_of("HTTP/1.1 100 Continue\r\n\r\n"));
    }
    return 0;
}

size_t hk_exchange_feed(struct hk_connection *connection, struct hk_span data)
{
    struct hk_head head;
    bool is_first_look = !connection->has_head;
    int rc = hk_head_parse(data, &head);
    if (rc <= 0) {
        return rc == 0 ? feed_part_of_head(connection, data) : refuse(connection, data);
    }
    if (head.content_bytes > HK_CONNECTION_BODY_BYTES_MAX) {
        return refuse(connection, data);
    }
    if (is_first_look) {
        take_head(connection, &head);
    }
    if (connection->answer->moment < HK_MOMENT_BODY) {
        return act_early(connection, data);
    }
    struct hk_span rest = { .at = data.at + head.bytes, .bytes = data.bytes - head.bytes };
    struct hk_span body;
    size_t body_used;
    rc = take_body(connection, rest, &body, &body_used);
    if (rc <= 0) {
        return rc < 0 ? refuse(connection, data)
                      : feed_part_of_body(connection, data, is_first_look && head.wants_continue);
    }
    store(connection, &(struct hk_arrival){ .is_complete = true,
                                            .webhook_id = head.webhook_id,
                                            .head = { .at = data.at, .bytes = head.bytes },
                                            .body = body });
    act(connection);
    return head.bytes + body_used;
}

void hk_exchange_break(struct hk_connection *connection)
{
    struct hk_buffer *in = &connection->in;
    if (connection->state == HK_CONNECTION_READING && in->bytes > 0 && !connection->has_request) {
        size_t head_bytes = connection->has_head ? connection->head_bytes : in->bytes;
        store(connection, &(struct hk_arrival){ .head = { .at = in->data, .bytes = head_bytes },
                                                .body = { .at = in->data + head_bytes,
                                                          .bytes = in->bytes - head_bytes } });
    }
    bool has_sent = connection->answer != NULL && connection->player.has_sent;
    settle(connection, has_sent ? HK_ANSWERED_PARTLY : HK_ANSWERED_NOT);
}
