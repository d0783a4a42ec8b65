// SPDX-License-Identifier: Apache-2.0
#include "support_lua.h"

#include "base/alloc.h"
#include "worker/budget.h"
#include "worker/convert.h"

#include <lauxlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void *allocate(void *arg, void *pointer, size_t old_size, size_t new_size)
{
    struct support_lua *lua = arg;
    if (new_size == 0) {
        hk_free(pointer);
        return NULL;
    }
    if (pointer == NULL || new_size > old_size) {
        lua->allocation_count++;
        if (lua->fail_at != 0 && lua->allocation_count >= lua->fail_at)
            return NULL;
    }
    return hk_realloc(pointer, new_size, 1);
}

struct support_lua *support_lua_new(void)
{
    struct support_lua *lua = hk_alloc_zero_or_die(1, sizeof(*lua));
    lua->world = (struct hk_state_world){ .time_ms_max = 10,
                                          .memory_bytes_max = 8u << 20,
                                          .plan_bytes_max = 64u << 20 };
    lua->state.magic = HK_STATE_MAGIC;
    lua->state.world = &lua->world;
    hk_prng_init(&lua->state.prng, 1);
    lua->L = lua_newstate(allocate, lua);
    assert_non_null(lua->L);
    lua->state.L = lua->L;
    *(struct hk_state **)lua_getextraspace(lua->L) = &lua->state;
    hk_convert_open(lua->L);
    return lua;
}

void support_lua_free(struct support_lua *lua)
{
    lua_close(lua->L);
    hk_bytes_fini(&lua->state.log_text);
    hk_bytes_fini(&lua->state.fault_text);
    hk_free(lua);
}

void support_lua_budget(struct support_lua *lua, uint32_t ms)
{
    hk_budget_start(&lua->state, ms);
    if (ms == 0)
        lua->state.deadline_ns = 0;
    lua->state.is_unlimited = false;
}

void support_lua_open(struct support_lua *lua, const char *name, void (*open)(lua_State *L))
{
    open(lua->L);
    lua_setglobal(lua->L, name);
}

/** Runs a chunk; leaves its value or its error as text on the stack. */
static bool run(struct support_lua *lua, const char *chunk)
{
    lua_State *L = lua->L;
    lua_settop(L, 0);
    if (luaL_loadbufferx(L, chunk, strlen(chunk), "=chunk", "t") != LUA_OK)
        return false;
    return lua_pcall(L, 0, 1, 0) == LUA_OK;
}

void support_lua_gives(struct support_lua *lua, const char *chunk, const char *expected)
{
    bool is_good = run(lua, chunk);
    const char *text = luaL_tolstring(lua->L, -1, NULL);
    if (!is_good || strcmp(text, expected) != 0)
        fail_msg("%s\ngives %s%s\nexpected %s", chunk, is_good ? "" : "the error ", text, expected);
    lua_settop(lua->L, 0);
}

void support_lua_fails(struct support_lua *lua, const char *chunk, const char *expected)
{
    bool is_good = run(lua, chunk);
    const char *text = luaL_tolstring(lua->L, -1, NULL);
    if (is_good || strstr(text, expected) == NULL)
        fail_msg("%s\ngives %s%s\nexpected the error %s", chunk, is_good ? "" : "the error ", text,
                 expected);
    lua_settop(lua->L, 0);
}

void support_lua_starve(struct support_lua *lua, const char *chunk)
{
    lua_State *L = lua->L;
    bool is_good = false;
    lua_settop(L, 0);
    if (luaL_loadbufferx(L, chunk, strlen(chunk), "=chunk", "t") != LUA_OK)
        fail_msg("%s: %s", chunk, lua_tostring(L, -1));
    for (uint64_t nth = 1; !is_good; nth++) {
        lua_settop(L, 1);
        lua_pushvalue(L, 1);
        // A full collection before makes each round allocate alike.
        lua_gc(L, LUA_GCCOLLECT);
        lua_gc(L, LUA_GCSTOP);
        lua->allocation_count = 0;
        lua->fail_at = nth;
        int rc = lua_pcall(L, 0, 0, 0);
        lua->fail_at = 0;
        is_good = rc == LUA_OK;
        if (!is_good && strstr(lua_tostring(L, -1), "not enough memory") == NULL)
            fail_msg("%s\nwith allocation %d failing: %s", chunk, (int)nth, lua_tostring(L, -1));
        if (nth > 20000)
            fail_msg("%s\nnever succeeds", chunk);
    }
    lua_gc(L, LUA_GCRESTART);
    lua_settop(L, 0);
}
