// SPDX-License-Identifier: Apache-2.0
#include "support_lua.h"
#include "worker/api.h"

#include <lauxlib.h>
#include <lualib.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct support_lua *lua_new(void)
{
    struct support_lua *lua = support_lua_new();
    luaL_requiref(lua->L, "_G", luaopen_base, 1);
    luaL_requiref(lua->L, "string", luaopen_string, 1);
    luaL_requiref(lua->L, "table", luaopen_table, 1);
    lua_settop(lua->L, 0);
    support_lua_open(lua, "log", hk_lua_open_log);
    return lua;
}

static void assert_line(const struct support_lua *lua, uint32_t number, enum hk_log_level level,
                        const char *text)
{
    const struct hk_wire_log *line = &lua->state.logs[number];
    struct hk_slice got = { lua->state.log_text.at + (uintptr_t)line->text.at, line->text.size };
    assert_true(number < lua->state.log_count);
    assert_int_equal(line->level, level);
    if (!hk_slice_is(got, text))
        fail_msg("line %u is '%.*s', not '%s'", number, (int)got.size, got.at, text);
}

static void test_lines_are_kept_with_their_level(void **state)
{
    (void)state;
    struct support_lua *lua = lua_new();
    support_lua_gives(lua,
                      "log.debug('a') log.info('b', 1, 2.5, true, nil, 'c') log.warn('') "
                      "log.error(nil)",
                      "nil");
    assert_int_equal(lua->state.log_count, 4);
    assert_line(lua, 0, HK_LOG_DEBUG, "a");
    assert_line(lua, 1, HK_LOG_INFO, "b 1 2.5 true nil c");
    assert_line(lua, 2, HK_LOG_WARN, "");
    assert_line(lua, 3, HK_LOG_ERROR, "nil");
    support_lua_free(lua);
}

static void test_lines_are_bounded(void **state)
{
    char expected[HK_STATE_LOG_BYTES_MAX + 1];
    (void)state;
    struct support_lua *lua = lua_new();
    support_lua_gives(lua,
                      "log.info(('a'):rep(255) .. '\\u{e9}') log.info(('a'):rep(100000), 'b') "
                      "for i = 1, 100 do log.info(i) end",
                      "nil");
    assert_int_equal(lua->state.log_count, HK_STATE_LOGS_MAX);
    memset(expected, 'a', HK_STATE_LOG_BYTES_MAX);
    expected[HK_STATE_LOG_BYTES_MAX] = '\0';
    assert_line(lua, 1, HK_LOG_INFO, expected);
    // No character is cut in two.
    expected[HK_STATE_LOG_BYTES_MAX - 1] = '\0';
    assert_line(lua, 0, HK_LOG_INFO, expected);
    assert_line(lua, 19, HK_LOG_INFO, "18");
    support_lua_free(lua);
}

static void test_what_has_no_text_is_refused(void **state)
{
    (void)state;
    struct support_lua *lua = lua_new();
    support_lua_fails(lua, "log.info()", "value expected");
    support_lua_fails(
        lua, "log.info('a', {})",
        "bad argument #2 to 'info' (string, number, boolean or nil expected, got table)");
    assert_int_equal(lua->state.log_count, 0);
    support_lua_free(lua);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_are_kept_with_their_level),
        cmocka_unit_test(test_lines_are_bounded),
        cmocka_unit_test(test_what_has_no_text_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
