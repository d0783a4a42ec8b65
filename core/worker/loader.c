// SPDX-License-Identifier: Apache-2.0
#include "worker/loader.h"

#include "base/spelling.h"
#include "worker/budget.h"
#include "worker/message.h"
#include "worker/sandbox.h"

#include <lauxlib.h>
#include <ctype.h>
#include <stdio.h>

/** Its address is the registry key of the table of libraries: name -> value. */
static const char libraries_key;

static const char *const hook_names[] = {
#define XX(name, bit, word) [bit] = word,
    HK_HOOK_MAP(XX)
#undef XX
};
static const char *const key_names[] = {
    "api",
#define XX(name, bit, word) word,
    HK_HOOK_MAP(XX)
#undef XX
        NULL,
};

/** A text that is given to the parser line by line: what fails without saying where, as brackets
 * beyond the C stack or the end of the memory, failed at `line`. */
struct reading {
    struct hk_slice rest;
    int line;
};

/** lua_Reader. */
static const char *read_line(lua_State *L, void *arg, size_t *size)
{
    struct reading *reading = arg;
    const char *line = reading->rest.at;
    (void)L;
    *size = 0;
    if (reading->rest.size == 0)
        return NULL;
    const char *end = memchr(line, '\n', reading->rest.size);
    *size = end != NULL ? (size_t)(end - line) + 1 : reading->rest.size;
    reading->rest = (struct hk_slice){ line + *size, reading->rest.size - *size };
    reading->line++;
    return line;
}

void hk_loader_push_chunk(lua_State *L, const struct hk_wire_source *source, const char *prefix)
{
    char name[HK_POLICY_NAME_BYTES_MAX + 16];
    struct hk_slice text = source->text;
    struct reading reading = { text, 0 };
    struct hk_state *state = hk_state_of(L);
    snprintf(name, sizeof(name), "@%s%.*s.lua", prefix,
             (int)hk_slice_cut(source->name, HK_POLICY_NAME_BYTES_MAX).size, source->name.at);
    if (text.size > HK_SCRIPT_BYTES_MAX)
        luaL_error(L, "%s is longer than %d bytes", name + 1, (int)HK_SCRIPT_BYTES_MAX);
    int status = lua_load(L, read_line, &reading, name, "t");
    if (status == LUA_OK)
        return;
    if (status == LUA_ERRMEM)
        snprintf(state->place, sizeof(state->place), "%.*s:%d", HK_STATE_PLACE_MAX - 16, name + 1,
                 reading.line);
    else if (status != LUA_ERRSYNTAX)
        lua_pushfstring(L, "%s:%d: %s", name + 1, reading.line, lua_tostring(L, -1));
    lua_error(L);
}

// ---- libraries -----------------------------------------------------------------------------

static const struct hk_wire_source *find_library(const struct hk_state *state, struct hk_slice name)
{
    for (uint32_t i = 0; i < state->script->library_count; i++) {
        if (hk_slice_is_equal(state->script->libraries[i].name, name))
            return &state->script->libraries[i];
    }
    return NULL;
}

static void refuse_library(lua_State *L, const struct hk_state *state, struct hk_slice name)
{
    struct hk_slice nearest = HK_SLICE_EMPTY;
    uint32_t distance = UINT32_MAX;
    for (uint32_t i = 0; i < state->script->library_count; i++) {
        struct hk_slice known = state->script->libraries[i].name;
        uint32_t far = hk_spelling_distance(name, known);
        if (far < distance) {
            distance = far;
            nearest = known;
        }
    }
    hk_message_push_shown(L, 1);
    if (nearest.size > 0 && hk_spelling_is_near(name, distance)) {
        lua_pushlstring(L, nearest.at, nearest.size);
        luaL_error(L, "there is no library %s; did you mean '%s'?", lua_tostring(L, -2),
                   lua_tostring(L, -1));
    }
    luaL_error(L, "there is no library %s", lua_tostring(L, -1));
}

/** Runs a library and leaves its value. The table of libraries is at index 2. */
static void load_library(lua_State *L, struct hk_state *state, const struct hk_wire_source *source)
{
    if (state->required_count == HK_STATE_LIBRARIES_MAX)
        luaL_error(L, "more than %d libraries", HK_STATE_LIBRARIES_MAX);
    state->required[state->required_count++] = source->name;
    lua_pushvalue(L, 1);
    lua_pushboolean(L, false);
    lua_rawset(L, 2);
    hk_loader_push_chunk(L, source, "lib/");
    lua_call(L, 0, 1);
    if (lua_isnil(L, -1) || (lua_isboolean(L, -1) && !lua_toboolean(L, -1)))
        luaL_error(L, "the library '%s' returned %s", lua_tostring(L, 1), hk_message_kind(L, -1));
    if (lua_type(L, -1) == LUA_TTABLE) {
        lua_pushfstring(L, "the library '%s'", lua_tostring(L, 1));
        hk_sandbox_seal(L);
    }
    lua_pushvalue(L, 1);
    lua_pushvalue(L, -2);
    lua_rawset(L, 2);
}

int hk_loader_require(lua_State *L)
{
    struct hk_state *state = hk_state_of(L);
    struct hk_slice name;
    name.at = luaL_checklstring(L, 1, &name.size);
    lua_settop(L, 1);
    if (!state->is_loading)
        luaL_error(L, "hook.require works only while the script loads");
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &libraries_key) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &libraries_key);
    }
    lua_pushvalue(L, 1);
    int type = lua_rawget(L, 2);
    if (type == LUA_TBOOLEAN && !lua_toboolean(L, -1))
        luaL_error(L, "the library '%s' requires itself", name.at);
    if (type != LUA_TNIL)
        return 1;
    lua_pop(L, 1);
    const struct hk_wire_source *source = find_library(state, name);
    if (source == NULL)
        refuse_library(L, state, name);
    else
        load_library(L, state, source);
    return 1;
}

// ---- what the script returns ---------------------------------------------------------------

static bool is_word(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_';
}

static size_t skip_space(struct hk_slice text, size_t at)
{
    while (at < text.size && (text.at[at] == ' ' || text.at[at] == '\t'))
        at++;
    return at;
}

/** Finds the line where `key = ` stands first, or 0. A guess at what a person looks for: the text
 * is not parsed. */
static int line_of_key(struct hk_slice text, struct hk_slice key)
{
    int line = 1;
    for (size_t i = 0; key.size > 0 && i + key.size < text.size; i++) {
        line += text.at[i] == '\n';
        if (memcmp(text.at + i, key.at, key.size) != 0 || (i > 0 && is_word(text.at[i - 1])))
            continue;
        size_t at = skip_space(text, i + key.size);
        if (at + 1 < text.size && text.at[at] == '=' && text.at[at + 1] != '=')
            return line;
    }
    return 0;
}

/** Gets the last line that is not empty. */
static int last_line(struct hk_slice text)
{
    int line = 1, last = 1;
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == '\n')
            line++;
        else if (text.at[i] != '\r' && text.at[i] != ' ' && text.at[i] != '\t')
            last = line;
    }
    return last;
}

/** Gets where the function at `index` is defined, or 0 when it is none. */
static int line_of_function(lua_State *L, int index)
{
    lua_Debug debug = { .linedefined = 0 };
    if (!lua_isfunction(L, index) || lua_iscfunction(L, index))
        return 0;
    lua_pushvalue(L, index);
    lua_getinfo(L, ">S", &debug);
    return debug.linedefined;
}

/** Raises "NAME.lua:LINE: " and the text on top; line 0 is the last one. */
static _Noreturn void refuse_at(lua_State *L, int line)
{
    const struct hk_wire_source *source = &hk_state_of(L)->script->source;
    lua_pushlstring(L, source->name.at, source->name.size);
    lua_pushfstring(L, "%s.lua:%d: %s", lua_tostring(L, -1),
                    line > 0 ? line : last_line(source->text), lua_tostring(L, -2));
    lua_error(L);
    __builtin_unreachable();
}

/** Raises that the key at -2 of the returned table is none; its value is on top. */
static _Noreturn void refuse_key(lua_State *L)
{
    struct hk_slice key = HK_SLICE_EMPTY;
    int line = line_of_function(L, -1);
    if (lua_type(L, -2) == LUA_TSTRING)
        key.at = lua_tolstring(L, -2, &key.size);
    if (line == 0)
        line = line_of_key(hk_state_of(L)->script->source.text, key);
    const char *nearest = hk_spelling_nearest(key, key_names);
    const char *shown = hk_message_push_shown(L, -2);
    if (key.size > 0 && hk_spelling_is_near(key, hk_spelling_distance(key, hk_slice_of(nearest))))
        lua_pushfstring(L, "%s is no hook; did you mean '%s'?", shown, nearest);
    else
        lua_pushfstring(L, "%s is no hook: a policy has api, filter, lookup, route, enrich, retry",
                        shown);
    refuse_at(L, line);
}

/** Takes the hook that is on top of the stack, with its name below. */
static void take_hook(lua_State *L, struct hk_state *state, int place)
{
    if (!lua_isfunction(L, -1)) {
        int line = line_of_key(state->script->source.text, hk_slice_of(hook_names[place]));
        lua_pushfstring(L, "'%s' is %s: a hook is a function", hook_names[place],
                        hk_message_kind(L, -1));
        refuse_at(L, line);
    }
    state->hooks |= 1u << place;
    state->hook_lines[place] = line_of_function(L, -1);
    state->hook_refs[place] = luaL_ref(L, LUA_REGISTRYINDEX);
}

static void check_api(lua_State *L, const struct hk_state *state)
{
    int line = line_of_key(state->script->source.text, HK_SLICE("api"));
    lua_pushliteral(L, "api");
    if (lua_rawget(L, 1) == LUA_TNIL) {
        lua_pushliteral(L, "'api' is missing: the table needs api = 1");
        refuse_at(L, 0);
    }
    if (!lua_isinteger(L, -1) || lua_tointeger(L, -1) != 1) {
        lua_pushfstring(L, "'api' is %s: this hookd knows api = 1", hk_message_push_shown(L, -1));
        refuse_at(L, line);
    }
    lua_pop(L, 1);
}

/** Reads the table at index 1. */
static void take_table(lua_State *L, struct hk_state *state)
{
    if (lua_type(L, 1) != LUA_TTABLE) {
        lua_pushfstring(L, "the script returned %s: a policy is a table of hooks",
                        hk_message_kind(L, 1));
        refuse_at(L, 0);
    }
    lua_pushnil(L);
    while (lua_next(L, 1) != 0) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
        int place = 0;
        while (place < 5 && strcmp(key, hook_names[place]) != 0)
            place++;
        if (place < 5)
            take_hook(L, state, place);
        else if (strcmp(key, "api") == 0)
            lua_pop(L, 1);
        else
            refuse_key(L);
    }
    check_api(L, state);
}

static int load(lua_State *L)
{
    struct hk_state *state = hk_state_of(L);
    lua_settop(L, 0);
    hk_loader_push_chunk(L, &state->script->source, "");
    // Reading the text takes time that no script decides about but by its length.
    hk_budget_start(state, (uint64_t)state->world->time_ms_max * HK_STATE_SLOW_FACTOR);
    lua_call(L, 0, 1);
    take_table(L, state);
    return 0;
}

int hk_loader_load(struct hk_state *state, struct hk_fault *fault)
{
    enum hk_policy_failure failure;
    struct hk_slice text;
    state->is_loading = true;
    int code = hk_state_protect(state, load, NULL, &failure, &text);
    state->is_loading = false;
    state->deadline_ns = 0;
    if (code == 0)
        return 0;
    return hk_fault_set(fault, HK_ESYNTAX, "%.*s", (int)text.size, text.at);
}
