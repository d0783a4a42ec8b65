// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "buffer.h"

#include <stdbool.h>
#include <stdint.h>

/** JSON of the control port. Its own reader, so that the judge shares no code with the judged. */

enum hk_json_kind {
    HK_JSON_NULL,
    HK_JSON_FALSE,
    HK_JSON_TRUE,
    HK_JSON_NUMBER,
    HK_JSON_STRING,
    HK_JSON_LIST,
    HK_JSON_OBJECT
};

struct hk_json {
    enum hk_json_kind kind;
    double number;
    struct hk_buffer name; /**< as a member of an object */
    struct hk_buffer text; /**< of a string, unescaped; a NUL follows */
    struct hk_json *first; /**< of a list or an object */
    struct hk_json *next;  /**< beside this one in its list or object */
};

/** The document, to be freed with hk_json_free; NULL if it is none, or nested over 16 levels. */
struct hk_json *hk_json_parse(struct hk_span text);
void hk_json_free(struct hk_json *json);

/** The member of that name; NULL if there is none or json is no object (NULL is allowed). */
const struct hk_json *hk_json_get(const struct hk_json *json, const char *name);

/** Text of a string member, or what to take if there is none. */
const char *hk_json_get_text(const struct hk_json *json, const char *name, const char *otherwise);

/** Whole part of a number member, cut to +-2^53, or what to take if there is none. */
int64_t hk_json_get_integer(const struct hk_json *json, const char *name, int64_t otherwise);

/** Appends a JSON string. A byte that is not UTF-8 is written as the Latin-1 character. */
void hk_json_append_string(struct hk_buffer *out, struct hk_span text);

bool hk_json_is_utf8(struct hk_span text);

/** Appends two lower-case digits a byte. */
void hk_json_append_hex(struct hk_buffer *out, struct hk_span bytes);

/** Appends the bytes of an even number of hex digits; false: it is not that. */
bool hk_json_decode_hex(struct hk_buffer *out, struct hk_span digits);
