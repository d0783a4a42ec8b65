// SPDX-License-Identifier: Apache-2.0
/** Sandbox: all that a script can reach, built from nothing: the globals of globals.c, the
 * libraries of api.h, `hook`. What is not put there does not exist.
 *
 * Library tables and the globals are sealed: a script holds an empty table before the real one,
 * whose metatable (which it never gets) reads from the real one, refuses writes, and raises for a
 * name that is not there, with the nearest one. Strings have a metatable that cannot be reached.
 * Thread: the worker has one. */
#pragma once
#include <lua.h>
#include <stdbool.h>

/** Builds it in a new state; chunks loaded from then on have it as their _ENV. Raises on lack of
 * memory. */
void hk_sandbox_open(lua_State *L);

/** Replaces the table at -2 and its name for messages at -1 by a sealed table before it. */
void hk_sandbox_seal(lua_State *L);

/** Is the value at `index` a sealed table? Then pushes the real one. */
bool hk_sandbox_push_real(lua_State *L, int index);

/** Pops a value and makes it the global `name`. For specs. */
void hk_sandbox_set_global(lua_State *L, const char *name);
