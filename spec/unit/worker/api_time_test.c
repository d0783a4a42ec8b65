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
    support_lua_open(lua, "time", hk_lua_open_time);
    return lua;
}

static void test_moments_are_read(void **state)
{
    static const struct {
        const char *text, *gives;
    } table[] = {
        { "1970-01-01T00:00:00Z", "0" },
        { "2026-05-02T08:00:00.123Z", "1777708800123" },
        { "2026-05-02T10:00:00.1239+02:00", "1777708800123" },
        { "2026-05-02t08:00:00z", "1777708800000" },
        { "1969-12-31T23:59:59.999Z", "-1" },
        { "0000-01-01T00:00:00Z", "-62167219200000" },
        { "9999-12-31T23:59:59.999Z", "253402300799999" },
        { "2000-02-29T00:00:00Z", "951782400000" },
        { "2016-12-31T23:59:60Z", "1483228799999" },
        { "2017-01-01T01:59:60.5+02:00", "1483228799999" },
        { "2016-12-31T22:59:60Z", "nil" },
        { "2016-12-30T23:59:60Z", "nil" },
        { "0000-01-01T00:00:00+00:01", "nil" },
        { "2001-02-29T00:00:00Z", "nil" },
        { "1900-02-29T00:00:00Z", "nil" },
        { "2026-13-01T00:00:00Z", "nil" },
        { "2026-00-01T00:00:00Z", "nil" },
        { "2026-01-00T00:00:00Z", "nil" },
        { "2026-01-01T24:00:00Z", "nil" },
        { "2026-01-01T00:60:00Z", "nil" },
        { "2026-01-01T00:00:61Z", "nil" },
        { "2026-01-01 00:00:00Z", "nil" },
        { "2026-01-01T00:00:00", "nil" },
        { "2026-01-01T00:00:00.Z", "nil" },
        { "2026-01-01T00:00:00+24:00", "nil" },
        { "2026-01-01T00:00:00+0200", "nil" },
        { "2026-01-01T00:00:00Zx", "nil" },
        { " 2026-01-01T00:00:00Z", "nil" },
        { "", "nil" },
    };
    (void)state;
    struct support_lua *lua = lua_new();
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        lua_pushstring(lua->L, table[i].text);
        lua_setglobal(lua->L, "t");
        support_lua_gives(lua, "return (time.parse(t))", table[i].gives);
    }
    support_lua_gives(lua, "local _, why = time.parse('x') return why",
                      "not a moment as RFC 3339 has it");
    support_lua_gives(lua, "local _, why = time.parse('2001-02-29T00:00:00Z') return why",
                      "there is no such day");
    support_lua_fails(lua, "time.parse(1)",
                      "bad argument #1 to 'parse' (string expected, got number)");
    support_lua_free(lua);
}

static void test_moments_are_written(void **state)
{
    (void)state;
    struct support_lua *lua = lua_new();
    support_lua_gives(lua, "return time.format(1777708800123)", "2026-05-02T08:00:00.123Z");
    support_lua_gives(lua, "return time.format(1777708800123, 0)", "2026-05-02T08:00:00.123Z");
    support_lua_gives(lua, "return time.format(1777708800123, 120)",
                      "2026-05-02T10:00:00.123+02:00");
    support_lua_gives(lua, "return time.format(0, -1439)", "1969-12-31T00:01:00.000-23:59");
    support_lua_gives(lua, "return time.format(-1)", "1969-12-31T23:59:59.999Z");
    support_lua_gives(lua, "return time.format(-62167219200000)", "0000-01-01T00:00:00.000Z");
    support_lua_fails(lua, "time.format(-62167219200001)", "bad argument #1 to 'format'");
    support_lua_fails(lua, "time.format(-62167219200000, -1)", "bad argument #1 to 'format'");
    support_lua_fails(lua, "time.format(253402300799999, 1)", "bad argument #1 to 'format'");
    support_lua_fails(lua, "time.format((1 << 63) - 1)", "bad argument #1");
    support_lua_fails(lua, "time.format(1 << 63)", "bad argument #1");
    support_lua_fails(lua, "time.format(0, 1440)",
                      "bad argument #2 to 'format' (minutes from -1439 to 1439 expected)");
    support_lua_fails(lua, "time.format(0.5)", "number has no integer representation");
    support_lua_fails(lua, "time.format(0/0)", "number has no integer representation");
    support_lua_fails(lua, "time.format()", "number expected, got no value");
    support_lua_free(lua);
}

static void test_moments_are_taken_apart(void **state)
{
    (void)state;
    struct support_lua *lua = lua_new();
    support_lua_gives(lua,
                      "local p = time.parts(1777708800123) return table.concat({ p.year, p.month, "
                      "p.day, p.hour, p.minute, p.second, p.ms, p.weekday, p.yearday }, ' ')",
                      "2026 5 2 8 0 0 123 6 122");
    support_lua_gives(lua, "local p = time.parts(-1) return p.weekday .. ' ' .. p.yearday",
                      "3 365");
    support_lua_gives(lua, "return time.parts(0, -60).hour", "23");
    support_lua_gives(lua, "return time.parts(0, 60).hour", "1");
    support_lua_gives(lua, "return time.parts(-62167219200000).weekday", "6");
    support_lua_fails(lua, "time.parts('x')", "bad argument #1 to 'parts'");
    support_lua_fails(lua, "time.parts(1 << 62)", "in the years 0 to 9999 expected");
    support_lua_free(lua);
}

static void test_every_day_comes_back(void **state)
{
    (void)state;
    struct support_lua *lua = lua_new();
    support_lua_gives(lua,
                      "local weekday = time.parts(-62167219200000).weekday "
                      "for day = -719527, 2932895 do "
                      "  if day % 37 == 0 or day < -719000 then "
                      "    local ms = day * 86400000 + day % 86400000 "
                      "    assert(time.parse(time.format(ms)) == ms) "
                      "    assert(time.parse(time.format(ms, 754)) == ms) "
                      "    assert(time.parts(ms).weekday == (day + 719528 + weekday - 1) % 7 + 1) "
                      "  end "
                      "end "
                      "return 'all'",
                      "all");
    support_lua_free(lua);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moments_are_read),
        cmocka_unit_test(test_moments_are_written),
        cmocka_unit_test(test_moments_are_taken_apart),
        cmocka_unit_test(test_every_day_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
