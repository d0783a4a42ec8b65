// SPDX-License-Identifier: Apache-2.0
#include "worker/spec.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The sanitizers of a dev build make everything slower; none of these tests is about 10 ms. */
static const struct hk_state_world world = { .time_ms_max = 100,
                                             .memory_bytes_max = 8u << 20,
                                             .plan_bytes_max = 4u << 20 };

/** What came of one spec file. */
struct outcome {
    struct hk_bytes frame;
    struct hk_wire_scratch scratch;
    struct hk_wire_spec_done done;
};

/** The policy that the specs here load as `sorter`. */
static const char sorter[] = "local names = hook.require 'names'\n"
                             "return { api = 1,\n"
                             "  filter = function(event)\n"
                             "    if event.body.test then return false, 'a test' end\n"
                             "    if event.body.loop then while true do end end\n"
                             "  end,\n"
                             "  route = function(event, endpoints)\n"
                             "    if event.body.to then return { event.body.to } end\n"
                             "    if event.body.bad then error(names.bad) end\n"
                             "  end,\n"
                             "  enrich = function(event, endpoint, request)\n"
                             "    if endpoint.labels.skip then return false, 'labelled' end\n"
                             "    request.headers['X-Key'] = event.key\n"
                             "    if event.body.mark then request.body.mark = endpoint.name end\n"
                             "  end,\n"
                             "  retry = function(delivery, outcome)\n"
                             "    if outcome.status == 410 then return 'disable' end\n"
                             "    if outcome.status == 401 then return 'give_up' end\n"
                             "    if outcome.headers['x-wait'] then\n"
                             "      return { delay_ms = 1000 * delivery.attempt }\n"
                             "    end\n"
                             "  end,\n"
                             "}\n";

static void run(const char *text, struct outcome *outcome)
{
    const struct hk_wire_source scripts[] = {
        { HK_SLICE("sorter"), hk_slice_of(sorter) },
        { HK_SLICE("broken"), HK_SLICE("return { api = 1, rute = function() end }") },
    };
    const struct hk_wire_source library = { HK_SLICE("names"), HK_SLICE("return { bad = 'no' }") };
    const struct hk_wire_spec spec = { .run = 7,
                                       .source = { HK_SLICE("sorter_spec"), hk_slice_of(text) },
                                       .scripts = scripts,
                                       .script_count = 2,
                                       .libraries = &library,
                                       .library_count = 1 };
    struct hk_wire_message message;
    *outcome = (struct outcome){ 0 };
    hk_spec_answer(&world, &spec, &outcome->frame);
    assert_int_equal(hk_wire_decode(hk_bytes_slice(&outcome->frame), &outcome->scratch, &message),
                     0);
    assert_int_equal(message.kind, HK_WIRE_SPEC_DONE);
    assert_int_equal(message.spec_done.run, 7);
    outcome->done = message.spec_done;
}

static void outcome_fini(struct outcome *outcome)
{
    hk_bytes_fini(&outcome->frame);
    hk_wire_scratch_fini(&outcome->scratch);
}

static void assert_text(struct hk_slice text, const char *expected)
{
    if (!hk_slice_is(text, expected))
        fail_msg("'%.*s', expected '%s'", (int)text.size, text.at, expected);
}

/** Runs a file whose one test is `body`, and asserts what its fault is; "": it holds. */
static void assert_test(const char *body, const char *fault)
{
    struct outcome outcome;
    struct hk_bytes text = { 0 };
    assert_int_equal(hk_bytes_append_format(&text,
                                            "local policy = spec.policy 'sorter'\n"
                                            "it('x', function() %s end)",
                                            body),
                     0);
    assert_int_equal(hk_bytes_append(&text, "", 1), 0);
    run(text.at, &outcome);
    assert_text(outcome.done.fault, "");
    assert_int_equal(outcome.done.result_count, 1);
    assert_text(outcome.done.results[0].fault, fault);
    outcome_fini(&outcome);
    hk_bytes_fini(&text);
}

static void assert_file(const char *text, const char *fault)
{
    struct outcome outcome;
    run(text, &outcome);
    assert_text(outcome.done.fault, fault);
    assert_int_equal(outcome.done.result_count, 0);
    outcome_fini(&outcome);
}

// ---- the file ------------------------------------------------------------------------------

static void test_results_have_the_names_of_describe_and_it_in_order(void **state)
{
    struct outcome outcome;
    (void)state;
    run("describe('a', function()\n"
        "  it('holds', function() end)\n"
        "  describe('b', function() it('fails', function() error 'no' end) end)\n"
        "end)\n"
        "it('c', function() assert(1 > 2, 'odd') end)",
        &outcome);
    assert_text(outcome.done.fault, "");
    assert_int_equal(outcome.done.result_count, 3);
    assert_text(outcome.done.results[0].name, "a holds");
    assert_text(outcome.done.results[0].fault, "");
    assert_text(outcome.done.results[1].name, "a b fails");
    assert_text(outcome.done.results[1].fault, "sorter_spec.lua:3: no");
    assert_text(outcome.done.results[2].name, "c");
    assert_text(outcome.done.results[2].fault, "sorter_spec.lua:5: odd");
    outcome_fini(&outcome);
}

static void test_before_each_goes_inwards_and_after_each_outwards(void **state)
{
    struct outcome outcome;
    (void)state;
    run("local log = {}\n"
        "local function add(word) return function() log[#log + 1] = word end end\n"
        "before_each(add 'B')\n"
        "after_each(add 'A')\n"
        "describe('in', function()\n"
        "  it('first', function() log[#log + 1] = '1' error 'no' end)\n"
        "  before_each(add 'b')\n"
        "  after_each(add 'a')\n"
        "end)\n"
        "it('second', function() assert.equal('B b 1 a A B', table.concat(log, ' ')) end)\n",
        &outcome);
    assert_int_equal(outcome.done.result_count, 2);
    assert_text(outcome.done.results[0].fault, "sorter_spec.lua:6: no");
    assert_text(outcome.done.results[1].fault, "");
    outcome_fini(&outcome);
}

static void test_a_fault_of_after_each_is_the_tests(void **state)
{
    struct outcome outcome;
    (void)state;
    run("after_each(function() error 'after' end)\n"
        "it('a', function() end)\n"
        "it('b', function() error 'first' end)\n",
        &outcome);
    assert_int_equal(outcome.done.result_count, 2);
    assert_text(outcome.done.results[0].fault, "sorter_spec.lua:1: after");
    assert_text(outcome.done.results[1].fault, "sorter_spec.lua:3: first");
    outcome_fini(&outcome);
}

static void test_each_test_has_a_budget_of_its_own(void **state)
{
    struct outcome outcome;
    (void)state;
    run("it('a', function() while true do pcall(error) end end)\nit('b', function() end)",
        &outcome);
    assert_int_equal(outcome.done.result_count, 2);
    assert_text(outcome.done.results[0].fault,
                "sorter_spec.lua:1: out of time: the budget is 1000 ms of CPU");
    assert_text(outcome.done.results[1].fault, "");
    outcome_fini(&outcome);
}

static void test_a_file_that_cannot_be_run_has_a_fault(void **state)
{
    (void)state;
    assert_file("local x = 1", "there is no it(...) in it");
    assert_file("it('a', function() end)\nfrobnicate()",
                "sorter_spec.lua:2: there is no global 'frobnicate'");
    assert_file("it 'a'",
                "sorter_spec.lua:1: bad argument #2 to 'it' (function expected, got no value)");
    assert_file("spec.policy 'sortr'",
                "sorter_spec.lua:1: there is no policy 'sortr'; did you mean 'sorter'?");
    assert_file("spec.policy 'broken'", "broken.lua:1: 'rute' is no hook; did you mean 'route'?");
}

static void test_a_test_does_not_make_tests(void **state)
{
    (void)state;
    assert_test("it('y', function() end)",
                "sorter_spec.lua:2: it stands in the file or in a describe, not in a test");
}

// ---- assert --------------------------------------------------------------------------------

static void test_assertions_hold(void **state)
{
    (void)state;
    assert_test("assert(1) assert.is_true(true) assert.is_false(false) assert.is_nil(nil) "
                "assert.is_not_nil(false) assert.equal('a', 'a') assert.equals(1, 1.0) "
                "assert.are.equal(2, 2) assert.same({ 1, { a = {} } }, { 1, { a = {} } }) "
                "assert.are.same(3, 3) assert.error(function() error('x') end) "
                "assert.has_error(function() policy:plan {} end) "
                "assert.matches('^a%d', 'a7') return assert(2)",
                "");
}

static void test_assertions_fail_and_say_what_they_got(void **state)
{
    (void)state;
    assert_test("assert(nil)", "sorter_spec.lua:2: assertion failed!");
    assert_test("assert(false, 'why')", "sorter_spec.lua:2: why");
    assert_test("assert.is_true(1)", "sorter_spec.lua:2: expected true, got 1");
    assert_test("assert.is_false()", "sorter_spec.lua:2: expected false, got nil");
    assert_test("assert.is_nil(hook.json.null)", "sorter_spec.lua:2: expected nil, got null");
    assert_test("assert.is_not_nil(nil)", "sorter_spec.lua:2: expected a value, got nil");
    assert_test("assert.equal('a', {})", "sorter_spec.lua:2: expected 'a', got a table");
    assert_test("assert.equal({}, {})", "sorter_spec.lua:2: expected the same table, got another "
                                        "one; assert.same looks inside");
    assert_test("assert.same({ 1, { a = 2 } }, { 1, { a = 3 } })",
                "sorter_spec.lua:2: expected 2, got 3 at [2].a");
    assert_test("assert.same({ a = {} }, { a = { b = 1 } })",
                "sorter_spec.lua:2: expected nil, got 1 at .a.b");
    assert_test("assert.same({ 1, 2 }, { 1 })", "sorter_spec.lua:2: expected 2, got nil at [2]");
    assert_test("assert.error(function() end)", "sorter_spec.lua:2: expected an error, got none");
    assert_test("assert.matches('x', 'abc')",
                "sorter_spec.lua:2: expected a text that matches 'x', got 'abc'");
    assert_test("assert.is_tru(1)",
                "sorter_spec.lua:2: assert has no 'is_tru'; did you mean 'is_true'?");
    assert_test("local a = {} a.a = a local b = {} b.a = b assert.same(a, b)",
                "sorter_spec.lua:2: assert.same: more than 64 tables inside one another");
}

// ---- policies ------------------------------------------------------------------------------

static void test_plan_gives_what_each_endpoint_gets(void **state)
{
    (void)state;
    assert_test("local plan = policy:plan { body = { event = 'paid', mark = true, n = 0.5, "
                "order = { id = 'o-1' } }, endpoints = { { name = 'a' }, "
                "{ name = 'b', labels = { skip = 'yes' } }, { name = 'c' } } } "
                "assert.same({ 'a', 'c' }, plan.endpoints) "
                "assert.same({ b = 'labelled' }, plan.skipped) "
                "assert.is_nil(plan.dropped) assert.is_nil(plan.requests.b) "
                "assert.equal('a', plan.requests.a.body.mark) "
                "assert.equal(0.5, plan.requests.c.body.n) "
                "assert.same({ ['X-Key'] = 'o-1' }, plan.requests.c.headers)",
                "");
    assert_test("local plan = policy:plan { type = 'x', body = '{\"a\": 1.50}', key = 'k' } "
                "assert.same({ a = 1.5 }, plan.requests.receiver.body) "
                "assert.equal('k', plan.requests.receiver.headers['X-Key'])",
                "");
}

static void test_plan_says_what_was_dropped(void **state)
{
    (void)state;
    assert_test("local plan = policy:plan { type = 'x', body = { test = true } } "
                "assert.equal('filtered', plan.dropped) assert.equal('a test', plan.why) "
                "assert.same({}, plan.endpoints) assert.same({}, plan.requests)",
                "");
    assert_test("local plan = policy:plan { type = 'x', endpoints = {} } "
                "assert.equal('no_endpoint', plan.dropped)",
                "");
}

static void test_a_hook_that_fails_raises_its_error(void **state)
{
    (void)state;
    assert_test("policy:plan { type = 'x', body = { bad = 1 } }", "sorter.lua:9: in route: no");
    assert_test("local ok, why = pcall(policy.plan, policy, { type = 'x', body = { bad = 1 } }) "
                "assert.is_false(ok) assert.matches('in route: no', why)",
                "");
    assert_test("policy:plan { type = 'x', body = { to = 'reciver' } }",
                "sorter.lua:7: in route: there is no endpoint 'reciver'; did you mean "
                "'receiver'?");
    assert_test("policy:plan { type = 'x', body = { loop = true } }",
                "sorter.lua:5: in filter: out of time: the budget is 100 ms of CPU");
}

static void test_retry_gives_what_was_decided(void **state)
{
    (void)state;
    assert_test("assert.is_nil(policy:retry {}) "
                "assert.equal('disable', policy:retry { status = 410 }) "
                "assert.equal('give_up', policy:retry { class = 'status', status = 401 }) "
                "assert.is_nil(policy:retry { class = 'timeout' }) "
                "assert.same({ delay_ms = 3000 }, policy:retry { attempt = 3, "
                "headers = { ['X-Wait'] = 'yes' } })",
                "");
}

static void test_what_is_asked_wrongly_is_refused(void **state)
{
    (void)state;
    assert_test("policy.plan {}", "sorter_spec.lua:2: policy:plan takes one table: policy:plan "
                                  "{ ... }");
    assert_test("policy:plan { bdy = {} }",
                "sorter_spec.lua:2: an event has no field 'bdy'; did you mean 'body'?");
    assert_test("policy:plan { type = 'x', body = '{' }",
                "sorter_spec.lua:2: 'body' is no JSON: line 1, column 2: unexpected end");
    assert_test("policy:plan { type = 'x', body = { f = print } }",
                "sorter_spec.lua:2: there is no 'print' in a policy; use hook.log.info");
    assert_test("policy:plan { type = 'x', body = { f = type } }",
                "sorter_spec.lua:2: 'body': f: a function cannot be JSON");
    assert_test("policy:plan { body = {} }",
                "sorter_spec.lua:2: what type of event is this? 'type' is missing, and so is "
                "'event' in the body");
    assert_test("policy:plan { type = 'x', endpoints = { { name = 'a' }, { name = 'a' } } }",
                "sorter_spec.lua:2: endpoints[1] and endpoints[2] have the same name");
    assert_test("policy:plan { type = 'x', endpoints = { { nme = 'a' } } }",
                "sorter_spec.lua:2: an endpoint has no field 'nme'; did you mean 'name'?");
    assert_test("policy:plan { type = 'x', received_at = 'noon' }",
                "sorter_spec.lua:2: 'received_at' is no moment: RFC 3339, 2026-05-02T08:00:00Z");
    assert_test("policy:retry { class = 'good' }",
                "sorter_spec.lua:2: 'class' is none of status, timeout, dns, connect, tls, "
                "transport, internal, unknown");
    assert_test("policy:retry { status = 'x' }",
                "sorter_spec.lua:2: 'status' is 'x', not an integer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_results_have_the_names_of_describe_and_it_in_order),
        cmocka_unit_test(test_before_each_goes_inwards_and_after_each_outwards),
        cmocka_unit_test(test_a_fault_of_after_each_is_the_tests),
        cmocka_unit_test(test_each_test_has_a_budget_of_its_own),
        cmocka_unit_test(test_a_file_that_cannot_be_run_has_a_fault),
        cmocka_unit_test(test_a_test_does_not_make_tests),
        cmocka_unit_test(test_assertions_hold),
        cmocka_unit_test(test_assertions_fail_and_say_what_they_got),
        cmocka_unit_test(test_plan_gives_what_each_endpoint_gets),
        cmocka_unit_test(test_plan_says_what_was_dropped),
        cmocka_unit_test(test_a_hook_that_fails_raises_its_error),
        cmocka_unit_test(test_retry_gives_what_was_decided),
        cmocka_unit_test(test_what_is_asked_wrongly_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
