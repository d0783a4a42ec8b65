// SPDX-License-Identifier: Apache-2.0
#include "cli/sources.h"

#include "base/alloc.h"
#include "cli/file.h"

int hk_sources_add(struct hk_sources *sources, const char *path, struct hk_fault *fault)
{
    struct hk_slice name = hk_file_lua_name(path);
    if (name.size == 0 || name.size > HK_POLICY_NAME_BYTES_MAX)
        return hk_fault_set(fault, HK_EINVAL,
                            "%s: its name must be NAME.lua, NAME of 1 to %d bytes", path,
                            HK_POLICY_NAME_BYTES_MAX);
    struct hk_bytes text = { 0 };
    int code = hk_file_read(path, HK_SCRIPT_BYTES_MAX, &text, fault);
    if (code < 0) {
        hk_bytes_fini(&text);
        return code;
    }
    sources->items = hk_realloc_or_die(sources->items, sources->count + 1, sizeof(*sources->items));
    struct hk_source *added = &sources->items[sources->count++];
    *added = (struct hk_source){ .path = hk_strdup_or_die(path), .text = text };
    added->name = hk_file_lua_name(added->path);
    return 0;
}

bool hk_source_is_spec(const char *path)
{
    static const char ending[] = "_spec.lua";
    size_t size = strlen(path);
    return size >= sizeof(ending) - 1 && strcmp(path + size + 1 - sizeof(ending), ending) == 0;
}

int hk_sources_add_folder(struct hk_sources *sources, const char *folder, struct hk_fault *fault)
{
    struct hk_texts names = { 0 };
    int code = hk_file_list(folder, ".lua", &names, fault);
    for (uint32_t i = 0; code == 0 && i < names.count; i++) {
        bool is_there = hk_sources_find(sources, hk_file_lua_name(names.items[i])) != NULL;
        if (is_there || hk_source_is_spec(names.items[i]))
            continue;
        char *path = hk_file_join(folder, names.items[i]);
        code = hk_sources_add(sources, path, fault);
        hk_free(path);
    }
    hk_texts_fini(&names);
    return code;
}

void hk_sources_fini(struct hk_sources *sources)
{
    for (uint32_t i = 0; i < sources->count; i++) {
        hk_free(sources->items[i].path);
        hk_bytes_fini(&sources->items[i].text);
    }
    hk_free(sources->items);
    *sources = (struct hk_sources){ 0 };
}

const struct hk_source *hk_sources_find(const struct hk_sources *sources, struct hk_slice name)
{
    for (uint32_t i = 0; i < sources->count; i++)
        if (hk_slice_is_equal(sources->items[i].name, name))
            return &sources->items[i];
    return NULL;
}

size_t hk_source_prefix(const struct hk_source *source, struct hk_slice text)
{
    struct hk_slice name = source->name;
    bool is_there = text.size > name.size + 5 && memcmp(text.at, name.at, name.size) == 0 &&
                    memcmp(text.at + name.size, ".lua:", 5) == 0;
    return is_there ? name.size + 4 : 0;
}

struct hk_wire_source *hk_sources_wire(const struct hk_sources *sources)
{
    struct hk_wire_source *list = hk_alloc_zero_or_die(sources->count + 1, sizeof(*list));
    for (uint32_t i = 0; i < sources->count; i++)
        list[i] = (struct hk_wire_source){ sources->items[i].name,
                                           hk_bytes_slice(&sources->items[i].text) };
    return list;
}
