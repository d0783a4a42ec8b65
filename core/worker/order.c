// SPDX-License-Identifier: Apache-2.0
#include "worker/order.h"

#include "worker/sandbox.h"
#include "worker/state.h"

#include <lauxlib.h>

enum rank { RANK_INTEGER, RANK_FLOAT, RANK_STRING, RANK_BOOLEAN, RANK_OTHER };

/** A key of a table, as far as it has a place in the order. A string borrows from the key, which
 * the table keeps alive. */
struct key {
    enum rank rank;
    uint32_t number; /**< In the order of the walk. */
    union {
        lua_Integer integer;
        lua_Number real;
        struct hk_slice text;
        bool truth;
    };
};

static struct key key_at(lua_State *L, int index)
{
    struct key key = { .rank = RANK_OTHER };
    switch (lua_type(L, index)) {
    case LUA_TNUMBER:
        key.rank = lua_isinteger(L, index) ? RANK_INTEGER : RANK_FLOAT;
        if (key.rank == RANK_INTEGER)
            key.integer = lua_tointeger(L, index);
        else
            key.real = lua_tonumber(L, index);
        break;
    case LUA_TSTRING:
        key.rank = RANK_STRING;
        key.text.at = lua_tolstring(L, index, &key.text.size);
        break;
    case LUA_TBOOLEAN:
        key.rank = RANK_BOOLEAN;
        key.truth = lua_toboolean(L, index);
        break;
    default:
        break;
    }
    return key;
}

static bool is_before_text(struct hk_slice a, struct hk_slice b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size == 0 ? 0 : memcmp(a.at, b.at, size);
    return order != 0 ? order < 0 : a.size < b.size;
}

static bool is_before(const struct key *a, const struct key *b)
{
    if (a->rank != b->rank)
        return a->rank < b->rank;
    switch (a->rank) {
    case RANK_INTEGER:
        return a->integer < b->integer;
    case RANK_FLOAT:
        return a->real < b->real;
    case RANK_STRING:
        return is_before_text(a->text, b->text);
    case RANK_BOOLEAN:
        return a->truth < b->truth;
    default:
        return a->number < b->number;
    }
}

/** Puts the real table in the place of a sealed one at index 1; tells whether it was one. */
static bool unseal(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    if (!hk_sandbox_push_real(L, 1))
        return false;
    lua_replace(L, 1);
    return true;
}

// ---- next ----------------------------------------------------------------------------------

/** Goes on with lua_next to the next key that has no order. The table is at 1, the key on top. */
static int next_other(lua_State *L)
{
    while (lua_next(L, 1) != 0) {
        hk_state_charge(L, 1);
        if (key_at(L, -2).rank == RANK_OTHER)
            return 2;
        lua_pop(L, 1);
    }
    lua_pushnil(L);
    return 1;
}

int hk_order_next(lua_State *L)
{
    (void)unseal(L);
    lua_settop(L, 2);
    struct key after = key_at(L, 2);
    bool is_first = lua_isnil(L, 2);
    if (!is_first && after.rank == RANK_OTHER)
        return next_other(L);
    // The whole number that follows is next for sure, if it is there.
    if (!is_first && after.rank == RANK_INTEGER && after.integer < LUA_MAXINTEGER &&
        lua_rawgeti(L, 1, after.integer + 1) != LUA_TNIL) {
        lua_pushinteger(L, after.integer + 1);
        lua_insert(L, -2);
        return 2;
    }
    lua_settop(L, 2);
    struct key best = { .rank = RANK_OTHER };
    lua_pushnil(L); // 3: the best key until now
    lua_pushnil(L); // 4: where the walk is
    while (lua_next(L, 1) != 0) {
        lua_pop(L, 1);
        hk_state_charge(L, 1);
        struct key key = key_at(L, 4);
        if (key.rank == RANK_OTHER || !is_before(&key, &best) ||
            (!is_first && !is_before(&after, &key)))
            continue;
        best = key;
        lua_pushvalue(L, 4);
        lua_replace(L, 3);
    }
    lua_settop(L, 3);
    if (lua_isnil(L, 3))
        return next_other(L);
    lua_pushvalue(L, 3);
    lua_rawget(L, 1);
    return 2;
}

// ---- pairs ---------------------------------------------------------------------------------

/** lua_next as it is: for tables whose own order is ours. */
static int step_plain(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    if (lua_next(L, 1) != 0)
        return 2;
    lua_pushnil(L);
    return 1;
}

/** Upvalues: the keys in order, how many were given, the table. */
static int step_sorted(lua_State *L)
{
    lua_Integer place = lua_tointeger(L, lua_upvalueindex(2));
    lua_settop(L, 0);
    while (lua_rawgeti(L, lua_upvalueindex(1), ++place) != LUA_TNIL) {
        hk_state_charge(L, 1);
        lua_pushvalue(L, -1);
        if (lua_rawget(L, lua_upvalueindex(3)) != LUA_TNIL) {
            lua_pushinteger(L, place);
            lua_replace(L, lua_upvalueindex(2));
            return 2;
        }
        lua_settop(L, 0);
    }
    return 1;
}

static void sift_down(struct key *keys, uint32_t at, uint32_t count)
{
    struct key moved = keys[at];
    for (uint32_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && is_before(&keys[child], &keys[child + 1]))
            child++;
        if (!is_before(&moved, &keys[child]))
            break;
        keys[at] = keys[child];
        at = child;
    }
    keys[at] = moved;
}

/** Heapsort: no memory of its own, and no input is worse than another. */
static void sort(lua_State *L, struct key *keys, uint32_t count)
{
    for (uint32_t at = count / 2; at > 0; at--)
        sift_down(keys, at - 1, count);
    for (uint32_t end = count; end > 1; end--) {
        struct key largest = keys[0];
        keys[0] = keys[end - 1];
        keys[end - 1] = largest;
        sift_down(keys, 0, end - 1);
        hk_state_charge(L, 16);
    }
}

/** Counts the keys of the table at 1; tells whether its own order is ours. */
static uint32_t count_keys(lua_State *L, bool *is_sorted)
{
    struct key last = { .rank = RANK_INTEGER };
    uint32_t count = 0;
    *is_sorted = true;
    lua_pushnil(L);
    while (lua_next(L, 1) != 0) {
        lua_pop(L, 1);
        hk_state_charge(L, 1);
        if (*is_sorted) {
            struct key key = key_at(L, -1);
            key.number = count;
            *is_sorted = count == 0 || is_before(&last, &key);
            last = key;
        }
        count++;
    }
    return count;
}

/** Pushes the list of the keys of the table at 1, sorted. */
static void push_sorted_keys(lua_State *L, uint32_t count)
{
    struct key *keys = lua_newuserdatauv(L, count * sizeof(*keys), 0);
    lua_createtable(L, (int)count, 0);
    int list = lua_gettop(L);
    uint32_t at = 0;
    lua_pushnil(L);
    while (lua_next(L, 1) != 0) {
        lua_pop(L, 1);
        keys[at] = key_at(L, -1);
        keys[at].number = at;
        lua_pushvalue(L, -1);
        lua_rawseti(L, list, (lua_Integer)++at);
    }
    sort(L, keys, count);
    lua_createtable(L, (int)count, 0);
    for (uint32_t i = 0; i < count; i++) {
        lua_rawgeti(L, list, (lua_Integer)keys[i].number + 1);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

int hk_order_pairs(lua_State *L)
{
    bool is_sorted;
    luaL_checkany(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_call(L, 1, 3);
        return 3;
    }
    lua_settop(L, 1);
    lua_pushvalue(L, 1); // 2: what the loop holds: never the table behind a sealed one
    bool is_sealed = unseal(L);
    uint32_t count = count_keys(L, &is_sorted);
    if (is_sorted && !is_sealed) {
        lua_pushcfunction(L, step_plain);
    } else {
        push_sorted_keys(L, count);
        lua_pushinteger(L, 0);
        lua_pushvalue(L, 1);
        lua_pushcclosure(L, step_sorted, 3);
    }
    lua_pushvalue(L, 2);
    lua_pushnil(L);
    return 3;
}
