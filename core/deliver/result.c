// SPDX-License-Identifier: Apache-2.0
#include "deliver/result.h"

#include "model/header.h"

#include <openssl/x509.h>

#include <strings.h>

void hk_response_clear(struct hk_response *response, uint32_t body_bytes_max)
{
    struct hk_bytes kept = response->kept, lines = response->lines;
    hk_bytes_clear(&kept);
    hk_bytes_clear(&lines);
    *response = (struct hk_response){
        .body_bytes_max = body_bytes_max,
        .retry_after_ms = HK_RETRY_AFTER_NONE,
        .lines = lines,
        .kept = kept,
    };
}

void hk_response_fini(struct hk_response *response)
{
    hk_bytes_fini(&response->lines);
    hk_bytes_fini(&response->kept);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct hk_slice trim(struct hk_slice text)
{
    while (text.size != 0 && is_blank(text.at[text.size - 1]))
        text.size--;
    while (text.size != 0 && is_blank(*text.at)) {
        text.at++;
        text.size--;
    }
    return text;
}

int64_t hk_retry_after_parse(struct hk_slice value, struct hk_wall now)
{
    struct hk_slice text = trim(value);
    uint64_t seconds;
    if (text.size == 0)
        return HK_RETRY_AFTER_NONE;
    if (hk_slice_parse_u64(text, HK_RETRY_AFTER_S_MAX, &seconds) == 0)
        return (int64_t)seconds * 1000;
    struct hk_wall at;
    if (hk_wall_parse_http_date(text.at, text.size, &at) != 0)
        return HK_RETRY_AFTER_NONE;
    int64_t wait_ms = at.ms - now.ms;
    if (wait_ms > (int64_t)HK_RETRY_AFTER_S_MAX * 1000)
        return HK_RETRY_AFTER_NONE;
    return wait_ms > 0 ? wait_ms : 0;
}

/** Gets the value when `line` is the header `name`, which ends in a colon. */
static bool is_header(struct hk_slice line, struct hk_slice name, struct hk_slice *value)
{
    if (line.size < name.size || strncasecmp(line.at, name.at, name.size) != 0)
        return false;
    *value = (struct hk_slice){ line.at + name.size, line.size - name.size };
    return true;
}

/** Reads the three digits of "HTTP/1.1 200 OK"; 0 when there are none. */
static uint16_t read_status(struct hk_slice line)
{
    const char *space = memchr(line.at, ' ', line.size);
    uint64_t status;
    if (space == NULL || line.size - (size_t)(space - line.at) < 4 ||
        hk_slice_parse_u64((struct hk_slice){ space + 1, 3 }, 999, &status) != 0)
        return 0;
    return (uint16_t)status;
}

/** Keeps a line of a final head for a `retry` hook. What is no token and no clean value is left
 * out: it could not be told from two lines. */
static void keep_line(struct hk_response *response, struct hk_slice line)
{
    const char *colon = memchr(line.at, ':', line.size);
    if (colon == NULL || response->is_lines_full || response->status < 200)
        return;
    struct hk_slice name = { line.at, (size_t)(colon - line.at) };
    struct hk_slice value = trim((struct hk_slice){ colon + 1, line.size - name.size - 1 });
    struct hk_bytes *lines = &response->lines;
    size_t size = name.size + 2 + value.size + 1, start = lines->size;
    if (!hk_header_is_name(name) || !hk_header_is_value(value))
        return;
    // Without memory less is kept; the outcome stays what it is.
    response->is_lines_full =
        size > HK_HEADERS_KEPT_BYTES_MAX - start || hk_bytes_reserve(lines, size) != 0;
    if (response->is_lines_full)
        return;
    char *at = lines->at + start;
    for (size_t i = 0; i < name.size; i++)
        at[i] = name.at[i] >= 'A' && name.at[i] <= 'Z' ? (char)(name.at[i] | 0x20) : name.at[i];
    memcpy(at + name.size, ": ", 2);
    if (value.size != 0)
        memcpy(at + name.size + 2, value.at, value.size);
    at[size - 1] = '\n';
    lines->size += size;
}

bool hk_response_take_line(struct hk_response *response, struct hk_slice line, struct hk_wall now)
{
    struct hk_slice value;
    if (line.size > HK_RESPONSE_HEAD_BYTES_MAX - response->head_bytes) {
        response->is_head_too_long = true;
        return false;
    }
    response->head_bytes += (uint32_t)line.size;
    if (response->is_whole_head) // a trailer
        return true;
    if (is_header(line, HK_SLICE("HTTP/"), &value)) {
        response->status = read_status(line);
        response->retry_after_ms = HK_RETRY_AFTER_NONE;
        response->is_lines_full = false;
        hk_bytes_clear(&response->lines);
    } else if (line.size != 0 && (line.at[0] == '\r' || line.at[0] == '\n')) {
        response->is_whole_head = response->status >= 200;
    } else {
        if (is_header(line, HK_SLICE("Retry-After:"), &value) &&
            response->retry_after_ms == HK_RETRY_AFTER_NONE)
            response->retry_after_ms = hk_retry_after_parse(value, now);
        keep_line(response, line);
    }
    return true;
}

bool hk_response_take_body(struct hk_response *response, struct hk_slice piece)
{
    size_t room = HK_RESPONSE_KEPT_BYTES_MAX - response->kept.size;
    size_t keep = piece.size < room ? piece.size : room;
    // Without memory less is kept; the outcome stays what it is.
    bool is_kept = keep == 0 || hk_bytes_append(&response->kept, piece.at, keep) == 0;
    (void)is_kept;
    response->body_bytes += piece.size;
    response->is_cut = response->body_bytes > response->body_bytes_max;
    return !response->is_cut;
}

static bool is_success(uint16_t status)
{
    return status >= 200 && status <= 299;
}

/** The class of an attempt that curl ended with an error before there was a whole head, or in the
 * body of a 2xx. */
static enum hk_outcome_class class_of_code(CURLcode code)
{
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return HK_OUTCOME_TIMEOUT;
    case CURLE_COULDNT_RESOLVE_HOST:
        return HK_OUTCOME_DNS;
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
    case CURLE_INTERFACE_FAILED:
        return HK_OUTCOME_CONNECT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return HK_OUTCOME_TLS;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_UNKNOWN_OPTION:
    case CURLE_NOT_BUILT_IN:
    case CURLE_URL_MALFORMAT:
        return HK_OUTCOME_INTERNAL;
    default: // CURLE_UNSUPPORTED_PROTOCOL is the answer's here: the URL's scheme was checked
        return HK_OUTCOME_TRANSPORT;
    }
}

enum hk_outcome_class hk_result_class(const struct hk_response *response,
                                      const struct hk_ending *ending)
{
    // A whole head that is no 2xx is the outcome, whatever became of the body behind it.
    if (response->is_whole_head && !is_success(response->status))
        return HK_OUTCOME_STATUS;
    if (ending->is_expired)
        return HK_OUTCOME_TIMEOUT;
    if (response->is_head_too_long)
        return HK_OUTCOME_TRANSPORT;
    if (response->is_whole_head && (response->is_cut || ending->code == CURLE_OK))
        return HK_OUTCOME_SUCCESS;
    if (ending->code == CURLE_OK)
        return HK_OUTCOME_TRANSPORT;
    // curl tries the other addresses of a name after a refused one: then the last error counts.
    if (ending->is_denied &&
        (ending->code == CURLE_COULDNT_CONNECT || ending->code == CURLE_ABORTED_BY_CALLBACK))
        return HK_OUTCOME_DENIED;
    return class_of_code(ending->code);
}

static const char *text_of_tls(const struct hk_ending *ending)
{
    if (ending->code == CURLE_SSL_CACERT_BADFILE)
        return "the CA bundle cannot be read";
    if (ending->code != CURLE_PEER_FAILED_VERIFICATION)
        return "the TLS handshake failed";
    // The chain is good when it is only the name that curl found wrong; it then has no verdict yet.
    if (ending->verify == X509_V_OK || ending->verify == X509_V_ERR_UNSPECIFIED)
        return "the certificate is not for this host";
    return X509_verify_cert_error_string(ending->verify);
}

static const char *text_of_transport(const struct hk_response *response,
                                     const struct hk_ending *ending)
{
    if (response->is_head_too_long)
        return "the head of the answer is too long";
    if (response->is_whole_head)
        return "the answer broke off";
    switch (ending->code) {
    case CURLE_OK:
    case CURLE_GOT_NOTHING:
        return "the connection was closed before a whole answer";
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        return "the connection was broken off";
    default:
        return "the answer is not HTTP";
    }
}

const char *hk_result_text(enum hk_outcome_class class, const struct hk_response *response,
                           const struct hk_ending *ending)
{
    switch (class) {
    case HK_OUTCOME_TIMEOUT:
        return ending->has_name ? "no whole answer in time" : "the name did not resolve in time";
    case HK_OUTCOME_DNS:
        return "the name does not resolve";
    case HK_OUTCOME_CONNECT:
    case HK_OUTCOME_DENIED:
        return "could not connect";
    case HK_OUTCOME_TLS:
        return text_of_tls(ending);
    case HK_OUTCOME_TRANSPORT:
        return text_of_transport(response, ending);
    case HK_OUTCOME_INTERNAL:
        return "the request could not be made";
    case HK_OUTCOME_UNKNOWN:
    case HK_OUTCOME_SUCCESS:
    case HK_OUTCOME_STATUS:
        break;
    }
    return "";
}
