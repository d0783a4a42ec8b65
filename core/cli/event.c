// SPDX-License-Identifier: Apache-2.0
#include "cli/families.h"

#include "base/check.h"
#include "base/json.h"
#include "cli/fields.h"
#include "cli/trail.h"

/** Prints the body as hookd has it: numbers keep their text, which a JSON library would change. */
static void print_body(const struct hk_screen *screen, const struct hk_client_answer *answer)
{
    struct hk_json_value top, body;
    if (hk_json_scan(hk_bytes_slice(&answer->text), &top, NULL) < 0 ||
        !hk_json_find_path(top, "data.body", &body))
        return;
    hk_screen_print(screen, "\n");
    hk_screen_text(screen, body.text);
    hk_screen_print(screen, "\n");
}

static void print_event(const struct hk_screen *screen, const struct hk_client_answer *answer)
{
    static const struct {
        const char *member, *name;
    } members[] = {
        { "id", "event" },
        { "event", "type" },
        { "merchant_id", "merchant" },
        { "key", "key" },
        { "state", "state" },
        { "reason", "reason" },
        { "received_at", "received" },
        { "error", "error" },
    };
    const json_t *data = json_object_get(answer->root, "data");
    const json_t *delivery;
    size_t place;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        hk_trail_member(screen, data, members[i].member, members[i].name);
    json_array_foreach(json_object_get(data, "deliveries"), place, delivery)
    {
        hk_trail_delivery(screen, delivery);
        hk_trail_attempts(screen, delivery, false);
    }
    print_body(screen, answer);
}

static enum hk_exit show(struct hk_call *call)
{
    struct hk_bytes path = { 0 };
    struct hk_client_answer answer = { 0 };
    hk_assert(hk_bytes_append_text(&path, "/api/v1/events") == 0);
    hk_assert(hk_path_append(&path, call->arguments->words[0]) == 0);
    hk_assert(hk_bytes_append(&path, "", 1) == 0);
    struct hk_ask ask = { .method = "GET", .path = path.at };
    enum hk_exit ended = hk_call_ask(call, &ask, &answer);
    if (ended == HK_EXIT_DONE && call->screen->is_json)
        hk_call_print_json(call, &answer);
    else if (ended == HK_EXIT_DONE)
        print_event(call->screen, &answer);
    hk_client_answer_fini(&answer);
    hk_bytes_fini(&path);
    return ended;
}

const struct hk_verb hk_event_verbs[] = {
    { "show", "ID", "its state, deliveries, attempts and body", NULL, 1, 1, show },
    HK_VERBS_END,
};
