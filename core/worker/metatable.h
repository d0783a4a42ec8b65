// SPDX-License-Identifier: Apache-2.0
/** Metatable: setmetatable and getmetatable for scripts.
 *
 * The real metatable is never the script's table but a copy of the fields that Lua knows, made by
 * setmetatable: what is added to the script's table later has no effect. __gc, __mode, __close and
 * __metatable are refused: finalisers and closers run with the budget's hook off or by the ten
 * thousand, and a weak table is how Lua 5.4.4 frees what is in use (reliability.md 3.1).
 * getmetatable gets what the script set, and nil for all else: nobody can reach the metatable of
 * strings, of sealed tables or of arrays. Thread: the worker has one. */
#pragma once
#include <lua.h>

int hk_metatable_set(lua_State *L);
int hk_metatable_get(lua_State *L);
