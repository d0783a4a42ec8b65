// SPDX-License-Identifier: Apache-2.0
#include "worker/api_string.h"

#include "worker/api.h"
#include "worker/draft.h"
#include "worker/state.h"

#include <lauxlib.h>
#include <limits.h>

#define BYTES_A_STEP 64

struct hk_slice hk__string_check(lua_State *L, int argument)
{
    struct hk_slice text;
    text.at = luaL_checklstring(L, argument, &text.size);
    return text;
}

size_t hk__string_start(lua_Integer place, size_t size)
{
    if (place > 0)
        return (size_t)place;
    // Not the place itself is negated: the least integer has no positive one.
    if (place == 0 || place < -(lua_Integer)size)
        return 1;
    return size + 1 - (size_t)-place;
}

/** Turns the last place of a part into one from 0 to `size`. */
static size_t end_of(lua_Integer place, size_t size)
{
    if (place > (lua_Integer)size)
        return size;
    if (place >= 0)
        return (size_t)place;
    return place < -(lua_Integer)size ? 0 : size + 1 - (size_t)-place;
}

static int string_byte(lua_State *L)
{
    struct hk_slice text = hk__string_check(L, 1);
    lua_Integer first = luaL_optinteger(L, 2, 1);
    size_t from = hk__string_start(first, text.size);
    size_t end = end_of(luaL_optinteger(L, 3, first), text.size);
    if (from > end)
        return 0;
    size_t count = end - from + 1;
    if (count >= INT_MAX)
        return luaL_error(L, "string slice too long");
    luaL_checkstack(L, (int)count, "string slice too long");
    hk_state_charge(L, (uint32_t)(count / 4));
    for (size_t i = 0; i < count; i++)
        lua_pushinteger(L, (unsigned char)text.at[from - 1 + i]);
    return (int)count;
}

static int string_char(lua_State *L)
{
    struct hk_draft draft;
    int count = lua_gettop(L);
    hk_draft_begin(&draft, L);
    hk_state_charge(L, (uint32_t)count / 4);
    for (int i = 1; i <= count; i++) {
        lua_Integer byte = luaL_checkinteger(L, i);
        luaL_argcheck(L, byte >= 0 && byte <= 255, i, "value out of range");
        *hk_draft_grow(&draft, 1) = (char)byte;
    }
    hk_draft_push(&draft);
    return 1;
}

static int string_len(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)hk__string_check(L, 1).size);
    return 1;
}

/** Charges for a walk through `size` bytes. */
static void charge_bytes(lua_State *L, size_t size)
{
    hk_state_charge(L, size / 8 > UINT16_MAX ? UINT16_MAX : (uint32_t)(size / 8));
}

/** Turns the letters from `first` on into those `distance` further; C locale. */
static int push_with_letters(lua_State *L, char first, int distance)
{
    struct hk_slice text = hk__string_check(L, 1);
    struct hk_draft draft;
    hk_draft_begin(&draft, L);
    char *to = hk_draft_grow(&draft, text.size);
    charge_bytes(L, text.size);
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.at[i];
        to[i] = byte >= first && byte <= first + 25 ? (char)(byte + distance) : byte;
    }
    hk_draft_push(&draft);
    return 1;
}

static int string_lower(lua_State *L)
{
    return push_with_letters(L, 'A', 'a' - 'A');
}

static int string_upper(lua_State *L)
{
    return push_with_letters(L, 'a', 'A' - 'a');
}

static int string_reverse(lua_State *L)
{
    struct hk_slice text = hk__string_check(L, 1);
    struct hk_draft draft;
    hk_draft_begin(&draft, L);
    char *to = hk_draft_grow(&draft, text.size);
    charge_bytes(L, text.size);
    for (size_t i = 0; i < text.size; i++)
        to[i] = text.at[text.size - 1 - i];
    hk_draft_push(&draft);
    return 1;
}

/** Fills `to` with as many copies of its first `have` bytes as go into `size`. */
static void repeat(char *to, size_t have, size_t size)
{
    while (have < size) {
        size_t more = have < size - have ? have : size - have;
        memcpy(to + have, to, more);
        have += more;
    }
}

static int string_rep(lua_State *L)
{
    struct hk_slice text = hk__string_check(L, 1);
    lua_Integer count = luaL_checkinteger(L, 2);
    struct hk_slice between = HK_SLICE_EMPTY;
    struct hk_draft draft;
    if (!lua_isnoneornil(L, 3))
        between = hk__string_check(L, 3);
    size_t one = text.size + between.size;
    if (count <= 0 || one == 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    if ((lua_Unsigned)count > (size_t)PTRDIFF_MAX / 2 / one)
        return luaL_error(L, "resulting string too large");
    size_t size = one * (size_t)count - between.size;
    hk_draft_begin(&draft, L);
    char *to = hk_draft_grow(&draft, size);
    memcpy(to, text.at, text.size);
    if (count > 1) {
        memcpy(to + text.size, between.at, between.size);
        repeat(to, one, size);
    }
    hk_draft_push(&draft);
    return 1;
}

static int string_sub(lua_State *L)
{
    struct hk_slice text = hk__string_check(L, 1);
    size_t from = hk__string_start(luaL_checkinteger(L, 2), text.size);
    size_t end = end_of(luaL_optinteger(L, 3, -1), text.size);
    if (from > end) {
        lua_pushliteral(L, "");
        return 1;
    }
    size_t size = end - from + 1;
    hk_state_charge(L, (uint32_t)(size / BYTES_A_STEP));
    lua_pushlstring(L, text.at + from - 1, size);
    return 1;
}

void hk_lua_open_string(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "byte", string_byte },         { "char", string_char },
        { "find", hk__string_find },     { "format", hk__string_format },
        { "gmatch", hk__string_gmatch }, { "gsub", hk__string_gsub },
        { "len", string_len },           { "lower", string_lower },
        { "match", hk__string_match },   { "rep", string_rep },
        { "reverse", string_reverse },   { "sub", string_sub },
        { "upper", string_upper },       { NULL, NULL },
    };
    luaL_newlib(L, functions);
}
