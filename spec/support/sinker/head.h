// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "buffer.h"

#include <stdbool.h>
#include <stdint.h>

enum { HK_HEAD_HEADERS_MAX = 128, HK_HEAD_BYTES_MAX = 1024 * 1024 };

struct hk_header {
    struct hk_span name;
    struct hk_span value;
};

/** The head of one HTTP/1.x request. All spans point into the bytes that were parsed. */
struct hk_head {
    size_t bytes; /**< the whole head, the empty line included */
    struct hk_span method;
    struct hk_span target;
    struct hk_span path; /**< target without its query */
    bool is_keep_alive;
    bool is_chunked;
    bool wants_continue;
    int64_t content_bytes;     /**< of Content-Length; 0 without one */
    struct hk_span webhook_id; /**< value of X-Webhook-Id; bytes 0: none */
    size_t header_count;
    struct hk_header headers[HK_HEAD_HEADERS_MAX];
};

/**
 * Parses strictly (RFC 9112): CRLF only, no folding, no space before a colon, one Content-Length,
 * not beside Transfer-Encoding. 1: parsed; 0: the head is not whole yet; -1: not a request.
 */
int hk_head_parse(struct hk_span data, struct hk_head *head);

/** The path of a request line, as soon as the line is whole; else bytes 0. */
struct hk_span hk_head_peek_path(struct hk_span data);
