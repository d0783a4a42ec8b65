// SPDX-License-Identifier: Apache-2.0
#include "cli/families.h"

enum { COUNT_MAX = 1000000000 };

static const struct hk_cli_option options[] = {
    { "count", "N", "end after so many attempts", HK_FIELD_NONE, NULL },
    HK_OPTIONS_END,
};

/** A tail under way. */
struct tail {
    const struct hk_screen *screen;
    uint64_t left; /**< Attempts until the end. */
};

static void print_padded(const struct hk_screen *screen, const char *text, int columns)
{
    enum hk_tone tone = hk_tone_of(text);
    int room = columns - (int)hk_text_columns(hk_slice_of(text));
    hk_screen_print(screen, "%s", hk_tone_start(tone, screen->has_color));
    hk_screen_text(screen, hk_slice_of(text));
    hk_screen_print(screen, "%s%*s  ", hk_tone_end(tone, screen->has_color), room > 0 ? room : 0,
                    "");
}

/** Says what follows the attempt: where the delivery ended, or when it is tried again. */
static void print_end(const struct hk_screen *screen, const json_t *line)
{
    const char *next = hk_view_text(line, "next_attempt_at");
    double delay_s = json_number_value(json_object_get(line, "delay_ms")) / 1000;
    const char *state = hk_view_text(line, "state");
    const char *reason = hk_view_text(line, "reason");
    print_padded(screen, state, 0);
    if (strcmp(state, "waiting") == 0 && next[0]) {
        hk_screen_print(screen, "until ");
        hk_screen_text(screen, hk_slice_of(next));
    } else if (strcmp(state, "waiting") == 0) {
        hk_screen_print(screen, "for %.1f s", delay_s);
    } else {
        hk_screen_text(screen, hk_slice_of(reason));
    }
    hk_screen_print(screen, "\n");
}

static void print_attempt(const struct hk_screen *screen, const json_t *line)
{
    json_int_t status = json_integer_value(json_object_get(line, "status"));
    char came[24];
    (void)snprintf(came, sizeof(came), "%lld", (long long)status);
    print_padded(screen, hk_view_text(line, "at"), 24);
    hk_screen_print(screen, "%6lld  ",
                    (long long)json_integer_value(json_object_get(line, "merchant_id")));
    print_padded(screen, hk_view_text(line, "type"), 18);
    print_padded(screen, hk_view_text(line, "event"), 36);
    print_padded(screen, hk_view_text(line, "endpoint"), 36);
    hk_screen_print(screen, "#%-2lld  ",
                    (long long)json_integer_value(json_object_get(line, "attempt")));
    print_padded(screen, status > 0 ? came : hk_view_text(line, "outcome"), 9);
    hk_screen_print(screen, "%8.1f ms  ", json_number_value(json_object_get(line, "total_ms")));
    print_end(screen, line);
}

/** Prints one line of the stream; it may also say how many were left out. */
static bool on_line(void *arg, struct hk_slice text)
{
    struct tail *tail = arg;
    json_t *line = json_loadb(text.at, text.size, 0, NULL);
    json_int_t dropped = json_integer_value(json_object_get(line, "dropped"));
    if (tail->screen->is_json)
        hk_screen_print(tail->screen, "%.*s\n", (int)text.size, text.at);
    else if (dropped > 0)
        hk_screen_complain(tail->screen, "%lld attempts left out: this reader is too slow",
                           (long long)dropped);
    else if (json_object_get(line, "event"))
        print_attempt(tail->screen, line);
    if (json_object_get(line, "event"))
        tail->left--;
    json_decref(line);
    return fflush(tail->screen->out) == 0 && tail->left > 0;
}

static enum hk_exit run(struct hk_call *call)
{
    const char *count = hk_arguments_get(call->arguments, "count");
    struct tail tail = { call->screen, UINT64_MAX };
    struct hk_client_answer answer = { 0 };
    struct hk_ask ask = {
        .method = "GET", .path = "/api/v1/tail", .on_line = on_line, .arg = &tail
    };
    if (count &&
        (hk_slice_parse_u64(hk_slice_of(count), COUNT_MAX, &tail.left) < 0 || !tail.left)) {
        hk_screen_complain(call->screen, "--count takes a number from 1 to %d", COUNT_MAX);
        return HK_EXIT_USAGE;
    }
    enum hk_exit ended = hk_call_ask(call, &ask, &answer);
    hk_client_answer_fini(&answer);
    if (ended != HK_EXIT_DONE || tail.left == 0 || ferror(call->screen->out))
        return ended;
    hk_screen_complain(call->screen, "hookd ended the stream");
    return HK_EXIT_FAILED;
}

const struct hk_verb hk_tail_verbs[] = {
    { "", "", "print each attempt as it ends, until interrupted", options, 0, 0, run },
    HK_VERBS_END,
};
