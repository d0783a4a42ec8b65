// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

static void test_memory_is_given_and_zeroed(void **state)
{
    (void)state;
    unsigned char *bytes = hk_alloc_zero(32, 4);
    assert_non_null(bytes);
    for (size_t i = 0; i < 128; i++)
        assert_int_equal(bytes[i], 0);
    memset(bytes, 7, 128);
    unsigned char *more = hk_realloc(bytes, 256, 1);
    assert_non_null(more);
    assert_int_equal(more[127], 7);
    hk_free(more);
    hk_free(NULL);
}

static void test_nothing_is_one_byte(void **state)
{
    (void)state;
    void *none = hk_alloc(0);
    void *zero = hk_alloc_zero(0, 8);
    assert_non_null(none);
    assert_non_null(zero);
    none = hk_realloc(none, 0, 1);
    assert_non_null(none);
    hk_free(none);
    hk_free(zero);
}

static void test_a_size_that_overflows_is_no_memory(void **state)
{
    (void)state;
    volatile size_t half = SIZE_MAX / 2 + 2;
    void *kept = hk_alloc(8);
    assert_null(hk_alloc(half));
    assert_null(hk_alloc_zero(half, 2));
    assert_null(hk_realloc(kept, half, 2));
    memset(kept, 1, 8);
    hk_free(kept);
}

static void test_strings_are_copied(void **state)
{
    (void)state;
    char *copy = hk_strdup_or_die("river");
    assert_string_equal(copy, "river");
    hk_free(copy);
    assert_null(hk_strdup_or_die(NULL));
}

static void test_wiped_memory_is_zero(void **state)
{
    (void)state;
    char secret[16] = "hunter2hunter2";
    hk_wipe(secret, sizeof(secret));
    for (size_t i = 0; i < sizeof(secret); i++)
        assert_int_equal(secret[i], 0);
    hk_wipe(NULL, 0);
}

#if HK_FAULTS
static void test_the_nth_allocation_fails_and_no_other(void **state)
{
    (void)state;
    hk_alloc_fail_at(3, false);
    void *first = hk_alloc(1);
    void *second = hk_alloc_zero(1, 1);
    assert_null(hk_realloc(first, 9, 1));
    void *fourth = hk_alloc(1);
    assert_int_equal(hk_alloc_count(), 4);
    hk_alloc_fail_at(0, false);
    assert_non_null(first);
    assert_non_null(second);
    assert_non_null(fourth);
    hk_free(first);
    hk_free(second);
    hk_free(fourth);
}

static void test_all_allocations_fail_from_the_nth_on(void **state)
{
    (void)state;
    hk_alloc_fail_at(2, true);
    void *first = hk_alloc(1);
    void *second = hk_alloc(1);
    void *third = hk_alloc(1);
    hk_alloc_fail_at(0, false);
    assert_non_null(first);
    assert_null(second);
    assert_null(third);
    hk_free(first);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_given_and_zeroed),
        cmocka_unit_test(test_nothing_is_one_byte),
        cmocka_unit_test(test_a_size_that_overflows_is_no_memory),
        cmocka_unit_test(test_strings_are_copied),
        cmocka_unit_test(test_wiped_memory_is_zero),
#if HK_FAULTS
        cmocka_unit_test(test_the_nth_allocation_fails_and_no_other),
        cmocka_unit_test(test_all_allocations_fail_from_the_nth_on),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
