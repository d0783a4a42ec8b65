// SPDX-License-Identifier: Apache-2.0
#include "model/payload.h"

#include "base/check.h"

/* The head's first byte. */
enum { HAS_TEXT = 'T', NO_TEXT = '-' };

static int headers_append(struct hk_bytes *head, const struct hk_pairs *headers)
{
    int code = 0;
    for (uint32_t i = 0; code == 0 && i < headers->count; i++) {
        const struct hk_pair *pair = &headers->items[i];
        code = hk_bytes_append(head, pair->name, strlen(pair->name) + 1);
        if (code == 0)
            code = hk_bytes_append(head, pair->value, strlen(pair->value) + 1);
    }
    return code;
}

struct hk_body *hk_payload_new(const struct hk_pairs *headers, const struct hk_slice *text)
{
    struct hk_bytes head = { 0 };
    struct hk_body *payload = NULL;
    char flag = text ? HAS_TEXT : NO_TEXT;
    int code = hk_bytes_append(&head, &flag, 1);
    if (code == 0 && headers)
        code = headers_append(&head, headers);
    if (code == 0)
        payload = hk_body_new(hk_bytes_slice(&head), text ? *text : HK_SLICE_EMPTY);
    hk_bytes_fini(&head);
    return payload;
}

/* Strings in pairs, each with its end. */
static bool is_headers(struct hk_slice rest)
{
    size_t ends = 0;
    for (size_t i = 0; i < rest.size; i++)
        ends += rest.at[i] == '\0';
    return ends % 2 == 0 && (rest.size == 0 || rest.at[rest.size - 1] == '\0');
}

static bool is_payload(struct hk_slice head, struct hk_slice text)
{
    if (head.size == 0 || (head.at[0] != HAS_TEXT && head.at[0] != NO_TEXT))
        return false;
    if (head.at[0] == NO_TEXT && text.size > 0)
        return false;
    return is_headers((struct hk_slice){ head.at + 1, head.size - 1 });
}

bool hk_payload_is_valid(const struct hk_body *body)
{
    return is_payload(hk_body_head(body), hk_body_text(body));
}

struct hk_body *hk_payload_restore(struct hk_slice head, struct hk_slice text)
{
    return is_payload(head, text) ? hk_body_new(head, text) : NULL;
}

bool hk_payload_has_text(const struct hk_body *payload)
{
    struct hk_slice head = hk_body_head(payload);
    hk_assert(head.size >= 1);
    return head.at[0] == HAS_TEXT;
}

struct hk_slice hk_payload_headers(const struct hk_body *payload)
{
    struct hk_slice head = hk_body_head(payload);
    hk_assert(head.size >= 1);
    return (struct hk_slice){ head.at + 1, head.size - 1 };
}

static const char *string_take(struct hk_slice *rest)
{
    const char *string = rest->at;
    size_t size = strlen(string) + 1;
    rest->at += size;
    rest->size -= size;
    return string;
}

bool hk_payload_next(struct hk_slice *rest, const char **name, const char **value)
{
    if (rest->size == 0)
        return false;
    *name = string_take(rest);
    *value = string_take(rest);
    return true;
}
