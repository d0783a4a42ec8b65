// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "policy/table_draft.h"

/** Gets the line that `at` is in, from 1. */
static uint64_t line_of(struct hk_slice source, const char *at)
{
    uint64_t line = 1;
    for (const char *from = source.at; from < at; from++) {
        from = memchr(from, '\n', (size_t)(at - from));
        if (from == NULL)
            break;
        line++;
    }
    return line;
}

/** Adds under a raw key (between its quotes); `at` tells the line. */
static int add_raw(struct hk__table_draft *draft, struct hk_slice raw, struct hk_slice value,
                   const char *at, struct hk_fault *fault)
{
    struct hk_bytes unescaped = { 0 };
    struct hk_slice key = raw;
    int rc = 0;
    if (raw.size != 0 && memchr(raw.at, '\\', raw.size) != NULL) {
        struct hk_json_value string = { HK_JSON_STRING, { raw.at - 1, raw.size + 2 } };
        rc = hk_json_string(string, &unescaped);
        key = hk_bytes_slice(&unescaped);
    }
    if (rc == 0)
        rc = hk__table_draft_add(draft, key, value);
    if (rc != 0)
        rc = hk__table_draft_refuse(draft, rc, line_of(draft->source, at), key, fault);
    hk_bytes_fini(&unescaped);
    return rc;
}

/** Adds an object under its first member. */
static int add_object(struct hk__table_draft *draft, struct hk_json_value object,
                      struct hk_fault *fault)
{
    const char *at = object.text.at;
    struct hk_json_walk walk = hk_json_walk_start(object);
    const char *wrong = NULL;
    if (object.type != HK_JSON_OBJECT)
        wrong = "an object is expected";
    else if (!hk_json_walk_next(&walk))
        wrong = "an empty object has no key";
    else if (walk.value.type != HK_JSON_STRING && walk.value.type != HK_JSON_NUMBER)
        wrong = "the first member is the key: text or a number";
    if (wrong != NULL)
        return hk_fault_set(fault, HK_ESYNTAX, "%s:%llu: %s", draft->path,
                            (unsigned long long)line_of(draft->source, at), wrong);
    struct hk_slice raw = walk.value.text;
    if (walk.value.type == HK_JSON_STRING)
        raw = (struct hk_slice){ raw.at + 1, raw.size - 2 };
    return add_raw(draft, raw, object.text, at, fault);
}

int hk__table_read_json(struct hk__table_draft *draft, struct hk_fault *fault)
{
    struct hk_json_value top;
    struct hk_json_fault json = { 0 };
    int rc = hk_json_scan(draft->source, &top, &json);
    if (rc == HK_ESYNTAX)
        return hk_fault_set(fault, rc, "%s:%u: %s (column %u)", draft->path, json.line, json.reason,
                            json.column);
    if (rc == 0 && top.type != HK_JSON_OBJECT && top.type != HK_JSON_ARRAY)
        return hk_fault_set(fault, HK_ESYNTAX,
                            "%s:1: an object (key: value), or an array of objects, is expected",
                            draft->path);
    if (rc != 0)
        return hk_fault_set(fault, rc, "%s: %s", draft->path, hk_error_text(rc));
    struct hk_json_walk walk = hk_json_walk_start(top);
    while (rc == 0 && hk_json_walk_next(&walk)) {
        if (top.type == HK_JSON_ARRAY)
            rc = add_object(draft, walk.value, fault);
        else
            rc = add_raw(draft, walk.key, walk.value.text, walk.value.text.at, fault);
    }
    return rc;
}

static bool is_blank(struct hk_slice line)
{
    for (size_t i = 0; i < line.size; i++) {
        if (line.at[i] != ' ' && line.at[i] != '\t' && line.at[i] != '\r')
            return false;
    }
    return true;
}

int hk__table_read_ndjson(struct hk__table_draft *draft, struct hk_fault *fault)
{
    const char *at = draft->source.at;
    const char *end = at + draft->source.size;
    int rc = 0;
    for (uint64_t number = 1; rc == 0 && at < end; number++) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        struct hk_slice line = { at, (size_t)((line_end != NULL ? line_end : end) - at) };
        at = line_end != NULL ? line_end + 1 : end;
        struct hk_json_value top;
        struct hk_json_fault json = { 0 };
        if (is_blank(line))
            continue;
        rc = hk_json_scan(line, &top, &json);
        if (rc == 0)
            rc = add_object(draft, top, fault);
        else if (rc == HK_ESYNTAX)
            rc = hk_fault_set(fault, rc, "%s:%llu: %s (column %u)", draft->path,
                              (unsigned long long)number, json.reason, json.column);
        else
            rc = hk_fault_set(fault, rc, "%s: %s", draft->path, hk_error_text(rc));
    }
    return rc;
}
