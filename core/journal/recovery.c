// SPDX-License-Identifier: Apache-2.0
#include "journal/recovery.h"

#include "base/alloc.h"
#include "journal/reader.h"
#include "journal/snapshot.h"
#include "journal/tail.h"

#include <stdio.h>
#include <stdlib.h>

/** A growing list of lsns from the names of files. */
struct lsns {
    uint64_t *items;
    uint32_t count, capacity;
    const char *prefix, *suffix;
    bool is_out_of_memory;
};

static void add_lsn(void *arg, const char *name, uint64_t size)
{
    struct lsns *lsns = arg;
    uint64_t lsn;
    size_t prefix_size = strlen(lsns->prefix);
    (void)size;
    if (strncmp(name, lsns->prefix, prefix_size) != 0 ||
        !hk_segment_parse_name(name + prefix_size, lsns->suffix, &lsn))
        return;
    if (lsns->count == lsns->capacity) {
        uint32_t capacity = lsns->capacity != 0 ? lsns->capacity * 2 : 16;
        uint64_t *items = hk_realloc(lsns->items, capacity, sizeof(*items));
        lsns->is_out_of_memory |= items == NULL;
        if (items == NULL)
            return;
        lsns->items = items;
        lsns->capacity = capacity;
    }
    lsns->items[lsns->count++] = lsn;
}

static int compare_lsns(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

static int list_lsns(struct hk_disk *disk, const char *folder, struct lsns *lsns,
                     struct hk_fault *fault)
{
    int sys = 0;
    int code = disk->ops->list(disk, folder, add_lsn, lsns, &sys);
    if (code == 0 && lsns->is_out_of_memory)
        code = HK_ENOMEM;
    if (code != 0)
        return hk_fault_set_sys(fault, code, sys, "listing %s", folder);
    if (lsns->count != 0)
        qsort(lsns->items, lsns->count, sizeof(*lsns->items), compare_lsns);
    return 0;
}

/** Makes the folders and clears away what an earlier run left half made. */
static int prepare(struct hk_disk *disk, struct hk_fault *fault)
{
    static const char *const folders[] = { "journal", "snapshot" };
    static const char *const left[] = { HK_SEGMENT_NEXT_NAME, HK_SNAPSHOT_TEMPORARY_NAME };
    int sys = 0, code = 0;
    for (size_t i = 0; code == 0 && i < 2; i++) {
        code = disk->ops->make_folder(disk, folders[i], &sys);
        // Names that an earlier run gave must be durable before anything is built on them.
        if (code == 0)
            code = disk->ops->sync_folder(disk, folders[i], &sys);
    }
    if (code == 0)
        code = disk->ops->sync_folder(disk, "", &sys);
    for (size_t i = 0; code == 0 && i < 2; i++) {
        code = disk->ops->unlink(disk, left[i], &sys);
        if (code == HK_ENOTFOUND)
            code = 0;
    }
    return code != 0 ? hk_fault_set_sys(fault, code, sys, "preparing the state folder") : 0;
}

/** What a record is handed on with. */
struct replay {
    struct hk_recovery *recovery;
    struct hk_scratch scratch;
    struct hk_location location;
    bool is_row;
    bool is_at_bad_frame; /**< What stopped the reading was no good frame. */
};

static int replay_record(void *arg, struct hk_slice payload, struct hk_fault *fault)
{
    struct replay *replay = arg;
    struct hk_record record;
    const struct hk_journal_options *options = replay->recovery->options;
    int code = hk_record_decode(payload, &replay->scratch, &record);
    if (code != 0)
        return hk_fault_set(fault, code, "a %s that cannot be read: %s",
                            replay->is_row ? "row" : "record", hk_error_text(code));
    replay->recovery->found->record_count++;
    return options->replay(options->replay_arg, &record, replay->location, replay->is_row, fault);
}

static int read_snapshot(struct hk_recovery *recovery, struct hk_fault *fault)
{
    struct hk_disk *disk = recovery->options->disk;
    struct lsns lsns = { .prefix = "", .suffix = ".msgpack" };
    struct replay replay = { .recovery = recovery, .is_row = true };
    struct hk_snapshot_trailer trailer;
    int code = list_lsns(disk, "snapshot", &lsns, fault);
    recovery->snapshots = lsns.items;
    recovery->snapshot_count = lsns.count;
    if (code != 0 || lsns.count == 0)
        return code;
    uint64_t end_lsn = lsns.items[lsns.count - 1];
    code = hk_snapshot_read_trailer(disk, end_lsn, &trailer, fault);
    if (code != 0)
        return code;
    code = hk_snapshot_read(disk, end_lsn, replay_record, &replay, fault);
    hk_scratch_fini(&replay.scratch);
    if (code != 0)
        return code;
    recovery->begin_lsn = trailer.begin_lsn;
    recovery->end_lsn = trailer.end_lsn;
    recovery->found->snapshot_lsn = end_lsn;
    return 0;
}

/** Checks that nothing is missing between what is known and the segment that was just opened. */
static int check_joint(const struct hk_recovery *recovery, const struct hk_reader *reader,
                       bool is_first, struct hk_fault *fault)
{
    uint64_t before_lsn = reader->header.before_lsn;
    uint64_t known = is_first ? recovery->begin_lsn : recovery->record_last;
    if (is_first ? before_lsn <= known : before_lsn == known)
        return 0;
    return hk_fault_set(fault, HK_EDAMAGED,
                        "%s: damaged: it follows lsn %llu, but what is known ends with %llu",
                        reader->name, (unsigned long long)before_lsn, (unsigned long long)known);
}

static int read_records(struct hk_recovery *recovery, struct hk_reader *reader,
                        struct replay *replay, struct hk_fault *fault)
{
    struct hk_entry entry;
    int code;
    while ((code = hk_reader_next(reader, &entry, fault)) == 0) {
        recovery->record_last = entry.lsn;
        recovery->is_last_empty = false;
        if (entry.lsn <= recovery->begin_lsn)
            continue;
        replay->location = (struct hk_location){ entry.lsn, (uint32_t)entry.offset };
        code = replay_record(replay, entry.payload, fault);
        if (code != 0)
            return hk_fault_wrap(fault, "%s: offset %llu, lsn %llu", reader->name,
                                 (unsigned long long)entry.offset, (unsigned long long)entry.lsn);
    }
    replay->is_at_bad_frame = code == HK_EDAMAGED;
    return code == HK_EEND ? 0 : code;
}

static int cut_if_torn(struct hk_recovery *recovery, struct hk_reader *reader,
                       struct hk_fault *fault)
{
    struct hk_tail tail;
    char name[HK_TAIL_NAME_MAX];
    int code = hk_tail_examine(reader, &tail, fault);
    if (code != 0)
        return code;
    if (!tail.is_torn)
        return HK_EDAMAGED; // The reader has filled in `fault`.
    code = hk_tail_cut(reader, &tail, name, fault);
    if (code != 0)
        return code;
    recovery->found->torn_bytes = tail.bytes;
    (void)snprintf(recovery->found->torn_file, sizeof(recovery->found->torn_file), "%s", name);
    if (tail.lsn_last > recovery->found->lsn_last)
        recovery->found->lsn_last = tail.lsn_last;
    return 0;
}

/** Ends the segment that was written last: gives back what was reserved behind its data, unless it
 * is empty and will be written on, and makes it durable before anything is built on it. */
static int end_segment(const struct hk_recovery *recovery, const struct hk_reader *reader,
                       struct hk_fault *fault)
{
    struct hk_file *file = NULL;
    int sys = 0;
    int code = reader->disk->ops->reopen(reader->disk, reader->name, &file, &sys);
    if (code == 0 && !recovery->is_last_empty)
        code = file->ops->truncate(file, reader->offset, &sys);
    if (code == 0)
        code = file->ops->sync(file, &sys);
    if (file != NULL)
        file->ops->close(file);
    return code != 0 ? hk_fault_set_sys(fault, code, sys, "ending %s", reader->name) : 0;
}

/** Which of the segments one is. */
struct place {
    bool is_read; /**< Its records are needed. */
    bool is_first_read;
    bool is_last;
};

static int take_segment(struct hk_recovery *recovery, struct hk_reader *reader, struct place place,
                        struct hk_fault *fault)
{
    struct replay replay = { .recovery = recovery };
    uint64_t first_lsn = reader->header.first_lsn;
    int code = hk_segments_add(recovery->segments, first_lsn, reader->header.salt);
    if (code != 0)
        return hk_fault_set(fault, code, "no memory for the list of segments");
    recovery->last = reader->header;
    if (!place.is_read)
        return 0;
    code = check_joint(recovery, reader, place.is_first_read, fault);
    if (code != 0)
        return code;
    recovery->record_last = reader->header.before_lsn;
    recovery->is_last_empty = true;
    code = read_records(recovery, reader, &replay, fault);
    hk_scratch_fini(&replay.scratch);
    if (first_lsn - 1 > recovery->found->lsn_last)
        recovery->found->lsn_last = first_lsn - 1;
    if (recovery->record_last > recovery->found->lsn_last)
        recovery->found->lsn_last = recovery->record_last;
    if (replay.is_at_bad_frame && place.is_last)
        code = cut_if_torn(recovery, reader, fault);
    if (code == 0 && place.is_last)
        code = end_segment(recovery, reader, fault);
    return code;
}

/** Gets the index of the segment that holds the first record that is needed. */
static int find_first(const struct hk_recovery *recovery, const struct lsns *lsns, uint32_t *first,
                      struct hk_fault *fault)
{
    uint32_t count = 0;
    while (count < lsns->count && lsns->items[count] <= recovery->begin_lsn + 1)
        count++;
    if (count == 0)
        return hk_fault_set(fault, HK_EDAMAGED,
                            "journal: damaged: the segment of lsn %llu is missing",
                            (unsigned long long)recovery->begin_lsn + 1);
    *first = count - 1;
    return 0;
}

static int read_segments(struct hk_recovery *recovery, const struct lsns *lsns,
                         struct hk_fault *fault)
{
    uint32_t first = 0;
    int code = find_first(recovery, lsns, &first, fault);
    for (uint32_t i = 0; code == 0 && i < lsns->count; i++) {
        struct hk_reader reader;
        struct place place = { i >= first, i == first, i + 1 == lsns->count };
        code = hk_reader_open(&reader, recovery->options->disk, lsns->items[i], fault);
        if (code == 0)
            code = take_segment(recovery, &reader, place, fault);
        hk_reader_close(&reader);
    }
    return code;
}

/** Torn tails that were saved tell lsns that must not be used again. */
static int read_torn_names(struct hk_recovery *recovery, struct hk_fault *fault)
{
    struct lsns lsns = { .prefix = "torn-", .suffix = ".bin" };
    int code = list_lsns(recovery->options->disk, "journal", &lsns, fault);
    if (code == 0 && lsns.count != 0 && lsns.items[lsns.count - 1] > recovery->found->lsn_last)
        recovery->found->lsn_last = lsns.items[lsns.count - 1];
    hk_free(lsns.items);
    return code;
}

int hk_recovery_run(struct hk_recovery *recovery, struct hk_fault *fault)
{
    struct lsns lsns = { .prefix = "", .suffix = ".log" };
    int code = prepare(recovery->options->disk, fault);
    if (code == 0)
        code = read_snapshot(recovery, fault);
    if (code == 0)
        code = list_lsns(recovery->options->disk, "journal", &lsns, fault);
    if (code == 0 && (lsns.count != 0 || recovery->snapshot_count != 0))
        code = read_segments(recovery, &lsns, fault);
    recovery->found->segment_count = lsns.count;
    hk_free(lsns.items);
    if (code == 0 && recovery->found->lsn_last < recovery->end_lsn)
        code = hk_fault_set(
            fault, HK_EDAMAGED, "journal: damaged: it ends with lsn %llu, the snapshot with %llu",
            (unsigned long long)recovery->found->lsn_last, (unsigned long long)recovery->end_lsn);
    return code == 0 ? read_torn_names(recovery, fault) : code;
}
