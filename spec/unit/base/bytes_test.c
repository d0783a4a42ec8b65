// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_slices_are_compared_by_content(void **state)
{
    (void)state;
    assert_true(hk_slice_is_equal(HK_SLICE("ab"), hk_slice_of("ab")));
    assert_false(hk_slice_is_equal(HK_SLICE("ab"), HK_SLICE("ac")));
    assert_false(hk_slice_is_equal(HK_SLICE("ab"), HK_SLICE("abc")));
    assert_true(hk_slice_is_equal(HK_SLICE_EMPTY, (struct hk_slice){ NULL, 0 }));
    assert_true(hk_slice_is(HK_SLICE("ab"), "ab"));
    assert_true(hk_slice_is(HK_SLICE_EMPTY, NULL));
    assert_true(hk_slice_is_equal_constant_time(HK_SLICE("a\0b"), HK_SLICE("a\0b")));
    assert_false(hk_slice_is_equal_constant_time(HK_SLICE("a\0b"), HK_SLICE("a\0c")));
    assert_false(hk_slice_is_equal_constant_time(HK_SLICE("a"), HK_SLICE("ab")));
    assert_true(hk_slice_is_equal_constant_time(HK_SLICE_EMPTY, HK_SLICE_EMPTY));
}

static void test_a_copy_is_terminated(void **state)
{
    (void)state;
    char *copy = hk_slice_dup((struct hk_slice){ "river", 3 });
    assert_string_equal(copy, "riv");
    hk_free(copy);
    copy = hk_slice_dup((struct hk_slice){ NULL, 0 });
    assert_string_equal(copy, "");
    hk_free(copy);
}

static void test_decimals_are_read_strictly(void **state)
{
    static const struct {
        const char *text;
        uint64_t max;
        int rc;
        uint64_t value;
    } table[] = {
        { "0", 0, 0, 0 },
        { "007", 10, 0, 7 },
        { "10", 10, 0, 10 },
        { "11", 10, HK_ELIMIT, 0 },
        { "18446744073709551615", UINT64_MAX, 0, UINT64_MAX },
        { "18446744073709551616", UINT64_MAX, HK_ELIMIT, 0 },
        { "99999999999999999999999", UINT64_MAX, HK_ELIMIT, 0 },
        { "99999999999999999999999x", UINT64_MAX, HK_ESYNTAX, 0 },
        { "", 10, HK_ESYNTAX, 0 },
        { "+1", 10, HK_ESYNTAX, 0 },
        { "-1", 10, HK_ESYNTAX, 0 },
        { " 1", 10, HK_ESYNTAX, 0 },
        { "1 ", 10, HK_ESYNTAX, 0 },
        { "0x1", 10, HK_ESYNTAX, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        uint64_t value = 77;
        int rc = hk_slice_parse_u64(hk_slice_of(table[i].text), table[i].max, &value);
        assert_int_equal(rc, table[i].rc);
        assert_int_equal(value, rc == 0 ? table[i].value : 77);
    }
}

static void test_a_cut_splits_no_character(void **state)
{
    static const struct {
        const char *text;
        size_t max;
        size_t size;
    } table[] = {
        { "abc", 5, 3 },
        { "abc", 2, 2 },
        { "abc", 0, 0 },
        { "a\xC3\xA9z", 2, 1 },
        { "a\xC3\xA9z", 3, 3 },
        { "\xF0\x9F\x98\x80", 3, 0 },
        { "\xF0\x9F\x98\x80z", 4, 4 },
        { "\x80\x80\x80\x80\x80\x80", 5, 5 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        assert_int_equal(hk_slice_cut(hk_slice_of(table[i].text), table[i].max).size,
                         table[i].size);
}

static void test_a_buffer_grows_and_keeps_its_content(void **state)
{
    struct hk_bytes bytes = { 0 };
    (void)state;
    assert_true(hk_slice_is(hk_bytes_slice(&bytes), ""));
    for (int i = 0; i < 1000; i++)
        assert_int_equal(hk_bytes_append(&bytes, "0123456789", 10), 0);
    assert_int_equal(bytes.size, 10000);
    for (size_t i = 0; i < bytes.size; i++)
        assert_int_equal(bytes.at[i], '0' + (char)(i % 10));
    size_t capacity = bytes.capacity;
    hk_bytes_clear(&bytes);
    assert_int_equal(bytes.size, 0);
    assert_int_equal(bytes.capacity, capacity);
    assert_int_equal(hk_bytes_append_text(&bytes, "a"), 0);
    assert_int_equal(hk_bytes_append(&bytes, NULL, 0), 0);
    assert_int_equal(hk_bytes_append_format(&bytes, "-%d-%s", 42, "z"), 0);
    assert_true(hk_slice_is(hk_bytes_slice(&bytes), "a-42-z"));
    hk_bytes_fini(&bytes);
    assert_int_equal(bytes.capacity, 0);
}

static void test_room_that_cannot_be_is_refused(void **state)
{
    struct hk_bytes bytes = { 0 };
    (void)state;
    assert_int_equal(hk_bytes_append_text(&bytes, "kept"), 0);
    assert_int_equal(hk_bytes_reserve(&bytes, SIZE_MAX), HK_ENOMEM);
    assert_int_equal(hk_bytes_reserve(&bytes, SIZE_MAX / 2 + 1), HK_ENOMEM);
    assert_true(hk_slice_is(hk_bytes_slice(&bytes), "kept"));
    hk_bytes_fini(&bytes);
}

#if HK_FAULTS
static void test_a_failed_append_changes_nothing(void **state)
{
    struct hk_bytes bytes = { 0 };
    (void)state;
    assert_int_equal(hk_bytes_append_text(&bytes, "kept"), 0);
    hk_alloc_fail_at(1, true);
    char large[256] = { 0 };
    assert_int_equal(hk_bytes_append(&bytes, large, sizeof(large)), HK_ENOMEM);
    assert_int_equal(hk_bytes_append_format(&bytes, "%200d", 1), HK_ENOMEM);
    assert_null(hk_slice_dup(HK_SLICE("x")));
    hk_alloc_fail_at(0, false);
    assert_true(hk_slice_is(hk_bytes_slice(&bytes), "kept"));
    hk_bytes_fini(&bytes);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slices_are_compared_by_content),
        cmocka_unit_test(test_a_copy_is_terminated),
        cmocka_unit_test(test_decimals_are_read_strictly),
        cmocka_unit_test(test_a_cut_splits_no_character),
        cmocka_unit_test(test_a_buffer_grows_and_keeps_its_content),
        cmocka_unit_test(test_room_that_cannot_be_is_refused),
#if HK_FAULTS
        cmocka_unit_test(test_a_failed_append_changes_nothing),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
