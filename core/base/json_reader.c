// SPDX-License-Identifier: Apache-2.0
#include "base/json_reader.h"

#include "base/json_text.h"

struct hk_json_reader hk_json_reader_start(struct hk_json_value value)
{
    return (struct hk_json_reader){ value.text.at, value.text.at + value.text.size };
}

enum hk_json_type hk_json_reader_type(const struct hk_json_reader *reader)
{
    if (reader->at >= reader->end)
        return HK_JSON_NULL;
    return hk__json_value_of(reader->at, reader->end).type;
}

struct hk_slice hk_json_reader_string(struct hk_json_reader *reader, bool *has_escapes)
{
    const char *end = reader->end;
    const char *first = reader->at < end ? reader->at + 1 : end;
    const char *at = hk__json_plain_end(first, end);
    *has_escapes = false;
    while (at < end && *at != '"') {
        if (*at == '\\') {
            *has_escapes = true;
            at++;
        }
        do {
            at += at < end;
        } while (at < end && (unsigned char)*at >= 0x80);
        at = hk__json_plain_end(at, end);
    }
    reader->at = at < end ? at + 1 : end;
    return (struct hk_slice){ first, (size_t)(at - first) };
}

static inline bool is_between(char byte)
{
    return byte == ',' || byte == ':' || byte == ' ' || byte == '\n' || byte == '\r' ||
           byte == '\t';
}

/** Skips what stands between the parts of a container. */
static inline void skip_between(struct hk_json_reader *reader)
{
    while (reader->at < reader->end && is_between(*reader->at))
        reader->at++;
}

struct hk_slice hk_json_reader_key(struct hk_json_reader *reader, bool *has_escapes)
{
    struct hk_slice key = hk_json_reader_string(reader, has_escapes);
    skip_between(reader);
    return key;
}

/** Skips a container: only strings can hide a bracket. */
static void skip_container(struct hk_json_reader *reader)
{
    size_t depth = 0;
    bool has_escapes;
    while (reader->at < reader->end) {
        char byte = *reader->at;
        if (byte == '"') {
            hk_json_reader_string(reader, &has_escapes);
            continue;
        }
        reader->at++;
        if (byte == '{' || byte == '[')
            depth++;
        else if ((byte == '}' || byte == ']') && --depth == 0)
            return;
    }
}

static inline bool is_word(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || byte == '.' ||
           byte == '-' || byte == '+' || byte == 'E';
}

struct hk_json_value hk_json_reader_skip(struct hk_json_reader *reader)
{
    const char *first = reader->at;
    enum hk_json_type type = hk_json_reader_type(reader);
    bool has_escapes;
    if (type == HK_JSON_STRING) {
        hk_json_reader_string(reader, &has_escapes);
    } else if (type == HK_JSON_OBJECT || type == HK_JSON_ARRAY) {
        skip_container(reader);
    } else {
        while (reader->at < reader->end && is_word(*reader->at))
            reader->at++;
    }
    return (struct hk_json_value){ type, { first, (size_t)(reader->at - first) } };
}

void hk_json_reader_enter(struct hk_json_reader *reader)
{
    reader->at += reader->at < reader->end;
}

bool hk_json_reader_next(struct hk_json_reader *reader)
{
    skip_between(reader);
    if (reader->at >= reader->end)
        return false;
    if (*reader->at != ']' && *reader->at != '}')
        return true;
    reader->at++;
    return false;
}
