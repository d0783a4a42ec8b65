// SPDX-License-Identifier: Apache-2.0
/** Segments: which ones there are, and their files, open for reading while they are asked for.
 * A few dozen files stay open, the one that was not used for longest goes first.
 * Thread: any; one mutex inside. */
#pragma once
#include "journal/disk.h"

#include <pthread.h>

#define HK_SEGMENTS_OPEN_MAX 64

struct hk_segment {
    uint64_t first_lsn;
    uint64_t salt;
    struct hk_file *file; /**< NULL: not open. */
    uint32_t user_count;
    uint64_t last_use;
    bool is_dropped; /**< Out of the table; the last user frees it. */
};

struct hk_segments {
    struct hk_disk *disk;
    pthread_mutex_t lock;
    struct hk_segment **items; /**< In order of first_lsn. */
    uint32_t count, capacity;
    uint32_t open_count;
    uint64_t use_count;
};

void hk_segments_init(struct hk_segments *segments, struct hk_disk *disk);

/** Closes all files; nobody uses one any more. */
void hk_segments_fini(struct hk_segments *segments);

/** Adds a segment behind all others; HK_ENOMEM. */
HK_MUST_CHECK int hk_segments_add(struct hk_segments *segments, uint64_t first_lsn, uint64_t salt);

/** Gets the segment that holds `lsn`, its file open, until hk_segments_give_back. HK_ENOTFOUND,
 * HK_EIO. */
HK_MUST_CHECK int hk_segments_borrow(struct hk_segments *segments, uint64_t lsn,
                                     struct hk_segment **segment, int *sys);
void hk_segments_give_back(struct hk_segments *segments, struct hk_segment *segment);

/** Forgets and unlinks, oldest first, the segments whose records are all before `lsn`; never the
 * last one. */
HK_MUST_CHECK int hk_segments_drop_before(struct hk_segments *segments, uint64_t lsn, int *sys);
