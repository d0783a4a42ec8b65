// SPDX-License-Identifier: Apache-2.0
#include "journal/journal.h"

#include "base/alloc.h"
#include "journal/disk_memory.h"
#include "support_journal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define FIRST_SEGMENT "journal/00000000000000000001.log"

static void test_a_fresh_state_is_empty(void **state)
{
    struct opening opening = { .disk = hk_disk_memory_new() };
    (void)state;
    opening_do(&opening);
    assert_int_equal(opening.found.lsn_last, 0);
    assert_int_equal(opening.found.record_count, 0);
    assert_int_equal(opening.found.segment_count, 1);
    assert_int_equal(opening.found.torn_bytes, 0);
    opening_close(&opening);
    hk_disk_memory_free(opening.disk);
}

static void test_what_was_committed_is_replayed_in_order(void **state)
{
    struct opening opening = { .disk = hk_disk_memory_new() };
    (void)state;
    opening_do(&opening);
    opening_commit_events(&opening, 1, 3, 100);
    opening_commit_events(&opening, 4, 1, 0);
    opening_close(&opening);
    opening_do(&opening);
    assert_int_equal(opening.found.lsn_last, 4);
    assert_int_equal(opening.history.count, 4);
    for (uint64_t lsn = 1; lsn <= 4; lsn++)
        assert_is_event(&opening.history.items[lsn - 1], lsn, lsn < 4 ? 100 : 0);
    opening_commit_events(&opening, 5, 1, 10);
    opening_close(&opening);
    opening_do(&opening);
    assert_int_equal(opening.found.lsn_last, 5);
    assert_is_event(&opening.history.items[4], 5, 10);
    opening_close(&opening);
    hk_disk_memory_free(opening.disk);
}

static void test_what_was_not_committed_is_not_there(void **state)
{
    struct opening opening = { .disk = hk_disk_memory_new() };
    struct records records = { 0 };
    (void)state;
    opening_do(&opening);
    struct hk_record record = records_event(&records, 1, 10);
    assert_int_equal(hk_journal_append(opening.journal, &record), 0);
    opening_close(&opening);
    opening_do(&opening);
    assert_int_equal(opening.found.lsn_last, 0);
    opening_close(&opening);
    records_fini(&records);
    hk_disk_memory_free(opening.disk);
}

static void test_an_lsn_out_of_order_is_refused(void **state)
{
    struct opening opening = { .disk = hk_disk_memory_new() };
    struct records records = { 0 };
    (void)state;
    opening_do(&opening);
    struct hk_record record = records_event(&records, 2, 10);
    assert_int_equal(hk_journal_append(opening.journal, &record), HK_EINVAL);
    record.lsn = 1;
    assert_int_equal(hk_journal_append(opening.journal, &record), 0);
    assert_int_equal(hk_journal_append(opening.journal, &record), HK_EINVAL);
    opening_close(&opening);
    records_fini(&records);
    hk_disk_memory_free(opening.disk);
}

static void test_the_lock_is_held_until_closing(void **state)
{
    struct opening opening = { .disk = hk_disk_memory_new() };
    struct opening second = { .disk = opening.disk };
    (void)state;
    opening_do(&opening);
    assert_int_equal(opening_try(&second), HK_ELOCKED);
    assert_null(second.journal);
    opening_close(&opening);
    opening_do(&second);
    opening_close(&second);
    hk_disk_memory_free(opening.disk);
}

static void test_an_empty_segment_is_used_again(void **state)
{
    struct opening opening = { .disk = hk_disk_memory_new() };
    (void)state;
    for (int i = 0; i < 5; i++) {
        opening_do(&opening);
        opening_close(&opening);
    }
    assert_int_equal(count_files(opening.disk, "journal", ".log"), 1);
    opening_do(&opening);
    opening_commit_events(&opening, 1, 1, 10);
    opening_close(&opening);
    for (int i = 0; i < 5; i++) {
        opening_do(&opening);
        assert_int_equal(opening.history.count, 1);
        opening_close(&opening);
    }
    assert_int_equal(count_files(opening.disk, "journal", ".log"), 2);
    hk_disk_memory_free(opening.disk);
}

static void test_segments_roll_and_large_records_get_their_own(void **state)
{
    struct opening opening = { .disk = hk_disk_memory_new(), .segment_bytes = 1024 };
    (void)state;
    opening_do(&opening);
    opening_commit_events(&opening, 1, 20, 100);
    opening_commit_events(&opening, 21, 2, 5000);
    opening_commit_events(&opening, 23, 20, 100);
    opening_close(&opening);
    assert_true(count_files(opening.disk, "journal", ".log") >= 8);
    assert_int_equal(count_files(opening.disk, "journal", ".tmp"), 0);
    opening_do(&opening);
    assert_int_equal(opening.history.count, 42);
    for (uint64_t lsn = 1; lsn <= 42; lsn++)
        assert_is_event(&opening.history.items[lsn - 1], lsn, lsn == 21 || lsn == 22 ? 5000 : 100);
    opening_close(&opening);
    hk_disk_memory_free(opening.disk);
}

static void assert_body(struct hk_journal *journal, struct hk_location location, size_t text_bytes)
{
    struct records records = { 0 };
    struct hk_body *body = NULL;
    struct hk_record record = records_event(&records, location.lsn, text_bytes);
    assert_int_equal(hk_journal_load(journal, location, &body, NULL), 0);
    assert_true(hk_slice_is_equal(hk_body_head(body), record.event.head));
    assert_true(hk_slice_is_equal(hk_body_text(body), record.event.text));
    hk_body_unref(body);
    records_fini(&records);
}

static void test_bodies_are_read_back_from_any_segment(void **state)
{
    struct opening opening = { .disk = hk_disk_memory_new(), .segment_bytes = 8192 };
    struct hk_body *body = NULL;
    (void)state;
    opening_do(&opening);
    for (uint64_t lsn = 1; lsn <= 200; lsn++)
        opening_commit_events(&opening, lsn, 1, lsn * 53);
    opening_close(&opening);
    opening_do(&opening);
    for (uint32_t i = 0; i < 200; i++) {
        uint32_t at = i * 77 % 200;
        assert_body(opening.journal, opening.history.items[at].location, (size_t)(at + 1) * 53);
    }
    struct hk_location wrong = opening.history.items[5].location;
    wrong.offset += 8;
    assert_int_equal(hk_journal_load(opening.journal, wrong, &body, &opening.fault), HK_EDAMAGED);
    wrong = (struct hk_location){ opening.history.items[5].lsn + 1,
                                  opening.history.items[5].location.offset };
    assert_int_equal(hk_journal_load(opening.journal, wrong, &body, &opening.fault), HK_EDAMAGED);
    wrong.offset = UINT32_MAX;
    assert_int_equal(hk_journal_load(opening.journal, wrong, &body, &opening.fault), HK_EDAMAGED);
    assert_null(body);
    opening_close(&opening);
    hk_disk_memory_free(opening.disk);
}

static int refuse(void *arg, const struct hk_record *record, struct hk_location location,
                  bool is_row, struct hk_fault *fault)
{
    (void)arg, (void)record, (void)location, (void)is_row;
    return hk_fault_set(fault, HK_EDAMAGED, "nobody knows this event");
}

static void test_a_replay_that_refuses_stops_the_opening(void **state)
{
    struct opening opening = { .disk = hk_disk_memory_new() };
    (void)state;
    opening_do(&opening);
    opening_commit_events(&opening, 1, 1, 10);
    opening_close(&opening);
    struct hk_journal_options options = { opening.disk, 8192, 1, refuse, NULL };
    assert_int_equal(hk_journal_open(&options, &opening.journal, &opening.found, &opening.fault),
                     HK_EDAMAGED);
    assert_null(opening.journal);
    assert_string_equal(opening.fault.text,
                        FIRST_SEGMENT ": offset 64, lsn 1: nobody knows this event");
    // It is not taken for a torn tail: nothing was cut.
    opening_do(&opening);
    assert_int_equal(opening.history.count, 1);
    opening_close(&opening);
    hk_disk_memory_free(opening.disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_fresh_state_is_empty),
        cmocka_unit_test(test_what_was_committed_is_replayed_in_order),
        cmocka_unit_test(test_what_was_not_committed_is_not_there),
        cmocka_unit_test(test_an_lsn_out_of_order_is_refused),
        cmocka_unit_test(test_the_lock_is_held_until_closing),
        cmocka_unit_test(test_an_empty_segment_is_used_again),
        cmocka_unit_test(test_segments_roll_and_large_records_get_their_own),
        cmocka_unit_test(test_bodies_are_read_back_from_any_segment),
        cmocka_unit_test(test_a_replay_that_refuses_stops_the_opening),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
