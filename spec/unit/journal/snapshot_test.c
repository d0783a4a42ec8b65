// SPDX-License-Identifier: Apache-2.0
#include "journal/snapshot.h"

#include "base/alloc.h"
#include "base/log.h"
#include "journal/disk_faulty.h"
#include "journal/disk_memory.h"
#include "support_journal.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/** Writes a snapshot with a STATE row for each of `lsns`, whose bodies are in the log at
 * `locations`; gives what the last call gave. */
static int try_snapshot(struct opening *opening, uint64_t end_lsn, const struct hk_location *bodies,
                        uint32_t count)
{
    int code = hk_journal_snapshot_begin(opening->journal, &opening->fault);
    for (uint32_t i = 0; code == 0 && i < count; i++) {
        struct hk_event event = { .lsn = bodies[i].lsn, .location = bodies[i] };
        struct hk_record row = { .type = HK_RECORD_STATE, .lsn = bodies[i].lsn, .state = &event };
        code = hk_journal_snapshot_row(opening->journal, &row, &opening->fault);
    }
    if (code == 0)
        code = hk_journal_snapshot_end(opening->journal, end_lsn, end_lsn, count, &opening->fault);
    return code;
}

static void write_snapshot(struct opening *opening, uint64_t end_lsn,
                           const struct hk_location *bodies, uint32_t count)
{
    assert_int_equal(try_snapshot(opening, end_lsn, bodies, count), 0);
}

static void test_rows_of_every_type_come_back(void **state)
{
    struct opening opening = { .disk = hk_disk_memory_new() };
    struct records records = { 0 };
    struct hk_record rows[200];
    struct hk_prng prng;
    (void)state;
    hk_prng_init(&prng, 3);
    opening_do(&opening);
    opening_commit_events(&opening, 1, 10, 10);
    assert_int_equal(hk_journal_snapshot_begin(opening.journal, NULL), 0);
    for (uint32_t i = 0; i < 200; i++) {
        rows[i] = records_draw_any(&records, &prng, i);
        assert_int_equal(hk_journal_snapshot_row(opening.journal, &rows[i], NULL), 0);
    }
    assert_int_equal(hk_journal_snapshot_end(opening.journal, 7, 9, 200, NULL), 0);
    opening_close(&opening);

    opening_do(&opening);
    assert_int_equal(opening.found.snapshot_lsn, 9);
    assert_int_equal(opening.found.record_count, 203);
    assert_int_equal(opening.history.count, 203);
    for (uint32_t i = 0; i < 203; i++) {
        const struct replayed *replayed = &opening.history.items[i];
        struct hk_bytes bytes = { 0 };
        assert_int_equal(replayed->is_row, i < 200);
        if (i >= 200) {
            assert_is_event(replayed, i - 200 + 8, 10); // What follows begin_lsn.
            continue;
        }
        assert_int_equal(hk_record_encode(&rows[i], &bytes), 0);
        assert_true(hk_slice_is_equal(hk_bytes_slice(&bytes), hk_bytes_slice(&replayed->bytes)));
        assert_int_equal(replayed->location.lsn, 0);
        hk_bytes_fini(&bytes);
    }
    opening_close(&opening);
    records_fini(&records);
    hk_disk_memory_free(opening.disk);
}

/** A state with a clean-stop snapshot over 3 records. */
static struct hk_disk *make_stopped(void)
{
    struct opening opening = { .disk = hk_disk_memory_new() };
    opening_do(&opening);
    opening_commit_events(&opening, 1, 3, 20);
    struct hk_location bodies[] = { { 1, 64 }, { 3, 200 } };
    write_snapshot(&opening, 3, bodies, 2);
    opening_close(&opening);
    return opening.disk;
}

#define SNAPSHOT_NAME "snapshot/00000000000000000003.msgpack"

static void test_after_a_clean_stop_nothing_follows_the_rows(void **state)
{
    struct opening opening = { .disk = make_stopped() };
    (void)state;
    opening_do(&opening);
    assert_int_equal(opening.history.count, 2);
    assert_int_equal(opening.found.lsn_last, 3);
    opening_commit_events(&opening, 4, 1, 20);
    opening_close(&opening);
    opening_do(&opening);
    assert_int_equal(opening.history.count, 3);
    assert_is_event(&opening.history.items[2], 4, 20);
    opening_close(&opening);
    hk_disk_memory_free(opening.disk);
}

static void test_no_flipped_bit_and_no_cut_goes_unnoticed(void **state)
{
    struct hk_disk *whole = make_stopped();
    struct hk_bytes bytes = read_file(whole, SNAPSHOT_NAME);
    (void)state;
    for (uint64_t at = 0; at < bytes.size * 9; at++) {
        struct opening opening = { .disk = hk_disk_memory_clone(whole) };
        if (at < bytes.size * 8) {
            char byte = (char)(bytes.at[at / 8] ^ 1 << at % 8);
            write_file(opening.disk, SNAPSHOT_NAME, at / 8, (struct hk_slice){ &byte, 1 });
        } else {
            cut_file(opening.disk, SNAPSHOT_NAME, at - bytes.size * 8);
        }
        int code = opening_try(&opening);
        assert_true(code == HK_EDAMAGED || code == HK_EVERSION);
        assert_non_null(strstr(opening.fault.text, SNAPSHOT_NAME));
        history_fini(&opening.history);
        hk_disk_memory_free(opening.disk);
    }
    hk_bytes_fini(&bytes);
    hk_disk_memory_free(whole);
}

static void test_a_journal_that_ends_before_its_snapshot_is_refused(void **state)
{
    struct opening opening = { .disk = make_stopped() };
    (void)state;
    struct hk_disk *disk = opening.disk;
    assert_int_equal(
        disk->ops->rename(disk, SNAPSHOT_NAME, "snapshot/00000000000000000002.msgpack", NULL), 0);
    assert_int_equal(opening_try(&opening), HK_EDAMAGED);
    assert_int_equal(
        disk->ops->rename(disk, "snapshot/00000000000000000002.msgpack", SNAPSHOT_NAME, NULL), 0);
    cut_file(disk, "journal/00000000000000000001.log", 64);
    assert_int_equal(opening_try(&opening), HK_EDAMAGED);
    assert_string_equal(opening.fault.text,
                        "journal: damaged: it ends with lsn 0, the snapshot with 3");
    assert_int_equal(disk->ops->unlink(disk, "journal/00000000000000000001.log", NULL), 0);
    assert_int_equal(opening_try(&opening), HK_EDAMAGED);
    assert_string_equal(opening.fault.text, "journal: damaged: the segment of lsn 4 is missing");
    history_fini(&opening.history);
    hk_disk_memory_free(disk);
}

static void test_two_snapshots_are_kept_with_the_segments_they_need(void **state)
{
    struct opening opening = { .disk = hk_disk_memory_new(), .segment_bytes = 1024 };
    struct hk_location first, late;
    (void)state;
    opening_do(&opening);
    for (uint64_t lsn = 1; lsn <= 10; lsn++)
        opening_commit_events(&opening, lsn, 1, 900);
    assert_int_equal(count_files(opening.disk, "journal", ".log"), 10);
    first = (struct hk_location){ 3, 64 };
    late = (struct hk_location){ 9, 64 };

    // One snapshot alone deletes nothing.
    write_snapshot(&opening, 10, &late, 1);
    assert_int_equal(count_files(opening.disk, "journal", ".log"), 10);

    // Two: the rows of one still point to lsn 3.
    opening_commit_events(&opening, 11, 1, 900);
    write_snapshot(&opening, 11, &first, 1);
    assert_int_equal(count_files(opening.disk, "journal", ".log"), 9);
    struct hk_body *body = NULL;
    assert_int_equal(hk_journal_load(opening.journal, first, &body, NULL), 0);
    hk_body_unref(body);
    assert_int_equal(
        hk_journal_load(opening.journal, (struct hk_location){ 2, 64 }, &body, &opening.fault),
        HK_ENOTFOUND);

    // The one with that row is still the older of the two kept; the first is gone.
    opening_commit_events(&opening, 12, 1, 900);
    write_snapshot(&opening, 12, &late, 1);
    assert_int_equal(count_files(opening.disk, "snapshot", ".msgpack"), 2);
    assert_int_equal(count_files(opening.disk, "journal", ".log"), 10);

    opening_commit_events(&opening, 13, 1, 900);
    write_snapshot(&opening, 13, &late, 1);
    assert_int_equal(count_files(opening.disk, "journal", ".log"), 5); // 9 to 13.

    // Without rows, only what follows the older one's begin.
    opening_commit_events(&opening, 14, 1, 900);
    write_snapshot(&opening, 14, NULL, 0);
    opening_commit_events(&opening, 15, 1, 900);
    write_snapshot(&opening, 15, NULL, 0);
    assert_int_equal(count_files(opening.disk, "journal", ".log"), 1);
    opening_close(&opening);
    opening_do(&opening);
    assert_int_equal(opening.found.lsn_last, 15);
    opening_close(&opening);

    // The older one is a way back when the newest is gone.
    assert_int_equal(
        opening.disk->ops->unlink(opening.disk, "snapshot/00000000000000000015.msgpack", NULL), 0);
    opening_do(&opening);
    assert_int_equal(opening.found.snapshot_lsn, 14);
    assert_int_equal(opening.history.count, 1);
    assert_is_event(&opening.history.items[0], 15, 900);
    opening_close(&opening);
    hk_disk_memory_free(opening.disk);
}

static void test_a_plan_that_a_row_points_to_keeps_its_segment(void **state)
{
    struct opening opening = { .disk = hk_disk_memory_new(), .segment_bytes = 1024 };
    struct hk_event event = { .lsn = 4, .location = { 4, 64 }, .plan_location = { 2, 64 } };
    struct hk_record row = { .type = HK_RECORD_STATE, .lsn = 4, .state = &event };
    (void)state;
    opening_do(&opening);
    for (uint64_t lsn = 1; lsn <= 6; lsn++) {
        opening_commit_events(&opening, lsn, 1, 900);
        if (lsn < 5)
            continue;
        assert_int_equal(hk_journal_snapshot_begin(opening.journal, NULL), 0);
        assert_int_equal(hk_journal_snapshot_row(opening.journal, &row, NULL), 0);
        assert_int_equal(hk_journal_snapshot_end(opening.journal, lsn, lsn, 1, NULL), 0);
    }
    assert_int_equal(count_files(opening.disk, "journal", ".log"), 5); // 2 to 6.
    opening_close(&opening);
    hk_disk_memory_free(opening.disk);
}

static void test_snapshots_that_are_not_as_told_are_refused(void **state)
{
    struct opening opening = { .disk = make_stopped() };
    (void)state;
    opening_do(&opening);
    struct hk_journal *journal = opening.journal;
    struct hk_record row = { .type = HK_RECORD_MERCHANT_DELETED };
    assert_int_equal(hk_journal_snapshot_end(journal, 3, 3, 0, NULL), HK_EINVAL);
    assert_int_equal(hk_journal_snapshot_row(journal, &row, NULL), HK_EINVAL);
    assert_int_equal(hk_journal_snapshot_begin(journal, NULL), 0);
    assert_int_equal(hk_journal_snapshot_row(journal, &row, NULL), 0);
    assert_int_equal(hk_journal_snapshot_end(journal, 3, 3, 2, NULL), HK_EINVAL);
    assert_int_equal(hk_journal_snapshot_begin(journal, NULL), 0);
    assert_int_equal(hk_journal_snapshot_end(journal, 2, 2, 0, NULL), HK_EINVAL);
    // One that was begun and forgotten leaves nothing behind.
    assert_int_equal(hk_journal_snapshot_begin(journal, NULL), 0);
    assert_int_equal(hk_journal_snapshot_begin(journal, NULL), 0);
    opening_close(&opening);
    assert_int_equal(count_files(opening.disk, "snapshot", ""), 1);
    opening_do(&opening);
    assert_int_equal(opening.found.snapshot_lsn, 3);
    opening_close(&opening);
    hk_disk_memory_free(opening.disk);
}

static void test_a_large_snapshot_goes_out_in_pieces(void **state)
{
    struct opening opening = { .disk = hk_disk_memory_new() };
    struct records records = { 0 };
    (void)state;
    opening_do(&opening);
    opening_commit_events(&opening, 1, 1, 10);
    assert_int_equal(hk_journal_snapshot_begin(opening.journal, NULL), 0);
    for (uint32_t i = 0; i < 60; i++) {
        struct hk_record row = records_event(&records, i + 1, 100000);
        assert_int_equal(hk_journal_snapshot_row(opening.journal, &row, NULL), 0);
    }
    assert_int_equal(hk_journal_snapshot_end(opening.journal, 1, 1, 60, NULL), 0);
    opening_close(&opening);
    opening_do(&opening);
    assert_int_equal(opening.history.count, 60);
    assert_is_event(&opening.history.items[59], 60, 100000);
    opening_close(&opening);
    records_fini(&records);
    hk_disk_memory_free(opening.disk);
}

static void test_a_disk_that_fails_leaves_the_state_as_it_was(void **state)
{
    (void)state;
    for (uint64_t nth = 1;; nth++) {
        struct hk_disk *memory = make_stopped();
        struct opening opening = { .disk = hk_disk_faulty_new(memory) };
        opening_do(&opening);
        opening_commit_events(&opening, 4, 1, 20);
        struct hk_location body = { 4, 64 };
        hk_disk_faulty_fail_at(opening.disk, nth, nth % 2 == 0, nth % 3 == 0 ? ENOSPC : EIO);
        int code = try_snapshot(&opening, 4, &body, 1);
        bool is_through = hk_disk_faulty_count(opening.disk) < nth;
        hk_disk_faulty_fail_at(opening.disk, 0, false, 0);
        opening_close(&opening);
        opening_do(&opening);
        // Either the new one counts or the old one with what followed.
        assert_int_equal(opening.found.lsn_last, 4);
        if (code == 0)
            assert_int_equal(opening.found.snapshot_lsn, 4);
        assert_int_equal(opening.history.count, opening.found.snapshot_lsn == 4 ? 1 : 3);
        assert_int_equal(count_files(opening.disk, "snapshot", ".tmp"), 0);
        opening_close(&opening);
        hk_disk_faulty_free(opening.disk);
        hk_disk_memory_free(memory);
        if (is_through) {
            assert_int_equal(code, 0);
            break;
        }
    }
}

int main(void)
{
    hk_log_configure(HK_LOG_ERROR, HK_LOG_LOGFMT);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_of_every_type_come_back),
        cmocka_unit_test(test_after_a_clean_stop_nothing_follows_the_rows),
        cmocka_unit_test(test_no_flipped_bit_and_no_cut_goes_unnoticed),
        cmocka_unit_test(test_a_journal_that_ends_before_its_snapshot_is_refused),
        cmocka_unit_test(test_two_snapshots_are_kept_with_the_segments_they_need),
        cmocka_unit_test(test_a_plan_that_a_row_points_to_keeps_its_segment),
        cmocka_unit_test(test_snapshots_that_are_not_as_told_are_refused),
        cmocka_unit_test(test_a_large_snapshot_goes_out_in_pieces),
        cmocka_unit_test(test_a_disk_that_fails_leaves_the_state_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
