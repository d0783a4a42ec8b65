// SPDX-License-Identifier: Apache-2.0
#include "api/router.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define UUID "0190b3c2-8a4e-7c3d-9f00-000000000001"

static void test_every_route_is_found_by_its_methods(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path;
        enum hk_scope scope;
    } cases[] = {
        { "POST", "/api/v1/merchants/9/events", HK_SCOPE_PLATFORM },
        { "GET", "/api/v1/merchants/9/events/" UUID, HK_SCOPE_PLATFORM },
        { "GET", "/api/v1/events/" UUID, HK_SCOPE_EITHER },
        { "GET", "/api/v1/webhooks", HK_SCOPE_MERCHANT },
        { "POST", "/api/v1/webhooks", HK_SCOPE_MERCHANT },
        { "GET", "/api/v1/webhooks/" UUID, HK_SCOPE_MERCHANT },
        { "PUT", "/api/v1/webhooks/" UUID, HK_SCOPE_MERCHANT },
        { "PATCH", "/api/v1/webhooks/" UUID, HK_SCOPE_MERCHANT },
        { "DELETE", "/api/v1/webhooks/" UUID, HK_SCOPE_MERCHANT },
        { "GET", "/api/v1/merchants/9/webhooks", HK_SCOPE_PLATFORM },
        { "POST", "/api/v1/merchants/9/webhooks", HK_SCOPE_PLATFORM },
        { "GET", "/api/v1/merchants/9/webhooks/" UUID, HK_SCOPE_PLATFORM },
        { "PUT", "/api/v1/merchants/9/webhooks/" UUID, HK_SCOPE_PLATFORM },
        { "PATCH", "/api/v1/merchants/9/webhooks/" UUID, HK_SCOPE_PLATFORM },
        { "DELETE", "/api/v1/merchants/9/webhooks/" UUID, HK_SCOPE_PLATFORM },
        { "GET", "/api/v1/merchants", HK_SCOPE_PLATFORM },
        { "POST", "/api/v1/merchants", HK_SCOPE_PLATFORM },
        { "GET", "/api/v1/merchants/0", HK_SCOPE_PLATFORM },
        { "PATCH", "/api/v1/merchants/9", HK_SCOPE_PLATFORM },
        { "DELETE", "/api/v1/merchants/9", HK_SCOPE_PLATFORM },
        { "GET", "/api/v1/merchants/9/keys", HK_SCOPE_PLATFORM },
        { "POST", "/api/v1/merchants/9/keys", HK_SCOPE_PLATFORM },
        { "DELETE", "/api/v1/merchants/9/keys/" UUID, HK_SCOPE_PLATFORM },
        { "GET", "/api/v1/events/" UUID "/why", HK_SCOPE_EITHER },
        { "GET", "/api/v1/merchants/9/events/" UUID "/why", HK_SCOPE_PLATFORM },
        { "GET", "/api/v1/policies", HK_SCOPE_PLATFORM },
        { "POST", "/api/v1/policies/refunds/retry", HK_SCOPE_PLATFORM },
        { "GET", "/api/v1/policies/9/events", HK_SCOPE_PLATFORM },
        { "POST", "/api/v1/reload", HK_SCOPE_PLATFORM },
        { "GET", "/api/v1/stats", HK_SCOPE_PLATFORM },
        { "GET", "/api/v1/tail", HK_SCOPE_PLATFORM },
        { "GET", "/healthz", HK_SCOPE_OPEN },
        { "HEAD", "/readyz", HK_SCOPE_OPEN },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hk_match match;
        if (hk_router_find(cases[i].method, cases[i].path, &match) != 0)
            fail_msg("%s %s is not found", cases[i].method, cases[i].path);
        assert_int_equal(match.route->scope, cases[i].scope);
        assert_non_null(match.action->run);
    }
}

static void test_parameters_are_read(void **state)
{
    (void)state;
    struct hk_match match;
    char text[HK_UUID_TEXT_SIZE + 1];
    assert_int_equal(
        hk_router_find("GET", "/api/v1/merchants/9007199254740991/events/" UUID, &match), 0);
    assert_true(match.has_merchant);
    assert_int_equal(match.merchant_id, 9007199254740991);
    assert_string_equal(hk_uuid_format(&match.uuid, text), UUID);
    assert_int_equal(hk_router_find("GET", "/api/v1/webhooks", &match), 0);
    assert_false(match.has_merchant);
    assert_int_equal(hk_router_find("POST", "/api/v1/policies/refunds-2.v1/retry", &match), 0);
    assert_string_equal(match.name, "refunds-2.v1");
}

static void test_a_policy_has_the_name_of_a_file(void **state)
{
    (void)state;
    char longest[HK_POLICY_NAME_BYTES_MAX + 1];
    memset(longest, 'a', sizeof(longest));
    struct hk_slice slice = { longest, HK_POLICY_NAME_BYTES_MAX };
    assert_true(hk_router_is_policy_name(slice));
    slice.size++;
    assert_false(hk_router_is_policy_name(slice));
    assert_true(hk_router_is_policy_name(HK_SLICE("9")));
    static const char *const bad[] = { "",      ".",   "..",       "-a",  "a/b",
                                       "a.lua", "a b", "\xc3\xa9", "a%2e" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(hk_router_is_policy_name(hk_slice_of(bad[i])));
}

static void test_what_is_no_route_is_unknown(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "",
        "/",
        "*",
        "api/v1/webhooks",
        "http://x/api/v1/webhooks",
        "/api/v1",
        "/api/v1/webhooks/",
        "//api/v1/webhooks",
        "/api/v1//webhooks",
        "/API/v1/webhooks",
        "/api/v1/webhooks/x",
        "/api/v1/webhooks/" UUID "/",
        "/api/v1/webhooks/" UUID "0",
        "/api/v1/webhooks/%30190b3c2-8a4e-7c3d-9f00-000000000001",
        "/api/v1/merchants/",
        "/api/v1/merchants/-1",
        "/api/v1/merchants/+1",
        "/api/v1/merchants/09",
        "/api/v1/merchants/9007199254740992",
        "/api/v1/merchants/18446744073709551616",
        "/api/v1/merchants/9x",
        "/api/v1/events",
        "/api/v1/merchants/9/keys/7",
        "/healthz/..",
        "/metrics",
        "/api/v1/policies/",
        "/api/v1/policies/..",
        "/api/v1/policies/../retry",
        "/api/v1/policies//retry",
        "/api/v1/policies/a.lua/retry",
        "/api/v1/policies/a%2fb/retry",
        "/api/v1/events/" UUID "/why/",
    };
    struct hk_match match;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (hk_router_find("GET", paths[i], &match) != HK_ENOTFOUND)
            fail_msg("<%s> is found", paths[i]);
    }
}

static void test_other_methods_are_told_what_is_allowed(void **state)
{
    (void)state;
    struct hk_match match;
    char allow[HK_ALLOW_TEXT_MAX];
    assert_int_equal(hk_router_find("POST", "/api/v1/webhooks/" UUID, &match), HK_EINVAL);
    assert_string_equal(hk_router_allow(match.route, allow), "GET, HEAD, PUT, PATCH, DELETE");
    assert_int_equal(hk_router_find("HEAD", "/api/v1/merchants/9/events", &match), HK_EINVAL);
    assert_string_equal(hk_router_allow(match.route, allow), "POST");
    assert_int_equal(hk_router_find("get", "/healthz", &match), HK_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_route_is_found_by_its_methods),
        cmocka_unit_test(test_parameters_are_read),
        cmocka_unit_test(test_a_policy_has_the_name_of_a_file),
        cmocka_unit_test(test_what_is_no_route_is_unknown),
        cmocka_unit_test(test_other_methods_are_told_what_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
