// SPDX-License-Identifier: Apache-2.0
#include "route.h"

#include "connection.h"
#include "json.h"
#include "listener.h"
#include "report.h"
#include "step.h"
#include "tls.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT = 1000, LIMIT_MAX = 100000, WAIT_MS = 10000, WAIT_MS_MAX = 600000 };

static void refuse(struct hk_call *call, int status, const char *why)
{
    call->status = status;
    hk_buffer_append_text(&call->answer, "{\"error\":");
    hk_json_append_string(&call->answer, hk_span_of(why));
    hk_buffer_append_text(&call->answer, "}");
}

static void agree(struct hk_call *call)
{
    hk_buffer_append_text(&call->answer, "{\"ok\":true}");
}

/* Query parameters. */

static bool find_parameter(struct hk_span query, const char *name, struct hk_span *value)
{
    size_t name_bytes = strlen(name);
    while (query.bytes > 0) {
        const char *end = memchr(query.at, '&', query.bytes);
        size_t bytes = end != NULL ? (size_t)(end - query.at) : query.bytes;
        if (bytes > name_bytes && memcmp(query.at, name, name_bytes) == 0 &&
            query.at[name_bytes] == '=') {
            value->at = query.at + name_bytes + 1;
            value->bytes = bytes - name_bytes - 1;
            return true;
        }
        bytes += end != NULL;
        query.at += bytes;
        query.bytes -= bytes;
    }
    return false;
}

static int64_t integer_parameter(const struct hk_call *call, const char *name, int64_t otherwise)
{
    struct hk_span value;
    char text[24];
    if (!find_parameter(call->query, name, &value) || value.bytes >= sizeof text) {
        return otherwise;
    }
    memcpy(text, value.at, value.bytes);
    text[value.bytes] = 0;
    char *end;
    long long number = strtoll(text, &end, 10);
    return *end == 0 && end != text ? number : otherwise;
}

/** Undoes %XX. */
static void append_decoded(struct hk_buffer *out, struct hk_span value)
{
    for (size_t i = 0; i < value.bytes; i++) {
        struct hk_span digits = { .at = value.at + i + 1, .bytes = 2 };
        if (value.at[i] == '%' && i + 2 < value.bytes && hk_json_decode_hex(out, digits)) {
            i += 2;
        } else {
            hk_buffer_append(out, value.at + i, 1);
        }
    }
}

/** false: the call names a path; *path is it, made if new. true: it names none. */
static bool is_for_all(struct hk_call *call, struct hk_path **path)
{
    struct hk_span value;
    *path = NULL;
    if (!find_parameter(call->query, "path", &value)) {
        return true;
    }
    struct hk_buffer text = { 0 };
    append_decoded(&text, value);
    *path =
        hk_path_get(&call->sinker->paths, (struct hk_span){ .at = text.data, .bytes = text.bytes });
    hk_buffer_fini(&text);
    return false;
}

static struct hk_path_tally tally_of(struct hk_call *call, const struct hk_path *path)
{
    return path != NULL ? path->tally : hk_path_total(&call->sinker->paths);
}

/* Behaviours. */

static void set_behaviour(struct hk_call *call)
{
    struct hk_json *json = hk_json_parse(call->body);
    const char *text = hk_json_get_text(json, "path", NULL);
    const char *fault = "path: a text";
    struct hk_behaviour *behaviour = text != NULL ? hk_step_compile(json, &fault) : NULL;
    if (behaviour == NULL) {
        refuse(call, 400, json != NULL ? fault : "not JSON");
    } else {
        struct hk_path *path = hk_path_get(&call->sinker->paths, hk_span_of(text));
        hk_path_set_behaviour(&call->sinker->paths, path, behaviour);
        agree(call);
    }
    hk_json_free(json);
}

static void drop_behaviours(struct hk_call *call)
{
    struct hk_path *path;
    if (is_for_all(call, &path)) {
        hk_path_drop_behaviours(&call->sinker->paths);
    } else {
        hk_path_set_behaviour(&call->sinker->paths, path, NULL);
    }
    agree(call);
}

/* What was received. */

static void list_requests(struct hk_call *call)
{
    struct hk_path *path;
    is_for_all(call, &path);
    int64_t after = integer_parameter(call, "after", 0);
    int64_t limit = integer_parameter(call, "limit", LIMIT);
    if (after < 0 || limit < 1 || limit > LIMIT_MAX) {
        refuse(call, 400, "after: at least 0; limit: 1 to 100000");
        return;
    }
    struct hk_report_filter filter = { .path = path,
                                       .after_seq = (uint64_t)after,
                                       .count_max = (size_t)limit };
    hk_report_requests(&call->answer, &call->sinker->store, &filter);
}

static void forget_requests(struct hk_call *call)
{
    hk_store_clear(&call->sinker->store);
    hk_path_clear(&call->sinker->paths);
    agree(call);
}

static void count(struct hk_call *call)
{
    struct hk_path *path;
    is_for_all(call, &path);
    struct hk_path_tally tally = tally_of(call, path);
    hk_report_tally(&call->answer, &tally);
}

static void list_ids(struct hk_call *call)
{
    struct hk_path *path;
    if (is_for_all(call, &path)) {
        refuse(call, 400, "path is needed");
        return;
    }
    hk_report_ids(&call->answer, path);
}

static bool find_tally(const struct hk_call *call, size_t *offset)
{
    static const struct {
        const char *name;
        size_t offset;
    } tallies[] = {
        { "requests", offsetof(struct hk_path_tally, requests) },
        { "complete", offsetof(struct hk_path_tally, complete) },
        { "answered_2xx", offsetof(struct hk_path_tally, answered_2xx) },
        { "ids", offsetof(struct hk_path_tally, ids) },
        { "ids_2xx", offsetof(struct hk_path_tally, ids_2xx) },
    };
    struct hk_span what = hk_span_of("requests");
    find_parameter(call->query, "what", &what);
    for (size_t i = 0; i < sizeof tallies / sizeof tallies[0]; i++) {
        if (hk_span_is_word(what, tallies[i].name)) {
            *offset = tallies[i].offset;
            return true;
        }
    }
    return false;
}

static void wait_for_count(struct hk_call *call)
{
    struct hk_waiter *waiter = &call->client->waiter;
    is_for_all(call, &waiter->path);
    int64_t wanted = integer_parameter(call, "count", 1);
    int64_t timeout_ms = integer_parameter(call, "timeout_ms", WAIT_MS);
    if (wanted < 0 || timeout_ms < 0 || timeout_ms > WAIT_MS_MAX ||
        !find_tally(call, &waiter->tally_offset)) {
        refuse(call, 400,
               "count: at least 0; timeout_ms: 0 to 600000; "
               "what: requests, complete, answered_2xx, ids or ids_2xx");
        return;
    }
    waiter->count = (uint64_t)wanted;
    if (timeout_ms == 0 || hk_waiter_is_reached(waiter, &call->sinker->paths)) {
        count(call);
        return;
    }
    call->wait_us = timeout_ms * 1000;
}

/* Listeners. */

static const struct listener_kind {
    const char *name;
    bool is_tls;
    enum hk_tls_kind tls;
    enum hk_on_accept on_accept;
} listener_kinds[] = {
    { "none", false, HK_TLS_GOOD, HK_ON_ACCEPT_SERVE },
    { "good", true, HK_TLS_GOOD, HK_ON_ACCEPT_SERVE },
    { "expired", true, HK_TLS_EXPIRED, HK_ON_ACCEPT_SERVE },
    { "not_yet", true, HK_TLS_NOT_YET, HK_ON_ACCEPT_SERVE },
    { "wrong_host", true, HK_TLS_WRONG_HOST, HK_ON_ACCEPT_SERVE },
    { "self_signed", true, HK_TLS_SELF_SIGNED, HK_ON_ACCEPT_SERVE },
    { "tls1.1", true, HK_TLS_1_1, HK_ON_ACCEPT_SERVE },
    { "garbage", false, HK_TLS_GOOD, HK_ON_ACCEPT_GARBAGE },
    { "handshake_hang", false, HK_TLS_GOOD, HK_ON_ACCEPT_HOLD },
    { "handshake_close", false, HK_TLS_GOOD, HK_ON_ACCEPT_CLOSE },
    { "handshake_reset", false, HK_TLS_GOOD, HK_ON_ACCEPT_RESET },
    { "never_accept", false, HK_TLS_GOOD, HK_ON_ACCEPT_NEVER },
};

static const struct listener_kind *find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof listener_kinds / sizeof listener_kinds[0]; i++) {
        if (strcmp(listener_kinds[i].name, name) == 0) {
            return &listener_kinds[i];
        }
    }
    return NULL;
}

static void open_listener(struct hk_call *call, const struct hk_json *wish)
{
    char where[HK_LISTENER_ADDRESS_MAX + 16];
    const char *address = hk_json_get_text(wish, "address", "127.0.0.1");
    const struct listener_kind *kind = find_kind(hk_json_get_text(wish, "tls", "none"));
    if (kind == NULL) {
        refuse(call, 400, "tls: unknown kind");
        return;
    }
    snprintf(where, sizeof where, strchr(address, ':') != NULL ? "[%s]:%lld" : "%s:%lld", address,
             (long long)hk_json_get_integer(wish, "port", 0));
    struct hk_listener_options options = { .where = where,
                                           .kind = kind->name,
                                           .on_accept = kind->on_accept,
                                           .tls = kind->is_tls
                                                      ? hk_tls_context(call->sinker->tls, kind->tls)
                                                      : NULL };
    if (kind->is_tls && options.tls == NULL) {
        refuse(call, 500, "TLS: no context");
        return;
    }
    int error;
    struct hk_listener *listener = hk_listener_open(call->sinker, &options, &error);
    if (listener == NULL) {
        refuse(call, 409, strerror(-error));
        return;
    }
    hk_buffer_print(&call->answer, "{\"port\":%d,\"address\":\"%s\",\"tls\":\"%s\"}",
                    listener->port, listener->address, kind->name);
}

static void listen_more(struct hk_call *call)
{
    struct hk_json *json = hk_json_parse(call->body);
    const struct hk_json *inner = hk_json_get(json, "listen");
    if (json == NULL) {
        refuse(call, 400, "not JSON");
    } else {
        open_listener(call, inner != NULL ? inner : json);
    }
    hk_json_free(json);
}

static void listen_less(struct hk_call *call)
{
    int64_t port = integer_parameter(call, "port", 0);
    struct hk_listener *listener = call->sinker->listeners;
    while (listener != NULL && listener->port != port) {
        listener = listener->next;
    }
    if (listener == NULL) {
        refuse(call, 404, "no listener has that port");
        return;
    }
    hk_listener_close(listener);
    agree(call);
}

/* The rest. */

static void tell_connections(struct hk_call *call)
{
    hk_report_connections(&call->answer, call->sinker);
}

static void close_connections(struct hk_call *call)
{
    hk_connection_close_all(call->sinker);
    agree(call);
}

static void tell_histogram(struct hk_call *call)
{
    hk_report_histogram(&call->answer, &call->sinker->histogram);
}

static void clear_histogram(struct hk_call *call)
{
    memset(&call->sinker->histogram, 0, sizeof call->sinker->histogram);
    agree(call);
}

static void quit(struct hk_call *call)
{
    hk_loop_stop(&call->sinker->loop);
    agree(call);
}

static const struct route {
    const char *method;
    const char *path;
    void (*carry_out)(struct hk_call *call);
} routes[] = {
    { "POST", "/behaviour", set_behaviour },
    { "DELETE", "/behaviour", drop_behaviours },
    { "GET", "/requests", list_requests },
    { "DELETE", "/requests", forget_requests },
    { "GET", "/count", count },
    { "GET", "/ids", list_ids },
    { "GET", "/wait", wait_for_count },
    { "POST", "/listen", listen_more },
    { "DELETE", "/listen", listen_less },
    { "GET", "/connections", tell_connections },
    { "DELETE", "/connections", close_connections },
    { "GET", "/histogram", tell_histogram },
    { "DELETE", "/histogram", clear_histogram },
    { "POST", "/quit", quit },
};

void hk_route_call(struct hk_call *call)
{
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (hk_span_is_word(call->method, routes[i].method) &&
            hk_span_is_word(call->path, routes[i].path)) {
            routes[i].carry_out(call);
            return;
        }
    }
    refuse(call, 404, "no such route");
}
