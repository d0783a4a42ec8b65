// SPDX-License-Identifier: Apache-2.0
/** Recovery: from what is on the disk to a state and a place to go on at.
 *
 * 1. Folders; what was left half made (`*.tmp`) goes.
 * 2. The newest snapshot is read, row by row, to the end. A damaged one is damage, never skipped.
 * 3. All records after its begin_lsn are read, from the segment that holds the first of them. Each
 *    segment must begin where the one before it ended.
 * 4. Bad bytes are a torn tail only in the last segment there is (journal/tail.h); they are saved
 *    and cut. Anywhere else they are damage, as are a gap, a missing segment, or a journal that
 *    ends before the snapshot does.
 * 5. The last segment is synced: what was read from it and acted on must not go away any more.
 * Thread: the owner's. */
#pragma once
#include "journal/journal.h"
#include "journal/segment.h"
#include "journal/segments.h"

struct hk_recovery {
    const struct hk_journal_options *options;
    struct hk_segments *segments; /**< Filled. */
    struct hk_journal_found *found;

    uint64_t begin_lsn, end_lsn; /**< Of the snapshot, 0 without one. */
    uint64_t *snapshots;         /**< end_lsn of each there is, in order; freed by the caller. */
    uint32_t snapshot_count;

    uint64_t record_last;          /**< lsn of the last record there is. */
    struct hk_segment_header last; /**< Of the last segment; first_lsn 0 without one. */
    bool is_last_empty;
};

/** Recovers; found->lsn_last is the highest lsn seen. */
HK_MUST_CHECK int hk_recovery_run(struct hk_recovery *recovery, struct hk_fault *fault);
