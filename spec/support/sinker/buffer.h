// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stddef.h>

/** Bytes that belong to somebody else. */
struct hk_span {
    const char *at;
    size_t bytes;
};

/** Growing bytes; all zero is an empty buffer. */
struct hk_buffer {
    char *data;
    size_t bytes;
    size_t capacity;
};

void hk_buffer_append(struct hk_buffer *buffer, const void *data, size_t bytes);

/** Appends a text without its NUL. */
void hk_buffer_append_text(struct hk_buffer *buffer, const char *text);

/** Appends as printf would print. */
void hk_buffer_print(struct hk_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Drops bytes from the front; a buffer that gets empty gives large memory back. */
void hk_buffer_consume(struct hk_buffer *buffer, size_t bytes);

/** Frees the memory; the buffer is empty and usable again. */
void hk_buffer_fini(struct hk_buffer *buffer);

struct hk_span hk_span_of(const char *text);

/** ASCII letters compare without case. */
int hk_span_is_word(struct hk_span span, const char *word);
