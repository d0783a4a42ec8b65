// SPDX-License-Identifier: Apache-2.0
#include "chunks.h"

#include <stdbool.h>
#include <string.h>

enum { LINE_BYTES_MAX = 8192 };

/** 1: took a line; 0: not whole; -1: too long or without CR. */
static int take_line(struct hk_span *data, struct hk_span *line)
{
    const char *end = memchr(data->at, '\n', data->bytes);
    if (end == NULL) {
        return data->bytes > LINE_BYTES_MAX ? -1 : 0;
    }
    size_t bytes = (size_t)(end - data->at);
    if (bytes == 0 || end[-1] != '\r') {
        return -1;
    }
    *line = (struct hk_span){ .at = data->at, .bytes = bytes - 1 };
    data->at += bytes + 1;
    data->bytes -= bytes + 1;
    return 1;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_size(struct hk_span line, uint64_t *size)
{
    size_t i = 0;
    *size = 0;
    for (; i < line.bytes && i < 9 && digit_of(line.at[i]) >= 0; i++) {
        *size = *size * 16 + (uint64_t)digit_of(line.at[i]);
    }
    return i > 0 && (i == line.bytes || line.at[i] == ';');
}

static int decode_line(struct hk_chunks *chunks, struct hk_span *data)
{
    struct hk_span line;
    int rc = take_line(data, &line);
    if (rc <= 0) {
        return rc == 0 ? 0 : -1;
    }
    switch (chunks->at) {
    case HK_CHUNKS_SIZE:
        if (!parse_size(line, &chunks->left)) {
            return -1;
        }
        chunks->at = chunks->left == 0 ? HK_CHUNKS_TRAILER : HK_CHUNKS_DATA;
        return 2;
    case HK_CHUNKS_END:
        chunks->at = HK_CHUNKS_SIZE;
        return line.bytes == 0 ? 2 : -1;
    case HK_CHUNKS_TRAILER:
        return line.bytes == 0 ? 1 : 2;
    case HK_CHUNKS_DATA:
    default:
        return -1;
    }
}

int hk_chunks_decode(struct hk_chunks *chunks, struct hk_span data, struct hk_buffer *body,
                     size_t *used)
{
    const char *begin = data.at;
    int rc = 2;
    while (rc == 2) {
        if (chunks->at != HK_CHUNKS_DATA) {
            rc = decode_line(chunks, &data);
            continue;
        }
        size_t take = data.bytes < chunks->left ? data.bytes : (size_t)chunks->left;
        hk_buffer_append(body, data.at, take);
        data.at += take;
        data.bytes -= take;
        chunks->left -= take;
        if (chunks->left > 0) {
            rc = 0;
        } else {
            chunks->at = HK_CHUNKS_END;
        }
    }
    *used = (size_t)(data.at - begin);
    return rc;
}
