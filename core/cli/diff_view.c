// SPDX-License-Identifier: Apache-2.0
#include "cli/diff_view.h"

enum { VALUE_BYTES_MAX = 200 };

/** Prints "    + text: value". */
static void print_line(const struct hk_screen *screen, char sign, struct hk_slice text,
                       struct hk_slice value)
{
    enum hk_tone tone = sign == '+' ? HK_TONE_GOOD : HK_TONE_BAD;
    struct hk_slice shown = hk_slice_cut(value, VALUE_BYTES_MAX);
    hk_screen_print(screen, "    %s%c ", hk_tone_start(tone, screen->has_color), sign);
    hk_screen_text(screen, text);
    hk_screen_print(screen, ": ");
    hk_screen_text(screen, shown);
    hk_screen_print(screen, "%s%s\n", shown.size < value.size ? "..." : "",
                    hk_tone_end(tone, screen->has_color));
}

void hk_diff_view_entry(const struct hk_screen *screen, const struct hk_json_diff_entry *entry)
{
    struct hk_slice path = entry->path.size > 0 ? entry->path : HK_SLICE("the whole body");
    if (entry->op != HK_JSON_DIFF_ADD)
        print_line(screen, '-', path, entry->from);
    if (entry->op != HK_JSON_DIFF_REMOVE)
        print_line(screen, '+', path, entry->to);
}

static int take(void *arg, const struct hk_json_diff_entry *entry)
{
    hk_diff_view_entry(arg, entry);
    return 0;
}

void hk_diff_view_bodies(const struct hk_screen *screen, struct hk_slice original,
                         struct hk_slice changed)
{
    struct hk_json_value from, to;
    bool is_truncated = false;
    if (hk_json_scan(original, &from, NULL) < 0 || hk_json_scan(changed, &to, NULL) < 0 ||
        hk_json_diff(from, to, take, (void *)(uintptr_t)screen, &is_truncated) < 0)
        hk_screen_print(screen, "    the body is no JSON that can be compared\n");
    else if (is_truncated)
        hk_screen_print(screen, "    ... and more\n");
}

/** Makes an entry of {"op", "path", "from", "to"}; false when it is none. `path` holds its path. */
static bool read_entry(struct hk_json_value change, struct hk_json_diff_entry *entry,
                       struct hk_bytes *path)
{
    struct hk_json_value value;
    *entry = (struct hk_json_diff_entry){ .op = HK_JSON_DIFF_REPLACE };
    hk_bytes_clear(path);
    if (!hk_json_find(change, "op", &value))
        return false;
    if (hk_slice_is(value.text, "\"add\""))
        entry->op = HK_JSON_DIFF_ADD;
    else if (hk_slice_is(value.text, "\"remove\""))
        entry->op = HK_JSON_DIFF_REMOVE;
    if (!hk_json_find(change, "path", &value) || value.type != HK_JSON_STRING ||
        hk_json_string(value, path) < 0)
        return false;
    entry->path = hk_bytes_slice(path);
    if (hk_json_find(change, "from", &value))
        entry->from = value.text;
    if (hk_json_find(change, "to", &value))
        entry->to = value.text;
    return true;
}

void hk_diff_view_list(const struct hk_screen *screen, struct hk_json_value list)
{
    struct hk_json_diff_entry entry;
    struct hk_bytes path = { 0 };
    for (struct hk_json_walk walk = hk_json_walk_start(list); hk_json_walk_next(&walk);)
        if (read_entry(walk.value, &entry, &path))
            hk_diff_view_entry(screen, &entry);
    hk_bytes_fini(&path);
}

void hk_diff_view_header(const struct hk_screen *screen, struct hk_slice name,
                         struct hk_slice value)
{
    struct hk_bytes text = { 0 };
    if (hk_bytes_append_format(&text, "header %.*s", (int)name.size, name.at) == 0)
        print_line(screen, '+', hk_bytes_slice(&text), value);
    hk_bytes_fini(&text);
}
