// SPDX-License-Identifier: Apache-2.0
/** Bytes: a borrowed range (`hk_slice`) and an owned, growing buffer (`hk_bytes`).
 * Thread: none of its own; one owner at a time. */
#pragma once
#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** A borrowed range of bytes, not terminated; dies with what it points into. */
struct hk_slice {
    const char *at;
    size_t size;
};

#define HK_SLICE_EMPTY ((struct hk_slice){ "", 0 })
/** A slice of a string literal. */
#define HK_SLICE(literal) ((struct hk_slice){ "" literal, sizeof(literal) - 1 })

static inline struct hk_slice hk_slice_of(const char *text)
{
    return (struct hk_slice){ text, text ? strlen(text) : 0 };
}

static inline bool hk_slice_is_equal(struct hk_slice a, struct hk_slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

static inline bool hk_slice_is(struct hk_slice a, const char *text)
{
    return hk_slice_is_equal(a, hk_slice_of(text));
}

/** Copies to a terminated string that the caller frees with hk_free. NULL when out of memory. */
char *hk_slice_dup(struct hk_slice slice);

/** Reads a decimal without sign or space (leading zeros are fine); 0, or HK_ESYNTAX, or HK_ELIMIT
 * above `max`. `value` is set on 0 only. */
HK_MUST_CHECK int hk_slice_parse_u64(struct hk_slice slice, uint64_t max, uint64_t *value);

/** Compares in a time that depends on the sizes alone. */
bool hk_slice_is_equal_constant_time(struct hk_slice a, struct hk_slice b);

/** Gets the longest start of `text` that has at most `bytes_max` bytes and splits no UTF-8
 * character. */
struct hk_slice hk_slice_cut(struct hk_slice text, size_t bytes_max);

/** An owned buffer. All zero is an empty one. After a failed append it is unchanged. */
struct hk_bytes {
    char *at;
    size_t size;
    size_t capacity;
};

void hk_bytes_fini(struct hk_bytes *bytes);

/** Forgets the content and keeps the memory. */
static inline void hk_bytes_clear(struct hk_bytes *bytes)
{
    bytes->size = 0;
}

/** Makes room for `more` bytes behind the content; 0 or HK_ENOMEM. */
HK_MUST_CHECK int hk_bytes_reserve(struct hk_bytes *bytes, size_t more);
/** Appends a copy of `data`, which must not point into `bytes`; 0 or HK_ENOMEM. */
HK_MUST_CHECK int hk_bytes_append(struct hk_bytes *bytes, const void *data, size_t size);
HK_MUST_CHECK int hk_bytes_append_text(struct hk_bytes *bytes, const char *text);
HK_MUST_CHECK int hk_bytes_append_format(struct hk_bytes *bytes, const char *format, ...)
    HK_PRINTF(2, 3);

static inline struct hk_slice hk_bytes_slice(const struct hk_bytes *bytes)
{
    return (struct hk_slice){ bytes->at ? bytes->at : "", bytes->size };
}
