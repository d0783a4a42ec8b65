// SPDX-License-Identifier: Apache-2.0
/** Numbers of JSON: from their text and to it, without loss. Pure; thread: any. No program of ours
 * calls setlocale, so the C library's decimal point is a point. */
#pragma once
#include "base/json.h"

/** An integer when it is written as one and fits 64 bits, else the nearest double: "-0" is -0.0,
 * and what no double can hold is an infinity. */
struct hk_json_number {
    bool is_integer;
    int64_t integer;
    double real;
};

/** Reads a checked number. 0 or HK_ENOMEM (only when it has more than 64 bytes). */
HK_MUST_CHECK int hk_json_number_parse(struct hk_slice text, struct hk_json_number *number);

HK_MUST_CHECK int hk_json_append_integer(struct hk_bytes *out, int64_t integer);

/** Appends the shortest text that reads as this very double, and is none of an integer: 80.5, 3.0,
 * 1e+25. 0, HK_ENOMEM, or HK_EINVAL (NaN and the infinities have no text). */
HK_MUST_CHECK int hk_json_append_real(struct hk_bytes *out, double real);
