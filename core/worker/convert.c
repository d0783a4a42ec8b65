// SPDX-License-Identifier: Apache-2.0
#include "worker/convert.h"

#include "base/json_number.h"
#include "worker/convert_place.h"
#include "worker/sandbox.h"
#include "worker/state.h"

#include <lauxlib.h>

/** Keys of the registry: their addresses. */
static const char array_key = 'a';
static const char object_key = 'o';
/** Null is the address of this. */
static const char null_value = '0';

/** Items that are gathered on the Lua stack before their table is made, so that it gets its size at
 * once. */
#define GATHERED_MAX 24
/** Unescaped texts up to here are made on the C stack. */
#define SHORT_TEXT_BYTES 512
/** Lua stack that one level of any walk takes at most. */
#define LEVEL_SLOTS (3 * GATHERED_MAX + 8)

static void push_locked_metatable(lua_State *L)
{
    lua_createtable(L, 0, 1);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
}

static int null_text(lua_State *L)
{
    lua_pushliteral(L, "null");
    return 1;
}

void hk_convert_open(lua_State *L)
{
    push_locked_metatable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &array_key);
    push_locked_metatable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &object_key);
    // All light userdata share this one; null is the only one that scripts see.
    hk_convert_push_null(L);
    push_locked_metatable(L);
    lua_createtable(L, 0, 0);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, null_text);
    lua_setfield(L, -2, "__tostring");
    lua_pushliteral(L, "null");
    lua_setfield(L, -2, "__name");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

void hk_convert_push_null(lua_State *L)
{
    // Never written through.
    lua_pushlightuserdata(L, (void *)(uintptr_t)&null_value);
}

bool hk_convert_is_null(lua_State *L, int index)
{
    return lua_touserdata(L, index) == &null_value;
}

void hk_convert_mark_array(lua_State *L, int index, bool is_array)
{
    index = lua_absindex(L, index);
    lua_rawgetp(L, LUA_REGISTRYINDEX, is_array ? &array_key : &object_key);
    lua_setmetatable(L, index);
}

static bool has_mark(lua_State *L, int index, const char *key)
{
    if (lua_type(L, index) != LUA_TTABLE || !lua_getmetatable(L, index))
        return false;
    lua_rawgetp(L, LUA_REGISTRYINDEX, key);
    bool is_it = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return is_it;
}

bool hk_convert_is_array(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    if (lua_type(L, index) != LUA_TTABLE)
        return false;
    int stack_top = lua_gettop(L);
    if (!hk_sandbox_push_real(L, index))
        lua_pushvalue(L, index);
    lua_pushnil(L);
    bool is_array;
    if (lua_next(L, -2)) {
        lua_pop(L, 2);
        is_array = lua_rawgeti(L, -1, 1) != LUA_TNIL;
    } else {
        is_array = has_mark(L, -1, &array_key);
    }
    lua_settop(L, stack_top);
    return is_array;
}

bool hk_convert_is_marked(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    return has_mark(L, index, &array_key) || has_mark(L, index, &object_key);
}

void hk__convert_push_text(lua_State *L, struct hk_slice raw, bool has_escapes)
{
    if (!has_escapes) {
        lua_pushlstring(L, raw.at, raw.size);
        return;
    }
    // Not luaL_Buffer: it is left broken for ever when memory ends at its first use.
    char start[SHORT_TEXT_BYTES];
    char *text = start;
    if (raw.size > sizeof(start))
        text = lua_newuserdatauv(L, raw.size, 0);
    lua_pushlstring(L, text, hk_json_unescape(raw, text));
    if (text != start)
        lua_remove(L, -2);
}

static void push_number(lua_State *L, struct hk_slice text)
{
    struct hk_json_number number;
    if (hk_json_number_parse(text, &number) != 0)
        luaL_error(L, "not enough memory");
    if (number.is_integer)
        lua_pushinteger(L, number.integer);
    else
        lua_pushnumber(L, number.real);
}

// NOLINTBEGIN(misc-no-recursion): a walker with a depth limit
static void push_value(lua_State *L, struct hk_json_reader *reader, int copies);

/** Makes the tables of a container in their places from `table` on. */
static void make_tables(lua_State *L, int table, int copies, int array_size, int object_size)
{
    for (int i = 0; i < copies; i++) {
        lua_createtable(L, array_size, object_size);
        lua_replace(L, table + i);
    }
}

/** Moves a key and its value's copies from the top into the tables. */
static void set_member(lua_State *L, int table, int copies)
{
    if (copies == 2) {
        lua_pushvalue(L, -3);
        lua_insert(L, -2);
        lua_rawset(L, table + 1);
    }
    lua_rawset(L, table);
}

static void set_element(lua_State *L, int table, int copies, lua_Integer place)
{
    for (int i = copies - 1; i >= 0; i--)
        lua_rawseti(L, table + i, place);
}

static void push_member(lua_State *L, struct hk_json_reader *reader, int copies)
{
    bool has_escapes;
    struct hk_slice key = hk_json_reader_key(reader, &has_escapes);
    hk__convert_push_text(L, key, has_escapes);
    push_value(L, reader, copies);
}

static void push_object(lua_State *L, struct hk_json_reader *reader, int copies)
{
    bool has_next;
    int count = 0;
    int table = lua_gettop(L) + 1;
    lua_settop(L, table + copies - 1);
    hk_json_reader_enter(reader);
    while ((has_next = hk_json_reader_next(reader)) && count < GATHERED_MAX) {
        push_member(L, reader, copies);
        count++;
    }
    make_tables(L, table, copies, 0, has_next ? 2 * count : count);
    while (count-- > 0)
        set_member(L, table, copies);
    for (; has_next; has_next = hk_json_reader_next(reader)) {
        push_member(L, reader, copies);
        set_member(L, table, copies);
    }
}

static void push_array(lua_State *L, struct hk_json_reader *reader, int copies)
{
    bool has_next;
    lua_Integer count = 0;
    int table = lua_gettop(L) + 1;
    lua_settop(L, table + copies - 1);
    hk_json_reader_enter(reader);
    while ((has_next = hk_json_reader_next(reader)) && count < GATHERED_MAX) {
        push_value(L, reader, copies);
        count++;
    }
    make_tables(L, table, copies, (int)(has_next ? 2 * count : count), 0);
    for (lua_Integer i = count; i > 0; i--)
        set_element(L, table, copies, i);
    for (; has_next; has_next = hk_json_reader_next(reader)) {
        push_value(L, reader, copies);
        set_element(L, table, copies, ++count);
    }
    for (int i = 0; i < copies; i++)
        hk_convert_mark_array(L, table + i, true);
}

static void push_plain(lua_State *L, struct hk_json_reader *reader)
{
    bool has_escapes;
    switch (hk_json_reader_type(reader)) {
    case HK_JSON_STRING: {
        struct hk_slice raw = hk_json_reader_string(reader, &has_escapes);
        hk__convert_push_text(L, raw, has_escapes);
        break;
    }
    case HK_JSON_NUMBER:
        push_number(L, hk_json_reader_skip(reader).text);
        break;
    case HK_JSON_BOOL:
        lua_pushboolean(L, hk_json_reader_skip(reader).text.at[0] == 't');
        break;
    default:
        hk_json_reader_skip(reader);
        hk_convert_push_null(L);
        break;
    }
}

/** Pushes the value that is read next, once or twice: `copies` share nothing that can change. */
static void push_value(lua_State *L, struct hk_json_reader *reader, int copies)
{
    enum hk_json_type type = hk_json_reader_type(reader);
    if (type == HK_JSON_OBJECT || type == HK_JSON_ARRAY) {
        luaL_checkstack(L, LEVEL_SLOTS, NULL);
        if (type == HK_JSON_OBJECT)
            push_object(L, reader, copies);
        else
            push_array(L, reader, copies);
        return;
    }
    push_plain(L, reader);
    if (copies == 2)
        lua_pushvalue(L, -1);
}
// NOLINTEND(misc-no-recursion)

/** Steps of the budget for reading so many bytes. */
static uint32_t work_of(size_t size)
{
    return (uint32_t)(size / 4 + 1);
}

static void push_copies(lua_State *L, struct hk_json_value value, int copies)
{
    struct hk_json_reader reader = hk_json_reader_start(value);
    hk_state_charge(L, work_of(value.text.size));
    luaL_checkstack(L, LEVEL_SLOTS, NULL);
    push_value(L, &reader, copies);
}

void hk_convert_push(lua_State *L, struct hk_json_value value)
{
    push_copies(L, value, 1);
}

void hk_convert_push_twice(lua_State *L, struct hk_json_value value)
{
    push_copies(L, value, 2);
}

static void writer_init(struct hk__convert_writer *writer, lua_State *L,
                        struct hk_json_value original)
{
    // Deep enough for all levels of any walk.
    luaL_checkstack(L, HK_JSON_DEPTH_MAX * 8 + 32, NULL);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &object_key);
    *writer = (struct hk__convert_writer){
        .L = L,
        .copied = original.text.at,
        .array_mark = lua_topointer(L, -2),
        .object_mark = lua_topointer(L, -1),
    };
    lua_pop(L, 2);
}

int hk_convert_append(lua_State *L, struct hk_json_value original, size_t bytes_max,
                      struct hk_bytes *out, struct hk_fault *fault)
{
    struct hk__convert_writer writer;
    struct hk__convert_place top = { .parent = NULL };
    int rc;
    int stack_top = lua_gettop(L);
    writer_init(&writer, L, original);
    writer.out = out;
    writer.out_size_max = bytes_max > SIZE_MAX - out->size ? SIZE_MAX : out->size + bytes_max;
    writer.fault = fault;
    lua_pushvalue(L, stack_top);
    if (original.text.size == 0) {
        rc = hk__convert_fresh(&writer, &top);
    } else {
        struct hk_json_reader reader = hk_json_reader_start(original);
        hk_state_charge(L, work_of(original.text.size));
        rc = hk__convert_beside(&writer, &top, &reader);
        if (rc == 0)
            rc = hk__convert_copy(&writer, reader.end);
    }
    lua_settop(L, stack_top);
    if (rc == HK_ELIMIT)
        hk_fault_set(fault, rc, "the JSON has more than %zu bytes", bytes_max);
    else if (rc == HK_ENOMEM)
        hk_fault_set(fault, rc, "%s", hk_error_text(rc));
    return rc;
}

bool hk_convert_is_equal(lua_State *L, int index, struct hk_json_value original)
{
    struct hk__convert_writer writer;
    struct hk_json_reader reader = hk_json_reader_start(original);
    int stack_top = lua_gettop(L);
    index = lua_absindex(L, index);
    writer_init(&writer, L, original);
    hk_state_charge(L, work_of(original.text.size));
    lua_pushvalue(L, index);
    bool is_equal = hk__convert_equal(&writer, &reader);
    lua_settop(L, stack_top);
    return is_equal;
}
