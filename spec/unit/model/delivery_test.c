// SPDX-License-Identifier: Apache-2.0
#include "model/delivery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Numbers stand on disk and words in the API: neither may ever change. */
static void test_states_keep_their_numbers_and_words(void **state)
{
    (void)state;
    static const char *const words[] = { "ready",     "in_flight", "waiting",
                                         "delivered", "dead",      "dropped" };
    for (int i = 0; i < 6; i++)
        assert_string_equal(hk_delivery_state_word((enum hk_delivery_state)i), words[i]);
    assert_string_equal(hk_delivery_state_word((enum hk_delivery_state)6), "");
}

static void test_reasons_keep_their_numbers_and_words(void **state)
{
    (void)state;
    static const char *const words[] = { "",
                                         "filtered",
                                         "no_endpoint",
                                         "skipped_by_policy",
                                         "endpoint_deleted",
                                         "merchant_deleted",
                                         "discarded",
                                         "expired",
                                         "gave_up",
                                         "attempts_spent",
                                         "gone" };
    for (int i = 0; i < 11; i++)
        assert_string_equal(hk_reason_word((enum hk_reason)i), words[i]);
    assert_string_equal(hk_reason_word((enum hk_reason)11), "");
}

static void test_three_states_are_terminal(void **state)
{
    (void)state;
    assert_false(hk_delivery_state_is_terminal(HK_DELIVERY_READY));
    assert_false(hk_delivery_state_is_terminal(HK_DELIVERY_IN_FLIGHT));
    assert_false(hk_delivery_state_is_terminal(HK_DELIVERY_WAITING));
    assert_true(hk_delivery_state_is_terminal(HK_DELIVERY_DELIVERED));
    assert_true(hk_delivery_state_is_terminal(HK_DELIVERY_DEAD));
    assert_true(hk_delivery_state_is_terminal(HK_DELIVERY_DROPPED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states_keep_their_numbers_and_words),
        cmocka_unit_test(test_reasons_keep_their_numbers_and_words),
        cmocka_unit_test(test_three_states_are_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
