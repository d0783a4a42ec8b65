// SPDX-License-Identifier: Apache-2.0
/** Reader: walks the frames of one segment in order and checks each wholly before it is given out.
 * Thread: the owner's. */
#pragma once
#include "journal/disk.h"
#include "journal/segment.h"

struct hk_reader {
    struct hk_disk *disk;
    struct hk_file *file;
    char name[HK_SEGMENT_NAME_MAX];
    struct hk_segment_header header;
    uint64_t size;
    uint64_t offset; /**< Of the next frame, or of what is in its place. */
    uint64_t lsn;    /**< That the next frame must have. */
    uint32_t crc_before;
    uint32_t batch_next; /**< batch_index that the next frame has unless it begins a batch. */
    struct hk_bytes window;
    uint64_t window_offset;
};

/** A checked frame. */
struct hk_entry {
    struct hk_slice payload; /**< Valid until the next call. */
    uint64_t lsn;
    uint64_t offset;
};

/** Opens the segment that begins with `first_lsn` and checks its header. HK_EDAMAGED, HK_EVERSION,
 * HK_EIO, HK_ENOTFOUND. hk_reader_close in any case. */
HK_MUST_CHECK int hk_reader_open(struct hk_reader *reader, struct hk_disk *disk, uint64_t first_lsn,
                                 struct hk_fault *fault);
void hk_reader_close(struct hk_reader *reader);

/** Gets the next frame. HK_EEND: no more, and nothing but zeros behind. HK_EDAMAGED: there is
 * something else at reader->offset; the reader stays there. HK_EIO, HK_ENOMEM. */
HK_MUST_CHECK int hk_reader_next(struct hk_reader *reader, struct hk_entry *entry,
                                 struct hk_fault *fault);

/** Gets bytes of the file, valid until the next call; they must lie within it. */
HK_MUST_CHECK int hk_reader_look(struct hk_reader *reader, uint64_t offset, size_t size,
                                 const unsigned char **at, struct hk_fault *fault);

/** Finds the last byte from `offset` on that is not zero: `*end` is the offset after it, `offset`
 * if there is none. */
HK_MUST_CHECK int hk_reader_find_end(struct hk_reader *reader, uint64_t offset, uint64_t *end,
                                     struct hk_fault *fault);
