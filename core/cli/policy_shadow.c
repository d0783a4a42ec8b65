// SPDX-License-Identifier: Apache-2.0
#include "cli/policy.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/json.h"
#include "cli/clock.h"
#include "cli/comparison.h"
#include "cli/fields.h"

enum { LAST_DEFAULT = 100, LAST_MAX = 1000, EXAMPLES_MAX = 5, KILLS_MAX = 3, SCRIPT = 1 };

/** A shadow run under way. */
struct shadow {
    struct hk_call *call;
    struct hk_cage cage;
    struct hk_sources candidate;
    json_t *merchants; /**< Id as text -> {"id", "name", "endpoints"}. */
    struct hk_mono told_at;
    uint32_t count, kills;
    uint32_t same, different, failed, unknown, gone;
    struct hk_bytes examples; /**< For --json. */
};

/** One event of it. */
struct subject {
    struct hk_client_answer event, why;
    struct hk_shop shop;
    json_t *merchant; /**< With the endpoints that were there when the event came in. */
    struct hk_wire_message question;
    struct hk_slice body;
};

// ---- what hookd knows ------------------------------------------------------------------------

/** Asks for "/api/v1/events/ID" and `more`. */
static enum hk_exit ask_event(struct shadow *shadow, const char *id, const char *more,
                              struct hk_client_answer *answer)
{
    struct hk_bytes path = { 0 };
    hk_assert(hk_bytes_append_text(&path, "/api/v1/events") == 0 && hk_path_append(&path, id) == 0);
    hk_assert(hk_bytes_append(&path, more, strlen(more) + 1) == 0);
    struct hk_ask ask = { .method = "GET", .path = path.at };
    struct hk_fault fault;
    enum hk_exit ended = HK_EXIT_DONE;
    int code = hk_client_ask(shadow->call->client, &ask, answer, &fault);
    // An event may be forgotten between the list and this.
    bool is_gone = code == 0 && answer->status == 404;
    if (code < 0 || (!is_gone && (!hk_client_answer_is_good(answer) || answer->root == NULL))) {
        hk_screen_complain(shadow->call->screen, "%s: %s", id,
                           code < 0 ? fault.text : hk_view_text(answer->root, "message"));
        ended = HK_EXIT_FAILED;
    }
    hk_bytes_fini(&path);
    return ended;
}

/** Appends all pages of a merchant's endpoints to `endpoints`, the oldest first. */
static enum hk_exit ask_endpoints(struct shadow *shadow, const char *merchant, json_t *endpoints)
{
    enum hk_exit ended = HK_EXIT_DONE;
    json_int_t last = 1;
    for (json_int_t page = 1; ended == HK_EXIT_DONE && page <= last; page++) {
        char *list = hk_call_path(merchant, "webhooks", NULL);
        struct hk_bytes path = { 0 };
        struct hk_client_answer answer = { 0 };
        const json_t *each;
        size_t place;
        hk_assert(hk_bytes_append_format(&path, "%s?per_page=100&page=%lld%c", list,
                                         (long long)page, '\0') == 0);
        struct hk_ask ask = { .method = "GET", .path = path.at };
        ended = hk_call_ask(shadow->call, &ask, &answer);
        json_array_foreach(json_object_get(answer.root, "data"), place, each)
        {
            hk_assert(json_array_insert(endpoints, 0, (json_t *)(uintptr_t)each) == 0);
        }
        last =
            json_integer_value(json_object_get(json_object_get(answer.root, "meta"), "last_page"));
        hk_client_answer_fini(&answer);
        hk_bytes_fini(&path);
        hk_free(list);
    }
    return ended;
}

/** Gets a merchant with its endpoints, asked for once. NULL: complained. */
static const json_t *merchant_of(struct shadow *shadow, json_int_t id)
{
    char name[24];
    (void)snprintf(name, sizeof(name), "%lld", (long long)id);
    const json_t *known = json_object_get(shadow->merchants, name);
    if (known)
        return known;
    char *path = hk_call_path(name, NULL, NULL);
    struct hk_ask ask = { .method = "GET", .path = path };
    struct hk_client_answer answer = { 0 };
    json_t *endpoints = json_array(), *merchant = NULL;
    if (hk_call_ask(shadow->call, &ask, &answer) == HK_EXIT_DONE &&
        ask_endpoints(shadow, name, endpoints) == HK_EXIT_DONE) {
        merchant = json_pack("{s:I, s:s, s:O}", "id", id, "name",
                             hk_view_text(json_object_get(answer.root, "data"), "name"),
                             "endpoints", endpoints);
        hk_assert(json_object_set_new(shadow->merchants, name, merchant) == 0);
    }
    json_decref(endpoints);
    hk_client_answer_fini(&answer);
    hk_free(path);
    return merchant;
}

/** Copies a merchant without the endpoints that are younger than `received`. */
static json_t *merchant_at(const json_t *merchant, struct hk_wall received)
{
    json_t *copy = json_copy((json_t *)(uintptr_t)merchant);
    json_t *endpoints = json_array();
    const json_t *each;
    size_t place;
    json_array_foreach(json_object_get(merchant, "endpoints"), place, each)
    {
        const char *text = hk_view_text(each, "created_at");
        struct hk_wall created;
        bool is_younger =
            hk_wall_parse(text, strlen(text), &created) == 0 && created.ms > received.ms;
        if (!is_younger)
            hk_assert(json_array_append(endpoints, (json_t *)(uintptr_t)each) == 0);
    }
    hk_assert(json_object_set_new(copy, "endpoints", endpoints) == 0);
    return copy;
}

// ---- one event -------------------------------------------------------------------------------

/** Makes the question: the event as it was, the merchant with its endpoints. */
static int make_question(struct subject *subject, const json_t *merchant, struct hk_fault *fault)
{
    const json_t *data = json_object_get(subject->event.root, "data");
    struct hk_slice type = hk_slice_of(hk_view_text(data, "event"));
    struct hk_json_value top, body;
    struct hk_uuid id;
    if (hk_json_scan(hk_bytes_slice(&subject->event.text), &top, NULL) < 0 ||
        !hk_json_find_path(top, "data.body", &body) ||
        hk_uuid_parse(hk_slice_of(hk_view_text(data, "id")), &id) < 0)
        return hk_fault_set(fault, HK_EDAMAGED, "the answer is no event: is that hookd?");
    subject->body = body.text;
    subject->merchant = merchant_at(merchant, hk_uuid_wall(&id));
    int code = hk_shop_fill(&subject->shop, subject->merchant, type, fault);
    subject->question = (struct hk_wire_message){
        .kind = HK_WIRE_PLAN,
        .run = {
            .run = 1,
            .script = SCRIPT,
            .merchant_id = subject->shop.id,
            .merchant_name = subject->shop.name,
            .event = id,
            .event_type = type,
            .event_key = hk_slice_of(hk_view_text(data, "key")),
            .body = subject->body,
            .endpoints = subject->shop.endpoints,
            .endpoint_count = subject->shop.count,
        },
    };
    return code;
}

/** Keeps or prints one of the first few differences. */
static void tell_example(struct shadow *shadow, const struct subject *subject,
                         const struct hk_comparison *comparison, const struct hk_plan_view *view)
{
    const struct hk_screen *screen = shadow->call->screen;
    const json_t *data = json_object_get(subject->event.root, "data");
    struct hk_json_value top, why = { .text = HK_SLICE("null") };
    struct hk_bytes *out = &shadow->examples;
    if (shadow->different + shadow->failed > EXAMPLES_MAX)
        return;
    if (!screen->is_json) {
        hk_screen_text(screen, hk_slice_of(hk_view_text(data, "id")));
        hk_screen_print(screen, " ");
        hk_screen_text(screen, hk_slice_of(hk_view_text(data, "event")));
        hk_screen_print(screen, "\n");
        hk_comparison_print(comparison, &subject->shop, screen);
        return;
    }
    if (hk_json_scan(hk_bytes_slice(&subject->why.text), &top, NULL) == 0)
        (void)hk_json_find(top, "data", &why);
    hk_assert(hk_bytes_append_format(out, "%s{\"recorded\":", out->size > 0 ? "," : "") == 0);
    hk_assert(hk_bytes_append(out, why.text.at, why.text.size) == 0);
    hk_assert(hk_bytes_append_text(out, ",\"candidate\":{") == 0);
    hk_assert(hk_plan_view_append(view, out) == 0);
    hk_assert(hk_bytes_append_text(out, "}}") == 0);
}

/** Compares and counts. */
static int compare(struct shadow *shadow, const struct subject *subject,
                   const struct hk_trial *trial, struct hk_fault *fault)
{
    struct hk_plan_view view = { &shadow->cage, &shadow->candidate.items[0], &subject->shop,
                                 subject->body, trial };
    struct hk_comparison comparison;
    int code = hk_comparison_make(&comparison, &subject->why, &view);
    if (code < 0)
        return hk_fault_set(fault, code, "the trail of an event cannot be read: %s",
                            hk_error_text(code));
    bool has_failed = trial->message.kind == HK_WIRE_FAILED;
    bool is_unknown = !has_failed && comparison.is_unknown;
    shadow->failed += has_failed;
    shadow->unknown += is_unknown;
    shadow->same += !has_failed && !is_unknown && comparison.is_same;
    shadow->different += !has_failed && !is_unknown && !comparison.is_same;
    if (has_failed || (!is_unknown && !comparison.is_same))
        tell_example(shadow, subject, &comparison, &view);
    hk_comparison_fini(&comparison);
    return 0;
}

static int plan(struct shadow *shadow, struct subject *subject, const json_t *merchant,
                struct hk_fault *fault)
{
    struct hk_trial trial = { 0 };
    int code = make_question(subject, merchant, fault);
    if (code == 0)
        code = hk_trial_run(&shadow->cage, &subject->question, &trial, fault);
    if (code < 0)
        return code;
    code = compare(shadow, subject, &trial, fault);
    bool was_killed =
        trial.message.kind == HK_WIRE_FAILED && trial.message.failed.failure == HK_POLICY_KILLED;
    hk_trial_fini(&trial);
    if (code < 0 || !was_killed)
        return code;
    if (++shadow->kills >= KILLS_MAX)
        return hk_fault_set(fault, HK_ELIMIT, "it killed %d workers; that is enough", KILLS_MAX);
    return hk_cage_tell(&shadow->cage, SCRIPT, &shadow->candidate.items[0], fault);
}

static enum hk_exit shadow_event(struct shadow *shadow, const char *id)
{
    struct subject subject = { 0 };
    struct hk_fault fault;
    enum hk_exit ended = ask_event(shadow, id, "", &subject.event);
    if (ended == HK_EXIT_DONE)
        ended = ask_event(shadow, id, "/why", &subject.why);
    if (ended == HK_EXIT_DONE && (subject.event.status == 404 || subject.why.status == 404)) {
        shadow->gone++;
    } else if (ended == HK_EXIT_DONE) {
        const json_t *data = json_object_get(subject.event.root, "data");
        const json_t *merchant =
            merchant_of(shadow, json_integer_value(json_object_get(data, "merchant_id")));
        ended = HK_EXIT_FAILED;
        if (merchant && plan(shadow, &subject, merchant, &fault) == 0)
            ended = HK_EXIT_DONE;
        else if (merchant)
            hk_screen_complain(shadow->call->screen, "%s", fault.text);
    }
    hk_shop_fini(&subject.shop);
    json_decref(subject.merchant);
    hk_client_answer_fini(&subject.event);
    hk_client_answer_fini(&subject.why);
    return ended;
}

// ---- all of them -----------------------------------------------------------------------------

/** Says once a second how far it is. */
static void tell_progress(struct shadow *shadow, size_t done, size_t all)
{
    struct hk_mono now = hk_clock_mono();
    if (!hk_mono_is_reached(hk_mono_after_ms(shadow->told_at, 1000), now))
        return;
    shadow->told_at = now;
    hk_screen_complain(shadow->call->screen, "%zu of %zu events", done, all);
}

static void print_summary(const struct shadow *shadow)
{
    const struct hk_screen *screen = shadow->call->screen;
    uint32_t compared = shadow->same + shadow->different + shadow->failed;
    if (screen->is_json) {
        hk_screen_print(screen,
                        "{\"events\":%u,\"same\":%u,\"different\":%u,\"failed\":%u,"
                        "\"uncompared\":%u,\"gone\":%u,\"examples\":[%.*s]}\n",
                        shadow->count, shadow->same, shadow->different, shadow->failed,
                        shadow->unknown, shadow->gone, (int)shadow->examples.size,
                        hk_bytes_slice(&shadow->examples).at);
        return;
    }
    hk_screen_print(screen, "%u of %u plans differ", shadow->different + shadow->failed, compared);
    if (shadow->failed > 0)
        hk_screen_print(screen, ", in %u the candidate fails", shadow->failed);
    if (shadow->different + shadow->failed > EXAMPLES_MAX)
        hk_screen_print(screen, "; the first %d are shown", EXAMPLES_MAX);
    hk_screen_print(screen, "\n");
    if (shadow->unknown + shadow->gone > 0)
        hk_screen_print(screen, "%u more could not be compared: their bodies are no longer kept\n",
                        shadow->unknown + shadow->gone);
}

static enum hk_exit shadow_all(struct shadow *shadow, const char *last)
{
    char *path = hk_policy_path(shadow->call->arguments->words[0], last);
    struct hk_ask ask = { .method = "GET", .path = path };
    struct hk_client_answer answer = { 0 };
    enum hk_exit ended = hk_call_ask(shadow->call, &ask, &answer);
    const json_t *ids = json_object_get(answer.root, "data");
    shadow->told_at = hk_clock_mono();
    shadow->count = (uint32_t)json_array_size(ids);
    for (size_t i = 0; ended == HK_EXIT_DONE && i < json_array_size(ids); i++) {
        const char *id = json_string_value(json_array_get(ids, i));
        ended = shadow_event(shadow, id ? id : "");
        tell_progress(shadow, i + 1, json_array_size(ids));
    }
    if (ended == HK_EXIT_DONE && shadow->count == 0)
        ended = hk_policy_must_be_there(shadow->call, shadow->call->arguments->words[0]);
    if (ended == HK_EXIT_DONE)
        print_summary(shadow);
    hk_client_answer_fini(&answer);
    hk_free(path);
    return ended;
}

/** Loads the candidate into the cage. */
static enum hk_exit load(struct shadow *shadow)
{
    struct hk_fault fault;
    uint32_t hooks;
    int code = hk_cage_tell(&shadow->cage, SCRIPT, &shadow->candidate.items[0], &fault);
    if (code == 0)
        code = hk_cage_check(&shadow->cage, SCRIPT, &shadow->candidate.items[0], &hooks, &fault);
    if (code == 0)
        return HK_EXIT_DONE;
    hk_screen_complain(shadow->call->screen, "%s", fault.text);
    return HK_EXIT_FAILED;
}

enum hk_exit hk_policy_shadow(struct hk_call *call)
{
    const char *path = hk_arguments_get(call->arguments, "candidate");
    const char *given = hk_arguments_get(call->arguments, "last");
    struct shadow shadow = { .call = call };
    struct hk_fault fault;
    char last_query[32];
    uint64_t last = LAST_DEFAULT;
    if (path == NULL) {
        hk_screen_complain(call->screen, "give the other policy: --candidate FILE");
        return HK_EXIT_USAGE;
    }
    if (given && (hk_slice_parse_u64(hk_slice_of(given), LAST_MAX, &last) < 0 || last == 0)) {
        hk_screen_complain(call->screen, "--last takes a number from 1 to %d", LAST_MAX);
        return HK_EXIT_USAGE;
    }
    (void)snprintf(last_query, sizeof(last_query), "events?last=%u", (unsigned)last);
    if (hk_sources_add(&shadow.candidate, path, &fault) < 0) {
        hk_screen_complain(call->screen, "%s", fault.text);
        return HK_EXIT_FAILED;
    }
    enum hk_exit ended = hk_policy_open_cage(call, path, &shadow.cage);
    if (ended == HK_EXIT_DONE) {
        shadow.merchants = json_object();
        ended = load(&shadow);
        if (ended == HK_EXIT_DONE)
            ended = shadow_all(&shadow, last_query);
        json_decref(shadow.merchants);
        hk_cage_close(&shadow.cage);
    }
    hk_bytes_fini(&shadow.examples);
    hk_sources_fini(&shadow.candidate);
    return ended == HK_EXIT_DONE && shadow.failed > 0 ? HK_EXIT_FAILED : ended;
}
