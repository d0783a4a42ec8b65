// SPDX-License-Identifier: Apache-2.0
#include "worker/search.h"

#include "worker/state.h"

/** Starts that one part of the search looks at: at most a millisecond, whatever is in them. */
#define STARTS_MAX 65536
/** Starts that are looked at in one step of the budget. */
#define STARTS_A_STEP 32

const char *hk_search_plain(lua_State *L, struct hk_slice text, struct hk_slice part)
{
    const char *at = text.at;
    const char *end = text.at + text.size;
    // The C library is linear in each call when the part is long against what it looks at.
    size_t starts = part.size > STARTS_MAX ? part.size : STARTS_MAX;
    while ((size_t)(end - at) >= part.size) {
        size_t left = (size_t)(end - at);
        size_t size = left - part.size < starts ? left : starts + part.size - 1;
        const char *found = memmem(at, size, part.at, part.size);
        size_t looked_at = found != NULL ? (size_t)(found - at) : size;
        hk_state_charge(L, (uint32_t)((looked_at + part.size) / STARTS_A_STEP + 1));
        if (found != NULL)
            return found;
        at += size - part.size + 1;
    }
    return NULL;
}
