// SPDX-License-Identifier: Apache-2.0
#include "cli/policy.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/spelling.h"
#include "cli/families.h"
#include "cli/fields.h"

#define POLICIES_PATH "/api/v1/policies"

static const struct hk_view_column columns[] = {
    { { "NAME", false, false }, "name" },        { { "GENERATION", true, false }, "generation" },
    { { "LOADED", false, false }, "loaded_at" }, { { "MERCHANTS", true, false }, "merchants" },
    { { "CALLS", true, false }, "calls" },       { { "ERRORS", true, false }, "errors" },
    { { "CPU MS", true, false }, "cpu_ms" },     { { "HELD", true, false }, "held" },
    { { "FAULT", false, false }, "fault" },
};

char *hk_policy_path(const char *name, const char *more)
{
    struct hk_bytes path = { 0 };
    hk_assert(hk_bytes_append_text(&path, POLICIES_PATH) == 0);
    hk_assert(hk_path_append(&path, name) == 0);
    hk_assert(hk_bytes_append_format(&path, "/%s", more) == 0);
    char *text = hk_slice_dup(hk_bytes_slice(&path));
    hk_assert(text != NULL);
    hk_bytes_fini(&path);
    return text;
}

enum hk_exit hk_policy_open_cage(struct hk_call *call, const char *file, struct hk_cage *cage)
{
    struct hk_cage_places places = {
        .near = file,
        .lib_dir = hk_arguments_get(call->arguments, "lib"),
        .tables_dir = hk_arguments_get(call->arguments, "tables"),
    };
    struct hk_fault fault;
    if (hk_cage_open(cage, &places, &fault) == 0)
        return HK_EXIT_DONE;
    hk_screen_complain(call->screen, "%s", fault.text);
    return HK_EXIT_FAILED;
}

static enum hk_exit list(struct hk_call *call)
{
    struct hk_ask ask = { .method = "GET", .path = POLICIES_PATH };
    struct hk_client_answer answer = { 0 };
    enum hk_exit ended = hk_call_ask(call, &ask, &answer);
    if (ended == HK_EXIT_DONE && call->screen->is_json)
        hk_call_print_json(call, &answer);
    else if (ended == HK_EXIT_DONE)
        hk_view_list(call->screen, json_object_get(answer.root, "data"), columns,
                     sizeof(columns) / sizeof(columns[0]));
    hk_client_answer_fini(&answer);
    return ended;
}

/** Finds a policy by name; complains when it is not there. */
static const json_t *find(const struct hk_call *call, const json_t *policies, const char *name)
{
    const json_t *each;
    size_t place;
    const char *nearest = NULL;
    uint32_t distance = UINT32_MAX;
    json_array_foreach(policies, place, each)
    {
        const char *word = hk_view_text(each, "name");
        uint32_t away = hk_spelling_distance(hk_slice_of(name), hk_slice_of(word));
        if (away == 0 && strcmp(name, word) == 0)
            return each;
        if (away < distance) {
            nearest = word;
            distance = away;
        }
    }
    if (nearest && hk_spelling_is_near(hk_slice_of(name), distance))
        hk_screen_complain(call->screen, "there is no policy \"%s\"; did you mean \"%s\"?", name,
                           nearest);
    else
        hk_screen_complain(call->screen, "there is no policy \"%s\"", name);
    return NULL;
}

static enum hk_exit show(struct hk_call *call)
{
    struct hk_ask ask = { .method = "GET", .path = POLICIES_PATH };
    struct hk_client_answer answer = { 0 };
    enum hk_exit ended = hk_call_ask(call, &ask, &answer);
    const json_t *policy = NULL;
    if (ended == HK_EXIT_DONE) {
        policy = find(call, json_object_get(answer.root, "data"), call->arguments->words[0]);
        ended = policy ? HK_EXIT_DONE : HK_EXIT_FAILED;
    }
    if (policy && call->screen->is_json) {
        struct hk_bytes text = { 0 };
        hk_view_value(policy, &text);
        hk_screen_print(call->screen, "%.*s\n", (int)text.size, text.at);
        hk_bytes_fini(&text);
    } else if (policy) {
        hk_view_record(call->screen, policy);
    }
    hk_client_answer_fini(&answer);
    return ended;
}

enum hk_exit hk_policy_must_be_there(struct hk_call *call, const char *name)
{
    struct hk_ask ask = { .method = "GET", .path = POLICIES_PATH };
    struct hk_client_answer answer = { 0 };
    enum hk_exit ended = hk_call_ask(call, &ask, &answer);
    if (ended == HK_EXIT_DONE && !find(call, json_object_get(answer.root, "data"), name))
        ended = HK_EXIT_FAILED;
    hk_client_answer_fini(&answer);
    return ended;
}

static void print_retried(const struct hk_screen *screen, const json_t *data)
{
    json_int_t count = json_integer_value(json_object_get(data, "events"));
    hk_screen_print(screen, "%lld held event%s planned again\n", (long long)count,
                    count == 1 ? " is" : "s are");
}

static enum hk_exit retry(struct hk_call *call)
{
    char *path = hk_policy_path(call->arguments->words[0], "retry");
    struct hk_ask ask = { .method = "POST", .path = path, .body = HK_SLICE_EMPTY };
    struct hk_client_answer answer = { 0 };
    enum hk_exit ended = hk_call_ask(call, &ask, &answer);
    if (ended == HK_EXIT_DONE && call->screen->is_json)
        hk_call_print_json(call, &answer);
    else if (ended == HK_EXIT_DONE)
        print_retried(call->screen, json_object_get(answer.root, "data"));
    else if (answer.status == 404)
        (void)hk_policy_must_be_there(call, call->arguments->words[0]);
    hk_client_answer_fini(&answer);
    hk_free(path);
    return ended;
}

#define PLACE_OPTIONS                                                                          \
    { "lib", "DIR", "its libraries; else lib/ beside it or above it, else the installed ones", \
      HK_FIELD_NONE, NULL },                                                                   \
    {                                                                                          \
        "tables", "DIR", "its lookup tables; else tables/ likewise, else /etc/hookd/tables",   \
            HK_FIELD_NONE, NULL                                                                \
    }

static const struct hk_cli_option check_options[] = { PLACE_OPTIONS, HK_OPTIONS_END };

static const struct hk_cli_option test_options[] = {
    { "event", "FILE", "the event, as it is sent to hookd; - is standard input", HK_FIELD_NONE,
      NULL },
    { "merchant", "FILE",
      "JSON: {\"id\", \"name\", \"endpoints\": [{\"name\", \"url\", \"labels\"}]}", HK_FIELD_NONE,
      NULL },
    { "order-key", "KEY", "the event's ordering key", HK_FIELD_NONE, NULL },
    { "received", "TIME", "when it came in (RFC 3339); else its \"timestamp\"", HK_FIELD_NONE,
      NULL },
    { "answer", "STATUS", "ask `retry` about this answer: 503, or timeout, dns, connect, tls",
      HK_FIELD_NONE, NULL },
    { "attempt", "N", "with --answer: the attempt that failed, from 1", HK_FIELD_NONE, NULL },
    PLACE_OPTIONS,
    HK_OPTIONS_END,
};

static const struct hk_cli_option shadow_options[] = {
    { "candidate", "FILE", "the policy that may replace it", HK_FIELD_NONE, NULL },
    { "last", "N", "how many of its newest events, 1 to 1000; 100 without", HK_FIELD_NONE, NULL },
    PLACE_OPTIONS,
    HK_OPTIONS_END,
};

const struct hk_verb hk_policy_verbs[] = {
    { "list", "", "the policies that hookd has, and how they do", NULL, 0, 0, list },
    { "show", "NAME", "one of them", NULL, 1, 1, show },
    { "check", "FILE...", "do these policies load? Offline", check_options, 1, HK_CLI_WORDS_MAX,
      hk_policy_check },
    { "test", "FILE", "what it makes of an event. Offline", test_options, 1, 1, hk_policy_test },
    { "spec", "FILE_spec.lua...", "run their specs. Offline", check_options, 1, HK_CLI_WORDS_MAX,
      hk_policy_spec },
    { "shadow", "NAME", "plan its last events with another policy; sends nothing", shadow_options,
      1, 1, hk_policy_shadow },
    { "retry", "NAME", "plan the events that it holds again, and resume it", NULL, 1, 1, retry },
    HK_VERBS_END,
};
