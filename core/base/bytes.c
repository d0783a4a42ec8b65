// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>

#define BYTES_CAPACITY_MIN 64

char *hk_slice_dup(struct hk_slice slice)
{
    char *copy = slice.size < SIZE_MAX ? hk_alloc(slice.size + 1) : NULL;
    if (copy == NULL)
        return NULL;
    if (slice.size != 0)
        memcpy(copy, slice.at, slice.size);
    copy[slice.size] = '\0';
    return copy;
}

int hk_slice_parse_u64(struct hk_slice slice, uint64_t max, uint64_t *value)
{
    uint64_t number = 0;
    bool is_over = false;
    if (slice.size == 0)
        return HK_ESYNTAX;
    for (size_t i = 0; i < slice.size; i++) {
        unsigned digit = (unsigned)(unsigned char)slice.at[i] - '0';
        if (digit > 9)
            return HK_ESYNTAX;
        is_over |= __builtin_mul_overflow(number, UINT64_C(10), &number);
        is_over |= __builtin_add_overflow(number, (uint64_t)digit, &number);
    }
    if (is_over || number > max)
        return HK_ELIMIT;
    *value = number;
    return 0;
}

bool hk_slice_is_equal_constant_time(struct hk_slice a, struct hk_slice b)
{
    if (a.size != b.size)
        return false;
    // Volatile, so that the compiler cannot leave the loop at the first difference.
    volatile unsigned char difference = 0;
    for (size_t i = 0; i < a.size; i++)
        difference = (unsigned char)(difference | (a.at[i] ^ b.at[i]));
    return difference == 0;
}

struct hk_slice hk_slice_cut(struct hk_slice text, size_t bytes_max)
{
    if (text.size <= bytes_max)
        return text;
    size_t size = bytes_max;
    // A character has at most three continuation bytes; more is no UTF-8 and is cut where it is.
    while (size > 0 && bytes_max - size < 3 && ((unsigned char)text.at[size] & 0xC0) == 0x80)
        size--;
    if (((unsigned char)text.at[size] & 0xC0) == 0x80)
        size = bytes_max;
    return (struct hk_slice){ text.at, size };
}

void hk_bytes_fini(struct hk_bytes *bytes)
{
    hk_free(bytes->at);
    *bytes = (struct hk_bytes){ 0 };
}

int hk_bytes_reserve(struct hk_bytes *bytes, size_t more)
{
    size_t wanted;
    if (more <= bytes->capacity - bytes->size)
        return 0;
    if (__builtin_add_overflow(bytes->size, more, &wanted))
        return HK_ENOMEM;
    size_t capacity = bytes->capacity < SIZE_MAX / 2 ? bytes->capacity * 2 : SIZE_MAX;
    if (capacity < wanted)
        capacity = wanted;
    if (capacity < BYTES_CAPACITY_MIN)
        capacity = BYTES_CAPACITY_MIN;
    char *at = hk_realloc(bytes->at, capacity, 1);
    if (at == NULL)
        return HK_ENOMEM;
    bytes->at = at;
    bytes->capacity = capacity;
    return 0;
}

int hk_bytes_append(struct hk_bytes *bytes, const void *data, size_t size)
{
    int rc = hk_bytes_reserve(bytes, size);
    if (rc != 0)
        return rc;
    if (size != 0)
        memcpy(bytes->at + bytes->size, data, size);
    bytes->size += size;
    return 0;
}

int hk_bytes_append_text(struct hk_bytes *bytes, const char *text)
{
    return hk_bytes_append(bytes, text, strlen(text));
}

int hk_bytes_append_format(struct hk_bytes *bytes, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (size < 0)
        return HK_EINVAL;
    // One more for the zero that vsnprintf writes; it is no part of the content.
    int rc = hk_bytes_reserve(bytes, (size_t)size + 1);
    if (rc != 0)
        return rc;
    va_start(arguments, format);
    vsnprintf(bytes->at + bytes->size, (size_t)size + 1, format, arguments);
    va_end(arguments);
    bytes->size += (size_t)size;
    return 0;
}
