// SPDX-License-Identifier: Apache-2.0
#include "policy/scripts_load.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/log.h"
#include "policy/source_file.h"

#include <stdlib.h>

static const char bad_name[] = "no name of a policy or library: 1 to 100 of A-Z a-z 0-9 _ . -, "
                               "and .lua in lower case";

char *hk__scripts_path(const char *folder, const char *name)
{
    struct hk_bytes path = { 0 };
    size_t size = strlen(folder);
    bool has_slash = size > 0 && folder[size - 1] == '/';
    int rc = hk_bytes_append_format(&path, "%s%s%s", folder, has_slash ? "" : "/", name);
    char *text = rc == 0 ? hk_slice_dup(hk_bytes_slice(&path)) : NULL;
    hk_bytes_fini(&path);
    return text;
}

// ---- libraries -------------------------------------------------------------------------------

/** Makes the library of a file, or takes the one before: when it is the same, or when the file
 * cannot be read. NULL in `library`: there is none. */
static int library_make(struct hk__scripts_load *load, const char *path, struct hk_slice name,
                        struct hk_library **library)
{
    const struct hk_scripts *previous = load->setup->previous;
    struct hk_library *before = NULL;
    struct hk_bytes text = { 0 };
    struct hk_fault why = { 0 };
    char *copy = hk_slice_dup(name);
    int rc = copy != NULL ? hk__script_read(path, &text, &why) : HK_ENOMEM;
    *library = NULL;
    if (previous != NULL)
        before = hk__libraries_find(previous->libraries, previous->library_count, name);
    if (rc == 0) {
        *library = hk__library_new(copy, &text);
        rc = *library != NULL ? 0 : HK_ENOMEM;
    } else if (rc != HK_ENOMEM) {
        rc = hk__scripts_say(load, HK_SCRIPT_REFUSED, path, 0, why.text);
    }
    hk_bytes_fini(&text);
    hk_free(copy);
    if (rc != 0)
        return hk__scripts_no_memory(load);
    bool is_same = *library != NULL && before != NULL &&
                   memcmp(before->digest, (*library)->digest, sizeof(before->digest)) == 0;
    if (before != NULL && (is_same || *library == NULL)) {
        hk__library_unref(*library);
        *library = hk__library_ref(before);
    }
    return 0;
}

static int library_load(struct hk__scripts_load *load, const char *file_name)
{
    struct hk_scripts *scripts = load->scripts;
    struct hk_slice name = hk__script_name(file_name);
    struct hk_library *library = NULL;
    if (name.size == 0 && !hk__script_is_mistaken(file_name))
        return 0;
    char *path = hk__scripts_path(load->setup->config->lib_dir, file_name);
    int rc;
    if (path == NULL)
        rc = hk__scripts_no_memory(load);
    else if (name.size == 0)
        rc = hk__scripts_say(load, HK_SCRIPT_REFUSED, path, 0, bad_name);
    else
        rc = library_make(load, path, name, &library);
    if (library != NULL)
        scripts->libraries[scripts->library_count++] = library;
    hk_free(path);
    return rc;
}

static int by_library_name(const void *a, const void *b)
{
    const struct hk_library *const *one = a;
    const struct hk_library *const *other = b;
    return strcmp((*one)->name, (*other)->name);
}

static int load_libraries(struct hk__scripts_load *load)
{
    struct hk_scripts *scripts = load->scripts;
    const char *folder = load->setup->config->lib_dir;
    struct hk__source_names names = { 0 };
    int rc = folder != NULL ? hk__source_list(folder, &names, load->fault) : 0;
    if (rc == 0 && names.count != 0) {
        scripts->libraries = hk_alloc_zero(names.count, sizeof(*scripts->libraries));
        if (scripts->libraries == NULL)
            rc = hk__scripts_no_memory(load);
    }
    for (uint32_t i = 0; rc == 0 && i < names.count; i++)
        rc = library_load(load, names.items[i]);
    if (scripts->libraries != NULL && scripts->library_count > 1)
        qsort(scripts->libraries, scripts->library_count, sizeof(*scripts->libraries),
              by_library_name);
    hk__source_names_fini(&names);
    return rc;
}

// ---- policies --------------------------------------------------------------------------------

/** Would `before`, loaded anew, be what it is? Then it needs no check. */
static bool is_same(const struct hk__scripts_load *load, const struct hk_script *before,
                    struct hk_slice text)
{
    const struct hk_scripts *scripts = load->scripts;
    if (before->generation == 0 || !hk_slice_is_equal(text, hk_bytes_slice(&before->text)))
        return false;
    for (uint32_t i = 0; i < before->library_count; i++) {
        const struct hk_library *then = before->libraries[i];
        const struct hk_library *now =
            hk__libraries_find(scripts->libraries, scripts->library_count, hk_slice_of(then->name));
        if (now == NULL || memcmp(then->digest, now->digest, sizeof(now->digest)) != 0)
            return false;
    }
    return true;
}

/** Gives `script` what is in use of `before`; its own fault stays. */
static int take_over(struct hk__scripts_load *load, struct hk_script *script,
                     const struct hk_script *before)
{
    struct hk_slice text = hk_bytes_slice(&before->text);
    hk_bytes_clear(&script->text);
    hk__libraries_fini(script->libraries, script->library_count);
    script->library_count = 0;
    script->libraries = hk__libraries_share(before->libraries, before->library_count);
    if (before->library_count != 0 && script->libraries == NULL)
        return hk__scripts_no_memory(load);
    script->library_count = before->library_count;
    if (hk_bytes_append(&script->text, text.at, text.size) != 0)
        return hk__scripts_no_memory(load);
    memcpy(script->digest, before->digest, sizeof(script->digest));
    script->generation = before->generation;
    script->hooks = before->hooks;
    script->loaded_at = before->loaded_at;
    return 0;
}

/** A script that loads gets its generation. */
static int accept(struct hk__scripts_load *load, struct hk_script *script,
                  const struct hk_script *before)
{
    int rc = hk__script_digest(hk_bytes_slice(&script->text), script->libraries,
                               script->library_count, script->digest);
    if (rc == 0)
        rc = hk__generations_take(load->scripts->generations, script->name, script->digest,
                                  &script->generation);
    if (rc != 0)
        return hk__scripts_no_memory(load);
    script->loaded_at = load->setup->now;
    bool was_loaded = before != NULL && before->generation != 0;
    return hk__scripts_say(load, was_loaded ? HK_SCRIPT_SWAPPED : HK_SCRIPT_ADDED, script->name,
                           script->generation, NULL);
}

static int refuse(struct hk__scripts_load *load, struct hk_script *script,
                  const struct hk_script *before)
{
    int rc = 0;
    script->hooks = 0;
    if (before != NULL && before->generation != 0)
        rc = take_over(load, script, before);
    else
        hk_bytes_fini(&script->text);
    if (rc == 0)
        rc = hk__scripts_say(load, HK_SCRIPT_REFUSED, script->name, script->generation,
                             script->fault);
    return rc;
}

/** Fills a script that has its name and path. */
static int script_fill(struct hk__scripts_load *load, struct hk_script *script)
{
    const struct hk_scripts *previous = load->setup->previous;
    const struct hk_script *before = NULL;
    struct hk_fault why = { 0 };
    if (previous != NULL)
        before = hk_scripts_find(previous, script->name);
    int rc = hk__script_read(script->path, &script->text, &why);
    if (rc == HK_ENOMEM)
        return hk__scripts_no_memory(load);
    if (rc != 0) {
        script->fault = hk_slice_dup(hk_slice_of(why.text));
        if (script->fault == NULL)
            return hk__scripts_no_memory(load);
        return refuse(load, script, before);
    }
    if (before != NULL && is_same(load, before, hk_bytes_slice(&script->text))) {
        rc = take_over(load, script, before);
        if (rc == 0)
            rc = hk__scripts_say(load, HK_SCRIPT_KEPT, script->name, script->generation, NULL);
        return rc;
    }
    rc = hk__scripts_check(load, script);
    if (rc != 0)
        return rc;
    return script->fault != NULL ? refuse(load, script, before) : accept(load, script, before);
}

static int script_load(struct hk__scripts_load *load, const char *path, struct hk_slice name)
{
    struct hk_scripts *scripts = load->scripts;
    struct hk_script script = { .name = hk_slice_dup(name),
                                .path = hk_slice_dup(hk_slice_of(path)) };
    int rc = script.name != NULL && script.path != NULL ? script_fill(load, &script)
                                                        : hk__scripts_no_memory(load);
    if (rc == 0 && scripts->count == load->script_capacity) {
        uint32_t capacity = load->script_capacity == 0 ? 16 : load->script_capacity * 2;
        struct hk_script *items = hk_realloc(scripts->items, capacity, sizeof(*items));
        if (items == NULL) {
            rc = hk__scripts_no_memory(load);
        } else {
            scripts->items = items;
            load->script_capacity = capacity;
        }
    }
    if (rc == 0)
        scripts->items[scripts->count++] = script;
    else
        hk__script_fini(&script);
    return rc;
}

static int file_load(struct hk__scripts_load *load, const char *file_name)
{
    struct hk_slice name = hk__script_name(file_name);
    if (name.size == 0 && !hk__script_is_mistaken(file_name))
        return 0;
    char *path = hk__scripts_path(load->setup->config->policy_dir, file_name);
    if (path == NULL)
        return hk__scripts_no_memory(load);
    int rc = name.size != 0 ? script_load(load, path, name)
                            : hk__scripts_say(load, HK_SCRIPT_REFUSED, path, 0, bad_name);
    hk_free(path);
    return rc;
}

static int by_script_name(const void *a, const void *b)
{
    const struct hk_script *one = a;
    const struct hk_script *other = b;
    return strcmp(one->name, other->name);
}

static bool has_default(const struct hk__source_names *names)
{
    for (uint32_t i = 0; i < names->count; i++) {
        if (strcmp(names->items[i], "default.lua") == 0)
            return true;
    }
    return false;
}

static int say_removed(struct hk__scripts_load *load)
{
    const struct hk_scripts *previous = load->setup->previous;
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && previous != NULL && i < previous->count; i++) {
        const struct hk_script *script = &previous->items[i];
        if (hk_scripts_find(load->scripts, script->name) == NULL)
            rc = hk__scripts_say(load, HK_SCRIPT_REMOVED, script->name, script->generation, NULL);
    }
    return rc;
}

static int load_policies(struct hk__scripts_load *load)
{
    const struct hk_scripts_setup *setup = load->setup;
    struct hk_scripts *scripts = load->scripts;
    struct hk__source_names names = { 0 };
    int rc = 0;
    if (setup->config->policy_dir != NULL)
        rc = hk__source_list(setup->config->policy_dir, &names, load->fault);
    if (rc == 0 && setup->default_path != NULL && !has_default(&names))
        rc = script_load(load, setup->default_path, HK_SLICE("default"));
    for (uint32_t i = 0; rc == 0 && i < names.count; i++)
        rc = file_load(load, names.items[i]);
    hk__source_names_fini(&names);
    // "a-b.lua" stands before "a.lua" in a folder, and "a" before "a-b" here.
    if (scripts->items != NULL && scripts->count > 1)
        qsort(scripts->items, scripts->count, sizeof(*scripts->items), by_script_name);
    return rc != 0 ? rc : say_removed(load);
}

// ---- all together ----------------------------------------------------------------------------

/** Gets what was remembered: from the set before, else from the file. */
static int load_generations(struct hk__scripts_load *load)
{
    const struct hk_scripts_setup *setup = load->setup;
    struct hk_fault why = { 0 };
    int rc = 0;
    load->scripts->generations = hk_alloc_zero(1, sizeof(struct hk__generations));
    if (load->scripts->generations == NULL)
        return hk__scripts_no_memory(load);
    if (setup->previous != NULL)
        rc = hk__generations_copy(setup->previous->generations, load->scripts->generations);
    else if (setup->generations_path != NULL)
        rc = hk__generations_load(load->scripts->generations, setup->generations_path, &why);
    if (rc == HK_ENOMEM)
        return hk__scripts_no_memory(load);
    if (rc != 0)
        hk_log_warn("the policies' generations cannot be read", HK_F("error", why.text));
    return 0;
}

static void save_generations(struct hk__scripts_load *load)
{
    const struct hk_scripts_setup *setup = load->setup;
    struct hk_fault why = { 0 };
    if (setup->generations_path == NULL)
        return;
    if (setup->previous != NULL &&
        hk__generations_are_equal(setup->previous->generations, load->scripts->generations))
        return;
    if (hk__generations_save(load->scripts->generations, setup->generations_path, &why) != 0)
        hk_log_warn("the policies' generations cannot be written", HK_F("error", why.text));
}

int hk_scripts_load(const struct hk_scripts_setup *setup, struct hk_scripts **loaded,
                    struct hk_scripts_report *report, struct hk_fault *fault)
{
    struct hk__scripts_load load = { .setup = setup, .report = report, .fault = fault };
    if (setup->previous != NULL)
        HK_CHECK(setup->previous, HK__SCRIPTS_MAGIC);
    *report = (struct hk_scripts_report){ 0 };
    load.scripts = hk_alloc_zero(1, sizeof(*load.scripts));
    if (load.scripts == NULL)
        return hk__scripts_no_memory(&load);
    load.scripts->magic = HK__SCRIPTS_MAGIC;
    load.scripts->references = 1;
    load.scripts->on_error = setup->config->policy.on_error;
    int rc = load_generations(&load);
    if (rc == 0)
        rc = hk__scripts_load_tables(&load);
    if (rc == 0)
        rc = load_libraries(&load);
    if (rc == 0)
        rc = load_policies(&load);
    hk_offline_end(load.offline);
    hk_free(load.libraries);
    if (rc != 0) {
        hk_scripts_report_fini(report);
        hk_scripts_unref(load.scripts);
        return rc;
    }
    save_generations(&load);
    *loaded = load.scripts;
    return 0;
}
