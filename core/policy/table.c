// SPDX-License-Identifier: Apache-2.0
#include "policy/table.h"

#include "base/alloc.h"
#include "base/seal.h"
#include "policy/source_file.h"
#include "policy/table_draft.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define NAME_BYTES_MAX 100

typedef int (*read_fn)(struct hk__table_draft *draft, struct hk_fault *fault);

static const struct format {
    const char *ending;
    read_fn read;
} formats[] = {
    { ".json", hk__table_read_json },
    { ".ndjson", hk__table_read_ndjson },
    { ".csv", hk__table_read_csv },
    { ".msgpack", hk__table_read_msgpack },
};

/** Gets the format that a file name's ending tells, or NULL. */
static const struct format *format_of(const char *file_name)
{
    size_t size = strlen(file_name);
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        size_t ending_size = strlen(formats[i].ending);
        if (size > ending_size && strcmp(file_name + size - ending_size, formats[i].ending) == 0)
            return &formats[i];
    }
    return NULL;
}

size_t hk_table_name_size(const char *file_name)
{
    const struct format *format = format_of(file_name);
    size_t size = format != NULL ? strlen(file_name) - strlen(format->ending) : 0;
    return hk__source_is_name((struct hk_slice){ file_name, size }) ? size : 0;
}

static void digest_make(const struct format *format, struct hk_slice source, uint8_t digest[32])
{
    // The format counts: the same bytes mean something else under another ending.
    uint8_t text[8 + 32] = { 0 };
    memcpy(text, format->ending, strlen(format->ending));
    hk_sha256(source, text + 8);
    hk_sha256((struct hk_slice){ (const char *)text, sizeof(text) }, digest);
}

static int compile(const struct format *format, const char *path, struct hk_slice source,
                   struct hk_table *table, struct hk_fault *fault)
{
    struct hk__table_draft draft = { .path = path, .source = source };
    memcpy(draft.key.words, table->digest, sizeof(draft.key.words));
    int rc = format->read(&draft, fault);
    if (rc == 0)
        rc = hk__table_draft_seal(&draft, &table->fd, fault);
    hk__table_draft_fini(&draft);
    return rc;
}

int hk_table_renew(const char *path, const struct hk_table *previous, struct hk_table *table,
                   struct hk_fault *fault)
{
    const char *slash = strrchr(path, '/');
    const char *file_name = slash != NULL ? slash + 1 : path;
    const struct format *format = format_of(file_name);
    size_t name_size = hk_table_name_size(file_name);
    struct hk_bytes source = { 0 };
    *table = (struct hk_table){ .fd = -1 };
    if (name_size == 0)
        return hk_fault_set(fault, HK_EINVAL,
                            "%s: a table is NAME.json, .ndjson, .csv or .msgpack; NAME has 1 to "
                            "%d of A-Z a-z 0-9 _ . -",
                            path, NAME_BYTES_MAX);
    int rc = hk__source_read(path, HK_TABLE_BYTES_MAX, &source, fault);
    if (rc != 0)
        return rc;
    digest_make(format, hk_bytes_slice(&source), table->digest);
    if (previous != NULL && memcmp(previous->digest, table->digest, sizeof(table->digest)) == 0) {
        table->fd = fcntl(previous->fd, F_DUPFD_CLOEXEC, 3);
        if (table->fd < 0)
            rc = hk_fault_set_sys(fault, HK_EIO, errno, "%s: the table cannot be shared", path);
    } else {
        rc = compile(format, path, hk_bytes_slice(&source), table, fault);
    }
    hk_bytes_fini(&source);
    if (rc == 0)
        table->name = hk_slice_dup((struct hk_slice){ file_name, name_size });
    if (rc == 0 && table->name == NULL)
        rc = hk_fault_set(fault, HK_ENOMEM, "%s: out of memory", path);
    if (rc != 0)
        hk_table_fini(table);
    return rc;
}

int hk_table_compile(const char *path, struct hk_table *table, struct hk_fault *fault)
{
    return hk_table_renew(path, NULL, table, fault);
}

int hk_table_share(const struct hk_table *from, struct hk_table *table, struct hk_fault *fault)
{
    *table = (struct hk_table){ .fd = fcntl(from->fd, F_DUPFD_CLOEXEC, 3) };
    if (table->fd < 0)
        return hk_fault_set_sys(fault, HK_EIO, errno, "the table '%s' cannot be shared",
                                from->name);
    memcpy(table->digest, from->digest, sizeof(table->digest));
    table->name = hk_slice_dup(hk_slice_of(from->name));
    if (table->name != NULL)
        return 0;
    hk_table_fini(table);
    return hk_fault_set(fault, HK_ENOMEM, "the table '%s': out of memory", from->name);
}

void hk_table_fini(struct hk_table *table)
{
    if (table->fd >= 0)
        (void)close(table->fd);
    hk_free(table->name);
    *table = (struct hk_table){ .fd = -1 };
}
