// SPDX-License-Identifier: Apache-2.0
/** JSON (RFC 8259): one strict scanner that keeps the text.
 *
 * Event bodies go out byte for byte, so nothing is decoded into a tree: the scanner checks the
 * whole document and hands out the byte ranges of what its caller asks for. Strict means: valid
 * UTF-8 (no surrogates, no overlong forms, no BOM), at most HK_JSON_DEPTH_MAX levels, no duplicate
 * keys in one object (compared after unescaping), no trailing text, lone \u surrogates refused.
 * Numbers stay text, so 0.10 stays 0.10. Pure; thread: any. Faults: where (line and column, both
 * from 1, columns in bytes) and what. Allocates only when objects have
 * more than a few dozen members or keys have escapes. Linear in the size of the document, whatever
 * is in it. */
#pragma once
#include "base/bytes.h"

#define HK_JSON_DEPTH_MAX 64

enum hk_json_type {
    HK_JSON_NULL = 1,
    HK_JSON_BOOL,
    HK_JSON_NUMBER,
    HK_JSON_STRING,
    HK_JSON_ARRAY,
    HK_JSON_OBJECT,
};

/** A value inside a checked document: its kind and its exact text (strings with their quotes). */
struct hk_json_value {
    enum hk_json_type type;
    struct hk_slice text;
};

/** Why a document was refused. */
struct hk_json_fault {
    uint32_t line;
    uint32_t column;
    const char *reason; /**< Static text. */
};

/** Checks a whole document (under 2 GiB) and gets its top value, which points into it. 0,
 * HK_ESYNTAX (also depth and duplicates), or HK_ENOMEM. `fault` may be NULL. */
HK_MUST_CHECK int hk_json_scan(struct hk_slice document, struct hk_json_value *top,
                               struct hk_json_fault *fault);

/** Walks the members of a checked object or the elements of a checked array; of anything else
 * there is nothing to walk.
 * ```
 * struct hk_json_walk walk = hk_json_walk_start(value);
 * while (hk_json_walk_next(&walk)) use(walk.key, walk.value);
 * ``` */
struct hk_json_walk {
    struct hk_slice rest;
    struct hk_slice key; /**< Raw, without quotes, escapes kept; empty in an array. */
    struct hk_json_value value;
    bool in_object;
};

struct hk_json_walk hk_json_walk_start(struct hk_json_value container);
bool hk_json_walk_next(struct hk_json_walk *walk);

/** Finds a member of a checked object by its unescaped name; false when it is not there or when
 * `object` is no object. */
bool hk_json_find(struct hk_json_value object, const char *name, struct hk_json_value *found);

/** Finds by a path of names, "order.id"; names with dots cannot be reached. */
bool hk_json_find_path(struct hk_json_value object, const char *path, struct hk_json_value *found);

/** Appends the unescaped bytes of a string value (UTF-8, may hold zero bytes). 0 or HK_ENOMEM;
 * asserts that it is a string. */
HK_MUST_CHECK int hk_json_string(struct hk_json_value string, struct hk_bytes *out);

/** Writes the unescaped bytes of a checked key or string content to `to`, which has room for
 * `raw.size` bytes: an escape is never shorter than what it stands for. Returns how many. */
size_t hk_json_unescape(struct hk_slice raw, char *to);

/** Is this raw key or string content equal to `name` once unescaped? */
bool hk_json_is_text(struct hk_slice raw, struct hk_slice name);

/** Appends `text` (valid UTF-8) as a JSON string with quotes; control characters are escaped. */
HK_MUST_CHECK int hk_json_append_string(struct hk_bytes *out, struct hk_slice text);

/** Reads an integer value exactly; 0, HK_EINVAL (no number, or one with a fraction or exponent) or
 * HK_ELIMIT (does not fit). */
HK_MUST_CHECK int hk_json_integer(struct hk_json_value number, int64_t *value);

/** Checks UTF-8 strictly (RFC 3629). */
bool hk_utf8_is_valid(struct hk_slice text);

/** Counts the characters (code points) of valid UTF-8. */
size_t hk_utf8_count(struct hk_slice text);
