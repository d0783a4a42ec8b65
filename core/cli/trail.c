// SPDX-License-Identifier: Apache-2.0
#include "cli/trail.h"

enum { WHEN_COLUMNS = 24, OUTCOME_COLUMNS = 10 };

void hk_trail_name(const struct hk_screen *screen, const char *name)
{
    hk_screen_print(screen, "%-9s ", name);
}

void hk_trail_member(const struct hk_screen *screen, const json_t *data, const char *member,
                     const char *name)
{
    const json_t *value = json_object_get(data, member);
    struct hk_bytes line = { 0 };
    if (value == NULL || json_is_null(value) || hk_view_text(data, member)[0] == '\0') {
        if (!json_is_integer(value))
            return;
    }
    hk_view_value(value, &line);
    hk_trail_name(screen, name);
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

/** Prints where the time of an attempt went, what there was of it. */
static void print_phases(const struct hk_screen *screen, const json_t *timings)
{
    static const struct {
        const char *member, *name;
    } phases[] = {
        { "dns", "dns" }, { "connect", "connect" }, { "tls", "tls" }, { "first_byte", "first byte" }
    };
    bool is_first = true;
    for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
        double ms = json_number_value(json_object_get(timings, phases[i].member));
        if (ms <= 0)
            continue;
        hk_screen_print(screen, "%s%s %.1f ms", is_first ? "      " : ", ", phases[i].name, ms);
        is_first = false;
    }
    hk_screen_print(screen, "%s", is_first ? "" : "\n");
}

void hk_trail_delivery(const struct hk_screen *screen, const json_t *delivery)
{
    const char *url = hk_view_text(delivery, "url");
    const char *reason = hk_view_text(delivery, "reason");
    hk_screen_print(screen, "\n");
    print_word(screen, hk_view_text(delivery, "state"), 0);
    hk_screen_print(screen, reason[0] ? " (" : "");
    hk_screen_text(screen, hk_slice_of(reason));
    hk_screen_print(screen, reason[0] ? ")  " : "  ");
    hk_screen_text(screen, hk_slice_of(hk_view_text(delivery, "role")));
    hk_screen_print(screen, "  ");
    hk_screen_text(screen, hk_slice_of(url[0] ? url : "its endpoint is gone"));
    hk_screen_print(screen, "  ");
    hk_screen_text(screen, hk_slice_of(hk_view_text(delivery, "webhook")));
    hk_screen_print(screen, "\n");
}

void hk_trail_attempts(const struct hk_screen *screen, const json_t *delivery, bool has_phases)
{
    const char *next = hk_view_text(delivery, "next_attempt_at");
    const json_t *attempt;
    size_t place;
    json_array_foreach(json_object_get(delivery, "attempts"), place, attempt)
    {
        print_attempt(screen, attempt);
        if (has_phases)
            print_phases(screen, json_object_get(attempt, "timings_ms"));
    }
    if (next[0]) {
        hk_screen_print(screen, "  ");
        hk_screen_text(screen, hk_slice_of(next));
        hk_screen_print(screen, "  next attempt\n");
    }
}
