// SPDX-License-Identifier: Apache-2.0
#include "cli/cage.h"

#include "base/alloc.h"
#include "cli/file.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#define LIB_DIR_DEFAULT "/usr/share/hookd/lib"
#define TABLES_DIR_DEFAULT "/etc/hookd/tables"

/** The defaults of the config (core/daemon/options.def). */
static const struct hk_policy_options policy_default = {
    .time_ms_max = 10,
    .memory_bytes_max = 8 << 20,
    .kill_ms = 1000,
    .workers = 1,
};

enum { PLAN_BYTES_MAX = 4 << 20 };

/** Gets "FOLDER/MORE" if it is a folder; else NULL. The caller frees. */
static char *find_below(const char *folder, const char *more)
{
    char *path = hk_file_join(folder, more);
    if (hk_file_is_folder(path))
        return path;
    hk_free(path);
    return NULL;
}

/** Gets what ships with the running program, in a build folder too: ../share/hookd/NAME. */
static char *find_shipped(const char *name)
{
    char program[PATH_MAX], more[64];
    ssize_t size = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (size <= 0)
        return NULL;
    program[size] = '\0';
    (void)snprintf(more, sizeof(more), "../share/hookd/%s", name);
    char *folder = hk_file_folder(program);
    char *found = find_below(folder, more);
    hk_free(folder);
    return found;
}

/** Finds the folder `name`: what was given, else beside the file, else one up, else what ships,
 * else `installed`. */
static char *find_folder(const struct hk_cage_places *places, const char *given, const char *name,
                         const char *installed)
{
    char above[64];
    if (given)
        return hk_strdup_or_die(given);
    (void)snprintf(above, sizeof(above), "../%s", name);
    char *folder = hk_file_folder(places->near ? places->near : ".");
    char *found = find_below(folder, name);
    if (found == NULL)
        found = find_below(folder, above);
    if (found == NULL)
        found = find_shipped(name);
    hk_free(folder);
    return found ? found : hk_strdup_or_die(installed);
}

/** A folder that was named must be there; one that was only looked for need not. */
static int check_folder(const char *given, const char *option, struct hk_fault *fault)
{
    if (given == NULL || hk_file_is_folder(given))
        return 0;
    return hk_fault_set(fault, HK_ENOTFOUND, "--%s %s: there is no such folder", option, given);
}

static bool has_table(const struct hk_cage *cage, struct hk_slice name)
{
    for (uint32_t i = 0; i < cage->table_count; i++)
        if (hk_slice_is(name, cage->tables[i].name))
            return true;
    return false;
}

static int compile_table(struct hk_cage *cage, const char *folder, const char *name,
                         struct hk_fault *fault)
{
    size_t name_size = hk_table_name_size(name);
    if (name_size == 0)
        return 0;
    if (has_table(cage, (struct hk_slice){ name, name_size }))
        return hk_fault_set(fault, HK_EEXISTS, "%s: the table %.*s is there with another ending",
                            folder, (int)name_size, name);
    char *path = hk_file_join(folder, name);
    cage->tables = hk_realloc_or_die(cage->tables, cage->table_count + 1, sizeof(*cage->tables));
    struct hk_table *table = &cage->tables[cage->table_count];
    int code = hk_table_compile(path, table, fault);
    if (code == 0)
        cage->table_count++;
    hk_free(path);
    return code;
}

static int compile_tables(struct hk_cage *cage, const struct hk_cage_places *places,
                          struct hk_fault *fault)
{
    char *folder = find_folder(places, places->tables_dir, "tables", TABLES_DIR_DEFAULT);
    struct hk_texts names = { 0 };
    int code = check_folder(places->tables_dir, "tables", fault);
    if (code == 0)
        code = hk_file_list(folder, "", &names, fault);
    for (uint32_t i = 0; code == 0 && i < names.count; i++)
        code = compile_table(cage, folder, names.items[i], fault);
    hk_texts_fini(&names);
    hk_free(folder);
    return code;
}

static int read_libraries(struct hk_cage *cage, const struct hk_cage_places *places,
                          struct hk_fault *fault)
{
    char *folder = find_folder(places, places->lib_dir, "lib", LIB_DIR_DEFAULT);
    int code = check_folder(places->lib_dir, "lib", fault);
    if (code == 0)
        code = hk_sources_add_folder(&cage->libraries, folder, fault);
    cage->wire_libraries = hk_sources_wire(&cage->libraries);
    hk_free(folder);
    return code;
}

static int start(struct hk_cage *cage, struct hk_fault *fault)
{
    char path[PATH_MAX];
    struct hk_process_setup setup = {
        .worker_path = hk_process_worker_path(path, sizeof(path)),
        .policy = &cage->policy,
        .plan_bytes_max = PLAN_BYTES_MAX,
        .tables = cage->tables,
        .table_count = cage->table_count,
    };
    return hk_offline_start(&setup, &cage->offline, fault);
}

int hk_cage_open(struct hk_cage *cage, const struct hk_cage_places *places, struct hk_fault *fault)
{
    *cage = (struct hk_cage){ .policy = policy_default };
    int code = read_libraries(cage, places, fault);
    if (code == 0)
        code = compile_tables(cage, places, fault);
    if (code == 0)
        code = start(cage, fault);
    if (code < 0)
        hk_cage_close(cage);
    return code;
}

void hk_cage_close(struct hk_cage *cage)
{
    if (cage->offline)
        hk_offline_end(cage->offline);
    while (cage->table_count > 0)
        hk_table_fini(&cage->tables[--cage->table_count]);
    hk_free(cage->tables);
    hk_free(cage->wire_libraries);
    hk_sources_fini(&cage->libraries);
    *cage = (struct hk_cage){ 0 };
}

int hk_cage_tell(struct hk_cage *cage, uint32_t number, const struct hk_source *source,
                 struct hk_fault *fault)
{
    struct hk_wire_message message = {
        .kind = HK_WIRE_SCRIPT,
        .script = {
            .script = number,
            .source = { source->name, hk_bytes_slice(&source->text) },
            .libraries = cage->wire_libraries,
            .library_count = cage->libraries.count,
        },
    };
    return hk_offline_tell(cage->offline, &message, fault);
}

int hk_cage_ask(struct hk_cage *cage, const struct hk_wire_message *question,
                struct hk_wire_message *answer, struct hk_fault *fault)
{
    return hk_offline_ask(cage->offline, question, answer, fault);
}

int hk_cage_check(struct hk_cage *cage, uint32_t number, const struct hk_source *source,
                  uint32_t *hooks, struct hk_fault *fault)
{
    struct hk_wire_message question = { .kind = HK_WIRE_CHECK, .check = { 1, number } };
    struct hk_wire_message answer;
    struct hk_bytes text = { 0 };
    int code = hk_cage_ask(cage, &question, &answer, fault);
    if (code < 0)
        return hk_fault_wrap(fault, "%s", source->path);
    if (answer.kind != HK_WIRE_CHECKED)
        return hk_fault_set(fault, HK_EDAMAGED, "%s: the worker answers something else",
                            source->path);
    *hooks = answer.checked.hooks;
    if (answer.checked.fault.size == 0)
        return 0;
    code = hk_cage_append_error(cage, source, answer.checked.fault, &text);
    if (code < 0)
        (void)hk_fault_set(fault, code, "%s", hk_error_text(code));
    else
        code = hk_fault_set(fault, HK_ESYNTAX, "%.*s", (int)text.size, text.at);
    hk_bytes_fini(&text);
    return code;
}

/** Gets the size of "lib/NAME.lua" at the front of "lib/NAME.lua:...", or 0. */
static size_t library_prefix(const struct hk_source *library, struct hk_slice text)
{
    static const char folder[] = "lib/";
    size_t skipped = sizeof(folder) - 1;
    if (text.size < skipped || memcmp(text.at, folder, skipped) != 0)
        return 0;
    size_t size =
        hk_source_prefix(library, (struct hk_slice){ text.at + skipped, text.size - skipped });
    return size > 0 ? skipped + size : 0;
}

int hk_cage_append_error(const struct hk_cage *cage, const struct hk_source *source,
                         struct hk_slice text, struct hk_bytes *out)
{
    const char *path = source->path;
    size_t skipped = hk_source_prefix(source, text);
    for (uint32_t i = 0; skipped == 0 && i < cage->libraries.count; i++) {
        path = cage->libraries.items[i].path;
        skipped = library_prefix(&cage->libraries.items[i], text);
    }
    int code = hk_bytes_append_format(out, "%s%s", skipped > 0 ? path : source->path,
                                      skipped > 0 ? "" : ": ");
    return code < 0 ? code : hk_bytes_append(out, text.at + skipped, text.size - skipped);
}

/** Appends the words of hooks, each between `quote`s, with `separator` between them. */
static int append_words(struct hk_bytes *out, uint32_t hooks, const char *quote,
                        const char *separator)
{
    static const char *const words[] = {
#define XX(name, bit, word) [bit] = word,
        HK_HOOK_MAP(XX)
#undef XX
    };
    const char *before = "";
    int code = 0;
    for (uint32_t i = 0; code == 0 && i < sizeof(words) / sizeof(words[0]); i++) {
        if ((hooks & 1U << i) == 0)
            continue;
        code = hk_bytes_append_format(out, "%s%s%s%s", before, quote, words[i], quote);
        before = separator;
    }
    return code;
}

int hk_hooks_append(struct hk_bytes *out, uint32_t hooks)
{
    return hooks == 0 ? hk_bytes_append_text(out, "no hook") : append_words(out, hooks, "", ", ");
}

int hk_hooks_append_json(struct hk_bytes *out, uint32_t hooks)
{
    int code = hk_bytes_append_text(out, "[");
    if (code == 0)
        code = append_words(out, hooks, "\"", ",");
    return code < 0 ? code : hk_bytes_append_text(out, "]");
}
