// SPDX-License-Identifier: Apache-2.0
#include "worker/message.h"

#include "worker/convert.h"

#include <lauxlib.h>
#include <stdio.h>

/** Levels of the call stack that are looked at for a line. */
#define LEVELS_MAX 20
#define SHOWN_BYTES_MAX 64

void hk_message_place(lua_State *L, char place[HK_STATE_PLACE_MAX])
{
    lua_Debug debug;
    place[0] = '\0';
    for (int level = 0; level < LEVELS_MAX && lua_getstack(L, level, &debug); level++) {
        lua_getinfo(L, "Sl", &debug);
        // A chunk of our own is named in brackets.
        if (debug.currentline > 0 && debug.short_src[0] != '[') {
            snprintf(place, HK_STATE_PLACE_MAX, "%s:%d", debug.short_src, debug.currentline);
            return;
        }
    }
}

/** Gets the size of "NAME.lua:LINE" that `text` begins with, or 0. */
static size_t place_size(struct hk_slice text)
{
    const char *colon = memchr(text.at, ':', text.size);
    if (colon == NULL || colon - text.at < 4 || memcmp(colon - 4, ".lua", 4) != 0)
        return 0;
    size_t at = (size_t)(colon - text.at) + 1;
    size_t digits = at;
    while (at < text.size && text.at[at] >= '0' && text.at[at] <= '9')
        at++;
    bool is_place = at > digits && at + 1 < text.size && text.at[at] == ':' &&
                    text.at[at + 1] == ' ' && at < HK_STATE_PLACE_MAX;
    return is_place ? at : 0;
}

int hk_message_clean(struct hk_slice text, size_t bytes_max, struct hk_bytes *out)
{
    // More than is shown need not be looked at; a character that is cut in two is no text.
    if (text.size > bytes_max)
        text = hk_slice_cut(text, bytes_max);
    int code = hk_bytes_reserve(out, text.size);
    bool is_utf8 = hk_utf8_is_valid(text);
    for (size_t i = 0; code == 0 && i < text.size; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        char shown = byte < 0x20 || byte == 0x7F ? ' '
                     : !is_utf8 && byte >= 0x80  ? '?'
                                                 : (char)byte;
        out->at[out->size++] = shown;
    }
    return code;
}

/** Writes the place of an error: the fence's, else the message's own, else the innermost function
 * of the script, else where the hook is defined, else the script's name. */
static void find_place(const struct hk_state *state, struct hk_slice *text, char *place)
{
    size_t size = place_size(*text);
    if (state->end != HK_STATE_GOES_ON && state->place[0] != '\0') {
        memcpy(place, state->place, HK_STATE_PLACE_MAX);
    } else if (size > 0) {
        snprintf(place, HK_STATE_PLACE_MAX, "%.*s", (int)size, text->at);
        *text = (struct hk_slice){ text->at + size + 2, text->size - size - 2 };
    } else {
        hk_message_place(state->L, place);
    }
    struct hk_slice name = hk_slice_cut(state->script->source.name, HK_STATE_PLACE_MAX - 20);
    if (place[0] == '\0' && state->hook_name != NULL)
        snprintf(place, HK_STATE_PLACE_MAX, "%.*s.lua:%d", (int)name.size, name.at,
                 state->hook_line);
    else if (place[0] == '\0')
        snprintf(place, HK_STATE_PLACE_MAX, "%.*s.lua", (int)name.size, name.at);
}

static void write_fault(struct hk_state *state, struct hk_slice text)
{
    char place[HK_STATE_PLACE_MAX];
    char fence[96];
    struct hk_bytes *out = &state->fault_text;
    find_place(state, &text, place);
    if (state->end == HK_STATE_OUT_OF_TIME)
        snprintf(fence, sizeof(fence), "out of time: the budget is %u ms of CPU",
                 (unsigned)((state->deadline_ns - state->started_ns) / 1000000));
    else if (state->end == HK_STATE_OUT_OF_MEMORY)
        snprintf(fence, sizeof(fence), "out of memory: the cap is %u bytes",
                 (unsigned)state->world->memory_bytes_max);
    if (state->end != HK_STATE_GOES_ON)
        text = hk_slice_of(fence);
    hk_bytes_clear(out);
    int code = hk_bytes_append_text(out, place);
    if (code == 0)
        code = hk_bytes_append_text(out, ": ");
    if (code == 0 && state->hook_name != NULL)
        code = hk_bytes_append_format(out, "in %s: ", state->hook_name);
    if (code == 0)
        code = hk_message_clean(text, HK_POLICY_TEXT_BYTES_MAX - out->size, out);
    if (code != 0)
        hk_bytes_clear(out);
}

int hk_message_handle(lua_State *L)
{
    struct hk_state *state = hk_state_of(L);
    char shown[64];
    struct hk_slice text = { shown, 0 };
    if (lua_type(L, 1) == LUA_TSTRING)
        text.at = lua_tolstring(L, 1, &text.size);
    else if (lua_isinteger(L, 1))
        text.size = (size_t)snprintf(shown, sizeof(shown), LUA_INTEGER_FMT, lua_tointeger(L, 1));
    else if (lua_type(L, 1) == LUA_TNUMBER)
        text.size = (size_t)snprintf(shown, sizeof(shown), "%.14g", lua_tonumber(L, 1));
    else
        text.size =
            (size_t)snprintf(shown, sizeof(shown), "(the error is %s)", hk_message_kind(L, 1));
    write_fault(state, text);
    return 1;
}

void hk_message_without_handler(struct hk_state *state, int status)
{
    if (status == LUA_ERRMEM && state->end == HK_STATE_GOES_ON)
        state->end = HK_STATE_OUT_OF_MEMORY;
    write_fault(state, HK_SLICE("too many calls inside one another"));
}

const char *hk_message_kind(lua_State *L, int index)
{
    switch (lua_type(L, index)) {
    case LUA_TNONE:
    case LUA_TNIL:
        return "nil";
    case LUA_TBOOLEAN:
        return lua_toboolean(L, index) ? "true" : "false";
    case LUA_TNUMBER:
        return "a number";
    case LUA_TSTRING:
        return "a string";
    case LUA_TTABLE:
        return "a table";
    case LUA_TFUNCTION:
        return "a function";
    default:
        return hk_convert_is_null(L, index) ? "null" : "a userdata";
    }
}

const char *hk_message_push_shown(lua_State *L, int index)
{
    struct hk_slice text;
    char shown[SHOWN_BYTES_MAX + 8];
    if (lua_type(L, index) == LUA_TNUMBER) {
        lua_pushvalue(L, index);
        return lua_tolstring(L, -1, NULL);
    }
    if (lua_type(L, index) != LUA_TSTRING)
        return lua_pushstring(L, hk_message_kind(L, index));
    text.at = lua_tolstring(L, index, &text.size);
    struct hk_slice cut = hk_slice_cut(text, SHOWN_BYTES_MAX);
    int size = snprintf(shown, sizeof(shown), "'%.*s%s'", (int)cut.size, cut.at,
                        cut.size < text.size ? "..." : "");
    // A zero byte ends it early; the rest is cleaned when the message is written.
    return lua_pushlstring(L, shown, (size_t)size);
}
