// SPDX-License-Identifier: Apache-2.0
#include "worker/pattern.h"

#include "support_lua.h"

#include <lauxlib.h>
#include <lualib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct support_lua *lua_new(void)
{
    struct support_lua *lua = support_lua_new();
    luaL_requiref(lua->L, "string", luaopen_string, 1);
    luaL_requiref(lua->L, "_G", luaopen_base, 1);
    lua_settop(lua->L, 0);
    return lua;
}

/** Calls Lua's own string.find; gets how many values it gives, -1 for an error. */
static int find_by_lua(lua_State *L, struct hk_slice subject, struct hk_slice pattern, int init)
{
    lua_settop(L, 0);
    lua_getglobal(L, "string");
    lua_getfield(L, 1, "find");
    lua_remove(L, 1);
    lua_pushlstring(L, subject.at, subject.size);
    lua_pushlstring(L, pattern.at, pattern.size);
    lua_pushinteger(L, init);
    if (lua_pcall(L, 3, LUA_MULTRET, 0) != LUA_OK)
        return -1;
    return lua_isnil(L, 1) ? 0 : lua_gettop(L);
}

static bool is_capture(lua_State *L, int index, struct hk_slice subject,
                       struct hk_pattern_capture capture)
{
    struct hk_slice text;
    if (capture.size == HK_PATTERN_IS_POSITION)
        return lua_isinteger(L, index) && lua_tointeger(L, index) == capture.at - subject.at + 1;
    if (lua_type(L, index) != LUA_TSTRING)
        return false;
    text.at = lua_tolstring(L, index, &text.size);
    return hk_slice_is_equal(text, (struct hk_slice){ capture.at, capture.size });
}

/** Holds ours against Lua's. Returns whether the pattern is good. */
static bool assert_like_lua(struct support_lua *lua, struct hk_slice subject, struct hk_slice text,
                            size_t init)
{
    static struct hk_pattern pattern;
    struct hk_pattern_match match;
    lua_State *L = lua->L;
    const char *wrong = hk_pattern_compile(&pattern, text, true);
    int count = find_by_lua(L, subject, text, (int)init + 1);
    if (wrong != NULL)
        return false;
    if (count < 0) {
        if (strstr(lua_tostring(L, -1), "too complex") == NULL)
            fail_msg("'%.*s' is refused by Lua: %s", (int)text.size, text.at, lua_tostring(L, -1));
        return false;
    }
    bool is_found = hk_pattern_search(L, &pattern, subject, subject.at + init, &match);
    bool is_same = is_found == (count != 0);
    if (is_found && is_same)
        is_same = lua_tointeger(L, 1) == match.start - subject.at + 1 &&
                  lua_tointeger(L, 2) == match.end - subject.at &&
                  count == (int)pattern.capture_count + 2;
    for (uint32_t i = 0; is_found && is_same && i < pattern.capture_count; i++)
        is_same = is_capture(L, (int)i + 3, subject, match.captures[i]);
    if (!is_same)
        fail_msg("'%.*s' on '%.*s' from %d is not as in Lua", (int)text.size, text.at,
                 (int)subject.size, subject.at, (int)init);
    return true;
}

static void test_patterns_mean_what_they_mean_in_lua(void **state)
{
    static const char *const patterns[] = {
        "",       "^",     "$",      "^$",         "a",      "a*",      "a+",     "a-",
        "a?",     "^a-b",  "a-$",    ".-b",        "(a)(b)", "()",      "()a()",  "(a(b)(c))",
        "(a*)%1", "(.)%1", "%a+",    "%A+",        "%d%D",   "%s%S",    "%w*%W",  "%x%X",
        "%p%P",   "%c%C",  "%g%G",   "%u%U%l%L",   "[abc]+", "[^abc]+", "[a-c]",  "[]a]",
        "[^]a]",  "[a-]",  "[-a]",   "[%a-c]",     "[a%-c]", "[%]]+",   "[a-%z]", "%bab",
        "%b()",   "%baa",  "%f[a]a", "%f[%a]%a+",  "%f[%A]", "%f[%z]",  "%%",     "%.",
        "*a",     "a**",   "+",      "-",          "?",      "a$b",     "$a",     "%1",
        "(a",     "a)",    "%",      "[a",         "[",      "[]",      "[^",     "[^]",
        "[%",     "%b",    "%ba",    "%f",         "%fa",    "((a)%1)", "(a)%2",  "()%1",
        "%q",     "%Q",    "a-b-c-", "(a-)(b*)c?", "[%w_]+", "%z",      "^^a",    "(^a)",
        "[[]",    "[a-a]", "[z-a]",  "x*$",
    };
    static const char *const subjects[] = {
        "",         "a",          "b",
        "ab",       "aab",        "abcabc",
        "aaaaab",   "a)(b)",      "x ab12_AB\t\n",
        "((a)(b))", "]a-%^$*+?.", "THE (quick) fox",
        "aXaXa",    "[]",         "^a",
    };
    (void)state;
    struct support_lua *lua = lua_new();
    size_t good = 0;
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        for (size_t j = 0; j < sizeof(subjects) / sizeof(subjects[0]); j++) {
            struct hk_slice subject = hk_slice_of(subjects[j]);
            for (size_t init = 0; init <= subject.size && init < 3; init++)
                good += assert_like_lua(lua, subject, hk_slice_of(patterns[i]), init);
        }
    }
    assert_true(good > 2000);
    support_lua_free(lua);
}

static const char *draw(struct hk_prng *prng, const char *const *parts, size_t count)
{
    return parts[hk_prng_below(prng, count)];
}

static void test_random_patterns_mean_what_they_mean_in_lua(void **state)
{
    static const char *const parts[] = {
        "a", "b",      "c",     ".",  "%a", "%d", "[ab]", "[^a]", "[a-c]", "[%d_]", "*",
        "+", "-",      "?",     "(",  ")",  "()", "%1",   "%2",   "%bab",  "$",     "^",
        "1", "%f[%a]", "%f[b]", "%s", "%.", "a*", "b-",   "(a",   "b)",    "(.-)",  "(%w+)",
    };
    static const char *const pieces[] = { "a", "b", "c", "ab", "aa", "1", "_", " ", ".", "(", "$" };
    struct hk_prng prng;
    (void)state;
    struct support_lua *lua = lua_new();
    size_t good = 0;
    hk_prng_init(&prng, 11);
    for (int i = 0; i < 60000; i++) {
        char pattern[64] = "", subject[64] = "";
        size_t pattern_size = 0, subject_size = 0;
        for (uint64_t n = hk_prng_below(&prng, 7); n > 0; n--) {
            const char *part = draw(&prng, parts, sizeof(parts) / sizeof(parts[0]));
            memcpy(pattern + pattern_size, part, strlen(part));
            pattern_size += strlen(part);
        }
        for (uint64_t n = hk_prng_below(&prng, 14); n > 0; n--) {
            const char *piece = draw(&prng, pieces, sizeof(pieces) / sizeof(pieces[0]));
            memcpy(subject + subject_size, piece, strlen(piece));
            subject_size += strlen(piece);
        }
        struct hk_slice text = { subject, subject_size };
        good += assert_like_lua(lua, text, (struct hk_slice){ pattern, pattern_size },
                                hk_prng_below(&prng, subject_size + 1));
    }
    // Most random patterns are good, else nothing is tested.
    assert_true(good > 25000);
    support_lua_free(lua);
}

static void test_random_bytes_mean_what_they_mean_in_lua(void **state)
{
    struct hk_prng prng;
    (void)state;
    struct support_lua *lua = lua_new();
    size_t good = 0;
    hk_prng_init(&prng, 12);
    for (int i = 0; i < 20000; i++) {
        char pattern[5], subject[40];
        size_t size = hk_prng_below(&prng, sizeof(pattern));
        for (size_t j = 0; j < size; j++)
            pattern[j] = (char)hk_prng_below(&prng, 256);
        for (size_t j = 0; j < sizeof(subject); j++)
            subject[j] = (char)hk_prng_below(&prng, 256);
        if (size > 1 && i % 2 == 0)
            pattern[0] = '%';
        good += assert_like_lua(lua, (struct hk_slice){ subject, sizeof(subject) },
                                (struct hk_slice){ pattern, size }, 0);
    }
    assert_true(good > 10000);
    support_lua_free(lua);
}

static void test_malformed_patterns_say_what_is_wrong(void **state)
{
    static const struct {
        const char *pattern;
        const char *wrong;
    } table[] = {
        { "a%", "malformed pattern (ends with '%')" },
        { "x[a", "malformed pattern (missing ']')" },
        { "x[a%", "malformed pattern (missing ']')" },
        { "[]", "malformed pattern (missing ']')" },
        { "%b", "malformed pattern (missing arguments to '%b')" },
        { "%ba", "malformed pattern (missing arguments to '%b')" },
        { "%f", "missing '[' after '%f' in pattern" },
        { "%fa", "missing '[' after '%f' in pattern" },
        { "(a", "unfinished capture" },
        { "a)", "invalid pattern capture" },
        { "%1", "invalid capture index in pattern" },
        { "(%1)", "invalid capture index in pattern" },
        { "(a)%0", "invalid capture index in pattern" },
        { "()()()()()()()()()()()()()()()()()()()()()()()()()()()()()()()()()",
          "too many captures" },
    };
    static struct hk_pattern pattern;
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const char *wrong = hk_pattern_compile(&pattern, hk_slice_of(table[i].pattern), true);
        assert_non_null(wrong);
        assert_string_equal(wrong, table[i].wrong);
    }
}

static void test_the_longest_pattern_is_taken_and_a_longer_one_refused(void **state)
{
    static struct hk_pattern pattern;
    char text[HK_PATTERN_BYTES_MAX + 1];
    struct hk_pattern_match match;
    (void)state;
    struct support_lua *lua = lua_new();
    for (size_t i = 0; i < sizeof(text); i += 2)
        memcpy(text + i, "a?", i + 1 < sizeof(text) ? 2 : 1);
    struct hk_slice longest = { text, HK_PATTERN_BYTES_MAX };
    assert_null(hk_pattern_compile(&pattern, longest, true));
    struct hk_slice subject = HK_SLICE("aaa");
    assert_true(hk_pattern_match(lua->L, &pattern, subject, subject.at, &match));
    assert_ptr_equal(match.end, subject.at + 3);
    longest.size++;
    assert_string_equal(hk_pattern_compile(&pattern, longest, true),
                        "pattern too long (256 bytes at most)");
    memset(text, '(', sizeof(text));
    longest.size--;
    assert_non_null(hk_pattern_compile(&pattern, longest, true));
    support_lua_free(lua);
}

struct attack {
    const char *pattern;
    struct hk_slice subject;
};

static int run_attack(lua_State *L)
{
    static struct hk_pattern pattern;
    struct hk_pattern_match match;
    const struct attack *attack = lua_touserdata(L, 1);
    assert_null(hk_pattern_compile(&pattern, hk_slice_of(attack->pattern), true));
    hk_pattern_search(L, &pattern, attack->subject, attack->subject.at, &match);
    return 0;
}

static void test_catastrophic_patterns_end_by_the_budget(void **state)
{
    static const char *const patterns[] = {
        ".-.-.-.-.-b",    ".*.*.*.*.*b", "(.-)(.-)(.-)%1%2%3b",   "a?a?a?a?a?a?a?a?.*.*.*.*b",
        "%f[a].*.*.*.*b", ".*.*.*%bxy",  "[ab]*[ab]*[ab]*[ab]*c",
    };
    static char subject[HK_PATTERN_SUBJECT_BYTES_MAX];
    (void)state;
    memset(subject, 'a', sizeof(subject));
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        struct attack attack = { patterns[i], { subject, sizeof(subject) } };
        struct support_lua *lua = lua_new();
        support_lua_budget(lua, 5);
        lua_pushcfunction(lua->L, run_attack);
        lua_pushlightuserdata(lua->L, &attack);
        if (lua_pcall(lua->L, 1, 0, 0) == LUA_OK)
            fail_msg("%s ends by itself", patterns[i]);
        assert_int_equal(lua->state.end, HK_STATE_OUT_OF_TIME);
        support_lua_budget(lua, 0);
        support_lua_free(lua);
    }
}

static void test_a_caret_is_a_character_where_nothing_is_anchored(void **state)
{
    static struct hk_pattern pattern;
    struct hk_pattern_match match;
    struct hk_slice subject = HK_SLICE("a^b");
    (void)state;
    struct support_lua *lua = lua_new();
    assert_null(hk_pattern_compile(&pattern, HK_SLICE("^b"), false));
    assert_true(hk_pattern_search(lua->L, &pattern, subject, subject.at, &match));
    assert_ptr_equal(match.start, subject.at + 1);
    assert_null(hk_pattern_compile(&pattern, HK_SLICE("^b"), true));
    assert_false(hk_pattern_search(lua->L, &pattern, subject, subject.at, &match));
    support_lua_free(lua);
}

static void test_plain_patterns_are_known(void **state)
{
    (void)state;
    assert_true(hk_pattern_is_plain(HK_SLICE("")));
    assert_true(hk_pattern_is_plain(HK_SLICE("abc)]\0")));
    for (const char *special = "^$*+?.([%-"; *special != '\0'; special++)
        assert_false(hk_pattern_is_plain((struct hk_slice){ special, 1 }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns_mean_what_they_mean_in_lua),
        cmocka_unit_test(test_random_patterns_mean_what_they_mean_in_lua),
        cmocka_unit_test(test_random_bytes_mean_what_they_mean_in_lua),
        cmocka_unit_test(test_malformed_patterns_say_what_is_wrong),
        cmocka_unit_test(test_the_longest_pattern_is_taken_and_a_longer_one_refused),
        cmocka_unit_test(test_catastrophic_patterns_end_by_the_budget),
        cmocka_unit_test(test_a_caret_is_a_character_where_nothing_is_anchored),
        cmocka_unit_test(test_plain_patterns_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
