// SPDX-License-Identifier: Apache-2.0
/* MessagePack (msgpack.org specification, 2013) to JSON text, pulled byte by byte: nothing is
 * allocated for what a count claims, each claim is checked against the bytes that are left. */
#include "base/json.h"
#include "policy/table_draft.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct source {
    const unsigned char *first, *at, *end;
    const char *wrong; /**< The first fault; `at` is where it is. */
    int rc;            /**< HK_ENOMEM, apart from that. */
};

enum kind {
    KIND_NIL,
    KIND_BOOL,
    KIND_UINT,
    KIND_INT,
    KIND_FLOAT,
    KIND_DOUBLE,
    KIND_TEXT,
    KIND_ARRAY,
    KIND_MAP,
    KIND_WRONG
};

/** The head of a value; `size` is of text in bytes, of arrays and maps in elements. */
struct head {
    enum kind kind;
    union {
        bool is_true;
        uint64_t natural;
        int64_t integer;
        double number;
        uint32_t size;
    };
};

static struct head refuse(struct source *source, const char *wrong)
{
    if (source->wrong == NULL)
        source->wrong = wrong;
    return (struct head){ .kind = KIND_WRONG };
}

/** Takes a big-endian number of 1, 2, 4 or 8 bytes. */
static uint64_t take_number(struct source *source, size_t size)
{
    uint64_t value = 0;
    if ((size_t)(source->end - source->at) < size) {
        (void)refuse(source, "the file ends inside a value");
        return 0;
    }
    for (size_t i = 0; i < size; i++)
        value = value << 8 | *source->at++;
    return value;
}

static struct head head_sized(struct source *source, enum kind kind, uint64_t size)
{
    size_t left = (size_t)(source->end - source->at);
    uint64_t bytes_least = kind == KIND_MAP ? 2 * size : size;
    if (source->wrong != NULL)
        return (struct head){ .kind = KIND_WRONG };
    if (bytes_least > left)
        return refuse(source, "the file ends inside a value");
    return (struct head){ .kind = kind, .size = (uint32_t)size };
}

static struct head head_integer(struct source *source, unsigned char tag)
{
    unsigned bits = 8u << (tag & 3);
    uint64_t raw = take_number(source, bits / 8);
    if (tag < 0xD0)
        return (struct head){ .kind = KIND_UINT, .natural = raw };
    int64_t integer = bits == 8    ? (int8_t)raw
                      : bits == 16 ? (int16_t)raw
                      : bits == 32 ? (int32_t)raw
                                   : (int64_t)raw;
    return (struct head){ .kind = KIND_INT, .integer = integer };
}

static struct head head_float(struct source *source, unsigned char tag)
{
    struct head head = { .kind = tag == 0xCA ? KIND_FLOAT : KIND_DOUBLE };
    if (tag == 0xCA) {
        uint32_t raw = (uint32_t)take_number(source, 4);
        float single;
        memcpy(&single, &raw, sizeof(single));
        head.number = (double)single;
    } else {
        uint64_t raw = take_number(source, 8);
        memcpy(&head.number, &raw, sizeof(head.number));
    }
    if (!isfinite(head.number))
        return refuse(source, "a number that is not finite cannot be JSON");
    return head;
}

static struct head take_head(struct source *source)
{
    if (source->at == source->end)
        return refuse(source, "the file ends inside a value");
    unsigned char tag = *source->at++;
    if (tag <= 0x7F)
        return (struct head){ .kind = KIND_UINT, .natural = tag };
    if (tag >= 0xE0)
        return (struct head){ .kind = KIND_INT, .integer = (int8_t)tag };
    if (tag <= 0x8F)
        return head_sized(source, KIND_MAP, tag & 0x0F);
    if (tag <= 0x9F)
        return head_sized(source, KIND_ARRAY, tag & 0x0F);
    if (tag <= 0xBF)
        return head_sized(source, KIND_TEXT, tag & 0x1F);
    if (tag == 0xC0)
        return (struct head){ .kind = KIND_NIL };
    if (tag == 0xC2 || tag == 0xC3)
        return (struct head){ .kind = KIND_BOOL, .is_true = tag == 0xC3 };
    if (tag == 0xCA || tag == 0xCB)
        return head_float(source, tag);
    if (tag >= 0xCC && tag <= 0xD3)
        return head_integer(source, tag);
    if (tag >= 0xD9 && tag <= 0xDB)
        return head_sized(source, KIND_TEXT, take_number(source, (size_t)1 << (tag - 0xD9)));
    if (tag == 0xDC || tag == 0xDD)
        return head_sized(source, KIND_ARRAY, take_number(source, tag == 0xDC ? 2 : 4));
    if (tag == 0xDE || tag == 0xDF)
        return head_sized(source, KIND_MAP, take_number(source, tag == 0xDE ? 2 : 4));
    source->at--;
    return refuse(source, "binary data and extension types cannot be JSON");
}

static struct hk_slice take_text(struct source *source, uint32_t size)
{
    struct hk_slice text = { (const char *)source->at, size };
    source->at += size;
    if (!hk_utf8_is_valid(text))
        (void)refuse(source, "text that is not UTF-8");
    return text;
}

/** Keeps a failed append; what goes on appending after it does no harm. */
static void keep(struct source *source, int rc)
{
    if (rc != 0) {
        source->rc = rc;
        (void)refuse(source, "out of memory");
    }
}

/** The shortest text that reads back as the same number, and reads as a float. */
static void append_float(struct source *source, struct head head, struct hk_bytes *out)
{
    char text[40];
    int digits = head.kind == KIND_FLOAT ? 6 : 15;
    for (;; digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, head.number);
        if (digits == 17)
            break;
        if (head.kind == KIND_FLOAT ? (double)strtof(text, NULL) == head.number
                                    : strtod(text, NULL) == head.number)
            break;
    }
    keep(source, hk_bytes_append_text(out, text));
    if (strpbrk(text, ".e") == NULL)
        keep(source, hk_bytes_append_text(out, ".0"));
}

static void append_integer(struct source *source, struct head head, struct hk_bytes *out)
{
    if (head.kind == KIND_UINT)
        keep(source, hk_bytes_append_format(out, "%llu", (unsigned long long)head.natural));
    else
        keep(source, hk_bytes_append_format(out, "%lld", (long long)head.integer));
}

/** Appends a map's key as plain text. */
static void append_key(struct source *source, struct hk_bytes *out)
{
    struct head head = take_head(source);
    if (head.kind == KIND_UINT || head.kind == KIND_INT) {
        append_integer(source, head, out);
    } else if (head.kind == KIND_TEXT) {
        struct hk_slice text = take_text(source, head.size);
        keep(source, hk_bytes_append(out, text.at, text.size));
    } else {
        (void)refuse(source, "a key of a map is text or an integer");
    }
}

/** What a walk is inside of. */
struct level {
    bool is_map;
    uint32_t left;
    bool is_first;
};

static void append_scalar(struct source *source, struct head head, struct hk_bytes *out)
{
    switch (head.kind) {
    case KIND_NIL:
        keep(source, hk_bytes_append_text(out, "null"));
        break;
    case KIND_BOOL:
        keep(source, hk_bytes_append_text(out, head.is_true ? "true" : "false"));
        break;
    case KIND_UINT:
    case KIND_INT:
        append_integer(source, head, out);
        break;
    case KIND_FLOAT:
    case KIND_DOUBLE:
        append_float(source, head, out);
        break;
    case KIND_TEXT:
        keep(source, hk_json_append_string(out, take_text(source, head.size)));
        break;
    default:
        break;
    }
}

static void append_member_key(struct source *source, struct hk_bytes *key, struct hk_bytes *out)
{
    hk_bytes_clear(key);
    append_key(source, key);
    if (source->wrong != NULL)
        return;
    keep(source, hk_json_append_string(out, hk_bytes_slice(key)));
    keep(source, hk_bytes_append_text(out, ":"));
}

/** Appends one whole value as JSON; `key` is scratch. */
static void append_value(struct source *source, struct hk_bytes *key, struct hk_bytes *out)
{
    struct level levels[HK_JSON_DEPTH_MAX];
    uint32_t depth = 0;
    do {
        struct head head = take_head(source);
        if (head.kind == KIND_ARRAY || head.kind == KIND_MAP) {
            if (depth == HK_JSON_DEPTH_MAX) {
                (void)refuse(source, "more than 64 levels");
                return;
            }
            levels[depth++] = (struct level){ head.kind == KIND_MAP, head.size, true };
            keep(source, hk_bytes_append_text(out, head.kind == KIND_MAP ? "{" : "["));
        } else {
            append_scalar(source, head, out);
        }
        while (depth > 0 && levels[depth - 1].left == 0)
            keep(source, hk_bytes_append_text(out, levels[--depth].is_map ? "}" : "]"));
        if (depth > 0 && source->wrong == NULL) {
            struct level *level = &levels[depth - 1];
            level->left--;
            if (!level->is_first)
                keep(source, hk_bytes_append_text(out, ","));
            level->is_first = false;
            if (level->is_map)
                append_member_key(source, key, out);
        }
    } while (depth > 0 && source->wrong == NULL);
}

static int source_refuse(const struct hk__table_draft *draft, const struct source *source,
                         struct hk_fault *fault)
{
    if (source->rc != 0)
        return hk_fault_set(fault, source->rc, "%s: out of memory", draft->path);
    return hk_fault_set(fault, HK_ESYNTAX, "%s: byte %zu: %s", draft->path,
                        (size_t)(source->at - source->first), source->wrong);
}

/** Reads one key and its value, and adds them. */
static int entry_read(struct source *source, struct hk__table_draft *draft, struct hk_bytes *text,
                      struct hk_fault *fault)
{
    struct hk_bytes *key = &text[0];
    struct hk_bytes *value = &text[1];
    struct hk_json_value top;
    struct hk_json_fault json = { 0 };
    size_t at = (size_t)(source->at - source->first);
    hk_bytes_clear(key);
    hk_bytes_clear(value);
    append_key(source, key);
    if (source->wrong == NULL)
        append_value(source, &text[2], value);
    if (source->wrong != NULL)
        return source_refuse(draft, source, fault);
    // Finds what only a reader of the whole value sees: keys that stand twice.
    int rc = hk_json_scan(hk_bytes_slice(value), &top, &json);
    if (rc == HK_ESYNTAX)
        return hk_fault_set(fault, rc, "%s: byte %zu: in the value: %s", draft->path, at,
                            json.reason);
    if (rc == 0)
        rc = hk__table_draft_add(draft, hk_bytes_slice(key), hk_bytes_slice(value));
    struct hk_slice start = hk_slice_cut(hk_bytes_slice(key), 100);
    if (rc == HK_EEXISTS)
        return hk_fault_set(fault, HK_ESYNTAX, "%s: byte %zu: the key '%.*s' stands there twice",
                            draft->path, at, (int)start.size, start.at);
    if (rc != 0)
        return hk_fault_set(fault, rc, "%s: byte %zu: %s", draft->path, at, hk_error_text(rc));
    return 0;
}

int hk__table_read_msgpack(struct hk__table_draft *draft, struct hk_fault *fault)
{
    const unsigned char *first = (const unsigned char *)draft->source.at;
    struct source source = { first, first, first + draft->source.size, NULL, 0 };
    struct hk_bytes text[3] = { { 0 } };
    struct head head = take_head(&source);
    int rc = 0;
    if (head.kind != KIND_MAP) {
        source.at = source.first;
        source.wrong = "a map (key: value) is expected";
        return source_refuse(draft, &source, fault);
    }
    for (uint32_t i = 0; rc == 0 && i < head.size; i++)
        rc = entry_read(&source, draft, text, fault);
    if (rc == 0 && source.at != source.end) {
        (void)refuse(&source, "something stands behind the map");
        rc = source_refuse(draft, &source, fault);
    }
    for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
        hk_bytes_fini(&text[i]);
    return rc;
}
