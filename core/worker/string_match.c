// SPDX-License-Identifier: Apache-2.0
#include "worker/api_string.h"
#include "worker/draft.h"
#include "worker/message.h"
#include "worker/pattern.h"
#include "worker/search.h"
#include "worker/state.h"

#include <lauxlib.h>

/** Charged for a match beside its steps: values are pushed. */
#define MATCH_STEPS 8

static struct hk_slice check_subject(lua_State *L, int argument)
{
    struct hk_slice subject = hk__string_check(L, argument);
    luaL_argcheck(L, subject.size <= HK_PATTERN_SUBJECT_BYTES_MAX, argument,
                  "too long for a pattern (65536 bytes at most)");
    return subject;
}

static void check_pattern(lua_State *L, struct hk_pattern *pattern, int argument, bool may_anchor)
{
    struct hk_slice text = hk__string_check(L, argument);
    hk_state_charge(L, (uint32_t)(text.size < 256 ? text.size / 2 : 0) + 2);
    const char *wrong = hk_pattern_compile(pattern, text, may_anchor);
    if (wrong != NULL)
        luaL_error(L, "%s", wrong);
}

static void push_capture(lua_State *L, struct hk_slice subject, struct hk_pattern_capture capture)
{
    if (capture.size == HK_PATTERN_IS_POSITION)
        lua_pushinteger(L, (lua_Integer)(capture.at - subject.at) + 1);
    else
        lua_pushlstring(L, capture.at, capture.size);
}

static void push_whole(lua_State *L, const struct hk_pattern_match *match)
{
    lua_pushlstring(L, match->start, (size_t)(match->end - match->start));
}

/** Pushes the captures; the whole match when the pattern has none. Gets how many values that is. */
static int push_captures(lua_State *L, const struct hk_pattern *pattern, struct hk_slice subject,
                         const struct hk_pattern_match *match)
{
    size_t size = (size_t)(match->end - match->start);
    hk_state_charge(L, MATCH_STEPS + (uint32_t)(size / 64 * (pattern->capture_count + 1)));
    luaL_checkstack(L, HK_PATTERN_CAPTURES_MAX, "too many captures");
    if (pattern->capture_count == 0) {
        push_whole(L, match);
        return 1;
    }
    for (uint32_t i = 0; i < pattern->capture_count; i++)
        push_capture(L, subject, match->captures[i]);
    return (int)pattern->capture_count;
}

// ---- find and match ------------------------------------------------------------------------

static int push_place(lua_State *L, struct hk_slice subject, const char *at, size_t size)
{
    lua_Integer place = (lua_Integer)(at - subject.at) + 1;
    lua_pushinteger(L, place);
    lua_pushinteger(L, place + (lua_Integer)size - 1);
    return 2;
}

static int find_plain(lua_State *L, size_t start)
{
    struct hk_slice subject = hk__string_check(L, 1);
    struct hk_slice part = hk__string_check(L, 2);
    struct hk_slice rest = { subject.at + start - 1, subject.size - start + 1 };
    const char *found = hk_search_plain(L, rest, part);
    if (found != NULL)
        return push_place(L, subject, found, part.size);
    luaL_pushfail(L);
    return 1;
}

static int find_pattern(lua_State *L, size_t start, bool is_find)
{
    struct hk_pattern pattern;
    struct hk_pattern_match match;
    struct hk_slice subject = check_subject(L, 1);
    int count = 0;
    check_pattern(L, &pattern, 2, true);
    if (!hk_pattern_search(L, &pattern, subject, subject.at + start - 1, &match)) {
        luaL_pushfail(L);
        return 1;
    }
    if (is_find)
        count = push_place(L, subject, match.start, (size_t)(match.end - match.start));
    if (!is_find || pattern.capture_count != 0)
        count += push_captures(L, &pattern, subject, &match);
    return count;
}

static int find_or_match(lua_State *L, bool is_find)
{
    struct hk_slice subject = hk__string_check(L, 1);
    struct hk_slice text = hk__string_check(L, 2);
    size_t start = hk__string_start(luaL_optinteger(L, 3, 1), subject.size);
    if (start > subject.size + 1) {
        luaL_pushfail(L);
        return 1;
    }
    if (is_find && (lua_toboolean(L, 4) || hk_pattern_is_plain(text)))
        return find_plain(L, start);
    return find_pattern(L, start, is_find);
}

int hk__string_find(lua_State *L)
{
    return find_or_match(L, true);
}

int hk__string_match(lua_State *L)
{
    return find_or_match(L, false);
}

// ---- gmatch and gsub -----------------------------------------------------------------------

/** A walk from match to match. An empty match does not count where the one before ended. */
struct walk {
    struct hk_pattern pattern;
    struct hk_pattern_match match;
    size_t at;    /**< Where the next match may begin. */
    bool has_one; /**< `at` is where a match ended. */
};

/** Finds the next match; `walk->at` is its end then. */
static bool find_next(lua_State *L, struct walk *walk, struct hk_slice subject)
{
    size_t from = walk->at;
    while (from <= subject.size) {
        if (!hk_pattern_search(L, &walk->pattern, subject, subject.at + from, &walk->match))
            return false;
        size_t end = (size_t)(walk->match.end - subject.at);
        if (!walk->has_one || end != walk->at) {
            walk->at = end;
            walk->has_one = true;
            return true;
        }
        // It ends where the last one did, so it is empty and begins here.
        from++;
    }
    return false;
}

/** Upvalues: the subject, the walk. */
static int gmatch_next(lua_State *L)
{
    struct hk_slice subject;
    subject.at = lua_tolstring(L, lua_upvalueindex(1), &subject.size);
    struct walk *walk = lua_touserdata(L, lua_upvalueindex(2));
    if (!find_next(L, walk, subject))
        return 0;
    return push_captures(L, &walk->pattern, subject, &walk->match);
}

int hk__string_gmatch(lua_State *L)
{
    struct hk_slice subject = check_subject(L, 1);
    (void)hk__string_check(L, 2);
    size_t start = hk__string_start(luaL_optinteger(L, 3, 1), subject.size);
    lua_settop(L, 2);
    lua_pushvalue(L, 1);
    struct walk *walk = lua_newuserdatauv(L, sizeof(*walk), 0);
    walk->at = start - 1;
    walk->has_one = false;
    check_pattern(L, &walk->pattern, 2, false);
    lua_pushcclosure(L, gmatch_next, 2);
    return 1;
}

enum { GSUB_SUBJECT = 1, GSUB_PATTERN, GSUB_NEW, GSUB_COUNT };

/** Pushes capture `number` as a replacement means it: 0 is the whole match, and 1 too when the
 * pattern has none. */
static void push_numbered(lua_State *L, const struct walk *walk, struct hk_slice subject,
                          uint32_t number)
{
    if (number == 0 || (number == 1 && walk->pattern.capture_count == 0))
        push_whole(L, &walk->match);
    else if (number <= walk->pattern.capture_count)
        push_capture(L, subject, walk->match.captures[number - 1]);
    else
        luaL_error(L, "invalid capture index %%%d in replacement string", (int)number);
}

static void append_expanded(lua_State *L, struct hk_draft *draft, const struct walk *walk,
                            struct hk_slice subject)
{
    struct hk_slice new;
    new.at = lua_tolstring(L, GSUB_NEW, &new.size);
    const char *end = new.at + new.size;
    hk_state_charge(L, MATCH_STEPS);
    for (;;) {
        const char *escape = memchr(new.at, '%', new.size);
        size_t size = escape != NULL ? (size_t)(escape - new.at) : new.size;
        hk_draft_append(draft, (struct hk_slice){ new.at, size });
        if (escape == NULL)
            return;
        char byte = escape + 1 < end ? escape[1] : '\0';
        hk_state_charge(L, 2);
        if (byte == '%') {
            hk_draft_append(draft, HK_SLICE("%"));
        } else if (byte >= '0' && byte <= '9') {
            push_numbered(L, walk, subject, (uint32_t)(byte - '0'));
            hk_draft_take(draft);
        } else {
            luaL_error(L, "invalid use of '%%' in replacement string");
        }
        new = (struct hk_slice){ escape + 2, (size_t)(end - escape) - 2 };
    }
}

/** Appends what a table or function gives for the match. */
static void append_asked(lua_State *L, struct hk_draft *draft, const struct walk *walk,
                         struct hk_slice subject)
{
    if (lua_type(L, GSUB_NEW) == LUA_TFUNCTION) {
        lua_pushvalue(L, GSUB_NEW);
        lua_call(L, push_captures(L, &walk->pattern, subject, &walk->match), 1);
    } else {
        hk_state_charge(L, MATCH_STEPS);
        push_numbered(L, walk, subject, 1);
        lua_gettable(L, GSUB_NEW);
    }
    int type = lua_type(L, -1);
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        push_whole(L, &walk->match);
    } else if (type != LUA_TSTRING && type != LUA_TNUMBER) {
        luaL_error(L, "invalid replacement value (%s)", hk_message_kind(L, -1));
    }
    hk_draft_take(draft);
}

int hk__string_gsub(lua_State *L)
{
    struct walk walk;
    struct hk_draft draft;
    struct hk_slice subject = check_subject(L, GSUB_SUBJECT);
    int type = lua_type(L, GSUB_NEW);
    (void)hk__string_check(L, GSUB_PATTERN);
    luaL_argexpected(L,
                     type == LUA_TSTRING || type == LUA_TNUMBER || type == LUA_TTABLE ||
                         type == LUA_TFUNCTION,
                     GSUB_NEW, "string/function/table");
    lua_Integer count_max = luaL_optinteger(L, GSUB_COUNT, (lua_Integer)subject.size + 1);
    lua_Integer count = 0;
    size_t copied = 0;
    lua_settop(L, GSUB_COUNT);
    walk.at = 0;
    walk.has_one = false;
    check_pattern(L, &walk.pattern, GSUB_PATTERN, true);
    hk_draft_begin(&draft, L);
    while (count < count_max && find_next(L, &walk, subject)) {
        size_t start = (size_t)(walk.match.start - subject.at);
        hk_draft_append(&draft, (struct hk_slice){ subject.at + copied, start - copied });
        if (type == LUA_TTABLE || type == LUA_TFUNCTION)
            append_asked(L, &draft, &walk, subject);
        else
            append_expanded(L, &draft, &walk, subject);
        copied = walk.at;
        count++;
        if (walk.pattern.is_anchored)
            break;
    }
    hk_draft_append(&draft, (struct hk_slice){ subject.at + copied, subject.size - copied });
    hk_draft_push(&draft);
    lua_pushinteger(L, count);
    return 2;
}
