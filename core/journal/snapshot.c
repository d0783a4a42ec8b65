// SPDX-License-Identifier: Apache-2.0
#include "journal/snapshot.h"

#include "base/check.h"
#include "base/crc32c.h"
#include "base/unpack.h"

#include <inttypes.h>
#include <stdio.h>

#define BUFFER_BYTES (1u << 20)
#define TRAILER_BYTES 42u
#define TRAILER_CRC_BYTES 5u
#define ROW_HEAD_BYTES 5u

/** Array of 2, str of 14, the text, format 1. */
static const unsigned char HEADER[] = "\x92\xAEhookd snapshot\x01";
#define HEADER_BYTES (sizeof(HEADER) - 1)
_Static_assert(HK_RECORD_FORMAT == 1, "the last byte of HEADER is the format");

enum { ARRAY_OF_5 = 0x95, BIN32 = 0xC6, UINT32 = 0xCE, UINT64 = 0xCF };

const char *hk_snapshot_name(uint64_t end_lsn, char name[HK_SNAPSHOT_NAME_MAX])
{
    int size = snprintf(name, HK_SNAPSHOT_NAME_MAX, "snapshot/%020" PRIu64 ".msgpack", end_lsn);
    hk_assert(size > 0 && size < HK_SNAPSHOT_NAME_MAX);
    return name;
}

/** Writes a first byte and a number of `size` bytes, most significant first; gets what is behind.
 */
static unsigned char *put_number(unsigned char *at, unsigned first, uint64_t value, size_t size)
{
    *at++ = (unsigned char)first;
    for (size_t i = size; i > 0; i--)
        *at++ = (unsigned char)(value >> (8 * (i - 1)));
    return at;
}

/* Writing. */

static int fail_writing(struct hk_fault *fault, int code, int sys)
{
    return hk_fault_set_sys(fault, code, sys, "writing %s", HK_SNAPSHOT_TEMPORARY_NAME);
}

static int write_out(struct hk_snapshot_writer *writer, struct hk_fault *fault)
{
    int sys = 0;
    struct hk_bytes *buffer = &writer->buffer;
    int code =
        writer->file->ops->write(writer->file, writer->offset, buffer->at, buffer->size, &sys);
    if (code != 0)
        return fail_writing(fault, code, sys);
    writer->crc = hk_crc32c(writer->crc, buffer->at, buffer->size);
    writer->offset += buffer->size;
    hk_bytes_clear(buffer);
    return 0;
}

int hk_snapshot_writer_begin(struct hk_snapshot_writer *writer, struct hk_disk *disk,
                             struct hk_fault *fault)
{
    int sys = 0;
    *writer = (struct hk_snapshot_writer){ .disk = disk, .least_lsn = UINT64_MAX };
    int code = disk->ops->unlink(disk, HK_SNAPSHOT_TEMPORARY_NAME, &sys);
    if (code == 0 || code == HK_ENOTFOUND)
        code = disk->ops->create(disk, HK_SNAPSHOT_TEMPORARY_NAME, &writer->file, &sys);
    if (code == 0)
        code = hk_bytes_append(&writer->buffer, HEADER, HEADER_BYTES);
    return code != 0 ? fail_writing(fault, code, sys) : 0;
}

/** A row points to a record in the log: its segment must stay. */
static void note_needed(struct hk_snapshot_writer *writer, struct hk_location location)
{
    if (location.lsn != 0 && location.lsn < writer->least_lsn)
        writer->least_lsn = location.lsn;
}

int hk_snapshot_writer_row(struct hk_snapshot_writer *writer, const struct hk_record *row,
                           struct hk_fault *fault)
{
    static const char no_head[ROW_HEAD_BYTES];
    struct hk_bytes *buffer = &writer->buffer;
    size_t at = buffer->size;
    int code = hk_bytes_append(buffer, no_head, ROW_HEAD_BYTES);
    if (code == 0)
        code = hk_record_encode(row, buffer);
    if (code != 0)
        return fail_writing(fault, code, 0);
    (void)put_number((unsigned char *)buffer->at + at, BIN32, buffer->size - at - ROW_HEAD_BYTES,
                     4);
    writer->row_count++;
    if (row->type == HK_RECORD_STATE) {
        note_needed(writer, row->state->location);
        note_needed(writer, row->state->plan_location);
    }
    return buffer->size >= BUFFER_BYTES ? write_out(writer, fault) : 0;
}

static int write_trailer(struct hk_snapshot_writer *writer,
                         const struct hk_snapshot_trailer *trailer, struct hk_fault *fault)
{
    unsigned char bytes[TRAILER_BYTES];
    size_t front_bytes = TRAILER_BYTES - TRAILER_CRC_BYTES;
    unsigned char *at = bytes;
    *at++ = ARRAY_OF_5;
    at = put_number(at, UINT64, trailer->begin_lsn, 8);
    at = put_number(at, UINT64, trailer->end_lsn, 8);
    at = put_number(at, UINT64, trailer->row_count, 8);
    at = put_number(at, UINT64, trailer->least_lsn, 8);
    int code = write_out(writer, fault);
    if (code != 0)
        return code;
    (void)put_number(at, UINT32, hk_crc32c(writer->crc, bytes, front_bytes), 4);
    code = hk_bytes_append(&writer->buffer, bytes, sizeof(bytes));
    return code != 0 ? fail_writing(fault, code, 0) : write_out(writer, fault);
}

/** Makes the file durable under its name. */
static int give_name(struct hk_snapshot_writer *writer, const char *name, int *sys)
{
    struct hk_disk *disk = writer->disk;
    int code = writer->file->ops->sync(writer->file, sys);
    if (code != 0)
        return code;
    code = disk->ops->rename(disk, HK_SNAPSHOT_TEMPORARY_NAME, name, sys);
    if (code != 0)
        return code;
    writer->file->ops->close(writer->file);
    writer->file = NULL;
    return disk->ops->sync_folder(disk, "snapshot", sys);
}

int hk_snapshot_writer_end(struct hk_snapshot_writer *writer, struct hk_snapshot_trailer *trailer,
                           struct hk_fault *fault)
{
    char name[HK_SNAPSHOT_NAME_MAX];
    int sys = 0;
    trailer->row_count = writer->row_count;
    trailer->least_lsn = writer->least_lsn;
    int code = write_trailer(writer, trailer, fault);
    if (code != 0)
        return code;
    code = give_name(writer, hk_snapshot_name(trailer->end_lsn, name), &sys);
    if (code != 0)
        (void)hk_fault_set_sys(fault, code, sys, "writing %s", name);
    else
        code = hk_snapshot_read(writer->disk, trailer->end_lsn, NULL, NULL, fault);
    // One that has its name and is not good would stop the next start.
    if (code != 0 && writer->file == NULL)
        (void)writer->disk->ops->unlink(writer->disk, name, NULL);
    return code;
}

void hk_snapshot_writer_fini(struct hk_snapshot_writer *writer)
{
    if (writer->file != NULL) {
        writer->file->ops->close(writer->file);
        // What stays behind is unlinked by the next one, or at the next opening.
        (void)writer->disk->ops->unlink(writer->disk, HK_SNAPSHOT_TEMPORARY_NAME, NULL);
    }
    hk_bytes_fini(&writer->buffer);
    *writer = (struct hk_snapshot_writer){ 0 };
}

/* Reading. */

struct source {
    char name[HK_SNAPSHOT_NAME_MAX];
    struct hk_file *file;
    uint64_t size;
    uint64_t offset; /**< Of what comes next. */
    struct hk_bytes window;
    size_t window_at; /**< Of it in the window. */
    uint32_t crc;
};

static int bad(const struct source *source, struct hk_fault *fault)
{
    return hk_fault_set(fault, HK_EDAMAGED, "%s: damaged at offset %llu", source->name,
                        (unsigned long long)source->offset);
}

static int source_open(struct source *source, struct hk_disk *disk, uint64_t end_lsn,
                       struct hk_fault *fault)
{
    int sys = 0;
    *source = (struct source){ .size = 0 };
    (void)hk_snapshot_name(end_lsn, source->name);
    int code = disk->ops->open(disk, source->name, &source->file, &sys);
    if (code == 0)
        code = source->file->ops->size(source->file, &source->size, &sys);
    if (code != 0)
        return hk_fault_set_sys(fault, code, sys, "reading %s", source->name);
    return source->size < HEADER_BYTES + TRAILER_BYTES ? bad(source, fault) : 0;
}

static void source_close(struct source *source)
{
    if (source->file != NULL)
        source->file->ops->close(source->file);
    hk_bytes_fini(&source->window);
}

/** Gets the next `size` bytes, which stay next until they are taken. */
static int source_look(struct source *source, size_t size, const unsigned char **at,
                       struct hk_fault *fault)
{
    struct hk_bytes *window = &source->window;
    int sys = 0, code = 0;
    if (size > source->size - source->offset)
        return bad(source, fault);
    if (window->size - source->window_at < size) {
        size_t wanted = size > BUFFER_BYTES ? size : BUFFER_BYTES;
        hk_bytes_clear(window);
        source->window_at = 0;
        code = hk_bytes_reserve(window, wanted);
        if (code == 0)
            code = source->file->ops->read(source->file, source->offset, window->at, &wanted, &sys);
        if (code == 0 && wanted < size)
            code = HK_EIO;
        if (code != 0)
            return hk_fault_set_sys(fault, code, sys, "reading %s", source->name);
        window->size = wanted;
    }
    *at = (const unsigned char *)window->at + source->window_at;
    return 0;
}

static void source_take(struct source *source, size_t size)
{
    source->crc = hk_crc32c(source->crc, source->window.at + source->window_at, size);
    source->window_at += size;
    source->offset += size;
}

/** Takes the trailer, which comes next. `row_count` is what was counted. */
static int take_trailer(struct source *source, struct hk_snapshot_trailer *trailer,
                        uint64_t *crc_wanted, struct hk_fault *fault)
{
    const unsigned char *at = NULL;
    int code = source_look(source, TRAILER_BYTES, &at, fault);
    if (code != 0)
        return code;
    struct hk_unpack unpack = hk_unpack_of((struct hk_slice){ (const char *)at, TRAILER_BYTES });
    hk_unpack_array_of(&unpack, 5);
    trailer->begin_lsn = hk_unpack_u64(&unpack, UINT64_MAX);
    trailer->end_lsn = hk_unpack_u64(&unpack, UINT64_MAX);
    trailer->row_count = hk_unpack_u64(&unpack, UINT64_MAX);
    trailer->least_lsn = hk_unpack_u64(&unpack, UINT64_MAX);
    *crc_wanted = hk_unpack_u64(&unpack, UINT32_MAX);
    if (!hk_unpack_is_done(&unpack) || trailer->begin_lsn > trailer->end_lsn)
        return bad(source, fault);
    source_take(source, TRAILER_BYTES - TRAILER_CRC_BYTES);
    return 0;
}

static int take_header(struct source *source, struct hk_fault *fault)
{
    const unsigned char *at = NULL;
    int code = source_look(source, HEADER_BYTES, &at, fault);
    if (code != 0)
        return code;
    if (memcmp(at, HEADER, HEADER_BYTES - 1) != 0)
        return bad(source, fault);
    if (at[HEADER_BYTES - 1] != HK_RECORD_FORMAT)
        return hk_fault_set(fault, HK_EVERSION, "%s: format %u, this hookd reads format %u",
                            source->name, at[HEADER_BYTES - 1], HK_RECORD_FORMAT);
    source_take(source, HEADER_BYTES);
    return 0;
}

static int take_row(struct source *source, hk_snapshot_row_fn each, void *arg,
                    struct hk_fault *fault)
{
    const unsigned char *at = NULL;
    int code = source_look(source, ROW_HEAD_BYTES, &at, fault);
    if (code != 0)
        return code;
    size_t size = (size_t)at[1] << 24 | (size_t)at[2] << 16 | (size_t)at[3] << 8 | at[4];
    if (at[0] != BIN32 || size > source->size - source->offset - ROW_HEAD_BYTES)
        return bad(source, fault);
    code = source_look(source, ROW_HEAD_BYTES + size, &at, fault);
    if (code != 0)
        return code;
    if (each != NULL)
        code = each(arg, (struct hk_slice){ (const char *)at + ROW_HEAD_BYTES, size }, fault);
    if (code != 0) {
        (void)hk_fault_wrap(fault, "%s: offset %llu", source->name,
                            (unsigned long long)source->offset);
        return code;
    }
    source_take(source, ROW_HEAD_BYTES + size);
    return 0;
}

static int read_all(struct source *source, uint64_t end_lsn, hk_snapshot_row_fn each, void *arg,
                    struct hk_fault *fault)
{
    struct hk_snapshot_trailer trailer;
    uint64_t row_count = 0, crc_wanted = 0;
    int code = take_header(source, fault);
    for (; code == 0 && source->offset < source->size - TRAILER_BYTES; row_count++)
        code = take_row(source, each, arg, fault);
    if (code == 0)
        code = take_trailer(source, &trailer, &crc_wanted, fault);
    if (code != 0)
        return code;
    if (source->crc != crc_wanted || trailer.row_count != row_count || trailer.end_lsn != end_lsn)
        return bad(source, fault);
    return 0;
}

int hk_snapshot_read(struct hk_disk *disk, uint64_t end_lsn, hk_snapshot_row_fn each, void *arg,
                     struct hk_fault *fault)
{
    struct source source;
    int code = source_open(&source, disk, end_lsn, fault);
    if (code == 0)
        code = read_all(&source, end_lsn, each, arg, fault);
    source_close(&source);
    return code;
}

int hk_snapshot_read_trailer(struct hk_disk *disk, uint64_t end_lsn,
                             struct hk_snapshot_trailer *trailer, struct hk_fault *fault)
{
    struct source source;
    uint64_t crc_wanted = 0;
    int code = source_open(&source, disk, end_lsn, fault);
    if (code == 0) {
        source.offset = source.size - TRAILER_BYTES;
        code = take_trailer(&source, trailer, &crc_wanted, fault);
    }
    if (code == 0 && trailer->end_lsn != end_lsn)
        code = bad(&source, fault);
    source_close(&source);
    return code;
}
