// SPDX-License-Identifier: Apache-2.0
#include "policy/library.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/seal.h"
#include "policy/source_file.h"
#include "policy/wire.h"

#include <strings.h>

/** Gets the number of the first line that cannot be, or 0. */
static uint32_t line_refused(struct hk_slice text)
{
    const char *at = text.at;
    const char *end = at + text.size;
    if (hk_utf8_is_valid(text) && (text.size == 0 || memchr(text.at, '\0', text.size) == NULL))
        return 0;
    for (uint32_t number = 1; at < end; number++) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        struct hk_slice line = { at, (size_t)((line_end != NULL ? line_end : end) - at) };
        if (!hk_utf8_is_valid(line) || memchr(line.at, '\0', line.size) != NULL)
            return number;
        at += line.size + 1;
    }
    return 1;
}

int hk__script_read(const char *path, struct hk_bytes *text, struct hk_fault *fault)
{
    int rc = hk__source_read(path, HK_SCRIPT_BYTES_MAX, text, fault);
    uint32_t line = rc == 0 ? line_refused(hk_bytes_slice(text)) : 0;
    if (line != 0) {
        hk_bytes_fini(text);
        return hk_fault_set(fault, HK_ESYNTAX, "%s:%u: not UTF-8 text without zero bytes", path,
                            line);
    }
    return rc;
}

struct hk_slice hk__script_name(const char *file_name)
{
    static const char ending[] = ".lua";
    static const char spec[] = "_spec";
    struct hk_slice name = hk_slice_of(file_name);
    size_t ending_size = strlen(ending);
    size_t spec_size = strlen(spec);
    if (name.size <= ending_size || strcmp(file_name + name.size - ending_size, ending) != 0)
        return HK_SLICE_EMPTY;
    name.size -= ending_size;
    if (name.size >= spec_size && memcmp(name.at + name.size - spec_size, spec, spec_size) == 0)
        return HK_SLICE_EMPTY;
    return hk__source_is_name(name) ? name : HK_SLICE_EMPTY;
}

bool hk__script_is_mistaken(const char *file_name)
{
    size_t size = strlen(file_name);
    bool is_spec = size >= 9 && strcmp(file_name + size - 9, "_spec.lua") == 0;
    return size >= 4 && strcasecmp(file_name + size - 4, ".lua") == 0 && !is_spec &&
           hk__script_name(file_name).size == 0;
}

static int digest_make(struct hk_library *library)
{
    struct hk_bytes whole = { 0 };
    int rc = hk_bytes_append(&whole, library->name, strlen(library->name) + 1);
    if (rc == 0)
        rc = hk_bytes_append(&whole, hk_bytes_slice(&library->text).at, library->text.size);
    if (rc == 0)
        hk_sha256(hk_bytes_slice(&whole), library->digest);
    hk_bytes_fini(&whole);
    return rc;
}

struct hk_library *hk__library_new(const char *name, struct hk_bytes *own_text)
{
    struct hk_library *library = hk_alloc_zero(1, sizeof(*library));
    if (library == NULL)
        return NULL;
    library->references = 1;
    library->name = hk_slice_dup(hk_slice_of(name));
    library->text = *own_text;
    if (library->name == NULL || digest_make(library) != 0) {
        hk_free(library->name);
        hk_free(library);
        return NULL;
    }
    *own_text = (struct hk_bytes){ 0 };
    return library;
}

struct hk_library *hk__library_ref(struct hk_library *library)
{
    (void)__atomic_add_fetch(&library->references, 1, __ATOMIC_RELAXED);
    return library;
}

void hk__library_unref(struct hk_library *library)
{
    if (library == NULL || __atomic_sub_fetch(&library->references, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    hk_free(library->name);
    hk_bytes_fini(&library->text);
    hk_free(library);
}

struct hk_library *hk__libraries_find(struct hk_library *const *libraries, uint32_t count,
                                      struct hk_slice name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (hk_slice_is(name, libraries[i]->name))
            return libraries[i];
    }
    return NULL;
}

void hk__libraries_fini(struct hk_library **libraries, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        hk__library_unref(libraries[i]);
    hk_free(libraries);
}

struct hk_library **hk__libraries_share(struct hk_library *const *libraries, uint32_t count)
{
    struct hk_library **list =
        count != 0 ? hk_alloc_zero(count, sizeof(struct hk_library *)) : NULL;
    for (uint32_t i = 0; list != NULL && i < count; i++)
        list[i] = hk__library_ref(libraries[i]);
    return list;
}
