// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include "base/json_keys.h"
#include "base/json_text.h"

#define DOCUMENT_BYTES_MAX INT32_MAX

struct level {
    bool in_object;
    struct hk__json_mark keys;
};

/** A scan under way. `at` is where it is and, after a refusal, what was refused. */
struct scan {
    const char *start;
    const char *at;
    const char *end;
    const char *reason;
    uint32_t depth;
    struct level levels[HK_JSON_DEPTH_MAX];
    struct hk__json_keys keys;
};

static int refuse(struct scan *scan, const char *at, const char *reason)
{
    scan->at = at;
    scan->reason = reason;
    return HK_ESYNTAX;
}

static inline void skip_space(struct scan *scan)
{
    while (scan->at < scan->end &&
           (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' || *scan->at == '\t'))
        scan->at++;
}

static int refuse_escape(struct scan *scan, const char *at)
{
    bool is_unicode = scan->end - at >= 2 && at[1] == 'u';
    return refuse(scan, at, is_unicode ? "invalid \\u escape or lone surrogate" : "invalid escape");
}

/** Scans a string from its opening quote to behind its closing one. */
static int scan_string(struct scan *scan, bool *has_escapes)
{
    const char *at = scan->at + 1;
    struct hk__utf8_character character;
    for (;;) {
        at = hk__json_plain_end(at, scan->end);
        if (at == scan->end)
            return refuse(scan, at, "unterminated string");
        if (*at == '"') {
            scan->at = at + 1;
            return 0;
        }
        if (*at == '\\') {
            size_t size = hk__json_escape_decode(at, scan->end, &character);
            if (size == 0)
                return refuse_escape(scan, at);
            *has_escapes = true;
            at += size;
            continue;
        }
        if ((unsigned char)*at < 0x20)
            return refuse(scan, at, "control character in a string");
        while (at < scan->end && (unsigned char)*at >= 0x80) {
            size_t size = hk__utf8_size(at, scan->end);
            if (size == 0)
                return refuse(scan, at, "invalid UTF-8");
            at += size;
        }
    }
}

/** Skips digits; false when there is none. */
static inline bool skip_digits(struct scan *scan)
{
    const char *first = scan->at;
    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
        scan->at++;
    return scan->at != first;
}

static inline bool skip_one(struct scan *scan, char character)
{
    if (scan->at == scan->end || *scan->at != character)
        return false;
    scan->at++;
    return true;
}

static int scan_number(struct scan *scan)
{
    static const char reason[] = "invalid number";
    skip_one(scan, '-');
    // A leading zero stands alone.
    if (!skip_one(scan, '0') && !skip_digits(scan))
        return refuse(scan, scan->at, reason);
    if (skip_one(scan, '.') && !skip_digits(scan))
        return refuse(scan, scan->at, reason);
    if (skip_one(scan, 'e') || skip_one(scan, 'E')) {
        if (!skip_one(scan, '+'))
            skip_one(scan, '-');
        if (!skip_digits(scan))
            return refuse(scan, scan->at, reason);
    }
    return 0;
}

static int scan_word(struct scan *scan, const char *word, size_t size)
{
    if ((size_t)(scan->end - scan->at) < size || memcmp(scan->at, word, size) != 0)
        return refuse(scan, scan->at, "unexpected character");
    scan->at += size;
    return 0;
}

/** Scans a key and its colon, up to the value. */
static int scan_key(struct scan *scan)
{
    struct level *level = &scan->levels[scan->depth - 1];
    const char *quote = scan->at;
    bool has_escapes = false;
    if (quote == scan->end)
        return refuse(scan, quote, "unexpected end");
    if (*quote != '"')
        return refuse(scan, quote, "a key must be a string");
    int rc = scan_string(scan, &has_escapes);
    if (rc != 0)
        return rc;
    struct hk_slice raw = { quote + 1, (size_t)(scan->at - quote) - 2 };
    rc = hk__json_keys_add(&scan->keys, &level->keys, raw, has_escapes);
    if (rc == HK_EEXISTS)
        return refuse(scan, quote, "duplicate key");
    if (rc != 0)
        return rc;
    skip_space(scan);
    if (!skip_one(scan, ':'))
        return refuse(scan, scan->at, "expected ':'");
    return 0;
}

static void close_container(struct scan *scan)
{
    const struct level *level = &scan->levels[--scan->depth];
    scan->at++;
    if (level->in_object)
        hk__json_keys_close(&scan->keys, &level->keys);
}

/** Enters a container, up to its first value; `is_complete` when it has none. */
static int open_container(struct scan *scan, bool *is_complete)
{
    bool in_object = *scan->at == '{';
    if (scan->depth == HK_JSON_DEPTH_MAX)
        return refuse(scan, scan->at, "nested too deep");
    struct level *level = &scan->levels[scan->depth++];
    level->in_object = in_object;
    if (in_object)
        level->keys = hk__json_keys_open(&scan->keys);
    scan->at++;
    skip_space(scan);
    if (scan->at < scan->end && *scan->at == (in_object ? '}' : ']')) {
        close_container(scan);
        return 0;
    }
    *is_complete = false;
    return in_object ? scan_key(scan) : 0;
}

/** Scans what begins a value: all of a scalar, the opening of a container. */
static int scan_value(struct scan *scan, bool *is_complete)
{
    bool has_escapes = false;
    *is_complete = true;
    skip_space(scan);
    if (scan->at == scan->end)
        return refuse(scan, scan->at, "unexpected end");
    switch (*scan->at) {
    case '"':
        return scan_string(scan, &has_escapes);
    case '{':
    case '[':
        return open_container(scan, is_complete);
    case 't':
        return scan_word(scan, "true", 4);
    case 'f':
        return scan_word(scan, "false", 5);
    case 'n':
        return scan_word(scan, "null", 4);
    default:
        break;
    }
    if (*scan->at == '-' || (*scan->at >= '0' && *scan->at <= '9'))
        return scan_number(scan);
    return refuse(scan, scan->at, "unexpected character");
}

/** Scans what follows a value inside a container: the way to the next value, or the closing. */
static int scan_after(struct scan *scan, bool *is_complete)
{
    bool in_object = scan->levels[scan->depth - 1].in_object;
    skip_space(scan);
    if (scan->at == scan->end)
        return refuse(scan, scan->at, "unexpected end");
    if (*scan->at == (in_object ? '}' : ']')) {
        close_container(scan);
        return 0;
    }
    if (!skip_one(scan, ','))
        return refuse(scan, scan->at, in_object ? "expected ',' or '}'" : "expected ',' or ']'");
    *is_complete = false;
    if (!in_object)
        return 0;
    skip_space(scan);
    return scan_key(scan);
}

static int scan_top(struct scan *scan)
{
    bool is_complete;
    int rc;
    do {
        rc = scan_value(scan, &is_complete);
        while (rc == 0 && is_complete && scan->depth > 0)
            rc = scan_after(scan, &is_complete);
    } while (rc == 0 && !is_complete);
    return rc;
}

static int scan_document(struct scan *scan, struct hk_json_value *top)
{
    if (scan->end - scan->start > DOCUMENT_BYTES_MAX)
        return refuse(scan, scan->start, "document of 2 GiB or more");
    if (scan->end - scan->start >= 3 && memcmp(scan->start, "\xEF\xBB\xBF", 3) == 0)
        return refuse(scan, scan->start, "byte order mark");
    skip_space(scan);
    if (scan->at == scan->end)
        return refuse(scan, scan->at, "empty document");
    const char *first = scan->at;
    int rc = scan_top(scan);
    if (rc != 0)
        return rc;
    *top = hk__json_value_of(first, scan->at);
    skip_space(scan);
    if (scan->at != scan->end)
        return refuse(scan, scan->at, "text after the document");
    return 0;
}

/** Counts lines and columns, which only a refusal needs. */
static void fault_fill(struct hk_json_fault *fault, const struct scan *scan, int rc)
{
    *fault = (struct hk_json_fault){ 1, 1, rc == HK_ESYNTAX ? scan->reason : "out of memory" };
    for (const char *at = scan->start; at < scan->at; at++) {
        fault->column++;
        if (*at == '\n') {
            fault->line++;
            fault->column = 1;
        }
    }
}

int hk_json_scan(struct hk_slice document, struct hk_json_value *top, struct hk_json_fault *fault)
{
    struct scan scan;
    scan.start = document.size != 0 ? document.at : "";
    scan.at = scan.start;
    scan.end = scan.start + document.size;
    scan.reason = "";
    scan.depth = 0;
    hk__json_keys_init(&scan.keys, scan.start);
    int rc = scan_document(&scan, top);
    hk__json_keys_fini(&scan.keys);
    if (rc != 0 && fault != NULL)
        fault_fill(fault, &scan, rc);
    return rc;
}
