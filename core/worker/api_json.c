// SPDX-License-Identifier: Apache-2.0
#include "worker/api.h"
#include "worker/convert.h"
#include "worker/state.h"

#include <lauxlib.h>

/** Key of the registry: its address. The metatable of buffers, which frees them. */
static const char buffer_key = 'b';

static int buffer_free(lua_State *L)
{
    hk_bytes_fini(lua_touserdata(L, 1));
    return 0;
}

/** Pushes a buffer that an error cannot leak. */
static struct hk_bytes *push_buffer(lua_State *L)
{
    struct hk_bytes *buffer = lua_newuserdatauv(L, sizeof(*buffer), 0);
    *buffer = (struct hk_bytes){ 0 };
    lua_rawgetp(L, LUA_REGISTRYINDEX, &buffer_key);
    lua_setmetatable(L, -2);
    return buffer;
}

static int json_encode(lua_State *L)
{
    struct hk_json_value none = { HK_JSON_NULL, HK_SLICE_EMPTY };
    struct hk_fault fault = { 0 };
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    struct hk_bytes *buffer = push_buffer(L);
    size_t bytes_max = hk_state_of(L)->world->memory_bytes_max;
    lua_pushvalue(L, 1);
    int rc = hk_convert_append(L, none, bytes_max, buffer, &fault);
    if (rc != 0)
        return luaL_argerror(L, 1, rc == HK_ENOMEM ? "not enough memory" : fault.text);
    lua_pushlstring(L, hk_bytes_slice(buffer).at, buffer->size);
    hk_bytes_fini(buffer);
    return 1;
}

static int json_decode(lua_State *L)
{
    struct hk_slice text;
    struct hk_json_value top;
    struct hk_json_fault fault;
    luaL_checktype(L, 1, LUA_TSTRING);
    text.at = lua_tolstring(L, 1, &text.size);
    hk_state_charge(L, (uint32_t)(text.size / 8 + 1));
    int rc = hk_json_scan(text, &top, &fault);
    if (rc == HK_ENOMEM)
        return luaL_error(L, "not enough memory");
    if (rc != 0) {
        lua_pushnil(L);
        lua_pushfstring(L, "line %d column %d: %s", (int)fault.line, (int)fault.column,
                        fault.reason);
        return 2;
    }
    hk_convert_push(L, top);
    return 1;
}

/** Marks the table that is the argument, or a new one, and returns it. */
static int mark(lua_State *L, bool is_array)
{
    if (lua_isnoneornil(L, 1)) {
        lua_settop(L, 0);
        lua_createtable(L, 0, 0);
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    if (lua_getmetatable(L, 1)) {
        // A mark is a metatable, and would take the place of the script's, or of read-only tables'.
        luaL_argcheck(L, hk_convert_is_marked(L, 1), 1, "a table without a metatable expected");
        lua_settop(L, 1);
    }
    hk_convert_mark_array(L, 1, is_array);
    return 1;
}

static int json_array(lua_State *L)
{
    return mark(L, true);
}

static int json_object(lua_State *L)
{
    return mark(L, false);
}

static int json_is_array(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushboolean(L, hk_convert_is_array(L, 1));
    return 1;
}

static int json_is_null(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushboolean(L, hk_convert_is_null(L, 1));
    return 1;
}

void hk_lua_open_json(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "encode", json_encode },
        { "decode", json_decode },
        { "array", json_array },
        { "object", json_object },
        { "is_array", json_is_array },
        { "is_null", json_is_null },
        { NULL, NULL },
    };
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, buffer_free);
    lua_setfield(L, -2, "__gc");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &buffer_key);
    luaL_newlib(L, functions);
    hk_convert_push_null(L);
    lua_setfield(L, -2, "null");
}
