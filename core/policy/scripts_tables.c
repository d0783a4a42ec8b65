// SPDX-License-Identifier: Apache-2.0
#include "policy/scripts_load.h"
#include "policy/source_file.h"

#include "base/alloc.h"
#include "base/check.h"

#include <strings.h>

static const struct hk_table *table_find(const struct hk_table *tables, uint32_t count,
                                         struct hk_slice name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (hk_slice_is(name, tables[i].name))
            return &tables[i];
    }
    return NULL;
}

/** Was a table meant, though the name is none ("Branches.CSV", "my branches.csv")? */
static bool is_mistaken(const char *file_name)
{
    static const char *const endings[] = { ".json", ".ndjson", ".csv", ".msgpack" };
    size_t size = strlen(file_name);
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        size_t ending_size = strlen(endings[i]);
        if (size >= ending_size && strcasecmp(file_name + size - ending_size, endings[i]) == 0)
            return hk_table_name_size(file_name) == 0;
    }
    return false;
}

/** Puts a table where the order of names wants it: files are ordered with their endings. */
static void table_insert(struct hk_scripts *scripts, struct hk_table table)
{
    uint32_t place = scripts->table_count++;
    for (; place > 0 && strcmp(scripts->tables[place - 1].name, table.name) > 0; place--)
        scripts->tables[place] = scripts->tables[place - 1];
    scripts->tables[place] = table;
}

/** Compiles a table, or keeps the one before. What is refused is said; HK_ENOMEM ends the load. */
static int table_load(struct hk__scripts_load *load, const char *path, struct hk_slice name)
{
    const struct hk_scripts *previous = load->setup->previous;
    struct hk_scripts *scripts = load->scripts;
    struct hk_fault why = { 0 };
    struct hk_table table;
    if (table_find(scripts->tables, scripts->table_count, name) != NULL) {
        (void)hk_fault_set(&why, HK_EEXISTS, "%s: the table '%.*s' is there with another ending",
                           path, (int)name.size, name.at);
        return hk__scripts_say(load, HK_SCRIPT_REFUSED, path, 0, why.text);
    }
    const struct hk_table *before =
        previous != NULL ? table_find(previous->tables, previous->table_count, name) : NULL;
    int rc = hk_table_renew(path, before, &table, &why);
    if (rc == HK_ENOMEM)
        return hk__scripts_no_memory(load);
    if (rc != 0) {
        rc = hk__scripts_say(load, HK_SCRIPT_REFUSED, path, 0, why.text);
        if (rc != 0 || before == NULL)
            return rc;
        rc = hk_table_share(before, &table, load->fault);
    }
    if (rc == 0)
        table_insert(scripts, table);
    return rc;
}

static int file_load(struct hk__scripts_load *load, const char *file_name)
{
    struct hk_slice name = { file_name, hk_table_name_size(file_name) };
    if (name.size == 0 && !is_mistaken(file_name))
        return 0;
    char *path = hk__scripts_path(load->setup->config->tables_dir, file_name);
    if (path == NULL)
        return hk__scripts_no_memory(load);
    int rc;
    if (name.size != 0)
        rc = table_load(load, path, name);
    else
        rc = hk__scripts_say(load, HK_SCRIPT_REFUSED, path, 0,
                             "no name of a table: A-Z a-z 0-9 _ . - and .json, .ndjson, .csv or "
                             ".msgpack in lower case");
    hk_free(path);
    return rc;
}

static bool tables_are_equal(const struct hk_scripts *a, const struct hk_scripts *b)
{
    if (a->table_count != b->table_count)
        return false;
    hk_assert(a->table_count == 0 || (a->tables != NULL && b->tables != NULL));
    for (uint32_t i = 0; i < a->table_count; i++) {
        if (strcmp(a->tables[i].name, b->tables[i].name) != 0 ||
            memcmp(a->tables[i].digest, b->tables[i].digest, sizeof(a->tables[i].digest)) != 0)
            return false;
    }
    return true;
}

int hk__scripts_load_tables(struct hk__scripts_load *load)
{
    struct hk_scripts *scripts = load->scripts;
    const struct hk_scripts *previous = load->setup->previous;
    const char *folder = load->setup->config->tables_dir;
    struct hk__source_names names = { 0 };
    int rc = folder != NULL ? hk__source_list(folder, &names, load->fault) : 0;
    if (rc == 0 && names.count != 0) {
        scripts->tables = hk_alloc_zero(names.count, sizeof(*scripts->tables));
        if (scripts->tables == NULL)
            rc = hk__scripts_no_memory(load);
    }
    for (uint32_t i = 0; rc == 0 && i < names.count; i++)
        rc = file_load(load, names.items[i]);
    hk__source_names_fini(&names);
    scripts->tables_changed = previous != NULL && !tables_are_equal(previous, scripts);
    return rc;
}
