// SPDX-License-Identifier: Apache-2.0
/* Scans any bytes as JSON. What is refused must say where; what is accepted must be walked whole,
 * each part inside its container, and must mean the same when it is written again. */
#include "base/json.h"

#include "base/alloc.h"
#include "base/check.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

static bool is_inside(struct hk_slice part, struct hk_slice whole)
{
    return part.at >= whole.at && part.at + part.size <= whole.at + whole.size;
}

/** Decodes a string and writes it again: the same text must come back. */
static void check_string(struct hk_json_value string)
{
    struct hk_bytes text = { 0 };
    struct hk_bytes again = { 0 };
    struct hk_bytes back = { 0 };
    struct hk_json_value top;
    hk_assert(hk_json_string(string, &text) == 0);
    hk_assert(hk_utf8_is_valid(hk_bytes_slice(&text)));
    hk_assert(hk_utf8_count(hk_bytes_slice(&text)) <= text.size);
    hk_assert(hk_json_append_string(&again, hk_bytes_slice(&text)) == 0);
    hk_assert(hk_json_scan(hk_bytes_slice(&again), &top, NULL) == 0);
    hk_assert(top.type == HK_JSON_STRING);
    hk_assert(hk_json_string(top, &back) == 0);
    hk_assert(hk_slice_is_equal(hk_bytes_slice(&text), hk_bytes_slice(&back)));
    hk_bytes_fini(&text);
    hk_bytes_fini(&again);
    hk_bytes_fini(&back);
}

/** The key of a member, unescaped, must find this very member. */
static void check_key(struct hk_json_value object, const struct hk_json_walk *walk)
{
    struct hk_json_value key = { HK_JSON_STRING, { walk->key.at - 1, walk->key.size + 2 } };
    struct hk_json_value found;
    struct hk_bytes name = { 0 };
    check_string(key);
    hk_assert(hk_json_string(key, &name) == 0);
    hk_assert(hk_json_is_text(walk->key, hk_bytes_slice(&name)));
    bool is_terminated = name.size == 0 || memchr(name.at, '\0', name.size) == NULL;
    hk_assert(hk_bytes_append(&name, "", 1) == 0);
    if (is_terminated) {
        hk_assert(hk_json_find(object, name.at, &found));
        hk_assert(found.text.at == walk->value.text.at);
    }
    hk_bytes_fini(&name);
}

/** A part of a document must be a document. */
static void check_value(struct hk_json_value value)
{
    struct hk_json_value alone;
    int64_t integer;
    hk_assert(hk_json_scan(value.text, &alone, NULL) == 0);
    hk_assert(alone.type == value.type);
    hk_assert(hk_slice_is_equal(alone.text, value.text));
    if (value.type == HK_JSON_STRING)
        check_string(value);
    int rc = hk_json_integer(value, &integer);
    hk_assert(rc == 0 || rc == HK_EINVAL || rc == HK_ELIMIT);
}

static void check_tree(struct hk_json_value top)
{
    struct hk_json_value values[HK_JSON_DEPTH_MAX + 1];
    struct hk_json_walk walks[HK_JSON_DEPTH_MAX + 1];
    size_t depth = 0;
    // Parts are scanned again; keep that from getting quadratic for inputs of megabytes.
    if (top.text.size > 4096)
        return;
    values[0] = top;
    walks[0] = hk_json_walk_start(top);
    for (;;) {
        if (!hk_json_walk_next(&walks[depth])) {
            if (depth-- == 0)
                return;
            continue;
        }
        struct hk_json_value value = walks[depth].value;
        hk_assert(is_inside(value.text, values[depth].text));
        if (values[depth].type == HK_JSON_OBJECT)
            check_key(values[depth], &walks[depth]);
        check_value(value);
        hk_assert(++depth <= HK_JSON_DEPTH_MAX);
        values[depth] = value;
        walks[depth] = hk_json_walk_start(value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
    struct hk_slice document = { (const char *)data, data_bytes };
    struct hk_json_value top;
    struct hk_json_fault fault = { 0 };
    int rc = hk_json_scan(document, &top, &fault);
    hk_assert(rc == 0 || rc == HK_ESYNTAX);
    if (rc == 0) {
        hk_assert(is_inside(top.text, document));
        hk_assert(hk_utf8_is_valid(document));
        check_value(top);
        check_tree(top);
    } else {
        hk_assert(fault.line >= 1 && fault.column >= 1 && fault.reason != NULL);
    }
    return 0;
}
