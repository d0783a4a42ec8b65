// SPDX-License-Identifier: Apache-2.0
#include "worker/api.h"
#include "worker/draft.h"
#include "worker/search.h"
#include "worker/state.h"

#include <lauxlib.h>

static struct hk_slice check_text(lua_State *L, int argument)
{
    struct hk_slice text;
    // A number would be turned into its text; that is more often a mistake than meant.
    luaL_checktype(L, argument, LUA_TSTRING);
    text.at = lua_tolstring(L, argument, &text.size);
    return text;
}

static struct hk_slice check_part(lua_State *L, int argument)
{
    struct hk_slice part = check_text(L, argument);
    luaL_argcheck(L, part.size != 0, argument, "a text that is not empty expected");
    return part;
}

static struct hk_slice rest_of(struct hk_slice text, const char *from)
{
    return (struct hk_slice){ from, text.size - (size_t)(from - text.at) };
}

static int text_split(lua_State *L)
{
    struct hk_slice rest = check_text(L, 1);
    struct hk_slice separator = check_part(L, 2);
    lua_Integer count = 0;
    lua_settop(L, 2);
    lua_createtable(L, 4, 0);
    for (;;) {
        const char *found = hk_search_plain(L, rest, separator);
        size_t size = found != NULL ? (size_t)(found - rest.at) : rest.size;
        hk_state_charge(L, 8);
        lua_pushlstring(L, rest.at, size);
        lua_rawseti(L, 3, ++count);
        if (found == NULL)
            return 1;
        rest = rest_of(rest, found + separator.size);
    }
}

static bool is_space(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static int text_trim(lua_State *L)
{
    struct hk_slice text = check_text(L, 1);
    hk_state_charge(L, (uint32_t)(text.size / 8));
    while (text.size != 0 && is_space(text.at[0]))
        text = rest_of(text, text.at + 1);
    while (text.size != 0 && is_space(text.at[text.size - 1]))
        text.size--;
    lua_pushlstring(L, text.at, text.size);
    return 1;
}

static int text_starts_with(lua_State *L)
{
    struct hk_slice text = check_text(L, 1);
    struct hk_slice part = check_text(L, 2);
    hk_state_charge(L, (uint32_t)(part.size / 64));
    lua_pushboolean(L, text.size >= part.size && memcmp(text.at, part.at, part.size) == 0);
    return 1;
}

static int text_ends_with(lua_State *L)
{
    struct hk_slice text = check_text(L, 1);
    struct hk_slice part = check_text(L, 2);
    hk_state_charge(L, (uint32_t)(part.size / 64));
    lua_pushboolean(L, text.size >= part.size &&
                           memcmp(text.at + text.size - part.size, part.at, part.size) == 0);
    return 1;
}

static int text_contains(lua_State *L)
{
    struct hk_slice text = check_text(L, 1);
    struct hk_slice part = check_text(L, 2);
    lua_pushboolean(L, hk_search_plain(L, text, part) != NULL);
    return 1;
}

/** Gets the size of the character at `at`, or 1 where there is no UTF-8. */
static size_t character_size(const char *at, const char *end)
{
    size_t size = 1;
    if ((unsigned char)*at < 0xC0)
        return 1;
    while (size < 4 && at + size < end && ((unsigned char)at[size] & 0xC0) == 0x80)
        size++;
    return size;
}

/** Matches all of `text`. Only the last star has to be tried again: whatever an earlier one could
 * take, the last one can take too. */
static bool is_glob(lua_State *L, struct hk_slice text, struct hk_slice pattern)
{
    const char *at = text.at, *end = text.at + text.size;
    const char *want = pattern.at, *want_end = pattern.at + pattern.size;
    const char *star = NULL, *star_at = NULL;
    for (;;) {
        hk_state_charge(L, 1);
        if (want < want_end && *want == '*') {
            star = ++want;
            star_at = at;
        } else if (at == end) {
            return want == want_end;
        } else if (want < want_end && *want == '?') {
            at += character_size(at, end);
            want++;
        } else if (want < want_end && *want == *at) {
            at++;
            want++;
        } else if (star != NULL) {
            star_at += character_size(star_at, end);
            at = star_at;
            want = star;
        } else {
            return false;
        }
    }
}

static int text_glob(lua_State *L)
{
    struct hk_slice text = check_text(L, 1);
    struct hk_slice pattern = check_text(L, 2);
    lua_pushboolean(L, is_glob(L, text, pattern));
    return 1;
}

static int text_replace(lua_State *L)
{
    struct hk_slice rest = check_text(L, 1);
    struct hk_slice old = check_part(L, 2);
    struct hk_slice new = check_text(L, 3);
    struct hk_draft draft;
    lua_settop(L, 3);
    hk_draft_begin(&draft, L);
    for (;;) {
        const char *found = hk_search_plain(L, rest, old);
        size_t size = found != NULL ? (size_t)(found - rest.at) : rest.size;
        hk_state_charge(L, (uint32_t)((size + new.size) / 64 + 2));
        hk_draft_append(&draft, (struct hk_slice){ rest.at, size });
        if (found == NULL)
            break;
        hk_draft_append(&draft, new);
        rest = rest_of(rest, found + old.size);
    }
    hk_draft_push(&draft);
    return 1;
}

void hk_lua_open_text(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "split", text_split },
        { "trim", text_trim },
        { "starts_with", text_starts_with },
        { "ends_with", text_ends_with },
        { "contains", text_contains },
        { "glob", text_glob },
        { "replace", text_replace },
        { NULL, NULL },
    };
    luaL_newlib(L, functions);
}
