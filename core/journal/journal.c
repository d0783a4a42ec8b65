// SPDX-License-Identifier: Apache-2.0
#include "journal/journal.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/log.h"
#include "journal/bodies.h"
#include "journal/recovery.h"
#include "journal/snapshot.h"
#include "journal/writer.h"

#define JOURNAL_MAGIC 0x4A524E4Cu

/** A header and a small frame; the largest is what a location's offset can tell. */
#define SEGMENT_BYTES_MIN 128u

/** Snapshots that are kept: when the newest is damaged there is one more, with its segments. */
enum { SNAPSHOTS_KEPT = 2 };

struct hk_journal {
    uint32_t magic;
    struct hk_disk *disk;
    struct hk_segments segments;
    struct hk_writer writer;
    struct hk_batch batch;

    struct hk_snapshot_writer snapshot;
    bool has_snapshot;   /**< One was begun. */
    uint64_t *snapshots; /**< end_lsn of each that there is, in order. */
    uint32_t snapshot_count;
};

struct hk_writer *hk__journal_writer(struct hk_journal *journal)
{
    HK_CHECK(journal, JOURNAL_MAGIC);
    return &journal->writer;
}

/** Goes on in the empty last segment, or begins a new one. */
static int begin_writing(struct hk_journal *journal, const struct hk_recovery *recovery,
                         struct hk_fault *fault)
{
    uint64_t next_lsn = recovery->found->lsn_last + 1;
    if (recovery->is_last_empty && recovery->last.first_lsn == next_lsn)
        return hk_writer_reopen(&journal->writer, &recovery->last, fault);
    recovery->found->segment_count++;
    return hk_writer_begin(&journal->writer, next_lsn, recovery->record_last, fault);
}

static int recover(struct hk_journal *journal, const struct hk_journal_options *options,
                   struct hk_journal_found *found, struct hk_fault *fault)
{
    struct hk_recovery recovery = {
        .options = options,
        .segments = &journal->segments,
        .found = found,
    };
    int code = hk_recovery_run(&recovery, fault);
    journal->snapshots = recovery.snapshots;
    journal->snapshot_count = recovery.snapshot_count;
    return code != 0 ? code : begin_writing(journal, &recovery, fault);
}

int hk_journal_open(const struct hk_journal_options *options, struct hk_journal **journal,
                    struct hk_journal_found *found, struct hk_fault *fault)
{
    int sys = 0;
    struct hk_disk *disk = options->disk;
    hk_assert(options->segment_bytes >= SEGMENT_BYTES_MIN && options->segment_bytes <= UINT32_MAX);
    *journal = NULL;
    *found = (struct hk_journal_found){ 0 };
    int code = disk->ops->lock(disk, &sys);
    if (code == HK_ELOCKED)
        return hk_fault_set(fault, code, "another process uses the state folder");
    if (code != 0)
        return hk_fault_set_sys(fault, code, sys, "locking the state folder");
    struct hk_journal *opened = hk_alloc_zero(1, sizeof(*opened));
    if (opened == NULL) {
        disk->ops->unlock(disk);
        return hk_fault_set(fault, HK_ENOMEM, "no memory for the journal");
    }
    opened->magic = JOURNAL_MAGIC;
    opened->disk = disk;
    hk_segments_init(&opened->segments, disk);
    opened->writer.disk = disk;
    opened->writer.segments = &opened->segments;
    opened->writer.segment_bytes = options->segment_bytes;
    hk_prng_init(&opened->writer.salts, options->salt_seed);
    code = recover(opened, options, found, fault);
    if (code != 0)
        hk_journal_close(opened);
    else
        *journal = opened;
    return code;
}

void hk_journal_close(struct hk_journal *journal)
{
    if (journal == NULL)
        return;
    HK_CHECK(journal, JOURNAL_MAGIC);
    if (journal->has_snapshot)
        hk_snapshot_writer_fini(&journal->snapshot);
    hk_writer_close(&journal->writer);
    hk_batch_fini(&journal->batch);
    hk_segments_fini(&journal->segments);
    journal->disk->ops->unlock(journal->disk);
    hk_free(journal->snapshots);
    journal->magic = 0;
    hk_free(journal);
}

int hk_journal_append(struct hk_journal *journal, const struct hk_record *record)
{
    HK_CHECK(journal, JOURNAL_MAGIC);
    if (record->lsn != journal->writer.lsn_last + journal->batch.count + 1)
        return HK_EINVAL;
    return hk_batch_append(&journal->batch, record);
}

int hk_journal_commit(struct hk_journal *journal, struct hk_fact_appended *appended,
                      struct hk_fault *fault)
{
    HK_CHECK(journal, JOURNAL_MAGIC);
    int code = hk_writer_commit_as_fact(&journal->writer, &journal->batch, appended, fault);
    hk_batch_clear(&journal->batch);
    return code;
}

int hk_journal_load(struct hk_journal *journal, struct hk_location location, struct hk_body **body,
                    struct hk_fault *fault)
{
    HK_CHECK(journal, JOURNAL_MAGIC);
    return hk_bodies_load(&journal->segments, location, body, fault);
}

int hk_journal_load_plan(struct hk_journal *journal, struct hk_location location,
                         struct hk_plan **plan, struct hk_fault *fault)
{
    HK_CHECK(journal, JOURNAL_MAGIC);
    return hk_bodies_load_plan(&journal->segments, location, plan, fault);
}

static void end_snapshot(struct hk_journal *journal)
{
    if (journal->has_snapshot)
        hk_snapshot_writer_fini(&journal->snapshot);
    journal->has_snapshot = false;
}

int hk_journal_snapshot_begin(struct hk_journal *journal, struct hk_fault *fault)
{
    HK_CHECK(journal, JOURNAL_MAGIC);
    end_snapshot(journal);
    // Room to note it, so that nothing can fail once it is durable.
    uint64_t *snapshots =
        hk_realloc(journal->snapshots, journal->snapshot_count + 1, sizeof(*snapshots));
    if (snapshots == NULL)
        return hk_fault_set(fault, HK_ENOMEM, "no memory for a snapshot");
    journal->snapshots = snapshots;
    journal->has_snapshot = true;
    int code = hk_snapshot_writer_begin(&journal->snapshot, journal->disk, fault);
    if (code != 0)
        end_snapshot(journal);
    return code;
}

int hk_journal_snapshot_row(struct hk_journal *journal, const struct hk_record *row,
                            struct hk_fault *fault)
{
    HK_CHECK(journal, JOURNAL_MAGIC);
    if (!journal->has_snapshot)
        return hk_fault_set(fault, HK_EINVAL, "a row without a snapshot that was begun");
    int code = hk_snapshot_writer_row(&journal->snapshot, row, fault);
    if (code != 0)
        end_snapshot(journal);
    return code;
}

static int delete_old_snapshots(struct hk_journal *journal, struct hk_fault *fault)
{
    while (journal->snapshot_count > SNAPSHOTS_KEPT) {
        char name[HK_SNAPSHOT_NAME_MAX];
        int sys = 0;
        (void)hk_snapshot_name(journal->snapshots[0], name);
        int code = journal->disk->ops->unlink(journal->disk, name, &sys);
        if (code != 0)
            return hk_fault_set_sys(fault, code, sys, "deleting %s", name);
        journal->snapshot_count--;
        memmove(journal->snapshots, journal->snapshots + 1,
                journal->snapshot_count * sizeof(*journal->snapshots));
    }
    return 0;
}

/** Deletes the segments that none of the kept snapshots needs. With fewer than two nothing goes:
 * if the only one should be damaged, the whole log is still there. */
static int delete_old_segments(struct hk_journal *journal, struct hk_fault *fault)
{
    uint64_t needed_lsn = UINT64_MAX;
    int sys = 0;
    if (journal->snapshot_count < SNAPSHOTS_KEPT)
        return 0;
    for (uint32_t i = 0; i < journal->snapshot_count; i++) {
        struct hk_snapshot_trailer trailer;
        int code = hk_snapshot_read_trailer(journal->disk, journal->snapshots[i], &trailer, fault);
        if (code != 0)
            return code;
        if (trailer.begin_lsn + 1 < needed_lsn)
            needed_lsn = trailer.begin_lsn + 1;
        if (trailer.least_lsn < needed_lsn)
            needed_lsn = trailer.least_lsn;
    }
    int code = hk_segments_drop_before(&journal->segments, needed_lsn, &sys);
    return code != 0 ? hk_fault_set_sys(fault, code, sys, "deleting an old segment") : 0;
}

int hk_journal_snapshot_end(struct hk_journal *journal, uint64_t begin_lsn, uint64_t end_lsn,
                            uint64_t row_count, struct hk_fault *fault)
{
    HK_CHECK(journal, JOURNAL_MAGIC);
    struct hk_snapshot_trailer trailer = { .begin_lsn = begin_lsn, .end_lsn = end_lsn };
    uint32_t count = journal->snapshot_count;
    if (!journal->has_snapshot || journal->snapshot.row_count != row_count || begin_lsn > end_lsn ||
        (count != 0 && end_lsn < journal->snapshots[count - 1])) {
        end_snapshot(journal);
        return hk_fault_set(fault, HK_EINVAL,
                            "a snapshot that was not begun, or not as it is told");
    }
    int code = hk_snapshot_writer_end(&journal->snapshot, &trailer, fault);
    end_snapshot(journal);
    if (code != 0)
        return code;
    if (count == 0 || journal->snapshots[count - 1] != end_lsn)
        journal->snapshots[journal->snapshot_count++] = end_lsn;
    // The new one is whole and durable. What cannot be tidied up now is for the next one.
    struct hk_fault untidy = { 0 };
    if (delete_old_snapshots(journal, &untidy) != 0 || delete_old_segments(journal, &untidy) != 0)
        hk_log_warn("old state was not deleted", HK_F("cause", untidy.text));
    return 0;
}
