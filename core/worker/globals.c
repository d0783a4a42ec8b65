// SPDX-License-Identifier: Apache-2.0
#include "worker/globals.h"

#include "worker/convert.h"
#include "worker/metatable.h"
#include "worker/order.h"
#include "worker/sandbox.h"
#include "worker/state.h"

#include <lauxlib.h>

static int global_assert(lua_State *L)
{
    luaL_checkany(L, 1);
    if (lua_toboolean(L, 1))
        return lua_gettop(L);
    if (lua_gettop(L) == 1)
        return luaL_error(L, "assertion failed!");
    lua_settop(L, 2);
    return lua_error(L);
}

static int global_error(lua_State *L)
{
    lua_Integer level = luaL_optinteger(L, 2, 1);
    lua_settop(L, 1);
    if (lua_type(L, 1) == LUA_TSTRING && level > 0 && level < 100) {
        luaL_where(L, (int)level);
        lua_pushvalue(L, 1);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

static int global_pcall(lua_State *L)
{
    luaL_checkany(L, 1);
    struct hk_state *state = hk_state_of(L);
    lua_pushboolean(L, true);
    lua_insert(L, 1);
    int status = lua_pcall(L, lua_gettop(L) - 2, LUA_MULTRET, 0);
    if (status == LUA_OK)
        return lua_gettop(L);
    if (status == LUA_ERRMEM && state->end == HK_STATE_GOES_ON)
        state->end = HK_STATE_OUT_OF_MEMORY;
    if (state->end != HK_STATE_GOES_ON)
        return lua_error(L);
    lua_pushboolean(L, false);
    lua_insert(L, -2);
    return 2;
}

static int step_ipairs(lua_State *L)
{
    lua_Integer place = luaL_checkinteger(L, 2);
    luaL_argcheck(L, place < LUA_MAXINTEGER, 2, "too large");
    lua_pushinteger(L, place + 1);
    return lua_geti(L, 1, place + 1) == LUA_TNIL ? 1 : 2;
}

static int global_ipairs(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushcfunction(L, step_ipairs);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

static int global_rawequal(lua_State *L)
{
    luaL_checkany(L, 1);
    luaL_checkany(L, 2);
    lua_pushboolean(L, lua_rawequal(L, 1, 2));
    return 1;
}

static int global_rawlen(lua_State *L)
{
    int type = lua_type(L, 1);
    luaL_argexpected(L, type == LUA_TTABLE || type == LUA_TSTRING, 1, "table or string");
    lua_pushinteger(L, (lua_Integer)lua_rawlen(L, 1));
    return 1;
}

static int global_rawget(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    lua_settop(L, 2);
    lua_rawget(L, 1);
    return 1;
}

static int global_rawset(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    luaL_checkany(L, 3);
    lua_settop(L, 3);
    if (hk_sandbox_push_real(L, 1))
        return luaL_error(L, "rawset: this table is read-only");
    lua_rawset(L, 1);
    return 1;
}

static int global_select(lua_State *L)
{
    int count = lua_gettop(L);
    if (lua_type(L, 1) == LUA_TSTRING && *lua_tostring(L, 1) == '#') {
        lua_pushinteger(L, count - 1);
        return 1;
    }
    lua_Integer from = luaL_checkinteger(L, 1);
    if (from < 0)
        from = count + from;
    else if (from > count)
        from = count;
    luaL_argcheck(L, from >= 1, 1, "index out of range");
    return count - (int)from;
}

void hk_globals_push_text(lua_State *L, int index)
{
    if (hk_convert_is_null(L, index)) {
        lua_pushliteral(L, "null");
    } else if (luaL_callmeta(L, index, "__tostring")) {
        if (lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "'__tostring' must return a string");
    } else if (lua_type(L, index) == LUA_TNUMBER || lua_type(L, index) == LUA_TSTRING) {
        lua_pushvalue(L, index);
        (void)lua_tolstring(L, -1, NULL);
    } else if (lua_isboolean(L, index)) {
        lua_pushstring(L, lua_toboolean(L, index) ? "true" : "false");
    } else {
        lua_pushstring(L, luaL_typename(L, index));
    }
}

static int global_tostring(lua_State *L)
{
    luaL_checkany(L, 1);
    hk_globals_push_text(L, 1);
    return 1;
}

/** Gets what `byte` stands for in bases up to 36; 36 when it is no digit. */
static int digit_of(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    char lower = (char)(byte | 0x20);
    return lower >= 'a' && lower <= 'z' ? lower - 'a' + 10 : 36;
}

static struct hk_slice trim(struct hk_slice text)
{
    static const char space[] = " \f\n\r\t\v";
    while (text.size > 0 && memchr(space, text.at[0], 6) != NULL)
        text = (struct hk_slice){ text.at + 1, text.size - 1 };
    while (text.size > 0 && memchr(space, text.at[text.size - 1], 6) != NULL)
        text.size--;
    return text;
}

/** tonumber(text, base): wraps around as integers do. */
static int tonumber_in_base(lua_State *L)
{
    struct hk_slice text;
    lua_Integer base = luaL_checkinteger(L, 2);
    luaL_checktype(L, 1, LUA_TSTRING);
    text.at = lua_tolstring(L, 1, &text.size);
    luaL_argcheck(L, base >= 2 && base <= 36, 2, "base out of range");
    hk_state_charge(L, (uint32_t)(text.size / 8));
    text = trim(text);
    bool is_negative = text.size > 0 && text.at[0] == '-';
    size_t at = is_negative;
    lua_Unsigned value = 0;
    for (; at < text.size && digit_of(text.at[at]) < base; at++)
        value = value * (lua_Unsigned)base + (lua_Unsigned)digit_of(text.at[at]);
    if (at < text.size || at == (size_t)is_negative)
        luaL_pushfail(L);
    else
        lua_pushinteger(L, (lua_Integer)(is_negative ? 0 - value : value));
    return 1;
}

static int global_tonumber(lua_State *L)
{
    luaL_checkany(L, 1);
    if (!lua_isnoneornil(L, 2))
        return tonumber_in_base(L);
    lua_settop(L, 1);
    if (lua_type(L, 1) == LUA_TNUMBER)
        return 1;
    size_t size;
    const char *text = lua_type(L, 1) == LUA_TSTRING ? lua_tolstring(L, 1, &size) : NULL;
    if (text != NULL)
        hk_state_charge(L, (uint32_t)(size / 8));
    if (text == NULL || lua_stringtonumber(L, text) != size + 1)
        luaL_pushfail(L);
    return 1;
}

static int global_type(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushstring(L, luaL_typename(L, 1));
    return 1;
}

void hk_globals_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "assert", global_assert },
        { "error", global_error },
        { "getmetatable", hk_metatable_get },
        { "ipairs", global_ipairs },
        { "next", hk_order_next },
        { "pairs", hk_order_pairs },
        { "pcall", global_pcall },
        { "rawequal", global_rawequal },
        { "rawget", global_rawget },
        { "rawlen", global_rawlen },
        { "rawset", global_rawset },
        { "select", global_select },
        { "setmetatable", hk_metatable_set },
        { "tonumber", global_tonumber },
        { "tostring", global_tostring },
        { "type", global_type },
        { NULL, NULL },
    };
    luaL_newlib(L, functions);
}
