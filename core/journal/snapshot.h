// SPDX-License-Identifier: Apache-2.0
/** Snapshot: the whole state as a stream of records, in `snapshot/<end lsn, 20 digits>.msgpack`.
 *
 * ```
 * header   array of 2: "hookd snapshot", format
 * rows     bin 32 (always 5 bytes of head), each one record (journal/record.h)
 * trailer  42 bytes: array of 5: begin_lsn, end_lsn, row_count, least_lsn (uint 64 all four),
 *          crc32c of everything before the crc's own 5 bytes (uint 32)
 * ```
 *
 * It holds the effects of all records up to begin_lsn and of some up to end_lsn. least_lsn is the
 * least lsn that a STATE row's body or plan is to be loaded from, UINT64_MAX if none: segments
 * before it and before begin_lsn are not needed. The trailer stands at a fixed distance from the
 * end, so that it is found without reading all. Thread: the owner's. */
#pragma once
#include "journal/disk.h"
#include "journal/record.h"

#define HK_SNAPSHOT_NAME_MAX 48
#define HK_SNAPSHOT_TEMPORARY_NAME "snapshot/next.tmp"

struct hk_snapshot_trailer {
    uint64_t begin_lsn, end_lsn, row_count, least_lsn;
};

/** Writes "snapshot/<end_lsn>.msgpack"; returns `name`. */
const char *hk_snapshot_name(uint64_t end_lsn, char name[HK_SNAPSHOT_NAME_MAX]);

struct hk_snapshot_writer {
    struct hk_disk *disk;
    struct hk_file *file;
    struct hk_bytes buffer;
    uint64_t offset;
    uint32_t crc;
    uint64_t row_count;
    uint64_t least_lsn;
};

HK_MUST_CHECK int hk_snapshot_writer_begin(struct hk_snapshot_writer *writer, struct hk_disk *disk,
                                           struct hk_fault *fault);
HK_MUST_CHECK int hk_snapshot_writer_row(struct hk_snapshot_writer *writer,
                                         const struct hk_record *row, struct hk_fault *fault);

/** Writes the trailer (begin_lsn and end_lsn are the caller's, the rest is filled in), makes the
 * file durable, gives it its name, makes that durable, and reads all of it back. */
HK_MUST_CHECK int hk_snapshot_writer_end(struct hk_snapshot_writer *writer,
                                         struct hk_snapshot_trailer *trailer,
                                         struct hk_fault *fault);

/** Frees; what did not end is unlinked. Fine at any time. */
void hk_snapshot_writer_fini(struct hk_snapshot_writer *writer);

/** Told each row of a snapshot; negative ends the reading with that. */
typedef int (*hk_snapshot_row_fn)(void *arg, struct hk_slice payload, struct hk_fault *fault);

/** Reads a snapshot through. The rows are given out before the crc over all of them is known, so
 * what was made of them counts only after 0. HK_EDAMAGED, HK_EVERSION, HK_EIO, HK_ENOMEM. */
HK_MUST_CHECK int hk_snapshot_read(struct hk_disk *disk, uint64_t end_lsn, hk_snapshot_row_fn each,
                                   void *arg, struct hk_fault *fault);

/** Reads only the trailer. */
HK_MUST_CHECK int hk_snapshot_read_trailer(struct hk_disk *disk, uint64_t end_lsn,
                                           struct hk_snapshot_trailer *trailer,
                                           struct hk_fault *fault);
