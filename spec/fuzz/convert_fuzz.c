// SPDX-License-Identifier: Apache-2.0
/* Decodes any document into Lua, and writes it again: unchanged it must keep its bytes; with one
 * thing changed, what comes out must be JSON that reads as the changed value; without an original
 * it must read as the same value. The first byte says what is changed. */
#include "worker/convert.h"

#include "base/alloc.h"
#include "base/check.h"
#include "worker/state.h"

#include <lauxlib.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

/** A state without a budget or a cap. */
static lua_State *open_state(void)
{
    static struct hk_state_world world = { .memory_bytes_max = 64u << 20 };
    static struct hk_state state = { .magic = HK_STATE_MAGIC, .world = &world };
    if (state.L == NULL) {
        state.L = luaL_newstate();
        hk_assert(state.L != NULL);
        *(struct hk_state **)lua_getextraspace(state.L) = &state;
        hk_convert_open(state.L);
    }
    return state.L;
}

/** Writes the value at 1; gets whether it can be JSON, and holds the text against the value. */
static bool write_again(lua_State *L, struct hk_json_value original, struct hk_bytes *out)
{
    struct hk_fault fault = { 0 };
    struct hk_json_value top;
    int rc = hk_convert_append(L, original, SIZE_MAX, out, &fault);
    hk_assert(lua_gettop(L) == 1);
    if (rc != 0) {
        hk_assert(rc == HK_EINVAL && fault.text[0] != '\0');
        return false;
    }
    hk_assert(hk_json_scan(hk_bytes_slice(out), &top, NULL) == 0);
    hk_assert(hk_convert_is_equal(L, 1, top));
    return true;
}

/** Changes something near the top: replaces, removes, or adds. */
static void change(lua_State *L, unsigned how)
{
    if (!lua_istable(L, 1)) {
        lua_settop(L, 0);
        lua_pushliteral(L, "new");
        return;
    }
    lua_Integer count = luaL_len(L, 1);
    lua_Integer place = count == 0 ? 1 : how / 4 % count + 1;
    for (; how % 4 == 1 && place <= count; place++) {
        lua_rawgeti(L, 1, place + 1);
        lua_rawseti(L, 1, place);
    }
    if (how % 4 == 2) {
        for (lua_Integer i = count; i >= place; i--) {
            lua_rawgeti(L, 1, i);
            lua_rawseti(L, 1, i + 1);
        }
    }
    lua_pushnil(L);
    bool is_object = count == 0 && lua_next(L, 1) != 0;
    lua_settop(L, 1);
    lua_pushinteger(L, (lua_Integer)how);
    if (is_object)
        lua_setfield(L, 1, how % 4 == 3 ? "a" : "new");
    else if (how % 4 != 1)
        lua_rawseti(L, 1, place);
    lua_settop(L, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
    struct hk_json_value top, none = { HK_JSON_NULL, HK_SLICE_EMPTY };
    struct hk_bytes out = { 0 };
    if (data_bytes < 1)
        return 0;
    struct hk_slice document = { (const char *)data + 1, data_bytes - 1 };
    if (hk_json_scan(document, &top, NULL) != 0)
        return 0;
    lua_State *L = open_state();
    hk_convert_push(L, top);
    hk_assert(hk_convert_is_equal(L, 1, top));
    hk_assert(write_again(L, top, &out));
    hk_assert(hk_slice_is_equal(hk_bytes_slice(&out), top.text));
    hk_bytes_clear(&out);
    write_again(L, none, &out);
    change(L, data[0]);
    hk_bytes_clear(&out);
    // A document that is full of levels has no room for what is put beside nothing.
    write_again(L, top, &out);
    hk_bytes_fini(&out);
    lua_settop(L, 0);
    return 0;
}
