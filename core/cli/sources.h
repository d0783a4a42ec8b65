// SPDX-License-Identifier: Apache-2.0
/** Sources: Lua files as the cage gets them: a name without ".lua", and the text. Thread: one. */
#pragma once
#include "policy/wire.h"

struct hk_source {
    char *path;           /**< As the person wrote it. */
    struct hk_slice name; /**< Points into `path`. */
    struct hk_bytes text;
};

/** All zero is an empty list. */
struct hk_sources {
    struct hk_source *items;
    uint32_t count;
};

/** Reads one file. HK_EINVAL (not NAME.lua, or the name is too long), HK_EIO, HK_ELIMIT,
 * HK_ENOMEM; the fault names the file. */
HK_MUST_CHECK int hk_sources_add(struct hk_sources *sources, const char *path,
                                 struct hk_fault *fault);

/** Reads all NAME.lua of a folder but the specs and the names that are there already; a folder
 * that is not there has none. Errors likewise. */
HK_MUST_CHECK int hk_sources_add_folder(struct hk_sources *sources, const char *folder,
                                        struct hk_fault *fault);
void hk_sources_fini(struct hk_sources *sources);

/** Finds by name; NULL when it is not there. */
const struct hk_source *hk_sources_find(const struct hk_sources *sources, struct hk_slice name);

/** Is that the path of a spec, NAME_spec.lua? */
bool hk_source_is_spec(const char *path);

/** Gets the size of "NAME.lua" where `text` is "NAME.lua:..." of this source, else 0: how the
 * worker begins an error. */
size_t hk_source_prefix(const struct hk_source *source, struct hk_slice text);

/** Makes the list as a message has it: borrows from `sources`; the caller frees with hk_free. Ends
 * the process when out of memory. */
struct hk_wire_source *hk_sources_wire(const struct hk_sources *sources);
