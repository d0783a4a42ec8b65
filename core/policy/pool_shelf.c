// SPDX-License-Identifier: Apache-2.0
#include "policy/pool_shelf.h"

#include "base/alloc.h"
#include "base/check.h"

static void script_free(struct hk_pool_script *script)
{
    hk_scripts_unref(script->set);
    hk_free(script);
}

void hk_pool_shelf_fini(struct hk_pool_shelf *shelf)
{
    for (uint32_t i = 0; i < shelf->count; i++)
        script_free(shelf->items[i]);
    hk_free(shelf->items);
    *shelf = (struct hk_pool_shelf){ 0 };
}

struct hk_pool_script *hk_pool_shelf_find(const struct hk_pool_shelf *shelf, uint32_t number)
{
    uint32_t low = 0, high = shelf->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (shelf->items[middle]->number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < shelf->count && shelf->items[low]->number == number ? shelf->items[low] : NULL;
}

static struct hk_pool_script *append(struct hk_pool_shelf *shelf, uint32_t number)
{
    hk_assert(shelf->count == 0 || shelf->items[shelf->count - 1]->number < number);
    if (shelf->count == shelf->capacity) {
        shelf->capacity = shelf->capacity != 0 ? shelf->capacity * 2 : 16;
        shelf->items = hk_realloc_or_die(shelf->items, shelf->capacity, sizeof(*shelf->items));
    }
    struct hk_pool_script *script = hk_alloc_zero_or_die(1, sizeof(*script));
    script->number = number;
    shelf->items[shelf->count++] = script;
    return script;
}

void hk_pool_shelf_add(struct hk_pool_shelf *shelf, const struct hk_pool_edition *edition)
{
    for (uint32_t i = 0; i < shelf->count; i++)
        shelf->items[i]->is_current = false;
    // New numbers are above all others, but come in the order of names: kept ones are found first.
    for (uint32_t i = 0; i < edition->scripts->count; i++) {
        uint32_t number = edition->numbers[i];
        if (number == 0)
            continue;
        struct hk_pool_script *script = hk_pool_shelf_find(shelf, number);
        if (script == NULL)
            script = append(shelf, number);
        // A kept one is the same text in the new set: the old set may go.
        struct hk_scripts *before = script->set;
        script->set = hk_scripts_ref(edition->scripts);
        script->script = &edition->scripts->items[i];
        script->is_current = true;
        if (before != NULL)
            hk_scripts_unref(before);
    }
}

void hk_pool_shelf_retire(struct hk_pool_shelf *shelf)
{
    for (uint32_t i = 0; i < shelf->count; i++)
        shelf->items[i]->is_retired |= !shelf->items[i]->is_current;
}

void hk_pool_shelf_sweep(struct hk_pool_shelf *shelf, void (*gone)(void *arg, uint32_t number),
                         void *arg)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < shelf->count; i++) {
        struct hk_pool_script *script = shelf->items[i];
        if (!script->is_retired || script->out > 0) {
            shelf->items[kept++] = script;
            continue;
        }
        gone(arg, script->number);
        script_free(script);
    }
    shelf->count = kept;
}
