// SPDX-License-Identifier: Apache-2.0
#include "engine/list.h"

#include "base/check.h"

static struct hk_link *link_of(const struct hk_list *list, uint32_t slot)
{
    char *row = hk_slots_row(list->slots, slot);
    return (struct hk_link *)(void *)(row + list->link_at);
}

void hk__list_init(struct hk_list *list, const struct hk_slots *slots, size_t link_at)
{
    *list = (struct hk_list){
        .slots = slots,
        .link_at = (uint32_t)link_at,
        .first = HK_SLOT_NONE,
        .last = HK_SLOT_NONE,
    };
}

void hk__list_push(struct hk_list *list, uint32_t slot)
{
    struct hk_link *link = link_of(list, slot);
    hk_assert(!link->is_in);
    *link = (struct hk_link){ .next = HK_SLOT_NONE, .previous = list->last, .is_in = true };
    if (list->last == HK_SLOT_NONE)
        list->first = slot;
    else
        link_of(list, list->last)->next = slot;
    list->last = slot;
    list->count++;
}

void hk__list_remove(struct hk_list *list, uint32_t slot)
{
    struct hk_link *link = link_of(list, slot);
    hk_assert(link->is_in && list->count > 0);
    if (link->previous == HK_SLOT_NONE)
        list->first = link->next;
    else
        link_of(list, link->previous)->next = link->next;
    if (link->next == HK_SLOT_NONE)
        list->last = link->previous;
    else
        link_of(list, link->next)->previous = link->previous;
    *link = (struct hk_link){ 0 };
    list->count--;
}

void hk__list_move_last(struct hk_list *list, uint32_t slot)
{
    if (list->last == slot)
        return;
    hk__list_remove(list, slot);
    hk__list_push(list, slot);
}

bool hk__list_has(const struct hk_list *list, uint32_t slot)
{
    return link_of(list, slot)->is_in;
}

uint32_t hk__list_next(const struct hk_list *list, uint32_t slot)
{
    return link_of(list, slot)->next;
}

uint32_t hk__list_previous(const struct hk_list *list, uint32_t slot)
{
    return link_of(list, slot)->previous;
}
