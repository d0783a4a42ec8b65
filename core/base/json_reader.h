// SPDX-License-Identifier: Apache-2.0
/** Reads checked JSON in one pass, front to back, for who decodes all of it (hk_json_walk reads
 * what is inside of a value once more at each level). Nothing is checked again, and nothing is read
 * beyond the end. Pure; thread: any.
 *
 * ```
 * static void use(struct hk_json_reader *reader)
 * {
 *     if (hk_json_reader_type(reader) != HK_JSON_OBJECT) { ...hk_json_reader_skip(reader); return;
 * } hk_json_reader_enter(reader); while (hk_json_reader_next(reader)) { key =
 * hk_json_reader_key(reader, &has_escapes); use(reader);
 *     }
 * }
 * ``` */
#pragma once
#include "base/json.h"

struct hk_json_reader {
    const char *at; /**< First byte of what is read next. */
    const char *end;
};

struct hk_json_reader hk_json_reader_start(struct hk_json_value value);

/** Gets the type of the value that is read next. */
enum hk_json_type hk_json_reader_type(const struct hk_json_reader *reader);

/** Reads a string: what is between its quotes, escapes kept. */
struct hk_slice hk_json_reader_string(struct hk_json_reader *reader, bool *has_escapes);

/** Reads a member's key likewise, and goes to its value. */
struct hk_slice hk_json_reader_key(struct hk_json_reader *reader, bool *has_escapes);

/** Reads a value, whole. */
struct hk_json_value hk_json_reader_skip(struct hk_json_reader *reader);

/** Goes behind the bracket that opens an object or an array. */
void hk_json_reader_enter(struct hk_json_reader *reader);

/** Goes to the next member's key or the next element; false, and behind the closing bracket, when
 * there is none. */
bool hk_json_reader_next(struct hk_json_reader *reader);
