// SPDX-License-Identifier: Apache-2.0
/** Journal: the log of one machine, as the rest of the house sees it.
 *
 * Two forms share all the code below them. `hk_journal_*` is the plain form: open (finds the
 * snapshot and the segments, checks, cuts a torn tail), replay, append to a buffer, commit (write +
 * fdatasync), load a body, write a snapshot. It has no thread and works on any hk_disk; the
 * simulator uses it. `hk_committer_*` is the hand: a thread that commits what the shell appends,
 * one fdatasync in flight, and what arrives meanwhile is the next batch. */
#pragma once
#include "base/moment.h"
#include "journal/disk.h"
#include "model/fact.h"
#include "model/record.h"

struct hk_journal;

/** What was found at opening, for the log and for status. */
struct hk_journal_found {
    uint64_t snapshot_lsn; /**< end_lsn of the snapshot that was loaded, 0 if none. */
    uint64_t lsn_last; /**< Highest lsn seen; the next record gets the one after it. After a torn
                            tail it is above that of the last record that was replayed. */
    uint64_t record_count; /**< Replayed, snapshot rows included. */
    uint64_t segment_count;
    uint64_t torn_bytes; /**< Cut from the tail and saved aside, 0 if none. */
    char torn_file[64];  /**< Where they were saved, relative to the state folder. */
};

/** Told each record in order: first the snapshot's rows (`is_row`), then the journal's records.
 * `location` is of the record itself (the engine notes it for EVENT and STATE records with a body,
 * and for PLAN records that name a policy). Negative stops the replay: the state is damaged. */
typedef int (*hk_journal_replay_fn)(void *arg, const struct hk_record *record,
                                    struct hk_location location, bool is_row,
                                    struct hk_fault *fault);

struct hk_journal_options {
    struct hk_disk *disk;   /**< Borrowed for the life of the journal. */
    uint64_t segment_bytes; /**< HK_SEGMENT_BYTES; tests use less. A larger record gets a segment
                                 of its own. */
    uint64_t salt_seed;     /**< Random; the salts of new segments come from it. */
    hk_journal_replay_fn replay;
    void *replay_arg;
};

/** The size of a segment (design.md section 6). */
#define HK_SEGMENT_BYTES (UINT64_C(64) << 20)

/** Takes the lock, loads snapshot and segments through `options->replay`, and opens a new segment
 * to append to. HK_ELOCKED; HK_EDAMAGED (fault names file and offset); HK_EVERSION; HK_EIO;
 * HK_ENOSPC; HK_ENOMEM; what `replay` returned. */
HK_MUST_CHECK int hk_journal_open(const struct hk_journal_options *options,
                                  struct hk_journal **journal, struct hk_journal_found *found,
                                  struct hk_fault *fault);

/** Gives the lock back and frees; what was appended and not committed is gone. NULL is fine. */
void hk_journal_close(struct hk_journal *journal);

/** Encodes a record into the pending batch. HK_ENOMEM; HK_EINVAL (the lsn is not one more than the
 * last); HK_ELIMIT (over 1 GiB). The batch is as it was then. */
HK_MUST_CHECK int hk_journal_append(struct hk_journal *journal, const struct hk_record *record);

/** Writes the pending batch and makes it durable. On success `appended` says what became durable
 * and where; on failure nothing more may be appended, and the process must end (promise 6). */
HK_MUST_CHECK int hk_journal_commit(struct hk_journal *journal, struct hk_fact_appended *appended,
                                    struct hk_fault *fault);

/** Reads the body of the EVENT or STATE record at `location`, one reference. Thread: any, also
 * beside commits. HK_EDAMAGED, HK_ENOTFOUND (no such segment), HK_EIO, HK_ENOMEM. */
HK_MUST_CHECK int hk_journal_load(struct hk_journal *journal, struct hk_location location,
                                  struct hk_body **body, struct hk_fault *fault);

/** Reads the PLAN record at `location`: a copy that is freed with hk_plan_free. Thread and errors
 * as there. */
HK_MUST_CHECK int hk_journal_load_plan(struct hk_journal *journal, struct hk_location location,
                                       struct hk_plan **plan, struct hk_fault *fault);

/** Begins a snapshot in a temporary file; one at a time (one that did not end is thrown away).
 * Thread of the three: one at a time, any, also beside commits and loads. After a failure the
 * snapshot is gone and the state as it was before. */
HK_MUST_CHECK int hk_journal_snapshot_begin(struct hk_journal *journal, struct hk_fault *fault);
HK_MUST_CHECK int hk_journal_snapshot_row(struct hk_journal *journal, const struct hk_record *row,
                                          struct hk_fault *fault);

/** Ends it: count and CRC, fsync, rename, fsync of the folder, re-read and verify. The caller has
 * seen to it that the journal is durable up to `end->end_lsn`. Older snapshots than the last two
 * are deleted, and every segment that neither kept snapshot starts in or before or points into. */
HK_MUST_CHECK int hk_journal_snapshot_end(struct hk_journal *journal, uint64_t begin_lsn,
                                          uint64_t end_lsn, uint64_t row_count,
                                          struct hk_fault *fault);
