// SPDX-License-Identifier: Apache-2.0
/** Grid: a table of rows under heads, each column as wide as its widest cell. Thread: the owner's.
 */
#pragma once
#include "cli/screen.h"
#include "model/texts.h"

struct hk_column {
    const char *head;
    bool is_number; /**< Stands to the right. */
    bool has_tone;  /**< Cells are states: coloured by hk_tone_of. */
};

struct hk_grid {
    const struct hk_column *columns; /**< Borrowed, static. */
    uint32_t column_count;
    struct hk_texts cells; /**< Row after row, cleaned. */
};

void hk_grid_init(struct hk_grid *grid, const struct hk_column *columns, uint32_t column_count);
void hk_grid_fini(struct hk_grid *grid);

/** Adds the next cell, a copy; NULL and "" are shown as "-". Ends the process when out of memory.
 */
void hk_grid_add(struct hk_grid *grid, const char *text);

/** Appends the table as text, a line a row, no space at the ends of lines. All rows are complete
 * (asserted). Without rows: the heads. 0 or HK_ENOMEM. */
HK_MUST_CHECK int hk_grid_render(const struct hk_grid *grid, bool has_color, struct hk_bytes *out);

/** Renders to the screen. */
void hk_grid_print(const struct hk_grid *grid, const struct hk_screen *screen);
