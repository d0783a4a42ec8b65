// SPDX-License-Identifier: Apache-2.0
/** Globals: the basic functions of the sandbox. They are those of Lua 5.4 but for this:
 *
 *  pcall         raises again what must not be caught: a spent budget, a spent memory cap
 *  tostring      shows no addresses
 *  rawset        refuses sealed tables
 *  pairs, next   have an order (worker/order.h)
 *  setmetatable, getmetatable  see worker/metatable.h
 * Thread: the worker has one. */
#pragma once
#include <lua.h>

/** Pushes a table of all of them. */
void hk_globals_open(lua_State *L);

/** Pushes the value at `index` as tostring shows it. Asks __tostring, so it may raise. */
void hk_globals_push_text(lua_State *L, int index);
