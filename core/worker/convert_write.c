// SPDX-License-Identifier: Apache-2.0
#include "base/json_number.h"
#include "worker/convert_place.h"
#include "worker/sandbox.h"
#include "worker/state.h"

#include <lauxlib.h>

#include <math.h>
#include <stdio.h>

/** Longest part of a name in a path, and longest path. */
#define PATH_KEY_BYTES_MAX 40
#define PATH_BYTES_MAX 240

/** Writes the path of a place from its last part on, backwards, as far as there is room. */
static const char *path_write(const struct hk__convert_place *place, char *end, char *start)
{
    char *at = end;
    for (; place->parent != NULL; place = place->parent) {
        char part[PATH_KEY_BYTES_MAX + 32];
        struct hk_slice key = hk_slice_cut(place->key, PATH_KEY_BYTES_MAX);
        const char *dot = place->parent->parent != NULL ? "." : "";
        int size = place->index != 0
                       ? snprintf(part, sizeof(part), "[%lld]", (long long)place->index)
                       : snprintf(part, sizeof(part), "%s%.*s", dot, (int)key.size, key.at);
        if (at - start < size)
            break;
        at -= size;
        memcpy(at, part, (size_t)size);
    }
    return at;
}

int hk__convert_refuse(struct hk__convert_writer *writer, const struct hk__convert_place *place,
                       const char *what)
{
    char path[PATH_BYTES_MAX + 1] = "";
    char *end = path + PATH_BYTES_MAX;
    *end = '\0';
    const char *at = path_write(place, end, path);
    if (at == end)
        at = "the value";
    return hk_fault_set(writer->fault, HK_EINVAL, "%s: %s", at, what);
}

/** Refuses a table for the key on the top of the stack, which is no name. */
static int refuse_key(struct hk__convert_writer *writer, const struct hk__convert_place *place)
{
    char what[96];
    lua_State *L = writer->L;
    if (lua_isinteger(L, -1))
        snprintf(what, sizeof(what), "the key %lld cannot be JSON",
                 (long long)lua_tointeger(L, -1));
    else
        snprintf(what, sizeof(what), "a key that is a %s cannot be JSON", luaL_typename(L, -1));
    return hk__convert_refuse(writer, place, what);
}

/** Refuses an array with holes, and names the first. */
static int refuse_holes(struct hk__convert_writer *writer, const struct hk__convert_place *place)
{
    char what[96];
    lua_State *L = writer->L;
    lua_Integer hole = 0;
    int type;
    do {
        hk_state_charge(L, 1);
        type = lua_rawgeti(L, -1, ++hole);
        lua_pop(L, 1);
    } while (type != LUA_TNIL);
    snprintf(what, sizeof(what), "an array without element %lld cannot be JSON", (long long)hole);
    return hk__convert_refuse(writer, place, what);
}

int hk__convert_shape(struct hk__convert_writer *writer, const struct hk__convert_place *place,
                      struct hk__convert_shape *shape)
{
    lua_State *L = writer->L;
    lua_Integer names = 0, numbers = 0, max = 0;
    for (lua_pushnil(L); lua_next(L, -2);) {
        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TSTRING) {
            names++;
        } else if (lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 1) {
            lua_Integer number = lua_tointeger(L, -1);
            numbers++;
            max = number > max ? number : max;
        } else {
            return refuse_key(writer, place);
        }
    }
    hk_state_charge(L, (uint32_t)(names + numbers + 1));
    if (names != 0 && numbers != 0)
        return hk__convert_refuse(writer, place,
                                  "a table with names and numbers as keys cannot be "
                                  "JSON");
    if (max != numbers)
        return refuse_holes(writer, place);
    shape->count = names + numbers;
    shape->kind = names != 0     ? HK__CONVERT_OBJECT
                  : numbers != 0 ? HK__CONVERT_ARRAY
                                 : HK__CONVERT_EMPTY;
    return 0;
}

/** Decides what an empty table is, by its mark or else by what was at its place. */
static enum hk__convert_kind kind_of_empty(struct hk__convert_writer *writer,
                                           enum hk_json_type original)
{
    lua_State *L = writer->L;
    if (lua_getmetatable(L, -1)) {
        const void *mark = lua_topointer(L, -1);
        lua_pop(L, 1);
        if (mark == writer->array_mark)
            return HK__CONVERT_ARRAY;
        if (mark == writer->object_mark)
            return HK__CONVERT_OBJECT;
    }
    return original == HK_JSON_ARRAY ? HK__CONVERT_ARRAY : HK__CONVERT_OBJECT;
}

/** Counts the keys of the table on the top, up to one more than `enough`. */
static lua_Integer keys_count(lua_State *L, lua_Integer enough)
{
    lua_Integer count = 0;
    for (lua_pushnil(L); lua_next(L, -2);) {
        lua_pop(L, 1);
        if (++count > enough) {
            lua_pop(L, 1);
            break;
        }
    }
    return count;
}

// NOLINTBEGIN(misc-no-recursion): a walker with a depth limit
static bool object_is_equal(struct hk__convert_writer *writer, struct hk_json_reader *reader)
{
    lua_State *L = writer->L;
    lua_Integer count = 0;
    bool has_escapes;
    hk_json_reader_enter(reader);
    while (hk_json_reader_next(reader)) {
        struct hk_slice key = hk_json_reader_key(reader, &has_escapes);
        hk__convert_push_text(L, key, has_escapes);
        bool is_equal = lua_rawget(L, -2) != LUA_TNIL && hk__convert_equal(writer, reader);
        lua_pop(L, 1);
        if (!is_equal)
            return false;
        count++;
    }
    hk_state_charge(L, (uint32_t)(4 * count + 1));
    if (count == 0 && kind_of_empty(writer, HK_JSON_OBJECT) != HK__CONVERT_OBJECT)
        return false;
    return keys_count(L, count) == count;
}

static bool array_is_equal(struct hk__convert_writer *writer, struct hk_json_reader *reader)
{
    lua_State *L = writer->L;
    lua_Integer count = 0;
    hk_json_reader_enter(reader);
    while (hk_json_reader_next(reader)) {
        bool is_equal =
            lua_rawgeti(L, -1, ++count) != LUA_TNIL && hk__convert_equal(writer, reader);
        lua_pop(L, 1);
        if (!is_equal)
            return false;
    }
    hk_state_charge(L, (uint32_t)(2 * count + 1));
    if (count == 0 && kind_of_empty(writer, HK_JSON_ARRAY) != HK__CONVERT_ARRAY)
        return false;
    return keys_count(L, count) == count;
}

/** An integer is equal to an integer only, zero to a zero of its sign. */
static bool number_is_equal(lua_State *L, struct hk_slice text)
{
    struct hk_json_number number;
    if (hk_json_number_parse(text, &number) != 0)
        luaL_error(L, "not enough memory");
    if (number.is_integer)
        return lua_isinteger(L, -1) && lua_tointeger(L, -1) == number.integer;
    double real = lua_tonumber(L, -1);
    return !lua_isinteger(L, -1) && real == number.real && !signbit(real) == !signbit(number.real);
}

static bool string_is_equal(lua_State *L, struct hk_json_reader *reader)
{
    bool has_escapes;
    struct hk_slice raw = hk_json_reader_string(reader, &has_escapes);
    struct hk_slice text;
    text.at = lua_tolstring(L, -1, &text.size);
    return has_escapes ? hk_json_is_text(raw, text) : hk_slice_is_equal(raw, text);
}

/** Puts what is behind a sealed table in its place on the top. */
static void unseal(lua_State *L)
{
    if (hk_sandbox_push_real(L, -1))
        lua_replace(L, -2);
}

bool hk__convert_equal(struct hk__convert_writer *writer, struct hk_json_reader *reader)
{
    lua_State *L = writer->L;
    unseal(L);
    int type = lua_type(L, -1);
    switch (hk_json_reader_type(reader)) {
    case HK_JSON_OBJECT:
        return type == LUA_TTABLE && object_is_equal(writer, reader);
    case HK_JSON_ARRAY:
        return type == LUA_TTABLE && array_is_equal(writer, reader);
    case HK_JSON_STRING:
        return type == LUA_TSTRING && string_is_equal(L, reader);
    case HK_JSON_NUMBER:
        return type == LUA_TNUMBER && number_is_equal(L, hk_json_reader_skip(reader).text);
    case HK_JSON_BOOL: {
        bool is_true = hk_json_reader_skip(reader).text.at[0] == 't';
        return type == LUA_TBOOLEAN && lua_toboolean(L, -1) == is_true;
    }
    case HK_JSON_NULL:
        hk_json_reader_skip(reader);
        return hk_convert_is_null(L, -1);
    }
    return false;
}

static int object_beside(struct hk__convert_writer *writer, const struct hk__convert_place *place,
                         struct hk_json_reader *reader, lua_Integer count)
{
    lua_State *L = writer->L;
    struct hk_json_reader first = *reader;
    struct hk__convert_place member = { .parent = place, .depth = place->depth + 1 };
    lua_Integer found = 0;
    int rc = 0;
    hk_json_reader_enter(reader);
    struct hk__convert_edit edit = { .open = reader->at };
    while (rc == 0 && hk_json_reader_next(reader)) {
        bool has_escapes;
        const char *start = reader->at;
        member.key = hk_json_reader_key(reader, &has_escapes);
        hk__convert_push_text(L, member.key, has_escapes);
        if (lua_rawget(L, -2) == LUA_TNIL) {
            hk_json_reader_skip(reader);
            hk__convert_leave_out(writer, &edit, start, reader->at);
        } else {
            found++;
            rc = hk__convert_keep(writer, &edit, start);
            if (rc == 0)
                rc = hk__convert_beside(writer, &member, reader);
            hk__convert_kept(&edit, reader->at);
        }
        lua_pop(L, 1);
    }
    if (rc == 0 && found < count)
        rc = hk__convert_new_members(writer, place, &first, count - found, &edit);
    return rc != 0 ? rc : hk__convert_close(writer, &edit, reader->at - 1);
}

/** Puts out a value that is another than the original. */
static int replace(struct hk__convert_writer *writer, const struct hk__convert_place *place,
                   struct hk_json_reader *reader)
{
    const char *start = reader->at;
    hk_json_reader_skip(reader);
    int rc = hk__convert_copy(writer, start);
    writer->copied = reader->at;
    return rc != 0 ? rc : hk__convert_fresh(writer, place);
}

static int table_beside(struct hk__convert_writer *writer, const struct hk__convert_place *place,
                        struct hk_json_reader *reader)
{
    struct hk__convert_shape shape = { 0 };
    enum hk_json_type original = hk_json_reader_type(reader);
    int rc = hk__convert_shape(writer, place, &shape);
    if (rc != 0)
        return rc;
    if (shape.kind == HK__CONVERT_EMPTY)
        shape.kind = kind_of_empty(writer, original);
    if (shape.kind == HK__CONVERT_OBJECT && original == HK_JSON_OBJECT)
        return object_beside(writer, place, reader, shape.count);
    if (shape.kind == HK__CONVERT_ARRAY && original == HK_JSON_ARRAY)
        return hk__convert_array_beside(writer, place, reader, shape.count);
    return replace(writer, place, reader);
}

int hk__convert_beside(struct hk__convert_writer *writer, const struct hk__convert_place *place,
                       struct hk_json_reader *reader)
{
    struct hk_json_reader start = *reader;
    enum hk_json_type original = hk_json_reader_type(reader);
    unseal(writer->L);
    if (lua_type(writer->L, -1) == LUA_TTABLE &&
        (original == HK_JSON_OBJECT || original == HK_JSON_ARRAY))
        return table_beside(writer, place, reader);
    if (hk__convert_equal(writer, reader))
        return 0;
    *reader = start;
    return replace(writer, place, reader);
}

static int fresh_string(struct hk__convert_writer *writer, const struct hk__convert_place *place)
{
    struct hk_slice text;
    text.at = lua_tolstring(writer->L, -1, &text.size);
    hk_state_charge(writer->L, (uint32_t)(text.size / 8));
    if (!hk_utf8_is_valid(text))
        return hk__convert_refuse(writer, place, "a string that is no UTF-8 cannot be JSON");
    if (text.size + 2 > writer->out_size_max - writer->out->size)
        return HK_ELIMIT;
    int rc = hk_json_append_string(writer->out, text);
    return rc == 0 && writer->out->size > writer->out_size_max ? HK_ELIMIT : rc;
}

static int fresh_number(struct hk__convert_writer *writer, const struct hk__convert_place *place)
{
    lua_State *L = writer->L;
    int rc;
    if (lua_isinteger(L, -1)) {
        rc = hk_json_append_integer(writer->out, lua_tointeger(L, -1));
    } else {
        double real = lua_tonumber(L, -1);
        hk_state_charge(L, 32);
        if (isnan(real))
            return hk__convert_refuse(writer, place, "NaN cannot be JSON");
        if (isinf(real))
            return hk__convert_refuse(writer, place, "an infinity cannot be JSON");
        rc = hk_json_append_real(writer->out, real);
    }
    return rc == 0 && writer->out->size > writer->out_size_max ? HK_ELIMIT : rc;
}

static int fresh_array(struct hk__convert_writer *writer, const struct hk__convert_place *place,
                       lua_Integer count)
{
    struct hk__convert_place element = { .parent = place, .depth = place->depth + 1 };
    int rc = hk__convert_put(writer, "[", 1);
    for (lua_Integer i = 1; rc == 0 && i <= count; i++) {
        if (i > 1)
            rc = hk__convert_put(writer, ",", 1);
        if (rc != 0)
            break;
        element.index = i;
        lua_rawgeti(writer->L, -1, i);
        rc = hk__convert_fresh(writer, &element);
        lua_pop(writer->L, 1);
    }
    return rc != 0 ? rc : hk__convert_put(writer, "]", 1);
}

static int fresh_object(struct hk__convert_writer *writer, const struct hk__convert_place *place,
                        lua_Integer count)
{
    struct hk__convert_edit edit = { .is_inserting = true };
    int rc = hk__convert_put(writer, "{", 1);
    if (rc == 0 && count > 0)
        rc = hk__convert_new_members(writer, place, NULL, count, &edit);
    return rc != 0 ? rc : hk__convert_put(writer, "}", 1);
}

static int fresh_table(struct hk__convert_writer *writer, const struct hk__convert_place *place)
{
    struct hk__convert_shape shape;
    if (place->depth >= HK_JSON_DEPTH_MAX)
        return hk__convert_refuse(writer, place, "more than 64 levels, or a cycle, cannot be JSON");
    int rc = hk__convert_shape(writer, place, &shape);
    if (rc != 0)
        return rc;
    if (shape.kind == HK__CONVERT_EMPTY)
        shape.kind = kind_of_empty(writer, HK_JSON_OBJECT);
    return shape.kind == HK__CONVERT_ARRAY ? fresh_array(writer, place, shape.count)
                                           : fresh_object(writer, place, shape.count);
}

int hk__convert_fresh(struct hk__convert_writer *writer, const struct hk__convert_place *place)
{
    char what[64];
    lua_State *L = writer->L;
    unseal(L);
    switch (lua_type(L, -1)) {
    case LUA_TTABLE:
        return fresh_table(writer, place);
    case LUA_TSTRING:
        return fresh_string(writer, place);
    case LUA_TNUMBER:
        return fresh_number(writer, place);
    case LUA_TBOOLEAN:
        return lua_toboolean(L, -1) ? hk__convert_put(writer, "true", 4)
                                    : hk__convert_put(writer, "false", 5);
    default:
        break;
    }
    if (hk_convert_is_null(L, -1))
        return hk__convert_put(writer, "null", 4);
    snprintf(what, sizeof(what), "a %s cannot be JSON", luaL_typename(L, -1));
    return hk__convert_refuse(writer, place, what);
}
// NOLINTEND(misc-no-recursion)
