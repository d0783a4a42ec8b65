// SPDX-License-Identifier: Apache-2.0
/** Library: reading lib_dir, and the counting of libraries that sets and scripts share. Inside
 * policy only. Thread: any; the count is atomic. */
#pragma once
#include "policy/scripts.h"

/** Reads a policy or a library: UTF-8 without zero bytes, at most HK_SCRIPT_BYTES_MAX. HK_EIO,
 * HK_EINVAL, HK_ELIMIT, HK_ESYNTAX (with the line), HK_ENOMEM. */
HK_MUST_CHECK int hk__script_read(const char *path, struct hk_bytes *text, struct hk_fault *fault);

/** Makes a library of a text, which moves in; NULL when there is no memory, and then it does not.
 */
struct hk_library *hk__library_new(const char *name, struct hk_bytes *own_text);
struct hk_library *hk__library_ref(struct hk_library *library);
void hk__library_unref(struct hk_library *library);

/** Finds by name in a list that is sorted by it; NULL when it is not there. */
struct hk_library *hk__libraries_find(struct hk_library *const *libraries, uint32_t count,
                                      struct hk_slice name);

/** Unrefs all and frees the list. */
void hk__libraries_fini(struct hk_library **libraries, uint32_t count);

/** Makes another reference to each, in a new list; NULL for none, or for no memory. */
struct hk_library **hk__libraries_share(struct hk_library *const *libraries, uint32_t count);

/** Gets NAME of a file name "NAME.lua" that is no spec; empty when it is not such a name. */
struct hk_slice hk__script_name(const char *file_name);

/** Was a policy or a library meant, though the name is none ("Refund.LUA", "a b.lua")? */
bool hk__script_is_mistaken(const char *file_name);
