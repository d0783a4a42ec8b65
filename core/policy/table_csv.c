// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"
#include "base/json.h"
#include "policy/table_draft.h"

/** Most columns of a table. */
#define COLUMNS_MAX 1000u

/** RFC 4180, read strictly: one record after the other. */
struct csv {
    const char *path;
    const char *at, *end;
    uint64_t line;        /**< That `at` is in. */
    uint64_t record_line; /**< In which the record at hand begins. */
    struct hk_bytes text; /**< The fields of the record, unquoted, one after the other. */
    size_t ends[COLUMNS_MAX];
    uint32_t count;
    struct hk_bytes names; /**< `"name":` of each column, as JSON. */
    size_t name_ends[COLUMNS_MAX];
    uint32_t columns;
    struct hk_bytes object;
};

static int csv_refuse(const struct csv *csv, uint64_t line, const char *what,
                      struct hk_fault *fault)
{
    return hk_fault_set(fault, HK_ESYNTAX, "%s:%llu: %s", csv->path, (unsigned long long)line,
                        what);
}

static bool is_line_end(const struct csv *csv, const char *at)
{
    return at == csv->end || *at == '\n' || (*at == '\r' && csv->end - at >= 2 && at[1] == '\n');
}

static int field_quoted(struct csv *csv, struct hk_fault *fault)
{
    uint64_t line = csv->line;
    const char *from = ++csv->at;
    for (;; csv->at++) {
        if (csv->at == csv->end)
            return csv_refuse(csv, line, "a quoted field does not end", fault);
        csv->line += *csv->at == '\n';
        if (*csv->at != '"')
            continue;
        bool is_pair = csv->end - csv->at >= 2 && csv->at[1] == '"';
        int rc = hk_bytes_append(&csv->text, from, (size_t)(csv->at - from) + is_pair);
        if (rc != 0)
            return hk_fault_set(fault, rc, "%s: out of memory", csv->path);
        csv->at++;
        from = csv->at + 1;
        if (!is_pair)
            break;
    }
    if (!is_line_end(csv, csv->at) && *csv->at != ',')
        return csv_refuse(csv, csv->line, "text after the quotes of a field", fault);
    return 0;
}

static int field_plain(struct csv *csv, struct hk_fault *fault)
{
    const char *from = csv->at;
    while (!is_line_end(csv, csv->at) && *csv->at != ',') {
        if (*csv->at == '"')
            return csv_refuse(csv, csv->line, "a quote inside a field that is not quoted", fault);
        if (*csv->at == '\r')
            return csv_refuse(csv, csv->line, "a carriage return that ends no line", fault);
        csv->at++;
    }
    if (hk_bytes_append(&csv->text, from, (size_t)(csv->at - from)) != 0)
        return hk_fault_set(fault, HK_ENOMEM, "%s: out of memory", csv->path);
    return 0;
}

/** Reads a record. 0, or HK_EEND without a fault after the last one, or what is wrong. */
static int record_read(struct csv *csv, struct hk_fault *fault)
{
    hk_bytes_clear(&csv->text);
    csv->count = 0;
    csv->record_line = csv->line;
    if (csv->at == csv->end)
        return HK_EEND;
    if (is_line_end(csv, csv->at))
        return csv_refuse(csv, csv->line, "an empty line", fault);
    for (;;) {
        if (csv->count == COLUMNS_MAX)
            return csv_refuse(csv, csv->line, "more than 1000 fields", fault);
        bool is_quoted = csv->at < csv->end && *csv->at == '"';
        int rc = is_quoted ? field_quoted(csv, fault) : field_plain(csv, fault);
        if (rc != 0)
            return rc;
        csv->ends[csv->count++] = csv->text.size;
        if (is_line_end(csv, csv->at))
            break;
        csv->at++;
    }
    if (csv->at < csv->end) {
        csv->at += *csv->at == '\r' ? 2 : 1;
        csv->line++;
    }
    return 0;
}

static struct hk_slice field_at(const struct csv *csv, uint32_t i)
{
    size_t first = i == 0 ? 0 : csv->ends[i - 1];
    return (struct hk_slice){ hk_bytes_slice(&csv->text).at + first, csv->ends[i] - first };
}

static int header_read(struct csv *csv, struct hk_fault *fault)
{
    int rc = record_read(csv, fault);
    if (rc == HK_EEND)
        return csv_refuse(csv, 1, "a header line is expected", fault);
    for (uint32_t i = 0; rc == 0 && i < csv->count; i++) {
        struct hk_slice name = field_at(csv, i);
        if (name.size == 0)
            return csv_refuse(csv, csv->record_line, "a column without a name", fault);
        for (uint32_t j = 0; j < i; j++) {
            if (hk_slice_is_equal(name, field_at(csv, j)))
                return csv_refuse(csv, csv->record_line, "two columns of the same name", fault);
        }
        rc = hk_json_append_string(&csv->names, name);
        if (rc == 0)
            rc = hk_bytes_append_text(&csv->names, ":");
        if (rc != 0)
            return hk_fault_set(fault, rc, "%s: out of memory", csv->path);
        csv->name_ends[i] = csv->names.size;
    }
    csv->columns = csv->count;
    return rc;
}

static int object_make(struct csv *csv)
{
    hk_bytes_clear(&csv->object);
    int rc = hk_bytes_append_text(&csv->object, "{");
    for (uint32_t i = 0; rc == 0 && i < csv->count; i++) {
        size_t first = i == 0 ? 0 : csv->name_ends[i - 1];
        if (i != 0)
            rc = hk_bytes_append_text(&csv->object, ",");
        if (rc == 0)
            rc = hk_bytes_append(&csv->object, csv->names.at + first, csv->name_ends[i] - first);
        if (rc == 0)
            rc = hk_json_append_string(&csv->object, field_at(csv, i));
    }
    return rc != 0 ? rc : hk_bytes_append_text(&csv->object, "}");
}

static int rows_read(struct csv *csv, struct hk__table_draft *draft, struct hk_fault *fault)
{
    int rc;
    while ((rc = record_read(csv, fault)) == 0) {
        if (csv->count != csv->columns)
            return hk_fault_set(fault, HK_ESYNTAX, "%s:%llu: %u fields, but the header has %u",
                                csv->path, (unsigned long long)csv->record_line, csv->count,
                                csv->columns);
        rc = object_make(csv);
        if (rc == 0)
            rc = hk__table_draft_add(draft, field_at(csv, 0), hk_bytes_slice(&csv->object));
        if (rc != 0)
            return hk__table_draft_refuse(draft, rc, csv->record_line, field_at(csv, 0), fault);
    }
    return rc == HK_EEND ? 0 : rc;
}

/** Gets the number of the first line that is no UTF-8, or 0. */
static uint64_t line_not_utf8(struct hk_slice source)
{
    const char *at = source.at;
    const char *end = at + source.size;
    if (hk_utf8_is_valid(source))
        return 0;
    for (uint64_t number = 1; at < end; number++) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        struct hk_slice line = { at, (size_t)((line_end != NULL ? line_end : end) - at) };
        if (!hk_utf8_is_valid(line))
            return number;
        at += line.size + 1;
    }
    return 1;
}

int hk__table_read_csv(struct hk__table_draft *draft, struct hk_fault *fault)
{
    static const char mark[] = "\xEF\xBB\xBF";
    struct hk_slice source = draft->source;
    uint64_t wrong_line = line_not_utf8(source);
    if (wrong_line != 0)
        return hk_fault_set(fault, HK_ESYNTAX, "%s:%llu: not UTF-8", draft->path,
                            (unsigned long long)wrong_line);
    struct csv *csv = hk_alloc_zero(1, sizeof(*csv));
    if (csv == NULL)
        return hk_fault_set(fault, HK_ENOMEM, "%s: out of memory", draft->path);
    csv->path = draft->path;
    csv->at = source.at;
    csv->end = source.at + source.size;
    csv->line = 1;
    if (source.size >= 3 && memcmp(source.at, mark, 3) == 0)
        csv->at += 3;
    int rc = header_read(csv, fault);
    if (rc == 0)
        rc = rows_read(csv, draft, fault);
    hk_bytes_fini(&csv->text);
    hk_bytes_fini(&csv->names);
    hk_bytes_fini(&csv->object);
    hk_free(csv);
    return rc;
}
