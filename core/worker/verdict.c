// SPDX-License-Identifier: Apache-2.0
#include "worker/verdict.h"

#include "base/spelling.h"
#include "worker/message.h"

#include <lauxlib.h>
#include <stdarg.h>

void hk_verdict_refuse(lua_State *L, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    lua_pushvfstring(L, format, arguments);
    va_end(arguments);
    hk_state_of(L)->is_wrong_return = true;
    lua_error(L);
    __builtin_unreachable();
}

void hk_verdict_check_fields(lua_State *L, int index, const char *what, const char *const *known)
{
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        lua_pop(L, 1);
        hk_state_charge(L, 4);
        struct hk_slice key = HK_SLICE_EMPTY;
        if (lua_type(L, -1) == LUA_TSTRING)
            key.at = lua_tolstring(L, -1, &key.size);
        bool is_known = false;
        for (int i = 0; known[i] != NULL && !is_known; i++)
            is_known = hk_slice_is(key, known[i]);
        if (is_known)
            continue;
        const char *shown = hk_message_push_shown(L, -1);
        const char *nearest = hk_spelling_nearest(key, known);
        if (key.size > 0 &&
            hk_spelling_is_near(key, hk_spelling_distance(key, hk_slice_of(nearest))))
            hk_verdict_refuse(L, "%s has no field %s; did you mean '%s'?", what, shown, nearest);
        hk_verdict_refuse(L, "%s has no field %s", what, shown);
    }
}

void hk_verdict_refuse_name(lua_State *L, const char *what, struct hk_slice name,
                            const struct hk_verdict_names *known)
{
    struct hk_slice best = HK_SLICE_EMPTY;
    uint32_t distance = UINT32_MAX;
    for (uint32_t i = 0; i < known->count; i++) {
        uint32_t far = hk_spelling_distance(name, known->at(known->list, i));
        hk_state_charge(L, 100);
        if (far < distance) {
            distance = far;
            best = known->at(known->list, i);
        }
    }
    lua_pushlstring(L, name.at, name.size);
    const char *shown = hk_message_push_shown(L, -1);
    if (best.size > 0 && hk_spelling_is_near(name, distance)) {
        lua_pushlstring(L, best.at, best.size);
        hk_verdict_refuse(L, "there is no %s %s; did you mean '%s'?", what, shown,
                          lua_tostring(L, -1));
    }
    hk_verdict_refuse(L, "there is no %s %s", what, shown);
}

bool hk_verdict_goes_on(lua_State *L, struct hk_bytes *out)
{
    if (lua_isnil(L, -2) || (lua_isboolean(L, -2) && lua_toboolean(L, -2)))
        return true;
    if (!lua_isboolean(L, -2))
        hk_verdict_refuse(L, "returned %s: nil, true, or false and why", hk_message_kind(L, -2));
    if (lua_isnil(L, -1))
        return false;
    struct hk_slice why = HK_SLICE_EMPTY;
    if (lua_type(L, -1) != LUA_TSTRING)
        hk_verdict_refuse(L, "returned false and %s: the reason is a text", hk_message_kind(L, -1));
    why.at = lua_tolstring(L, -1, &why.size);
    if (hk_message_clean(why, HK_POLICY_TEXT_BYTES_MAX, out) < 0)
        luaL_error(L, "out of memory");
    return false;
}
