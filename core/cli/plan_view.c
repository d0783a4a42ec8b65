// SPDX-License-Identifier: Apache-2.0
#include "cli/plan_view.h"

#include "base/json_diff.h"
#include "cli/diff_view.h"
#include "model/delivery.h"

static const char *level_word(enum hk_log_level level)
{
    static const char *const words[] = {
        [HK_LOG_DEBUG] = "debug",
        [HK_LOG_INFO] = "info",
        [HK_LOG_WARN] = "warn",
        [HK_LOG_ERROR] = "error",
    };
    return (size_t)level < sizeof(words) / sizeof(words[0]) ? words[level] : "?";
}

// ---- for a person ----------------------------------------------------------------------------

/** Prints " (reason): why", what there is of it. */
static void print_reason(const struct hk_screen *screen, const char *reason, struct hk_slice why)
{
    hk_screen_print(screen, "%s%s%s", reason[0] ? " (" : "", reason, reason[0] ? ")" : "");
    hk_screen_print(screen, "%s", why.size > 0 ? ": " : "");
    hk_screen_text(screen, why);
}

static void print_delivery(const struct hk_plan_view *view, const struct hk_screen *screen,
                           const struct hk_wire_delivery *delivery)
{
    const struct hk_wire_endpoint *endpoint = &view->shop->endpoints[delivery->endpoint];
    hk_screen_print(screen, "  ");
    hk_screen_text(screen, endpoint->name);
    hk_screen_print(screen, "  ");
    hk_screen_text(screen, endpoint->url);
    if (delivery->reason != HK_REASON_NONE) {
        hk_screen_print(screen, "  skipped");
        print_reason(screen, "", delivery->why);
    } else if (!delivery->has_body && delivery->header_count == 0) {
        hk_screen_print(screen, "  as it came in");
    }
    hk_screen_print(screen, "\n");
    for (uint32_t i = 0; i < delivery->header_count; i++)
        hk_diff_view_header(screen, delivery->headers[(size_t)2 * i],
                            delivery->headers[(size_t)2 * i + 1]);
    if (delivery->has_body)
        hk_diff_view_bodies(screen, view->body, delivery->body);
}

static void print_planned(const struct hk_plan_view *view, const struct hk_screen *screen)
{
    const struct hk_wire_planned *planned = &view->trial->message.planned;
    struct hk_bytes hooks = { 0 };
    bool is_dropped = planned->reason != HK_REASON_NONE;
    hk_screen_print(screen, "%s%s%s",
                    hk_tone_start(is_dropped ? HK_TONE_WAIT : HK_TONE_GOOD, screen->has_color),
                    is_dropped ? "dropped" : "planned",
                    hk_tone_end(HK_TONE_GOOD, screen->has_color));
    if (is_dropped)
        print_reason(screen, hk_reason_word(planned->reason), planned->why);
    else
        hk_screen_print(screen, " for %u of %u endpoint%s", planned->delivery_count,
                        view->shop->count, view->shop->count == 1 ? "" : "s");
    if (hk_hooks_append(&hooks, planned->hooks) == 0)
        hk_screen_print(screen, "; ran: %.*s\n", (int)hooks.size, hk_bytes_slice(&hooks).at);
    hk_bytes_fini(&hooks);
    for (uint32_t i = 0; i < planned->delivery_count; i++)
        print_delivery(view, screen, &planned->deliveries[i]);
}

static void print_failed(const struct hk_plan_view *view, const struct hk_screen *screen)
{
    const struct hk_wire_failed *failed = &view->trial->message.failed;
    struct hk_bytes text = { 0 };
    hk_screen_print(screen, "%sfailed%s (%s): ", hk_tone_start(HK_TONE_BAD, screen->has_color),
                    hk_tone_end(HK_TONE_BAD, screen->has_color),
                    hk_policy_failure_word(failed->failure));
    if (hk_cage_append_error(view->cage, view->source, failed->text, &text) == 0)
        hk_screen_text(screen, hk_bytes_slice(&text));
    hk_screen_print(screen, "\n");
    hk_bytes_fini(&text);
}

static void print_decided(const struct hk_plan_view *view, const struct hk_screen *screen)
{
    static const char *const texts[] = {
        [HK_RETRY_BY_SCHEDULE] = "again, by the endpoint's schedule",
        [HK_RETRY_AFTER_DELAY] = "again",
        [HK_RETRY_GIVE_UP] = "given up: the delivery is dead",
        [HK_RETRY_DISABLE] = "given up, and the endpoint disabled",
    };
    const struct hk_wire_decided *decided = &view->trial->message.decided;
    hk_screen_print(screen, "%s", texts[decided->verdict]);
    if (decided->verdict == HK_RETRY_AFTER_DELAY)
        hk_screen_print(screen, " in %.3f s", (double)decided->delay_ms / 1000);
    hk_screen_print(screen, "\n");
}

void hk_plan_view_print(const struct hk_plan_view *view, const struct hk_screen *screen)
{
    const struct hk_wire_answer *answer = hk_trial_answer(view->trial);
    if (view->trial->message.kind == HK_WIRE_PLANNED)
        print_planned(view, screen);
    else if (view->trial->message.kind == HK_WIRE_DECIDED)
        print_decided(view, screen);
    else
        print_failed(view, screen);
    for (uint32_t i = 0; i < answer->log_count; i++) {
        hk_screen_print(screen, "  log %s: ", level_word(answer->logs[i].level));
        hk_screen_text(screen, answer->logs[i].text);
        hk_screen_print(screen, "\n");
    }
    hk_screen_print(screen, "%u us of CPU, %.1f KiB of memory\n", answer->cost.cpu_us,
                    answer->cost.memory_bytes / 1024.0);
}

// ---- for a program ---------------------------------------------------------------------------

static int append_member(struct hk_bytes *out, const char *name, struct hk_slice text, bool is_null)
{
    int code = hk_bytes_append_format(out, ",\"%s\":", name);
    if (code < 0 || is_null)
        return code < 0 ? code : hk_bytes_append_text(out, "null");
    return hk_json_append_string(out, text);
}

static int append_diff(struct hk_bytes *out, struct hk_slice original, struct hk_slice changed)
{
    struct hk_json_value from, to;
    bool is_truncated;
    if (hk_json_scan(original, &from, NULL) < 0 || hk_json_scan(changed, &to, NULL) < 0)
        return hk_bytes_append_text(out, "null");
    return hk_json_diff_append(out, from, to, &is_truncated);
}

static int append_headers(struct hk_bytes *out, const struct hk_wire_delivery *delivery)
{
    int code = hk_bytes_append_text(out, ",\"headers\":{");
    for (uint32_t i = 0; code == 0 && i < delivery->header_count; i++) {
        code = hk_bytes_append_text(out, i > 0 ? "," : "");
        if (code == 0)
            code = hk_json_append_string(out, delivery->headers[(size_t)2 * i]);
        if (code == 0)
            code = hk_bytes_append_text(out, ":");
        if (code == 0)
            code = hk_json_append_string(out, delivery->headers[(size_t)2 * i + 1]);
    }
    return code < 0 ? code : hk_bytes_append_text(out, "}");
}

static int append_delivery(const struct hk_plan_view *view, struct hk_bytes *out,
                           const struct hk_wire_delivery *delivery)
{
    const struct hk_wire_endpoint *endpoint = &view->shop->endpoints[delivery->endpoint];
    char uuid[HK_UUID_TEXT_SIZE + 1];
    bool is_skipped = delivery->reason != HK_REASON_NONE;
    int code =
        hk_bytes_append_format(out, "{\"webhook\":\"%s\"", hk_uuid_format(&endpoint->uuid, uuid));
    if (code == 0)
        code = append_member(out, "name", endpoint->name, false);
    if (code == 0)
        code = append_member(out, "reason", hk_slice_of(hk_reason_word(delivery->reason)),
                             !is_skipped);
    if (code == 0)
        code = append_member(out, "why", delivery->why, !is_skipped);
    if (code == 0)
        code = append_headers(out, delivery);
    if (code == 0)
        code = hk_bytes_append_text(out, ",\"diff\":");
    if (code == 0)
        code = delivery->has_body ? append_diff(out, view->body, delivery->body)
                                  : hk_bytes_append_text(out, "[]");
    return code < 0 ? code : hk_bytes_append_text(out, "}");
}

static int append_planned(const struct hk_plan_view *view, struct hk_bytes *out)
{
    const struct hk_wire_planned *planned = &view->trial->message.planned;
    bool is_dropped = planned->reason != HK_REASON_NONE;
    int code =
        hk_bytes_append_format(out, "\"decision\":\"%s\"", is_dropped ? "dropped" : "planned");
    if (code == 0)
        code =
            append_member(out, "reason", hk_slice_of(hk_reason_word(planned->reason)), !is_dropped);
    if (code == 0)
        code = append_member(out, "why", planned->why, !is_dropped);
    if (code == 0)
        code = hk_bytes_append_text(out, ",\"hooks\":");
    if (code == 0)
        code = hk_hooks_append_json(out, planned->hooks);
    if (code == 0)
        code = hk_bytes_append_text(out, ",\"deliveries\":[");
    for (uint32_t i = 0; code == 0 && i < planned->delivery_count; i++) {
        code = hk_bytes_append_text(out, i > 0 ? "," : "");
        if (code == 0)
            code = append_delivery(view, out, &planned->deliveries[i]);
    }
    return code < 0 ? code : hk_bytes_append_text(out, "],\"error\":null");
}

static int append_failed(const struct hk_plan_view *view, struct hk_bytes *out)
{
    const struct hk_wire_failed *failed = &view->trial->message.failed;
    struct hk_bytes text = { 0 };
    int code = hk_cage_append_error(view->cage, view->source, failed->text, &text);
    if (code == 0)
        code = hk_bytes_append_format(out, "\"decision\":\"failed\",\"reason\":\"%s\"",
                                      hk_policy_failure_word(failed->failure));
    if (code == 0)
        code = append_member(out, "error", hk_bytes_slice(&text), false);
    hk_bytes_fini(&text);
    return code;
}

static int append_decided(const struct hk_plan_view *view, struct hk_bytes *out)
{
    static const char *const words[] = { "schedule", "delay", "give_up", "disable" };
    const struct hk_wire_decided *decided = &view->trial->message.decided;
    return hk_bytes_append_format(out, "\"decision\":\"%s\",\"delay_ms\":%lld,\"error\":null",
                                  words[decided->verdict], (long long)decided->delay_ms);
}

static int append_log(const struct hk_wire_answer *answer, struct hk_bytes *out)
{
    int code = hk_bytes_append_text(out, ",\"log\":[");
    for (uint32_t i = 0; code == 0 && i < answer->log_count; i++) {
        code = hk_bytes_append_format(out, "%s{\"level\":\"%s\"", i > 0 ? "," : "",
                                      level_word(answer->logs[i].level));
        if (code == 0)
            code = append_member(out, "text", answer->logs[i].text, false);
        if (code == 0)
            code = hk_bytes_append_text(out, "}");
    }
    return code < 0 ? code : hk_bytes_append_text(out, "]");
}

int hk_plan_view_append(const struct hk_plan_view *view, struct hk_bytes *out)
{
    const struct hk_wire_answer *answer = hk_trial_answer(view->trial);
    int code;
    if (view->trial->message.kind == HK_WIRE_PLANNED)
        code = append_planned(view, out);
    else if (view->trial->message.kind == HK_WIRE_DECIDED)
        code = append_decided(view, out);
    else
        code = append_failed(view, out);
    if (code == 0)
        code = append_log(answer, out);
    if (code < 0)
        return code;
    return hk_bytes_append_format(out, ",\"cpu_us\":%u,\"memory_bytes\":%u", answer->cost.cpu_us,
                                  answer->cost.memory_bytes);
}
