// SPDX-License-Identifier: Apache-2.0
#include "api/guard.h"

#include "model/bounds.h"

#include <stddef.h>
#include <strings.h>

/** The headers that we read, and where they are kept. */
static const struct {
    struct hk_slice name;
    size_t offset;
} kept[] = {
    { HK_SLICE("Host"), offsetof(struct hk_head, host) },
    { HK_SLICE("Content-Length"), offsetof(struct hk_head, content_length) },
    { HK_SLICE("Transfer-Encoding"), offsetof(struct hk_head, transfer_encoding) },
    { HK_SLICE("Content-Type"), offsetof(struct hk_head, content_type) },
    { HK_SLICE("Authorization"), offsetof(struct hk_head, authorization) },
    { HK_SLICE("x-api-key"), offsetof(struct hk_head, api_key) },
    { HK_SLICE("Idempotency-Key"), offsetof(struct hk_head, idempotency_key) },
    { HK_SLICE("X-Hookd-Key"), offsetof(struct hk_head, ordering_key) },
    { HK_SLICE("X-Hookd-Deliver-Before"), offsetof(struct hk_head, deliver_before) },
};

static bool is_token_char(unsigned char c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    return c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

bool hk_guard_is_token(struct hk_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (!is_token_char((unsigned char)text.at[i]))
            return false;
    }
    return text.size > 0;
}

bool hk_guard_is_value(struct hk_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static bool is_same_name(struct hk_slice a, struct hk_slice b)
{
    return a.size == b.size && strncasecmp(a.at, b.at, a.size) == 0;
}

bool hk_guard_is_json(struct hk_slice content_type)
{
    struct hk_slice json = HK_SLICE("application/json");
    if (content_type.size < json.size || strncasecmp(content_type.at, json.at, json.size) != 0)
        return false;
    for (size_t i = json.size; i < content_type.size; i++) {
        if (content_type.at[i] == ';')
            return true;
        if (content_type.at[i] != ' ' && content_type.at[i] != '\t')
            return false;
    }
    return true;
}

static void fail(struct hk_head *head, const char *fault)
{
    if (head->fault == NULL)
        head->fault = fault;
}

void hk_guard_add(struct hk_head *head, struct hk_slice name, struct hk_slice value)
{
    if (!hk_guard_is_token(name))
        fail(head, "The name of a header is not a token.");
    if (!hk_guard_is_value(value))
        fail(head, "A header has a control character.");
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        if (!is_same_name(name, kept[i].name))
            continue;
        struct hk_slice *slice = (struct hk_slice *)(void *)((char *)head + kept[i].offset);
        if (slice->at != NULL)
            fail(head, "A header stands twice that may stand once.");
        *slice = (struct hk_slice){ value.at ? value.at : "", value.size };
        return;
    }
}

static void check_framing(struct hk_head *head)
{
    bool is_http_1_0 = strcmp(head->version, "HTTP/1.0") == 0;
    if (!is_http_1_0 && strcmp(head->version, "HTTP/1.1") != 0)
        fail(head, "The version of HTTP is not 1.1 or 1.0.");
    if (!is_http_1_0 && head->host.at == NULL)
        fail(head, "There is no Host header.");
    if (head->transfer_encoding.at != NULL) {
        head->is_chunked = true;
        if (head->content_length.at != NULL)
            fail(head, "Content-Length and Transfer-Encoding exclude each other.");
        if (is_http_1_0 || !is_same_name(head->transfer_encoding, HK_SLICE("chunked")))
            fail(head, "The only Transfer-Encoding is chunked, of HTTP/1.1.");
    }
    if (head->content_length.at != NULL &&
        (head->content_length.size == 0 ||
         hk_slice_parse_u64(head->content_length, UINT64_MAX, &head->body_bytes) < 0))
        fail(head, "Content-Length is not a number.");
}

unsigned hk_guard_check(struct hk_head *head, size_t head_bytes)
{
    check_framing(head);
    if (head->fault != NULL)
        return 400;
    return head_bytes > HK_REQUEST_HEAD_BYTES_MAX ? 431 : 0;
}
