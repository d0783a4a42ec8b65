// SPDX-License-Identifier: Apache-2.0
/** File: what commands read from the operator's disk. Thread: one; blocks. */
#pragma once
#include "model/texts.h"

/** Appends the content of `path` ("-": standard input). HK_EIO, HK_ELIMIT (longer than
 * `bytes_max`), HK_ENOMEM; the fault names the file. */
HK_MUST_CHECK int hk_file_read(const char *path, size_t bytes_max, struct hk_bytes *text,
                               struct hk_fault *fault);

/** Lists the names of the files in a folder that end in `ending`, sorted; a folder that is not
 * there has none. HK_EIO. */
HK_MUST_CHECK int hk_file_list(const char *folder, const char *ending, struct hk_texts *names,
                               struct hk_fault *fault);

bool hk_file_is_folder(const char *path);

/** Makes "folder/name"; the caller frees with hk_free. Ends the process when out of memory. */
char *hk_file_join(const char *folder, const char *name);

/** Makes the folder part of a path, "." when it has none; the caller frees with hk_free. */
char *hk_file_folder(const char *path);

/** Gets the name of a Lua file without folder and ".lua"; empty when it has no such name. */
struct hk_slice hk_file_lua_name(const char *path);
