// SPDX-License-Identifier: Apache-2.0
#include "worker/api.h"
#include "worker/convert.h"
#include "worker/state.h"

#include <lauxlib.h>
#include <stdio.h>

/** Gets the text of an argument: what has one without an address. `number` is room for one. */
static struct hk_slice text_of(lua_State *L, int argument, char number[40])
{
    struct hk_slice text;
    switch (lua_type(L, argument)) {
    case LUA_TNIL:
        return HK_SLICE("nil");
    case LUA_TBOOLEAN:
        return lua_toboolean(L, argument) ? HK_SLICE("true") : HK_SLICE("false");
    case LUA_TNUMBER:
        if (lua_isinteger(L, argument))
            snprintf(number, 40, LUA_INTEGER_FMT, lua_tointeger(L, argument));
        else
            snprintf(number, 40, "%.14g", lua_tonumber(L, argument));
        return hk_slice_of(number);
    case LUA_TSTRING:
        text.at = lua_tolstring(L, argument, &text.size);
        return text;
    default:
        break;
    }
    if (hk_convert_is_null(L, argument))
        return HK_SLICE("null");
    luaL_typeerror(L, argument, "string, number, boolean or nil");
    return HK_SLICE_EMPTY;
}

/** Writes the arguments with a space between them, as far as there is room. */
static size_t line_write(lua_State *L, char line[HK_STATE_LOG_BYTES_MAX + 4])
{
    size_t size = 0;
    char number[40];
    int count = lua_gettop(L);
    for (int i = 1; i <= count; i++) {
        struct hk_slice text = text_of(L, i, number);
        // 4 bytes more than the bound show where the last character begins.
        size_t room = HK_STATE_LOG_BYTES_MAX + 4 - size;
        if (i > 1 && room > 0) {
            line[size++] = ' ';
            room--;
        }
        size_t part = text.size < room ? text.size : room;
        memcpy(line + size, text.at, part);
        size += part;
    }
    return hk_slice_cut((struct hk_slice){ line, size }, HK_STATE_LOG_BYTES_MAX).size;
}

static int write_line(lua_State *L, enum hk_log_level level)
{
    struct hk_state *state = hk_state_of(L);
    char line[HK_STATE_LOG_BYTES_MAX + 4];
    luaL_checkany(L, 1);
    hk_state_charge(L, 16);
    size_t size = line_write(L, line);
    if (state->log_count == HK_STATE_LOGS_MAX)
        return 0;
    size_t at = state->log_text.size;
    if (hk_bytes_append(&state->log_text, line, size) != 0)
        return luaL_error(L, "not enough memory");
    state->logs[state->log_count++] = (struct hk_wire_log){
        .level = level,
        .text = { (const char *)(uintptr_t)at, size },
    };
    return 0;
}

static int log_debug(lua_State *L)
{
    return write_line(L, HK_LOG_DEBUG);
}

static int log_info(lua_State *L)
{
    return write_line(L, HK_LOG_INFO);
}

static int log_warn(lua_State *L)
{
    return write_line(L, HK_LOG_WARN);
}

static int log_error(lua_State *L)
{
    return write_line(L, HK_LOG_ERROR);
}

void hk_lua_open_log(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "debug", log_debug }, { "info", log_info }, { "warn", log_warn },
        { "error", log_error }, { NULL, NULL },
    };
    luaL_newlib(L, functions);
}
