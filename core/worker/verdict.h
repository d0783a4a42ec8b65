// SPDX-License-Identifier: Apache-2.0
/** Verdict: checks what hooks return. A wrong return is an error of its own kind, which names the
 * hook and, where a word was misspelt, the nearest known one. Thread: the worker has one. */
#pragma once
#include "worker/state.h"

/** Raises a wrong return; lua_pushvfstring's formats. */
_Noreturn void hk_verdict_refuse(lua_State *L, const char *format, ...);

/** Raises "<what> has no field 'x'; did you mean 'y'?" unless every key of the table at `index` is
 * a string of the NULL-ended list. */
void hk_verdict_check_fields(lua_State *L, int index, const char *what, const char *const *known);

/** Names to choose from. */
struct hk_verdict_names {
    const void *list;
    uint32_t count;
    struct hk_slice (*at)(const void *list, uint32_t place);
};

/** Raises "there is no <what> 'x'", with the nearest of the names ("; did you mean 'y'?"). */
_Noreturn void hk_verdict_refuse_name(lua_State *L, const char *what, struct hk_slice name,
                                      const struct hk_verdict_names *known);

/** Reads the two values on top, "go on?" and why not: nil or true goes on; false, with a string or
 * nothing, does not, and its reason is appended to `out` as it may be shown. */
bool hk_verdict_goes_on(lua_State *L, struct hk_bytes *out);
