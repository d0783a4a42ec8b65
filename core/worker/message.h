// SPDX-License-Identifier: Apache-2.0
/** Message: what an error says to the person who wrote the script: "NAME.lua:LINE: in HOOK: what",
 * valid UTF-8 without control characters, at most HK_POLICY_TEXT_BYTES_MAX bytes.
 *
 * Nothing here runs code of the script: an error object that is no text is named by its type, and
 * its metamethods are not asked. Thread: the worker has one. */
#pragma once
#include "worker/state.h"

/** Writes where the innermost function of a script is, "NAME.lua:LINE", or "". Neither raises nor
 * allocates. */
void hk_message_place(lua_State *L, char place[HK_STATE_PLACE_MAX]);

/** The message handler of every protected call: writes hk_state.fault_text, keeps the error. */
int hk_message_handle(lua_State *L);

/** Writes hk_state.fault_text for an error that had no handler: of memory, or of the handler. */
void hk_message_without_handler(struct hk_state *state, int status);

/** Appends `text` as it may be shown: control characters become spaces, what is no UTF-8 "?", and
 * at most `bytes_max` bytes of it. 0 or HK_ENOMEM. */
HK_MUST_CHECK int hk_message_clean(struct hk_slice text, size_t bytes_max, struct hk_bytes *out);

/** Pushes the value at `index` as a message shows it: 'text' (cut), a number, or "a table". */
const char *hk_message_push_shown(lua_State *L, int index);

/** Gets "a table", "an integer", ... */
const char *hk_message_kind(lua_State *L, int index);
