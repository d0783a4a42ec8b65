// SPDX-License-Identifier: Apache-2.0
#include "policy/table.h"
#include "policy/table_draft.h"

#include <endian.h>

static uint32_t u32_at(const struct hk_table_view *view, size_t offset)
{
    uint32_t value;
    memcpy(&value, view->at + offset, sizeof(value));
    return le32toh(value);
}

static uint64_t u64_at(const struct hk_table_view *view, size_t offset)
{
    uint64_t value;
    memcpy(&value, view->at + offset, sizeof(value));
    return le64toh(value);
}

static size_t entries_offset(const struct hk_table_view *view)
{
    return HK__TABLE_HEAD_BYTES + (size_t)view->slots * HK__TABLE_SLOT_BYTES;
}

int hk_table_view_init(struct hk_table_view *view, const void *at, size_t size)
{
    *view = (struct hk_table_view){ .at = at, .size = size };
    if (size < HK__TABLE_HEAD_BYTES || memcmp(at, HK__TABLE_MAGIC, strlen(HK__TABLE_MAGIC)) != 0)
        return HK_EDAMAGED;
    view->count = u32_at(view, 8);
    view->slots = u32_at(view, 12);
    view->key = (struct hk_hash_key){ { u64_at(view, 16), u64_at(view, 24) } };
    bool is_power = view->slots != 0 && (view->slots & (view->slots - 1)) == 0;
    if (!is_power || view->count >= view->slots)
        return HK_EDAMAGED;
    // 2^32 of each cannot overflow 64 bits.
    uint64_t needed = HK__TABLE_HEAD_BYTES + (uint64_t)view->slots * HK__TABLE_SLOT_BYTES +
                      (uint64_t)view->count * HK__TABLE_ENTRY_BYTES;
    return needed <= size ? 0 : HK_EDAMAGED;
}

/** Gets the range whose offset and size stand at `offset`; false when it is not in the block. */
static bool range_at(const struct hk_table_view *view, size_t offset, struct hk_slice *range)
{
    uint64_t first = u64_at(view, offset);
    uint32_t size = u32_at(view, offset + 8);
    if (first > view->size || size > view->size - first)
        return false;
    *range = (struct hk_slice){ (const char *)view->at + first, size };
    return true;
}

bool hk_table_find(const struct hk_table_view *view, struct hk_slice key, struct hk_slice *value)
{
    uint32_t mask = view->slots - 1;
    uint32_t at = (uint32_t)hk_hash64(&view->key, key.at, key.size) & mask;
    // A block of ours has free slots; of another one, each slot is looked at once.
    for (uint32_t tried = 0; tried < view->slots; tried++, at = (at + 1) & mask) {
        uint32_t number = u32_at(view, HK__TABLE_HEAD_BYTES + (size_t)at * HK__TABLE_SLOT_BYTES);
        struct hk_slice there;
        if (number == 0 || number > view->count)
            return false;
        size_t entry = entries_offset(view) + (size_t)(number - 1) * HK__TABLE_ENTRY_BYTES;
        if (!range_at(view, entry, &there))
            return false;
        if (hk_slice_is_equal(there, key))
            return range_at(view, entry + 12, value);
    }
    return false;
}
