// SPDX-License-Identifier: Apache-2.0
#include "buffer.h"

#include "memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { KEPT_BYTES_MAX = 64 * 1024, PRINT_BYTES_MAX = 4096 };

static void reserve(struct hk_buffer *buffer, size_t bytes)
{
    size_t need = buffer->bytes + bytes;
    if (need <= buffer->capacity) {
        return;
    }
    size_t capacity = buffer->capacity * 2 < 256 ? 256 : buffer->capacity * 2;
    buffer->capacity = capacity < need ? need : capacity;
    buffer->data = hk_memory_resize(buffer->data, buffer->capacity);
}

void hk_buffer_append(struct hk_buffer *buffer, const void *data, size_t bytes)
{
    if (bytes == 0) {
        return;
    }
    reserve(buffer, bytes);
    memcpy(buffer->data + buffer->bytes, data, bytes);
    buffer->bytes += bytes;
}

void hk_buffer_append_text(struct hk_buffer *buffer, const char *text)
{
    hk_buffer_append(buffer, text, strlen(text));
}

void hk_buffer_print(struct hk_buffer *buffer, const char *format, ...)
{
    char text[PRINT_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    int bytes = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (bytes > 0) {
        hk_buffer_append(buffer, text,
                         (size_t)bytes < sizeof text ? (size_t)bytes : sizeof text - 1);
    }
}

void hk_buffer_consume(struct hk_buffer *buffer, size_t bytes)
{
    if (bytes < buffer->bytes) {
        memmove(buffer->data, buffer->data + bytes, buffer->bytes - bytes);
        buffer->bytes -= bytes;
        return;
    }
    buffer->bytes = 0;
    if (buffer->capacity > KEPT_BYTES_MAX) {
        hk_buffer_fini(buffer);
    }
}

void hk_buffer_fini(struct hk_buffer *buffer)
{
    hk_memory_free(buffer->data);
    *buffer = (struct hk_buffer){ 0 };
}

struct hk_span hk_span_of(const char *text)
{
    return (struct hk_span){ .at = text, .bytes = strlen(text) };
}

int hk_span_is_word(struct hk_span span, const char *word)
{
    return span.bytes == strlen(word) && strncasecmp(span.at, word, span.bytes) == 0;
}
