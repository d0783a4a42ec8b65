// SPDX-License-Identifier: Apache-2.0
#include "model/header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_names_are_tokens(void **state)
{
    (void)state;
    assert_true(hk_header_is_name(HK_SLICE("X-A")));
    assert_true(hk_header_is_name(HK_SLICE("x!#$%&'*+-.^_`|~9")));
    assert_false(hk_header_is_name(HK_SLICE_EMPTY));
    assert_false(hk_header_is_name(HK_SLICE("X A")));
    assert_false(hk_header_is_name(HK_SLICE("X:")));
    assert_false(hk_header_is_name(HK_SLICE("X\r\nY")));
    assert_false(hk_header_is_name(HK_SLICE("X\0Y")));
    assert_false(hk_header_is_name(HK_SLICE("X\xc3\xa9")));
}

static void test_values_cannot_start_another_line(void **state)
{
    (void)state;
    assert_true(hk_header_is_value(HK_SLICE_EMPTY));
    assert_true(hk_header_is_value(HK_SLICE("b c\td")));
    assert_true(hk_header_is_value(HK_SLICE("caf\xc3\xa9")));
    assert_false(hk_header_is_value(HK_SLICE("b\r\nX-B: c")));
    assert_false(hk_header_is_value(HK_SLICE("a\0b")));
    assert_false(hk_header_is_value(HK_SLICE("b\x7f")));
}

static void test_names_that_hookd_sets_are_reserved_in_any_case(void **state)
{
    static const char *const reserved[] = {
        "Host",        "content-length", "CONTENT-TYPE",
        "Connection",  "expect",         "Transfer-Encoding",
        "upgrade",     "Proxy-Anything", "x-webhook-signature",
        "X-Hookd-Key", "webhook-id",
    };
    static const char *const free_names[] = { "Hos", "Hosts", "Authorization", "X-Webhook",
                                              "Accept" };
    (void)state;
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        if (!hk_header_is_reserved(hk_slice_of(reserved[i]), NULL))
            fail_msg("%s", reserved[i]);
    }
    for (size_t i = 0; i < sizeof(free_names) / sizeof(free_names[0]); i++) {
        if (hk_header_is_reserved(hk_slice_of(free_names[i]), NULL))
            fail_msg("%s", free_names[i]);
    }
}

static void test_what_the_signer_sets_is_reserved_too(void **state)
{
    static const char *const names[] = { "X-Mark", NULL };
    static const struct hk_signer signer = { .name = "mark", .headers = names };
    (void)state;
    assert_true(hk_header_is_reserved(HK_SLICE("x-mark"), &signer));
    assert_false(hk_header_is_reserved(HK_SLICE("x-mark"), &hk_signer_points));
    assert_false(hk_header_is_reserved(HK_SLICE("x-mark"), NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_tokens),
        cmocka_unit_test(test_values_cannot_start_another_line),
        cmocka_unit_test(test_names_that_hookd_sets_are_reserved_in_any_case),
        cmocka_unit_test(test_what_the_signer_sets_is_reserved_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
