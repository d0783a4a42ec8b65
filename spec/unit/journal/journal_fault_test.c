// SPDX-License-Identifier: Apache-2.0
/* Every call to the disk and every allocation fails once, in its turn: errors are clean, nothing
 * leaks, and what was committed before is there afterwards. */
#include "journal/journal.h"

#include "base/alloc.h"
#include "base/log.h"
#include "journal/disk_faulty.h"
#include "journal/disk_memory.h"
#include "support_journal.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/** A disk with 5 events in 3 segments and a torn tail behind them. */
static struct hk_disk *make_torn(void)
{
    struct opening opening = { .disk = hk_disk_memory_new(), .segment_bytes = 512 };
    opening_do(&opening);
    for (uint64_t lsn = 1; lsn <= 5; lsn++)
        opening_commit_events(&opening, lsn, 1, 150);
    opening_close(&opening);
    assert_int_equal(count_files(opening.disk, "journal", ".log"), 3);
    write_file(opening.disk, "journal/00000000000000000005.log", 400, HK_SLICE("half a write"));
    return opening.disk;
}

/** One life: opens, commits three batches, loads a body. Counts what was committed. */
static int live(struct opening *opening, uint32_t *committed_count)
{
    struct hk_body *body = NULL;
    int code = opening_try(opening);
    if (code != 0)
        return code;
    for (uint64_t i = 0; code == 0 && i < 3; i++) {
        struct records records = { 0 };
        struct hk_fact_appended appended = { 0 };
        uint64_t lsn = opening->found.lsn_last + 1 + i;
        struct hk_record record = records_event(&records, lsn, 150);
        code = hk_journal_append(opening->journal, &record);
        if (code == 0)
            code = hk_journal_commit(opening->journal, &appended, &opening->fault);
        *committed_count += code == 0;
        if (code == 0)
            code = hk_journal_load(opening->journal, appended.located[0].location, &body,
                                   &opening->fault);
        hk_body_unref(body);
        body = NULL;
        hk_free(appended.located);
        records_fini(&records);
    }
    hk_journal_close(opening->journal);
    opening->journal = NULL;
    return code;
}

/** Opens without faults and finds the five and what was committed since. */
static void check_after(struct hk_disk *disk, uint32_t committed_count)
{
    struct opening opening = { .disk = disk, .segment_bytes = 512 };
    opening_do(&opening);
    assert_in_range(opening.history.count, 5 + committed_count, 5 + committed_count + 1);
    for (uint32_t i = 0; i < opening.history.count; i++)
        assert_is_event(&opening.history.items[i], opening.history.items[i].lsn, 150);
    opening_close(&opening);
}

static void fail_every_call(int sys, bool for_ever)
{
    for (uint64_t nth = 1;; nth++) {
        uint32_t committed_count = 0;
        struct hk_disk *memory = make_torn();
        struct opening opening = { .disk = hk_disk_faulty_new(memory), .segment_bytes = 512 };
        hk_disk_faulty_fail_at(opening.disk, nth, for_ever, sys);
        int code = live(&opening, &committed_count);
        bool is_through = hk_disk_faulty_count(opening.disk) < nth;
        history_fini(&opening.history);
        hk_disk_faulty_free(opening.disk);
        // Making the next segment ready, and tidying it away, may fail without harm.
        assert_true(code == 0 || code == hk_disk_code(sys));
        assert_true(code != 0 || committed_count == 3);
        check_after(memory, committed_count);
        hk_disk_memory_free(memory);
        if (is_through) {
            assert_int_equal(code, 0);
            break;
        }
    }
}

static void test_input_output_errors_are_clean(void **state)
{
    (void)state;
    fail_every_call(EIO, false);
    fail_every_call(EIO, true);
}

static void test_a_full_disk_is_clean(void **state)
{
    (void)state;
    fail_every_call(ENOSPC, false);
    fail_every_call(ENOSPC, true);
}

#if HK_FAULTS
static int ignore(void *arg, const struct hk_record *record, struct hk_location location,
                  bool is_row, struct hk_fault *fault)
{
    (void)arg, (void)record, (void)location, (void)is_row, (void)fault;
    return 0;
}

static void remove_file(void *arg, const char *name, uint64_t size)
{
    struct hk_disk *disk = arg;
    char path[128];
    (void)size;
    (void)snprintf(path, sizeof(path), "journal/%s", name);
    assert_int_equal(disk->ops->unlink(disk, path, NULL), 0);
}

/** On the real disk: the ones for tests end the process when they get no memory. */
static void test_no_memory_at_opening_is_clean(void **state)
{
    char path[] = "/tmp/hookd-fault-XXXXXX", folder[64];
    struct opening opening = { .segment_bytes = 512 };
    struct hk_journal_found found;
    (void)state;
    assert_non_null(mkdtemp(path));
    assert_int_equal(hk_disk_posix_open(path, &opening.disk, NULL), 0);
    opening_do(&opening);
    for (uint64_t lsn = 1; lsn <= 5; lsn++)
        opening_commit_events(&opening, lsn, 1, 150);
    opening_close(&opening);
    struct hk_journal_options options = { opening.disk, 512, 1, ignore, NULL };
    for (uint64_t nth = 1;; nth++) {
        struct hk_journal *journal = NULL;
        hk_alloc_fail_at(nth, false);
        int code = hk_journal_open(&options, &journal, &found, NULL);
        uint64_t count = hk_alloc_count();
        hk_alloc_fail_at(0, false);
        hk_journal_close(journal);
        assert_int_equal(code, nth <= count ? HK_ENOMEM : 0);
        if (code == 0)
            break;
    }
    assert_int_equal(
        opening.disk->ops->list(opening.disk, "journal", remove_file, opening.disk, NULL), 0);
    assert_int_equal(opening.disk->ops->unlink(opening.disk, "lock", NULL), 0);
    hk_disk_posix_close(opening.disk);
    static const char *const folders[] = { "journal", "snapshot", "" };
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(folder, sizeof(folder), "%s/%s", path, folders[i]);
        assert_int_equal(rmdir(folder), 0);
    }
}
#endif

int main(void)
{
    hk_log_configure(HK_LOG_ERROR, HK_LOG_LOGFMT);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_input_output_errors_are_clean),
        cmocka_unit_test(test_a_full_disk_is_clean),
#if HK_FAULTS
        cmocka_unit_test(test_no_memory_at_opening_is_clean),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
