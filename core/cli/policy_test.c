// SPDX-License-Identifier: Apache-2.0
#include "cli/policy.h"

#include "base/check.h"
#include "cli/event_file.h"
#include "cli/plan_view.h"

/** Numbers of the two fresh states, and of the runs. */
enum { FIRST = 1, SECOND = 2 };

/** When an event without a "timestamp" came in: any moment, as long as it is always the same. */
#define RECEIVED_DEFAULT "2026-01-01T00:00:00.000Z"

/** One test under way. */
struct test {
    struct hk_call *call;
    struct hk_cage cage;
    struct hk_sources policy;
    struct hk_event_file event;
    struct hk_shop shop;
    struct hk_wire_run run;
    uint32_t hooks;
};

/** How a trial is repeated: what must be the same each time. */
struct repeats {
    bool is_fresh_same; /**< In another fresh state. */
    bool is_used_same;  /**< In the state that had it before. */
};

// ---- what is asked ---------------------------------------------------------------------------

/** Reads when the event came in: --received, else its "timestamp". */
static int read_received(const struct test *test, struct hk_wall *received, struct hk_fault *fault)
{
    const char *given = hk_arguments_get(test->call->arguments, "received");
    struct hk_json_value stamp;
    if (given && hk_wall_parse(given, strlen(given), received) < 0)
        return hk_fault_set(fault, HK_EINVAL, "--received takes RFC 3339, 2026-05-02T08:00:00Z");
    if (given)
        return 0;
    if (hk_json_find(test->event.top, "timestamp", &stamp) && stamp.type == HK_JSON_STRING &&
        hk_wall_parse(stamp.text.at + 1, stamp.text.size - 2, received) == 0)
        return 0;
    return hk_wall_parse(RECEIVED_DEFAULT, sizeof(RECEIVED_DEFAULT) - 1, received);
}

static int read_number(const struct test *test, const char *option, uint64_t max, uint64_t *number,
                       struct hk_fault *fault)
{
    const char *given = hk_arguments_get(test->call->arguments, option);
    if (given == NULL)
        return 0;
    if (hk_slice_parse_u64(hk_slice_of(given), max, number) < 0 || *number == 0)
        return hk_fault_set(fault, HK_EINVAL, "--%s takes a number from 1 to %llu", option,
                            (unsigned long long)max);
    return 0;
}

/** Reads --answer: a status, or how no answer came. */
static int read_answer(struct test *test, const char *given, struct hk_fault *fault)
{
    static const enum hk_outcome_class classes[] = {
        HK_OUTCOME_TIMEOUT, HK_OUTCOME_DNS,       HK_OUTCOME_CONNECT,
        HK_OUTCOME_TLS,     HK_OUTCOME_TRANSPORT, HK_OUTCOME_INTERNAL,
    };
    struct hk_policy_attempt *attempt = &test->run.attempt;
    uint64_t status, number = 1;
    if (hk_slice_parse_u64(hk_slice_of(given), 599, &status) == 0 && status >= 100) {
        attempt->class = HK_OUTCOME_STATUS;
        attempt->status = (uint16_t)status;
    }
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
        if (strcmp(given, hk_outcome_word(classes[i])) == 0)
            attempt->class = classes[i];
    if (attempt->class == HK_OUTCOME_UNKNOWN || (attempt->status >= 200 && attempt->status < 300))
        return hk_fault_set(fault, HK_EINVAL,
                            "--answer takes a status that is no success (503), or timeout, dns, "
                            "connect, tls, transport, internal");
    int code = read_number(test, "attempt", 20, &number, fault);
    attempt->attempt = (uint16_t)number;
    attempt->delivery = 1;
    attempt->total_ms = 100;
    attempt->event_type = hk_bytes_slice(&test->event.type);
    return code < 0 ? code : read_received(test, &attempt->first_attempt_at, fault);
}

/** Fills the question from files and options. */
static int read_question(struct test *test, struct hk_fault *fault)
{
    const struct hk_arguments *arguments = test->call->arguments;
    const char *key = hk_arguments_get(arguments, "order-key");
    const char *merchant = hk_arguments_get(arguments, "merchant");
    const char *answer = hk_arguments_get(arguments, "answer");
    struct hk_uuid_maker maker = { 0 };
    struct hk_wall received = { 0 };
    int code = hk_event_file_read(&test->event, hk_arguments_get(arguments, "event"), fault);
    if (code == 0 && merchant)
        code = hk_shop_read(&test->shop, merchant, hk_bytes_slice(&test->event.type), fault);
    else if (code == 0)
        hk_shop_init(&test->shop);
    if (code == 0)
        code = read_received(test, &received, fault);
    if (code < 0)
        return code;
    test->run = (struct hk_wire_run){
        .run = 1,
        .merchant_id = test->shop.id,
        .merchant_name = test->shop.name,
        .event = hk_uuid_make7(&maker, received, (uint64_t[]){ 0, 0 }),
        .event_type = hk_bytes_slice(&test->event.type),
        .event_key = key ? hk_slice_of(key) : HK_SLICE_EMPTY,
        .body = hk_bytes_slice(&test->event.text),
        .endpoints = test->shop.endpoints,
        .endpoint_count = test->shop.count,
    };
    return answer ? read_answer(test, answer, fault) : 0;
}

static bool asks_retry(const struct test *test)
{
    return test->run.attempt.attempt > 0;
}

static int run_once(struct test *test, uint32_t script, struct hk_trial *trial,
                    struct hk_fault *fault)
{
    struct hk_wire_message question = {
        .kind = asks_retry(test) ? HK_WIRE_RETRY : HK_WIRE_PLAN,
        .run = test->run,
    };
    question.run.script = script;
    if (asks_retry(test))
        question.run.endpoint_count = 1;
    return hk_trial_run(&test->cage, &question, trial, fault);
}

/** Asks again, in another fresh state and in the one that had it before. */
static int repeat(struct test *test, const struct hk_trial *first, struct repeats *repeats,
                  struct hk_fault *fault)
{
    struct hk_trial again = { 0 };
    *repeats = (struct repeats){ true, true };
    // A worker that died has no states left, and would die again.
    if (first->message.kind == HK_WIRE_FAILED)
        return 0;
    int code = hk_cage_tell(&test->cage, SECOND, &test->policy.items[0], fault);
    if (code == 0)
        code = run_once(test, SECOND, &again, fault);
    if (code < 0)
        return code;
    repeats->is_fresh_same = hk_trial_is_same(first, &again);
    hk_trial_fini(&again);
    code = run_once(test, FIRST, &again, fault);
    if (code < 0)
        return code;
    repeats->is_used_same = hk_trial_is_same(first, &again);
    hk_trial_fini(&again);
    return 0;
}

// ---- what is shown ---------------------------------------------------------------------------

static void print_head(const struct test *test)
{
    const struct hk_screen *screen = test->call->screen;
    struct hk_bytes hooks = { 0 };
    struct hk_wall received = hk_uuid_wall(&test->run.event);
    char text[HK_WALL_TEXT_MAX];
    hk_screen_print(screen, "event %.*s of merchant %llu (", (int)test->event.type.size,
                    test->event.type.at, (unsigned long long)test->shop.id);
    hk_screen_text(screen, test->shop.name);
    hk_screen_print(screen, "), received %s\npolicy ", hk_wall_format(received, text));
    hk_screen_text(screen, hk_slice_of(test->policy.items[0].path));
    hk_assert(hk_hooks_append(&hooks, test->hooks) == 0);
    hk_screen_print(screen, ": %.*s\n", (int)hooks.size, hooks.at);
    if (!hk_arguments_get(test->call->arguments, "merchant"))
        hk_screen_print(screen, "its one endpoint is made up; --merchant FILE gives it yours\n");
    if (test->shop.left_out > 0)
        hk_screen_print(screen,
                        "%u endpoint%s not shown to it: disabled, not subscribed, or not primary\n",
                        test->shop.left_out, test->shop.left_out == 1 ? " is" : "s are");
    hk_bytes_fini(&hooks);
}

static const char *purity_text(const struct repeats *repeats)
{
    if (!repeats->is_fresh_same)
        return "not pure: another fresh state decides something else";
    if (!repeats->is_used_same)
        return "not pure: asked again, the same state decides something else; it remembers";
    return "pure: three runs in two states decide the same";
}

static void print_result(const struct test *test, const struct hk_trial *trial,
                         const struct repeats *repeats)
{
    const struct hk_screen *screen = test->call->screen;
    struct hk_plan_view view = { &test->cage, &test->policy.items[0], &test->shop, test->run.body,
                                 trial };
    if (screen->is_json) {
        struct hk_bytes out = { 0 };
        bool has_failed = trial->message.kind == HK_WIRE_FAILED;
        const char *pure = repeats->is_fresh_same && repeats->is_used_same ? "true" : "false";
        hk_assert(hk_bytes_append_text(&out, "{") == 0 && hk_plan_view_append(&view, &out) == 0);
        hk_screen_print(screen, "%.*s,\"is_pure\":%s}\n", (int)out.size, out.at,
                        has_failed ? "null" : pure);
        hk_bytes_fini(&out);
        return;
    }
    print_head(test);
    hk_plan_view_print(&view, screen);
    if (trial->message.kind != HK_WIRE_FAILED)
        hk_screen_print(screen, "%s\n", purity_text(repeats));
    if (!asks_retry(test) && (test->hooks & HK_HOOK_RETRY))
        hk_screen_print(screen, "retry was not asked; --answer 503 asks it\n");
}

// ---- the verb --------------------------------------------------------------------------------

static enum hk_exit complain(const struct test *test, const struct hk_fault *fault)
{
    hk_screen_complain(test->call->screen, "%s", fault->text);
    return HK_EXIT_FAILED;
}

/** Says why nothing can be asked: the policy has no hook for it. */
static bool has_hook(const struct test *test)
{
    uint32_t wanted = asks_retry(test) ? (uint32_t)HK_HOOK_RETRY : HK_HOOKS_PLANNING;
    if (test->hooks & wanted)
        return true;
    if (asks_retry(test))
        hk_screen_complain(test->call->screen, "it has no `retry`: the schedule decides");
    else
        hk_screen_complain(test->call->screen,
                           "it has no hook that plans: events go as they came in to all "
                           "endpoints%s",
                           test->hooks & HK_HOOK_RETRY ? "; --answer 503 asks its `retry`" : "");
    return false;
}

static enum hk_exit run_test(struct test *test)
{
    struct hk_trial trial = { 0 };
    struct repeats repeats;
    struct hk_fault fault;
    int code = hk_cage_tell(&test->cage, FIRST, &test->policy.items[0], &fault);
    if (code == 0)
        code = hk_cage_check(&test->cage, FIRST, &test->policy.items[0], &test->hooks, &fault);
    if (code < 0)
        return complain(test, &fault);
    if (!has_hook(test))
        return HK_EXIT_FAILED;
    if (asks_retry(test) && test->run.endpoint_count == 0) {
        hk_screen_complain(test->call->screen, "the merchant has no endpoint that gets this event");
        return HK_EXIT_FAILED;
    }
    if (run_once(test, FIRST, &trial, &fault) < 0)
        return complain(test, &fault);
    code = repeat(test, &trial, &repeats, &fault);
    if (code == 0)
        print_result(test, &trial, &repeats);
    bool is_good = code == 0 && trial.message.kind != HK_WIRE_FAILED && repeats.is_fresh_same &&
                   repeats.is_used_same;
    hk_trial_fini(&trial);
    if (code < 0)
        return complain(test, &fault);
    return is_good ? HK_EXIT_DONE : HK_EXIT_FAILED;
}

enum hk_exit hk_policy_test(struct hk_call *call)
{
    struct test test = { .call = call };
    const char *path = call->arguments->words[0];
    struct hk_fault fault;
    if (hk_arguments_get(call->arguments, "event") == NULL) {
        hk_screen_complain(call->screen, "give the event: --event FILE (- is standard input)");
        return HK_EXIT_USAGE;
    }
    enum hk_exit ended = HK_EXIT_FAILED;
    if (hk_sources_add(&test.policy, path, &fault) < 0 || read_question(&test, &fault) < 0)
        (void)complain(&test, &fault);
    else
        ended = hk_policy_open_cage(call, path, &test.cage);
    if (ended == HK_EXIT_DONE) {
        ended = run_test(&test);
        hk_cage_close(&test.cage);
    }
    hk_shop_fini(&test.shop);
    hk_event_file_fini(&test.event);
    hk_sources_fini(&test.policy);
    return ended;
}
