// SPDX-License-Identifier: Apache-2.0
#include "model/signer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int keep(void *request, struct hk_slice name, struct hk_slice value)
{
    struct hk_bytes *lines = request;
    return hk_bytes_append_format(lines, "%.*s=%.*s;", (int)name.size, name.at, (int)value.size,
                                  value.at);
}

static int fail_to_keep(void *request, struct hk_slice name, struct hk_slice value)
{
    (void)request;
    (void)name;
    (void)value;
    return HK_ELIMIT;
}

static void test_points_is_the_default(void **state)
{
    (void)state;
    assert_ptr_equal(hk_signer_find(NULL), &hk_signer_points);
    assert_ptr_equal(hk_signer_find(""), &hk_signer_points);
    assert_ptr_equal(hk_signer_find("points"), &hk_signer_points);
    assert_null(hk_signer_find("point"));
    assert_null(hk_signer_find("Points"));
}

static void test_points_sends_the_secret_itself_and_no_other(void **state)
{
    const struct hk_uuid event = { { 1 } };
    const struct hk_signing signing = { .secret = HK_SLICE("new"),
                                        .secret_previous = HK_SLICE("old"),
                                        .event = &event };
    struct hk_bytes lines = { 0 };
    (void)state;
    assert_int_equal(hk_signer_points.sign(&signing, keep, &lines), 0);
    assert_true(hk_slice_is(hk_bytes_slice(&lines), "X-Webhook-Secret=new;"));
    hk_bytes_fini(&lines);
    assert_int_equal(hk_signer_points.sign(&signing, fail_to_keep, NULL), HK_ELIMIT);
}

static void test_points_names_its_headers(void **state)
{
    (void)state;
    assert_string_equal(hk_signer_points.name, "points");
    assert_string_equal(hk_signer_points.headers[0], "X-Webhook-Secret");
    assert_null(hk_signer_points.headers[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points_is_the_default),
        cmocka_unit_test(test_points_sends_the_secret_itself_and_no_other),
        cmocka_unit_test(test_points_names_its_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
