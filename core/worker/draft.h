// SPDX-License-Identifier: Apache-2.0
/** Draft: a text in the making, for the libraries of the sandbox.
 *
 * Short ones stand in the struct; longer ones in a userdata of the state, so that they count
 * against its cap, the collector can make room for them, and an error leaves nothing behind.
 * (luaL_Buffer asks the allocator without a collection, and pcall can catch its refusal.)
 * Everything that is appended is charged to the budget. Thread: the worker has one. */
#pragma once
#include "base/bytes.h"

#include <lua.h>

#define HK_DRAFT_SHORT_BYTES 256

/** Must not be moved once it is begun. */
struct hk_draft {
    lua_State *L;
    int slot; /**< The place on the stack that it has taken. */
    char *at;
    size_t size, capacity;
    char start[HK_DRAFT_SHORT_BYTES];
};

/** Begins an empty one; takes one place on the stack. */
void hk_draft_begin(struct hk_draft *draft, lua_State *L);

/** Makes room for `more` bytes and gets where they go; the caller writes all of them. Raises. */
char *hk_draft_grow(struct hk_draft *draft, size_t more);

/** Appends a copy; `text` may be any text of the state. Raises. */
void hk_draft_append(struct hk_draft *draft, struct hk_slice text);

/** Appends the text (or the number as text) on top of the stack, and pops it. Raises. */
void hk_draft_take(struct hk_draft *draft);

/** Pushes what was written. The draft's own place stays taken. Raises. */
void hk_draft_push(struct hk_draft *draft);
