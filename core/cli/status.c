// SPDX-License-Identifier: Apache-2.0
#include "cli/families.h"

#include "model/stats.h"

static const struct {
    const char *name, *text;
} known[] = {
#define XX(name, is_gauge, text) { #name, text },
    HK_STATS_MAP(XX)
#undef XX
};

/** The figures that are not the engine's. */
static const struct {
    const char *name, *text;
} others[] = {
    { "policy_workers_wanted", "processes that run policies" },
    { "policy_workers_running", "...of them up" },
    { "policy_workers_restarts", "...started again after one ended" },
    { "policy_workers_error", "...why the last one did not start" },
};

/** Gets the sentence for a figure; its name when there is none. */
static const char *text_of(const char *name)
{
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (strcmp(others[i].name, name) == 0)
            return others[i].text;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].text;
    return name;
}

static void print_figures(const struct hk_screen *screen, const json_t *data)
{
    static const struct hk_column columns[] = { { "FIGURE", false, false },
                                                { "VALUE", true, false } };
    struct hk_grid grid;
    const char *name;
    json_t *value;
    hk_grid_init(&grid, columns, 2);
    json_object_foreach((json_t *)(uintptr_t)data, name, value)
    {
        struct hk_bytes cell = { 0 };
        hk_view_value(value, &cell);
        hk_grid_add(&grid, text_of(name));
        // Values are numbers and short texts: a cut one would be seen.
        char text[64];
        (void)snprintf(text, sizeof(text), "%.*s", (int)cell.size, hk_bytes_slice(&cell).at);
        hk_grid_add(&grid, text);
        hk_bytes_fini(&cell);
    }
    hk_grid_print(&grid, screen);
    hk_grid_fini(&grid);
}

static enum hk_exit status(struct hk_call *call)
{
    struct hk_ask ask = { .method = "GET", .path = "/api/v1/stats" };
    struct hk_client_answer answer = { 0 };
    enum hk_exit ended = hk_call_ask(call, &ask, &answer);
    if (ended == HK_EXIT_DONE && call->screen->is_json)
        hk_call_print_json(call, &answer);
    else if (ended == HK_EXIT_DONE)
        print_figures(call->screen, json_object_get(answer.root, "data"));
    hk_client_answer_fini(&answer);
    return ended;
}

const struct hk_verb hk_status_verbs[] = {
    { "", "", "counts since the start, and what is going on now", NULL, 0, 0, status },
    HK_VERBS_END,
};
