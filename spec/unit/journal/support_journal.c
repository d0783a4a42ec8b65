// SPDX-License-Identifier: Apache-2.0
#include "support_journal.h"

#include "base/alloc.h"
#include "journal/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

int history_add(void *arg, const struct hk_record *record, struct hk_location location, bool is_row,
                struct hk_fault *fault)
{
    struct history *history = arg;
    (void)fault;
    if (history->count == history->capacity) {
        history->capacity = history->capacity * 2 + 64;
        history->items =
            hk_realloc_or_die(history->items, history->capacity, sizeof(*history->items));
    }
    struct replayed *replayed = &history->items[history->count++];
    *replayed = (struct replayed){ record->lsn, location, is_row, { 0 } };
    return hk_record_encode(record, &replayed->bytes);
}

void history_fini(struct history *history)
{
    for (uint32_t i = 0; i < history->count; i++)
        hk_bytes_fini(&history->items[i].bytes);
    hk_free(history->items);
    *history = (struct history){ 0 };
}

int opening_try(struct opening *opening)
{
    struct hk_journal_options options = {
        .disk = opening->disk,
        .segment_bytes = opening->segment_bytes != 0 ? opening->segment_bytes : 8192,
        .salt_seed = 7,
        .replay = history_add,
        .replay_arg = &opening->history,
    };
    history_fini(&opening->history);
    opening->fault = (struct hk_fault){ 0 };
    return hk_journal_open(&options, &opening->journal, &opening->found, &opening->fault);
}

void opening_do(struct opening *opening)
{
    int code = opening_try(opening);
    if (code != 0)
        (void)fprintf(stderr, "%s\n", opening->fault.text);
    assert_int_equal(code, 0);
}

void opening_close(struct opening *opening)
{
    hk_journal_close(opening->journal);
    opening->journal = NULL;
    history_fini(&opening->history);
}

void opening_commit_events(struct opening *opening, uint64_t first_lsn, uint32_t count,
                           size_t text_bytes)
{
    struct records records = { 0 };
    struct hk_fact_appended appended;
    for (uint64_t lsn = first_lsn; lsn < first_lsn + count; lsn++) {
        struct hk_record record = records_event(&records, lsn, text_bytes);
        assert_int_equal(hk_journal_append(opening->journal, &record), 0);
    }
    assert_int_equal(hk_journal_commit(opening->journal, &appended, &opening->fault), 0);
    assert_int_equal(appended.lsn, first_lsn + count - 1);
    assert_int_equal(appended.located_count, count);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(appended.located[i].location.lsn, first_lsn + i);
    hk_free(appended.located);
    records_fini(&records);
}

void assert_is_event(const struct replayed *replayed, uint64_t lsn, size_t text_bytes)
{
    struct records records = { 0 };
    struct hk_bytes bytes = { 0 };
    struct hk_record record = records_event(&records, lsn, text_bytes);
    assert_int_equal(replayed->lsn, lsn);
    assert_int_equal(hk_record_encode(&record, &bytes), 0);
    assert_int_equal(replayed->bytes.size, bytes.size);
    assert_memory_equal(replayed->bytes.at, bytes.at, bytes.size);
    hk_bytes_fini(&bytes);
    records_fini(&records);
}

struct hk_bytes read_file(struct hk_disk *disk, const char *name)
{
    struct hk_file *file = NULL;
    struct hk_bytes bytes = { 0 };
    uint64_t size = 0;
    assert_int_equal(disk->ops->open(disk, name, &file, NULL), 0);
    assert_int_equal(file->ops->size(file, &size, NULL), 0);
    assert_int_equal(hk_bytes_reserve(&bytes, size), 0);
    bytes.size = size;
    assert_int_equal(file->ops->read(file, 0, bytes.at, &bytes.size, NULL), 0);
    assert_int_equal(bytes.size, size);
    file->ops->close(file);
    return bytes;
}

void write_file(struct hk_disk *disk, const char *name, uint64_t offset, struct hk_slice data)
{
    struct hk_file *file = NULL;
    assert_int_equal(disk->ops->reopen(disk, name, &file, NULL), 0);
    assert_int_equal(file->ops->write(file, offset, data.at, data.size, NULL), 0);
    assert_int_equal(file->ops->sync(file, NULL), 0);
    file->ops->close(file);
}

void cut_file(struct hk_disk *disk, const char *name, uint64_t size)
{
    struct hk_file *file = NULL;
    assert_int_equal(disk->ops->reopen(disk, name, &file, NULL), 0);
    assert_int_equal(file->ops->truncate(file, size, NULL), 0);
    assert_int_equal(file->ops->sync(file, NULL), 0);
    file->ops->close(file);
}

struct counting {
    const char *suffix;
    uint32_t count;
};

static void count_file(void *arg, const char *name, uint64_t size)
{
    struct counting *counting = arg;
    size_t name_size = strlen(name), suffix_size = strlen(counting->suffix);
    (void)size;
    if (name_size >= suffix_size && strcmp(name + name_size - suffix_size, counting->suffix) == 0)
        counting->count++;
}

uint32_t count_files(struct hk_disk *disk, const char *folder, const char *suffix)
{
    struct counting counting = { suffix, 0 };
    assert_int_equal(disk->ops->list(disk, folder, count_file, &counting, NULL), 0);
    return counting.count;
}
