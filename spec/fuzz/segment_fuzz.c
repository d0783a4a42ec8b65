// SPDX-License-Identifier: Apache-2.0
/* Recovery on hostile files. The first byte of the input says what the rest is:
 *   0  the whole file of the only segment
 *   1  patches on a good segment: offset (2 bytes), count (1), bytes; a count of 0 cuts there
 *   2  payloads in good frames: size (1), bytes
 *   3  the whole file of a snapshot beside a good segment
 * Whatever it is, the journal opens or refuses. Opened, it goes on: one more record is committed,
 * and the next opening replays the same and that one. Patches never make a record that was not
 * written. */
#include "base/alloc.h"
#include "base/check.h"
#include "journal/disk_memory.h"
#include "journal/journal.h"
#include "journal/segment.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEGMENT_BYTES = 2048, RECORD_COUNT = 12 };

#define SEGMENT_NAME "journal/00000000000000000001.log"

/** What was replayed. */
struct seen {
    uint64_t lsn_last;
    uint32_t count;
    bool is_changed; /**< Some record is none of the good segment's. */
};

static struct hk_record make_record(uint64_t lsn)
{
    return (struct hk_record){
        .type = lsn % 3 == 0 ? HK_RECORD_EVENT : HK_RECORD_MERCHANT_DELETED,
        .lsn = lsn,
        .at = { (int64_t)lsn },
    };
}

static int replay(void *arg, const struct hk_record *record, struct hk_location location,
                  bool is_row, struct hk_fault *fault)
{
    struct seen *seen = arg;
    struct hk_record wanted = make_record(record->lsn);
    (void)location, (void)fault;
    hk_assert(is_row || record->lsn > seen->lsn_last);
    if (!is_row)
        seen->lsn_last = record->lsn;
    seen->count++;
    seen->is_changed |= record->type != wanted.type || record->at.ms != wanted.at.ms;
    return 0;
}

static int open_journal(struct hk_disk *disk, struct hk_journal **journal,
                        struct hk_journal_found *found, struct seen *seen)
{
    struct hk_journal_options options = { disk, SEGMENT_BYTES, 5, replay, seen };
    struct hk_fault fault = { 0 };
    *seen = (struct seen){ 0 };
    int code = hk_journal_open(&options, journal, found, &fault);
    hk_assert(code == 0 || code == HK_EDAMAGED || code == HK_EVERSION);
    hk_assert(code == 0 || fault.text[0] != '\0');
    return code;
}

static void append(struct hk_journal *journal, uint64_t lsn)
{
    struct hk_fact_appended appended;
    struct hk_record record = make_record(lsn);
    hk_assert(hk_journal_append(journal, &record) == 0);
    hk_assert(hk_journal_commit(journal, &appended, NULL) == 0);
    hk_free(appended.located);
}

static void write_file(struct hk_disk *disk, const char *name, const void *data, size_t size)
{
    struct hk_file *file = NULL;
    (void)disk->ops->unlink(disk, name, NULL);
    hk_assert(disk->ops->create(disk, name, &file, NULL) == 0);
    hk_assert(file->ops->write(file, 0, data, size, NULL) == 0);
    file->ops->close(file);
}

static struct hk_disk *make_good(void)
{
    struct hk_disk *disk = hk_disk_memory_new();
    struct hk_journal *journal = NULL;
    struct hk_journal_found found;
    struct seen seen;
    hk_assert(open_journal(disk, &journal, &found, &seen) == 0);
    for (uint64_t lsn = 1; lsn <= RECORD_COUNT; lsn++)
        append(journal, lsn);
    hk_journal_close(journal);
    return disk;
}

static void patch(struct hk_disk *disk, const uint8_t *data, size_t size)
{
    struct hk_file *file = NULL;
    hk_assert(disk->ops->reopen(disk, SEGMENT_NAME, &file, NULL) == 0);
    while (size >= 3) {
        uint64_t offset = (uint64_t)(data[0] | data[1] << 8) % SEGMENT_BYTES;
        size_t count = data[2] < size - 3 ? data[2] : size - 3;
        if (data[2] == 0)
            hk_assert(file->ops->truncate(file, offset, NULL) == 0);
        else
            hk_assert(file->ops->write(file, offset, data + 3, count, NULL) == 0);
        data += 3 + count;
        size -= 3 + count;
    }
    file->ops->close(file);
}

/** Puts the payloads into frames whose crc fits, one batch each. */
static void write_frames(struct hk_disk *disk, const uint8_t *data, size_t size)
{
    struct hk_bytes bytes = { 0 };
    unsigned char header_bytes[HK_SEGMENT_HEADER_BYTES], frame_bytes[HK_FRAME_HEADER_BYTES];
    struct hk_segment_header header = { .salt = 77, .first_lsn = 1, .before_lsn = 0 };
    hk_segment_header_encode(&header, header_bytes);
    hk_assert(hk_bytes_append(&bytes, header_bytes, sizeof(header_bytes)) == 0);
    uint32_t crc_before = header.crc;
    for (uint64_t lsn = 1; size > 1; lsn++) {
        uint32_t length = data[0] < size - 1 ? data[0] : (uint32_t)(size - 1);
        struct hk_frame frame = { length, 0, crc_before, 0 };
        frame.crc = crc_before = hk_frame_crc(&frame, header.salt, lsn, data + 1);
        hk_frame_encode(&frame, frame_bytes);
        hk_assert(hk_bytes_append(&bytes, frame_bytes, sizeof(frame_bytes)) == 0);
        hk_assert(hk_bytes_append(&bytes, data + 1, length) == 0);
        hk_assert(hk_bytes_append(&bytes, "\0\0\0\0\0\0\0", (8 - length % 8) % 8) == 0);
        data += 1 + length;
        size -= 1 + length;
    }
    write_file(disk, SEGMENT_NAME, bytes.at, bytes.size);
    hk_bytes_fini(&bytes);
}

static struct hk_disk *make_disk(const uint8_t *data, size_t size)
{
    unsigned kind = data[0] % 4;
    struct hk_disk *disk = kind == 1 || kind == 3 ? make_good() : hk_disk_memory_new();
    if (kind == 0)
        write_file(disk, SEGMENT_NAME, data + 1, size - 1);
    else if (kind == 1)
        patch(disk, data + 1, size - 1);
    else if (kind == 2)
        write_frames(disk, data + 1, size - 1);
    else
        write_file(disk, "snapshot/00000000000000000003.msgpack", data + 1, size - 1);
    return disk;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hk_journal *journal = NULL;
    struct hk_journal_found found;
    struct seen first, second;
    if (size == 0)
        return 0;
    struct hk_disk *disk = make_disk(data, size);
    if (open_journal(disk, &journal, &found, &first) == 0) {
        hk_assert(data[0] % 4 != 1 || !first.is_changed);
        append(journal, found.lsn_last + 1);
        hk_journal_close(journal);
        hk_assert(open_journal(disk, &journal, &found, &second) == 0);
        hk_assert(found.torn_bytes == 0 && second.count == first.count + 1);
        hk_journal_close(journal);
    }
    hk_disk_memory_free(disk);
    return 0;
}
