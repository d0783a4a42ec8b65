// SPDX-License-Identifier: Apache-2.0
/** Loader: the text of a script or of a library becomes functions of a state, as text only, never
 * as bytecode; and what the script returns is held against what a policy may have.
 * Thread: the worker has one. */
#pragma once
#include "worker/state.h"

/** Loads the state's script: sets `hooks` and what belongs to it. 0, HK_ESYNTAX with
 * "NAME.lua:LINE: what", HK_ENOMEM. */
HK_MUST_CHECK int hk_loader_load(struct hk_state *state, struct hk_fault *fault);

/** Pushes the function of `source`; raises what is wrong with it. `prefix` stands before its name
 * in messages ("lib/"). */
void hk_loader_push_chunk(lua_State *L, const struct hk_wire_source *source, const char *prefix);

/** hook.require(name): the value of a library, made once a state, and its top table read-only. */
int hk_loader_require(lua_State *L);
