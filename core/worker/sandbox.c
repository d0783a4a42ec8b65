// SPDX-License-Identifier: Apache-2.0
#include "worker/sandbox.h"

#include "base/spelling.h"
#include "worker/api.h"
#include "worker/convert.h"
#include "worker/globals.h"
#include "worker/loader.h"
#include "worker/message.h"

#include <lauxlib.h>
#include <lualib.h>

/** Their addresses are keys: of the real table in the metatable of a sealed one, of a sealed
 * table's name there, and in the registry of the real globals, of the names of the real tables and
 * of the metatable that they share. */
static const char real_key, globals_key, names_key, strict_key;

/** What a person who knows Lua may look for in vain, and what to take instead. */
static const struct {
    const char *name, *instead;
} absent[] = {
    { "print", "; use hook.log.info" },
    { "require", "; use hook.require" },
    { "unpack", "; use table.unpack" },
    { "os", "; for dates there is hook.time" },
    { "_G", "" },
    { "io", "" },
    { "debug", "" },
    { "package", "" },
    { "coroutine", "" },
    { "load", "" },
    { "loadstring", "" },
    { "loadfile", "" },
    { "dofile", "" },
    { "xpcall", "; use pcall" },
    { "collectgarbage", "" },
    { "warn", "; use hook.log.warn" },
    { "json", "; use hook.json" },
};

// ---- sealed tables -------------------------------------------------------------------------

/** Pushes the name of the sealed or real table at index 1. */
static const char *push_name(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &names_key);
    if (!hk_sandbox_push_real(L, 1))
        lua_pushvalue(L, 1);
    lua_rawgetp(L, -2, lua_topointer(L, -1));
    return lua_tostring(L, -1);
}

/** __newindex of a sealed table: (table, key, value). */
static int refuse_write(lua_State *L)
{
    const char *name = push_name(L);
    if (*name == '\0')
        return luaL_error(L, "the global %s cannot be set: use `local`",
                          hk_message_push_shown(L, 2));
    return luaL_error(L, "%s is read-only", name);
}

/** Gets the key of the table at 1 that is nearest to `word`, pushed; NULL when none is near. */
static const char *push_nearest(lua_State *L, struct hk_slice word)
{
    struct hk_slice best = HK_SLICE_EMPTY;
    uint32_t distance = UINT32_MAX;
    lua_pushnil(L);
    while (lua_next(L, 1) != 0) {
        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            continue;
        struct hk_slice known;
        known.at = lua_tolstring(L, -1, &known.size);
        uint32_t far = hk_spelling_distance(word, known);
        // Of equals the first by the alphabet: the order of the walk is nobody's.
        if (far < distance || (far == distance && strcmp(known.at, best.at) < 0)) {
            distance = far;
            best = known;
        }
    }
    if (best.size == 0 || !hk_spelling_is_near(word, distance))
        return NULL;
    return lua_pushlstring(L, best.at, best.size);
}

/** __index of the real table behind a sealed one: (table, key), for a key that is not there. */
static int refuse_unknown(lua_State *L)
{
    const char *name = push_name(L);
    const char *shown = hk_message_push_shown(L, 2);
    struct hk_slice key = HK_SLICE_EMPTY;
    if (lua_type(L, 2) == LUA_TSTRING)
        key.at = lua_tolstring(L, 2, &key.size);
    for (size_t i = 0; *name == '\0' && i < sizeof(absent) / sizeof(absent[0]); i++) {
        if (hk_slice_is(key, absent[i].name))
            return luaL_error(L, "there is no %s in a policy%s", shown, absent[i].instead);
    }
    const char *nearest = push_nearest(L, key);
    if (nearest != NULL && *name == '\0')
        return luaL_error(L, "there is no global %s; did you mean '%s'?", shown, nearest);
    if (nearest != NULL)
        return luaL_error(L, "%s has no %s; did you mean '%s'?", name, shown, nearest);
    if (*name == '\0')
        return luaL_error(L, "there is no global %s", shown);
    return luaL_error(L, "%s has no %s", name, shown);
}

void hk_sandbox_seal(lua_State *L)
{
    int name = lua_gettop(L), real = name - 1;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &names_key);
    lua_pushvalue(L, name);
    lua_rawsetp(L, -2, lua_topointer(L, real));
    if (!lua_getmetatable(L, real)) { // a library may have one of its own
        lua_rawgetp(L, LUA_REGISTRYINDEX, &strict_key);
        lua_setmetatable(L, real);
    }
    lua_settop(L, name);

    lua_newtable(L);
    lua_createtable(L, 0, 4);
    lua_pushvalue(L, real);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, refuse_write);
    lua_setfield(L, -2, "__newindex");
    lua_pushvalue(L, real);
    lua_rawsetp(L, -2, &real_key);
    lua_setmetatable(L, -2);
    lua_replace(L, real);
    lua_settop(L, real);
}

bool hk_sandbox_push_real(lua_State *L, int index)
{
    if (lua_type(L, index) != LUA_TTABLE || !lua_getmetatable(L, index))
        return false;
    bool is_sealed = lua_rawgetp(L, -1, &real_key) != LUA_TNIL;
    lua_remove(L, -2);
    if (!is_sealed)
        lua_pop(L, 1);
    return is_sealed;
}

/** Seals the table on top and makes it a field of the one below. */
static void add_sealed(lua_State *L, const char *name, const char *full_name)
{
    lua_pushstring(L, full_name);
    hk_sandbox_seal(L);
    lua_setfield(L, -2, name);
}

// ---- libraries -----------------------------------------------------------------------------

/** Calls upvalue 1, after charging for the length of its first argument: for functions of Lua's own
 * libraries that walk through a text. */
static int call_charged(lua_State *L)
{
    if (lua_type(L, 1) == LUA_TSTRING)
        hk_state_charge(L, (uint32_t)(lua_rawlen(L, 1) / 4));
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

/** The iterator of utf8.codes, which is upvalue 1 and skips bytes that continue a character for as
 * long as there are any: charges for them before. */
static int step_codes(lua_State *L)
{
    struct hk_slice text;
    text.at = luaL_checklstring(L, 1, &text.size);
    lua_Integer from = luaL_checkinteger(L, 2);
    luaL_argcheck(L, from >= 0, 2, "no place in a text");
    for (size_t at = (size_t)from; at < text.size && ((unsigned char)text.at[at] & 0xC0) == 0x80;
         at++)
        hk_state_charge(L, 1);
    lua_settop(L, 2);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 2, LUA_MULTRET);
    return lua_gettop(L);
}

/** utf8.codes; upvalue 1 is Lua's own. */
static int open_codes(lua_State *L)
{
    luaL_checkstring(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 3);
    lua_pushvalue(L, -3);
    lua_pushcclosure(L, step_codes, 1);
    lua_replace(L, -4);
    return 3;
}

static void open_utf8(lua_State *L)
{
    static const char *const walkers[] = { "codepoint", "len", "offset" };
    lua_pushcfunction(L, luaopen_utf8);
    lua_call(L, 0, 1);
    for (size_t i = 0; i < sizeof(walkers) / sizeof(walkers[0]); i++) {
        lua_getfield(L, -1, walkers[i]);
        lua_pushcclosure(L, call_charged, 1);
        lua_setfield(L, -2, walkers[i]);
    }
    lua_getfield(L, -1, "codes");
    lua_pushcclosure(L, open_codes, 1);
    lua_setfield(L, -2, "codes");
}

static void open_math(lua_State *L)
{
    // Not of a plan's own making; and what a Lua that was built to be compatible has besides.
    static const char *const gone[] = {
        "random", "randomseed", "atan2", "cosh", "frexp", "ldexp", "log10", "pow", "sinh", "tanh",
    };
    lua_pushcfunction(L, luaopen_math);
    lua_call(L, 0, 1);
    for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
        lua_pushnil(L);
        lua_setfield(L, -2, gone[i]);
    }
}

static void open_hook(lua_State *L)
{
    static const struct {
        const char *name, *full_name;
        void (*open)(lua_State *L);
    } parts[] = {
        { "json", "hook.json", hk_lua_open_json }, { "text", "hook.text", hk_lua_open_text },
        { "time", "hook.time", hk_lua_open_time }, { "hash", "hook.hash", hk_lua_open_hash },
        { "log", "hook.log", hk_lua_open_log },    { "table", "hook.table", hk_lua_open_table },
    };
    lua_createtable(L, 0, 8);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        parts[i].open(L);
        add_sealed(L, parts[i].name, parts[i].full_name);
    }
    hk_lua_open_random(L);
    lua_setfield(L, -2, "random");
    lua_pushcfunction(L, hk_loader_require);
    lua_setfield(L, -2, "require");
}

// ---- strings -------------------------------------------------------------------------------

/** Pushes the number that the value at `index` is or reads as. */
static void push_number(lua_State *L, int index)
{
    size_t size = 0;
    const char *text = lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &size) : NULL;
    if (lua_type(L, index) == LUA_TNUMBER)
        lua_pushvalue(L, index);
    else if (text == NULL || lua_stringtonumber(L, text) != size + 1)
        luaL_error(L, "attempt to calculate with %s", hk_message_push_shown(L, index));
}

/** A metamethod of strings: "10" + 1 is 11. Upvalue: the operation. */
static int calculate(lua_State *L)
{
    int operation = (int)lua_tointeger(L, lua_upvalueindex(1));
    lua_settop(L, 2);
    push_number(L, 1);
    if (operation != LUA_OPUNM)
        push_number(L, 2);
    lua_arith(L, operation);
    return 1;
}

/** Gives all strings a metatable that no script can reach. The real table `string` is on top. */
static void lock_strings(lua_State *L)
{
    static const struct {
        const char *event;
        int operation;
    } arithmetic[] = {
        { "__add", LUA_OPADD }, { "__sub", LUA_OPSUB },   { "__mul", LUA_OPMUL },
        { "__div", LUA_OPDIV }, { "__mod", LUA_OPMOD },   { "__pow", LUA_OPPOW },
        { "__unm", LUA_OPUNM }, { "__idiv", LUA_OPIDIV },
    };
    lua_pushliteral(L, "");
    lua_createtable(L, 0, 9);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    for (size_t i = 0; i < sizeof(arithmetic) / sizeof(arithmetic[0]); i++) {
        lua_pushinteger(L, arithmetic[i].operation);
        lua_pushcclosure(L, calculate, 1);
        lua_setfield(L, -2, arithmetic[i].event);
    }
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

// ---- all of it -----------------------------------------------------------------------------

static void open_registry(lua_State *L)
{
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &names_key);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, refuse_unknown);
    lua_setfield(L, -2, "__index");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &strict_key);
}

void hk_sandbox_open(lua_State *L)
{
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    open_registry(L);
    hk_convert_open(L);
    hk_globals_open(L);
    hk_lua_open_string(L);
    lock_strings(L);
    add_sealed(L, "string", "string");
    hk_lua_open_sorted(L);
    add_sealed(L, "table", "table");
    open_math(L);
    add_sealed(L, "math", "math");
    open_utf8(L);
    add_sealed(L, "utf8", "utf8");
    open_hook(L);
    add_sealed(L, "hook", "hook");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &globals_key);
    lua_pushliteral(L, "");
    hk_sandbox_seal(L);
    // A chunk that is loaded gets this as its _ENV.
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
}

void hk_sandbox_set_global(lua_State *L, const char *name)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &globals_key);
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, name);
    lua_pop(L, 2);
}
