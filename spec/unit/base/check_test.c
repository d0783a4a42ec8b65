// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include "base/alloc.h"
#include "support_death.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct thing {
    uint32_t magic;
};

static void assert_what_is_false(void)
{
    volatile int one = 1;
    hk_assert(one == 2);
}

static void assert_what_is_true(void)
{
    volatile int one = 1;
    hk_assert(one == 1);
}

static void check_a_wrong_magic(void)
{
    struct thing thing = { 0x1234 };
    HK_CHECK(&thing, 0x1235u);
}

static void check_null(void)
{
    const struct thing *volatile thing = NULL;
    const struct thing *nothing = thing;
    HK_CHECK(nothing, 0x1234u);
}

static void want_too_much(void)
{
    volatile size_t size = PTRDIFF_MAX;
    hk_free(hk_alloc_or_die(size + (size_t)1));
}

static void test_a_false_condition_ends_the_process_and_says_where(void **state)
{
    char said[512];
    (void)state;
    assert_int_equal(support_death_signal(assert_what_is_false, said, sizeof(said)), SIGABRT);
    assert_ptr_equal(strstr(said, "assertion failed: one == 2 at "), said);
    assert_non_null(strstr(said, "check_test.c:"));
    assert_int_equal(said[strlen(said) - 1], '\n');
}

static void test_a_true_condition_does_nothing(void **state)
{
    char said[512];
    (void)state;
    assert_int_equal(support_death_signal(assert_what_is_true, said, sizeof(said)), 0);
    assert_string_equal(said, "");
}

static void test_a_wrong_magic_ends_the_process(void **state)
{
    char said[512];
    (void)state;
    assert_int_equal(support_death_signal(check_a_wrong_magic, said, sizeof(said)), SIGABRT);
    assert_non_null(strstr(said, "magic"));
    assert_int_equal(support_death_signal(check_null, said, sizeof(said)), SIGABRT);
}

static void test_no_memory_at_start_ends_the_process_and_names_the_size(void **state)
{
    char said[512];
    (void)state;
    assert_int_equal(support_death_signal(want_too_much, said, sizeof(said)), SIGABRT);
    assert_string_equal(said, "out of memory: bytes wanted: 9223372036854775808\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_false_condition_ends_the_process_and_says_where),
        cmocka_unit_test(test_a_true_condition_does_nothing),
        cmocka_unit_test(test_a_wrong_magic_ends_the_process),
        cmocka_unit_test(test_no_memory_at_start_ends_the_process_and_names_the_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
