// SPDX-License-Identifier: Apache-2.0
#include "deliver/headers.h"

#include "base/alloc.h"
#include "model/header.h"
#include "model/payload.h"

#include <strings.h>

/** Room for our lines of an attempt without the secrets. */
#define ATTEMPT_BYTES 1024

/** Adds name, separator and value as one terminated line. */
static int add_line(struct hk_headers *headers, struct hk_slice name, struct hk_slice separator,
                    struct hk_slice value)
{
    if (headers->count == HK_HEADERS_LINES_MAX)
        return HK_ELIMIT;
    size_t start = headers->text.size;
    if (start > UINT32_MAX ||
        hk_bytes_reserve(&headers->text, name.size + separator.size + value.size + 1) != 0)
        return HK_ENOMEM;
    char *at = headers->text.at + start;
    memcpy(at, name.at, name.size);
    memcpy(at + name.size, separator.at, separator.size);
    if (value.size != 0)
        memcpy(at + name.size + separator.size, value.at, value.size);
    at[name.size + separator.size + value.size] = '\0';
    headers->text.size += name.size + separator.size + value.size + 1;
    headers->starts[headers->count++] = (uint32_t)start;
    return 0;
}

int hk_headers_add(struct hk_headers *headers, struct hk_slice name, struct hk_slice value)
{
    if (name.size == 0 || !hk_header_is_name(name) || !hk_header_is_value(value))
        return HK_EINVAL;
    // To curl "Name:" means to leave the line out, "Name;" to send it empty.
    if (value.size == 0)
        return add_line(headers, name, HK_SLICE(";"), value);
    return add_line(headers, name, HK_SLICE(": "), value);
}

static bool has_own(const struct hk_endpoint *endpoint, const char *name)
{
    for (uint32_t i = 0; i < endpoint->headers.count; i++) {
        if (strcasecmp(endpoint->headers.items[i].name, name) == 0)
            return true;
    }
    return false;
}

int hk_headers_set_endpoint(struct hk_headers *headers, const struct hk_endpoint *endpoint,
                            const char *user_agent)
{
    hk_headers_wipe(headers);
    int code = hk_headers_add(headers, HK_SLICE("Content-Type"), HK_SLICE("application/json"));
    // A receiver that gets one of these twice is right to refuse the request.
    if (code == 0 && !has_own(endpoint, "User-Agent"))
        code = hk_headers_add(headers, HK_SLICE("User-Agent"), hk_slice_of(user_agent));
    if (code == 0)
        code = add_line(headers, HK_SLICE("Accept"), HK_SLICE(":"), HK_SLICE_EMPTY);
    if (code == 0)
        code = add_line(headers, HK_SLICE("Expect"), HK_SLICE(":"), HK_SLICE_EMPTY);
    for (uint32_t i = 0; code == 0 && i < endpoint->headers.count; i++) {
        const struct hk_pair *pair = &endpoint->headers.items[i];
        if (endpoint->auth.type != HK_AUTH_NONE && strcasecmp(pair->name, "Authorization") == 0)
            continue;
        code = hk_headers_add(headers, hk_slice_of(pair->name), hk_slice_of(pair->value));
    }
    return code;
}

static int add_signed(void *request, struct hk_slice name, struct hk_slice value)
{
    return hk_headers_add(request, name, value);
}

static int add_number(struct hk_headers *headers, struct hk_slice name, uint16_t number)
{
    char digits[8];
    size_t at = sizeof(digits);
    unsigned rest = number;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    return hk_headers_add(headers, name, (struct hk_slice){ digits + at, sizeof(digits) - at });
}

/** Adds a payload's headers. One that the signer has come to set since the plan was made stays
 * out, and so does an Authorization where the endpoint has one by its `auth`. */
static int add_own(struct hk_headers *headers, const struct hk_headers_attempt *attempt)
{
    struct hk_slice rest = hk_payload_headers(attempt->own);
    const char *name, *value;
    int code = 0;
    while (code == 0 && hk_payload_next(&rest, &name, &value)) {
        bool is_taken = attempt->authorization.size != 0 && strcasecmp(name, "Authorization") == 0;
        if (!is_taken && !hk_header_is_reserved(hk_slice_of(name), attempt->signer))
            code = hk_headers_add(headers, hk_slice_of(name), hk_slice_of(value));
    }
    return code;
}

/** Room for the attempt's lines. */
static size_t attempt_bytes(const struct hk_headers_attempt *attempt)
{
    // A line is longer than its pair by one byte at most, and a pair has three.
    size_t own = attempt->own != NULL ? 2 * (size_t)attempt->own->head_size : 0;
    return ATTEMPT_BYTES + attempt->signing.secret.size + attempt->authorization.size + own;
}

int hk_headers_set_attempt(struct hk_headers *headers, const struct hk_headers_attempt *attempt)
{
    const struct hk_signing *signing = &attempt->signing;
    char id[HK_UUID_TEXT_SIZE + 1];
    hk_headers_wipe(headers);
    // All at once: a buffer that grew by moving would leave a secret behind.
    if (hk_bytes_reserve(&headers->text, attempt_bytes(attempt)) != 0)
        return HK_ENOMEM;
    int code = attempt->signer->sign(signing, add_signed, headers);
    if (code == 0)
        code = hk_headers_add(headers, HK_SLICE("X-Webhook-Event"), signing->type);
    if (code == 0)
        code = hk_headers_add(
            headers, HK_SLICE("X-Webhook-Id"),
            (struct hk_slice){ hk_uuid_format(signing->event, id), HK_UUID_TEXT_SIZE });
    if (code == 0)
        code = add_number(headers, HK_SLICE("X-Webhook-Attempt"), attempt->attempt);
    if (code == 0 && attempt->authorization.size != 0)
        code = hk_headers_add(headers, HK_SLICE("Authorization"), attempt->authorization);
    if (code == 0 && attempt->own != NULL)
        code = add_own(headers, attempt);
    return code;
}

struct curl_slist *hk_headers_link(struct hk_headers *headers, struct curl_slist *tail)
{
    for (uint32_t i = headers->count; i-- > 0;) {
        headers->nodes[i].data = headers->text.at + headers->starts[i];
        headers->nodes[i].next = tail;
        tail = &headers->nodes[i];
    }
    return tail;
}

/** Do two lines have the same name? */
static bool is_same_name(const char *a, const char *b)
{
    size_t size = strcspn(a, ":;");
    return size == strcspn(b, ":;") && strncasecmp(a, b, size) == 0;
}

static bool has_name_of(const struct hk_headers *headers, const char *line)
{
    for (uint32_t i = 0; i < headers->count; i++) {
        if (is_same_name(headers->text.at + headers->starts[i], line))
            return true;
    }
    return false;
}

struct curl_slist *hk_headers_link_over(struct hk_headers *headers, const struct hk_headers *under,
                                        struct curl_slist nodes[HK_HEADERS_LINES_MAX])
{
    struct curl_slist *tail = NULL;
    for (uint32_t i = under->count; i-- > 0;) {
        char *line = under->text.at + under->starts[i];
        if (has_name_of(headers, line))
            continue;
        nodes[i] = (struct curl_slist){ .data = line, .next = tail };
        tail = &nodes[i];
    }
    return hk_headers_link(headers, tail);
}

void hk_headers_wipe(struct hk_headers *headers)
{
    hk_wipe(headers->text.at, headers->text.size);
    hk_bytes_clear(&headers->text);
    headers->count = 0;
}

void hk_headers_fini(struct hk_headers *headers)
{
    hk_headers_wipe(headers);
    hk_bytes_fini(&headers->text);
}
