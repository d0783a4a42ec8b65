// SPDX-License-Identifier: Apache-2.0
/** What json.c and json_scan.c share: runs of plain characters, UTF-8 and escapes. Inside base
 * only.
 *
 * Pure, bounded by `end`, so that not even an unchecked text is read beyond its end. */
#pragma once
#include "base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/** Is this a byte that needs a look inside a string: quote, backslash, control, or above ASCII? */
static inline bool hk__json_is_special(unsigned char byte)
{
    return byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\';
}

/** Gets the first special byte from `at` on, or `end`. */
static inline const char *hk__json_plain_end(const char *at, const char *end)
{
#if defined(__SSE2__)
    const __m128i space = _mm_set1_epi8(' ');
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    for (; end - at >= 16; at += 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)at);
        // Signed, so that bytes above ASCII count as less than a space.
        __m128i special = _mm_or_si128(
            _mm_cmplt_epi8(block, space),
            _mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash)));
        int mask = _mm_movemask_epi8(special);
        if (mask != 0)
            return at + __builtin_ctz((unsigned)mask);
    }
#endif
    while (at < end && !hk__json_is_special((unsigned char)*at))
        at++;
    return at;
}

static inline bool hk__utf8_is_continuation(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

/** Gets the size of the character at `at` (before `end`), or 0 when it is no UTF-8. The second byte
 * is held to what keeps out overlong forms, surrogates and what is above U+10FFFF. */
static inline size_t hk__utf8_size(const char *at, const char *end)
{
    unsigned char first = (unsigned char)at[0];
    size_t left = (size_t)(end - at);
    if (first < 0x80)
        return 1;
    if (first < 0xC2 || first > 0xF4 || left < 2)
        return 0;
    unsigned char second = (unsigned char)at[1];
    if (first < 0xE0)
        return (second & 0xC0) == 0x80 ? 2 : 0;
    unsigned char least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    unsigned char most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (second < least || second > most || left < 3 || !hk__utf8_is_continuation(at[2]))
        return 0;
    if (first < 0xF0)
        return 3;
    return left >= 4 && hk__utf8_is_continuation(at[3]) ? 4 : 0;
}

/** One character in UTF-8. */
struct hk__utf8_character {
    char bytes[4];
    uint32_t size;
};

/** Decodes the escape that the backslash at `at` begins. Gets the size of the escape (12 for a pair
 * of surrogates), or 0 when it is none. */
size_t hk__json_escape_decode(const char *at, const char *end, struct hk__utf8_character *out);

/** Makes a value of the text from `at` (its first byte, which tells the type) to `end`. */
struct hk_json_value hk__json_value_of(const char *at, const char *end);
