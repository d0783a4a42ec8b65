// SPDX-License-Identifier: Apache-2.0
#include "support_lua.h"
#include "worker/api.h"
#include "worker/sandbox.h"

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
    lua_settop(lua->L, 0);
    support_lua_open(lua, "json", hk_lua_open_json);
    return lua;
}

static void test_values_are_encoded_compactly(void **state)
{
    (void)state;
    struct support_lua *lua = lua_new();
    support_lua_gives(lua, "return json.encode({ b = { 1, 2.5, 'x' }, a = json.null })",
                      "{\"a\":null,\"b\":[1,2.5,\"x\"]}");
    support_lua_gives(lua, "return json.encode({})", "{}");
    support_lua_gives(lua, "return json.encode(json.array {})", "[]");
    support_lua_gives(lua, "return json.encode(json.array())", "[]");
    support_lua_gives(lua, "return json.encode(json.object(json.array()))", "{}");
    support_lua_gives(lua, "return json.encode('\\0')", "\"\\u0000\"");
    support_lua_gives(lua, "return json.encode(1 << 62)", "4611686018427387904");
    support_lua_free(lua);
}

static void test_what_cannot_be_encoded_names_the_place(void **state)
{
    (void)state;
    struct support_lua *lua = lua_new();
    support_lua_fails(lua, "json.encode()", "bad argument #1 to 'encode' (value expected)");
    support_lua_fails(lua, "json.encode({ a = { print } })",
                      "bad argument #1 to 'encode' (a[1]: a function cannot be JSON)");
    support_lua_fails(lua, "json.encode(nil)",
                      "bad argument #1 to 'encode' (the value: a nil cannot be JSON)");
    support_lua_fails(lua, "local t = {} t.t = t json.encode(t)", "or a cycle, cannot be JSON");
    support_lua_fails(lua, "json.encode(0 / 0)", "NaN cannot be JSON");
    support_lua_fails(lua,
                      "local t = { ('a'):rep(1000) } for i = 1, 20 do t = { t, t } end "
                      "json.encode(t)",
                      "the JSON has more than 8388608 bytes");
    support_lua_free(lua);
}

static void test_text_is_decoded_or_refused_with_the_place(void **state)
{
    (void)state;
    struct support_lua *lua = lua_new();
    support_lua_gives(lua, "return json.decode('{\"a\":[1,{\"b\":\"\\\\u0041\"}]}').a[2].b", "A");
    support_lua_gives(lua, "return json.decode('null') == json.null", "true");
    support_lua_gives(lua, "local v, why = json.decode('{\\n\"a\":}') return tostring(v) .. why",
                      "nilline 2 column 5: unexpected character");
    support_lua_gives(lua, "local _, why = json.decode('') return why",
                      "line 1 column 1: empty document");
    support_lua_fails(lua, "json.decode(1)",
                      "bad argument #1 to 'decode' (string expected, got number)");
    support_lua_fails(lua, "json.decode()",
                      "bad argument #1 to 'decode' (string expected, got no value)");
    support_lua_free(lua);
}

static void test_marks_and_null_are_told(void **state)
{
    (void)state;
    struct support_lua *lua = lua_new();
    support_lua_gives(lua, "return json.is_array({})", "false");
    support_lua_gives(lua, "return json.is_array({ 1 })", "true");
    support_lua_gives(lua, "return json.is_array(json.array {})", "true");
    support_lua_gives(lua, "return json.is_array(json.decode('[]'))", "true");
    support_lua_gives(lua, "return json.is_array('x')", "false");
    support_lua_gives(lua, "return json.is_null(json.null)", "true");
    support_lua_gives(lua, "return json.is_null(nil)", "false");
    support_lua_gives(lua, "local t = {} return json.array(t) == t", "true");
    support_lua_fails(lua, "json.is_null()", "value expected");
    support_lua_fails(lua, "json.array('x')",
                      "bad argument #1 to 'array' (table expected, got string)");
    support_lua_fails(lua, "json.array(setmetatable({}, {}))",
                      "a table without a metatable expected");
    support_lua_free(lua);
}

static void test_a_sealed_table_is_written_and_not_unsealed(void **state)
{
    (void)state;
    struct support_lua *lua = support_lua_new();
    lua_State *L = lua->L;
    hk_sandbox_open(L);
    if (luaL_loadstring(L, "return { a = { 1, 2 } }") != LUA_OK || lua_pcall(L, 0, 1, 0) != LUA_OK)
        fail_msg("%s", lua_tostring(L, -1));
    lua_pushliteral(L, "library");
    hk_sandbox_seal(L);
    hk_sandbox_set_global(L, "library");
    support_lua_gives(lua, "return hook.json.encode({ library })", "[{\"a\":[1,2]}]");
    support_lua_fails(lua, "hook.json.array(library)", "a table without a metatable expected");
    support_lua_fails(lua, "hook.json.object(hook)", "a table without a metatable expected");
    support_lua_free(lua);
}

static void test_a_lack_of_memory_anywhere_is_an_ordinary_error(void **state)
{
    (void)state;
    struct support_lua *lua = lua_new();
    support_lua_starve(lua,
                       "json.encode(json.decode('{\"a\":[1,2,{\"b\":\"\\\\u0041\"}],\"c\":{}}'))"
                       " json.array() json.decode('x')");
    support_lua_free(lua);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_encoded_compactly),
        cmocka_unit_test(test_what_cannot_be_encoded_names_the_place),
        cmocka_unit_test(test_text_is_decoded_or_refused_with_the_place),
        cmocka_unit_test(test_marks_and_null_are_told),
        cmocka_unit_test(test_a_sealed_table_is_written_and_not_unsealed),
        cmocka_unit_test(test_a_lack_of_memory_anywhere_is_an_ordinary_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
