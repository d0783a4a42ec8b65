// SPDX-License-Identifier: Apache-2.0
#include "journal/writer.h"

#include "base/alloc.h"
#include "base/check.h"

static int create_next(struct hk_writer *writer, uint64_t size, int *sys)
{
    struct hk_disk *disk = writer->disk;
    int code = disk->ops->create(disk, HK_SEGMENT_NEXT_NAME, &writer->next, sys);
    if (code == HK_EEXISTS) {
        code = disk->ops->unlink(disk, HK_SEGMENT_NEXT_NAME, sys);
        if (code == 0)
            code = disk->ops->create(disk, HK_SEGMENT_NEXT_NAME, &writer->next, sys);
    }
    if (code != 0)
        return code;
    code = writer->next->ops->allocate(writer->next, size, sys);
    writer->next_size = size;
    return code;
}

static void discard_next(struct hk_writer *writer)
{
    if (writer->next == NULL)
        return;
    writer->next->ops->close(writer->next);
    writer->next = NULL;
    // What stays behind is unlinked at the next opening.
    (void)writer->disk->ops->unlink(writer->disk, HK_SEGMENT_NEXT_NAME, NULL);
}

static int fail(struct hk_writer *writer, struct hk_fault *fault, int code, int sys)
{
    char name[HK_SEGMENT_NAME_MAX];
    writer->is_failed = true;
    return hk_fault_set_sys(fault, code, sys, "writing %s",
                            hk_segment_name(writer->header.first_lsn, name));
}

/** Writes the header, makes it durable, gives the file its name, makes that durable. */
static int name_next(struct hk_writer *writer, int *sys)
{
    unsigned char bytes[HK_SEGMENT_HEADER_BYTES];
    char name[HK_SEGMENT_NAME_MAX];
    struct hk_disk *disk = writer->disk;
    hk_segment_header_encode(&writer->header, bytes);
    int code = writer->next->ops->write(writer->next, 0, bytes, sizeof(bytes), sys);
    if (code == 0)
        code = writer->next->ops->sync(writer->next, sys);
    if (code == 0)
        code = disk->ops->rename(disk, HK_SEGMENT_NEXT_NAME,
                                 hk_segment_name(writer->header.first_lsn, name), sys);
    if (code == 0)
        code = disk->ops->sync_folder(disk, "journal", sys);
    return code;
}

static void use_file(struct hk_writer *writer, struct hk_file *file, uint64_t size)
{
    if (writer->file != NULL)
        writer->file->ops->close(writer->file);
    writer->file = file;
    writer->size = size;
    writer->offset = HK_SEGMENT_HEADER_BYTES;
    writer->crc_before = writer->header.crc;
}

/** Begins the segment of writer->header that has room for a frame of `frame_bytes`. */
static int roll(struct hk_writer *writer, uint64_t frame_bytes, struct hk_fault *fault)
{
    int sys = 0, code = 0;
    uint64_t size = HK_SEGMENT_HEADER_BYTES + frame_bytes;
    if (size < writer->segment_bytes)
        size = writer->segment_bytes;
    if (writer->next != NULL && writer->next_size < size)
        discard_next(writer);
    if (writer->next == NULL)
        code = create_next(writer, size, &sys);
    if (code == 0)
        code = name_next(writer, &sys);
    if (code != 0)
        return fail(writer, fault, code, sys);
    struct hk_file *file = writer->next;
    writer->next = NULL;
    use_file(writer, file, writer->next_size);
    code = hk_segments_add(writer->segments, writer->header.first_lsn, writer->header.salt);
    return code != 0 ? fail(writer, fault, code, 0) : 0;
}

static int begin(struct hk_writer *writer, uint64_t first_lsn, uint64_t frame_bytes,
                 struct hk_fault *fault)
{
    writer->header = (struct hk_segment_header){
        .salt = hk_prng_next(&writer->salts),
        .first_lsn = first_lsn,
        .before_lsn = writer->lsn_last,
    };
    return roll(writer, frame_bytes, fault);
}

int hk_writer_begin(struct hk_writer *writer, uint64_t first_lsn, uint64_t before_lsn,
                    struct hk_fault *fault)
{
    writer->lsn_last = before_lsn;
    int code = begin(writer, first_lsn, 0, fault);
    writer->lsn_last = first_lsn - 1;
    return code;
}

int hk_writer_reopen(struct hk_writer *writer, const struct hk_segment_header *header,
                     struct hk_fault *fault)
{
    char name[HK_SEGMENT_NAME_MAX];
    struct hk_file *file = NULL;
    int sys = 0;
    writer->header = *header;
    writer->lsn_last = header->first_lsn - 1;
    int code = writer->disk->ops->reopen(writer->disk, hk_segment_name(header->first_lsn, name),
                                         &file, &sys);
    if (code != 0)
        return fail(writer, fault, code, sys);
    use_file(writer, file, writer->segment_bytes);
    code = file->ops->allocate(file, writer->size, &sys);
    return code != 0 ? fail(writer, fault, code, sys) : 0;
}

/** A run of frames that lie side by side in the batch and go to one segment. */
struct run {
    size_t at;
    size_t bytes;
    uint32_t count;
};

static int write_run(struct hk_writer *writer, const struct hk_batch *batch, struct run *run,
                     struct hk_fault *fault)
{
    int sys = 0;
    if (run->count == 0)
        return 0;
    struct hk_file *file = writer->file;
    int code = file->ops->write(file, writer->offset, batch->bytes.at + run->at, run->bytes, &sys);
    if (code == 0)
        code = file->ops->sync(file, &sys);
    if (code != 0)
        return fail(writer, fault, code, sys);
    writer->offset += run->bytes;
    writer->lsn_last += run->count;
    run->at += run->bytes;
    run->bytes = 0;
    run->count = 0;
    return 0;
}

/** Fills in the header of the frame that goes next to the end of the run; gets its offset. */
static uint32_t finish_frame(struct hk_writer *writer, struct hk_batch *batch, struct run *run,
                             const struct hk_batch_entry *entry)
{
    char *at = batch->bytes.at + entry->at;
    struct hk_frame frame = { entry->length, 0, writer->crc_before, run->count };
    frame.crc = hk_frame_crc(&frame, writer->header.salt, writer->lsn_last + run->count + 1,
                             at + HK_FRAME_HEADER_BYTES);
    hk_frame_encode(&frame, (unsigned char *)at);
    uint64_t offset = writer->offset + run->bytes;
    hk_assert(offset <= UINT32_MAX);
    writer->crc_before = frame.crc;
    run->bytes += hk_frame_bytes(entry->length);
    run->count++;
    return (uint32_t)offset;
}

int hk_writer_commit(struct hk_writer *writer, struct hk_batch *batch, struct hk_located *located,
                     struct hk_fault *fault)
{
    struct run run = { 0 };
    if (writer->is_failed)
        return hk_fault_set(fault, HK_EIO, "the journal failed before and takes nothing more");
    if (batch->count != 0 && batch->first_lsn != writer->lsn_last + 1)
        return hk_fault_set(fault, HK_EINVAL, "a record was appended out of order");
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct hk_batch_entry *entry = &batch->entries[i];
        uint64_t lsn = batch->first_lsn + i;
        uint64_t frame_bytes = hk_frame_bytes(entry->length);
        if (frame_bytes > writer->size - writer->offset - run.bytes) {
            int code = write_run(writer, batch, &run, fault);
            if (code == 0)
                code = begin(writer, lsn, frame_bytes, fault);
            if (code != 0)
                return code;
        }
        uint32_t offset = finish_frame(writer, batch, &run, entry);
        if (entry->has_location) {
            hk_assert(located != NULL);
            (located++)->location = (struct hk_location){ lsn, offset };
        }
    }
    return write_run(writer, batch, &run, fault);
}

int hk_writer_commit_as_fact(struct hk_writer *writer, struct hk_batch *batch,
                             struct hk_fact_appended *appended, struct hk_fault *fault)
{
    *appended = (struct hk_fact_appended){ .lsn = writer->lsn_last };
    struct hk_located *located = NULL;
    if (batch->located_count != 0) {
        located = hk_alloc_zero(batch->located_count, sizeof(*located));
        if (located == NULL)
            return hk_fault_set(fault, HK_ENOMEM, "no memory for what was appended");
    }
    int code = hk_writer_commit(writer, batch, located, fault);
    if (code != 0) {
        hk_free(located);
        return code;
    }
    appended->lsn = writer->lsn_last;
    appended->located = located;
    appended->located_count = batch->located_count;
    return 0;
}

void hk_writer_prepare(struct hk_writer *writer)
{
    if (writer->is_failed || writer->next != NULL || writer->offset < writer->size / 4 * 3)
        return;
    if (create_next(writer, writer->segment_bytes, NULL) != 0)
        discard_next(writer);
}

void hk_writer_close(struct hk_writer *writer)
{
    discard_next(writer);
    if (writer->file != NULL)
        writer->file->ops->close(writer->file);
    writer->file = NULL;
}
