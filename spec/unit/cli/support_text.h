// SPDX-License-Identifier: Apache-2.0
/** What the tests of this folder say of texts, and files that they read. */
#pragma once
#include "cli/screen.h"

/** Fails unless `part` stands in `text`. */
void assert_has(const char *text, const char *part);

/** Writes a file of a fresh folder; `path` has 128 bytes. Remove with file_remove. */
void file_write(char path[128], const char *name, const char *text);
void file_remove(const char *path);

/** A screen that writes into memory. */
struct screen_memory {
    struct hk_screen screen;
    char *out;
    size_t size;
};

void screen_open(struct screen_memory *memory, bool is_json);

/** Gets what was written so far. */
const char *screen_text(struct screen_memory *memory);
void screen_close(struct screen_memory *memory);
