// SPDX-License-Identifier: Apache-2.0
#include "worker/api.h"
#include "worker/state.h"

#include <lauxlib.h>

/** hook.random([m [, n]]): a float from 0 to below 1; an integer from 1 to m (m = 0: any 64 bits),
 * or from m to n. */
static int random_draw(lua_State *L)
{
    struct hk_prng *prng = &hk_state_of(L)->prng;
    lua_Integer low = 1, high;
    switch (lua_gettop(L)) {
    case 0:
        lua_pushnumber(L, (lua_Number)(hk_prng_next(prng) >> 11) * 0x1p-53);
        return 1;
    case 1:
        high = luaL_checkinteger(L, 1);
        if (high == 0) {
            lua_pushinteger(L, (lua_Integer)hk_prng_next(prng));
            return 1;
        }
        break;
    case 2:
        low = luaL_checkinteger(L, 1);
        high = luaL_checkinteger(L, 2);
        break;
    default:
        return luaL_error(L, "bad arguments to 'random' (0, 1 or 2 integers expected)");
    }
    luaL_argcheck(L, low <= high, lua_gettop(L), "interval is empty");
    uint64_t span = (uint64_t)high - (uint64_t)low;
    uint64_t draw = span == UINT64_MAX ? hk_prng_next(prng) : hk_prng_below(prng, span + 1);
    lua_pushinteger(L, (lua_Integer)((uint64_t)low + draw));
    return 1;
}

void hk_lua_open_random(lua_State *L)
{
    lua_pushcfunction(L, random_draw);
}
