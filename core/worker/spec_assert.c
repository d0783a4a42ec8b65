// SPDX-License-Identifier: Apache-2.0
#include "worker/message.h"
#include "worker/sandbox.h"
#include "worker/spec_suite.h"

#include <lauxlib.h>
#include <stdio.h>

/** Levels of tables that assert.same goes into. */
#define SAME_LEVELS_MAX 64
#define PATH_BYTES_MAX 160

/** assert(value [, message]): the sealed table is called. */
static int assert_value(lua_State *L)
{
    lua_remove(L, 1);
    luaL_checkany(L, 1);
    if (lua_toboolean(L, 1))
        return lua_gettop(L);
    if (lua_gettop(L) == 1)
        return luaL_error(L, "assertion failed!");
    lua_settop(L, 2);
    return lua_error(L);
}

/** Raises that the value at 1 is not what was expected. */
static int refuse(lua_State *L, const char *expected)
{
    return luaL_error(L, "expected %s, got %s", expected, hk_message_push_shown(L, 1));
}

static int assert_is_true(lua_State *L)
{
    lua_settop(L, 1);
    bool is_true = lua_isboolean(L, 1) && lua_toboolean(L, 1);
    return is_true ? 0 : refuse(L, "true");
}

static int assert_is_false(lua_State *L)
{
    lua_settop(L, 1);
    bool is_false = lua_isboolean(L, 1) && !lua_toboolean(L, 1);
    return is_false ? 0 : refuse(L, "false");
}

static int assert_is_nil(lua_State *L)
{
    lua_settop(L, 1);
    return lua_isnil(L, 1) ? 0 : refuse(L, "nil");
}

static int assert_is_not_nil(lua_State *L)
{
    lua_settop(L, 1);
    return lua_isnil(L, 1) ? refuse(L, "a value") : 0;
}

static int assert_equal(lua_State *L)
{
    lua_settop(L, 2);
    if (lua_compare(L, 1, 2, LUA_OPEQ))
        return 0;
    if (lua_type(L, 1) == LUA_TTABLE && lua_type(L, 2) == LUA_TTABLE)
        return luaL_error(L, "expected the same table, got another one; assert.same looks inside");
    const char *expected = hk_message_push_shown(L, 1);
    return luaL_error(L, "expected %s, got %s", expected, hk_message_push_shown(L, 2));
}

// ---- same ----------------------------------------------------------------------------------

/** Where two values are looked at. */
struct path {
    char text[PATH_BYTES_MAX];
    size_t size;
    int level;
};

static void path_add(lua_State *L, struct path *path, int key)
{
    size_t room = sizeof(path->text) - path->size;
    int added = 0;
    if (lua_type(L, key) == LUA_TSTRING)
        added = snprintf(path->text + path->size, room, ".%s", lua_tostring(L, key));
    else if (lua_isinteger(L, key))
        added =
            snprintf(path->text + path->size, room, "[" LUA_INTEGER_FMT "]", lua_tointeger(L, key));
    else
        added = snprintf(path->text + path->size, room, "[%s]", hk_message_kind(L, key));
    path->size += (size_t)added < room ? (size_t)added : room - 1;
}

static _Noreturn void refuse_difference(lua_State *L, const struct path *path)
{
    const char *expected = hk_message_push_shown(L, -2);
    const char *got = hk_message_push_shown(L, -2);
    if (path->size == 0)
        luaL_error(L, "expected %s, got %s", expected, got);
    luaL_error(L, "expected %s, got %s at %s", expected, got, path->text);
    __builtin_unreachable();
}

// NOLINTBEGIN(misc-no-recursion): a walker with a depth limit
static void check_same(lua_State *L, struct path *path);

/** Checks that each field of the table at `from` is the same in the one at `in`; with `is_back`
 * only that it is there at all. */
static void check_fields(lua_State *L, int from, int in, struct path *path, bool is_back)
{
    size_t size = path->size;
    lua_pushnil(L);
    while (lua_next(L, from) != 0) {
        int key = lua_gettop(L) - 1;
        hk_state_charge(L, 8);
        path_add(L, path, key);
        lua_pushvalue(L, key);
        lua_rawget(L, in);
        if (!is_back) {
            check_same(L, path);
        } else if (lua_isnil(L, -1)) {
            lua_insert(L, -2);
            refuse_difference(L, path);
        }
        path->size = size;
        path->text[size] = '\0';
        lua_settop(L, key);
    }
}

/** Puts what is behind a sealed table in its place. */
static void open_sealed(lua_State *L, int index)
{
    if (hk_sandbox_push_real(L, index))
        lua_replace(L, index);
}

/** Compares the two values on top. */
static void check_same(lua_State *L, struct path *path)
{
    int got = lua_gettop(L), expected = got - 1;
    if (lua_rawequal(L, expected, got))
        return;
    if (lua_type(L, expected) != LUA_TTABLE || lua_type(L, got) != LUA_TTABLE)
        refuse_difference(L, path);
    if (path->level == SAME_LEVELS_MAX)
        luaL_error(L, "assert.same: more than %d tables inside one another", SAME_LEVELS_MAX);
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    open_sealed(L, expected);
    open_sealed(L, got);
    path->level++;
    check_fields(L, expected, got, path, false);
    check_fields(L, got, expected, path, true);
    path->level--;
}
// NOLINTEND(misc-no-recursion)

static int assert_same(lua_State *L)
{
    struct path path = { .size = 0 };
    lua_settop(L, 2);
    check_same(L, &path);
    return 0;
}

// ---- others --------------------------------------------------------------------------------

/** The sandbox's own pcall knows what must not be caught. */
static int assert_error(lua_State *L)
{
    if (lua_gettop(L) > 1)
        return luaL_error(L, "assert.error takes a function alone; what the error says, pcall and "
                             "assert.matches look at");
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_getglobal(L, "pcall");
    lua_insert(L, 1);
    lua_call(L, 1, 1);
    return lua_toboolean(L, -1) ? luaL_error(L, "expected an error, got none") : 0;
}

static int assert_matches(lua_State *L)
{
    lua_settop(L, 2);
    luaL_checktype(L, 1, LUA_TSTRING);
    if (lua_type(L, 2) != LUA_TSTRING)
        return luaL_error(L, "expected a string, got %s", hk_message_push_shown(L, 2));
    lua_getglobal(L, "string");
    lua_getfield(L, -1, "find");
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 1);
    lua_call(L, 2, 1);
    if (!lua_isnil(L, -1))
        return 0;
    const char *pattern = hk_message_push_shown(L, 1);
    return luaL_error(L, "expected a text that matches %s, got %s", pattern,
                      hk_message_push_shown(L, 2));
}

void hk__spec_open_assert(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "equal", assert_equal },
        { "equals", assert_equal },
        { "error", assert_error },
        { "has_error", assert_error },
        { "is_false", assert_is_false },
        { "is_nil", assert_is_nil },
        { "is_not_nil", assert_is_not_nil },
        { "is_true", assert_is_true },
        { "matches", assert_matches },
        { "same", assert_same },
        { NULL, NULL },
    };
    static const luaL_Reg are[] = {
        { "equal", assert_equal },
        { "same", assert_same },
        { NULL, NULL },
    };
    luaL_newlib(L, functions);
    luaL_newlib(L, are);
    lua_pushliteral(L, "assert.are");
    hk_sandbox_seal(L);
    lua_setfield(L, -2, "are");
    lua_pushliteral(L, "assert");
    hk_sandbox_seal(L);
    lua_getmetatable(L, -1);
    lua_pushcfunction(L, assert_value);
    lua_setfield(L, -2, "__call");
    lua_pop(L, 1);
    hk_sandbox_set_global(L, "assert");
}
