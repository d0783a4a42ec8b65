// SPDX-License-Identifier: Apache-2.0
#include "model/outcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Numbers stand on disk and words in the API: neither may ever change. */
static void test_classes_keep_their_numbers_and_words(void **state)
{
    (void)state;
    static const char *const words[] = { "unknown", "success", "status",    "timeout", "dns",
                                         "connect", "tls",     "transport", "denied",  "internal" };
    for (int i = 0; i < 10; i++)
        assert_string_equal(hk_outcome_word((enum hk_outcome_class)i), words[i]);
    assert_string_equal(hk_outcome_word((enum hk_outcome_class)10), "unknown");
}

static void test_the_class_alone_tells_success(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        struct hk_outcome outcome = { .class = (enum hk_outcome_class)i, .status = 200 };
        assert_int_equal(hk_outcome_is_success(&outcome), i == HK_OUTCOME_SUCCESS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes_keep_their_numbers_and_words),
        cmocka_unit_test(test_the_class_alone_tells_success),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
