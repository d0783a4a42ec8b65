// SPDX-License-Identifier: Apache-2.0
/* Kills and power cuts at random points, in commits, in snapshots and in recovery itself: what was
 * committed is there, what is there was appended, and every body can be read. */
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

#include <cmocka.h>

enum { SEEDS = 400, ROUNDS = 6, LSNS_MAX = 4096 };

/** What should be in the log. */
struct expected {
    struct {
        uint32_t text_bytes;
        bool is_appended;
        bool is_committed;
        struct hk_location location;
    } records[LSNS_MAX];
    uint64_t lsn_last;
};

struct world {
    struct hk_prng prng;
    struct hk_disk *memory;
    struct opening opening; /**< On a faulty disk around `memory`. */
    struct expected expected;
    uint64_t torn_count, row_count;
};

/** Holds what was replayed against what should be there, and takes it as what is there. */
static void check_history(struct world *world)
{
    struct expected *expected = &world->expected;
    const struct history *history = &world->opening.history;
    uint64_t lsn_last = 0;
    for (uint32_t i = 0; i < history->count; i++) {
        const struct replayed *replayed = &history->items[i];
        assert_true(replayed->lsn > lsn_last && replayed->lsn < LSNS_MAX);
        for (uint64_t lsn = lsn_last + 1; lsn < replayed->lsn; lsn++)
            assert_false(expected->records[lsn].is_committed);
        lsn_last = replayed->lsn;
        assert_true(expected->records[lsn_last].is_appended);
        if (!replayed->is_row)
            assert_is_event(replayed, lsn_last, expected->records[lsn_last].text_bytes);
        else
            world->row_count++;
        expected->records[lsn_last].is_committed = true;
        if (!replayed->is_row)
            expected->records[lsn_last].location = replayed->location;
    }
    for (uint64_t lsn = lsn_last + 1; lsn < LSNS_MAX; lsn++)
        assert_false(expected->records[lsn].is_committed);
    for (uint64_t lsn = 1; lsn < LSNS_MAX; lsn++)
        expected->records[lsn].is_appended = expected->records[lsn].is_committed;
    assert_true(world->opening.found.lsn_last >= lsn_last);
    expected->lsn_last = world->opening.found.lsn_last;
}

static void check_bodies(struct world *world)
{
    const struct expected *expected = &world->expected;
    for (uint64_t lsn = 1; lsn <= expected->lsn_last; lsn++) {
        struct records records = { 0 };
        struct hk_body *body = NULL;
        if (!expected->records[lsn].is_committed || hk_prng_below(&world->prng, 8) != 0)
            continue;
        struct hk_record record = records_event(&records, lsn, expected->records[lsn].text_bytes);
        assert_int_equal(
            hk_journal_load(world->opening.journal, expected->records[lsn].location, &body, NULL),
            0);
        assert_true(hk_slice_is_equal(hk_body_text(body), record.event.text));
        hk_body_unref(body);
        records_fini(&records);
    }
}

/** The process is killed; every other time the power goes too. */
static void die(struct world *world)
{
    if (hk_prng_below(&world->prng, 2) != 0)
        hk_disk_memory_crash(world->memory, &world->prng);
}

/** Opens on a disk that may fail on the way, with a crash after that, until it works. */
static void open_somehow(struct world *world)
{
    for (;;) {
        bool is_hit = hk_prng_below(&world->prng, 3) == 0;
        hk_disk_faulty_fail_at(world->opening.disk,
                               is_hit ? 1 + hk_prng_below(&world->prng, 60) : 0, true, EIO);
        int code = opening_try(&world->opening);
        world->torn_count += world->opening.found.torn_bytes != 0;
        hk_disk_faulty_fail_at(world->opening.disk, 0, false, EIO);
        if (code == 0)
            break;
        if (code != HK_EIO)
            (void)fprintf(stderr, "%s\n", world->opening.fault.text);
        assert_int_equal(code, HK_EIO);
        die(world);
    }
}

/** Appends and commits a batch; false when the disk failed. */
static bool commit_batch(struct world *world)
{
    struct records records = { 0 };
    struct hk_fact_appended appended;
    struct expected *expected = &world->expected;
    uint64_t first_lsn = expected->lsn_last + 1;
    uint64_t count = 1 + hk_prng_below(&world->prng, 12);
    for (uint64_t lsn = first_lsn; lsn < first_lsn + count; lsn++) {
        uint32_t text_bytes = (uint32_t)hk_prng_below(&world->prng, 700);
        struct hk_record record = records_event(&records, lsn, text_bytes);
        assert_int_equal(hk_journal_append(world->opening.journal, &record), 0);
        expected->records[lsn].text_bytes = text_bytes;
        expected->records[lsn].is_appended = true;
    }
    expected->lsn_last += count;
    records_fini(&records);
    if (hk_journal_commit(world->opening.journal, &appended, NULL) != 0)
        return false;
    for (uint32_t i = 0; i < appended.located_count; i++) {
        struct hk_location location = appended.located[i].location;
        expected->records[location.lsn].is_committed = true;
        expected->records[location.lsn].location = location;
    }
    hk_free(appended.located);
    return true;
}

static bool write_snapshot(struct world *world)
{
    struct hk_journal *journal = world->opening.journal;
    const struct expected *expected = &world->expected;
    uint64_t row_count = 0;
    if (hk_journal_snapshot_begin(journal, NULL) != 0)
        return false;
    for (uint64_t lsn = 1; lsn <= expected->lsn_last; lsn++) {
        struct hk_event event = { .lsn = lsn, .location = expected->records[lsn].location };
        struct hk_record row = { .type = HK_RECORD_STATE, .lsn = lsn, .state = &event };
        if (!expected->records[lsn].is_committed)
            continue;
        if (hk_journal_snapshot_row(journal, &row, NULL) != 0)
            return false;
        row_count++;
    }
    return hk_journal_snapshot_end(journal, expected->lsn_last, expected->lsn_last, row_count,
                                   NULL) == 0;
}

/** Works until the disk fails or enough is done. */
static void work(struct world *world)
{
    uint64_t step_count = hk_prng_below(&world->prng, 12);
    hk_disk_faulty_fail_at(world->opening.disk, 1 + hk_prng_below(&world->prng, 40), true, EIO);
    for (uint64_t i = 0; i < step_count; i++) {
        bool is_snapshot = hk_prng_below(&world->prng, 6) == 0;
        if (is_snapshot ? !write_snapshot(world) : !commit_batch(world))
            break;
    }
}

static void run_world(uint64_t seed, uint64_t *torn_count, uint64_t *row_count)
{
    struct world *world = hk_alloc_zero_or_die(1, sizeof(*world));
    hk_prng_init(&world->prng, seed);
    world->memory = hk_disk_memory_new();
    world->opening.disk = hk_disk_faulty_new(world->memory);
    world->opening.segment_bytes = 2048;
    for (int round = 0; round < ROUNDS; round++) {
        open_somehow(world);
        check_history(world);
        check_bodies(world);
        work(world);
        die(world);
        opening_close(&world->opening);
    }
    *torn_count += world->torn_count;
    *row_count += world->row_count;
    history_fini(&world->opening.history);
    hk_disk_faulty_free(world->opening.disk);
    hk_disk_memory_free(world->memory);
    hk_free(world);
}

static uint64_t running_seed;

/** Says which seed to run again. */
static int say_seed(void **state)
{
    (void)state;
    if (running_seed != 0)
        (void)fprintf(stderr, "failed with seed %llu\n", (unsigned long long)running_seed);
    return 0;
}

static void test_a_power_cut_takes_nothing_that_was_committed(void **state)
{
    uint64_t torn_count = 0, row_count = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        running_seed = seed;
        run_world(seed, &torn_count, &row_count);
    }
    running_seed = 0;
    // The runs did meet what they are for.
    assert_true(torn_count > SEEDS / 4);
    assert_true(row_count > SEEDS);
}

int main(void)
{
    hk_log_configure(HK_LOG_ERROR, HK_LOG_LOGFMT);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_a_power_cut_takes_nothing_that_was_committed, say_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
