// SPDX-License-Identifier: Apache-2.0
#include "journal/reader.h"

#include "base/check.h"

#define WINDOW_BYTES (1u << 20)

static int fail(const struct hk_reader *reader, struct hk_fault *fault, int code, int sys)
{
    return hk_fault_set_sys(fault, code, sys, "reading %s", reader->name);
}

int hk_reader_look(struct hk_reader *reader, uint64_t offset, size_t size, const unsigned char **at,
                   struct hk_fault *fault)
{
    struct hk_bytes *window = &reader->window;
    int sys = 0;
    hk_assert(offset <= reader->size && size <= reader->size - offset);
    if (offset < reader->window_offset || offset + size > reader->window_offset + window->size) {
        size_t wanted = size > WINDOW_BYTES ? size : WINDOW_BYTES;
        if (wanted > reader->size - offset)
            wanted = (size_t)(reader->size - offset);
        hk_bytes_clear(window);
        if (hk_bytes_reserve(window, wanted) != 0)
            return fail(reader, fault, HK_ENOMEM, 0);
        size_t got = wanted;
        int code = reader->file->ops->read(reader->file, offset, window->at, &got, &sys);
        if (code == 0 && got < size)
            code = HK_EIO;
        if (code != 0)
            return fail(reader, fault, code, sys);
        window->size = got;
        reader->window_offset = offset;
    }
    *at = (const unsigned char *)window->at + (offset - reader->window_offset);
    return 0;
}

static int check_header(struct hk_reader *reader, uint64_t first_lsn, struct hk_fault *fault)
{
    const unsigned char *at = NULL;
    uint32_t version = 0;
    if (reader->size < HK_SEGMENT_HEADER_BYTES)
        return hk_fault_set(fault, HK_EDAMAGED, "%s: damaged: it ends inside its header",
                            reader->name);
    int code = hk_reader_look(reader, 0, HK_SEGMENT_HEADER_BYTES, &at, fault);
    if (code != 0)
        return code;
    code = hk_segment_header_decode(at, &reader->header, &version);
    if (code == HK_EVERSION)
        return hk_fault_set(fault, code, "%s: format %u, this hookd reads format %u", reader->name,
                            version, HK_RECORD_FORMAT);
    if (code == 0 && reader->header.first_lsn != first_lsn)
        code = HK_EDAMAGED;
    if (code != 0)
        return hk_fault_set(fault, code, "%s: damaged header at offset 0", reader->name);
    return 0;
}

int hk_reader_open(struct hk_reader *reader, struct hk_disk *disk, uint64_t first_lsn,
                   struct hk_fault *fault)
{
    int sys = 0;
    *reader = (struct hk_reader){ .disk = disk };
    (void)hk_segment_name(first_lsn, reader->name);
    int code = disk->ops->open(disk, reader->name, &reader->file, &sys);
    if (code == 0)
        code = reader->file->ops->size(reader->file, &reader->size, &sys);
    if (code != 0)
        return fail(reader, fault, code, sys);
    code = check_header(reader, first_lsn, fault);
    reader->offset = HK_SEGMENT_HEADER_BYTES;
    reader->lsn = first_lsn;
    reader->crc_before = reader->header.crc;
    return code;
}

void hk_reader_close(struct hk_reader *reader)
{
    if (reader->file != NULL)
        reader->file->ops->close(reader->file);
    reader->file = NULL;
    hk_bytes_fini(&reader->window);
}

int hk_reader_find_end(struct hk_reader *reader, uint64_t offset, uint64_t *end,
                       struct hk_fault *fault)
{
    *end = offset;
    while (offset < reader->size) {
        const unsigned char *at = NULL;
        size_t size = reader->size - offset < WINDOW_BYTES ? (size_t)(reader->size - offset)
                                                           : (size_t)WINDOW_BYTES;
        int code = hk_reader_look(reader, offset, size, &at, fault);
        if (code != 0)
            return code;
        // All zeros is the usual answer, and this is the quick way to it.
        if (at[0] != 0 || memcmp(at, at + 1, size - 1) != 0) {
            size_t last = size;
            while (at[last - 1] == 0)
                last--;
            *end = offset + last;
        }
        offset += size;
    }
    return 0;
}

static int bad_frame(const struct hk_reader *reader, struct hk_fault *fault)
{
    return hk_fault_set(
        fault, HK_EDAMAGED, "%s: damaged at offset %llu, where the record of lsn %llu should be",
        reader->name, (unsigned long long)reader->offset, (unsigned long long)reader->lsn);
}

/** Is the frame at reader->offset, with all its bytes at `at`, the one that must come next? */
static bool is_next_frame(const struct hk_reader *reader, const struct hk_frame *frame,
                          const unsigned char *at)
{
    struct hk_record_mark mark;
    const unsigned char *payload = at + HK_FRAME_HEADER_BYTES;
    if (frame->crc_before != reader->crc_before ||
        (frame->batch_index != 0 && frame->batch_index != reader->batch_next) ||
        frame->crc != hk_frame_crc(frame, reader->header.salt, reader->lsn, payload))
        return false;
    for (uint64_t i = HK_FRAME_HEADER_BYTES + frame->length; i < hk_frame_bytes(frame->length); i++)
        if (at[i] != 0)
            return false;
    struct hk_slice slice = { (const char *)payload, frame->length };
    return hk_record_peek(slice, &mark) == 0 && mark.lsn == reader->lsn;
}

/** Is there nothing any more? */
static int end_or_bad(struct hk_reader *reader, struct hk_fault *fault)
{
    uint64_t end = 0;
    int code = hk_reader_find_end(reader, reader->offset, &end, fault);
    if (code != 0)
        return code;
    return end == reader->offset ? HK_EEND : bad_frame(reader, fault);
}

int hk_reader_next(struct hk_reader *reader, struct hk_entry *entry, struct hk_fault *fault)
{
    const unsigned char *at = NULL;
    uint64_t left = reader->size - reader->offset;
    if (left < HK_FRAME_HEADER_BYTES)
        return end_or_bad(reader, fault);
    int code = hk_reader_look(reader, reader->offset, HK_FRAME_HEADER_BYTES, &at, fault);
    if (code != 0)
        return code;
    struct hk_frame frame = hk_frame_decode(at);
    if (frame.length == 0)
        return end_or_bad(reader, fault);
    if (frame.length > HK_RECORD_PAYLOAD_MAX || hk_frame_bytes(frame.length) > left)
        return bad_frame(reader, fault);
    code = hk_reader_look(reader, reader->offset, hk_frame_bytes(frame.length), &at, fault);
    if (code != 0)
        return code;
    if (!is_next_frame(reader, &frame, at))
        return bad_frame(reader, fault);
    entry->payload = (struct hk_slice){ (const char *)at + HK_FRAME_HEADER_BYTES, frame.length };
    entry->lsn = reader->lsn++;
    entry->offset = reader->offset;
    reader->offset += hk_frame_bytes(frame.length);
    reader->crc_before = frame.crc;
    reader->batch_next = frame.batch_index + 1;
    return 0;
}
