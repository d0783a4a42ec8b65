// SPDX-License-Identifier: Apache-2.0
#include "worker/convert.h"

#include "base/alloc.h"
#include "support_lua.h"

#include <lauxlib.h>
#include <lualib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct hk_json_value scan(const char *text)
{
    struct hk_json_value top = { 0 };
    struct hk_json_fault fault = { 0 };
    if (hk_json_scan(hk_slice_of(text), &top, &fault) != 0)
        fail_msg("'%s' refused at %u:%u: %s", text, fault.line, fault.column, fault.reason);
    return top;
}

/** Globals: null, inf, nan, array(t), object(t), and the libraries that tests want. */
static int mark_array(lua_State *L)
{
    hk_convert_mark_array(L, 1, true);
    lua_settop(L, 1);
    return 1;
}

static int mark_object(lua_State *L)
{
    hk_convert_mark_array(L, 1, false);
    lua_settop(L, 1);
    return 1;
}

static struct support_lua *lua_new(void)
{
    struct support_lua *lua = support_lua_new();
    luaL_requiref(lua->L, "_G", luaopen_base, 1);
    luaL_requiref(lua->L, "table", luaopen_table, 1);
    luaL_requiref(lua->L, "math", luaopen_math, 1);
    hk_convert_push_null(lua->L);
    lua_setglobal(lua->L, "null");
    lua_register(lua->L, "array", mark_array);
    lua_register(lua->L, "object", mark_object);
    lua_settop(lua->L, 0);
    return lua;
}

/** Decodes `original` into the global v, runs `chunk`, and writes v beside the original. */
static int change(struct support_lua *lua, const char *original, const char *chunk,
                  struct hk_bytes *out, struct hk_fault *fault)
{
    lua_State *L = lua->L;
    struct hk_json_value top = { HK_JSON_NULL, HK_SLICE_EMPTY };
    if (*original != '\0') {
        top = scan(original);
        hk_convert_push(L, top);
        lua_setglobal(L, "v");
    }
    assert_int_equal(lua_gettop(L), 0);
    if (luaL_dostring(L, chunk) != LUA_OK)
        fail_msg("%s: %s", chunk, lua_tostring(L, -1));
    lua_getglobal(L, "v");
    int rc = hk_convert_append(L, top, 1 << 20, out, fault);
    assert_int_equal(lua_gettop(L), 1);
    if (*original != '\0' && rc == 0) {
        bool is_same = hk_slice_is_equal(hk_bytes_slice(out), top.text);
        assert_int_equal(hk_convert_is_equal(L, -1, top), is_same);
        assert_int_equal(lua_gettop(L), 1);
    }
    lua_settop(L, 0);
    return rc;
}

static void assert_changed(struct support_lua *lua, const char *original, const char *chunk,
                           const char *expected)
{
    struct hk_bytes out = { 0 };
    struct hk_fault fault = { 0 };
    int rc = change(lua, original, chunk, &out, &fault);
    if (rc != 0 || !hk_slice_is(hk_bytes_slice(&out), expected))
        fail_msg("%s\n%s\ngives %d %s %.*s\nexpected %s", original, chunk, rc, fault.text,
                 (int)out.size, out.size != 0 ? out.at : "", expected);
    hk_bytes_fini(&out);
}

struct change {
    const char *original;
    const char *chunk;
    const char *expected;
};

static void assert_all(const struct change *table, size_t count)
{
    struct support_lua *lua = lua_new();
    for (size_t i = 0; i < count; i++)
        assert_changed(lua, table[i].original, table[i].chunk, table[i].expected);
    support_lua_free(lua);
}

#define ASSERT_ALL(table) assert_all(table, sizeof(table) / sizeof((table)[0]))

static void test_what_nobody_changed_keeps_its_bytes(void **state)
{
    static const char *const documents[] = {
        "null",
        "true",
        "false",
        "0.10",
        "-0",
        "-0.0",
        "1E2",
        "1e999",
        "-1e-999",
        "18446744073709551615",
        "-9223372036854775808",
        "9223372036854775808",
        "\"\"",
        "\"\\u00e9\\/\\\"\\ud83d\\ude00\\u0000\"",
        "{}",
        "[]",
        "{ }",
        "[\n]",
        "{\"a\":{},\"b\":[],\"c\":[[],{}],\"\":null}",
        "{ \"a\" : [ 1 , 2.50 , { \"b\\u0062\" : \"\\/\" } ] }",
        "[1,[2,[3,[4.0,[5e0]]]],null,null]",
        "{\"\\u0061\":1,\"\\u0000\":2}",
    };
    (void)state;
    struct support_lua *lua = lua_new();
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
        assert_changed(lua, documents[i], "", documents[i]);
    support_lua_free(lua);
}

static void test_values_are_what_the_text_says(void **state)
{
    static const struct change table[] = {
        { "[1,\"a\\u0000b\",null,true,[],{\"x\":\"\\u00e9\"}]",
          "assert(v[1] == 1 and math.type(v[1]) == 'integer' and #v[2] == 3 and v[3] == null and "
          "v[4] == true and #v[5] == 0 and v[6].x == '\\xc3\\xa9') v = 1",
          "1" },
        { "[9223372036854775807,9223372036854775808,1.0,1e2,-0,1e999]",
          "assert(v[1] == math.maxinteger and math.type(v[2]) == 'float' and v[2] == 2^63 and "
          "math.type(v[3]) == 'float' and v[4] == 100 and 1 / v[5] == -math.huge and "
          "v[6] == math.huge) v = 1",
          "1" },
        { "null", "assert(v and v.x == nil and v[1] == nil and tostring(v) == 'null') v = 1", "1" },
    };
    (void)state;
    ASSERT_ALL(table);
}

static void test_a_change_changes_nothing_else(void **state)
{
    static const struct change table[] = {
        { "{\"a\":0.10,\"b\":1E2}", "v.b = 2", "{\"a\":0.10,\"b\":2}" },
        { "{ \"a\" : 0.10 ,\n \"b\" : 1E2 }", "v.b = 80.5", "{ \"a\" : 0.10 ,\n \"b\" : 80.5 }" },
        { "{\"a\":{\"b\":{\"c\":\"\\/\",\"d\":1}},\"e\":\"\\/\"}", "v.a.b.d = '/'",
          "{\"a\":{\"b\":{\"c\":\"\\/\",\"d\":\"/\"}},\"e\":\"\\/\"}" },
        { "[1.50,2.50]", "v[1] = 'x'", "[\"x\",2.50]" },
        { "[1.50,2.50]", "v[1] = null", "[null,2.50]" },
        { "{\"a\":1}", "v.a = 1.0", "{\"a\":1.0}" },
        { "{\"a\":1.0}", "v.a = 1", "{\"a\":1}" },
        { "{\"a\":1.50}", "v.a = 1.5", "{\"a\":1.50}" },
        { "{\"a\":1.50}", "v.a = {}", "{\"a\":{}}" },
        { "{\"a\":1.50}", "v.a = array {}", "{\"a\":[]}" },
        { "{\"a\":\"x\"}", "v.a = 'y\\n\\0'", "{\"a\":\"y\\n\\u0000\"}" },
        { "{\"a\":{\"b\":1}}", "v.a = { 1, { c = 2, b = 1 } }", "{\"a\":[1,{\"b\":1,\"c\":2}]}" },
        { "{\"a\":[1]}", "v.a = { b = 1 }", "{\"a\":{\"b\":1}}" },
        { "1e999", "v = 3.0", "3.0" },
    };
    (void)state;
    ASSERT_ALL(table);
}

static void test_members_come_and_go(void **state)
{
    static const struct change table[] = {
        { "{\"b\":1,\"a\":2}", "v.c = 3 v.A = 4 v[''] = 5",
          "{\"b\":1,\"a\":2,\"\":5,\"A\":4,\"c\":3}" },
        { "{ \"b\" : 1 }", "v.c = 3", "{ \"b\" : 1,\"c\":3 }" },
        { "{ }", "v.c = 3 v.d = 4", "{\"c\":3,\"d\":4}" },
        { "{\"a\":1,\"b\":2,\"c\":3}", "v.a = nil", "{\"b\":2,\"c\":3}" },
        { "{\"a\":1,\"b\":2,\"c\":3}", "v.b = nil", "{\"a\":1,\"c\":3}" },
        { "{\"a\":1,\"b\":2,\"c\":3}", "v.c = nil", "{\"a\":1,\"b\":2}" },
        { "{\"a\":1,\"b\":2,\"c\":3}", "v.a = nil v.b = nil v.c = nil", "{}" },
        { "{\"a\":1,\"b\":2,\"c\":3}", "v.a = nil v.c = nil v.b = 4 v.d = 5", "{\"b\":4,\"d\":5}" },
        { "{\"a\":1,\"b\":2}", "v.a = nil v.b = nil v.d = 5", "{\"d\":5}" },
        { "{\"a\":1,\"b\":2}", "v.b = nil v.d = 5", "{\"a\":1,\"d\":5}" },
        { "{\"\\u0061\":1.0,\"b\":2}", "v.b = nil", "{\"\\u0061\":1.0}" },
        { "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}", "v.b = nil",
          "{\n  \"a\": 1,\n  \"c\": 3\n}" },
        { "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}", "v.c = nil",
          "{\n  \"a\": 1,\n  \"b\": 2\n}" },
    };
    (void)state;
    ASSERT_ALL(table);
}

static void test_elements_come_go_and_move(void **state)
{
    static const struct change table[] = {
        { "[1.0,2.0,3.0]", "table.remove(v, 1)", "[2.0,3.0]" },
        { "[1.00,2.00,3.00]", "table.remove(v, 2)", "[1.00,3.00]" },
        { "[1.00,2.00,3.00]", "table.remove(v, 3)", "[1.00,2.00]" },
        { "[1.00,2.00,3.00]", "table.insert(v, 1, 9)", "[9,1.00,2.00,3.00]" },
        { "[1.00,2.00,3.00]", "table.insert(v, 2, 9)", "[1.00,9,2.00,3.00]" },
        { "[1.00,2.00,3.00]", "table.insert(v, 9)", "[1.00,2.00,3.00,9]" },
        { "[1.00,2.00,3.00]", "v[1], v[3] = v[3], v[1]", "[3.00,2.00,1.00]" },
        { "[1.00,2.00,3.00,4.00,5.00]", "table.remove(v, 4) table.remove(v, 2)",
          "[1.00,3.00,5.00]" },
        { "[1.00,2.00,3.00,4.00]", "v[2] = 7 table.remove(v, 1)", "[7,3.00,4.00]" },
        { "[{\"a\":1.0,\"b\":1.50},{\"a\":2.0,\"b\":2.50}]", "v[1].a = 7",
          "[{\"a\":7,\"b\":1.50},{\"a\":2.0,\"b\":2.50}]" },
        { "[{\"a\":1.0,\"b\":1.50},{\"a\":2.0,\"b\":2.50}]", "v[1].a = 7 v[2].a = 8",
          "[{\"a\":7,\"b\":1.50},{\"a\":8,\"b\":2.50}]" },
        { "[ 1.00, 2.00, 3.00 ]", "table.remove(v, 2)", "[ 1.00, 3.00 ]" },
        { "[ 1.00, 2.00, 3.00 ]", "table.remove(v)", "[ 1.00, 2.00 ]" },
        { "[ 1.00 ]", "v[1] = nil", "[  ]" },
        { "[ ]", "v[1] = 2 v[2] = 3", "[2,3]" },
        { "[1,1,1,1]", "v[4] = nil", "[1,1,1]" },
        { "[[1.0],[2.0],[3.0]]", "table.remove(v, 1) v[2][1] = 4", "[[2.0],[4]]" },
        { "[1.00,2.00]", "v = { 8, 9, 10 }", "[8,9,10]" },
        { "[1.00,2.00]", "v = { 8 }", "[8]" },
    };
    (void)state;
    ASSERT_ALL(table);
}

static void test_an_empty_table_is_what_was_there_or_what_it_is_marked_as(void **state)
{
    static const struct change table[] = {
        { "{\"a\":[]}", "v.a = {}", "{\"a\":[]}" },
        { "{\"a\":[1]}", "v.a = {}", "{\"a\":[]}" },
        { "{\"a\":[1]}", "v.a = object {}", "{\"a\":{}}" },
        { "{\"a\":{}}", "v.a = array {}", "{\"a\":[]}" },
        { "{\"a\":{\"b\":1}}", "v.a.b = nil", "{\"a\":{}}" },
        { "{\"a\":[1],\"b\":1}", "v.b = v.a v.a[1] = nil", "{\"a\":[],\"b\":[]}" },
        { "", "v = {}", "{}" },
        { "", "v = array {}", "[]" },
        { "", "v = array { a = 1 }", "{\"a\":1}" },
        { "", "v = object { 1 }", "[1]" },
    };
    (void)state;
    ASSERT_ALL(table);
}

static void test_new_values_are_written_compactly(void **state)
{
    static const struct change table[] = {
        { "", "v = { z = 1, a = { true, false, null }, ab = -1.5, b = 'caf\\xc3\\xa9 \\\"' }",
          "{\"a\":[true,false,null],\"ab\":-1.5,\"b\":\"caf\xC3\xA9 \\\"\",\"z\":1}" },
        { "", "v = math.mininteger", "-9223372036854775808" },
        { "", "v = 1e300", "1e+300" },
        { "", "v = -0.0", "-0.0" },
    };
    (void)state;
    ASSERT_ALL(table);
}

static void test_what_cannot_be_json_is_named_with_its_path(void **state)
{
    static const struct change table[] = {
        { "{\"order\":{\"items\":[{},{},{}]}}", "v.order.items[3].price = print",
          "order.items[3].price: a function cannot be JSON" },
        { "{\"a\":1}", "v.a = 0/0", "a: NaN cannot be JSON" },
        { "{\"a\":1}", "v.b = -math.huge", "b: an infinity cannot be JSON" },
        { "{\"a\":1e999,\"b\":1}", "v.b = v.a", "b: an infinity cannot be JSON" },
        { "{\"a\":1}", "v.a = '\\xff'", "a: a string that is no UTF-8 cannot be JSON" },
        { "{\"a\":1}", "v['\\xff'] = 1", "the value: a name that is no UTF-8 cannot be JSON" },
        { "{\"a\":1}", "v[1] = 1",
          "the value: a table with names and numbers as keys cannot be JSON" },
        { "{\"a\":[1,2,3]}", "v.a[2] = nil", "a: an array without element 2 cannot be JSON" },
        { "{\"a\":[1,2,3]}", "v.a[10] = 1", "a: an array without element 4 cannot be JSON" },
        { "{\"a\":[1]}", "v.a[0] = 1", "a: the key 0 cannot be JSON" },
        { "{\"a\":[1]}", "v.a[1.5] = 1", "a: a key that is a number cannot be JSON" },
        { "{\"a\":[1]}", "v.a[true] = 1", "a: a key that is a boolean cannot be JSON" },
        { "{\"a\":[[1]]}", "v.a[1][2] = function() end", "a[1][2]: a function cannot be JSON" },
        { "", "v = print", "the value: a function cannot be JSON" },
    };
    (void)state;
    struct support_lua *lua = lua_new();
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct hk_bytes out = { 0 };
        struct hk_fault fault = { 0 };
        int rc = change(lua, table[i].original, table[i].chunk, &out, &fault);
        assert_int_equal(rc, HK_EINVAL);
        assert_string_equal(fault.text, table[i].expected);
        hk_bytes_fini(&out);
    }
    support_lua_free(lua);
}

static void test_cycles_and_depth_are_refused(void **state)
{
    static const char *const chunks[] = {
        "v = {} v.a = v",
        "v = {} v[1] = v",
        "v = {} for _ = 1, 64 do v = { v } end",
    };
    (void)state;
    struct support_lua *lua = lua_new();
    for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
        struct hk_bytes out = { 0 };
        struct hk_fault fault = { 0 };
        assert_int_equal(change(lua, "", chunks[i], &out, &fault), HK_EINVAL);
        assert_non_null(strstr(fault.text, "more than 64 levels, or a cycle, cannot be JSON"));
        hk_bytes_fini(&out);
    }
    assert_changed(lua, "", "v = array {} for _ = 1, 63 do v = { v } end",
                   "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
                   "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
    support_lua_free(lua);
}

static void test_text_beyond_the_bound_is_refused(void **state)
{
    static const char *const chunks[] = {
        "v = 'aaaaaaaaaaaa'", "v = { aaaaaaaaaaaa = 1 }", "v = 1234567890123",
        "v = 1.23456789012",  "v = { 1, 2, 3, 4, 5, 6 }", "v = { a = 1, b = 2, c = 3 }",
    };
    (void)state;
    struct support_lua *lua = lua_new();
    for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
        struct hk_json_value none = { HK_JSON_NULL, HK_SLICE_EMPTY };
        struct hk_fault fault = { 0 };
        if (luaL_dostring(lua->L, chunks[i]) != LUA_OK)
            fail_msg("%s", lua_tostring(lua->L, -1));
        lua_getglobal(lua->L, "v");
        for (size_t max = 0; max <= 24; max++) {
            struct hk_bytes out = { 0 };
            assert_int_equal(hk_bytes_append(&out, "before", 6), 0);
            int rc = hk_convert_append(lua->L, none, max, &out, &fault);
            assert_int_equal(rc, max < out.size - 6 || rc != 0 ? HK_ELIMIT : 0);
            if (rc == 0)
                assert_true(out.size - 6 <= max);
            else
                assert_true(max < 20);
            hk_bytes_fini(&out);
        }
        lua_settop(lua->L, 0);
    }
    support_lua_free(lua);
}

static void test_arrays_are_known(void **state)
{
    static const struct {
        const char *chunk;
        bool is_array, is_marked;
    } table[] = {
        { "v = {}", false, false },        { "v = array {}", true, true },
        { "v = object {}", false, true },  { "v = { 1 }", true, false },
        { "v = { a = 1 }", false, false }, { "v = object { 1 }", true, true },
        { "v = 1", false, false },         { "v = null", false, false },
    };
    (void)state;
    struct support_lua *lua = lua_new();
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (luaL_dostring(lua->L, table[i].chunk) != LUA_OK)
            fail_msg("%s", lua_tostring(lua->L, -1));
        lua_getglobal(lua->L, "v");
        assert_int_equal(hk_convert_is_array(lua->L, -1), table[i].is_array);
        assert_int_equal(hk_convert_is_marked(lua->L, 1), table[i].is_marked);
        assert_int_equal(lua_gettop(lua->L), 1);
        lua_settop(lua->L, 0);
    }
    support_lua_free(lua);
}

static void test_the_hidden_metatables_stay_hidden(void **state)
{
    (void)state;
    struct support_lua *lua = lua_new();
    support_lua_gives(lua, "return getmetatable(array {})", "false");
    support_lua_gives(lua, "return getmetatable(null)", "false");
    support_lua_fails(lua, "setmetatable(array {}, {})", "protected metatable");
    support_lua_fails(lua, "null.x = 1", "attempt to index a userdata value");
    support_lua_free(lua);
}

/** A document with everything, and a change of everything. */
static const char starving_document[] =
    "{\"a\":[1,2.5,\"x\\u0041\",{\"b\":[[],{}]},3,4,5],\"c\":{\"d\":\"e\"},\"f\":null,"
    "\"0123456789012345678901234567890123456789012345\":1.00000000000000000000000000000000000000"
    "0000000000000000000000000000000000000000000000000001}";

static int starve(lua_State *L)
{
    struct hk_bytes *out = lua_touserdata(L, lua_upvalueindex(1));
    struct hk_json_value top;
    struct hk_fault fault;
    hk_bytes_fini(out);
    if (hk_json_scan(hk_slice_of(starving_document), &top, NULL) != 0)
        return luaL_error(L, "not enough memory");
    hk_convert_push(L, top);
    lua_getfield(L, -1, "a");
    lua_pushinteger(L, 9);
    lua_rawseti(L, -2, 1);
    lua_pop(L, 1);
    for (char name[] = "z0"; name[1] < '9'; name[1]++) {
        lua_pushstring(L, name);
        lua_setfield(L, -2, name);
    }
    int rc = hk_convert_append(L, top, 1 << 20, out, &fault);
    if (rc != 0)
        return luaL_error(L, "%s", rc == HK_ENOMEM ? "not enough memory" : fault.text);
    return 0;
}

static void test_a_lack_of_memory_anywhere_is_an_ordinary_error(void **state)
{
    (void)state;
    struct support_lua *lua = lua_new();
    struct hk_bytes out = { 0 };
    lua_pushlightuserdata(lua->L, &out);
    lua_pushcclosure(lua->L, starve, 1);
    lua_setglobal(lua->L, "starve");
    support_lua_starve(lua, "starve()");
    assert_true(out.size > sizeof(starving_document));
#ifdef HK_FAULTS
    for (uint64_t nth = 1;; nth++) {
        hk_alloc_fail_at(nth, false);
        bool is_good = luaL_dostring(lua->L, "starve()") == LUA_OK;
        bool is_over = hk_alloc_count() < nth;
        hk_alloc_fail_at(0, false);
        if (!is_good)
            assert_non_null(strstr(lua_tostring(lua->L, -1), "not enough memory"));
        lua_settop(lua->L, 0);
        if (is_over)
            break;
    }
#endif
    hk_bytes_fini(&out);
    support_lua_free(lua);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_nobody_changed_keeps_its_bytes),
        cmocka_unit_test(test_values_are_what_the_text_says),
        cmocka_unit_test(test_a_change_changes_nothing_else),
        cmocka_unit_test(test_members_come_and_go),
        cmocka_unit_test(test_elements_come_go_and_move),
        cmocka_unit_test(test_an_empty_table_is_what_was_there_or_what_it_is_marked_as),
        cmocka_unit_test(test_new_values_are_written_compactly),
        cmocka_unit_test(test_what_cannot_be_json_is_named_with_its_path),
        cmocka_unit_test(test_cycles_and_depth_are_refused),
        cmocka_unit_test(test_text_beyond_the_bound_is_refused),
        cmocka_unit_test(test_arrays_are_known),
        cmocka_unit_test(test_the_hidden_metatables_stay_hidden),
        cmocka_unit_test(test_a_lack_of_memory_anywhere_is_an_ordinary_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
