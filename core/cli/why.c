// SPDX-License-Identifier: Apache-2.0
#include "cli/families.h"

#include "base/check.h"
#include "base/json.h"
#include "cli/diff_view.h"
#include "cli/fields.h"
#include "cli/trail.h"

/** Prints who decided: a policy with its generation and hooks, or hookd by itself. */
static void print_decider(const struct hk_screen *screen, const json_t *data)
{
    const json_t *policy = json_object_get(data, "policy");
    const json_t *hooks = json_object_get(policy, "hooks");
    const char *decider = hk_view_text(data, "decided_by");
    hk_trail_name(screen, "decided");
    if (!json_is_object(policy)) {
        hk_screen_print(screen, "%s\n", decider[0] ? "by hookd: no policy was asked" : "not yet");
        return;
    }
    if (strcmp(decider, "default") == 0)
        hk_screen_print(screen, "by hookd, without ");
    else
        hk_screen_print(screen, decider[0] ? "by " : "not yet, by ");
    hk_screen_print(screen, "policy ");
    hk_screen_text(screen, hk_slice_of(hk_view_text(policy, "name")));
    hk_screen_print(screen, ", generation %lld",
                    (long long)json_integer_value(json_object_get(policy, "generation")));
    if (json_array_size(hooks) > 0) {
        struct hk_bytes names = { 0 };
        hk_view_value(hooks, &names);
        hk_screen_print(screen, " (");
        hk_screen_text(screen, hk_bytes_slice(&names));
        hk_screen_print(screen, ")");
        hk_bytes_fini(&names);
    }
    hk_screen_print(screen, "\n");
}

static void print_dropped(const struct hk_screen *screen, const json_t *dropped)
{
    const char *why = hk_view_text(dropped, "why");
    if (!json_is_object(dropped))
        return;
    hk_trail_name(screen, "dropped");
    hk_screen_text(screen, hk_slice_of(hk_view_text(dropped, "reason")));
    hk_screen_print(screen, why[0] ? ": " : "");
    hk_screen_text(screen, hk_slice_of(why));
    hk_screen_print(screen, "\n");
}

/** Says when a held event goes on. */
static void print_held(const struct hk_screen *screen, const json_t *data)
{
    const char *policy = hk_view_text(json_object_get(data, "policy"), "name");
    if (strcmp(hk_view_text(data, "state"), "held") != 0 || policy[0] == '\0')
        return;
    hk_trail_name(screen, "next");
    hk_screen_print(screen, "planned again by itself, when the policy changes, and by: "
                            "hookctl policy retry ");
    hk_screen_text(screen, hk_slice_of(policy));
    hk_screen_print(screen, "\n");
}

/** Prints what the policy changed for a delivery: the values as they stand in the answer. */
static void print_diff(const struct hk_screen *screen, struct hk_json_value delivery)
{
    struct hk_json_value diff;
    if (!hk_json_find(delivery, "diff", &diff))
        return;
    if (diff.type == HK_JSON_NULL)
        hk_screen_print(screen, "    a body of its own, no longer kept\n");
    hk_diff_view_list(screen, diff);
    if (hk_json_find(delivery, "diff_is_cut", &diff) && hk_slice_is(diff.text, "true"))
        hk_screen_print(screen, "    ... and more\n");
}

static void print_delivery(const struct hk_screen *screen, const json_t *delivery,
                           struct hk_json_value text)
{
    const char *why = hk_view_text(delivery, "why");
    const char *name;
    json_t *value;
    hk_trail_delivery(screen, delivery);
    if (why[0]) {
        hk_screen_print(screen, "  the policy: ");
        hk_screen_text(screen, hk_slice_of(why));
        hk_screen_print(screen, "\n");
    }
    json_object_foreach(json_object_get(delivery, "headers"), name, value)
    {
        hk_diff_view_header(screen, hk_slice_of(name), hk_slice_of(json_string_value(value)));
    }
    print_diff(screen, text);
    hk_trail_attempts(screen, delivery, true);
}

static void print_why(const struct hk_screen *screen, const struct hk_client_answer *answer)
{
    static const struct {
        const char *member, *name;
    } members[] = {
        { "id", "event" },    { "event", "type" },           { "merchant_id", "merchant" },
        { "state", "state" }, { "received_at", "received" },
    };
    const json_t *data = json_object_get(answer->root, "data");
    struct hk_json_value top, list = { 0 };
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        hk_trail_member(screen, data, members[i].member, members[i].name);
    print_decider(screen, data);
    print_dropped(screen, json_object_get(data, "dropped"));
    hk_trail_member(screen, data, "error", "error");
    print_held(screen, data);
    if (hk_json_scan(hk_bytes_slice(&answer->text), &top, NULL) < 0 ||
        !hk_json_find_path(top, "data.deliveries", &list))
        return;
    struct hk_json_walk walk = hk_json_walk_start(list);
    for (size_t i = 0; hk_json_walk_next(&walk); i++)
        print_delivery(screen, json_array_get(json_object_get(data, "deliveries"), i), walk.value);
}

static enum hk_exit run(struct hk_call *call)
{
    struct hk_bytes path = { 0 };
    struct hk_client_answer answer = { 0 };
    hk_assert(hk_bytes_append_text(&path, "/api/v1/events") == 0);
    hk_assert(hk_path_append(&path, call->arguments->words[0]) == 0);
    hk_assert(hk_bytes_append(&path, "/why", sizeof("/why")) == 0);
    struct hk_ask ask = { .method = "GET", .path = path.at };
    enum hk_exit ended = hk_call_ask(call, &ask, &answer);
    if (ended == HK_EXIT_DONE && call->screen->is_json)
        hk_call_print_json(call, &answer);
    else if (ended == HK_EXIT_DONE)
        print_why(call->screen, &answer);
    hk_client_answer_fini(&answer);
    hk_bytes_fini(&path);
    return ended;
}

const struct hk_verb hk_why_verbs[] = {
    { "", "EVENT", "its trail: who decided what, what was changed, how each attempt went", NULL, 1,
      1, run },
    HK_VERBS_END,
};
