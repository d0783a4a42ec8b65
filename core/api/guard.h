// SPDX-License-Identifier: Apache-2.0
/** Guard: the head of a request, checked before anything believes it.
 *
 * libmicrohttpd repairs where it should refuse (design.md section 8), and two parsers that read one
 * request differently are how requests are smuggled. So every header passes here: names must be
 * tokens, values free of control characters, framing unambiguous, and no header that we read may
 * stand twice. What is kept are slices into the connection's memory, valid for the request.
 * Pure. Thread: any. */
#pragma once
#include "base/bytes.h"

/** The headers that the api reads. `at` is NULL for one that is not there. */
struct hk_head {
    const char *method;
    const char *path; /**< As it came: not decoded, without the query. */
    const char *version;
    struct hk_slice host;
    struct hk_slice content_length;
    struct hk_slice transfer_encoding;
    struct hk_slice content_type;
    struct hk_slice authorization;
    struct hk_slice api_key;
    struct hk_slice idempotency_key;
    struct hk_slice ordering_key;
    struct hk_slice deliver_before;
    uint64_t body_bytes; /**< Content-Length; 0 without. Set by hk_guard_check. */
    bool is_chunked;
    const char *fault; /**< The first thing that is wrong, or NULL. Static text. */
};

/** Takes one header, in order. */
void hk_guard_add(struct hk_head *head, struct hk_slice name, struct hk_slice value);

/** Judges the whole head of `head_bytes` bytes. 0, 431, or 400: then `head->fault` says why and the
 * connection must be closed. */
HK_MUST_CHECK unsigned hk_guard_check(struct hk_head *head, size_t head_bytes);

/** Is this a token of RFC 9110 (a header's name)? */
bool hk_guard_is_token(struct hk_slice text);

/** Is the value free of control characters (tabs are fine)? */
bool hk_guard_is_value(struct hk_slice text);

/** Is this media type application/json, whatever its parameters? */
bool hk_guard_is_json(struct hk_slice content_type);
