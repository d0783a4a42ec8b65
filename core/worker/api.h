// SPDX-License-Identifier: Apache-2.0
/** Api: the parts of `hook.*` and of the sandbox's libraries. Each function pushes one table of
 * functions; sandbox.c puts them together, makes them read-only, and nothing else is reachable.
 * What each does, and for scripts: worker/api.lua, the one description.
 * All raise on lack of memory and on misuse ("bad argument #1 to 'split' (string expected, got
 * nil)"); expected failures return nil and a message. */
#pragma once
#include <lua.h>

void hk_lua_open_json(lua_State *L);   /**< hook.json */
void hk_lua_open_text(lua_State *L);   /**< hook.text */
void hk_lua_open_time(lua_State *L);   /**< hook.time */
void hk_lua_open_hash(lua_State *L);   /**< hook.hash */
void hk_lua_open_log(lua_State *L);    /**< hook.log */
void hk_lua_open_table(lua_State *L);  /**< hook.table: lookup tables */
void hk_lua_open_random(lua_State *L); /**< Pushes the function hook.random. */
void hk_lua_open_string(lua_State *L); /**< string: own, bounded */
void hk_lua_open_sorted(
    lua_State *L); /**< table: own concat, insert, remove, unpack, pack, move, sort */

/** Looks up `key` (string or integer at `index`) in the table named `name` and pushes its value or
 * nil; raises when there is no such table, with the nearest name. For hook.table and `lookup`. */
void hk_lua_push_lookup(lua_State *L, const char *name, size_t name_size, int index);
