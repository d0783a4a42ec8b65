// SPDX-License-Identifier: Apache-2.0
#include "base/json_number.h"

#include "base/alloc.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/** Powers of ten that a double holds exactly. */
static const double powers[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };

#define POWER_MAX 22
/** Integers up to here are exact as doubles. */
#define EXACT_MAX (UINT64_C(1) << 53)

static double parse_terminated(const char *text)
{
    return strtod(text, NULL);
}

/** Reads by the C library, which wants an end. */
static int parse_slow(struct hk_slice text, double *real)
{
    char short_text[65];
    if (text.size < sizeof(short_text)) {
        memcpy(short_text, text.at, text.size);
        short_text[text.size] = '\0';
        *real = parse_terminated(short_text);
        return 0;
    }
    char *long_text = hk_slice_dup(text);
    if (long_text == NULL)
        return HK_ENOMEM;
    *real = parse_terminated(long_text);
    hk_free(long_text);
    return 0;
}

/** Reads "digits[.digits]" of which all digits together are exact, and no exponent: one division of
 * two exact doubles is rounded once, so it is the nearest double (Clinger 1990). */
static bool parse_fast(const char *at, const char *end, double *real)
{
    uint64_t digits = 0;
    int fraction_digits = 0;
    bool in_fraction = false;
    if (end - at > 18 || FLT_EVAL_METHOD != 0)
        return false;
    for (; at < end; at++) {
        if (*at == '.') {
            in_fraction = true;
            continue;
        }
        unsigned digit = (unsigned)(unsigned char)*at - '0';
        if (digit > 9)
            return false;
        digits = digits * 10 + digit;
        fraction_digits += in_fraction;
    }
    if (digits > EXACT_MAX)
        return false;
    *real = (double)digits / powers[fraction_digits];
    return true;
}

int hk_json_number_parse(struct hk_slice text, struct hk_json_number *number)
{
    const char *at = text.at;
    const char *end = at + text.size;
    bool is_negative = at < end && *at == '-';
    struct hk_slice magnitude = { at + is_negative, text.size - is_negative };
    uint64_t digits;
    number->is_integer = false;
    uint64_t max = is_negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    if (hk_slice_parse_u64(magnitude, max, &digits) == 0 && !(is_negative && digits == 0)) {
        number->is_integer = true;
        // Negated before it is made signed, so that -2^63 fits.
        number->integer = (int64_t)(is_negative ? 0 - digits : digits);
        return 0;
    }
    if (parse_fast(magnitude.at, end, &number->real)) {
        if (is_negative)
            number->real = -number->real;
        return 0;
    }
    return parse_slow(text, &number->real);
}

int hk_json_append_integer(struct hk_bytes *out, int64_t integer)
{
    char text[24];
    char *at = text + sizeof(text);
    uint64_t magnitude = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
    do {
        *--at = (char)('0' + magnitude % 10);
        magnitude /= 10;
    } while (magnitude != 0);
    if (integer < 0)
        *--at = '-';
    return hk_bytes_append(out, at, (size_t)(text + sizeof(text) - at));
}

/** Writes what has at most 15 digits, few of them behind the point: a decimal of so few digits that
 * reads as this double is the shortest one. Gets the size, or 0. */
static size_t format_fast(double magnitude, char text[32])
{
    if (!(magnitude < 1e9) || FLT_EVAL_METHOD != 0)
        return 0;
    for (int places = 0; places <= 6; places++) {
        double scaled = magnitude * powers[places];
        uint64_t digits = (uint64_t)(scaled + 0.5);
        if ((double)digits / powers[places] != magnitude)
            continue;
        uint64_t power = (uint64_t)powers[places];
        int size = places == 0 ? snprintf(text, 32, "%" PRIu64 ".0", digits)
                               : snprintf(text, 32, "%" PRIu64 ".%0*" PRIu64, digits / power,
                                          places, digits % power);
        return (size_t)size;
    }
    return 0;
}

static size_t format_slow(double magnitude, char text[32])
{
    int size = 0;
    // 15 digits are exact, and %g leaves their zeros out; below the normal numbers fewer are.
    for (int digits = magnitude < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
        size = snprintf(text, 32, "%.*g", digits, magnitude);
        if (parse_terminated(text) == magnitude)
            break;
    }
    if (strpbrk(text, ".e") == NULL) {
        memcpy(text + size, ".0", 3);
        size += 2;
    }
    return (size_t)size;
}

int hk_json_append_real(struct hk_bytes *out, double real)
{
    char text[33] = "-";
    if (!isfinite(real))
        return HK_EINVAL;
    double magnitude = fabs(real);
    size_t size = format_fast(magnitude, text + 1);
    if (size == 0)
        size = format_slow(magnitude, text + 1);
    bool is_negative = signbit(real);
    return hk_bytes_append(out, text + !is_negative, size + is_negative);
}
