// SPDX-License-Identifier: Apache-2.0
/* The bytes of the files of format 1, for ever (spec/formats.md sections 1 and 5). */
#include "journal/segment.h"

#include "base/alloc.h"
#include "journal/disk_memory.h"
#include "support_journal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_hex(struct hk_slice bytes, const char *wanted)
{
    struct hk_bytes text = { 0 };
    for (size_t i = 0; i < bytes.size; i++)
        assert_int_equal(
            hk_bytes_append_format(&text, "%02x", (unsigned)(unsigned char)bytes.at[i]), 0);
    assert_int_equal(hk_bytes_append(&text, "", 1), 0);
    assert_string_equal(text.at, wanted);
    hk_bytes_fini(&text);
}

static void test_a_header_keeps_its_bytes(void **state)
{
    struct hk_segment_header header = { .salt = UINT64_C(0x1122334455667788),
                                        .first_lsn = 258,
                                        .before_lsn = 256 };
    struct hk_segment_header decoded;
    unsigned char bytes[HK_SEGMENT_HEADER_BYTES];
    uint32_t version = 0;
    (void)state;
    hk_segment_header_encode(&header, bytes);
    assert_hex((struct hk_slice){ (const char *)bytes, sizeof(bytes) },
               "686f6f6b640d0a1a010000000000000088776655443322110201000000000000"
               "0001000000000000000000000000000000000000000000000000000068c1b74c");
    assert_int_equal(hk_segment_header_decode(bytes, &decoded, &version), 0);
    assert_int_equal(version, 1);
    assert_int_equal(decoded.salt, header.salt);
    assert_int_equal(decoded.first_lsn, 258);
    assert_int_equal(decoded.before_lsn, 256);
    assert_int_equal(decoded.crc, header.crc);
    bytes[30] ^= 1;
    assert_int_equal(hk_segment_header_decode(bytes, &decoded, &version), HK_EDAMAGED);
}

static void test_frames_keep_their_bytes(void **state)
{
    struct opening opening = { .disk = hk_disk_memory_new() };
    struct hk_fact_appended appended;
    (void)state;
    opening_do(&opening);
    for (uint64_t lsn = 1; lsn <= 3; lsn++) {
        struct hk_record record = { .type = HK_RECORD_MERCHANT_DELETED,
                                    .lsn = lsn,
                                    .merchant_deleted = 1000 };
        assert_int_equal(hk_journal_append(opening.journal, &record), 0);
        if (lsn != 1)
            assert_int_equal(hk_journal_commit(opening.journal, &appended, NULL), 0);
    }
    opening_close(&opening);
    struct hk_bytes bytes = read_file(opening.disk, "journal/00000000000000000001.log");
    assert_int_equal(bytes.size, 8192);
    assert_hex((struct hk_slice){ bytes.at + 64, 80 },
               "07000000d2e11f47fbcdb0530000000094070100cd03e80007000000c94d123c"
               "d2e11f470100000094070200cd03e80007000000e9f9d8b0c94d123c00000000"
               "94070300cd03e8000000000000000000");
    hk_bytes_fini(&bytes);
    hk_disk_memory_free(opening.disk);
}

static void test_a_snapshot_keeps_its_bytes(void **state)
{
    struct opening opening = { .disk = hk_disk_memory_new() };
    struct hk_event event = { .location = { 2, 64 } };
    struct hk_record rows[] = {
        { .type = HK_RECORD_MERCHANT_DELETED, .lsn = 1, .merchant_deleted = 1000 },
        { .type = HK_RECORD_STATE, .lsn = 2, .state = &event },
    };
    (void)state;
    opening_do(&opening);
    opening_commit_events(&opening, 1, 5, 10);
    assert_int_equal(hk_journal_snapshot_begin(opening.journal, NULL), 0);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(hk_journal_snapshot_row(opening.journal, &rows[i], NULL), 0);
    assert_int_equal(hk_journal_snapshot_end(opening.journal, 4, 5, 2, NULL), 0);
    opening_close(&opening);
    struct hk_bytes bytes = read_file(opening.disk, "snapshot/00000000000000000005.msgpack");
    assert_hex(hk_bytes_slice(&bytes),
               "92ae686f6f6b6420736e617073686f7401c60000000794070100cd03e8c60000"
               "0028dc0014050200c4100000000000000000000000000000000000c200000000"
               "000240c0000000c0c09095cf0000000000000004cf0000000000000005cf0000"
               "000000000002cf0000000000000002ce144773a8");
    hk_bytes_fini(&bytes);
    hk_disk_memory_free(opening.disk);
}

static void test_only_names_of_segments_are_taken_for_some(void **state)
{
    char name[HK_SEGMENT_NAME_MAX];
    uint64_t lsn = 0;
    (void)state;
    assert_string_equal(hk_segment_name(42, name), "journal/00000000000000000042.log");
    assert_true(hk_segment_parse_name("00000000000000000042.log", ".log", &lsn));
    assert_int_equal(lsn, 42);
    assert_true(hk_segment_parse_name("18446744073709551615.log", ".log", &lsn));
    assert_int_equal(lsn, UINT64_MAX);
    assert_false(hk_segment_parse_name("18446744073709551616.log", ".log", &lsn));
    assert_false(hk_segment_parse_name("0000000000000000042.log", ".log", &lsn));
    assert_false(hk_segment_parse_name("0000000000000000004x.log", ".log", &lsn));
    assert_false(hk_segment_parse_name("00000000000000000042.log~", ".log", &lsn));
    assert_false(hk_segment_parse_name("00000000000000000042", ".log", &lsn));
    assert_false(hk_segment_parse_name(".log", ".log", &lsn));
    assert_false(hk_segment_parse_name("next.tmp", ".log", &lsn));
}

static void test_a_frames_crc_covers_all_that_it_must(void **state)
{
    const struct hk_frame frame = { .length = 4, .crc_before = 7, .batch_index = 3 };
    struct hk_frame other = frame;
    uint32_t crc = hk_frame_crc(&frame, 1, 2, "text");
    (void)state;
    assert_int_not_equal(hk_frame_crc(&frame, 9, 2, "text"), crc);
    assert_int_not_equal(hk_frame_crc(&frame, 1, 9, "text"), crc);
    assert_int_not_equal(hk_frame_crc(&frame, 1, 2, "tent"), crc);
    other.length = 3;
    assert_int_not_equal(hk_frame_crc(&other, 1, 2, "text"), crc);
    other = frame;
    other.crc_before = 8;
    assert_int_not_equal(hk_frame_crc(&other, 1, 2, "text"), crc);
    other = frame;
    other.batch_index = 4;
    assert_int_not_equal(hk_frame_crc(&other, 1, 2, "text"), crc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_header_keeps_its_bytes),
        cmocka_unit_test(test_frames_keep_their_bytes),
        cmocka_unit_test(test_a_snapshot_keeps_its_bytes),
        cmocka_unit_test(test_only_names_of_segments_are_taken_for_some),
        cmocka_unit_test(test_a_frames_crc_covers_all_that_it_must),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
