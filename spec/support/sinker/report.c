// SPDX-License-Identifier: Apache-2.0
#include "report.h"

#include "json.h"
#include "listener.h"

#include <inttypes.h>

static const char *truth(bool value)
{
    return value ? "true" : "false";
}

static void append_member(struct hk_buffer *out, const char *name, struct hk_span value)
{
    hk_buffer_print(out, ",\"%s\":", name);
    hk_json_append_string(out, value);
}

static void append_head(struct hk_buffer *out, struct hk_span bytes)
{
    struct hk_head head;
    if (hk_head_parse(bytes, &head) != 1) {
        hk_buffer_append_text(out, ",\"method\":null,\"target\":null,\"headers\":[]");
        return;
    }
    append_member(out, "method", head.method);
    append_member(out, "target", head.target);
    hk_buffer_append_text(out, ",\"headers\":[");
    for (size_t i = 0; i < head.header_count; i++) {
        hk_buffer_append_text(out, i == 0 ? "[" : ",[");
        hk_json_append_string(out, head.headers[i].name);
        hk_buffer_append_text(out, ",");
        hk_json_append_string(out, head.headers[i].value);
        hk_buffer_append_text(out, "]");
    }
    hk_buffer_append_text(out, "]");
}

static void append_bytes(struct hk_buffer *out, const char *name, struct hk_span bytes)
{
    hk_buffer_print(out, ",\"%s\":\"", name);
    hk_json_append_hex(out, bytes);
    hk_buffer_append_text(out, "\"");
}

static void append_answer(struct hk_buffer *out, const struct hk_request *request)
{
    static const char *const states[] = {
        [HK_ANSWERED_NOT] = "none", [HK_ANSWERED_PARTLY] = "part", [HK_ANSWERED_WHOLE] = "whole"
    };
    hk_buffer_print(out, ",\"answer\":{\"state\":\"%s\",\"status\":", states[request->answered]);
    hk_buffer_print(out, request->status > 0 ? "%d" : "null", request->status);
    hk_buffer_append_text(out, ",\"mono_us\":");
    hk_buffer_print(out, request->answered_mono_us > 0 ? "%" PRId64 "}" : "null}",
                    request->answered_mono_us);
}

static void append_request(struct hk_buffer *out, const struct hk_request *request)
{
    struct hk_span head = { .at = request->data, .bytes = request->head_bytes };
    struct hk_span body = { .at = request->data + request->head_bytes,
                            .bytes = request->body_bytes };
    hk_buffer_print(out,
                    "{\"seq\":%" PRIu64 ",\"wall_ms\":%" PRId64 ",\"mono_us\":%" PRId64
                    ",\"connection\":%" PRIu64,
                    request->seq, request->wall_ms, request->mono_us, request->connection);
    hk_buffer_print(out, ",\"on_connection\":%" PRIu64 ",\"port\":%d,\"tls\":%s,\"complete\":%s",
                    request->on_connection, request->port, truth(request->is_tls),
                    truth(request->is_complete));
    hk_buffer_print(out, ",\"malformed\":%s", truth(request->is_malformed));
    if (request->path != NULL) {
        append_member(out, "path", request->path->node.key);
    } else {
        hk_buffer_append_text(out, ",\"path\":null");
    }
    append_head(out, head);
    append_bytes(out, "head_hex", head);
    if (hk_json_is_utf8(body)) {
        append_member(out, "body", body);
    } else {
        hk_buffer_append_text(out, ",\"body\":null");
    }
    append_bytes(out, "body_hex", body);
    append_answer(out, request);
    hk_buffer_append_text(out, "}");
}

void hk_report_requests(struct hk_buffer *out, const struct hk_store *store,
                        const struct hk_report_filter *filter)
{
    uint64_t seq = filter->after_seq + 1;
    size_t count = 0;
    if (seq < store->first_seq) {
        seq = store->first_seq;
    }
    uint64_t last_seq = seq - 1;
    hk_buffer_append_text(out, "{\"requests\":[");
    for (; seq <= store->last_seq && count < filter->count_max; seq++) {
        const struct hk_request *request = hk_store_find(store, seq);
        last_seq = seq;
        if (request != NULL && (filter->path == NULL || request->path == filter->path)) {
            hk_buffer_append_text(out, count++ == 0 ? "" : ",");
            append_request(out, request);
        }
    }
    hk_buffer_print(out, "],\"last\":%" PRIu64 "}", last_seq);
}

void hk_report_tally(struct hk_buffer *out, const struct hk_path_tally *tally)
{
    hk_buffer_print(out,
                    "{\"requests\":%" PRIu64 ",\"complete\":%" PRIu64 ",\"answered_2xx\":%" PRIu64,
                    tally->requests, tally->complete, tally->answered_2xx);
    hk_buffer_print(
        out, ",\"ids\":%" PRIu64 ",\"ids_2xx\":%" PRIu64 ",\"repeats_after_2xx\":%" PRIu64 "}",
        tally->ids, tally->ids_2xx, tally->repeats_after_2xx);
}

struct id_list {
    struct hk_buffer *out;
    size_t count;
};

static void append_id(struct hk_table_node *node, void *context)
{
    const struct hk_path_id *id = (const struct hk_path_id *)node;
    struct id_list *list = context;
    hk_buffer_append_text(list->out, list->count++ == 0 ? "{\"id\":" : ",{\"id\":");
    hk_json_append_string(list->out, node->key);
    hk_buffer_print(list->out,
                    ",\"times\":%" PRIu64 ",\"answered_2xx\":%" PRIu64
                    ",\"repeats_after_2xx\":%" PRIu64,
                    id->times, id->answered_2xx, id->repeats_after_2xx);
    hk_buffer_print(list->out,
                    ",\"first_seq\":%" PRIu64 ",\"last_seq\":%" PRIu64 ",\"last_status\":",
                    id->first_seq, id->last_seq);
    hk_buffer_print(list->out, id->last_status > 0 ? "%d}" : "null}", id->last_status);
}

void hk_report_ids(struct hk_buffer *out, const struct hk_path *path)
{
    struct id_list list = { .out = out };
    hk_buffer_append_text(out, "{\"ids\":[");
    if (path != NULL) {
        hk_table_each(&path->ids, append_id, &list);
    }
    hk_buffer_append_text(out, "]}");
}

void hk_report_connections(struct hk_buffer *out, const struct hk_sinker *sinker)
{
    const struct hk_sinker_counts *counts = &sinker->counts;
    hk_buffer_print(out,
                    "{\"accepted\":%" PRIu64 ",\"open\":%" PRIu64 ",\"requests\":%" PRIu64
                    ",\"reused\":%" PRIu64,
                    counts->accepted, counts->open, counts->requests, counts->reused);
    hk_buffer_print(
        out, ",\"tls_handshakes\":%" PRIu64 ",\"tls_resumed\":%" PRIu64 ",\"tls_failed\":%" PRIu64,
        counts->tls_handshakes, counts->tls_resumed, counts->tls_failed);
    hk_buffer_print(out, ",\"malformed\":%" PRIu64 ",\"listeners\":[", sinker->store.malformed);
    const struct hk_listener *listener = sinker->listeners;
    for (; listener != NULL; listener = listener->next) {
        hk_buffer_append_text(out, "{\"address\":");
        hk_json_append_string(out, hk_span_of(listener->address));
        hk_buffer_print(out, ",\"port\":%d,\"tls\":\"%s\",\"accepted\":%" PRIu64 "}%s",
                        listener->port, listener->kind, listener->accepted,
                        listener->next != NULL ? "," : "");
    }
    hk_buffer_append_text(out, "]}");
}

void hk_report_histogram(struct hk_buffer *out, const struct hk_histogram *histogram)
{
    hk_buffer_print(out,
                    "{\"count\":%" PRIu64 ",\"p50_us\":%" PRId64 ",\"p90_us\":%" PRId64
                    ",\"p99_us\":%" PRId64,
                    histogram->count, hk_histogram_at(histogram, 0.5),
                    hk_histogram_at(histogram, 0.9), hk_histogram_at(histogram, 0.99));
    hk_buffer_print(out, ",\"max_us\":%" PRId64 "}", histogram->max_us);
}
