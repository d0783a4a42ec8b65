// SPDX-License-Identifier: Apache-2.0
#include "model/texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_texts_are_copies_and_are_found_whole(void **state)
{
    (void)state;
    char buffer[] = "order.paid";
    struct hk_texts texts = { 0 };
    assert_false(hk_texts_has(&texts, HK_SLICE("order.paid")));
    hk_texts_add(&texts, hk_slice_of(buffer));
    hk_texts_add(&texts, HK_SLICE_EMPTY);
    buffer[0] = 'X';
    assert_int_equal(texts.count, 2);
    assert_string_equal(texts.items[0], "order.paid");
    assert_string_equal(texts.items[1], "");
    assert_true(hk_texts_has(&texts, HK_SLICE("order.paid")));
    assert_true(hk_texts_has(&texts, HK_SLICE_EMPTY));
    assert_false(hk_texts_has(&texts, HK_SLICE("order.pai")));
    assert_false(hk_texts_has(&texts, HK_SLICE("order.paid2")));
    hk_texts_fini(&texts);
    assert_int_equal(texts.count, 0);
    assert_null(texts.items);
    hk_texts_fini(&texts);
}

static void test_a_clone_of_texts_is_its_own(void **state)
{
    (void)state;
    struct hk_texts texts = { 0 };
    for (int i = 0; i < 100; i++)
        hk_texts_add(&texts, HK_SLICE("a text"));
    struct hk_texts copy = hk_texts_clone(&texts);
    hk_texts_fini(&texts);
    assert_int_equal(copy.count, 100);
    assert_string_equal(copy.items[99], "a text");
    hk_texts_fini(&copy);
    copy = hk_texts_clone(&texts);
    assert_int_equal(copy.count, 0);
    hk_texts_fini(&copy);
}

static void test_pairs_keep_their_order_and_a_clone_is_its_own(void **state)
{
    (void)state;
    struct hk_pairs pairs = { 0 };
    hk_pairs_add(&pairs, HK_SLICE("X-A"), HK_SLICE("1"));
    hk_pairs_add(&pairs, HK_SLICE("X-B"), HK_SLICE_EMPTY);
    hk_pairs_add(&pairs, HK_SLICE("X-A"), HK_SLICE("2"));
    struct hk_pairs copy = hk_pairs_clone(&pairs);
    hk_pairs_fini(&pairs);
    assert_int_equal(pairs.count, 0);
    assert_int_equal(copy.count, 3);
    assert_string_equal(copy.items[0].name, "X-A");
    assert_string_equal(copy.items[0].value, "1");
    assert_string_equal(copy.items[1].value, "");
    assert_string_equal(copy.items[2].value, "2");
    hk_pairs_fini(&copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_are_copies_and_are_found_whole),
        cmocka_unit_test(test_a_clone_of_texts_is_its_own),
        cmocka_unit_test(test_pairs_keep_their_order_and_a_clone_is_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
