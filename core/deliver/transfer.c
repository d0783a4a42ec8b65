// SPDX-License-Identifier: Apache-2.0
#include "deliver/transfer.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/seal.h"
#include "model/payload.h"

#include <arpa/inet.h>
#include <stdio.h>

#define TRANSFER_MAGIC 0x4E5074A5u

/** Of the response, in one read; answers to webhooks are small. */
#define BUFFER_BYTES 8192L
/** A kept connection is used again for that long after its last request, and in all: so that a name
 * that moves is followed. */
#define CONNECTION_IDLE_S 90L
#define CONNECTION_LIFE_S 600L
/** How long the parsed CA bundle is kept. */
#define CA_CACHE_S 3600L

/** CURLOPT_OPENSOCKETFUNCTION: the last look at an address before it is dialled. With a proxy it is
 * the proxy's, which the operator chose. */
static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct hk_transfer *transfer = arg;
    (void)purpose;
    if (transfer->settings->proxy == NULL &&
        !hk_guard_allows(&transfer->settings->guard, &address->addr)) {
        transfer->is_denied = true;
        return CURL_SOCKET_BAD;
    }
    transfer->has_opened = true;
    return hk_multi_open_socket(transfer->multi, address);
}

/** CURLOPT_PREREQFUNCTION: the same for a connection that is used again, which was opened by
 * another attempt. */
static int on_connected(void *arg, char *peer, char *local, int peer_port, int local_port)
{
    struct hk_transfer *transfer = arg;
    union hk_address address = { 0 };
    (void)local;
    (void)local_port;
    if (transfer->settings->proxy != NULL)
        return CURL_PREREQFUNC_OK;
    if (inet_pton(AF_INET, peer, &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons((uint16_t)peer_port);
    } else if (inet_pton(AF_INET6, peer, &address.v6.sin6_addr) == 1) {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons((uint16_t)peer_port);
    }
    if (hk_guard_allows(&transfer->settings->guard, &address.any))
        return CURL_PREREQFUNC_OK;
    transfer->is_denied = true;
    return CURL_PREREQFUNC_ABORT;
}

static size_t on_line(char *bytes, size_t size, size_t count, void *arg)
{
    struct hk_transfer *transfer = arg;
    struct hk_slice line = { bytes, size * count };
    return hk_response_take_line(&transfer->response, line, transfer->begun.wall) ? line.size : 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct hk_transfer *transfer = arg;
    struct hk_slice piece = { bytes, size * count };
    return hk_response_take_body(&transfer->response, piece) ? piece.size : 0;
}

static bool set_numbers(CURL *easy)
{
    static const struct {
        CURLoption option;
        long value;
    } options[] = {
        { CURLOPT_POST, 1 },
        { CURLOPT_NOSIGNAL, 1 },
        { CURLOPT_FOLLOWLOCATION, 0 },
        { CURLOPT_SUPPRESS_CONNECT_HEADERS, 1 }, // a proxy's answer is not the receiver's
        { CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
        { CURLOPT_HTTP09_ALLOWED, 0 },
        { CURLOPT_NETRC, CURL_NETRC_IGNORED },
        { CURLOPT_TCP_NODELAY, 1 },
        { CURLOPT_BUFFERSIZE, BUFFER_BYTES },
        { CURLOPT_DNS_CACHE_TIMEOUT, -1 },
        { CURLOPT_MAXAGE_CONN, CONNECTION_IDLE_S },
        { CURLOPT_MAXLIFETIME_CONN, CONNECTION_LIFE_S },
        { CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
        { CURLOPT_SSL_VERIFYPEER, 1 },
        { CURLOPT_SSL_VERIFYHOST, 2 },
        { CURLOPT_CA_CACHE_TIMEOUT, CA_CACHE_S },
    };
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (curl_easy_setopt(easy, options[i].option, options[i].value) != CURLE_OK)
            return false;
    }
    return true;
}

static bool set_texts(CURL *easy, const struct hk_settings *settings)
{
    // CAPATH must be off, or curl parses the whole bundle again for each connection (limits.md 2).
    const struct {
        CURLoption option;
        const char *value;
    } options[] = {
        { CURLOPT_PROTOCOLS_STR, settings->allow_http ? "http,https" : "https" },
        { CURLOPT_PROXY, settings->proxy != NULL ? settings->proxy : "" },
        { CURLOPT_NOPROXY, settings->proxy != NULL ? "" : "*" },
        { CURLOPT_CAPATH, NULL },
        { CURLOPT_CAINFO, settings->ca_file },
        { CURLOPT_PROXY_CAPATH, NULL },
        { CURLOPT_PROXY_CAINFO, settings->ca_file },
    };
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (curl_easy_setopt(easy, options[i].option, options[i].value) != CURLE_OK)
            return false;
    }
    return true;
}

static bool set_callbacks(struct hk_transfer *transfer, CURLSH *share)
{
    CURL *easy = transfer->easy;
    return curl_easy_setopt(easy, CURLOPT_SHARE, share) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, hk_multi_close_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, transfer->multi) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_line) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer) == CURLE_OK;
}

struct hk_transfer *hk_transfer_new(const struct hk_settings *settings, struct hk_multi *multi,
                                    CURLSH *share, uint32_t number)
{
    struct hk_transfer *transfer = hk_alloc_zero(1, sizeof(*transfer));
    if (transfer == NULL)
        return NULL;
    transfer->magic = TRANSFER_MAGIC;
    transfer->number = number;
    transfer->settings = settings;
    transfer->multi = multi;
    transfer->easy = curl_easy_init();
    if (transfer->easy != NULL && set_numbers(transfer->easy) &&
        set_texts(transfer->easy, settings) && set_callbacks(transfer, share))
        return transfer;
    hk_transfer_free(transfer);
    return NULL;
}

void hk_transfer_free(struct hk_transfer *transfer)
{
    HK_CHECK(transfer, TRANSFER_MAGIC);
    hk_assert(transfer->state == HK_TRANSFER_FREE);
    curl_easy_cleanup(transfer->easy);
    hk_headers_fini(&transfer->headers);
    hk_response_fini(&transfer->response);
    transfer->magic = 0;
    hk_free(transfer);
}

void hk_transfer_begin(struct hk_transfer *transfer, const struct hk_command_start_attempt *start,
                       struct hk_route *route, struct hk_now now)
{
    HK_CHECK(transfer, TRANSFER_MAGIC);
    transfer->start = *start;
    transfer->route = hk_route_ref(route);
    transfer->begun = now;
    transfer->sent = now.mono;
    transfer->is_denied = false;
    transfer->has_asked = false;
    transfer->has_opened = false;
    transfer->state = HK_TRANSFER_WAITING;
    hk_response_clear(&transfer->response, transfer->settings->response_bytes_max);
}

struct hk_mono hk_transfer_deadline(const struct hk_transfer *transfer)
{
    return hk_mono_after_ms(transfer->begun.mono, transfer->start.timeout_ms);
}

/** Opens `sealed` behind what is in `scratch`, which has the room. */
static int open_sealed(const struct hk_transfer *transfer, const struct hk_bytes *sealed,
                       struct hk_bytes *scratch, struct hk_slice *plain)
{
    const struct hk_slice context = { (const char *)transfer->route->uuid.bytes,
                                      sizeof(transfer->route->uuid.bytes) };
    size_t start = scratch->size;
    int code = hk_unseal(transfer->settings->secret_key, context, hk_bytes_slice(sealed), scratch);
    if (code == 0)
        *plain = (struct hk_slice){ scratch->at + start, scratch->size - start };
    return code;
}

/** What goes out, and what is signed. */
static struct hk_slice text_of(const struct hk_command_start_attempt *start)
{
    bool has_own = start->own != NULL && hk_payload_has_text(start->own);
    return hk_body_text(has_own ? start->own : start->body);
}

static int write_headers(struct hk_transfer *transfer, struct hk_bytes *scratch, struct hk_wall now)
{
    const struct hk_route *route = transfer->route;
    bool has_previous =
        route->secret_previous.size != 0 && now.ms < route->secret_previous_until.ms;
    struct hk_headers_attempt attempt = {
        .signer = route->signer,
        .signing = { .secret_previous = HK_SLICE_EMPTY,
                     .event = &transfer->start.event,
                     .type = hk_event_body_type(transfer->start.body),
                     .body = text_of(&transfer->start),
                     .now = now },
        .authorization = HK_SLICE_EMPTY,
        .own = transfer->start.own,
        .attempt = transfer->start.attempt,
    };
    int code = open_sealed(transfer, &route->secret, scratch, &attempt.signing.secret);
    if (code == 0 && has_previous)
        code = open_sealed(transfer, &route->secret_previous, scratch,
                           &attempt.signing.secret_previous);
    if (code == 0 && route->authorization.size != 0)
        code = open_sealed(transfer, &route->authorization, scratch, &attempt.authorization);
    if (code == 0)
        code = hk_headers_set_attempt(&transfer->headers, &attempt);
    return code;
}

static int sign(struct hk_transfer *transfer, struct hk_bytes *scratch, struct hk_wall now)
{
    const struct hk_route *route = transfer->route;
    hk_bytes_clear(scratch);
    // All sealed forms together are longer than all plain ones: nothing moves while it is plain.
    int code = hk_bytes_reserve(scratch, route->secret.size + route->secret_previous.size +
                                             route->authorization.size);
    if (code == 0)
        code = write_headers(transfer, scratch, now);
    hk_wipe(scratch->at, scratch->size);
    hk_bytes_clear(scratch);
    return code;
}

/** With a proxy: names the checked address instead of the host, in the tunnel's request too, so
 * that the proxy resolves nothing and dials what was checked. */
static bool set_connect_to(struct hk_transfer *transfer)
{
    const struct hk_target *target = transfer->route->target;
    const union hk_address *address = &target->answer->addresses[0];
    char host[INET6_ADDRSTRLEN];
    bool is_v6 = address->any.sa_family == AF_INET6;
    const void *bytes =
        is_v6 ? (const void *)&address->v6.sin6_addr : (const void *)&address->v4.sin_addr;
    if (inet_ntop(address->any.sa_family, bytes, host, sizeof(host)) == NULL)
        return false;
    (void)snprintf(transfer->connect_text, sizeof(transfer->connect_text),
                   is_v6 ? "::[%s]:%u" : "::%s:%u", host, (unsigned)target->port);
    transfer->connect_to = (struct curl_slist){ .data = transfer->connect_text };
    return curl_easy_setopt(transfer->easy, CURLOPT_CONNECT_TO, &transfer->connect_to) == CURLE_OK;
}

static struct curl_slist *link_lines(struct hk_transfer *transfer)
{
    struct hk_headers *headers = &transfer->headers;
    if (transfer->start.own == NULL)
        return hk_headers_link(headers, transfer->route->lines);
    return hk_headers_link_over(headers, &transfer->route->headers, transfer->under);
}

/** Tells curl what differs from the request before. */
static bool set_request(struct hk_transfer *transfer, struct hk_mono now)
{
    CURL *easy = transfer->easy;
    struct hk_slice body = text_of(&transfer->start);
    int64_t left_ms = (hk_transfer_deadline(transfer).ns - now.ns) / HK_NS_PER_MS;
    uint32_t timeout_ms = left_ms > 0 ? (uint32_t)left_ms : 1;
    if (timeout_ms != transfer->timeout_ms &&
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms) != CURLE_OK)
        return false;
    transfer->timeout_ms = timeout_ms;
    if (transfer->settings->proxy != NULL && !set_connect_to(transfer))
        return false;
    struct curl_slist *lines = link_lines(transfer);
    return curl_easy_setopt(easy, CURLOPT_CURLU, transfer->route->url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTPHEADER, lines) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.at) == CURLE_OK;
}

int hk_transfer_send(struct hk_transfer *transfer, struct hk_bytes *scratch, struct hk_now now)
{
    HK_CHECK(transfer, TRANSFER_MAGIC);
    hk_assert(transfer->state == HK_TRANSFER_WAITING);
    int code = sign(transfer, scratch, now.wall);
    if (code != 0)
        return code;
    transfer->sent = now.mono;
    if (!set_request(transfer, now.mono) ||
        curl_multi_add_handle(transfer->multi->curl, transfer->easy) != CURLM_OK)
        return HK_ENOMEM;
    transfer->state = HK_TRANSFER_RUNNING;
    return 0;
}

static uint32_t us_between(struct hk_mono from, struct hk_mono to)
{
    int64_t us = (to.ns - from.ns) / 1000;
    if (us < 0)
        return 0;
    return us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}

static uint32_t get_us(CURL *easy, CURLINFO info)
{
    curl_off_t us = 0;
    (void)curl_easy_getinfo(easy, info, &us);
    return us > 0 && us < UINT32_MAX ? (uint32_t)us : 0;
}

static void measure(const struct hk_transfer *transfer, struct hk_mono now,
                    struct hk_timings *timings)
{
    uint32_t waited_us = us_between(transfer->begun.mono, transfer->sent);
    timings->dns_us = transfer->has_asked ? waited_us : 0;
    timings->total_us = us_between(transfer->begun.mono, now);
    if (transfer->has_opened) {
        uint32_t found = get_us(transfer->easy, CURLINFO_NAMELOOKUP_TIME_T);
        uint32_t connected = get_us(transfer->easy, CURLINFO_CONNECT_TIME_T);
        uint32_t secured = get_us(transfer->easy, CURLINFO_APPCONNECT_TIME_T);
        timings->connect_us = connected > found ? connected - found : 0;
        timings->tls_us = secured > connected && connected != 0 ? secured - connected : 0;
    }
    if (transfer->response.status != 0)
        timings->first_byte_us = waited_us + get_us(transfer->easy, CURLINFO_STARTTRANSFER_TIME_T);
}

/** Makes the detail; NULL when there is nothing to tell, or no memory to tell it. */
static struct hk_body *detail_of(const char *text, struct hk_slice response)
{
    if (text[0] == '\0' && response.size == 0)
        return NULL;
    return hk_body_new(hk_slice_of(text), response);
}

/** Gets the response's lines for a `retry` hook; NULL when there are none, or no memory for them.
 */
static struct hk_body *headers_of(const struct hk_response *response)
{
    if (!response->is_whole_head || response->lines.size == 0)
        return NULL;
    return hk_body_new(HK_SLICE_EMPTY, hk_bytes_slice(&response->lines));
}

void hk_transfer_conclude(struct hk_transfer *transfer, CURLcode code, bool is_expired,
                          struct hk_now now, struct hk_outcome *outcome)
{
    struct hk_response *response = &transfer->response;
    // What curl says of a header line that is longer than it takes (100 KiB).
    if (code == CURLE_OUT_OF_MEMORY && !response->is_whole_head &&
        get_us(transfer->easy, CURLINFO_STARTTRANSFER_TIME_T) != 0)
        response->is_head_too_long = true;
    struct hk_ending ending = {
        .code = code,
        .is_denied = transfer->is_denied,
        .is_expired = is_expired,
        .has_name = transfer->state == HK_TRANSFER_RUNNING,
    };
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        (void)curl_easy_getinfo(transfer->easy, CURLINFO_SSL_VERIFYRESULT, &ending.verify);
    enum hk_outcome_class class = hk_result_class(response, &ending);
    *outcome = (struct hk_outcome){
        .class = class,
        .status = response->is_whole_head ? response->status : 0,
        .retry_after_ms = response->is_whole_head ? response->retry_after_ms : HK_RETRY_AFTER_NONE,
        .started_at = transfer->begun.wall,
        .detail =
            detail_of(hk_result_text(class, response, &ending), hk_bytes_slice(&response->kept)),
        .headers = class != HK_OUTCOME_SUCCESS ? headers_of(response) : NULL,
    };
    if (transfer->state == HK_TRANSFER_RUNNING)
        measure(transfer, now.mono, &outcome->timings);
    else
        outcome->timings.dns_us = outcome->timings.total_us =
            us_between(transfer->begun.mono, now.mono);
}

void hk_transfer_fail(const struct hk_transfer *transfer, enum hk_outcome_class class,
                      const char *text, struct hk_now now, struct hk_outcome *outcome)
{
    uint32_t total_us = us_between(transfer->begun.mono, now.mono);
    *outcome = (struct hk_outcome){
        .class = class,
        .retry_after_ms = HK_RETRY_AFTER_NONE,
        .started_at = transfer->begun.wall,
        .timings = { .dns_us = transfer->has_asked ? total_us : 0, .total_us = total_us },
        .detail = detail_of(text, HK_SLICE_EMPTY),
    };
}

void hk_transfer_end(struct hk_transfer *transfer, struct hk_targets *targets)
{
    HK_CHECK(transfer, TRANSFER_MAGIC);
    if (transfer->state == HK_TRANSFER_RUNNING)
        hk_assert(curl_multi_remove_handle(transfer->multi->curl, transfer->easy) == CURLM_OK);
    hk_headers_wipe(&transfer->headers);
    hk_body_unref(transfer->start.body);
    hk_body_unref(transfer->start.own);
    hk_route_unref(targets, transfer->route);
    transfer->start.body = transfer->start.own = NULL;
    transfer->route = NULL;
    transfer->state = HK_TRANSFER_FREE;
}
