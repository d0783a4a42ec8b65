// SPDX-License-Identifier: Apache-2.0
/** Batch: records on their way to the disk, encoded where the frames will stand, so that nothing is
 * copied again. The memory is used again batch after batch. All zero is an empty one.
 * Thread: one owner at a time. */
#pragma once
#include "base/bytes.h"
#include "model/record.h"

struct hk_batch_entry {
    size_t at; /**< Of the frame in `bytes`. */
    uint32_t length;
    bool has_location; /**< An EVENT or STATE record, or a PLAN record that names a policy. */
};

struct hk_batch {
    struct hk_bytes bytes; /**< Frames whose headers are still empty. */
    struct hk_batch_entry *entries;
    uint32_t count, capacity;
    uint32_t located_count;
    uint64_t first_lsn; /**< Of the first entry; the others follow one by one. */
};

/** Encodes a record into the batch. HK_ENOMEM, HK_ELIMIT, HK_EINVAL (the lsn does not follow that
 * of the record before); the batch is as it was then. */
HK_MUST_CHECK int hk_batch_append(struct hk_batch *batch, const struct hk_record *record);

/** Empties the batch; gives back memory beyond what batches usually need. */
void hk_batch_clear(struct hk_batch *batch);
void hk_batch_fini(struct hk_batch *batch);
