// SPDX-License-Identifier: Apache-2.0
#include "api/tail.h"

#include "api/listener.h"
#include "base/alloc.h"
#include "base/check.h"

#include <inttypes.h>
#include <sys/socket.h>

void hk_tail_start(struct hk_exchange *exchange)
{
    hk_exchange_ask(exchange, HK_REQUEST_TAIL_START);
}

void hk_tail_start_reply(struct hk_exchange *exchange, struct hk_reply *reply)
{
    struct hk_peer *peer = hk_exchange_peer(exchange);
    struct hk_answer *answer = &exchange->answer;
    if (reply->code == HK_ELIMIT) {
        hk_answer_unavailable(answer, "As many tails are running as there may be.");
        return;
    }
    if (reply->code < 0) {
        hk_answer_code(answer, reply->code);
        return;
    }
    peer->stream = hk_alloc_zero_or_die(1, sizeof(*peer->stream));
    peer->api->tail_count++;
    exchange->is_streaming = true;
    answer->status = 200;
    answer->must_close = true;
}

int hk_tail_append(struct hk_bytes *out, const struct hk_trace *trace)
{
    char event[HK_UUID_TEXT_SIZE + 1], endpoint[HK_UUID_TEXT_SIZE + 1], at[HK_WALL_TEXT_MAX];
    hk_uuid_format(&trace->event, event);
    hk_uuid_format(&trace->endpoint, endpoint);
    hk_wall_format(trace->at, at);
    /* All texts are words, ids and event types: nothing in them needs to be escaped. */
    int code = hk_bytes_append_format(
        out,
        "{\"at\":\"%s\",\"event\":\"%s\",\"type\":\"%s\",\"merchant_id\":%" PRIu64
        ",\"delivery\":\"%s.%u\",\"endpoint\":\"%s\",\"role\":\"%s\",\"attempt\":%u",
        at, event, trace->type, trace->merchant_id, event, trace->delivery, endpoint,
        hk_role_name(trace->role), trace->attempt);
    if (code == 0 && trace->status > 0)
        code = hk_bytes_append_format(out, ",\"status\":%u", trace->status);
    if (code == 0 && trace->status == 0)
        code = hk_bytes_append_text(out, ",\"status\":null");
    if (code < 0)
        return code;
    return hk_bytes_append_format(
        out,
        ",\"outcome\":\"%s\",\"state\":\"%s\",\"reason\":\"%s\",\"delay_ms\":%" PRId64
        ",\"total_ms\":%u.%03u}\n",
        hk_outcome_word(trace->class), hk_delivery_state_word(trace->state),
        hk_reason_word(trace->reason), trace->delay_ms, trace->total_us / 1000,
        trace->total_us % 1000);
}

static void wake(struct hk_peer *peer)
{
    if (!peer->stream->is_suspended)
        return;
    peer->stream->is_suspended = false;
    hk_listener_resume(&peer->exchange);
}

static void add_line(struct hk_peer *peer, struct hk_slice line)
{
    struct hk_stream *stream = peer->stream;
    if (stream->bytes.size - stream->sent + line.size > HK_TAIL_BYTES_MAX) {
        stream->dropped++;
        return;
    }
    if (stream->sent > HK_TAIL_BYTES_MAX / 4) {
        stream->bytes.size -= stream->sent;
        memmove(stream->bytes.at, stream->bytes.at + stream->sent, stream->bytes.size);
        stream->sent = 0;
    }
    int code = 0;
    size_t before = stream->bytes.size;
    if (stream->dropped > 0)
        code =
            hk_bytes_append_format(&stream->bytes, "{\"dropped\":%" PRIu64 "}\n", stream->dropped);
    if (code == 0)
        code = hk_bytes_append(&stream->bytes, line.at, line.size);
    if (code < 0) {
        stream->bytes.size = before;
        stream->dropped++;
        return;
    }
    stream->dropped = 0;
    wake(peer);
}

void hk_tail_trace(struct hk_api *api, const struct hk_trace *trace)
{
    struct hk_bytes line = { 0 };
    bool is_made = api->tail_count > 0 && hk_tail_append(&line, trace) == 0;
    for (uint32_t slot = 0; is_made && slot < api->peers.fresh; slot++) {
        struct hk_peer *peer =
            hk_slots_is_taken(&api->peers, slot) ? hk_slots_row(&api->peers, slot) : NULL;
        if (peer != NULL && peer->stream != NULL)
            add_line(peer, hk_bytes_slice(&line));
    }
    hk_bytes_fini(&line);
}

size_t hk_tail_read(struct hk_peer *peer, char *out, size_t size_max)
{
    struct hk_stream *stream = peer->stream;
    size_t size = stream->bytes.size - stream->sent;
    if (size > size_max)
        size = size_max;
    if (size > 0)
        memcpy(out, stream->bytes.at + stream->sent, size);
    stream->sent += size;
    if (stream->sent == stream->bytes.size) {
        hk_bytes_clear(&stream->bytes);
        stream->sent = 0;
    }
    return size;
}

void hk_tail_check(struct hk_peer *peer)
{
    char byte;
    if (!peer->stream->is_suspended)
        return;
    if (recv(peer->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0)
        return;
    hk_tail_end(peer);
}

void hk_tail_end(struct hk_peer *peer)
{
    peer->stream->is_ended = true;
    wake(peer);
}

void hk_tail_stop(struct hk_peer *peer)
{
    struct hk_api *api = peer->api;
    struct hk_request *request =
        hk_request_new(HK_REQUEST_TAIL_STOP, hk_slots_id(&api->peers, peer->slot));
    request->is_platform = true;
    hk_api_add_fact(api, HK_FACT_REQUEST)->request = request;
    hk_assert(api->tail_count > 0);
    api->tail_count--;
    hk_bytes_fini(&peer->stream->bytes);
    hk_free(peer->stream);
    peer->stream = NULL;
}
