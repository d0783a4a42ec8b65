// SPDX-License-Identifier: Apache-2.0
/** Committer: the journal's hands. One thread commits (write + fdatasync, group commit without a
 * timer), one thread loads cold bodies and plans. The shell appends on its own thread, where
 * records are encoded while their pointers are good, and flushes once a loop iteration.
 *
 * What nobody waits for (no hk_committer_sync since it was appended) may wait up to 50 ms for
 * company (results are on disk within 0.5 s, interface.md section 4). */
#pragma once
#include "journal/journal.h"
#include "model/command.h"

struct hk_committer;

/** Called on the committer's threads; must only pass the fact on. */
struct hk_committer_events {
    void (*appended)(void *arg, const struct hk_fact_appended *appended);
    void (*loaded)(void *arg, const struct hk_fact_loaded *loaded);
    /** A write or a sync failed: nothing is durable any more from here on. */
    void (*failed)(void *arg, const struct hk_fault *fault);
    void *arg;
};

/** Takes over appending to `journal` until hk_committer_stop; starts the threads. */
HK_MUST_CHECK int hk_committer_start(struct hk_journal *journal,
                                     const struct hk_committer_events *events,
                                     struct hk_committer **committer, struct hk_fault *fault);

/** Encodes a record into the next batch. Thread: the shell's. Ends the process when out of memory:
 * the record is decided and cannot be taken back. */
void hk_committer_append(struct hk_committer *committer, const struct hk_record *record);

/** Carries out HK_COMMAND_SYNC: somebody waits for what was appended up to here, so the next flush
 * makes the committer write at once, also what an earlier flush left for company. */
void hk_committer_sync(struct hk_committer *committer);
void hk_committer_load(struct hk_committer *committer, const struct hk_command_load *load);

/** Hands over what was appended and asked for since the last flush. */
void hk_committer_flush(struct hk_committer *committer);

/** Commits what is left, ends the threads, gives the journal back, frees. */
HK_MUST_CHECK int hk_committer_stop(struct hk_committer *committer, struct hk_fault *fault);
