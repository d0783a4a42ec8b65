// SPDX-License-Identifier: Apache-2.0
#include "policy/pool_known.h"

#include "base/alloc.h"
#include "base/check.h"

#include <string.h>

/** Gets the place of the first number that is not below `number`. */
static uint32_t place_of(const struct hk_pool_known *known, uint32_t number)
{
    uint32_t low = 0, high = known->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (known->numbers[middle] < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void hk_pool_known_fini(struct hk_pool_known *known)
{
    hk_free(known->numbers);
    *known = (struct hk_pool_known){ 0 };
}

bool hk_pool_known_has(const struct hk_pool_known *known, uint32_t number)
{
    uint32_t place = place_of(known, number);
    return place < known->count && known->numbers[place] == number;
}

void hk_pool_known_add(struct hk_pool_known *known, uint32_t number)
{
    uint32_t place = place_of(known, number);
    if (known->count == known->capacity) {
        known->capacity = known->capacity != 0 ? known->capacity * 2 : 16;
        known->numbers =
            hk_realloc_or_die(known->numbers, known->capacity, sizeof(*known->numbers));
    }
    memmove(known->numbers + place + 1, known->numbers + place,
            (known->count - place) * sizeof(*known->numbers));
    known->numbers[place] = number;
    known->count++;
}

void hk_pool_known_remove(struct hk_pool_known *known, uint32_t number)
{
    uint32_t place = place_of(known, number);
    hk_assert(place < known->count && known->numbers[place] == number);
    known->count--;
    memmove(known->numbers + place, known->numbers + place + 1,
            (known->count - place) * sizeof(*known->numbers));
}
