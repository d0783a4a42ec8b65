// SPDX-License-Identifier: Apache-2.0
#include "daemon/config_cage.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <lauxlib.h>
#include <string.h>

static const char *fake_environment(const char *name)
{
    return strcmp(name, "KNOWN") == 0 ? "its value" : NULL;
}

/** Runs `text` in a cage of its own; gets the code, and the fault's line and text. */
static int run(const char *text, size_t size, uint32_t *line, struct hk_fault *fault)
{
    struct hk_config_cage cage;
    assert_int_equal(hk_config_cage_init(&cage, fake_environment, "."), 0);
    int code = hk_config_cage_run(&cage, (struct hk_slice){ text, size }, line, fault);
    hk_config_cage_fini(&cage);
    return code;
}

static void assert_refused(const char *text, int wanted_code, const char *said)
{
    struct hk_fault fault = { 0 };
    uint32_t line = 0;
    int code = run(text, strlen(text), &line, &fault);
    if (code != wanted_code || strstr(fault.text, said) == NULL)
        fail_msg("%s: %s \"%s\", wanted \"%s\"", text, hk_error_name(code), fault.text, said);
    assert_true(line >= 1);
}

static void test_a_config_that_does_not_end_is_ended(void **state)
{
    (void)state;
    assert_refused("while true do end", HK_EINVAL, "runs too long");
    assert_refused("repeat local x = 1 until false", HK_EINVAL, "runs too long");
    assert_refused("::a:: goto a", HK_EINVAL, "runs too long");
    assert_refused("for i = 1, 1e18 do end return {}", HK_EINVAL, "runs too long");
    assert_refused("local function f() return f() end return f()", HK_EINVAL, "runs too long");
    assert_refused("local t = {} while true do t = { t } t = t[1] end", HK_EINVAL, "this ");
}

static void test_the_line_of_an_endless_loop_is_told(void **state)
{
    (void)state;
    struct hk_fault fault;
    uint32_t line = 0;
    static const char text[] = "\n\nwhile true do\n\nend";
    assert_int_equal(run(text, strlen(text), &line, &fault), HK_EINVAL);
    assert_int_equal(line, 3);
}

static void test_a_config_that_takes_too_much_memory_is_ended(void **state)
{
    (void)state;
    assert_refused("local s = 'x' while true do s = s .. s end", HK_EINVAL, "too much memory");
    assert_refused("local t = {} for i = 1, 1e9 do t[i] = i end", HK_EINVAL, "too much memory");
    assert_refused("local function f() return 1 + f() end return f()", HK_EINVAL, "");
    assert_refused("local s = 'x' for i = 1, 20 do s = s .. s end "
                   "while true do local t = s .. s end",
                   HK_EINVAL, "this ");
}

static void test_deep_nesting_does_not_break_the_parser(void **state)
{
    (void)state;
    static char text[200001];
    struct hk_fault fault;
    uint32_t line;
    memset(text, '{', sizeof(text) - 1);
    memcpy(text, "return ", 7);
    assert_true(run(text, strlen(text), &line, &fault) < 0);
    memset(text + 7, '(', sizeof(text) - 8);
    assert_true(run(text, strlen(text), &line, &fault) < 0);
    memset(text + 7, '-', sizeof(text) - 8);
    for (size_t i = 8; i < sizeof(text) - 1; i += 2)
        text[i] = ' ';
    assert_true(run(text, strlen(text), &line, &fault) < 0);
}

static void test_bytecode_is_never_loaded(void **state)
{
    (void)state;
    struct hk_fault fault;
    uint32_t line;
    assert_int_equal(run("\x1bLua\x54\x00\x19\x93\r\n\x1a\n", 12, &line, &fault), HK_ESYNTAX);
    assert_non_null(strstr(fault.text, "binary chunk"));
}

static void test_nothing_of_the_outside_can_be_reached(void **state)
{
    (void)state;
    static const char *const names[] = {
        "os",           "io",           "package", "debug", "load",      "loadstring",     "dofile",
        "require",      "loadfile",     "string",  "table", "coroutine", "pcall",          "xpcall",
        "getmetatable", "setmetatable", "rawset",  "_G",    "_ENV._G",   "collectgarbage", "print",
        "error",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char text[64];
        (void)snprintf(text, sizeof(text), "return { x = %s }", names[i]);
        assert_refused(text, HK_EINVAL, "unknown name");
    }
    assert_refused("return { x = ('x'):rep(10) }", HK_EINVAL, "attempt to index");
    assert_refused("return { x = ('x').format }", HK_EINVAL, "attempt to index");
}

static void test_the_three_functions_check_what_they_are_given(void **state)
{
    (void)state;
    assert_refused("return { x = env() }", HK_EINVAL, "bad argument");
    assert_refused("return { x = file({}) }", HK_EINVAL, "bad argument");
    assert_refused("return { x = file('/nowhere/at/all') }", HK_EINVAL, "/nowhere/at/all: No such");
    assert_refused("return { x = file('/dev/zero') }", HK_EINVAL, "longer than 65536 bytes");
    assert_refused("return { x = credential('../x') }", HK_EINVAL, "a name is 1 to 64");
    assert_refused("return { x = credential('') }", HK_EINVAL, "a name is 1 to 64");
    assert_refused("return { x = credential('x') .. 'y' }", HK_EINVAL, "attempt to concatenate");
}

static void test_values_come_back_from_the_environment_and_as_marks(void **state)
{
    (void)state;
    struct hk_config_cage cage;
    struct hk_fault fault;
    uint32_t line;
    assert_int_equal(hk_config_cage_init(&cage, fake_environment, "."), 0);
    assert_int_equal(hk_config_cage_run(&cage,
                                        HK_SLICE("return { a = env('KNOWN'), b = env('OTHER'),"
                                                 " c = credential('my.key') }"),
                                        &line, &fault),
                     0);
    lua_getfield(cage.lua, 1, "a");
    assert_string_equal(lua_tostring(cage.lua, -1), "its value");
    assert_null(hk_config_cage_credential(&cage, -1));
    lua_getfield(cage.lua, 1, "b");
    assert_true(lua_isnil(cage.lua, -1));
    lua_getfield(cage.lua, 1, "c");
    assert_string_equal(hk_config_cage_credential(&cage, -1), "my.key");
    hk_config_cage_fini(&cage);
}

static void test_a_config_cannot_change_what_our_defaults_mean(void **state)
{
    (void)state;
    struct hk_config_cage cage;
    struct hk_fault fault;
    uint32_t line;
    assert_int_equal(hk_config_cage_init(&cage, fake_environment, "."), 0);
    assert_int_equal(
        hk_config_cage_run(&cage, HK_SLICE("credential = 5 env = 6 return {}"), &line, &fault), 0);
    hk_config_cage_push(&cage, "credential(\"platform.key\")");
    assert_string_equal(hk_config_cage_credential(&cage, -1), "platform.key");
    hk_config_cage_fini(&cage);
}

#ifdef HK_FAULTS
static void test_no_memory_at_any_point_is_a_fault_and_no_leak(void **state)
{
    (void)state;
    static const char text[] = "return { a = env('KNOWN'), b = { credential('x'), 'y' .. 'z' } }";
    int code = -1;
    for (uint64_t nth = 1; code != 0; nth++) {
        struct hk_config_cage cage;
        struct hk_fault fault;
        uint32_t line;
        assert_true(nth < 1000);
        hk_alloc_fail_at(nth, true);
        code = hk_config_cage_init(&cage, fake_environment, ".");
        if (code == 0) {
            code = hk_config_cage_run(&cage, hk_slice_of(text), &line, &fault);
            hk_alloc_fail_at(0, false);
            hk_config_cage_fini(&cage);
        }
        hk_alloc_fail_at(0, false);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_config_that_does_not_end_is_ended),
        cmocka_unit_test(test_the_line_of_an_endless_loop_is_told),
        cmocka_unit_test(test_a_config_that_takes_too_much_memory_is_ended),
        cmocka_unit_test(test_deep_nesting_does_not_break_the_parser),
        cmocka_unit_test(test_bytecode_is_never_loaded),
        cmocka_unit_test(test_nothing_of_the_outside_can_be_reached),
        cmocka_unit_test(test_the_three_functions_check_what_they_are_given),
        cmocka_unit_test(test_values_come_back_from_the_environment_and_as_marks),
        cmocka_unit_test(test_a_config_cannot_change_what_our_defaults_mean),
#ifdef HK_FAULTS
        cmocka_unit_test(test_no_memory_at_any_point_is_a_fault_and_no_leak),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
