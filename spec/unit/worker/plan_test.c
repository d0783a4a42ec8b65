// SPDX-License-Identifier: Apache-2.0
#include "worker/plan.h"

#include "worker/retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct hk_state_world world = { .time_ms_max = 100,
                                             .memory_bytes_max = 8u << 20,
                                             .plan_bytes_max = 4096 };

#define BODY " {\"event\":\"refunded\",\"amount\":0.10,\"n\":null} "

/* One script, its state, and what it decided last. */
struct stage {
    struct hk_wire_script script;
    struct hk_state *state;
    struct hk_wire_endpoint endpoints[3];
    struct hk_wire_run run;
    struct hk_plan_draft draft;
    struct hk_wire_message answer;
};

static void stage_init(struct stage *stage, const char *hooks)
{
    static const char *const names[] = { "orders", "finance", "orders" };
    char text[2048];
    struct hk_fault fault = { 0 };
    int size = snprintf(text, sizeof(text), "return { api = 1,\n%s\n}", hooks);
    *stage = (struct stage){ 0 };
    stage->script.source = (struct hk_wire_source){ HK_SLICE("p"), { text, (size_t)size } };
    if (hk_state_new(&world, &stage->script, &stage->state, &fault) != 0)
        fail_msg("%s", fault.text);
    for (uint8_t i = 0; i < 3; i++)
        stage->endpoints[i] = (struct hk_wire_endpoint){
            .uuid = { { 1, 2, 3, i } },
            .name = hk_slice_of(names[i]),
            .url = HK_SLICE("https://user@Shop.Example:8443/hook?x"),
        };
    stage->run = (struct hk_wire_run){
        .run = 5,
        .merchant_id = 9,
        .merchant_name = HK_SLICE("Shop"),
        .event_type = HK_SLICE("refunded"),
        .body = HK_SLICE(BODY),
        .endpoints = stage->endpoints,
        .endpoint_count = 3,
    };
}

static void stage_fini(struct stage *stage)
{
    hk_state_free(stage->state);
    hk_plan_draft_fini(&stage->draft);
}

/* Plans with the hooks, and gets the plan, which must be one. */
static const struct hk_wire_planned *plan_with(struct stage *stage, const char *hooks)
{
    stage_init(stage, hooks);
    hk_plan_run(stage->state, &stage->run, &stage->draft, &stage->answer);
    if (stage->answer.kind == HK_WIRE_FAILED)
        fail_msg("%.*s", (int)stage->answer.failed.text.size, stage->answer.failed.text.at);
    assert_int_equal(stage->answer.planned.answer.run, 5);
    return &stage->answer.planned;
}

static void refuses(const char *hooks, enum hk_policy_failure failure, const char *text)
{
    struct stage stage;
    char said[HK_POLICY_TEXT_BYTES_MAX + 1] = { 0 };
    stage_init(&stage, hooks);
    hk_plan_run(stage.state, &stage.run, &stage.draft, &stage.answer);
    assert_int_equal(stage.answer.kind, HK_WIRE_FAILED);
    memcpy(said, stage.answer.failed.text.at, stage.answer.failed.text.size);
    assert_int_equal(stage.answer.failed.failure, failure);
    if (!strstr(said, text) || strncmp(said, "p.lua:", 6) != 0)
        fail_msg("'%s' is not in '%s'", text, said);
    stage_fini(&stage);
}

static void test_without_a_route_all_that_were_given_are_chosen_unchanged(void **unused)
{
    (void)unused;
    struct stage stage;
    const struct hk_wire_planned *plan = plan_with(&stage, "enrich = function() end");
    assert_int_equal(plan->reason, HK_REASON_NONE);
    assert_int_equal(plan->hooks, HK_HOOK_ENRICH);
    assert_int_equal(plan->delivery_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(plan->deliveries[i].endpoint, i);
        assert_false(plan->deliveries[i].has_body);
        assert_int_equal(plan->deliveries[i].header_count, 0);
    }
    stage_fini(&stage);
}

static void test_a_filter_that_says_false_keeps_its_words(void **unused)
{
    (void)unused;
    struct stage stage;
    const struct hk_wire_planned *plan =
        plan_with(&stage, "filter = function(e) return e.body.n ~= hook.json.null, 'a\\1b' end");
    assert_int_equal(plan->reason, HK_REASON_FILTERED);
    assert_true(hk_slice_is(plan->why, "a b"));
    assert_int_equal(plan->delivery_count, 0);
    stage_fini(&stage);
}

static void test_a_route_takes_endpoints_uuids_and_names_each_once_in_its_order(void **unused)
{
    (void)unused;
    struct stage stage;
    const struct hk_wire_planned *plan = plan_with(
        &stage, "route = function(_, list) return { 'finance', list[2], list[1].uuid } end");
    assert_int_equal(plan->delivery_count, 2);
    assert_int_equal(plan->deliveries[0].endpoint, 1);
    assert_int_equal(plan->deliveries[1].endpoint, 0);
    stage_fini(&stage);
    plan = plan_with(&stage, "route = function(_, list) return { list[3], list[3], list[1] } end");
    assert_int_equal(plan->delivery_count, 2);
    assert_int_equal(plan->deliveries[0].endpoint, 2);
    assert_int_equal(plan->deliveries[1].endpoint, 0);
    stage_fini(&stage);
    plan = plan_with(&stage, "route = function() return { 'orders' } end");
    assert_int_equal(plan->delivery_count, 2); /* All of that name. */
    stage_fini(&stage);
    plan = plan_with(&stage, "route = function() return {} end");
    assert_int_equal(plan->reason, HK_REASON_NO_ENDPOINT);
    stage_fini(&stage);
}

static void test_enriched_bodies_change_only_where_the_script_did(void **unused)
{
    (void)unused;
    struct stage stage;
    const struct hk_wire_planned *plan =
        plan_with(&stage, "route = function() return { 'finance' } end,\n"
                          "enrich = function(e, endpoint, request)\n"
                          "  e.body.amount = 7\n" /* The event is the hook's own copy. */
                          "  request.body.host = endpoint.url_host\n"
                          "  request.headers['X-B'] = 'b'; request.headers['x-a'] = 'a'\n"
                          "end");
    const struct hk_wire_delivery *delivery = &plan->deliveries[0];
    assert_int_equal(plan->delivery_count, 1);
    assert_true(delivery->has_body);
    assert_true(hk_slice_is(delivery->body, "{\"event\":\"refunded\",\"amount\":0.10,\"n\":null,"
                                            "\"host\":\"shop.example\"}"));
    assert_int_equal(delivery->header_count, 2);
    assert_true(hk_slice_is(delivery->headers[0], "x-a"));
    assert_true(hk_slice_is(delivery->headers[3], "b"));
    stage_fini(&stage);
}

static void test_skipped_endpoints_stay_in_the_plan_with_their_words(void **unused)
{
    (void)unused;
    struct stage stage;
    const struct hk_wire_planned *plan = plan_with(
        &stage, "enrich = function(_, e) if e.name == 'orders' then return false, 'no' end end");
    assert_int_equal(plan->reason, HK_REASON_NONE);
    assert_int_equal(plan->deliveries[0].reason, HK_REASON_SKIPPED_BY_POLICY);
    assert_true(hk_slice_is(plan->deliveries[0].why, "no"));
    assert_int_equal(plan->deliveries[1].reason, HK_REASON_NONE);
    stage_fini(&stage);
    plan = plan_with(&stage, "enrich = function() return false end");
    assert_int_equal(plan->reason, HK_REASON_SKIPPED_BY_POLICY);
    stage_fini(&stage);
}

static void test_what_a_hook_may_not_return_is_named(void **unused)
{
    (void)unused;
    refuses("filter = function() return 1 end", HK_POLICY_RETURN, "in filter: returned");
    refuses("filter = function() return false, {} end", HK_POLICY_RETURN, "the reason is a text");
    refuses("lookup = function() return { a = { table = 't', kee = 1 } } end", HK_POLICY_RETURN,
            "did you mean 'key'?");
    refuses("lookup = function() return { a = { url = 'https://x' } } end", HK_POLICY_RETURN,
            "not yet");
    refuses("route = function() return { 'finanse' } end", HK_POLICY_RETURN,
            "did you mean 'finance'?");
    refuses("route = function(_, list) return list[1] end", HK_POLICY_RETURN,
            "a list of endpoints");
    refuses("route = function() return { 1 } end", HK_POLICY_RETURN, "in route");
    refuses("enrich = function(_, _, r) r.boddy = {} end", HK_POLICY_RETURN,
            "did you mean 'body'?");
    refuses("enrich = function(_, _, r) r.body = 'x' end", HK_POLICY_RETURN, "a body is a table");
    refuses("enrich = function(_, _, r) r.body.f = print end", HK_POLICY_ERROR, "print");
    refuses("enrich = function(_, _, r) r.body.f = function() end end", HK_POLICY_RETURN,
            "a function cannot be JSON");
    refuses("enrich = function(_, _, r) r.body.x = ('x'):rep(5000) end", HK_POLICY_RETURN,
            "plan_bytes_max");
    refuses("enrich = function(_, _, r) r.headers['x-webhook-id'] = '1' end", HK_POLICY_RETURN,
            "hookd's own");
    refuses("enrich = function(_, _, r) r.headers.A = 'a\\r\\nB: c' end", HK_POLICY_RETURN,
            "control characters");
    refuses("enrich = function(_, _, r) r.headers['a b'] = '1' end", HK_POLICY_RETURN, "no token");
    refuses("enrich = function(_, _, r) r.headers.A = '1'; r.headers.a = '2' end", HK_POLICY_RETURN,
            "twice");
    refuses("enrich = function(_, _, r) for i = 1, 21 do r.headers['x' .. i] = 'y' end end",
            HK_POLICY_RETURN, "more than 20");
    refuses("route = function() while true do pcall(error) end end", HK_POLICY_TIME, "in route");
    refuses("route = function() return { ('x'):rep(1 << 24) } end", HK_POLICY_MEMORY, "p.lua:2");
}

static void asks(const char *hook, enum hk_wire_kind kind, enum hk_retry_verdict verdict,
                 int64_t delay_ms)
{
    struct stage stage;
    stage_init(&stage, hook);
    stage.run.attempt = (struct hk_policy_attempt){ .delivery = 1,
                                                    .attempt = 2,
                                                    .event_type = HK_SLICE("refunded"),
                                                    .class = HK_OUTCOME_STATUS,
                                                    .status = 503,
                                                    .headers = HK_SLICE("retry-after: 7\n") };
    hk_retry_run(stage.state, &stage.run, &stage.answer);
    assert_int_equal(stage.answer.kind, kind);
    if (kind == HK_WIRE_DECIDED) {
        assert_int_equal(stage.answer.decided.verdict, verdict);
        assert_int_equal(stage.answer.decided.delay_ms, delay_ms);
    }
    stage_fini(&stage);
}

static void test_a_retry_hook_delays_gives_up_disables_or_leaves_it(void **unused)
{
    (void)unused;
    asks("filter = function() end", HK_WIRE_DECIDED, HK_RETRY_BY_SCHEDULE, 0);
    asks("retry = function() end", HK_WIRE_DECIDED, HK_RETRY_BY_SCHEDULE, 0);
    asks("retry = function(d, o)\n"
         "  return { delay_ms = d.attempt * 1000 * tonumber(o.headers['retry-after']) } end",
         HK_WIRE_DECIDED, HK_RETRY_AFTER_DELAY, 14000);
    asks("retry = function(_, o) return o.status == 503 and 'give_up' end", HK_WIRE_DECIDED,
         HK_RETRY_GIVE_UP, 0);
    asks("retry = function() return 'disable' end", HK_WIRE_DECIDED, HK_RETRY_DISABLE, 0);
    asks("retry = function() return 'stop' end", HK_WIRE_FAILED, 0, 0);
    asks("retry = function() return { delay_ms = -1 } end", HK_WIRE_FAILED, 0, 0);
    asks("retry = function() return { delay_ms = 1.5 } end", HK_WIRE_FAILED, 0, 0);
    asks("retry = function() return { delay_ms = 0/0 } end", HK_WIRE_FAILED, 0, 0);
    asks("retry = function() return { delay = 1 } end", HK_WIRE_FAILED, 0, 0);
    asks("retry = function() return true end", HK_WIRE_FAILED, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_a_route_all_that_were_given_are_chosen_unchanged),
        cmocka_unit_test(test_a_filter_that_says_false_keeps_its_words),
        cmocka_unit_test(test_a_route_takes_endpoints_uuids_and_names_each_once_in_its_order),
        cmocka_unit_test(test_enriched_bodies_change_only_where_the_script_did),
        cmocka_unit_test(test_skipped_endpoints_stay_in_the_plan_with_their_words),
        cmocka_unit_test(test_what_a_hook_may_not_return_is_named),
        cmocka_unit_test(test_a_retry_hook_delays_gives_up_disables_or_leaves_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
