// SPDX-License-Identifier: Apache-2.0
#include "base/spelling.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

static void assert_distance(const char *a, const char *b, uint32_t wanted)
{
    assert_int_equal(hk_spelling_distance(hk_slice_of(a), hk_slice_of(b)), wanted);
    assert_int_equal(hk_spelling_distance(hk_slice_of(b), hk_slice_of(a)), wanted);
}

static void test_each_single_change_counts_one(void **state)
{
    (void)state;
    assert_distance("", "", 0);
    assert_distance("", "abc", 3);
    assert_distance("listen", "listen", 0);
    assert_distance("listen", "lsten", 1);
    assert_distance("listen", "listten", 1);
    assert_distance("listen", "lister", 1);
    assert_distance("listen", "lisetn", 1);
    assert_distance("kitten", "sitting", 3);
    assert_distance("ca", "abc", 3);
    assert_distance("a", "A", 1);
}

static void test_long_words_are_compared_by_their_start(void **state)
{
    (void)state;
    char a[200], b[200];
    memset(a, 'a', sizeof(a));
    memset(b, 'a', sizeof(b));
    b[0] = 'b';
    b[150] = 'b';
    assert_int_equal(hk_spelling_distance((struct hk_slice){ a, 200 }, (struct hk_slice){ b, 200 }),
                     1);
}

static void test_the_nearest_word_is_found(void **state)
{
    (void)state;
    static const char *const known[] = { "status", "merchant", "endpoint", "event", NULL };
    static const char *const none[] = { NULL };
    assert_string_equal(hk_spelling_nearest(HK_SLICE("merchnt"), known), "merchant");
    assert_string_equal(hk_spelling_nearest(HK_SLICE("evnet"), known), "event");
    assert_null(hk_spelling_nearest(HK_SLICE("x"), none));
    assert_true(hk_spelling_is_near(HK_SLICE("evnet"), 1));
    assert_false(hk_spelling_is_near(HK_SLICE("xyz"), 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_single_change_counts_one),
        cmocka_unit_test(test_long_words_are_compared_by_their_start),
        cmocka_unit_test(test_the_nearest_word_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
