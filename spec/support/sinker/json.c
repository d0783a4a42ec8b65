// SPDX-License-Identifier: Apache-2.0
#include "json.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 16, NUMBER_BYTES_MAX = 40 };

static const double INTEGER_MAX = 9007199254740992.0;

struct reader {
    const char *at;
    const char *end;
    unsigned depth;
};

static struct hk_json *read_value(struct reader *reader);

static char peek(const struct reader *reader)
{
    return reader->at < reader->end ? *reader->at : 0;
}

static void skip_space(struct reader *reader)
{
    while (reader->at < reader->end && memchr(" \t\r\n", *reader->at, 4) != NULL) {
        reader->at++;
    }
}

static bool take(struct reader *reader, char wanted)
{
    skip_space(reader);
    if (peek(reader) != wanted) {
        return false;
    }
    reader->at++;
    return true;
}

static int hex_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_unit(struct reader *reader, uint32_t *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_of(peek(reader));
        if (digit < 0) {
            return false;
        }
        *unit = *unit * 16 + (uint32_t)digit;
        reader->at++;
    }
    return true;
}

static void append_character(struct hk_buffer *out, uint32_t c)
{
    char bytes[4];
    size_t count = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char marks[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    for (size_t i = count; i-- > 1; c >>= 6) {
        bytes[i] = (char)(0x80 | (c & 0x3f));
    }
    bytes[0] = (char)(marks[count] | c);
    hk_buffer_append(out, bytes, count);
}

static bool read_character(struct reader *reader, struct hk_buffer *out)
{
    uint32_t high, low;
    if (!read_unit(reader, &high)) {
        return false;
    }
    if (high >= 0xd800 && high < 0xdc00) {
        if (reader->end - reader->at < 6 || *reader->at++ != '\\' || *reader->at++ != 'u' ||
            !read_unit(reader, &low) || low < 0xdc00 || low > 0xdfff) {
            return false;
        }
        high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    }
    append_character(out, high);
    return true;
}

static bool read_escape(struct reader *reader, struct hk_buffer *out)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    char c = peek(reader);
    reader->at++;
    if (c == 'u') {
        return read_character(reader, out);
    }
    const char *found = c != 0 ? strchr(from, c) : NULL;
    if (found != NULL) {
        hk_buffer_append(out, &to[found - from], 1);
    }
    return found != NULL;
}

static bool read_string(struct reader *reader, struct hk_buffer *out)
{
    if (!take(reader, '"')) {
        return false;
    }
    while (reader->at < reader->end && *reader->at != '"') {
        char c = *reader->at++;
        if (c != '\\') {
            hk_buffer_append(out, &c, 1);
        } else if (!read_escape(reader, out)) {
            return false;
        }
    }
    hk_buffer_append(out, "", 1);
    out->bytes--;
    return take(reader, '"');
}

static bool read_number(struct reader *reader, double *number)
{
    char text[NUMBER_BYTES_MAX];
    size_t bytes = 0;
    while (reader->at < reader->end && bytes + 1 < sizeof text &&
           memchr("+-.0123456789eE", *reader->at, 15) != NULL) {
        text[bytes++] = *reader->at++;
    }
    text[bytes] = 0;
    char *end;
    *number = strtod(text, &end);
    return bytes > 0 && *end == 0;
}

static bool read_word(struct reader *reader, const char *word)
{
    size_t bytes = strlen(word);
    if ((size_t)(reader->end - reader->at) < bytes || memcmp(reader->at, word, bytes) != 0) {
        return false;
    }
    reader->at += bytes;
    return true;
}

// Not deeper than DEPTH_MAX.
// NOLINTNEXTLINE(misc-no-recursion)
static bool read_children(struct reader *reader, struct hk_json *parent, char closing)
{
    struct hk_json **link = &parent->first;
    reader->at++;
    if (take(reader, closing)) {
        return true;
    }
    do {
        struct hk_buffer name = { 0 };
        if (closing == '}' && (!read_string(reader, &name) || !take(reader, ':'))) {
            hk_buffer_fini(&name);
            return false;
        }
        *link = read_value(reader);
        if (*link == NULL) {
            hk_buffer_fini(&name);
            return false;
        }
        (*link)->name = name;
        link = &(*link)->next;
    } while (take(reader, ','));
    return take(reader, closing);
}

// NOLINTNEXTLINE(misc-no-recursion)
static bool read_into(struct reader *reader, struct hk_json *json)
{
    switch (peek(reader)) {
    case '{':
        json->kind = HK_JSON_OBJECT;
        return read_children(reader, json, '}');
    case '[':
        json->kind = HK_JSON_LIST;
        return read_children(reader, json, ']');
    case '"':
        json->kind = HK_JSON_STRING;
        return read_string(reader, &json->text);
    case 't':
        json->kind = HK_JSON_TRUE;
        return read_word(reader, "true");
    case 'f':
        json->kind = HK_JSON_FALSE;
        return read_word(reader, "false");
    case 'n':
        return read_word(reader, "null");
    default:
        json->kind = HK_JSON_NUMBER;
        return read_number(reader, &json->number);
    }
}

// NOLINTNEXTLINE(misc-no-recursion)
static struct hk_json *read_value(struct reader *reader)
{
    skip_space(reader);
    if (reader->depth == DEPTH_MAX) {
        return NULL;
    }
    reader->depth++;
    struct hk_json *json = hk_memory_new(sizeof *json);
    bool is_read = read_into(reader, json);
    reader->depth--;
    if (is_read) {
        return json;
    }
    hk_json_free(json);
    return NULL;
}

struct hk_json *hk_json_parse(struct hk_span text)
{
    struct reader reader = { .at = text.at, .end = text.at + text.bytes };
    struct hk_json *json = read_value(&reader);
    skip_space(&reader);
    if (json != NULL && reader.at != reader.end) {
        hk_json_free(json);
        return NULL;
    }
    return json;
}

// Not deeper than DEPTH_MAX, because nothing deeper is ever read.
// NOLINTNEXTLINE(misc-no-recursion)
void hk_json_free(struct hk_json *json)
{
    while (json != NULL) {
        struct hk_json *next = json->next;
        hk_json_free(json->first);
        hk_buffer_fini(&json->name);
        hk_buffer_fini(&json->text);
        hk_memory_free(json);
        json = next;
    }
}

const struct hk_json *hk_json_get(const struct hk_json *json, const char *name)
{
    if (json == NULL || json->kind != HK_JSON_OBJECT) {
        return NULL;
    }
    const struct hk_json *member = json->first;
    while (member != NULL && strcmp(member->name.data, name) != 0) {
        member = member->next;
    }
    return member;
}

const char *hk_json_get_text(const struct hk_json *json, const char *name, const char *otherwise)
{
    const struct hk_json *member = hk_json_get(json, name);
    return member != NULL && member->kind == HK_JSON_STRING ? member->text.data : otherwise;
}

int64_t hk_json_get_integer(const struct hk_json *json, const char *name, int64_t otherwise)
{
    const struct hk_json *member = hk_json_get(json, name);
    if (member == NULL || member->kind != HK_JSON_NUMBER) {
        return otherwise;
    }
    double number = member->number;
    number = number > INTEGER_MAX ? INTEGER_MAX : number;
    return (int64_t)(number < -INTEGER_MAX ? -INTEGER_MAX : number);
}

/** Bytes of the character at the front, 0 if it is not UTF-8 (RFC 3629). */
static size_t character_bytes(struct hk_span text)
{
    unsigned char lead = (unsigned char)text.at[0];
    size_t bytes = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (bytes == 0 || lead > 0xf4 || bytes > text.bytes) {
        return 0;
    }
    for (size_t i = 1; i < bytes; i++) {
        if (((unsigned char)text.at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    unsigned char second = bytes > 2 ? (unsigned char)text.at[1] : 0x80;
    bool is_bad = (lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
                  (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f);
    return is_bad ? 0 : bytes;
}

bool hk_json_is_utf8(struct hk_span text)
{
    while (text.bytes > 0) {
        size_t bytes = character_bytes(text);
        if (bytes == 0) {
            return false;
        }
        text.at += bytes;
        text.bytes -= bytes;
    }
    return true;
}

void hk_json_append_string(struct hk_buffer *out, struct hk_span text)
{
    hk_buffer_append_text(out, "\"");
    while (text.bytes > 0) {
        unsigned char c = (unsigned char)text.at[0];
        size_t bytes = character_bytes(text);
        if (c == '"' || c == '\\') {
            hk_buffer_append_text(out, c == '"' ? "\\\"" : "\\\\");
        } else if (c < ' ' || c == 127 || bytes == 0) {
            hk_buffer_print(out, "\\u%04x", c);
        } else {
            hk_buffer_append(out, text.at, bytes);
        }
        bytes += bytes == 0;
        text.at += bytes;
        text.bytes -= bytes;
    }
    hk_buffer_append_text(out, "\"");
}

void hk_json_append_hex(struct hk_buffer *out, struct hk_span bytes)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.bytes; i++) {
        unsigned char c = (unsigned char)bytes.at[i];
        char pair[2] = { digits[c >> 4], digits[c & 15] };
        hk_buffer_append(out, pair, 2);
    }
}

bool hk_json_decode_hex(struct hk_buffer *out, struct hk_span digits)
{
    for (size_t i = 0; i + 1 < digits.bytes; i += 2) {
        int high = hex_of(digits.at[i]);
        int low = hex_of(digits.at[i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        char c = (char)(high * 16 + low);
        hk_buffer_append(out, &c, 1);
    }
    return digits.bytes % 2 == 0;
}
