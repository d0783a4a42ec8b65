// SPDX-License-Identifier: Apache-2.0
#include "journal/tail.h"

#include "base/check.h"

#include <inttypes.h>
#include <stdio.h>

#define TORN_TEMPORARY_NAME "journal/torn.tmp"
#define COPY_BYTES (1u << 20)

/** The fewest bytes of a record that hk_record_peek can like: [type, lsn, ...]; and how many it
 * needs of the longest, whose count of elements it holds against the bytes. */
#define PEEK_BYTES_MIN 3u
#define PEEK_BYTES_MAX 48u

/** A frame that may stand behind the bad bytes. */
struct candidate {
    uint64_t offset;
    uint64_t bytes; /**< Of the whole frame. */
    uint64_t lsn;
    uint64_t batch_lsn; /**< Of the first record of its batch. */
};

/** Could a frame be at candidate->offset, by what its first bytes say? This is asked at every
 * eighth byte and keeps the crc for what is nearly sure to be one. */
static int is_likely(struct hk_reader *reader, struct candidate *candidate, bool *is,
                     struct hk_fault *fault)
{
    const unsigned char *at = NULL;
    uint64_t left = reader->size - candidate->offset;
    size_t size = HK_FRAME_HEADER_BYTES + PEEK_BYTES_MAX;
    *is = false;
    int code =
        hk_reader_look(reader, candidate->offset, left < size ? (size_t)left : size, &at, fault);
    if (code != 0)
        return code;
    struct hk_frame frame = hk_frame_decode(at);
    if (frame.length < PEEK_BYTES_MIN || frame.length > HK_RECORD_PAYLOAD_MAX ||
        hk_frame_bytes(frame.length) > left)
        return 0;
    size_t peek_size = frame.length < PEEK_BYTES_MAX ? frame.length : PEEK_BYTES_MAX;
    struct hk_record_mark mark;
    struct hk_slice start = { (const char *)at + HK_FRAME_HEADER_BYTES, peek_size };
    if (hk_record_peek(start, &mark) != 0)
        return 0;
    uint64_t first_lsn = reader->header.first_lsn;
    uint64_t records_max = reader->size / HK_FRAME_HEADER_BYTES;
    if (mark.lsn < first_lsn || mark.lsn - first_lsn > records_max ||
        frame.batch_index > mark.lsn - first_lsn)
        return 0;
    candidate->bytes = hk_frame_bytes(frame.length);
    candidate->lsn = mark.lsn;
    candidate->batch_lsn = mark.lsn - frame.batch_index;
    *is = true;
    return 0;
}

static int is_good(struct hk_reader *reader, const struct candidate *candidate, bool *is,
                   struct hk_fault *fault)
{
    const unsigned char *at = NULL;
    int code = hk_reader_look(reader, candidate->offset, candidate->bytes, &at, fault);
    if (code != 0)
        return code;
    struct hk_frame frame = hk_frame_decode(at);
    *is = frame.crc ==
          hk_frame_crc(&frame, reader->header.salt, candidate->lsn, at + HK_FRAME_HEADER_BYTES);
    return 0;
}

int hk_tail_examine(struct hk_reader *reader, struct hk_tail *tail, struct hk_fault *fault)
{
    uint64_t end = 0;
    int code = hk_reader_find_end(reader, reader->offset, &end, fault);
    *tail = (struct hk_tail){ true, end - reader->offset, reader->lsn };
    struct candidate candidate = { .offset = reader->offset };
    while (code == 0 && tail->is_torn &&
           candidate.offset + HK_FRAME_HEADER_BYTES + PEEK_BYTES_MIN <= end) {
        bool is = false;
        code = is_likely(reader, &candidate, &is, fault);
        if (code == 0 && is)
            code = is_good(reader, &candidate, &is, fault);
        if (code == 0 && is) {
            if (candidate.lsn < reader->lsn || candidate.batch_lsn > reader->lsn)
                tail->is_torn = false;
            if (candidate.lsn > tail->lsn_last)
                tail->lsn_last = candidate.lsn;
        }
        candidate.offset += is ? candidate.bytes : 8;
    }
    return code;
}

static int copy_bytes(struct hk_reader *reader, uint64_t bytes, struct hk_file *file,
                      struct hk_fault *fault)
{
    int sys = 0;
    for (uint64_t done = 0; done < bytes;) {
        const unsigned char *at = NULL;
        size_t size = bytes - done < COPY_BYTES ? (size_t)(bytes - done) : (size_t)COPY_BYTES;
        int code = hk_reader_look(reader, reader->offset + done, size, &at, fault);
        if (code != 0)
            return code;
        code = file->ops->write(file, done, at, size, &sys);
        if (code != 0)
            return hk_fault_set_sys(fault, code, sys, "writing %s", TORN_TEMPORARY_NAME);
        done += size;
    }
    int code = file->ops->sync(file, &sys);
    return code != 0 ? hk_fault_set_sys(fault, code, sys, "writing %s", TORN_TEMPORARY_NAME) : 0;
}

static int save(struct hk_reader *reader, uint64_t bytes, const char *name, struct hk_fault *fault)
{
    struct hk_disk *disk = reader->disk;
    struct hk_file *file = NULL;
    int sys = 0;
    int code = disk->ops->unlink(disk, TORN_TEMPORARY_NAME, &sys);
    if (code == 0 || code == HK_ENOTFOUND)
        code = disk->ops->create(disk, TORN_TEMPORARY_NAME, &file, &sys);
    if (code != 0)
        return hk_fault_set_sys(fault, code, sys, "creating %s", TORN_TEMPORARY_NAME);
    code = copy_bytes(reader, bytes, file, fault);
    file->ops->close(file);
    if (code != 0)
        return code;
    code = disk->ops->rename(disk, TORN_TEMPORARY_NAME, name, &sys);
    if (code == 0)
        code = disk->ops->sync_folder(disk, "journal", &sys);
    return code != 0 ? hk_fault_set_sys(fault, code, sys, "saving %s", name) : 0;
}

static int cut(struct hk_reader *reader, struct hk_fault *fault)
{
    struct hk_file *file = NULL;
    int sys = 0;
    int code = reader->disk->ops->reopen(reader->disk, reader->name, &file, &sys);
    if (code == 0)
        code = file->ops->truncate(file, reader->offset, &sys);
    if (code == 0)
        code = file->ops->sync(file, &sys);
    if (file != NULL)
        file->ops->close(file);
    return code != 0 ? hk_fault_set_sys(fault, code, sys, "cutting %s", reader->name) : 0;
}

int hk_tail_cut(struct hk_reader *reader, const struct hk_tail *tail, char name[HK_TAIL_NAME_MAX],
                struct hk_fault *fault)
{
    int size = snprintf(name, HK_TAIL_NAME_MAX, "journal/torn-%020" PRIu64 ".bin", tail->lsn_last);
    hk_assert(size > 0 && size < HK_TAIL_NAME_MAX);
    int code = save(reader, tail->bytes, name, fault);
    return code != 0 ? code : cut(reader, fault);
}
