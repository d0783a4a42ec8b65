// SPDX-License-Identifier: Apache-2.0
#include "worker/api.h"

#include "support_lua.h"
#include "worker/convert.h"

#include <lauxlib.h>
#include <lualib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct support_lua *lua;

/** `s` is ours, `string` the library that comes with Lua: the oracle. */
static int set_up(void **state)
{
    (void)state;
    lua = support_lua_new();
    luaL_openlibs(lua->L);
    hk_convert_push_null(lua->L);
    lua_setglobal(lua->L, "null");
    support_lua_open(lua, "s", hk_lua_open_string);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    support_lua_free(lua);
    return 0;
}

/** Lua: `same(name, ...)` calls both functions of that name and fails when they differ. What only
 * ours refuses must be an error whose text has `refused`, when that is set. */
static const char prelude[] =
    "function show(...)\n"
    "  local all = {}\n"
    "  for i = 1, select('#', ...) do\n"
    "    local value = select(i, ...)\n"
    "    all[i] = type(value) == 'string' and string.format('%q', value) or tostring(value)\n"
    "  end\n"
    "  return table.concat(all, ' ')\n"
    "end\n"
    "function same(name, ...)\n"
    "  local ours, theirs = table.pack(pcall(s[name], ...)), table.pack(pcall(string[name], ...))\n"
    "  local is_same = ours.n == theirs.n and ours[1] == theirs[1]\n"
    "  for i = 2, ours[1] and ours.n or 0 do\n"
    "    local a, b = ours[i], theirs[i]\n"
    "    is_same = is_same and (a == b and math.type(a) == math.type(b) or a ~= a and b ~= b)\n"
    "  end\n"
    "  checked = checked + 1\n"
    "  if not ours[1] then failed = failed + 1 end\n"
    "  if refused and not ours[1] and ours[2]:find(refused) then return end\n"
    "  if not is_same then\n"
    "    error(name .. '(' .. show(...) .. '): ' .. show(table.unpack(ours, 1, ours.n)) ..\n"
    "      '; Lua: ' .. show(table.unpack(theirs, 1, theirs.n)))\n"
    "  end\n"
    "end\n"
    "function pick(list) return list[math.random(#list)] end\n"
    "refused, checked, failed = nil, 0, 0\n"
    "math.randomseed(20261124)\n";

/** Runs a chunk behind the prelude; it must give true. */
static void run(const char *chunk)
{
    lua_State *L = lua->L;
    if (luaL_dostring(L, prelude) != LUA_OK || luaL_dostring(L, chunk) != LUA_OK)
        fail_msg("%s", lua_tostring(L, -1));
    assert_true(lua_toboolean(L, -1));
    lua_settop(L, 0);
}

static void test_random_patterns_mean_what_they_mean_to_lua(void **state)
{
    (void)state;
    run("refused = '[cp]a[pt]t'\n"
        "local items = { 'a', 'b', '.', '%a', '%d', '%s', '%w', '%A', '%%', '[ab]', '[^a]',\n"
        "  '[%d_]', '[a-c]', '[]]', '[^]a]', '[a-]', '[%]b]', '%b()', '%bab', '%baa', '%f[%w]',\n"
        "  '%f[^a]', '(', ')', '()', '%1', '%2', '$', '^', '-', '*', '?', '\\0', '\\xe9', ']', "
        "'[',\n"
        "  '%', '%0', '%f', '%bx' }\n"
        "local repeats = { '', '', '', '*', '+', '-', '?' }\n"
        "local bytes = { 'a', 'a', 'b', 'b', 'c', '1', ' ', '(', ')', '_', '\\0', '\\xe9', ']', "
        "'%' }\n"
        "local function pattern()\n"
        "  local made = pick { '', '', '^' }\n"
        "  for _ = 1, math.random(0, 6) do made = made .. pick(items) .. pick(repeats) end\n"
        "  return made .. pick { '', '', '$' }\n"
        "end\n"
        "local function subject()\n"
        "  local made = {}\n"
        "  for i = 1, math.random(0, 14) do made[i] = pick(bytes) end\n"
        "  return table.concat(made)\n"
        "end\n"
        "local function all(library)\n"
        "  return function(text, wanted, init)\n"
        "    local found = {}\n"
        "    for a, b, c in library.gmatch(text, wanted, init) do\n"
        "      found[#found + 1] = show(a, b, c)\n"
        "    end\n"
        "    return table.concat(found, ';')\n"
        "  end\n"
        "end\n"
        "s = setmetatable({ all = all(s) }, { __index = s })\n"
        "string.all = all(string)\n"
        "for _ = 1, 40000 do\n"
        "  local text, wanted = subject(), pattern()\n"
        "  local init = pick { nil, 1, 2, 5, -1, -3, 0, 99, -99 }\n"
        "  same('find', text, wanted, init)\n"
        "  same('match', text, wanted, init)\n"
        "  same('all', text, wanted, init)\n"
        "  same('gsub', text, wanted, pick { '<%0>', '%1', '', '%%', 'x' }, pick { nil, 0, 1, 2 "
        "})\n"
        "  same('gsub', text, wanted, pick { string.upper, { a = 'A', b = false, [1] = 7 } })\n"
        "end\n"
        "string.all = nil\n"
        "s = getmetatable(s).__index\n"
        "return checked > 100000 and failed < checked // 2");
}

static void test_classes_are_those_of_lua(void **state)
{
    (void)state;
    run("for byte = 0, 255 do\n"
        "  for letter in ('acdglpsuwxzACDGLPSUWXZ'):gmatch '.' do\n"
        "    same('find', string.char(byte), '%' .. letter)\n"
        "    same('find', string.char(byte), '[%' .. letter .. ']')\n"
        "    same('find', string.char(byte), '[^%' .. letter .. 'x]')\n"
        "  end\n"
        "  same('find', string.char(byte), '%' .. string.char(byte))\n"
        "end\n"
        "return checked > 16000");
}

static void test_plain_finds_find_what_lua_finds(void **state)
{
    (void)state;
    run("local function text(most)\n"
        "  local made = {}\n"
        "  for i = 1, math.random(0, most) do made[i] = pick { 'a', 'b', '\\0', '.', '%' } end\n"
        "  return table.concat(made)\n"
        "end\n"
        "for _ = 1, 20000 do\n"
        "  same('find', text(20), text(4), pick { nil, 1, 3, -2, 40 }, true)\n"
        "end\n"
        "local long = ('ab'):rep(200000) .. 'c'\n"
        "same('find', long, 'bc')\n"
        "same('find', long, 'abc', 5, true)\n"
        "same('find', long, 'x')\n"
        "same('find', long, long)\n"
        "return true");
}

static void test_the_other_functions_do_what_those_of_lua_do(void **state)
{
    (void)state;
    run("local ends = { nil, 0, 1, 2, 3, 5, 99, -1, -2, -5, -99, math.maxinteger,\n"
        "  math.mininteger, '2', 2.0, 2.5, 'x', {} }\n"
        "local texts = { '', 'a', 'hello', 'A\\0bC\\xff~z{[@`', 12, 1.5, {} }\n"
        "for _, text in ipairs(texts) do\n"
        "  for _, name in ipairs { 'len', 'lower', 'upper', 'reverse' } do same(name, text) end\n"
        "  for i = 0, #ends do\n"
        "    for j = 0, #ends do\n"
        "      same('sub', text, ends[i], ends[j])\n"
        "      same('byte', text, ends[i], ends[j])\n"
        "    end\n"
        "  end\n"
        "  for _, count in ipairs { -1, 0, 1, 2, 3, 7, 100, '3', 2.5, math.mininteger } do\n"
        "    for _, between in ipairs { '', ',', '--\\0', 5 } do\n"
        "      same('rep', text, count, between)\n"
        "      same('rep', text, count)\n"
        "    end\n"
        "  end\n"
        "end\n"
        "same('rep', 'xx', math.maxinteger)\n"
        "same('rep', 'xyz', math.maxinteger // 2, ',')\n"
        "same('char') same('char', 0, 65, 255) same('char', 256) same('char', -1) same('char', "
        "'x')\n"
        "same('char', table.unpack(setmetatable({}, { __index = function() return 7 end }), 1, "
        "900))\n"
        "for _, name in ipairs { 'len', 'sub', 'rep', 'find', 'match', 'gsub', 'gmatch', 'byte',\n"
        "  'format', 'lower', 'upper', 'reverse' } do same(name) same(name, nil) same(name, 'x', "
        "{}) end\n"
        "return checked > 5000");
}

static void test_formats_are_those_of_lua(void **state)
{
    (void)state;
    run("local letters = { 'd', 'i', 'u', 'o', 'x', 'X', 'e', 'E', 'f', 'g', 'G', 'a', 'A', 'c', "
        "'s',\n"
        "  'q', 'b', 'n', '%', 'y', '' }\n"
        "local flags = { '', '', '', '', '-', '+', ' ', '#', '0', '-0', '+0', ' 0', '#0', '-#', "
        "'--' }\n"
        "local widths = { '', '', '1', '5', '20', '99', '100' }\n"
        "local points = { '', '', '', '.', '.0', '.1', '.3', '.20', '.99', '.100' }\n"
        "local values = { 0, 1, -1, 42, 255, math.maxinteger, math.mininteger, 0.0, -0.0, 0.1, "
        "-2.5,\n"
        "  100.0, 1e15, 1e100, 1.7976931348623157e308, 5e-324, 1 / 0, -1 / 0, 'text', '', '17', "
        "'0x10',\n"
        "  '1.5', true, false, 65, 3.0, 'a\"b\\\\c\\nd\\r\\0001\\127\\0', '\\xc3\\xa9' }\n"
        "for _ = 1, 60000 do\n"
        "  local spec = '%' .. pick(flags) .. pick(widths) .. pick(points) .. pick(letters)\n"
        "  local value = pick(values)\n"
        "  -- Lua refuses a zero byte in a text that is padded, and pads %q of nothing.\n"
        "  if not (type(value) == 'string' and value:find('\\0', 1, true) and spec:find 's$') "
        "then\n"
        "    same('format', 'x' .. spec .. 'y', value)\n"
        "  end\n"
        "end\n"
        "same('format', '%d%d', 1) same('format', '%') same('format', '%s %s', 1, 2, 3)\n"
        "same('format', '%q', nil) same('format', '%q', {}) same('format', '%s')\n"
        "same('format', '%d', 1.5) same('format', '%d', {}) same('format', '\\0%s\\0', 'a\\0b')\n"
        "return checked > 50000 and failed < checked");
}

static void test_values_are_shown_without_addresses(void **state)
{
    (void)state;
    support_lua_gives(lua, "return s.format('%s %s %s', {}, print, null)", "table function null");
    support_lua_gives(lua, "return s.format('%5.2s|%-4s|', 'abc', true)", "   ab|true|");
    support_lua_gives(lua,
                      "return s.format('%s', setmetatable({}, { __tostring = function() "
                      "return 'mine' end }))",
                      "mine");
    support_lua_fails(lua,
                      "return s.format('%s', setmetatable({}, { __tostring = function() "
                      "return 1 end }))",
                      "must return a string");
    support_lua_fails(lua, "return s.format('%p', {})", "invalid conversion");
    support_lua_gives(lua, "return s.format('%F', 1.5)", "1.500000");
    support_lua_gives(lua, "return #s.format('%5s', 'a\\0b')", "5");
    support_lua_gives(lua, "return s.format('%q', 0/0)", "(0/0)");
}

static void test_subjects_and_patterns_are_bounded(void **state)
{
    (void)state;
    support_lua_gives(lua, "return (s.find(('a'):rep(65536), 'a*$'))", "1");
    for (int i = 0; i < 4; i++) {
        static const char *const names[] = { "find", "match", "gmatch", "gsub" };
        char chunk[128];
        (void)snprintf(chunk, sizeof(chunk), "return s.%s(('a'):rep(65537), 'a+', 1)", names[i]);
        support_lua_fails(lua, chunk, "65536 bytes at most");
        (void)snprintf(chunk, sizeof(chunk), "return s.%s('a', '%%a' .. ('a'):rep(255), 1)",
                       names[i]);
        support_lua_fails(lua, chunk, "256 bytes at most");
    }
    support_lua_gives(lua, "return s.find('a', '%a' .. ('a*'):rep(127))", "1");
    support_lua_fails(lua, "return s.find('a', ('()'):rep(33))", "too many captures");
    support_lua_gives(lua, "return select('#', s.find('a', ('()'):rep(32)))", "34");
}

static void test_what_does_not_end_ends_with_the_budget(void **state)
{
    static const char *const chunks[] = {
        "s.find(a:rep(60), ('a?'):rep(60) .. a:rep(60))",
        "s.find(a:rep(2000), ('.-'):rep(6) .. 'b')",
        "s.match(a:rep(60000), '.-b')",
        "s.gsub(a:rep(60000), 'a*b', '')",
        "for _ in s.gmatch(a:rep(60000), 'a-b') do end",
        "s.find(a:rep(60000), '(a*)%1%1%1b')",
        "s.find(('('):rep(60000), '%b()')",
        ("s.find(a:rep(3000000), a:rep(1500000) .. 'b', 1, true) "
         "while true do s.find(a:rep(3000000), 'b', 1, true) end"),
        "while true do s.format('%99.99f', 1e308) end",
        "while true do s.rep('x', 1000000) end",
        "while true do s.upper(big) end",
        "while true do s.reverse(big) end",
        "while true do s.byte(big, 1, 200) end",
        "while true do s.format('%q', big) end",
        "while true do s.gsub('abc', '%w', '%0%0') end",
        "while true do s.sub(big, 2) end",
        "while true do s.char(1, 2) end",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
        char chunk[512];
        (void)snprintf(chunk, sizeof(chunk), "local a, big = 'a', ('x'):rep(1000000) %s",
                       chunks[i]);
        support_lua_budget(lua, 20);
        support_lua_fails(lua, chunk, "the budget is spent");
    }
    support_lua_budget(lua, 0);
}

static void test_a_callback_may_do_what_it_likes(void **state)
{
    (void)state;
    support_lua_fails(lua, "return s.gsub('abc', '%w', function(c) error('no ' .. c, 0) end)",
                      "no a");
    support_lua_fails(lua, "return s.gsub('abc', '%w', function() return {} end)",
                      "invalid replacement value (a table)");
    support_lua_fails(lua, "return s.gsub('abc', '%w', '%2')", "invalid capture index %2");
    support_lua_fails(lua, "return s.gsub('abc', '%w', '%')", "invalid use of '%'");
    support_lua_gives(lua,
                      "return (s.gsub('abc', '%w', function(c) return s.gsub(c, '.', "
                      "function(d) return d .. d end) end))",
                      "aabbcc");
    support_lua_gives(lua,
                      "local deep = 0 local function again(c) deep = deep + 1 "
                      "if deep < 100 then return (s.gsub(c, '.', again)) end return 'x' end "
                      "return (s.gsub('a', '.', again))",
                      "x");
    support_lua_gives(lua, "return #s.gsub('hello', 'l', ('<%0>'):rep(500))", "3003");
}

static void test_lack_of_memory_is_an_ordinary_error(void **state)
{
    (void)state;
    support_lua_starve(lua, "s.rep('abc', 3000, ',')");
    support_lua_starve(lua, "s.gsub(('ab'):rep(400), '(a)(b)', '%2%1-----------')");
    support_lua_starve(lua, "s.gsub('abc', '()(.)', function(p, c) return c .. p end)");
    support_lua_starve(lua, "for a, b in s.gmatch('k=v,l=w', '(%w)=(%w)') do end");
    support_lua_starve(lua, "s.format('%s %q %d %99.9f %c', ('x'):rep(600), 'y', 3, 4.5, 65)");
    support_lua_starve(lua, "s.upper(('x'):rep(999)) s.reverse(('y'):rep(999)) s.char(1, 2, 3)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_patterns_mean_what_they_mean_to_lua),
        cmocka_unit_test(test_classes_are_those_of_lua),
        cmocka_unit_test(test_plain_finds_find_what_lua_finds),
        cmocka_unit_test(test_the_other_functions_do_what_those_of_lua_do),
        cmocka_unit_test(test_formats_are_those_of_lua),
        cmocka_unit_test(test_values_are_shown_without_addresses),
        cmocka_unit_test(test_subjects_and_patterns_are_bounded),
        cmocka_unit_test(test_what_does_not_end_ends_with_the_budget),
        cmocka_unit_test(test_a_callback_may_do_what_it_likes),
        cmocka_unit_test(test_lack_of_memory_is_an_ordinary_error),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
