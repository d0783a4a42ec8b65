// SPDX-License-Identifier: Apache-2.0
/** Order: next and pairs go through a table in one order, whatever seed the state hashes by, so
 * that one event and one script always give one plan: whole numbers, other numbers, strings by
 * their bytes, false, true; last what has no order (tables and functions as keys).
 *
 * pairs goes through the keys that are there when it begins and leaves out those that have gone
 * since; a table may be changed meanwhile. Each step of next costs a walk through the table.
 * Sealed tables show what is behind them. Thread: the worker has one. */
#pragma once
#include <lua.h>

int hk_order_next(lua_State *L);
int hk_order_pairs(lua_State *L);
