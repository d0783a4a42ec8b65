// SPDX-License-Identifier: Apache-2.0
#include "worker/api.h"
#include "worker/calendar.h"
#include "worker/state.h"

#include <lauxlib.h>

/** Gets the moment at argument 1 and the offset at argument 2. */
static int64_t check_moment(lua_State *L, int *offset_minutes)
{
    lua_Integer ms = luaL_checkinteger(L, 1);
    lua_Integer offset = luaL_optinteger(L, 2, 0);
    luaL_argcheck(L, offset >= -HK_CALENDAR_OFFSET_MAX && offset <= HK_CALENDAR_OFFSET_MAX, 2,
                  "minutes from -1439 to 1439 expected");
    *offset_minutes = (int)offset;
    return ms;
}

static int refuse_moment(lua_State *L)
{
    return luaL_argerror(L, 1, "milliseconds of a moment in the years 0 to 9999 expected");
}

static int time_parse(lua_State *L)
{
    struct hk_slice text;
    int64_t ms;
    luaL_checktype(L, 1, LUA_TSTRING);
    text.at = lua_tolstring(L, 1, &text.size);
    hk_state_charge(L, (uint32_t)(text.size / 8 + 1));
    const char *wrong = hk_calendar_parse(text, &ms);
    if (wrong == NULL) {
        lua_pushinteger(L, ms);
        return 1;
    }
    lua_pushnil(L);
    lua_pushstring(L, wrong);
    return 2;
}

static int time_format(lua_State *L)
{
    int offset_minutes;
    char text[HK_CALENDAR_TEXT_MAX];
    int64_t ms = check_moment(L, &offset_minutes);
    if (!hk_calendar_format(ms, offset_minutes, text))
        return refuse_moment(L);
    lua_pushstring(L, text);
    return 1;
}

static int time_parts(lua_State *L)
{
    int offset_minutes;
    struct hk_calendar at;
    int64_t ms = check_moment(L, &offset_minutes);
    if (!hk_calendar_split(ms, offset_minutes, &at))
        return refuse_moment(L);
    const struct {
        const char *name;
        int value;
    } parts[] = {
        { "year", at.year }, { "month", at.month },     { "day", at.day },
        { "hour", at.hour }, { "minute", at.minute },   { "second", at.second },
        { "ms", at.ms },     { "weekday", at.weekday }, { "yearday", at.yearday },
    };
    int count = (int)(sizeof(parts) / sizeof(parts[0]));
    lua_createtable(L, 0, count);
    for (int i = 0; i < count; i++) {
        lua_pushinteger(L, parts[i].value);
        lua_setfield(L, -2, parts[i].name);
    }
    return 1;
}

void hk_lua_open_time(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "parse", time_parse },
        { "format", time_format },
        { "parts", time_parts },
        { NULL, NULL },
    };
    luaL_newlib(L, functions);
}
