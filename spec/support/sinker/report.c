// SPDX-License-Identifier: Apache-2.0
#include "report.h"

#include "json.h"
#include "listener.h"

#include <string.h>

typedef unsigned long long number;

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
    hk_buffer_print(out, request->answered_mono_us > 0 ? "%lld}" : "null}",
                    (long long)request->answered_mono_us);
}

static void append_request(struct hk_buffer *out, const struct hk_request *request)
{
    struct hk_span head = { .at = request->data, .bytes = request->head_bytes };
    struct hk_span body = { .at = request->data + request->head_bytes,
                            .bytes = request->body_bytes };
    hk_buffer_print(out, "{\"seq\":%llu,\"wall_ms\":%lld,\"mono_us\":%lld,\"connection\":%llu",
                    (number)request->seq, (long long)request->wall_ms, (long long)request->mono_us,
                    (number)request->connection);
    hk_buffer_print(out, ",\"on_connection\":%llu,\"port\":%d,\"tls\":%s,\"complete\":%s",
                    (number)request->on_connection, request->port, truth(request->is_tls),
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
    hk_buffer_print(out, "],\"last\":%llu}", (number)last_seq);
}

void hk_report_tally(struct hk_buffer *out, const struct hk_path_tally *tally)
{
    hk_buffer_print(out, "{\"requests\":%llu,\"complete\":%llu,\"answered_2xx\":%llu",
                    (number)tally->requests, (number)tally->complete, (number)tally->answered_2xx);
    hk_buffer_print(out, ",\"ids\":%llu,\"ids_2xx\":%llu,\"repeats_after_2xx\":%llu}",
                    (number)tally->ids, (number)tally->ids_2xx, (number)tally->repeats_after_2xx);
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
    hk_buffer_print(list->out, ",\"times\":%llu,\"answered_2xx\":%llu,\"repeats_after_2xx\":%llu",
                    (number)id->times, (number)id->answered_2xx, (number)id->repeats_after_2xx);
    hk_buffer_print(list->out,
                    ",\"first_seq\":%llu,\"last_seq\":%llu,\"last_status\":", (number)id->first_seq,
                    (number)id->last_seq);
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
    hk_buffer_print(out, "{\"accepted\":%llu,\"open\":%llu,\"requests\":%llu,\"reused\":%llu",
                    (number)counts->accepted, (number)counts->open, (number)counts->requests,
                    (number)counts->reused);
    hk_buffer_print(out, ",\"tls_handshakes\":%llu,\"tls_resumed\":%llu,\"tls_failed\":%llu",
                    (number)counts->tls_handshakes, (number)counts->tls_resumed,
                    (number)counts->tls_failed);
    hk_buffer_print(out, ",\"malformed\":%llu,\"listeners\":[", (number)sinker->store.malformed);
    const struct hk_listener *listener = sinker->listeners;
    for (; listener != NULL; listener = listener->next) {
        hk_buffer_append_text(out, "{\"address\":");
        hk_json_append_string(out, hk_span_of(listener->address));
        hk_buffer_print(out, ",\"port\":%d,\"tls\":\"%s\",\"accepted\":%llu}%s", listener->port,
                        listener->kind, (number)listener->accepted,
                        listener->next != NULL ? "," : "");
    }
    hk_buffer_append_text(out, "]}");
}

void hk_report_histogram(struct hk_buffer *out, const struct hk_histogram *histogram)
{
    hk_buffer_print(out, "{\"count\":%llu,\"p50_us\":%lld,\"p90_us\":%lld,\"p99_us\":%lld",
                    (number)histogram->count, (long long)hk_histogram_at(histogram, 0.5),
                    (long long)hk_histogram_at(histogram, 0.9),
                    (long long)hk_histogram_at(histogram, 0.99));
    hk_buffer_print(out, ",\"max_us\":%lld}", (long long)histogram->max_us);
}
