// SPDX-License-Identifier: Apache-2.0
#include "worker/convert_place.h"
#include "worker/state.h"

/** So many names are compared one by one; for more a table is made. */
#define FEW_MAX 32

static int text_compare(struct hk_slice a, struct hk_slice b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = memcmp(a.at, b.at, size);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/** Lets the name at `at` sink to its place in the heap of `count` names. */
static void heap_sink(struct hk_slice *names, size_t at, size_t count)
{
    struct hk_slice name = names[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count)
            break;
        if (child + 1 < count && text_compare(names[child], names[child + 1]) < 0)
            child++;
        if (text_compare(name, names[child]) >= 0)
            break;
        names[at] = names[child];
        at = child;
    }
    names[at] = name;
}

/** Sorts by bytes. Not qsort: the C library's asks the system how much memory there is, which the
 * worker's cage forbids. */
static void names_sort(lua_State *L, struct hk_slice *names, size_t count)
{
    for (size_t i = count / 2; i-- > 0;) {
        hk_state_charge(L, 4);
        heap_sink(names, i, count);
    }
    for (size_t last = count; last-- > 1;) {
        struct hk_slice greatest = names[0];
        names[0] = names[last];
        names[last] = greatest;
        hk_state_charge(L, 8);
        heap_sink(names, 0, last);
    }
}

/** Pushes a table of the original's names. */
static void push_known(lua_State *L, struct hk_json_reader reader)
{
    lua_createtable(L, 0, 0);
    hk_json_reader_enter(&reader);
    while (hk_json_reader_next(&reader)) {
        bool has_escapes;
        struct hk_slice key = hk_json_reader_key(&reader, &has_escapes);
        hk__convert_push_text(L, key, has_escapes);
        lua_pushboolean(L, 1);
        lua_rawset(L, -3);
        hk_json_reader_skip(&reader);
        hk_state_charge(L, 8);
    }
}

/** The original's names, while they are few and none has escapes. */
struct few {
    struct hk_slice names[FEW_MAX];
    size_t count;
};

/** Reads the original's names; false when they are too many, or not as they are written. */
static bool few_read(struct few *few, struct hk_json_reader reader)
{
    few->count = 0;
    hk_json_reader_enter(&reader);
    while (hk_json_reader_next(&reader)) {
        bool has_escapes;
        struct hk_slice name = hk_json_reader_key(&reader, &has_escapes);
        if (has_escapes || few->count == FEW_MAX)
            return false;
        few->names[few->count++] = name;
        hk_json_reader_skip(&reader);
    }
    return true;
}

static bool few_has(const struct few *few, struct hk_slice name)
{
    for (size_t i = 0; i < few->count; i++)
        if (hk_slice_is_equal(few->names[i], name))
            return true;
    return false;
}

/** Is the name on the top one of the original's? They are in `few`, or else (NULL) the keys of the
 * table at `known`. */
static bool is_known(lua_State *L, const struct few *few, int known, struct hk_slice name)
{
    if (few != NULL)
        return few_has(few, name);
    lua_pushvalue(L, -1);
    bool is_there = lua_rawget(L, known) != LUA_TNIL;
    lua_pop(L, 1);
    return is_there;
}

/** Gathers the names of the object on the top that `original` (NULL: nothing) does not have. */
static size_t names_gather(lua_State *L, const struct hk_json_reader *original,
                           struct hk_slice *names, size_t max)
{
    struct few few;
    int object = lua_gettop(L);
    bool are_few = original == NULL || few_read(&few, *original);
    size_t count = 0;
    if (original == NULL)
        few.count = 0;
    if (!are_few)
        push_known(L, *original);
    int known = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, object);) {
        struct hk_slice name;
        lua_pop(L, 1);
        name.at = lua_tolstring(L, -1, &name.size);
        hk_state_charge(L, 1);
        if (count < max && !is_known(L, are_few ? &few : NULL, known, name))
            names[count++] = name;
    }
    lua_settop(L, object);
    return count;
}

/** Puts out a name and the value on the top. */
static int put_member(struct hk__convert_writer *writer, const struct hk__convert_place *member)
{
    int rc =
        hk_utf8_is_valid(member->key)
            ? 0
            : hk__convert_refuse(writer, member->parent, "a name that is no UTF-8 cannot be JSON");
    if (rc == 0 && member->key.size + 3 > writer->out_size_max - writer->out->size)
        rc = HK_ELIMIT;
    if (rc == 0)
        rc = hk_json_append_string(writer->out, member->key);
    if (rc == 0 && writer->out->size >= writer->out_size_max)
        rc = HK_ELIMIT;
    if (rc == 0)
        rc = hk__convert_put(writer, ":", 1);
    return rc != 0 ? rc : hk__convert_fresh(writer, member);
}

int hk__convert_new_members(struct hk__convert_writer *writer,
                            const struct hk__convert_place *place,
                            const struct hk_json_reader *original, lua_Integer count,
                            struct hk__convert_edit *edit)
{
    lua_State *L = writer->L;
    int object = lua_gettop(L);
    struct hk__convert_place member = { .parent = place, .depth = place->depth + 1 };
    int rc = 0;
    // The names stay alive by being keys of the object, which nobody changes meanwhile.
    struct hk_slice *names = lua_newuserdatauv(L, (size_t)count * sizeof(*names), 0);
    lua_pushvalue(L, object);
    size_t found = names_gather(L, original, names, (size_t)count);
    names_sort(L, names, found);
    for (size_t i = 0; rc == 0 && i < found; i++) {
        member.key = names[i];
        rc = hk__convert_insert(writer, edit);
        if (rc != 0)
            break;
        lua_pushlstring(L, member.key.at, member.key.size);
        lua_rawget(L, object);
        rc = put_member(writer, &member);
        lua_pop(L, 1);
    }
    lua_settop(L, object);
    return rc;
}
