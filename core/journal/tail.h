// SPDX-License-Identifier: Apache-2.0
/** Tail: what stands where a reader stopped: a write that a crash cut short, or damage.
 *
 * The rule. Let n be the lsn that should have come. A frame behind the bad bytes that is good (its
 * crc fits the segment's salt, its own lsn, and the crc before it that it names) belongs to a batch
 * that began with lsn b = its lsn - its batch_index. The writer begins a batch only when the one
 * before it is durable. So:
 *   b > n   n was durable when that frame was written: damage;
 *   b <= n  the frame is of n's own batch, which never became durable as a whole: torn;
 *   lsn < n, or no frame can be there: out of place: damage.
 * Without any good frame behind, it is torn. What this cannot tell from a torn tail: damage in the
 * very last batch of the last segment. It is cut, saved aside and reported as such.
 * Thread: the owner's. */
#pragma once
#include "journal/reader.h"

#define HK_TAIL_NAME_MAX 64

struct hk_tail {
    bool is_torn;
    uint64_t bytes;    /**< From reader->offset to the last one that is not zero. */
    uint64_t lsn_last; /**< Highest lsn that a record in there has or should have. */
};

/** Judges what is at reader->offset. HK_EIO, HK_ENOMEM. */
HK_MUST_CHECK int hk_tail_examine(struct hk_reader *reader, struct hk_tail *tail,
                                  struct hk_fault *fault);

/** Saves the torn bytes as `journal/torn-<lsn_last>.bin` and cuts the segment there, both durably.
 * Writes the name to `name`. Done twice it does the same. */
HK_MUST_CHECK int hk_tail_cut(struct hk_reader *reader, const struct hk_tail *tail,
                              char name[HK_TAIL_NAME_MAX], struct hk_fault *fault);
