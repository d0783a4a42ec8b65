// SPDX-License-Identifier: Apache-2.0
/** A folder of files for a test, gone at its end. */
#pragma once
#include "base/bytes.h"

struct folder {
    char path[64];
};

/** Makes an empty folder. */
void folder_make(struct folder *folder);
/** Removes it with all that is in it. */
void folder_remove(struct folder *folder);

/** Gets the path of `name` in it; good until the fourth call after this one. */
const char *folder_path(const struct folder *folder, const char *name);

/** Writes a file, in whole. Gets its path likewise. A NAME with a slash makes the folder above. */
const char *folder_write(const struct folder *folder, const char *name, struct hk_slice text);
const char *folder_write_text(const struct folder *folder, const char *name, const char *text);
void folder_unlink(const struct folder *folder, const char *name);
