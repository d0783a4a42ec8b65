// SPDX-License-Identifier: Apache-2.0
#include "worker/sandbox.h"

#include "worker/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct hk_state_world world = { .time_ms_max = 60000,
                                             .memory_bytes_max = 8u << 20,
                                             .plan_bytes_max = 4u << 20 };

/* Runs a chunk as a script runs; gets whether it is a policy, with what was wrong in `fault`. */
static bool loads(const char *text, struct hk_fault *fault)
{
    static const struct hk_wire_source library = { HK_SLICE("limits"),
                                                   HK_SLICE("return { most = 5, least = 1 }") };
    struct hk_wire_script script = { .script = 1, .libraries = &library, .library_count = 1 };
    struct hk_state *state;
    *fault = (struct hk_fault){ 0 };
    script.source.name = HK_SLICE("shop");
    script.source.text = hk_slice_of(text);
    if (hk_state_new(&world, &script, &state, fault) != 0)
        return false;
    hk_state_free(state);
    return true;
}

/* Asserts that an expression, which `before` prepares, is true. */
static void holds(const char *before, const char *expression)
{
    char text[2048];
    struct hk_fault fault;
    snprintf(text, sizeof(text), "%s\nassert(%s, 'it is not so')\nreturn { api = 1 }", before,
             expression);
    if (!loads(text, &fault))
        fail_msg("%s: %s", expression, fault.text);
}

/* Asserts that a statement raises exactly this, at line 1. */
static void raises(const char *statement, const char *said)
{
    char text[1024];
    char wanted[600];
    struct hk_fault fault;
    snprintf(text, sizeof(text), "%s\nreturn { api = 1 }", statement);
    snprintf(wanted, sizeof(wanted), "shop.lua:1: %s", said);
    assert_false(loads(text, &fault));
    assert_string_equal(fault.text, wanted);
}

/* All that can be reached from the globals through tables, by name. */
static void test_nothing_can_be_reached_but_what_was_put_there(void **unused)
{
    (void)unused;
    static const char walk[] =
        "local seen, names = {}, {}\n"
        "local function walk(name, value)\n"
        "  if type(value) == 'table' then\n"
        "    if seen[value] then return end\n"
        "    seen[value] = true\n"
        "    for key, each in pairs(value) do walk(name .. '.' .. tostring(key), each) end\n"
        "  else names[#names + 1] = name .. ' ' .. type(value) end\n"
        "end\n"
        "walk('_', _ENV)\n";
    static const char globals[] =
        "_.assert _.error _.getmetatable _.ipairs _.next _.pairs _.pcall _.rawequal _.rawget "
        "_.rawlen _.rawset _.select _.setmetatable _.tonumber _.tostring _.type";
    static const char *const libraries[] = {
        "_.hook.hash crc32 hmac_sha256 sha256",
        "_.hook.json array decode encode is_array is_null null object",
        "_.hook.log debug error info warn",
        "_.hook.table get has",
        "_.hook.text contains ends_with glob replace split starts_with trim",
        "_.hook.time format parse parts",
        "_.hook random require",
        "_.math abs acos asin atan ceil cos deg exp floor fmod huge log max maxinteger min",
        "_.math mininteger modf pi rad sin sqrt tan tointeger type ult",
        "_.string byte char find format gmatch gsub len lower match rep reverse sub upper",
        "_.table concat insert move pack remove sort unpack",
        "_.utf8 char charpattern codepoint codes len offset",
    };
    char text[8192];
    size_t size =
        (size_t)snprintf(text, sizeof(text),
                         "%s\nlocal known = {}\n"
                         "for name in (' %s'):gmatch('[^ ]+') do known[name] = true end\n",
                         walk, globals);
    for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++)
        size += (size_t)snprintf(text + size, sizeof(text) - size,
                                 "for name in ('%s'):gmatch(' [^ ]+') do "
                                 "known[('%s'):match('^[^ ]+') .. '.' .. name:sub(2)] = true end\n",
                                 libraries[i], libraries[i]);
    snprintf(text + size, sizeof(text) - size,
             "for _, each in ipairs(names) do\n"
             "  local name = each:match('^[^ ]+')\n"
             "  if not known[name] then error('unexpected: ' .. each, 0) end\n"
             "  known[name] = nil\n"
             "end\n"
             "for name in pairs(known) do error('missing: ' .. name, 0) end\n"
             "return { api = 1 }\n");
    struct hk_fault fault;
    if (!loads(text, &fault))
        fail_msg("%s", fault.text);
}

static void test_globals_are_fixed_and_misspelt_names_are_told(void **unused)
{
    (void)unused;
    raises("x = 1", "the global 'x' cannot be set: use `local`");
    raises("string = nil", "the global 'string' cannot be set: use `local`");
    raises("rawset(_ENV, 'x', 1)", "rawset: this table is read-only");
    raises("setmetatable(_ENV, {})", "setmetatable: this table is read-only");
    raises("local a = tostrin(1)", "there is no global 'tostrin'; did you mean 'tostring'?");
    raises("local a = print", "there is no 'print' in a policy; use hook.log.info");
    raises("local a = os.time()", "there is no 'os' in a policy; for dates there is hook.time");
    raises("local a = zzzzzzzz", "there is no global 'zzzzzzzz'");
    raises("hook.text.splt('a', 'b')", "hook.text has no 'splt'; did you mean 'split'?");
    raises("hook.text.split = nil", "hook.text is read-only");
    raises("local a = ('x'):dump()", "string has no 'dump'");
    holds("local a = getmetatable(_ENV)", "a == nil");
    holds("local f, t = pairs(string)", "t == string and next(t) == 'byte'");
    holds("local ok = pcall(rawset, select(2, pairs(string)), 'rep', 1)", "not ok");
}

static void test_metatables_cannot_break_the_collector_nor_be_taken_away(void **unused)
{
    (void)unused;
    raises("setmetatable({}, { __gc = function() end })",
           "setmetatable: __gc cannot be set in a policy");
    raises("setmetatable({}, { __mode = 'k' })", "setmetatable: __mode cannot be set in a policy");
    raises("setmetatable({}, { __close = 1 })", "setmetatable: __close cannot be set in a policy");
    raises("setmetatable({}, { __metatable = 1 })",
           "setmetatable: __metatable cannot be set in a policy");
    // What is added later has no effect: the real metatable is a copy.
    holds("local m = {} local t = setmetatable({}, m) m.__index = function() return 1 end",
          "t.x == nil and getmetatable(t) == m");
    holds("local m = {} m.__index = m local t = setmetatable({}, m) function m.f() return 7 end",
          "t.f() == 7");
    holds("local t = setmetatable({}, { __eq = function() return true end, "
          "__tostring = function() return 'shown' end, __len = function() return 9 end })",
          "t == setmetatable({}, {}) and tostring(t) == 'shown' and #t == 9");
    holds("local t = setmetatable({}, { __index = { a = 1 } }) setmetatable(t, nil)", "t.a == nil");
    holds("", "getmetatable('') == nil and getmetatable(hook) == nil");
    holds("",
          "getmetatable(hook.json.decode('[]')) == nil and getmetatable(hook.json.null) == nil");
}

static void test_no_address_can_be_seen(void **unused)
{
    (void)unused;
    holds("", "tostring({}) == 'table' and tostring(tostring) == 'function'");
    holds("", "tostring(function() end) == 'function' and tostring(hook.json.null) == 'null'");
    holds("", "not pcall(string.format, '%p', {})");
}

static void test_tables_are_gone_through_in_one_order(void **unused)
{
    (void)unused;
    static const char keys[] =
        "local t = { 'one', 'two', z = 1, a = 2, [true] = 3, [false] = 4, [-1] = 5, [1.5] = 6, "
        "[10] = 7, ab = 8, [''] = 9 }\n"
        "local order = {}\n";
    holds(
        "local t, order = { b = 1, c = 2, a = 3 }, '' for k in pairs(t) do order = order .. k end",
        "order == 'abc'");
    for (int with_next = 0; with_next < 2; with_next++) {
        char text[1024];
        snprintf(text, sizeof(text),
                 "%sfor k, v in %s do order[#order + 1] = tostring(k) assert(t[k] == v) end", keys,
                 with_next ? "next, t" : "pairs(t)");
        holds(text, "table.concat(order, ' ') == '-1 1 2 10 1.5  a ab z false true'");
    }
    // A table may be changed on the way; what has gone is left out.
    holds("local t, seen = { a = 1, b = 2, c = 3 }, ''\n"
          "for k in pairs(t) do seen = seen .. k t.b = nil t['x' .. k] = 1 end",
          "seen == 'ac'");
    holds("local key = {} local t = { [key] = 1, x = 2 } local n = 0 for k in next, t do n = n + 1 "
          "end",
          "n == 2");
    holds("local t = setmetatable({}, { __pairs = function(t) return ipairs { 4, 5 } end })\n"
          "local sum = 0 for _, v in pairs(t) do sum = sum + v end",
          "sum == 9");
    holds("", "next({}) == nil and next({ 5 }) == 1 and next({ 5 }, 1) == nil");
}

static void test_a_library_is_shared_within_its_script_only_to_be_read(void **unused)
{
    (void)unused;
    holds("local l = hook.require 'limits'",
          "l == hook.require('limits') and l.most == 5 and l.least == 1");
    raises("hook.require('limits').most = 6", "the library 'limits' is read-only");
    raises("rawset(hook.require('limits'), 'most', 6)", "rawset: this table is read-only");
}

static void test_texts_of_many_bytes_are_read_as_lua_reads_them(void **unused)
{
    (void)unused;
    holds("local t = {} for at, code in utf8.codes('a\\u{e9}\\u{20ac}\\u{1F600}') do "
          "t[#t + 1] = at .. ':' .. code end",
          "table.concat(t, ' ') == '1:97 2:233 4:8364 7:128512'");
    holds("", "not pcall(function() for _ in utf8.codes('a\\xff') do end end)");
    holds("", "utf8.len('\\u{e9}b') == 2 and utf8.codepoint('\\u{e9}') == 233");
    holds("", "utf8.offset('\\u{e9}b', 2) == 3 and utf8.char(8364) == '\\u{20ac}'");
}

static void test_numbers_in_texts_count_as_in_lua(void **unused)
{
    (void)unused;
    holds("", "'10' + 1 == 11 and '3' * '4' == 12 and -'2' == -2 and 10 // '3' == 3");
    holds("", "tonumber('0x10') == 16 and tonumber(' 7 ') == 7 and tonumber('zz', 36) == 1295");
    holds("", "tonumber('8', 8) == nil and tonumber('') == nil and tonumber('1e') == nil");
    holds("", "math.type(tonumber('1')) == 'integer' and math.type(tonumber('1.0')) == 'float'");
    raises("local a = 'ten' + 1", "attempt to calculate with 'ten'");
    raises("local a = {} + '1'", "attempt to calculate with a table");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_can_be_reached_but_what_was_put_there),
        cmocka_unit_test(test_globals_are_fixed_and_misspelt_names_are_told),
        cmocka_unit_test(test_metatables_cannot_break_the_collector_nor_be_taken_away),
        cmocka_unit_test(test_no_address_can_be_seen),
        cmocka_unit_test(test_tables_are_gone_through_in_one_order),
        cmocka_unit_test(test_a_library_is_shared_within_its_script_only_to_be_read),
        cmocka_unit_test(test_texts_of_many_bytes_are_read_as_lua_reads_them),
        cmocka_unit_test(test_numbers_in_texts_count_as_in_lua),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
