// SPDX-License-Identifier: Apache-2.0
#include "cli/families.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/json.h"
#include "cli/fields.h"

enum { WHEN_COLUMNS = 24, OUTCOME_COLUMNS = 10 };

/** Prints "name  value" unless there is no value. */
static void print_member(const struct hk_screen *screen, const json_t *data, const char *member,
                         const char *name)
{
    const json_t *value = json_object_get(data, member);
    struct hk_bytes line = { 0 };
    if (value == NULL || json_is_null(value) || hk_view_text(data, member)[0] == '\0') {
        if (!json_is_integer(value))
            return;
    }
    hk_view_value(value, &line);
    hk_screen_print(screen, "%-9s ", name);
    hk_screen_text(screen, hk_bytes_slice(&line));
    hk_screen_print(screen, "\n");
    hk_bytes_fini(&line);
}

static void print_word(const struct hk_screen *screen, const char *word, int columns)
{
    enum hk_tone tone = hk_tone_of(word);
    int room = columns - (int)hk_text_columns(hk_slice_of(word));
    hk_screen_print(screen, "%s", hk_tone_start(tone, screen->has_color));
    hk_screen_text(screen, hk_slice_of(word));
    hk_screen_print(screen, "%s%*s", hk_tone_end(tone, screen->has_color), room > 0 ? room : 0, "");
}

static void print_attempt(const struct hk_screen *screen, const json_t *attempt)
{
    json_int_t status = json_integer_value(json_object_get(attempt, "status"));
    const json_t *timings = json_object_get(attempt, "timings_ms");
    double total_ms = json_number_value(json_object_get(timings, "total"));
    char status_text[24] = "-";
    if (status > 0)
        (void)snprintf(status_text, sizeof(status_text), "%lld", (long long)status);
    hk_screen_print(screen, "  ");
    print_word(screen, hk_view_text(attempt, "started_at"), WHEN_COLUMNS);
    hk_screen_print(screen, "  attempt %-2lld  %3s  ",
                    (long long)json_integer_value(json_object_get(attempt, "number")), status_text);
    print_word(screen, hk_view_text(attempt, "outcome"), OUTCOME_COLUMNS);
    hk_screen_print(screen, "%9.1f ms", total_ms);
    if (hk_view_text(attempt, "error")[0]) {
        hk_screen_print(screen, "  ");
        hk_screen_text(screen, hk_slice_of(hk_view_text(attempt, "error")));
    }
    hk_screen_print(screen, "\n");
}

static void print_delivery(const struct hk_screen *screen, const json_t *delivery)
{
    const char *url = hk_view_text(delivery, "url");
    const char *reason = hk_view_text(delivery, "reason");
    const char *next = hk_view_text(delivery, "next_attempt_at");
    const json_t *attempt;
    size_t place;
    hk_screen_print(screen, "\n");
    print_word(screen, hk_view_text(delivery, "state"), 0);
    if (reason[0]) {
        hk_screen_print(screen, " (");
        hk_screen_text(screen, hk_slice_of(reason));
        hk_screen_print(screen, ")");
    }
    hk_screen_print(screen, "  ");
    hk_screen_text(screen, hk_slice_of(hk_view_text(delivery, "role")));
    hk_screen_print(screen, "  ");
    hk_screen_text(screen, hk_slice_of(url[0] ? url : "its endpoint is gone"));
    hk_screen_print(screen, "  ");
    hk_screen_text(screen, hk_slice_of(hk_view_text(delivery, "webhook")));
    hk_screen_print(screen, "\n");
    json_array_foreach(json_object_get(delivery, "attempts"), place, attempt)
    {
        print_attempt(screen, attempt);
    }
    if (next[0]) {
        hk_screen_print(screen, "  ");
        hk_screen_text(screen, hk_slice_of(next));
        hk_screen_print(screen, "  next attempt\n");
    }
}

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
        print_member(screen, data, members[i].member, members[i].name);
    json_array_foreach(json_object_get(data, "deliveries"), place, delivery)
    {
        print_delivery(screen, delivery);
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
