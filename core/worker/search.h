// SPDX-License-Identifier: Apache-2.0
/** Search: where a text stands in another, byte for byte, for hook.text and the string library.
 * Charges the budget for what it looks at, in parts, so that no text is too long for it. */
#pragma once
#include "base/bytes.h"

#include <lua.h>

/** Gets where `part` first stands in `text`, or NULL. An empty part stands everywhere. May raise
 * (the budget). */
const char *hk_search_plain(lua_State *L, struct hk_slice text, struct hk_slice part);
