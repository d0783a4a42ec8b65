// SPDX-License-Identifier: Apache-2.0
/** Api of strings: the parts of the library `string` that have a file of their own. What each does
 * is what the manual of Lua 5.4 says (6.4); all are bounded and charged to the budget. */
#pragma once
#include "base/bytes.h"

#include <lua.h>

int hk__string_find(lua_State *L);
int hk__string_match(lua_State *L);
int hk__string_gmatch(lua_State *L);
int hk__string_gsub(lua_State *L);
int hk__string_format(lua_State *L);

/** Gets the text of an argument; a number is turned into its text. Raises when it is neither. */
struct hk_slice hk__string_check(lua_State *L, int argument);

/** Turns a place of a script (from 1; below 0 from the end) into one from 1 that may lie behind the
 * end; what lies before the start is 1. */
size_t hk__string_start(lua_Integer place, size_t size);
