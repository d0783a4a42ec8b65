// SPDX-License-Identifier: Apache-2.0
/** A bare lua_State with a hk_state behind it and no sandbox, whose allocations a test can make
 * fail: for the parts of the api by themselves. */
#pragma once
#include "worker/state.h"

struct support_lua {
    struct hk_state state;
    struct hk_state_world world;
    lua_State *L;
    uint64_t allocation_count;
    uint64_t fail_at; /**< The Nth allocation from now on, and all after it, fail; 0: none. */
};

/** Makes a state with hk_convert_open done. Fails the test when there is no memory. */
struct support_lua *support_lua_new(void);
void support_lua_free(struct support_lua *lua);

/** Sets the budget: `ms` of CPU from now on; 0: none. */
void support_lua_budget(struct support_lua *lua, uint32_t ms);

/** Registers a global: what `open` pushes. */
void support_lua_open(struct support_lua *lua, const char *name, void (*open)(lua_State *L));

/** Runs a chunk that returns one value and asserts that it gives `expected` (by tostring). */
void support_lua_gives(struct support_lua *lua, const char *chunk, const char *expected);

/** Runs a chunk and asserts that it fails with a message that contains `expected`. */
void support_lua_fails(struct support_lua *lua, const char *chunk, const char *expected);

/** Runs a chunk with the Nth allocation failing, for every N until it succeeds: each time it must
 * be an ordinary error of memory, and the state usable after it. */
void support_lua_starve(struct support_lua *lua, const char *chunk);
