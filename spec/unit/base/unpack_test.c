// SPDX-License-Identifier: Apache-2.0
/* Held against the packer of msgpack-c, which writes what the journal keeps. */
#include "base/unpack.h"

#include <msgpack/pack.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int write_bytes(void *data, const char *at, size_t size)
{
    return hk_bytes_append(data, at, size);
}

/** Bytes and a packer that writes to them. */
struct paper {
    struct hk_bytes bytes;
    msgpack_packer packer;
};

static struct hk_unpack reading_of(struct paper *paper)
{
    return hk_unpack_of(hk_bytes_slice(&paper->bytes));
}

#define WITH_PAPER(paper)                    \
    struct paper paper = { .bytes = { 0 } }; \
    msgpack_packer_init(&paper.packer, &paper.bytes, write_bytes)

static void test_unsigned_numbers_of_every_length(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        for (int step = -1; step <= 1; step++) {
            uint64_t value = (UINT64_C(1) << bit) + (uint64_t)step;
            WITH_PAPER(paper);
            (void)msgpack_pack_uint64(&paper.packer, value);
            struct hk_unpack unpack = reading_of(&paper);
            assert_int_equal(hk_unpack_u64(&unpack, UINT64_MAX), value);
            assert_true(hk_unpack_is_done(&unpack));
            if (value != 0) {
                unpack = reading_of(&paper);
                assert_int_equal(hk_unpack_u64(&unpack, value - 1), 0);
                assert_false(hk_unpack_is_done(&unpack));
            }
            hk_bytes_fini(&paper.bytes);
        }
    }
}

static void test_signed_numbers_of_every_length(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        for (int step = -1; step <= 1; step++) {
            int64_t value = (int64_t)((UINT64_C(1) << bit) + (uint64_t)step);
            for (int sign = 0; sign < 2; sign++, value = (int64_t)(0 - (uint64_t)value)) {
                WITH_PAPER(paper);
                (void)msgpack_pack_int64(&paper.packer, value);
                struct hk_unpack unpack = reading_of(&paper);
                assert_int_equal(hk_unpack_i64(&unpack), value);
                assert_true(hk_unpack_is_done(&unpack));
                if (value < 0) {
                    unpack = reading_of(&paper);
                    (void)hk_unpack_u64(&unpack, UINT64_MAX);
                    assert_false(hk_unpack_is_done(&unpack));
                }
                hk_bytes_fini(&paper.bytes);
            }
        }
    }
}

static void test_a_number_beyond_int64_is_no_signed_one(void **state)
{
    (void)state;
    WITH_PAPER(paper);
    (void)msgpack_pack_uint64(&paper.packer, (uint64_t)INT64_MAX + 1);
    struct hk_unpack unpack = reading_of(&paper);
    (void)hk_unpack_i64(&unpack);
    assert_false(hk_unpack_is_done(&unpack));
    hk_bytes_fini(&paper.bytes);
}

static void test_bytes_and_texts_of_every_head(void **state)
{
    static const size_t sizes[] = { 0, 1, 31, 32, 255, 256, 65535, 65536 };
    static char data[65536];
    (void)state;
    memset(data, 'x', sizeof(data));
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        WITH_PAPER(paper);
        (void)msgpack_pack_bin_with_body(&paper.packer, data, sizes[i]);
        (void)msgpack_pack_str_with_body(&paper.packer, data, sizes[i]);
        struct hk_unpack unpack = reading_of(&paper);
        assert_int_equal(hk_unpack_bin(&unpack).size, sizes[i]);
        assert_int_equal(hk_unpack_text(&unpack).size, sizes[i]);
        assert_true(hk_unpack_is_done(&unpack));
        // One kind is not the other.
        unpack = reading_of(&paper);
        (void)hk_unpack_text(&unpack);
        assert_false(hk_unpack_is_done(&unpack));
        assert_true(unpack.is_bad);
        // One byte short is damage.
        paper.bytes.size--;
        unpack = reading_of(&paper);
        (void)hk_unpack_bin(&unpack);
        (void)hk_unpack_text(&unpack);
        assert_true(unpack.is_bad);
        hk_bytes_fini(&paper.bytes);
    }
}

static void test_a_count_is_held_against_the_bytes_left(void **state)
{
    static const uint32_t counts[] = { 0, 15, 16, 65535, 65536 };
    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        WITH_PAPER(paper);
        (void)msgpack_pack_array(&paper.packer, counts[i]);
        for (uint32_t at = 0; at < counts[i]; at++)
            (void)msgpack_pack_nil(&paper.packer);
        struct hk_unpack unpack = reading_of(&paper);
        assert_int_equal(hk_unpack_array(&unpack, 1), counts[i]);
        for (uint32_t at = 0; at < counts[i]; at++)
            assert_true(hk_unpack_nil(&unpack));
        assert_true(hk_unpack_is_done(&unpack));
        if (counts[i] != 0) {
            unpack = reading_of(&paper);
            assert_int_equal(hk_unpack_array(&unpack, 2), 0);
            assert_true(unpack.is_bad);
        }
        hk_bytes_fini(&paper.bytes);
    }
}

static void test_a_fault_sticks(void **state)
{
    (void)state;
    struct hk_unpack unpack = hk_unpack_of(HK_SLICE("\xC1\x01\xC3"));
    assert_int_equal(hk_unpack_u64(&unpack, UINT64_MAX), 0);
    assert_int_equal(hk_unpack_u64(&unpack, UINT64_MAX), 0);
    assert_false(hk_unpack_bool(&unpack));
    assert_false(hk_unpack_nil(&unpack));
    assert_int_equal(hk_unpack_bin(&unpack).size, 0);
    assert_false(hk_unpack_is_done(&unpack));
}

static void test_what_is_left_over_is_no_end(void **state)
{
    (void)state;
    struct hk_unpack unpack = hk_unpack_of(HK_SLICE("\x01\x02"));
    assert_int_equal(hk_unpack_u64(&unpack, 9), 1);
    assert_false(hk_unpack_is_done(&unpack));
    assert_int_equal(hk_unpack_u64(&unpack, 9), 2);
    assert_true(hk_unpack_is_done(&unpack));
}

/* A caller that asks only at the end must not read what was never written. */
static void test_bytes_of_another_size_are_a_fault_and_zeros(void **state)
{
    (void)state;
    char data[4] = { 1, 2, 3, 4 };
    struct hk_unpack unpack = hk_unpack_of(HK_SLICE("\xC4\x03"
                                                    "abc"));
    hk_unpack_bytes(&unpack, data, sizeof(data));
    assert_true(unpack.is_bad);
    assert_memory_equal(data, "\0\0\0\0", sizeof(data));
    unpack = hk_unpack_of(HK_SLICE("\xC4\x04"
                                   "abcd"));
    hk_unpack_bytes(&unpack, data, sizeof(data));
    assert_true(hk_unpack_is_done(&unpack));
    assert_memory_equal(data, "abcd", sizeof(data));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unsigned_numbers_of_every_length),
        cmocka_unit_test(test_signed_numbers_of_every_length),
        cmocka_unit_test(test_a_number_beyond_int64_is_no_signed_one),
        cmocka_unit_test(test_bytes_and_texts_of_every_head),
        cmocka_unit_test(test_a_count_is_held_against_the_bytes_left),
        cmocka_unit_test(test_a_fault_sticks),
        cmocka_unit_test(test_what_is_left_over_is_no_end),
        cmocka_unit_test(test_bytes_of_another_size_are_a_fault_and_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
