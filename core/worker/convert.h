// SPDX-License-Identifier: Apache-2.0
/** Convert: JSON text to Lua values and back, so that what nobody changed keeps its bytes.
 *
 * Objects and arrays become tables, null the light userdata hook.json.null (indexing it gives nil),
 * strings their unescaped bytes, integers that are written as such and fit 64 bits integers, other
 * numbers floats ("-0" is -0.0).
 *
 * A table without keys of its own cannot say what it is, so decoded arrays carry a hidden metatable
 * that does, and scripts may put one on (hook.json.array, hook.json.object). It counts only while
 * the table is empty: the keys 1..n make an array, strings an object.
 *
 * Writing walks the value beside the original document, and copies of that whatever was not
 * changed, white space included: the result differs from the original only where a value does.
 * Members keep their order, new ones follow in order of bytes; a value that is equal to what the
 * original text decodes to (an integer is not equal to a float) keeps that text, so 0.10 stays 0.10
 * and "\u00e9" stays so; elements of an array are looked for in the original one first, so those
 * that moved keep theirs too. What is new is written compactly. An empty table is what its mark
 * says, else what the original was at that place, else an object. What cannot be JSON (functions,
 * cycles, mixed or sparse tables, NaN and infinities, strings that are no UTF-8, more than
 * HK_JSON_DEPTH_MAX levels) is a fault that names the path ("order.items[3].price: a function
 * cannot be JSON").
 *
 * Work is linear in the sizes of both; finding moved elements takes a bounded number of comparisons
 * more. No function here calls metamethods. Thread: the worker has one. */
#pragma once
#include "base/json.h"

#include <lua.h>

/** Makes the hidden metatables in a new state. Raises on lack of memory. */
void hk_convert_open(lua_State *L);

/** Pushes null. */
void hk_convert_push_null(lua_State *L);
bool hk_convert_is_null(lua_State *L, int index);

/** Marks the table at `index` as an array, or as an object, in place of any metatable it has. */
void hk_convert_mark_array(lua_State *L, int index, bool is_array);

/** Would the value at `index` be written as an array (without an original)? Looks at the key 1 and
 * the mark only. */
bool hk_convert_is_array(lua_State *L, int index);

/** Does the table at `index` carry a mark? Its metatable then is not the script's. */
bool hk_convert_is_marked(lua_State *L, int index);

/** Pushes the value of checked JSON. Raises on lack of memory; charges the budget. */
void hk_convert_push(lua_State *L, struct hk_json_value value);

/** The same, pushed as two values that share no table: for less than twice the work. */
void hk_convert_push_twice(lua_State *L, struct hk_json_value value);

/** Appends the JSON of the value on top of the stack (which stays), beside `original` (checked
 * JSON; text empty: none). 0; HK_EINVAL with the path and what is wrong; HK_ENOMEM; HK_ELIMIT (over
 * `bytes_max`). Charges the budget, so it may raise; `out` then is the caller's to free, and may
 * have a part of it. */
HK_MUST_CHECK int hk_convert_append(lua_State *L, struct hk_json_value original, size_t bytes_max,
                                    struct hk_bytes *out, struct hk_fault *fault);

/** Is the value at `index` equal to what `original` decodes to, so that hk_convert_append would
 * copy it? Charges the budget. */
bool hk_convert_is_equal(lua_State *L, int index, struct hk_json_value original);
