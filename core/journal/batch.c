// SPDX-License-Identifier: Apache-2.0
#include "journal/batch.h"

#include "base/alloc.h"
#include "journal/segment.h"

#define BYTES_KEPT_MAX (8u << 20)

static int make_room(struct hk_batch *batch)
{
    if (batch->count < batch->capacity)
        return 0;
    uint32_t capacity = batch->capacity != 0 ? batch->capacity * 2 : 64;
    struct hk_batch_entry *entries = hk_realloc(batch->entries, capacity, sizeof(*entries));
    if (entries == NULL)
        return HK_ENOMEM;
    batch->entries = entries;
    batch->capacity = capacity;
    return 0;
}

/* What is read back later (model/fact.h, struct hk_located). */
static bool is_located(const struct hk_record *record)
{
    if (record->type == HK_RECORD_PLAN)
        return record->plan.policy.size != 0;
    return record->type == HK_RECORD_EVENT || record->type == HK_RECORD_STATE;
}

int hk_batch_append(struct hk_batch *batch, const struct hk_record *record)
{
    static const char zeros[HK_FRAME_HEADER_BYTES];
    if (batch->count != 0 && record->lsn != batch->first_lsn + batch->count)
        return HK_EINVAL;
    size_t at = batch->bytes.size;
    int code = make_room(batch);
    if (code == 0)
        code = hk_bytes_append(&batch->bytes, zeros, HK_FRAME_HEADER_BYTES);
    if (code == 0)
        code = hk_record_encode(record, &batch->bytes);
    size_t length = batch->bytes.size - at - HK_FRAME_HEADER_BYTES;
    if (code == 0)
        code = hk_bytes_append(&batch->bytes, zeros, (8 - length % 8) % 8);
    if (code != 0) {
        batch->bytes.size = at;
        return code;
    }
    bool has_location = is_located(record);
    if (batch->count == 0)
        batch->first_lsn = record->lsn;
    batch->located_count += has_location;
    batch->entries[batch->count++] = (struct hk_batch_entry){ at, (uint32_t)length, has_location };
    return 0;
}

void hk_batch_clear(struct hk_batch *batch)
{
    if (batch->bytes.capacity > BYTES_KEPT_MAX)
        hk_bytes_fini(&batch->bytes);
    batch->bytes.size = 0;
    batch->count = 0;
    batch->located_count = 0;
}

void hk_batch_fini(struct hk_batch *batch)
{
    hk_bytes_fini(&batch->bytes);
    hk_free(batch->entries);
    *batch = (struct hk_batch){ 0 };
}
