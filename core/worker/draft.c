// SPDX-License-Identifier: Apache-2.0
#include "worker/draft.h"

#include "worker/state.h"

#include <lauxlib.h>

#define BYTES_A_STEP 64

void hk_draft_begin(struct hk_draft *draft, lua_State *L)
{
    draft->L = L;
    draft->at = draft->start;
    draft->size = 0;
    draft->capacity = sizeof(draft->start);
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    hk_state_charge(L, 2);
    lua_pushnil(L);
    draft->slot = lua_gettop(L);
}

char *hk_draft_grow(struct hk_draft *draft, size_t more)
{
    lua_State *L = draft->L;
    if (more > (size_t)PTRDIFF_MAX / 2 - draft->size)
        luaL_error(L, "the text becomes too long");
    hk_state_charge(
        L, (uint32_t)(more / BYTES_A_STEP > UINT16_MAX ? UINT16_MAX : more / BYTES_A_STEP));
    if (more > draft->capacity - draft->size) {
        size_t wanted = draft->size + more;
        size_t capacity = draft->capacity * 2 > wanted ? draft->capacity * 2 : wanted;
        char *moved = lua_newuserdatauv(L, capacity, 0);
        memcpy(moved, draft->at, draft->size);
        lua_replace(L, draft->slot);
        draft->at = moved;
        draft->capacity = capacity;
    }
    char *at = draft->at + draft->size;
    draft->size += more;
    return at;
}

void hk_draft_append(struct hk_draft *draft, struct hk_slice text)
{
    if (text.size != 0)
        memcpy(hk_draft_grow(draft, text.size), text.at, text.size);
}

void hk_draft_take(struct hk_draft *draft)
{
    struct hk_slice text;
    text.at = lua_tolstring(draft->L, -1, &text.size);
    // Growing replaces a value further down: the text on top stays alive until it is copied.
    hk_draft_append(draft, text);
    lua_pop(draft->L, 1);
}

void hk_draft_push(struct hk_draft *draft)
{
    lua_pushlstring(draft->L, draft->at, draft->size);
}
