// SPDX-License-Identifier: Apache-2.0
#include "cli/policy.h"

#include "base/json.h"

/** A check of several files, under way. */
struct check {
    struct hk_call *call;
    uint32_t fault_count;
    struct hk_bytes json;
};

/** One line a file: "FILE: ok (filter, route)", or the fault, which begins with the file. */
static void print_line(const struct check *check, const char *path, uint32_t hooks,
                       const char *fault)
{
    const struct hk_screen *screen = check->call->screen;
    struct hk_bytes text = { 0 };
    if (fault) {
        hk_screen_text(screen, hk_slice_of(fault));
    } else if (hk_hooks_append(&text, hooks) == 0) {
        hk_screen_text(screen, hk_slice_of(path));
        hk_screen_print(screen, ": %sok%s (%.*s)", hk_tone_start(HK_TONE_GOOD, screen->has_color),
                        hk_tone_end(HK_TONE_GOOD, screen->has_color), (int)text.size, text.at);
    }
    hk_screen_print(screen, "\n");
    hk_bytes_fini(&text);
}

static int append_json(struct check *check, const char *path, uint32_t hooks, const char *fault)
{
    struct hk_bytes *out = &check->json;
    int code = hk_bytes_append_text(out, out->size > 0 ? ",{\"file\":" : "[{\"file\":");
    if (code == 0)
        code = hk_json_append_string(out, hk_slice_of(path));
    if (code == 0)
        code = hk_bytes_append_text(out, ",\"hooks\":");
    if (code == 0)
        code = hk_hooks_append_json(out, fault ? 0 : hooks);
    if (code == 0)
        code = hk_bytes_append_text(out, ",\"fault\":");
    if (code == 0)
        code = fault ? hk_json_append_string(out, hk_slice_of(fault))
                     : hk_bytes_append_text(out, "null");
    return code < 0 ? code : hk_bytes_append_text(out, "}");
}

static void tell(struct check *check, const char *path, uint32_t hooks, const char *fault)
{
    check->fault_count += fault != NULL;
    if (!check->call->screen->is_json)
        print_line(check, path, hooks, fault);
    else if (append_json(check, path, hooks, fault) < 0)
        hk_screen_complain(check->call->screen, "%s", hk_error_text(HK_ENOMEM));
}

/** Checks one file in the cage; each has the libraries that are near it. */
static enum hk_exit check_file(struct check *check, const char *path)
{
    struct hk_sources sources = { 0 };
    struct hk_fault fault;
    struct hk_cage cage;
    uint32_t hooks = 0;
    int code = hk_sources_add(&sources, path, &fault);
    if (code == 0 && hk_source_is_spec(path))
        code = hk_fault_set(&fault, HK_EINVAL,
                            "%s: a spec and no policy; `hookctl policy spec` runs it", path);
    if (code < 0) {
        tell(check, path, 0, fault.text);
        hk_sources_fini(&sources);
        return HK_EXIT_DONE;
    }
    enum hk_exit ended = hk_policy_open_cage(check->call, path, &cage);
    if (ended == HK_EXIT_DONE) {
        code = hk_cage_tell(&cage, 1, &sources.items[0], &fault);
        if (code == 0)
            code = hk_cage_check(&cage, 1, &sources.items[0], &hooks, &fault);
        tell(check, path, hooks, code < 0 ? fault.text : NULL);
        hk_cage_close(&cage);
    }
    hk_sources_fini(&sources);
    return ended;
}

enum hk_exit hk_policy_check(struct hk_call *call)
{
    struct check check = { .call = call };
    enum hk_exit ended = HK_EXIT_DONE;
    for (uint32_t i = 0; ended == HK_EXIT_DONE && i < call->arguments->word_count; i++)
        ended = check_file(&check, call->arguments->words[i]);
    if (call->screen->is_json && ended == HK_EXIT_DONE)
        hk_screen_print(call->screen, "%.*s]\n", (int)check.json.size, check.json.at);
    hk_bytes_fini(&check.json);
    return ended == HK_EXIT_DONE && check.fault_count > 0 ? HK_EXIT_FAILED : ended;
}
