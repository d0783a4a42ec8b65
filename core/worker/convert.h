// SPDX-License-Identifier: Apache-2.0
/** Convert: JSON text to Lua values and back, so that what nobody changed keeps its bytes.
 *
 * Objects and arrays become tables; an array carries a hidden metatable that says so, null is the
 * light userdata hk_convert_null (hook.json.null; indexing it gives nil), integers that fit 64 bits
 * are integers, other numbers floats, strings are their unescaped bytes.
 *
 * Writing walks the value beside the original document: members keep their order, new ones follow
 * in order of bytes; a value that is equal to what the original text decodes to keeps that text, so
 * 0.10 stays 0.10; elements of an array that moved keep theirs when they are found by going on
 * through the original. An empty table is what the original was at that place, else an array if it
 * is marked as one, else an object. What cannot be JSON (functions, cycles, mixed or sparse tables,
 * NaN and infinities, strings that are no UTF-8, more than HK_JSON_DEPTH_MAX levels) is a fault
 * that names the path ("order.items[3].price: a function cannot be JSON"). Thread: the worker has
 * one. */
#pragma once
#include "base/json.h"

#include <lua.h>

/** Makes the hidden metatables in a new state. Raises on lack of memory. */
void hk_convert_open(lua_State *L);

/** Pushes null. */
void hk_convert_push_null(lua_State *L);
bool hk_convert_is_null(lua_State *L, int index);

/** Marks the table at `index` as an array, or as an object (which unmarks). */
void hk_convert_mark_array(lua_State *L, int index, bool is_array);
bool hk_convert_is_array(lua_State *L, int index);

/** Pushes the value of checked JSON. Raises on lack of memory; charges the budget. */
void hk_convert_push(lua_State *L, struct hk_json_value value);

/** Appends the JSON of the value at `index`, beside `original` (checked JSON; text empty: none).
 * 0; HK_EINVAL with the path and what is wrong; HK_ENOMEM; HK_ELIMIT (over `bytes_max`). Charges
 * the budget, so it may raise; `out` then is the caller's to free. */
HK_MUST_CHECK int hk_convert_append(lua_State *L, int index, struct hk_json_value original,
                                    size_t bytes_max, struct hk_bytes *out, struct hk_fault *fault);

/** Is the value at `index` equal to what `original` decodes to? Charges the budget. */
bool hk_convert_is_equal(lua_State *L, int index, struct hk_json_value original);
