// SPDX-License-Identifier: Apache-2.0
#include "cli/view.h"

#include "base/check.h"

#include <inttypes.h>

enum { COLUMNS_MAX = 16 };

static int append_chunk(const char *text, size_t size, void *arg)
{
    return hk_bytes_append(arg, text, size) < 0 ? -1 : 0;
}

static void append(struct hk_bytes *out, const char *text, size_t size)
{
    hk_assert(hk_bytes_append(out, text, size) == 0);
}

static void append_scalar(const json_t *value, struct hk_bytes *out)
{
    if (json_is_string(value))
        append(out, json_string_value(value), json_string_length(value));
    else if (value == NULL || json_is_null(value))
        append(out, "-", 1);
    else
        hk_assert(json_dump_callback(value, append_chunk, out,
                                     JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12)) ==
                  0);
}

void hk_view_value(const json_t *value, struct hk_bytes *out)
{
    if (!json_is_array(value)) {
        append_scalar(value, out);
        return;
    }
    if (json_array_size(value) == 0)
        append(out, "-", 1);
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (i > 0)
            append(out, ", ", 2);
        append_scalar(json_array_get(value, i), out);
    }
}

void hk_view_record(const struct hk_screen *screen, const json_t *record)
{
    const char *name;
    json_t *value;
    size_t widest = 0;
    json_object_foreach((json_t *)(uintptr_t)record, name, value)
    {
        size_t columns = hk_text_columns(hk_slice_of(name));
        widest = columns > widest ? columns : widest;
    }
    json_object_foreach((json_t *)(uintptr_t)record, name, value)
    {
        struct hk_bytes line = { 0 };
        hk_view_value(value, &line);
        hk_screen_text(screen, hk_slice_of(name));
        hk_screen_print(screen, "%*s", (int)(widest - hk_text_columns(hk_slice_of(name)) + 2), "");
        hk_screen_text(screen, hk_bytes_slice(&line));
        hk_screen_print(screen, "\n");
        hk_bytes_fini(&line);
    }
}

void hk_view_list(const struct hk_screen *screen, const json_t *rows,
                  const struct hk_view_column *columns, uint32_t count)
{
    struct hk_column heads[COLUMNS_MAX];
    struct hk_grid grid;
    hk_assert(count <= COLUMNS_MAX);
    for (uint32_t i = 0; i < count; i++)
        heads[i] = columns[i].column;
    hk_grid_init(&grid, heads, count);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        for (uint32_t j = 0; j < count; j++) {
            struct hk_bytes cell = { 0 };
            hk_view_value(json_object_get(json_array_get(rows, i), columns[j].member), &cell);
            append(&cell, "", 1);
            hk_grid_add(&grid, cell.at);
            hk_bytes_fini(&cell);
        }
    }
    hk_grid_print(&grid, screen);
    hk_grid_fini(&grid);
}

const char *hk_view_text(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}
