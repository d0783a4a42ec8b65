// SPDX-License-Identifier: Apache-2.0
/* Response heads: the input is a head, line by line, as a receiver could send it. Whatever it says,
 * the wait is nothing or within the bound, the head ends within its own, and the lines that are
 * kept for a policy are whole "name: value" lines within theirs. */
#include "base/check.h"
#include "deliver/result.h"
#include "model/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct hk_wall now = { INT64_C(1777708800000) };

static void check_wait(int64_t wait_ms)
{
    hk_assert(wait_ms == HK_RETRY_AFTER_NONE ||
              (wait_ms >= 0 && wait_ms <= (int64_t)HK_RETRY_AFTER_S_MAX * 1000));
}

static void check_lines(struct hk_slice lines)
{
    hk_assert(lines.size <= HK_HEADERS_KEPT_BYTES_MAX);
    while (lines.size != 0) {
        const char *end = memchr(lines.at, '\n', lines.size);
        const char *colon = memchr(lines.at, ':', lines.size);
        hk_assert(end != NULL && colon != NULL && colon + 1 < end && colon[1] == ' ');
        struct hk_slice name = { lines.at, (size_t)(colon - lines.at) };
        hk_assert(hk_header_is_name(name));
        for (size_t i = 0; i < name.size; i++)
            hk_assert(name.at[i] < 'A' || name.at[i] > 'Z');
        hk_assert(hk_header_is_value((struct hk_slice){ colon + 2, (size_t)(end - colon) - 2 }));
        lines.size -= (size_t)(end + 1 - lines.at);
        lines.at = end + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hk_slice rest = { (const char *)data, size };
    struct hk_response response = { 0 };
    check_wait(hk_retry_after_parse(rest, now));
    hk_response_clear(&response, 65536);
    while (rest.size != 0) {
        const char *end = memchr(rest.at, '\n', rest.size);
        size_t line_bytes = end != NULL ? (size_t)(end - rest.at) + 1 : rest.size;
        if (!hk_response_take_line(&response, (struct hk_slice){ rest.at, line_bytes }, now))
            break;
        rest.at += line_bytes;
        rest.size -= line_bytes;
    }
    check_wait(response.retry_after_ms);
    check_lines(hk_bytes_slice(&response.lines));
    hk_assert(response.head_bytes <= HK_RESPONSE_HEAD_BYTES_MAX);
    hk_assert(!response.is_whole_head || response.status >= 200);
    hk_assert(response.status <= 999);
    hk_response_fini(&response);
    return 0;
}
