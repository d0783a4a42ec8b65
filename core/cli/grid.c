// SPDX-License-Identifier: Apache-2.0
#include "cli/grid.h"

#include "base/alloc.h"
#include "base/check.h"

enum { COLUMNS_MAX = 16, GAP = 2 };

void hk_grid_init(struct hk_grid *grid, const struct hk_column *columns, uint32_t column_count)
{
    hk_assert(column_count >= 1 && column_count <= COLUMNS_MAX);
    *grid = (struct hk_grid){ .columns = columns, .column_count = column_count };
}

void hk_grid_fini(struct hk_grid *grid)
{
    hk_texts_fini(&grid->cells);
}

void hk_grid_add(struct hk_grid *grid, const char *text)
{
    struct hk_bytes clean = { 0 };
    bool is_empty = text == NULL || text[0] == '\0';
    hk_assert(hk_text_append_clean(&clean, hk_slice_of(is_empty ? "-" : text)) == 0);
    hk_texts_add(&grid->cells, hk_bytes_slice(&clean));
    hk_bytes_fini(&clean);
}

/** How wide each column is. */
struct widths {
    size_t columns[COLUMNS_MAX];
};

static struct widths measure(const struct hk_grid *grid)
{
    struct widths widths;
    hk_assert(grid->column_count >= 1);
    for (uint32_t i = 0; i < grid->column_count; i++)
        widths.columns[i] = hk_text_columns(hk_slice_of(grid->columns[i].head));
    for (uint32_t i = 0; i < grid->cells.count; i++) {
        size_t columns = hk_text_columns(hk_slice_of(grid->cells.items[i]));
        size_t *widest = &widths.columns[i % grid->column_count];
        *widest = columns > *widest ? columns : *widest;
    }
    return widths;
}

static int append_spaces(struct hk_bytes *out, size_t count)
{
    int code = 0;
    while (code == 0 && count-- > 0)
        code = hk_bytes_append(out, " ", 1);
    return code;
}

/** One cell: text, how wide its column is, and what surrounds it. */
struct cell {
    const char *text;
    const char *before, *after; /**< Escapes; no width. */
    size_t width;
    bool is_right, is_last;
};

static int append_cell(struct hk_bytes *out, const struct cell *cell)
{
    size_t room = cell->width - hk_text_columns(hk_slice_of(cell->text));
    int code = append_spaces(out, cell->is_right ? room : 0);
    if (code == 0)
        code = hk_bytes_append_format(out, "%s%s%s", cell->before, cell->text, cell->after);
    if (code == 0 && !cell->is_last)
        code = append_spaces(out, (cell->is_right ? 0 : room) + GAP);
    return code < 0 || !cell->is_last ? code : hk_bytes_append(out, "\n", 1);
}

int hk_grid_render(const struct hk_grid *grid, bool has_color, struct hk_bytes *out)
{
    struct widths widths = measure(grid);
    uint32_t count = grid->column_count;
    int code = 0;
    hk_assert(grid->cells.count % count == 0);
    for (uint32_t i = 0; code == 0 && i < grid->cells.count + count; i++) {
        const struct hk_column *column = &grid->columns[i % count];
        bool is_head = i < count;
        const char *text = is_head ? column->head : grid->cells.items[i - count];
        enum hk_tone tone = is_head || !column->has_tone ? HK_TONE_PLAIN : hk_tone_of(text);
        struct cell cell = {
            .text = text,
            .before = is_head && has_color ? "\033[1m" : hk_tone_start(tone, has_color),
            .after = is_head && has_color ? "\033[0m" : hk_tone_end(tone, has_color),
            .width = widths.columns[i % count],
            .is_right = column->is_number,
            .is_last = i % count == count - 1,
        };
        code = append_cell(out, &cell);
    }
    return code;
}

void hk_grid_print(const struct hk_grid *grid, const struct hk_screen *screen)
{
    struct hk_bytes text = { 0 };
    if (hk_grid_render(grid, screen->has_color, &text) == 0)
        (void)fwrite(hk_bytes_slice(&text).at, 1, text.size, screen->out);
    hk_bytes_fini(&text);
}
