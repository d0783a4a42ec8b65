// SPDX-License-Identifier: Apache-2.0
#include "base/spelling.h"
#include "worker/api.h"
#include "worker/convert.h"
#include "worker/message.h"
#include "worker/state.h"

#include <lauxlib.h>
#include <stdio.h>

#define INTEGER_TEXT_MAX 24

/** Raises that there is no such table; names the nearest one. */
static _Noreturn void refuse_table(lua_State *L, struct hk_slice name)
{
    const struct hk_state_world *world = hk_state_of(L)->world;
    struct hk_slice nearest = HK_SLICE_EMPTY;
    uint32_t distance = UINT32_MAX;
    for (uint32_t i = 0; i < world->table_count; i++) {
        uint32_t far = hk_spelling_distance(name, world->tables[i].name);
        if (far < distance) {
            distance = far;
            nearest = world->tables[i].name;
        }
    }
    lua_pushlstring(L, name.at, name.size);
    const char *shown = hk_message_push_shown(L, -1);
    if (nearest.size > 0 && hk_spelling_is_near(name, distance)) {
        lua_pushlstring(L, nearest.at, nearest.size);
        luaL_error(L, "there is no table %s; did you mean '%s'?", shown, lua_tostring(L, -1));
    }
    luaL_error(L, "there is no table %s", shown);
    __builtin_unreachable();
}

static const struct hk_table_view *find_table(lua_State *L, struct hk_slice name)
{
    const struct hk_state_world *world = hk_state_of(L)->world;
    hk_state_charge(L, world->table_count);
    for (uint32_t i = 0; i < world->table_count; i++) {
        if (hk_slice_is_equal(world->tables[i].name, name))
            return &world->tables[i].view;
    }
    refuse_table(L, name);
}

/** Gets the key at `index`: a text, or an integer by its decimal digits, written to `digits`. */
static struct hk_slice check_key(lua_State *L, int index, char digits[INTEGER_TEXT_MAX])
{
    struct hk_slice key;
    int is_integer = 0;
    if (lua_type(L, index) == LUA_TSTRING) {
        key.at = lua_tolstring(L, index, &key.size);
        hk_state_charge(L, (uint32_t)(key.size / 8));
        return key;
    }
    lua_Integer number = 0;
    if (lua_type(L, index) == LUA_TNUMBER)
        number = lua_tointegerx(L, index, &is_integer);
    if (!is_integer)
        luaL_error(L, "the key of a table is a string or an integer, not %s",
                   hk_message_kind(L, index));
    (void)snprintf(digits, INTEGER_TEXT_MAX, LUA_INTEGER_FMT, number);
    return hk_slice_of(digits);
}

static bool find(lua_State *L, struct hk_slice name, int index, struct hk_slice *value)
{
    char digits[INTEGER_TEXT_MAX];
    const struct hk_table_view *view = find_table(L, name);
    hk_state_charge(L, 16);
    return hk_table_find(view, check_key(L, index, digits), value);
}

void hk_lua_push_lookup(lua_State *L, const char *name, size_t name_size, int index)
{
    struct hk_slice text;
    struct hk_json_value value;
    index = lua_absindex(L, index);
    if (!find(L, (struct hk_slice){ name, name_size }, index, &text)) {
        lua_pushnil(L);
        return;
    }
    hk_state_charge(L, (uint32_t)(text.size / 8));
    // The parent made the block of checked text; a second look costs little beside the decoding.
    int rc = hk_json_scan(text, &value, NULL);
    if (rc == HK_ENOMEM)
        luaL_error(L, "not enough memory");
    if (rc != 0)
        luaL_error(L, "the lookup table is damaged");
    hk_convert_push(L, value);
}

static int table_get(lua_State *L)
{
    size_t size;
    luaL_checktype(L, 1, LUA_TSTRING);
    const char *name = lua_tolstring(L, 1, &size);
    luaL_checkany(L, 2);
    hk_lua_push_lookup(L, name, size, 2);
    return 1;
}

static int table_has(lua_State *L)
{
    struct hk_slice name;
    struct hk_slice value;
    luaL_checktype(L, 1, LUA_TSTRING);
    name.at = lua_tolstring(L, 1, &name.size);
    luaL_checkany(L, 2);
    lua_pushboolean(L, find(L, name, 2, &value));
    return 1;
}

void hk_lua_open_table(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "get", table_get },
        { "has", table_has },
        { NULL, NULL },
    };
    luaL_newlib(L, functions);
}
