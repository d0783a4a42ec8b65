// SPDX-License-Identifier: Apache-2.0
#include "head.h"

#include <string.h>

/** One bit for each ASCII character that a token may have (RFC 9110, 5.6.2). */
static const uint64_t token_bits[2] = { 0x3ff6cfa00000000u, 0x57ffffffc7fffffeu };

static bool is_token(struct hk_span span)
{
    for (size_t i = 0; i < span.bytes; i++) {
        unsigned char c = (unsigned char)span.at[i];
        if (c > 127 || (token_bits[c >> 6] >> (c & 63) & 1) == 0) {
            return false;
        }
    }
    return span.bytes > 0;
}

static bool is_header_value(struct hk_span span)
{
    for (size_t i = 0; i < span.bytes; i++) {
        unsigned char c = (unsigned char)span.at[i];
        if ((c < ' ' && c != '\t') || c == 127) {
            return false;
        }
    }
    return true;
}

static struct hk_span cut_at(struct hk_span *rest, char mark)
{
    const char *at = memchr(rest->at, mark, rest->bytes);
    if (at == NULL) {
        return (struct hk_span){ 0 };
    }
    struct hk_span part = { .at = rest->at, .bytes = (size_t)(at - rest->at) };
    rest->bytes -= part.bytes + 1;
    rest->at = at + 1;
    return part;
}

static struct hk_span without_query(struct hk_span target)
{
    const char *query = memchr(target.at, '?', target.bytes);
    if (query != NULL) {
        target.bytes = (size_t)(query - target.at);
    }
    return target;
}

static bool parse_request_line(struct hk_span line, struct hk_head *head)
{
    head->method = cut_at(&line, ' ');
    head->target = cut_at(&line, ' ');
    if (!is_token(head->method) || head->target.bytes == 0 || line.bytes != 8 ||
        memcmp(line.at, "HTTP/1.", 7) != 0 || (line.at[7] != '0' && line.at[7] != '1')) {
        return false;
    }
    head->is_keep_alive = line.at[7] == '1';
    head->path = without_query(head->target);
    return true;
}

static struct hk_span trimmed(struct hk_span span)
{
    while (span.bytes > 0 && (*span.at == ' ' || *span.at == '\t')) {
        span.at++;
        span.bytes--;
    }
    while (span.bytes > 0 && (span.at[span.bytes - 1] == ' ' || span.at[span.bytes - 1] == '\t')) {
        span.bytes--;
    }
    return span;
}

static bool parse_length(struct hk_span value, int64_t *length)
{
    if (value.bytes == 0 || value.bytes > 15) {
        return false;
    }
    *length = 0;
    for (size_t i = 0; i < value.bytes; i++) {
        if (value.at[i] < '0' || value.at[i] > '9') {
            return false;
        }
        *length = *length * 10 + (value.at[i] - '0');
    }
    return true;
}

struct framing {
    bool has_length;
    bool has_encoding;
};

static bool note_length(struct hk_span value, struct hk_head *head, struct framing *framing)
{
    if (framing->has_length || framing->has_encoding) {
        return false;
    }
    framing->has_length = true;
    return parse_length(value, &head->content_bytes);
}

static bool note_encoding(struct hk_span value, struct hk_head *head, struct framing *framing)
{
    if (framing->has_length || framing->has_encoding) {
        return false;
    }
    framing->has_encoding = true;
    head->is_chunked = hk_span_is_word(value, "chunked");
    return head->is_chunked;
}

/** Only names of these lengths can matter, so that most headers cost one switch. */
static bool note_header(const struct hk_header *header, struct hk_head *head,
                        struct framing *framing)
{
    switch (header->name.bytes) {
    case 6:
        if (hk_span_is_word(header->name, "Expect")) {
            head->wants_continue = hk_span_is_word(header->value, "100-continue");
        }
        return true;
    case 10:
        if (hk_span_is_word(header->name, "Connection") &&
            hk_span_is_word(header->value, "close")) {
            head->is_keep_alive = false;
        }
        return true;
    case 12:
        if (hk_span_is_word(header->name, "X-Webhook-Id")) {
            head->webhook_id = header->value;
        }
        return true;
    case 14:
        return !hk_span_is_word(header->name, "Content-Length") ||
               note_length(header->value, head, framing);
    case 17:
        return !hk_span_is_word(header->name, "Transfer-Encoding") ||
               note_encoding(header->value, head, framing);
    default:
        return true;
    }
}

/** Takes the line that begins at rest and its CRLF from it; false: a bare CR or LF. */
static bool take_line(struct hk_span *rest, struct hk_span *line)
{
    const char *end = memchr(rest->at, '\n', rest->bytes);
    if (end == NULL || end == rest->at || end[-1] != '\r') {
        return false;
    }
    *line = (struct hk_span){ .at = rest->at, .bytes = (size_t)(end - rest->at) - 1 };
    rest->bytes -= (size_t)(end - rest->at) + 1;
    rest->at = end + 1;
    return true;
}

static bool parse_headers(struct hk_span rest, struct hk_head *head)
{
    struct framing framing = { 0 };
    struct hk_span line;
    while (take_line(&rest, &line) && line.bytes > 0) {
        struct hk_header *header = &head->headers[head->header_count];
        header->name = cut_at(&line, ':');
        header->value = trimmed(line);
        if (!is_token(header->name) || !is_header_value(header->value) ||
            !note_header(header, head, &framing) || ++head->header_count == HK_HEAD_HEADERS_MAX) {
            return false;
        }
    }
    return rest.bytes == 0;
}

int hk_head_parse(struct hk_span data, struct hk_head *head)
{
    const char *end = memmem(data.at, data.bytes, "\r\n\r\n", 4);
    if (end == NULL) {
        return data.bytes > HK_HEAD_BYTES_MAX ? -1 : 0;
    }
    memset(head, 0, offsetof(struct hk_head, headers));
    head->bytes = (size_t)(end - data.at) + 4;
    struct hk_span rest = { .at = data.at, .bytes = head->bytes };
    struct hk_span line;
    if (!take_line(&rest, &line) || !parse_request_line(line, head) || !parse_headers(rest, head)) {
        return -1;
    }
    return 1;
}

struct hk_span hk_head_peek_path(struct hk_span data)
{
    struct hk_head head = { 0 };
    struct hk_span line;
    if (!take_line(&data, &line) || !parse_request_line(line, &head)) {
        return (struct hk_span){ 0 };
    }
    return head.path;
}
