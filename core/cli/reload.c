// SPDX-License-Identifier: Apache-2.0
#include "cli/families.h"

static const struct hk_column columns[] = {
    { "POLICY", false, false },
    { "WHAT", false, true },
    { "GENERATION", true, false },
    { "FAULT", false, false },
};

static void add_row(struct hk_grid *grid, const json_t *line)
{
    char generation[24];
    (void)snprintf(generation, sizeof(generation), "%lld",
                   (long long)json_integer_value(json_object_get(line, "generation")));
    hk_grid_add(grid, hk_view_text(line, "name"));
    hk_grid_add(grid, hk_view_text(line, "what"));
    hk_grid_add(grid, generation);
    hk_grid_add(grid, hk_view_text(line, "fault"));
}

/** Shows what changed or was refused; what was kept is only counted. */
static void print_policies(const struct hk_screen *screen, const json_t *lines)
{
    struct hk_grid grid;
    const json_t *line;
    size_t place;
    unsigned kept = 0, shown = 0;
    hk_grid_init(&grid, columns, sizeof(columns) / sizeof(columns[0]));
    json_array_foreach(lines, place, line)
    {
        bool is_kept = strcmp(hk_view_text(line, "what"), "kept") == 0;
        kept += is_kept;
        shown += !is_kept;
        if (!is_kept)
            add_row(&grid, line);
    }
    if (shown > 0)
        hk_grid_print(&grid, screen);
    hk_grid_fini(&grid);
    hk_screen_print(screen, "%u %s as %s\n", kept, kept == 1 ? "policy" : "policies",
                    kept == 1 ? "it was" : "they were");
}

static void print_options(const struct hk_screen *screen, const json_t *config, const char *member,
                          const char *text)
{
    const json_t *names = json_object_get(config, member);
    struct hk_bytes line = { 0 };
    if (json_array_size(names) == 0)
        return;
    hk_view_value(names, &line);
    hk_screen_print(screen, "%s: ", text);
    hk_screen_text(screen, hk_bytes_slice(&line));
    hk_screen_print(screen, "\n");
    hk_bytes_fini(&line);
}

static enum hk_exit run(struct hk_call *call)
{
    struct hk_ask ask = { .method = "POST", .path = "/api/v1/reload", .body = HK_SLICE_EMPTY };
    struct hk_client_answer answer = { 0 };
    enum hk_exit ended = hk_call_ask(call, &ask, &answer);
    const json_t *data = json_object_get(answer.root, "data");
    const json_t *config = json_object_get(data, "config");
    // A refusal has data, too, and hk_call_ask has shown it to a program.
    if (call->screen->is_json) {
        if (ended == HK_EXIT_DONE)
            hk_call_print_json(call, &answer);
    } else if (json_is_object(data) && !json_is_string(json_object_get(config, "fault"))) {
        print_policies(call->screen, json_object_get(data, "policies"));
        print_options(call->screen, config, "applied", "now in use");
        print_options(call->screen, config, "needs_restart", "counts after a restart only");
    }
    hk_client_answer_fini(&answer);
    return ended;
}

const struct hk_verb hk_reload_verbs[] = {
    { "", "", "read config, policies, libraries and tables again; all that load are swapped", NULL,
      0, 0, run },
    HK_VERBS_END,
};
