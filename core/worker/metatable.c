// SPDX-License-Identifier: Apache-2.0
#include "worker/metatable.h"

#include "worker/sandbox.h"

#include <lauxlib.h>

/** Its address is the key, in a real metatable, of the table that the script gave. */
static const char given_key;

static const char *const taken[] = {
    "__index",  "__newindex", "__call",     "__len",   "__eq",   "__lt",   "__le",
    "__concat", "__unm",      "__add",      "__sub",   "__mul",  "__div",  "__mod",
    "__pow",    "__idiv",     "__band",     "__bor",   "__bxor", "__bnot", "__shl",
    "__shr",    "__name",     "__tostring", "__pairs", NULL,
};
static const char *const refused[] = { "__gc", "__mode", "__metatable", "__close", NULL };

/** Pushes the copy of the table at 2. */
static void push_copy(lua_State *L)
{
    for (int i = 0; refused[i] != NULL; i++) {
        lua_pushstring(L, refused[i]);
        if (lua_rawget(L, 2) != LUA_TNIL)
            luaL_error(L, "setmetatable: %s cannot be set in a policy", refused[i]);
        lua_pop(L, 1);
    }
    lua_createtable(L, 0, 4);
    for (int i = 0; taken[i] != NULL; i++) {
        lua_pushstring(L, taken[i]);
        lua_pushvalue(L, -1);
        if (lua_rawget(L, 2) != LUA_TNIL) {
            lua_rawset(L, 3);
        } else {
            lua_pop(L, 2);
        }
    }
    lua_pushvalue(L, 2);
    lua_rawsetp(L, 3, &given_key);
}

int hk_metatable_set(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    if (!lua_isnoneornil(L, 2))
        luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    if (hk_sandbox_push_real(L, 1))
        luaL_error(L, "setmetatable: this table is read-only");
    if (lua_isnil(L, 2))
        lua_pushnil(L);
    else
        push_copy(L);
    lua_setmetatable(L, 1);
    lua_settop(L, 1);
    return 1;
}

int hk_metatable_get(lua_State *L)
{
    luaL_checkany(L, 1);
    if (lua_type(L, 1) != LUA_TTABLE || !lua_getmetatable(L, 1)) {
        lua_pushnil(L);
        return 1;
    }
    lua_rawgetp(L, -1, &given_key);
    return 1;
}
