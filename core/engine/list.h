// SPDX-License-Identifier: Apache-2.0
/** List: a doubly linked list through rows of a slot pool, so that a row can leave from the middle.
 *
 * It serves as chain (oldest first), as least-lately-used order, and, by moving the first to the
 * end, as a ring in which slots take turns. A zeroed link is in no list. Thread: the owner's. */
#pragma once
#include "base/slots.h"

struct hk_link {
    uint32_t next, previous;
    bool is_in;
};

struct hk_list {
    const struct hk_slots *slots;
    uint32_t link_at; /**< Offset of the link in a row. */
    uint32_t first, last;
    uint32_t count;
};

/** Prepares an empty list through the link that stands at `link_at` in each row. */
void hk__list_init(struct hk_list *list, const struct hk_slots *slots, size_t link_at);

/** Adds a slot at the end; it must be in no list of this link. */
void hk__list_push(struct hk_list *list, uint32_t slot);
void hk__list_remove(struct hk_list *list, uint32_t slot);

/** Moves a slot of the list to the end. */
void hk__list_move_last(struct hk_list *list, uint32_t slot);
bool hk__list_has(const struct hk_list *list, uint32_t slot);

/** Gets the neighbour towards the end or the start, or HK_SLOT_NONE. */
uint32_t hk__list_next(const struct hk_list *list, uint32_t slot);
uint32_t hk__list_previous(const struct hk_list *list, uint32_t slot);
