// SPDX-License-Identifier: Apache-2.0
/** View: JSON answers as a person reads them. Thread: one. */
#pragma once
#include "cli/grid.h"

#include <jansson.h>

/** One column of a list: how it looks, and which member of the rows it shows. */
struct hk_view_column {
    struct hk_column column;
    const char *member;
};

/** Appends a value on one line: text as it is, lists with commas, objects as JSON, null as "-".
 * Ends the process when out of memory. */
void hk_view_value(const json_t *value, struct hk_bytes *out);

/** Prints the members of an object, a line each, names first. */
void hk_view_record(const struct hk_screen *screen, const json_t *record);

/** Prints an array of objects as a table. `count` is that of `columns`. */
void hk_view_list(const struct hk_screen *screen, const json_t *rows,
                  const struct hk_view_column *columns, uint32_t count);

/** Gets the text of a member, or "" when it is not there or no string. */
const char *hk_view_text(const json_t *object, const char *member);
