// SPDX-License-Identifier: Apache-2.0
#include "daemon/config_cage.h"

#include "base/alloc.h"
#include "base/check.h"
#include "daemon/clock.h"
#include "daemon/credential.h"
#include "daemon/text_file.h"

#include <lauxlib.h>
#include <lua.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MEMORY_BYTES_MAX = 4 << 20,
    ALLOCATED_BYTES_MAX = 256 << 20, /**< Bounds the copying that few instructions can cause. */
    INSTRUCTIONS_MAX = 1000000,
    INSTRUCTIONS_A_LOOK = 1000,
    FILE_BYTES_MAX = 65536,
    SHOWN_NAME_BYTES_MAX = 32, /**< Longer ones may be secrets without quotes. */
    RUN_MS_MAX = 2000,
};

/** What credential() returns, as a full userdata: no config can make one by itself. */
struct mark {
    uint32_t magic;
    char name[];
};

#define MARK_MAGIC 0x6b72616dU

/** Its address is the registry key of the environment for our own expressions. */
static const char own_environment;

static struct hk_config_cage *cage_of(lua_State *lua)
{
    struct hk_config_cage *cage;
    memcpy(&cage, lua_getextraspace(lua), sizeof(cage));
    return cage;
}

static void *cage_allocate(void *arg, void *pointer, size_t old_size, size_t new_size)
{
    struct hk_config_cage *cage = arg;
    size_t had = pointer ? old_size : 0; // without a pointer, old_size is the kind of object
    if (new_size == 0) {
        cage->memory_bytes -= had;
        if (had > 0)
            hk_wipe(pointer, had); // it may have been a secret
        hk_free(pointer);
        return NULL;
    }
    size_t grown = new_size > had ? new_size - had : 0;
    if (!cage->is_bounded) {
        cage->memory_bytes = cage->memory_bytes - had + new_size;
        return hk_realloc_or_die(pointer, 1, new_size);
    }
    if (grown > 0 && (cage->memory_bytes + grown > MEMORY_BYTES_MAX ||
                      cage->allocated_bytes + grown > ALLOCATED_BYTES_MAX))
        return NULL;
    void *moved = hk_realloc(pointer, 1, new_size);
    if (moved == NULL)
        return NULL;
    cage->memory_bytes = cage->memory_bytes - had + new_size;
    cage->allocated_bytes += grown;
    return moved;
}

static void on_count(lua_State *lua, lua_Debug *debug)
{
    struct hk_config_cage *cage = cage_of(lua);
    cage->instructions += INSTRUCTIONS_A_LOOK;
    if (cage->instructions <= INSTRUCTIONS_MAX && hk_clock_now().mono.ns <= cage->deadline_ns)
        return;
    // luaL_error would name the caller's line: a hook is no level of its own.
    lua_getinfo(lua, "l", debug);
    lua_pushfstring(lua, "config:%d: this runs too long: a config is data", debug->currentline);
    lua_error(lua);
}

static int call_env(lua_State *lua)
{
    lua_pushstring(lua, cage_of(lua)->environment(luaL_checkstring(lua, 1)));
    return 1;
}

static int call_file(lua_State *lua)
{
    struct hk_config_cage *cage = cage_of(lua);
    const char *name = luaL_checkstring(lua, 1);
    char path[PATH_MAX];
    struct hk_fault fault;
    const char *folder = name[0] == '/' ? "" : cage->folder;
    int size = snprintf(path, sizeof(path), "%s%s%s", folder, folder[0] ? "/" : "", name);
    if (size < 0 || (size_t)size >= sizeof(path))
        return luaL_error(lua, "file(): the path is too long");
    hk_bytes_clear(&cage->file_text);
    if (hk_text_file_read(path, FILE_BYTES_MAX, &cage->file_text, &fault) < 0)
        return luaL_error(lua, "file(): %s", fault.text);
    hk_text_drop_newline(&cage->file_text);
    lua_pushlstring(lua, hk_bytes_slice(&cage->file_text).at, cage->file_text.size);
    return 1;
}

static int call_credential(lua_State *lua)
{
    const char *name = luaL_checkstring(lua, 1);
    if (!hk_credential_is_name(name))
        return luaL_error(lua, "credential(): a name is 1 to 64 of A-Z a-z 0-9 . _ -");
    size_t size = strlen(name) + 1;
    struct mark *mark = lua_newuserdatauv(lua, sizeof(*mark) + size, 0);
    mark->magic = MARK_MAGIC;
    memcpy(mark->name, name, size);
    return 1;
}

/** Reading a name that does not exist is a mistake, and nil would hide it. */
static int call_unknown(lua_State *lua)
{
    size_t size = 0;
    const char *name = lua_type(lua, 2) == LUA_TSTRING ? lua_tolstring(lua, 2, &size) : "?";
    if (size > SHOWN_NAME_BYTES_MAX)
        return luaL_error(lua, "unknown name; text needs quotes");
    return luaL_error(
        lua, "unknown name '%s': there are env, file and credential, and text needs quotes", name);
}

/** Fills the environment of the file, and one for our defaults that the file cannot change.
 * Protected, because it allocates. */
static int open_environment(lua_State *lua)
{
    static const luaL_Reg functions[] = { { "env", call_env },
                                          { "file", call_file },
                                          { "credential", call_credential },
                                          { NULL, NULL } };
    lua_createtable(lua, 0, 3);
    luaL_setfuncs(lua, functions, 0);
    lua_rawsetp(lua, LUA_REGISTRYINDEX, &own_environment);
    lua_pushglobaltable(lua);
    luaL_setfuncs(lua, functions, 0);
    lua_createtable(lua, 0, 1);
    lua_pushcfunction(lua, call_unknown);
    lua_setfield(lua, -2, "__index");
    lua_setmetatable(lua, -2);
    return 0;
}

int hk_config_cage_init(struct hk_config_cage *cage, hk_environment_fn environment,
                        const char *folder)
{
    *cage =
        (struct hk_config_cage){ .environment = environment, .folder = folder, .is_bounded = true };
    cage->lua = lua_newstate(cage_allocate, cage);
    if (cage->lua == NULL)
        return HK_ENOMEM;
    memcpy(lua_getextraspace(cage->lua), &cage, sizeof(cage));
    lua_pushcfunction(cage->lua, open_environment);
    if (lua_pcall(cage->lua, 0, 0, 0) != LUA_OK) {
        hk_config_cage_fini(cage);
        return HK_ENOMEM;
    }
    return 0;
}

void hk_config_cage_fini(struct hk_config_cage *cage)
{
    if (cage->lua)
        lua_close(cage->lua);
    if (cage->file_text.at)
        hk_wipe(cage->file_text.at, cage->file_text.capacity);
    hk_bytes_fini(&cage->file_text);
    *cage = (struct hk_config_cage){ 0 };
}

/** Is what a message quotes at its end a symbol or a short name, and so no secret? */
static bool is_harmless(const char *quoted)
{
    size_t size = strcspn(quoted, "'");
    bool is_end = strcmp(quoted, "<eof>") == 0;
    bool is_name = strspn(quoted, "abcdefghijklmnopqrstuvwxyz_") == size && size <= 16;
    bool is_symbol = size <= 3 && strspn(quoted, "{}()[]=,;+-*/%^#&~|<>.:") == size;
    return is_end || (size > 0 && (is_name || is_symbol));
}

/** Cuts what Lua quotes from the file, unless it is harmless. */
static void message_redact(char *text)
{
    char *near = strstr(text, " near '");
    char *constant = strstr(text, " (constant '");
    if (near && !is_harmless(near + strlen(" near '")))
        *near = '\0';
    if (constant)
        *constant = '\0';
}

/** Turns Lua's message, "config:LINE: text", into line and fault; pops it. */
static int message_take(struct hk_config_cage *cage, int code, uint32_t *line,
                        struct hk_fault *fault)
{
    static const char prefix[] = "config:";
    const char *message = lua_tostring(cage->lua, -1);
    *line = 1;
    if (message == NULL)
        message = "it failed";
    if (strncmp(message, prefix, strlen(prefix)) == 0) {
        char *rest;
        *line = (uint32_t)strtoul(message + strlen(prefix), &rest, 10);
        message = strncmp(rest, ": ", 2) == 0 ? rest + 2 : rest;
    }
    hk_fault_set(fault, code, "%s", message);
    if (fault)
        message_redact(fault->text);
    lua_pop(cage->lua, 1);
    return code;
}

static int status_take(struct hk_config_cage *cage, int status, uint32_t *line,
                       struct hk_fault *fault)
{
    if (status == LUA_ERRMEM) {
        *line = 1;
        lua_pop(cage->lua, 1);
        return hk_fault_set(fault, HK_EINVAL, "this takes too much memory: a config is data");
    }
    return message_take(cage, status == LUA_ERRSYNTAX ? HK_ESYNTAX : HK_EINVAL, line, fault);
}

int hk_config_cage_run(struct hk_config_cage *cage, struct hk_slice text, uint32_t *line,
                       struct hk_fault *fault)
{
    cage->deadline_ns = hk_mono_after_ms(hk_clock_now().mono, RUN_MS_MAX).ns;
    lua_sethook(cage->lua, on_count, LUA_MASKCOUNT, INSTRUCTIONS_A_LOOK);
    int status = luaL_loadbufferx(cage->lua, text.at, text.size, "=config", "t");
    if (status == LUA_OK)
        status = lua_pcall(cage->lua, 0, 1, 0);
    lua_sethook(cage->lua, NULL, 0, 0);
    if (status != LUA_OK)
        return status_take(cage, status, line, fault);
    cage->is_bounded = false;
    *line = 1;
    if (lua_type(cage->lua, -1) != LUA_TTABLE)
        return hk_fault_set(fault, HK_EINVAL, "a config returns a table, not %s%s",
                            lua_isnil(cage->lua, -1) ? "" : "a ", luaL_typename(cage->lua, -1));
    return 0;
}

void hk_config_cage_push(struct hk_config_cage *cage, const char *expression)
{
    char chunk[256];
    int size = snprintf(chunk, sizeof(chunk), "return %s", expression);
    hk_assert(size > 0 && (size_t)size < sizeof(chunk));
    hk_assert(luaL_loadbufferx(cage->lua, chunk, (size_t)size, "=default", "t") == LUA_OK);
    lua_rawgetp(cage->lua, LUA_REGISTRYINDEX, &own_environment);
    hk_assert(lua_setupvalue(cage->lua, -2, 1) != NULL);
    hk_assert(lua_pcall(cage->lua, 0, 1, 0) == LUA_OK);
}

const char *hk_config_cage_credential(struct hk_config_cage *cage, int index)
{
    const struct mark *mark = lua_touserdata(cage->lua, index);
    if (lua_type(cage->lua, index) != LUA_TUSERDATA || mark->magic != MARK_MAGIC)
        return NULL;
    return mark->name;
}
