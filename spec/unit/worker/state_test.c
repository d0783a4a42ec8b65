// SPDX-License-Identifier: Apache-2.0
#include "worker/state.h"

#include "base/alloc.h"
#include "base/json.h"
#include "worker/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct hk_state_world world = { .time_ms_max = 20,
                                             .memory_bytes_max = 1u << 20,
                                             .plan_bytes_max = 4u << 20 };
/* For what must not end for lack of time, however slow the machine is. */
static const struct hk_state_world patient_world = { .time_ms_max = 60000,
                                                     .memory_bytes_max = 1u << 20,
                                                     .plan_bytes_max = 4u << 20 };

/* Loads `text` as the script "shop", and asserts that it does not load and why. */
static void does_not_load(const char *text, const char *why)
{
    const struct hk_wire_source libraries[] = {
        { HK_SLICE("money"), HK_SLICE("return { cents = function(n) return n * 100 end }") },
        { HK_SLICE("loop"), HK_SLICE("return hook.require('loop')") },
        { HK_SLICE("none"), HK_SLICE("local a = 1") },
        { HK_SLICE("broken"), HK_SLICE("local a =\n\n= 1") },
    };
    struct hk_wire_script script = { .script = 1, .libraries = libraries, .library_count = 4 };
    struct hk_fault fault = { 0 };
    struct hk_state *state;
    script.source.name = HK_SLICE("shop");
    script.source.text = hk_slice_of(text);
    assert_int_equal(hk_state_new(&world, &script, &state, &fault), HK_ESYNTAX);
    assert_string_equal(fault.text, why);
}

/* Runs `body` as the hook filter, and asserts what comes of it: `failure` with a text that begins
 * with `said`; or, when `failure` is -1, that the event is dropped for that reason. */
static void filter_says(const char *body, int failure, const char *said)
{
    char text[2048];
    struct hk_wire_script script = { .script = 1, .source = { HK_SLICE("shop"), { text, 0 } } };
    struct hk_wire_run run = { .run = 1, .merchant_id = 9, .body = HK_SLICE("{\"a\":1}") };
    struct hk_wire_message answer = { 0 };
    struct hk_plan_draft draft = { 0 };
    struct hk_fault fault = { 0 };
    struct hk_state *state = NULL;
    script.source.text.size = (size_t)snprintf(
        text, sizeof(text), "return { api = 1, filter = function(event)\n%s\nend }\n", body);
    run.merchant_name = HK_SLICE("Shop");
    run.event_type = HK_SLICE("approved");
    if (hk_state_new(failure == HK_POLICY_TIME ? &world : &patient_world, &script, &state,
                     &fault) != 0)
        fail_msg("%s", fault.text);
    hk_plan_run(state, &run, &draft, &answer);
    struct hk_slice got = answer.kind == HK_WIRE_FAILED ? answer.failed.text : answer.planned.why;
    if ((answer.kind == HK_WIRE_FAILED) != (failure >= 0) || got.size < strlen(said) ||
        memcmp(got.at, said, strlen(said)) != 0)
        fail_msg("%s: said %.*s", body, (int)got.size, got.at);
    if (failure >= 0)
        assert_int_equal(answer.failed.failure, failure);
    assert_true(got.size <= HK_POLICY_TEXT_BYTES_MAX && hk_utf8_is_valid(got));
    hk_plan_draft_fini(&draft);
    hk_state_free(state);
}

static void test_what_is_no_policy_is_refused_with_its_line_and_the_nearest_name(void **unused)
{
    (void)unused;
    does_not_load("return {\n api = 1,\n ruote = function() end,\n}",
                  "shop.lua:3: 'ruote' is no hook; did you mean 'route'?");
    does_not_load("return {\n api = 1,\n filtre = true,\n}",
                  "shop.lua:3: 'filtre' is no hook; did you mean 'filter'?");
    does_not_load("return {\n api = 1,\n route = 'x',\n}",
                  "shop.lua:3: 'route' is a string: a hook is a function");
    does_not_load("return {\n api = 2,\n}", "shop.lua:2: 'api' is 2: this hookd knows api = 1");
    does_not_load("\nreturn {}\n", "shop.lua:2: 'api' is missing: the table needs api = 1");
    does_not_load("local a = 1\n\n",
                  "shop.lua:1: the script returned nil: a policy is a table of hooks");
    does_not_load("return {\n api = = 1 }", "shop.lua:2: unexpected symbol near '='");
    does_not_load("local a\nerror { a = 1 }", "shop.lua:2: (the error is a table)");
}

static void test_bytecode_does_not_load(void **unused)
{
    (void)unused;
    struct hk_wire_script script = { .script = 1 };
    struct hk_fault fault = { 0 };
    struct hk_state *state;
    script.source.name = HK_SLICE("shop");
    script.source.text = HK_SLICE("\x1bLua\x54\x00\x19\x93\r\n\x1a\n");
    assert_int_equal(hk_state_new(&world, &script, &state, &fault), HK_ESYNTAX);
    assert_non_null(strstr(fault.text, "attempt to load a binary chunk"));
}

static void test_libraries_say_what_is_wrong_with_them(void **unused)
{
    (void)unused;
    does_not_load("local m = hook.require('mony')",
                  "shop.lua:1: there is no library 'mony'; did you mean 'money'?");
    does_not_load("hook.require 'loop'", "lib/loop.lua:1: the library 'loop' requires itself");
    does_not_load("hook.require 'none'", "shop.lua:1: the library 'none' returned nil");
    does_not_load("hook.require 'broken'", "lib/broken.lua:3: unexpected symbol near '='");
    does_not_load("local m = hook.require 'money'\nm.cents = 1",
                  "shop.lua:2: the library 'money' is read-only");
    does_not_load("local m = hook.require 'money'\nm.cent(1)",
                  "shop.lua:2: the library 'money' has no 'cent'; did you mean 'cents'?");
    filter_says("hook.require 'money'", HK_POLICY_ERROR,
                "shop.lua:2: in filter: hook.require works only while the script loads");
}

static void test_a_spent_budget_cannot_be_caught(void **unused)
{
    (void)unused;
    static const char said[] = "shop.lua:2: in filter: out of time: the budget is 20 ms of CPU";
    static const char *const loops[] = {
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "pcall(pcall, pcall, function() for i = 1, math.huge do pcall(error) end end)",
        "setmetatable({}, { __index = function() while true do end end }).x()",
        "table.sort({ 4, 3, 2, 1 }, function() while true do end end)",
        "string.gsub('x', 'x', function() while true do pcall(error) end end)",
        "local s = ('a'):rep(30000) while true do pcall(string.find, s, ('a-'):rep(20) .. 'b') end",
        "local s = ('x'):rep(100000) while true do pcall(utf8.len, s) end",
        "local f, s = utf8.codes('a' .. ('\\x80'):rep(300000)) while true do pcall(f, s, 1) end",
        "local s = ('x'):rep(200000) while true do local a = s .. 'x' end",
        "local t = {} for i = 1, 5000 do t[i] = i end while true do next(t, 'x') end",
    };
    for (size_t i = 0; i < sizeof(loops) / sizeof(loops[0]); i++)
        filter_says(loops[i], HK_POLICY_TIME, said);
    does_not_load("local a\nwhile true do end",
                  "shop.lua:2: out of time: the budget is 200 ms of CPU");
}

static void test_spent_memory_cannot_be_caught(void **unused)
{
    (void)unused;
    static const char said[] = "shop.lua:2: in filter: out of memory: the cap is 1048576 bytes";
    static const char *const bombs[] = {
        "local s = ('x'):rep(2000000)",
        "while true do pcall(string.rep, 'x', 2000000) end",
        "local t = {} while true do t[#t + 1] = { } end",
        "local s = 'x' while true do s = s .. s end",
        "local function f() return f() + 1 end f()",
        "local t = {} for i = 1, 1e6 do t['k' .. i] = i end",
        "pcall(function() local t = {} while true do pcall(table.insert, t, { t }) end end)",
    };
    for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++)
        filter_says(bombs[i], HK_POLICY_MEMORY, said);
}

static void test_an_error_is_told_whatever_it_is(void **unused)
{
    (void)unused;
    filter_says("error('no')", HK_POLICY_ERROR, "shop.lua:2: in filter: no");
    filter_says("error('no', 0)", HK_POLICY_ERROR, "shop.lua:2: in filter: no");
    filter_says("error()", HK_POLICY_ERROR, "shop.lua:2: in filter: (the error is nil)");
    filter_says("error(42)", HK_POLICY_ERROR, "shop.lua:2: in filter: 42");
    filter_says("error(hook.json.null)", HK_POLICY_ERROR,
                "shop.lua:2: in filter: (the error is null)");
    filter_says("error(setmetatable({}, { __tostring = function() while true do end end }))",
                HK_POLICY_ERROR, "shop.lua:2: in filter: (the error is a table)");
    filter_says("error('a\\nb\\0c\\27d')", HK_POLICY_ERROR, "shop.lua:2: in filter: a b c d");
    filter_says("error('\\xFF\\xC0')", HK_POLICY_ERROR, "shop.lua:2: in filter: ??");
    filter_says("error(('\\u{20AC}'):rep(300))", HK_POLICY_ERROR, "shop.lua:2: in filter: \u20AC");
    filter_says("local f f = function() local ok, e = pcall(f) error(e, 0) end f()",
                HK_POLICY_ERROR, "shop.lua:2: in filter: ");
}

static void test_the_next_run_has_a_budget_of_its_own(void **unused)
{
    (void)unused;
    static const struct hk_wire_script script = {
        .script = 1,
        .source = { HK_SLICE("shop"), HK_SLICE("return { api = 1, filter = function(event)\n"
                                               "if event.body.loop then while true do end end\n"
                                               "for i = 1, 5000 do local a = i end\n"
                                               "return false, 'through'\nend }\n") },
    };
    struct hk_wire_run run = { .run = 1, .body = HK_SLICE("{\"loop\":true}") };
    struct hk_wire_message answer = { 0 };
    struct hk_plan_draft draft = { 0 };
    struct hk_fault fault = { 0 };
    struct hk_state *state;
    run.merchant_name = run.event_type = HK_SLICE("x");
    assert_int_equal(hk_state_new(&world, &script, &state, &fault), 0);
    for (int i = 0; i < 3; i++) {
        run.body = HK_SLICE("{\"loop\":true}");
        hk_plan_run(state, &run, &draft, &answer);
        assert_int_equal(answer.kind, HK_WIRE_FAILED);
        assert_int_equal(answer.failed.failure, HK_POLICY_TIME);
        run.body = HK_SLICE("{}");
        hk_plan_run(state, &run, &draft, &answer);
        assert_int_equal(answer.kind, HK_WIRE_PLANNED);
        assert_true(hk_slice_is(answer.planned.why, "through"));
    }
    hk_plan_draft_fini(&draft);
    hk_state_free(state);
}

#ifdef HK_FAULTS
/* Every allocation fails in turn, once and for ever: the answer is a fault or a state. */
static void test_a_state_that_gets_no_memory_is_none(void **unused)
{
    (void)unused;
    static const struct hk_wire_script script = {
        .script = 1,
        .source = { HK_SLICE("shop"), HK_SLICE("local t = {} for i = 1, 100 do t[i] = { i } end\n"
                                               "return { api = 1, route = function() end }") },
    };
    for (int mode = 0; mode < 2; mode++) {
        int code = HK_ENOMEM;
        for (uint64_t nth = 1; code != 0 && nth < 100000; nth++) {
            struct hk_fault fault = { 0 };
            struct hk_state *state = NULL;
            hk_alloc_fail_at(nth, mode == 1);
            code = hk_state_new(&patient_world, &script, &state, &fault);
            hk_alloc_fail_at(0, false);
            assert_true(code == 0 || (state == NULL && fault.text[0] != '\0'));
            hk_state_free(state);
        }
        assert_int_equal(code, 0);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_no_policy_is_refused_with_its_line_and_the_nearest_name),
        cmocka_unit_test(test_bytecode_does_not_load),
        cmocka_unit_test(test_libraries_say_what_is_wrong_with_them),
        cmocka_unit_test(test_a_spent_budget_cannot_be_caught),
        cmocka_unit_test(test_spent_memory_cannot_be_caught),
        cmocka_unit_test(test_an_error_is_told_whatever_it_is),
        cmocka_unit_test(test_the_next_run_has_a_budget_of_its_own),
#ifdef HK_FAULTS
        cmocka_unit_test(test_a_state_that_gets_no_memory_is_none),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
