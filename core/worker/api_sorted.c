// SPDX-License-Identifier: Apache-2.0
#include "worker/api.h"
#include "worker/draft.h"
#include "worker/message.h"
#include "worker/sandbox.h"

#include <lauxlib.h>
#include <limits.h>

/** Charged for an element that is read or written: metamethods may be asked. */
#define ELEMENT_STEPS 2
/** Charged for a comparison, beside the bytes of texts. */
#define COMPARISON_STEPS 4
#define COMPARED_BYTES_A_STEP 64

/** Checks that the argument is a table that may be written. */
static void check_writable(lua_State *L, int argument)
{
    luaL_checktype(L, argument, LUA_TTABLE);
    if (hk_sandbox_push_real(L, argument))
        luaL_argerror(L, argument, "this table is read-only");
}

/** Checks that the argument is a table; of a sealed one puts what is behind it in its place. */
static void check_readable(lua_State *L, int argument)
{
    luaL_checktype(L, argument, LUA_TTABLE);
    if (hk_sandbox_push_real(L, argument))
        lua_replace(L, argument);
}

static int get(lua_State *L, int index, lua_Integer place)
{
    hk_state_charge(L, ELEMENT_STEPS);
    return lua_geti(L, index, place);
}

/** Sets the element to the value on top, and pops that. */
static void set(lua_State *L, int index, lua_Integer place)
{
    hk_state_charge(L, ELEMENT_STEPS);
    lua_seti(L, index, place);
}

/** Adds one to a length: a metamethod may say that it is the greatest integer. */
static lua_Integer after(lua_Integer size)
{
    return (lua_Integer)((lua_Unsigned)size + 1);
}

/** Is `place` from 1 to `last`, as sizes go (a size may be negative when a metamethod says so)? */
static bool is_place(lua_Integer place, lua_Integer last)
{
    return (lua_Unsigned)place - 1 < (lua_Unsigned)last;
}

static int sorted_insert(lua_State *L)
{
    check_writable(L, 1);
    int count = lua_gettop(L);
    lua_Integer end = after(luaL_len(L, 1));
    if (count == 2) {
        set(L, 1, end);
        return 0;
    }
    if (count != 3)
        return luaL_error(L, "wrong number of arguments to 'insert'");
    lua_Integer place = luaL_checkinteger(L, 2);
    luaL_argcheck(L, is_place(place, end), 2, "position out of bounds");
    for (lua_Integer at = end; at > place; at--) {
        (void)get(L, 1, at - 1);
        set(L, 1, at);
    }
    set(L, 1, place);
    return 0;
}

static int sorted_remove(lua_State *L)
{
    check_writable(L, 1);
    lua_Integer size = luaL_len(L, 1);
    lua_Integer place = luaL_optinteger(L, 2, size);
    if (lua_gettop(L) > 1)
        luaL_argcheck(L, place == size || is_place(place, after(size)), 2,
                      "position out of bounds");
    (void)get(L, 1, place);
    for (; place < size; place++) {
        (void)get(L, 1, place + 1);
        set(L, 1, place);
    }
    lua_pushnil(L);
    set(L, 1, place);
    return 1;
}

static int sorted_move(lua_State *L)
{
    lua_Integer from = luaL_checkinteger(L, 2);
    lua_Integer last = luaL_checkinteger(L, 3);
    lua_Integer to = luaL_checkinteger(L, 4);
    int target = lua_isnoneornil(L, 5) ? 1 : 5;
    bool is_same = target == 1 || lua_rawequal(L, 1, 5);
    check_writable(L, target);
    check_readable(L, 1);
    if (last >= from) {
        luaL_argcheck(L, from > 0 || last < LUA_MAXINTEGER + from, 3, "too many elements to move");
        lua_Integer more = last - from;
        luaL_argcheck(L, to <= LUA_MAXINTEGER - more, 4, "destination wraps around");
        // Within one table the order keeps what is still to be read.
        bool is_backward = is_same && to > from && to <= last;
        for (lua_Integer i = 0; i <= more; i++) {
            lua_Integer at = is_backward ? more - i : i;
            (void)get(L, 1, from + at);
            set(L, target, to + at);
        }
    }
    lua_pushvalue(L, target);
    return 1;
}

static void append_element(lua_State *L, struct hk_draft *draft, lua_Integer place)
{
    int type = get(L, 1, place);
    if (type != LUA_TSTRING && type != LUA_TNUMBER)
        luaL_error(L, "invalid value (%s) at index %I in table for 'concat'",
                   hk_message_kind(L, -1), (LUAI_UACINT)place);
    hk_draft_take(draft);
}

static int sorted_concat(lua_State *L)
{
    struct hk_draft draft;
    struct hk_slice separator;
    check_readable(L, 1);
    separator.at = luaL_optlstring(L, 2, "", &separator.size);
    lua_Integer place = luaL_optinteger(L, 3, 1);
    lua_Integer last = lua_isnoneornil(L, 4) ? luaL_len(L, 1) : luaL_checkinteger(L, 4);
    hk_draft_begin(&draft, L);
    for (; place < last; place++) {
        append_element(L, &draft, place);
        hk_draft_append(&draft, separator);
    }
    if (place == last)
        append_element(L, &draft, place);
    hk_draft_push(&draft);
    return 1;
}

static int sorted_pack(lua_State *L)
{
    int count = lua_gettop(L);
    hk_state_charge(L, (uint32_t)count + 1);
    lua_createtable(L, count, 1);
    lua_insert(L, 1);
    for (int i = count; i > 0; i--)
        lua_rawseti(L, 1, i);
    lua_pushinteger(L, count);
    lua_setfield(L, 1, "n");
    return 1;
}

static int sorted_unpack(lua_State *L)
{
    check_readable(L, 1);
    lua_Integer from = luaL_optinteger(L, 2, 1);
    lua_Integer last = lua_isnoneornil(L, 3) ? luaL_len(L, 1) : luaL_checkinteger(L, 3);
    if (from > last)
        return 0;
    lua_Unsigned more = (lua_Unsigned)last - (lua_Unsigned)from;
    if (more >= INT_MAX || !lua_checkstack(L, (int)more + 1))
        return luaL_error(L, "too many results to unpack");
    for (lua_Unsigned i = 0; i <= more; i++)
        (void)get(L, 1, (lua_Integer)((lua_Unsigned)from + i));
    return (int)more + 1;
}

// ---- sort ----------------------------------------------------------------------------------

enum { SORT_TABLE = 1, SORT_FUNCTION = 2 };

/** Charges for comparing two texts: the budget must see how long they are. */
static void charge_comparison(lua_State *L, int a, int b)
{
    size_t size = 0;
    if (lua_type(L, a) == LUA_TSTRING && lua_type(L, b) == LUA_TSTRING) {
        size_t other = lua_rawlen(L, b);
        size = lua_rawlen(L, a);
        size = (size < other ? size : other) / COMPARED_BYTES_A_STEP;
    }
    hk_state_charge(L, COMPARISON_STEPS + (uint32_t)(size > UINT16_MAX ? UINT16_MAX : size));
}

/** Must the value on top come before the one below it? */
static bool is_before(lua_State *L, bool has_function)
{
    if (!has_function) {
        charge_comparison(L, -1, -2);
        return lua_compare(L, -1, -2, LUA_OPLT);
    }
    hk_state_charge(L, COMPARISON_STEPS);
    lua_pushvalue(L, SORT_FUNCTION);
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -4);
    lua_call(L, 2, 1);
    bool is_true = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return is_true;
}

/** A merge of two neighbouring runs of a list into the same places of another one. */
struct merge {
    int from, to;                    /**< The lists' places on the stack. */
    lua_Integer left, middle, right; /**< Runs: left to middle - 1, middle to right - 1. */
    bool has_function;
};

static void merge_runs(lua_State *L, struct merge merge)
{
    lua_Integer a = merge.left, b = merge.middle;
    for (lua_Integer at = merge.left; at < merge.right; at++) {
        bool is_right = a == merge.middle;
        if (!is_right && b < merge.right) {
            lua_rawgeti(L, merge.from, a);
            lua_rawgeti(L, merge.from, b);
            is_right = is_before(L, merge.has_function);
            lua_pop(L, 2);
        }
        hk_state_charge(L, 1);
        lua_rawgeti(L, merge.from, is_right ? b++ : a++);
        lua_rawseti(L, merge.to, at);
    }
}

/** Merges from the bottom up: equal elements keep their order, and no comparison, however wrong,
 * can lead out of the lists. Gets the place of the sorted list. */
static int merge_all(lua_State *L, int list, lua_Integer size, bool has_function)
{
    int from = list, to = list + 1;
    for (lua_Integer width = 1; width < size; width *= 2) {
        for (lua_Integer left = 1; left <= size; left += 2 * width) {
            lua_Integer middle = left + width <= size ? left + width : size + 1;
            lua_Integer right = middle + width <= size ? middle + width : size + 1;
            merge_runs(L, (struct merge){ from, to, left, middle, right, has_function });
        }
        int other = from;
        from = to;
        to = other;
    }
    return from;
}

/** Sorts a copy, so that a comparison that fails half way leaves the table as it was. */
static int sorted_sort(lua_State *L)
{
    check_writable(L, 1);
    bool has_function = !lua_isnoneornil(L, SORT_FUNCTION);
    if (has_function)
        luaL_checktype(L, SORT_FUNCTION, LUA_TFUNCTION);
    lua_settop(L, SORT_FUNCTION);
    lua_Integer size = luaL_len(L, SORT_TABLE);
    if (size < 2)
        return 0;
    luaL_argcheck(L, size < INT_MAX, 1, "array too big");
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    lua_createtable(L, (int)size, 0);
    lua_createtable(L, (int)size, 0);
    for (lua_Integer i = 1; i <= size; i++) {
        (void)get(L, SORT_TABLE, i);
        lua_rawseti(L, 3, i);
    }
    int sorted = merge_all(L, 3, size, has_function);
    for (lua_Integer i = 1; i <= size; i++) {
        lua_rawgeti(L, sorted, i);
        set(L, SORT_TABLE, i);
    }
    return 0;
}

void hk_lua_open_sorted(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "concat", sorted_concat }, { "insert", sorted_insert },
        { "move", sorted_move },     { "pack", sorted_pack },
        { "remove", sorted_remove }, { "sort", sorted_sort },
        { "unpack", sorted_unpack }, { NULL, NULL },
    };
    luaL_newlib(L, functions);
}
