// SPDX-License-Identifier: Apache-2.0
/** Writer: puts batches into the last segment, and begins a new segment when it is full.
 *
 * A new segment gets its name only when its header is durable, and only when all before it is. So a
 * segment that has a name is whole up to where the next one says that it ends.
 * After a failure it takes nothing more: what reached the disk is unknown (reliability.md 1.10).
 * Thread: one owner at a time. */
#pragma once
#include "base/prng.h"
#include "journal/batch.h"
#include "journal/segment.h"
#include "journal/segments.h"
#include "model/fact.h"

struct hk_writer {
    struct hk_disk *disk;
    struct hk_segments *segments;
    uint64_t segment_bytes;
    struct hk_prng salts;

    struct hk_file *file;
    struct hk_segment_header header;
    uint64_t offset; /**< Where the next frame goes... */
    uint64_t size;   /**< ...and how far the file goes. */
    uint32_t crc_before;
    uint64_t lsn_last; /**< Of the last record written. */

    struct hk_file *next; /**< Made ready ahead of need, or NULL. */
    uint64_t next_size;
    bool is_failed;
};

/** Begins a segment for `first_lsn`; `before_lsn` is that of the last record there is. */
HK_MUST_CHECK int hk_writer_begin(struct hk_writer *writer, uint64_t first_lsn, uint64_t before_lsn,
                                  struct hk_fault *fault);

/** Goes on with the empty segment that has `header`. */
HK_MUST_CHECK int hk_writer_reopen(struct hk_writer *writer, const struct hk_segment_header *header,
                                   struct hk_fault *fault);

/** Writes the batch and makes it durable; fills `located` (batch->located_count entries) in order.
 * HK_EINVAL when the batch does not follow what was written. */
HK_MUST_CHECK int hk_writer_commit(struct hk_writer *writer, struct hk_batch *batch,
                                   struct hk_located *located, struct hk_fault *fault);

/** Commits, and fills `appended` with what the engine is to be told. HK_ENOMEM, before anything is
 * written, or what hk_writer_commit gives. */
HK_MUST_CHECK int hk_writer_commit_as_fact(struct hk_writer *writer, struct hk_batch *batch,
                                           struct hk_fact_appended *appended,
                                           struct hk_fault *fault);

/** Makes the next segment ready when this one is three quarters full, so that the commit that
 * needs it finds the space reserved. A failure is no fault: that commit will see it. */
void hk_writer_prepare(struct hk_writer *writer);

/** Closes the files; what was made ready is unlinked. */
void hk_writer_close(struct hk_writer *writer);

struct hk_journal;

/** Gets the writer of an open journal; for the committer, which takes it over. */
struct hk_writer *hk__journal_writer(struct hk_journal *journal);
