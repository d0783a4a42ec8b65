// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include "base/check.h"
#include "base/json_text.h"

static int hex_digit(char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    if (character >= 'a' && character <= 'f')
        return character - 'a' + 10;
    if (character >= 'A' && character <= 'F')
        return character - 'A' + 10;
    return -1;
}

/** Reads "\uXXXX"; -1 when it is not there. */
static int32_t unicode_escape(const char *at, const char *end)
{
    int32_t unit = 0;
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

static struct hk__utf8_character utf8_encode(uint32_t point)
{
    if (point < 0x80)
        return (struct hk__utf8_character){ { (char)point }, 1 };
    if (point < 0x800)
        return (struct hk__utf8_character){
            { (char)(0xC0 | point >> 6), (char)(0x80 | (point & 0x3F)) }, 2
        };
    if (point < 0x10000)
        return (struct hk__utf8_character){ { (char)(0xE0 | point >> 12),
                                              (char)(0x80 | (point >> 6 & 0x3F)),
                                              (char)(0x80 | (point & 0x3F)) },
                                            3 };
    return (struct hk__utf8_character){
        { (char)(0xF0 | point >> 18), (char)(0x80 | (point >> 12 & 0x3F)),
          (char)(0x80 | (point >> 6 & 0x3F)), (char)(0x80 | (point & 0x3F)) },
        4
    };
}

size_t hk__json_escape_decode(const char *at, const char *end, struct hk__utf8_character *out)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    if (end - at < 2)
        return 0;
    if (at[1] != 'u') {
        const char *letter = at[1] != '\0' ? strchr(letters, at[1]) : NULL;
        if (letter == NULL)
            return 0;
        *out = (struct hk__utf8_character){ { meanings[letter - letters] }, 1 };
        return 2;
    }
    int32_t unit = unicode_escape(at, end);
    if (unit < 0 || (unit >= 0xDC00 && unit <= 0xDFFF))
        return 0;
    if (unit < 0xD800 || unit > 0xDFFF) {
        *out = utf8_encode((uint32_t)unit);
        return 6;
    }
    int32_t low = unicode_escape(at + 6, end);
    if (low < 0xDC00 || low > 0xDFFF)
        return 0;
    *out = utf8_encode(0x10000 + (((uint32_t)unit & 0x3FF) << 10 | ((uint32_t)low & 0x3FF)));
    return 12;
}

struct hk_json_value hk__json_value_of(const char *at, const char *end)
{
    struct hk_json_value value = { HK_JSON_NUMBER, { at, (size_t)(end - at) } };
    switch (*at) {
    case '{':
        value.type = HK_JSON_OBJECT;
        break;
    case '[':
        value.type = HK_JSON_ARRAY;
        break;
    case '"':
        value.type = HK_JSON_STRING;
        break;
    case 't':
    case 'f':
        value.type = HK_JSON_BOOL;
        break;
    case 'n':
        value.type = HK_JSON_NULL;
        break;
    default:
        break;
    }
    return value;
}

/** Gets the end of a checked string that begins at `at`. */
static const char *string_end(const char *at, const char *end)
{
    for (at = hk__json_plain_end(at + 1, end); at < end; at = hk__json_plain_end(at, end)) {
        if (*at == '"')
            return at + 1;
        at += *at == '\\' && end - at >= 2 ? 2 : 1;
    }
    return end;
}

/** Gets the end of a checked container that begins at `at`. */
static const char *container_end(const char *at, const char *end)
{
    uint32_t depth = 0;
    while (at < end) {
        switch (*at) {
        case '"':
            at = string_end(at, end);
            continue;
        case '{':
        case '[':
            depth++;
            break;
        case '}':
        case ']':
            if (--depth == 0)
                return at + 1;
            break;
        default:
            break;
        }
        at++;
    }
    return end;
}

static bool is_space(char character)
{
    return character == ' ' || character == '\n' || character == '\r' || character == '\t';
}

/** Gets the end of the checked value that begins at `at`. */
static const char *value_end(const char *at, const char *end)
{
    if (*at == '"')
        return string_end(at, end);
    if (*at == '{' || *at == '[')
        return container_end(at, end);
    while (at < end && *at != ',' && *at != '}' && *at != ']' && !is_space(*at))
        at++;
    return at;
}

struct hk_json_walk hk_json_walk_start(struct hk_json_value container)
{
    struct hk_json_walk walk = { .rest = HK_SLICE_EMPTY, .key = HK_SLICE_EMPTY };
    bool is_container = container.type == HK_JSON_OBJECT || container.type == HK_JSON_ARRAY;
    walk.in_object = container.type == HK_JSON_OBJECT;
    if (is_container && container.text.size >= 2)
        walk.rest = (struct hk_slice){ container.text.at + 1, container.text.size - 2 };
    return walk;
}

/** Skips what stands between the parts of a checked container. */
static const char *skip_between(const char *at, const char *end)
{
    while (at < end && (*at == ',' || *at == ':' || is_space(*at)))
        at++;
    return at;
}

bool hk_json_walk_next(struct hk_json_walk *walk)
{
    const char *end = walk->rest.at + walk->rest.size;
    const char *at = skip_between(walk->rest.at, end);
    if (at < end && walk->in_object) {
        const char *key = at;
        at = string_end(at, end);
        walk->key = (struct hk_slice){ key + 1, at - key >= 2 ? (size_t)(at - key) - 2 : 0 };
        at = skip_between(at, end);
    }
    if (at >= end) {
        walk->rest = HK_SLICE_EMPTY;
        return false;
    }
    const char *first = at;
    at = value_end(at, end);
    walk->value = hk__json_value_of(first, at);
    walk->rest = (struct hk_slice){ at, (size_t)(end - at) };
    return true;
}

static bool object_find(struct hk_json_value object, struct hk_slice name,
                        struct hk_json_value *found)
{
    if (object.type != HK_JSON_OBJECT)
        return false;
    struct hk_json_walk walk = hk_json_walk_start(object);
    while (hk_json_walk_next(&walk)) {
        if (hk_json_is_text(walk.key, name)) {
            *found = walk.value;
            return true;
        }
    }
    return false;
}

bool hk_json_find(struct hk_json_value object, const char *name, struct hk_json_value *found)
{
    return object_find(object, hk_slice_of(name), found);
}

bool hk_json_find_path(struct hk_json_value object, const char *path, struct hk_json_value *found)
{
    for (;;) {
        size_t size = strcspn(path, ".");
        if (!object_find(object, (struct hk_slice){ path, size }, &object))
            return false;
        if (path[size] == '\0')
            break;
        path += size + 1;
    }
    *found = object;
    return true;
}

size_t hk_json_unescape(struct hk_slice raw, char *to)
{
    const char *at = raw.at;
    const char *end = raw.at + raw.size;
    char *first = to;
    while (at < end) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        size_t plain_size = (size_t)((escape != NULL ? escape : end) - at);
        memcpy(to, at, plain_size);
        to += plain_size;
        at += plain_size;
        if (at == end)
            break;
        struct hk__utf8_character character;
        size_t size = hk__json_escape_decode(at, end, &character);
        hk_assert(size != 0);
        memcpy(to, character.bytes, character.size);
        to += character.size;
        at += size;
    }
    return (size_t)(to - first);
}

int hk_json_string(struct hk_json_value string, struct hk_bytes *out)
{
    hk_assert(string.type == HK_JSON_STRING && string.text.size >= 2);
    struct hk_slice raw = { string.text.at + 1, string.text.size - 2 };
    int rc = hk_bytes_reserve(out, raw.size);
    if (rc == 0 && raw.size != 0)
        out->size += hk_json_unescape(raw, out->at + out->size);
    return rc;
}

bool hk_json_is_text(struct hk_slice raw, struct hk_slice name)
{
    if (raw.size == 0 || memchr(raw.at, '\\', raw.size) == NULL)
        return hk_slice_is_equal(raw, name);
    const char *at = raw.at;
    const char *end = raw.at + raw.size;
    while (at < end) {
        struct hk__utf8_character character = { { *at }, 1 };
        size_t size = *at == '\\' ? hk__json_escape_decode(at, end, &character) : 1;
        if (size == 0 || character.size > name.size ||
            memcmp(character.bytes, name.at, character.size) != 0)
            return false;
        name.at += character.size;
        name.size -= character.size;
        at += size;
    }
    return name.size == 0;
}

/** Appends the escape of a byte that may not stand in a string as it is. */
static int append_escape(struct hk_bytes *out, unsigned char byte)
{
    static const char letters[] = "\b\f\n\r\t\"\\";
    static const char *const escapes[] = { "\\b", "\\f", "\\n", "\\r", "\\t", "\\\"", "\\\\" };
    const char *letter = byte != 0 ? strchr(letters, byte) : NULL;
    if (letter != NULL)
        return hk_bytes_append(out, escapes[letter - letters], 2);
    return hk_bytes_append_format(out, "\\u%04x", byte);
}

int hk_json_append_string(struct hk_bytes *out, struct hk_slice text)
{
    size_t before = out->size;
    const char *at = text.size != 0 ? text.at : "";
    const char *end = at + text.size;
    int rc = hk_bytes_append(out, "\"", 1);
    while (rc == 0 && at < end) {
        const char *plain = at;
        do {
            at = hk__json_plain_end(at, end);
            while (at < end && (unsigned char)*at >= 0x80)
                at++;
        } while (at < end && !hk__json_is_special((unsigned char)*at));
        rc = hk_bytes_append(out, plain, (size_t)(at - plain));
        if (rc == 0 && at < end)
            rc = append_escape(out, (unsigned char)*at++);
    }
    if (rc == 0)
        rc = hk_bytes_append(out, "\"", 1);
    if (rc != 0)
        out->size = before;
    return rc;
}

int hk_json_integer(struct hk_json_value number, int64_t *value)
{
    struct hk_slice digits = number.text;
    bool is_negative = digits.size > 0 && digits.at[0] == '-';
    uint64_t magnitude;
    if (number.type != HK_JSON_NUMBER)
        return HK_EINVAL;
    if (is_negative) {
        digits.at++;
        digits.size--;
    }
    uint64_t max = is_negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    int rc = hk_slice_parse_u64(digits, max, &magnitude);
    if (rc != 0)
        return rc == HK_ESYNTAX ? HK_EINVAL : rc;
    // Negated before it is made signed, so that -2^63 fits.
    *value = is_negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return 0;
}

bool hk_utf8_is_valid(struct hk_slice text)
{
    const char *at = text.size != 0 ? text.at : "";
    const char *end = at + text.size;
    while (at < end) {
        size_t size = hk__utf8_size(at, end);
        if (size == 0)
            return false;
        at += size;
    }
    return true;
}

size_t hk_utf8_count(struct hk_slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += !hk__utf8_is_continuation(text.at[i]);
    return count;
}
