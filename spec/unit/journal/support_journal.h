// SPDX-License-Identifier: Apache-2.0
/** A journal for tests: opens one on any disk, remembers what was replayed as bytes. */
#pragma once
#include "journal/journal.h"
#include "support_records.h"

/** One replayed record. */
struct replayed {
    uint64_t lsn;
    struct hk_location location;
    bool is_row;
    struct hk_bytes bytes; /**< Encoded again. */
};

/** All that was replayed. All zero is an empty one. */
struct history {
    struct replayed *items;
    uint32_t count, capacity;
};

int history_add(void *arg, const struct hk_record *record, struct hk_location location, bool is_row,
                struct hk_fault *fault);
void history_fini(struct history *history);

/** What is opened and how. */
struct opening {
    struct hk_disk *disk;
    uint64_t segment_bytes; /**< 0: 8 KiB. */
    struct hk_journal *journal;
    struct hk_journal_found found;
    struct hk_fault fault;
    struct history history; /**< Of the last opening. */
};

/** Opens; gives what hk_journal_open gave. */
int opening_try(struct opening *opening);

/** Opens, and it must work. */
void opening_do(struct opening *opening);

/** Closes and forgets the history. */
void opening_close(struct opening *opening);

/** Appends EVENT records with lsns from the next one on, and commits them as one batch. */
void opening_commit_events(struct opening *opening, uint64_t first_lsn, uint32_t count,
                           size_t text_bytes);

/** Asserts that a record of the history is the one that records_event makes. */
void assert_is_event(const struct replayed *replayed, uint64_t lsn, size_t text_bytes);

/** Reads a whole file of a disk. */
struct hk_bytes read_file(struct hk_disk *disk, const char *name);

/** Replaces the bytes of a file at `offset`, durably. */
void write_file(struct hk_disk *disk, const char *name, uint64_t offset, struct hk_slice data);

/** Cuts a file, durably. */
void cut_file(struct hk_disk *disk, const char *name, uint64_t size);

/** Counts the files of a folder whose name ends so. */
uint32_t count_files(struct hk_disk *disk, const char *folder, const char *suffix);
