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
    support_lua_open(lua, "text", hk_lua_open_text);
    return lua;
}

static void test_texts_are_split_and_trimmed(void **state)
{
    (void)state;
    struct support_lua *lua = lua_new();
    support_lua_gives(lua, "return table.concat(text.split('a,b,,c', ','), '|')", "a|b||c");
    support_lua_gives(lua, "return #text.split('', ',')", "1");
    support_lua_gives(lua, "return #text.split(',', ',')", "2");
    support_lua_gives(lua, "return table.concat(text.split('a--b-c', '--'), '|')", "a|b-c");
    support_lua_gives(lua, "return #text.split('a\\0b', '\\0')", "2");
    support_lua_gives(lua, "return '<' .. text.trim(' \\t\\n a b \\r ') .. '>'", "<a b>");
    support_lua_gives(lua, "return '<' .. text.trim('   ') .. '>'", "<>");
    support_lua_fails(lua, "text.split('a', '')",
                      "bad argument #2 to 'split' (a text that is not empty expected)");
    support_lua_fails(lua, "text.split(nil, ',')",
                      "bad argument #1 to 'split' (string expected, got nil)");
    support_lua_fails(lua, "text.split('a')",
                      "bad argument #2 to 'split' (string expected, got no value)");
    support_lua_fails(lua, "text.trim(1)",
                      "bad argument #1 to 'trim' (string expected, got number)");
    support_lua_free(lua);
}

static void test_parts_are_found(void **state)
{
    (void)state;
    struct support_lua *lua = lua_new();
    support_lua_gives(lua, "return text.starts_with('abc', 'ab')", "true");
    support_lua_gives(lua, "return text.starts_with('abc', 'abcd')", "false");
    support_lua_gives(lua, "return text.starts_with('abc', '')", "true");
    support_lua_gives(lua, "return text.ends_with('abc', 'bc')", "true");
    support_lua_gives(lua, "return text.ends_with('abc', 'ab')", "false");
    support_lua_gives(lua, "return text.ends_with('', '')", "true");
    support_lua_gives(lua, "return text.contains('a.b', '.')", "true");
    support_lua_gives(lua, "return text.contains('ab', '.')", "false");
    support_lua_gives(lua, "return text.contains('ab', '')", "true");
    support_lua_fails(lua, "text.contains('a', {})",
                      "bad argument #2 to 'contains' (string expected, got table)");
    support_lua_free(lua);
}

static void test_globs_match_the_whole_text(void **state)
{
    static const struct {
        const char *text, *pattern;
        bool is_match;
    } table[] = {
        { "order.created", "order.*", true },
        { "order.created", "*.created", true },
        { "order.created", "order", false },
        { "order", "order.*", false },
        { "order.", "order.*", true },
        { "abc", "a?c", true },
        { "ac", "a?c", false },
        { "a\xC3\xA9"
          "c",
          "a?c", true },
        { "", "", true },
        { "", "*", true },
        { "", "?", false },
        { "aXbXc", "a*b*c", true },
        { "aXbXcd", "a*b*c", false },
        { "aab", "*ab", true },
        { "a.b", "a.b", true },
        { "axb", "a.b", false },
        { "abc", "***", true },
        { "mississippi", "m*iss*ip*i", true },
    };
    (void)state;
    struct support_lua *lua = lua_new();
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        lua_pushstring(lua->L, table[i].text);
        lua_setglobal(lua->L, "a");
        lua_pushstring(lua->L, table[i].pattern);
        lua_setglobal(lua->L, "b");
        support_lua_gives(lua, "return text.glob(a, b)", table[i].is_match ? "true" : "false");
    }
    support_lua_free(lua);
}

static void test_parts_are_replaced(void **state)
{
    (void)state;
    struct support_lua *lua = lua_new();
    support_lua_gives(lua, "return text.replace('a.b.c', '.', '%1')", "a%1b%1c");
    support_lua_gives(lua, "return text.replace('aaa', 'aa', 'b')", "ba");
    support_lua_gives(lua, "return text.replace('abc', 'x', 'y')", "abc");
    support_lua_gives(lua, "return #text.replace(('a'):rep(100000), 'a', 'bb')", "200000");
    support_lua_fails(lua, "text.replace('a', '', 'b')", "a text that is not empty expected");
    support_lua_fails(lua, "text.replace('a', 'b')",
                      "bad argument #3 to 'replace' (string expected, got no value)");
    support_lua_free(lua);
}

static void test_long_work_ends_by_the_budget(void **state)
{
    static const char *const chunks[] = {
        "while true do text.glob(s, '*b*c*d') end",
        "while true do text.contains(s, p) end",
        "while true do text.replace(s, 'a', 'b') end",
        "while true do text.split(s, 'a') end",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
        struct support_lua *lua = lua_new();
        support_lua_gives(lua, "s = ('a'):rep(100000) p = ('a'):rep(50000) .. 'b'", "nil");
        support_lua_budget(lua, 5);
        support_lua_fails(lua, chunks[i], "the budget is spent");
        support_lua_budget(lua, 0);
        support_lua_free(lua);
    }
}

static void test_a_lack_of_memory_anywhere_is_an_ordinary_error(void **state)
{
    (void)state;
    struct support_lua *lua = lua_new();
    support_lua_gives(lua, "s = ('a'):rep(5000)", "nil");
    support_lua_starve(lua, "text.split('a,b,c', ',') text.replace(s, 'a', 'bb') "
                            "text.trim(' a ')");
    support_lua_free(lua);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_are_split_and_trimmed),
        cmocka_unit_test(test_parts_are_found),
        cmocka_unit_test(test_globs_match_the_whole_text),
        cmocka_unit_test(test_parts_are_replaced),
        cmocka_unit_test(test_long_work_ends_by_the_budget),
        cmocka_unit_test(test_a_lack_of_memory_anywhere_is_an_ordinary_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
