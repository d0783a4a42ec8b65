// SPDX-License-Identifier: Apache-2.0
/* Damage of every kind that one byte or one cut can do: the journal gives a start of what was
 * written or refuses; it never gives anything else, and never says nothing about a flipped bit. */
#include "journal/journal.h"

#include "base/alloc.h"
#include "base/crc32c.h"
#include "journal/disk_memory.h"
#include "journal/segment.h"
#include "support_journal.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { SEGMENT_BYTES = 640 };

/** A journal with records of several types in three segments, and what it replays to. */
struct fixture {
    struct hk_disk *disk;
    struct history whole;
    char files[8][64];
    uint32_t file_count;
};

static void note_file(void *arg, const char *name, uint64_t size)
{
    struct fixture *fixture = arg;
    (void)size;
    (void)snprintf(fixture->files[fixture->file_count++], 64, "journal/%s", name);
}

static void append_small(struct opening *opening, uint64_t lsn, enum hk_record_type type)
{
    struct hk_record record = { .type = type, .lsn = lsn, .at = { 1700000000000 } };
    if (type == HK_RECORD_EVENT) {
        record.event.head = HK_SLICE("\x04paid");
        record.event.text = HK_SLICE("{\"amount\":0.10}");
    } else if (type == HK_RECORD_MERCHANT_DELETED) {
        record.merchant_deleted = lsn;
    }
    assert_int_equal(hk_journal_append(opening->journal, &record), 0);
}

static void commit(struct opening *opening)
{
    struct hk_fact_appended appended;
    assert_int_equal(hk_journal_commit(opening->journal, &appended, NULL), 0);
    hk_free(appended.located);
}

static void fixture_init(struct fixture *fixture)
{
    static const enum hk_record_type types[] = { HK_RECORD_EVENT, HK_RECORD_PLAN, HK_RECORD_START,
                                                 HK_RECORD_MERCHANT_DELETED, HK_RECORD_END };
    *fixture = (struct fixture){ .disk = hk_disk_memory_new() };
    struct opening opening = { .disk = fixture->disk, .segment_bytes = SEGMENT_BYTES };
    opening_do(&opening);
    for (uint64_t lsn = 1; lsn <= 36; lsn++) {
        append_small(&opening, lsn, types[lsn % 5]);
        if (lsn % 3 == 0)
            commit(&opening);
    }
    commit(&opening);
    opening_close(&opening);
    assert_int_equal(fixture->disk->ops->list(fixture->disk, "journal", note_file, fixture, NULL),
                     0);
    assert_in_range(fixture->file_count, 3, 4);
    struct opening check = { .disk = hk_disk_memory_clone(fixture->disk) };
    opening_do(&check);
    fixture->whole = check.history;
    check.history = (struct history){ 0 };
    opening_close(&check);
    hk_disk_memory_free(check.disk);
    assert_int_equal(fixture->whole.count, 36);
}

static void fixture_fini(struct fixture *fixture)
{
    history_fini(&fixture->whole);
    hk_disk_memory_free(fixture->disk);
}

static void assert_is_start_of(const struct history *history, const struct history *whole)
{
    assert_true(history->count <= whole->count);
    for (uint32_t i = 0; i < history->count; i++) {
        assert_int_equal(history->items[i].lsn, whole->items[i].lsn);
        assert_true(hk_slice_is_equal(hk_bytes_slice(&history->items[i].bytes),
                                      hk_bytes_slice(&whole->items[i].bytes)));
    }
}

/** Opens a damaged disk: a start of the whole, or a refusal; gets whether it said something. */
static bool try_damaged(struct hk_disk *disk, const struct history *whole, bool is_to_go_on)
{
    struct opening opening = { .disk = disk, .segment_bytes = SEGMENT_BYTES };
    int code = opening_try(&opening);
    bool is_said = code != 0 || opening.found.torn_bytes != 0;
    if (code != 0) {
        assert_true(code == HK_EDAMAGED || code == HK_EVERSION);
        assert_null(opening.journal);
        assert_non_null(strstr(opening.fault.text, "journal"));
        history_fini(&opening.history);
        return is_said;
    }
    assert_is_start_of(&opening.history, whole);
    if (is_to_go_on) {
        uint32_t count = opening.history.count;
        uint64_t next_lsn = opening.found.lsn_last + 1;
        opening_commit_events(&opening, next_lsn, 1, 10);
        opening_close(&opening);
        opening_do(&opening);
        assert_int_equal(opening.found.torn_bytes, 0);
        assert_int_equal(opening.history.count, count + 1);
        assert_is_event(&opening.history.items[count], next_lsn, 10);
    }
    opening_close(&opening);
    return is_said;
}

static void test_a_cut_at_any_byte_gives_a_start_or_a_refusal(void **state)
{
    struct fixture fixture;
    (void)state;
    fixture_init(&fixture);
    for (uint32_t i = 0; i < fixture.file_count; i++) {
        for (uint64_t size = 0; size < SEGMENT_BYTES; size++) {
            struct hk_disk *disk = hk_disk_memory_clone(fixture.disk);
            cut_file(disk, fixture.files[i], size);
            (void)try_damaged(disk, &fixture.whole, size % 8 == 3);
            hk_disk_memory_free(disk);
        }
    }
    fixture_fini(&fixture);
}

static void test_no_flipped_bit_goes_unnoticed(void **state)
{
    struct fixture fixture;
    (void)state;
    fixture_init(&fixture);
    for (uint32_t i = 0; i < fixture.file_count; i++) {
        struct hk_bytes bytes = read_file(fixture.disk, fixture.files[i]);
        for (uint64_t bit = 0; bit < bytes.size * 8; bit++) {
            struct hk_disk *disk = hk_disk_memory_clone(fixture.disk);
            char byte = (char)(bytes.at[bit / 8] ^ 1 << bit % 8);
            write_file(disk, fixture.files[i], bit / 8, (struct hk_slice){ &byte, 1 });
            assert_true(try_damaged(disk, &fixture.whole, bit % 64 == 5));
            hk_disk_memory_free(disk);
        }
        hk_bytes_fini(&bytes);
    }
    fixture_fini(&fixture);
}

static void test_zeroed_and_moved_bytes_give_a_start_or_a_refusal(void **state)
{
    struct fixture fixture;
    struct hk_prng prng;
    char zeros[512] = { 0 };
    (void)state;
    fixture_init(&fixture);
    hk_prng_init(&prng, 11);
    for (int i = 0; i < 4000; i++) {
        struct hk_disk *disk = hk_disk_memory_clone(fixture.disk);
        const char *from = fixture.files[hk_prng_below(&prng, fixture.file_count)];
        const char *to = fixture.files[hk_prng_below(&prng, fixture.file_count)];
        struct hk_bytes bytes = read_file(disk, from);
        size_t size = 1 + hk_prng_below(&prng, hk_prng_below(&prng, 2) != 0 ? 16 : 512);
        uint64_t at = hk_prng_below(&prng, bytes.size - size);
        const char *data = hk_prng_below(&prng, 3) == 0 ? zeros : bytes.at + at;
        write_file(disk, to, hk_prng_below(&prng, SEGMENT_BYTES - size) & ~UINT64_C(7),
                   (struct hk_slice){ data, size });
        (void)try_damaged(disk, &fixture.whole, i % 8 == 0);
        hk_bytes_fini(&bytes);
        hk_disk_memory_free(disk);
    }
    fixture_fini(&fixture);
}

static void test_a_missing_segment_is_refused(void **state)
{
    struct fixture fixture;
    (void)state;
    fixture_init(&fixture);
    for (uint32_t i = 0; i < fixture.file_count; i++) {
        struct hk_disk *disk = hk_disk_memory_clone(fixture.disk);
        bool is_last = true;
        assert_int_equal(disk->ops->unlink(disk, fixture.files[i], NULL), 0);
        for (uint32_t other = 0; other < fixture.file_count; other++)
            is_last &= strcmp(fixture.files[other], fixture.files[i]) <= 0;
        // Nothing can tell that a last segment was there, unless a snapshot reaches beyond.
        bool is_said = try_damaged(disk, &fixture.whole, false);
        assert_true(is_said || is_last);
        hk_disk_memory_free(disk);
    }
    fixture_fini(&fixture);
}

#define ONLY_SEGMENT "journal/00000000000000000001.log"

/** Three batches of two events in one segment; gets where each frame begins. */
static struct opening make_six(uint32_t offsets[7])
{
    struct opening opening = { .disk = hk_disk_memory_new(), .segment_bytes = 4096 };
    opening_do(&opening);
    for (uint64_t lsn = 1; lsn <= 6; lsn += 2)
        opening_commit_events(&opening, lsn, 2, 50);
    opening_close(&opening);
    struct hk_disk *copy = hk_disk_memory_clone(opening.disk);
    struct opening look = { .disk = copy, .segment_bytes = 4096 };
    opening_do(&look);
    for (uint32_t i = 0; i < 6; i++)
        offsets[i + 1] = look.history.items[i].location.offset;
    opening_close(&look);
    hk_disk_memory_free(copy);
    return opening;
}

static void test_damage_before_a_later_batch_is_refused_with_its_place(void **state)
{
    char wanted[128];
    (void)state;
    for (uint32_t lsn = 1; lsn <= 4; lsn++) {
        uint32_t offsets[7];
        struct opening opening = make_six(offsets);
        write_file(opening.disk, ONLY_SEGMENT, offsets[lsn], HK_SLICE("\xff\xff\xff\xff\xff\xff"));
        assert_int_equal(opening_try(&opening), HK_EDAMAGED);
        (void)snprintf(wanted, sizeof(wanted),
                       ONLY_SEGMENT ": damaged at offset %u, where the record of lsn %u should be",
                       offsets[lsn], lsn);
        assert_string_equal(opening.fault.text, wanted);
        history_fini(&opening.history);
        hk_disk_memory_free(opening.disk);
    }
}

static void test_a_torn_last_batch_is_saved_and_cut_whatever_part_of_it_is_there(void **state)
{
    (void)state;
    for (uint32_t lsn = 5; lsn <= 6; lsn++) {
        uint32_t offsets[7];
        struct opening opening = make_six(offsets);
        write_file(opening.disk, ONLY_SEGMENT, offsets[lsn] + 20, HK_SLICE("\xff\xff\xff"));
        struct hk_bytes before = read_file(opening.disk, ONLY_SEGMENT);
        opening_do(&opening);
        assert_int_equal(opening.history.count, lsn - 1);
        assert_int_equal(opening.found.lsn_last, 6);
        assert_string_equal(opening.found.torn_file, "journal/torn-00000000000000000006.bin");
        struct hk_bytes saved = read_file(opening.disk, opening.found.torn_file);
        assert_int_equal(saved.size, opening.found.torn_bytes);
        assert_memory_equal(saved.at, before.at + offsets[lsn], saved.size);
        opening_commit_events(&opening, 7, 1, 10);
        opening_close(&opening);
        // The gap that the cut left is known: it is no damage the next time.
        opening_do(&opening);
        assert_int_equal(opening.found.torn_bytes, 0);
        assert_int_equal(opening.history.count, lsn);
        assert_is_event(&opening.history.items[lsn - 1], 7, 10);
        opening_close(&opening);
        hk_bytes_fini(&before);
        hk_bytes_fini(&saved);
        hk_disk_memory_free(opening.disk);
    }
}

static void test_an_lsn_that_was_cut_is_never_used_again(void **state)
{
    uint32_t offsets[7];
    struct opening opening = make_six(offsets);
    (void)state;
    write_file(opening.disk, ONLY_SEGMENT, offsets[5] + 20, HK_SLICE("\xff\xff\xff"));
    opening_do(&opening);
    opening_close(&opening);
    // The new segment, which knows the gap, did not make it to the disk.
    assert_int_equal(
        opening.disk->ops->unlink(opening.disk, "journal/00000000000000000007.log", NULL), 0);
    opening_do(&opening);
    assert_int_equal(opening.history.count, 4);
    assert_int_equal(opening.found.lsn_last, 6);
    opening_close(&opening);
    hk_disk_memory_free(opening.disk);
}

static void test_bad_bytes_before_another_segment_are_damage(void **state)
{
    uint32_t offsets[7];
    struct opening opening = make_six(offsets);
    (void)state;
    opening_do(&opening);
    opening_close(&opening);
    // The next segment is empty, but it has its name: all before it was durable.
    assert_int_equal(count_files(opening.disk, "journal", ".log"), 2);
    write_file(opening.disk, ONLY_SEGMENT, offsets[6] + 20, HK_SLICE("\xff\xff\xff"));
    assert_int_equal(opening_try(&opening), HK_EDAMAGED);
    history_fini(&opening.history);
    hk_disk_memory_free(opening.disk);
}

static void test_an_unknown_format_is_refused_with_both_numbers(void **state)
{
    uint32_t offsets[7];
    struct opening opening = make_six(offsets);
    (void)state;
    struct hk_bytes bytes = read_file(opening.disk, ONLY_SEGMENT);
    struct hk_segment_header header = { .salt = 1, .first_lsn = 1, .before_lsn = 0 };
    unsigned char encoded[HK_SEGMENT_HEADER_BYTES];
    hk_segment_header_encode(&header, encoded);
    encoded[8] = 9;
    uint32_t crc = hk_crc32c(0, encoded, 60);
    for (int i = 0; i < 4; i++)
        encoded[60 + i] = (unsigned char)(crc >> 8 * i);
    write_file(opening.disk, ONLY_SEGMENT, 0,
               (struct hk_slice){ (const char *)encoded, sizeof(encoded) });
    assert_int_equal(opening_try(&opening), HK_EVERSION);
    assert_string_equal(opening.fault.text, ONLY_SEGMENT ": format 9, this hookd reads format 1");
    history_fini(&opening.history);
    hk_bytes_fini(&bytes);
    hk_disk_memory_free(opening.disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_cut_at_any_byte_gives_a_start_or_a_refusal),
        cmocka_unit_test(test_no_flipped_bit_goes_unnoticed),
        cmocka_unit_test(test_zeroed_and_moved_bytes_give_a_start_or_a_refusal),
        cmocka_unit_test(test_a_missing_segment_is_refused),
        cmocka_unit_test(test_damage_before_a_later_batch_is_refused_with_its_place),
        cmocka_unit_test(test_a_torn_last_batch_is_saved_and_cut_whatever_part_of_it_is_there),
        cmocka_unit_test(test_an_lsn_that_was_cut_is_never_used_again),
        cmocka_unit_test(test_bad_bytes_before_another_segment_are_damage),
        cmocka_unit_test(test_an_unknown_format_is_refused_with_both_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
