// SPDX-License-Identifier: Apache-2.0
#include "policy/scripts.h"

#include "base/alloc.h"
#include "base/check.h"
#include "policy/scripts_load.h"

struct hk_scripts *hk_scripts_ref(struct hk_scripts *scripts)
{
    HK_CHECK(scripts, HK__SCRIPTS_MAGIC);
    (void)__atomic_add_fetch(&scripts->references, 1, __ATOMIC_RELAXED);
    return scripts;
}

void hk__script_fini(struct hk_script *script)
{
    hk_free(script->name);
    hk_free(script->path);
    hk_bytes_fini(&script->text);
    hk__libraries_fini(script->libraries, script->library_count);
    hk_free(script->fault);
    *script = (struct hk_script){ 0 };
}

void hk_scripts_unref(struct hk_scripts *scripts)
{
    if (scripts == NULL)
        return;
    HK_CHECK(scripts, HK__SCRIPTS_MAGIC);
    if (__atomic_sub_fetch(&scripts->references, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    for (uint32_t i = 0; i < scripts->count; i++)
        hk__script_fini(&scripts->items[i]);
    hk_free(scripts->items);
    hk__libraries_fini(scripts->libraries, scripts->library_count);
    for (uint32_t i = 0; i < scripts->table_count; i++)
        hk_table_fini(&scripts->tables[i]);
    hk_free(scripts->tables);
    if (scripts->generations != NULL)
        hk__generations_fini(scripts->generations);
    hk_free(scripts->generations);
    scripts->magic = 0;
    hk_free(scripts);
}

const struct hk_script *hk_scripts_find(const struct hk_scripts *scripts, const char *name)
{
    HK_CHECK(scripts, HK__SCRIPTS_MAGIC);
    uint32_t first = 0;
    uint32_t end = scripts->count;
    while (first < end) {
        uint32_t middle = first + (end - first) / 2;
        int order = strcmp(scripts->items[middle].name, name);
        if (order == 0)
            return &scripts->items[middle];
        if (order < 0)
            first = middle + 1;
        else
            end = middle;
    }
    return NULL;
}

struct hk_policy_set *hk_scripts_policies(const struct hk_scripts *scripts)
{
    HK_CHECK(scripts, HK__SCRIPTS_MAGIC);
    struct hk_policy_set *set = hk_alloc_zero_or_die(1, sizeof(*set));
    set->on_error = scripts->on_error;
    set->tables_changed = scripts->tables_changed;
    set->count = scripts->count;
    if (set->count != 0)
        set->items = hk_alloc_zero_or_die(set->count, sizeof(*set->items));
    for (uint32_t i = 0; i < set->count; i++) {
        const struct hk_script *script = &scripts->items[i];
        set->items[i] = (struct hk_policy){
            .name = hk_strdup_or_die(script->name),
            .generation = script->generation,
            .hooks = script->hooks,
            .fault = hk_strdup_or_die(script->fault),
            .loaded_at = script->loaded_at,
        };
    }
    return set;
}
