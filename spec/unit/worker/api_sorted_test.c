// SPDX-License-Identifier: Apache-2.0
#include "worker/api.h"

#include "support_lua.h"

#include <lauxlib.h>
#include <lualib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct support_lua *lua;

/** Lua, `t` is ours, `table` the library that comes with Lua: `same(name, make, ...)` calls both
 * with a table of make() first, and holds results and tables against each other. */
static const char prelude[] =
    "checked = 0\n"
    "math.randomseed(20261124)\n"
    "local function show(list)\n"
    "  local all = {}\n"
    "  for key, value in pairs(list) do all[#all + 1] = tostring(key) .. '=' .. tostring(value) "
    "end\n"
    "  table.sort(all)\n"
    "  return table.concat(all, ' ')\n"
    "end\n"
    "function same(name, make, ...)\n"
    "  local a, b = make(), make()\n"
    "  local ours, theirs = { pcall(t[name], a, ...) }, { pcall(table[name], b, ...) }\n"
    "  if not ours[1] and not theirs[1] then ours[2], theirs[2] = nil, nil end\n"
    "  if ours[2] == a then ours[2], theirs[2] = 'itself', theirs[2] == b and 'itself' end\n"
    "  checked = checked + 1\n"
    "  if show(ours) ~= show(theirs) or show(a) ~= show(b) then\n"
    "    error(name .. ' ' .. show { ... } .. ': ' .. show(ours) .. ' of ' .. show(a) .. '; Lua: ' "
    "..\n"
    "      show(theirs) .. ' of ' .. show(b))\n"
    "  end\n"
    "end\n"
    "function list(...)\n"
    "  local all = table.pack(...)\n"
    "  return function() return table.move(all, 1, all.n, 1, {}) end\n"
    "end\n";

static int set_up(void **state)
{
    (void)state;
    lua = support_lua_new();
    luaL_openlibs(lua->L);
    support_lua_open(lua, "t", hk_lua_open_sorted);
    if (luaL_dostring(lua->L, prelude) != LUA_OK)
        fail_msg("%s", lua_tostring(lua->L, -1));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    support_lua_free(lua);
    return 0;
}

static void test_all_but_sort_do_what_those_of_lua_do(void **state)
{
    (void)state;
    support_lua_gives(
        lua,
        "local places = { 0, 1, 2, 3, 4, 5, 6, -1, 99, math.maxinteger, math.mininteger, '2', 1.5 "
        "}\n"
        "for _, make in ipairs { list(), list(1), list('a', 'b', 'c'), list(1, 2.5, 'x', 4, 5) } "
        "do\n"
        "  same('concat', make) same('concat', make, '--') same('unpack', make)\n"
        "  same('remove', make) same('insert', make, 'new') same('insert', make)\n"
        "  same('insert', make, 1, 2, 3)\n"
        "  for _, i in ipairs(places) do\n"
        "    same('insert', make, i, 'new') same('remove', make, i)\n"
        "    for _, j in ipairs { 0, 1, 3, 5, 6, -1, math.mininteger } do\n"
        "      if i ~= math.mininteger and j ~= math.mininteger or i == j then\n"
        "        same('concat', make, ',', i, j) same('unpack', make, i, j)\n"
        "      end\n"
        "      for _, to in ipairs { -1, 0, 1, 2, 3, 7 } do\n"
        "        if type(i) ~= 'string' and math.abs(i) < 100 and j > -9 then\n"
        "          same('move', make, i, j, to) same('move', make, i, j, to, { 'other' })\n"
        "        end\n"
        "      end\n"
        "    end\n"
        "  end\n"
        "end\n"
        "same('move', list(1, 2), math.mininteger, math.maxinteger, 1)\n"
        "same('move', list(1, 2), 1, 2, math.maxinteger)\n"
        "same('concat', list(1, {}, 2)) same('concat', list(1, nil, 2), ',', 1, 3)\n"
        "return checked > 2000",
        "true");
    support_lua_gives(lua, "local p = t.pack(1, nil, 3, nil) return p.n .. p[1] .. p[3]", "413");
    support_lua_gives(lua, "return t.pack().n", "0");
    support_lua_gives(lua, "return t.concat({ 'a\\0b', 'c' }, '\\0') == 'a\\0b\\0c'", "true");
}

static void test_sort_sorts_and_keeps_the_order_of_equals(void **state)
{
    (void)state;
    support_lua_gives(
        lua,
        "for size = 0, 200 do\n"
        "  local numbers, pairs_of = {}, {}\n"
        "  for i = 1, size do\n"
        "    numbers[i] = math.random(-50, 50) / (i % 2 + 1)\n"
        "    pairs_of[i] = { math.random(5), i }\n"
        "  end\n"
        "  same('sort', list(table.unpack(numbers)))\n"
        "  same('sort', list(table.unpack(numbers)), function(a, b) return a > b end)\n"
        "  t.sort(pairs_of, function(a, b) return a[1] < b[1] end)\n"
        "  for i = 2, size do\n"
        "    local a, b = pairs_of[i - 1], pairs_of[i]\n"
        "    assert(a[1] < b[1] or (a[1] == b[1] and a[2] < b[2]))\n"
        "  end\n"
        "end\n"
        "same('sort', list('b', 'a', '', 'B', 'a\\0b', 'a\\0a', '\\xff'))\n"
        "same('sort', list(1, 'a')) same('sort', list({}, {})) same('sort', list(1, 2), 'x')\n"
        "return checked > 400",
        "true");
}

static void test_a_wrong_comparison_loses_nothing(void **state)
{
    (void)state;
    support_lua_gives(lua,
                      "for _ = 1, 300 do\n"
                      "  local given, count = {}, 0\n"
                      "  for i = 1, math.random(60) do given[i] = i end\n"
                      "  local size = #given\n"
                      "  t.sort(given, function() return math.random(2) == 1 end)\n"
                      "  assert(#given == size)\n"
                      "  table.sort(given)\n"
                      "  for i = 1, size do assert(given[i] == i) end\n"
                      "end\n"
                      "local nans = { 0/0, 3, 0/0, 1, 0/0, 2 }\n"
                      "t.sort(nans)\n"
                      "return #nans",
                      "6");
    support_lua_gives(lua,
                      "local given, calls = { 3, 1, 2 }, 0\n"
                      "local ok = pcall(t.sort, given, function(a, b)\n"
                      "  calls = calls + 1\n"
                      "  if calls == 3 then error 'no' end\n"
                      "  return a < b\n"
                      "end)\n"
                      "return tostring(ok) .. table.concat(given)",
                      "false312");
    support_lua_gives(lua,
                      "local given = { 3, 1, 2 }\n"
                      "t.sort(given, function(a, b) given[1], given[4] = nil, 9 return a < b end)\n"
                      "return table.concat(given)",
                      "1239");
}

static void test_metamethods_are_asked(void **state)
{
    (void)state;
    support_lua_gives(lua,
                      "local proxy = setmetatable({}, { __index = function(_, i) return i * 2 end,"
                      " __len = function() return 3 end })\n"
                      "return t.concat(proxy, ',')",
                      "2,4,6");
    support_lua_fails(
        lua, "t.insert(setmetatable({}, { __newindex = function() error 'closed' end }), 1)",
        "closed");
    support_lua_fails(lua, "t.sort(setmetatable({}, { __len = function() return 1 << 40 end }))",
                      "too big");
    support_lua_fails(lua, "t.unpack({}, 1, 1e7 // 1 | 0)", "too many results");
    support_lua_fails(lua, "t.concat('abc')", "table expected, got string");
    support_lua_fails(lua, "t.insert(nil, 1)", "table expected, got nil");
    support_lua_fails(lua, "t.concat({ {} })", "invalid value (a table) at index 1");
}

static void test_what_does_not_end_ends_with_the_budget(void **state)
{
    static const char *const chunks[] = {
        "t.move({}, 1, math.maxinteger - 1, 2)",
        "t.concat(setmetatable({}, { __index = function() return '' end }), '', 1, 1 << 60)",
        "t.insert(setmetatable({}, { __len = function() return 1 << 60 end }), 1, 1)",
        "t.remove(setmetatable({}, { __len = function() return 1 << 60 end }), 1)",
        "local l = {} for i = 1, 100000 do l[i] = i % 1000 end while true do t.sort(l) end",
        ("local s = ('x'):rep(1000000) local l = { s .. 1, s .. 2, s .. 3, s .. 4 } "
         "while true do t.sort(l) end"),
        "while true do t.pack(1, 2, 3) end",
        "while true do t.unpack({ 1, 2 }) end",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
        support_lua_budget(lua, 20);
        support_lua_fails(lua, chunks[i], "the budget is spent");
    }
    support_lua_budget(lua, 0);
}

static void test_lack_of_memory_is_an_ordinary_error(void **state)
{
    (void)state;
    support_lua_starve(lua, "t.concat({ ('x'):rep(300), 2, ('y'):rep(900) }, '--')");
    support_lua_starve(lua, "t.sort({ 3, 1, 2, 5, 4 }, function(a, b) return a < b end)");
    support_lua_starve(lua, "t.insert({}, t.pack(t.unpack({ 1, 2, 3 })))");
    support_lua_starve(lua, "t.move({ 1, 2, 3 }, 1, 3, 5, {})");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_but_sort_do_what_those_of_lua_do),
        cmocka_unit_test(test_sort_sorts_and_keeps_the_order_of_equals),
        cmocka_unit_test(test_a_wrong_comparison_loses_nothing),
        cmocka_unit_test(test_metamethods_are_asked),
        cmocka_unit_test(test_what_does_not_end_ends_with_the_budget),
        cmocka_unit_test(test_lack_of_memory_is_an_ordinary_error),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
