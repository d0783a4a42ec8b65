// SPDX-License-Identifier: Apache-2.0
#include "daemon/listen_address.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

static void assert_address(const char *text, int family, uint16_t port, bool is_loopback)
{
    struct hk_listen_address address;
    assert_int_equal(hk_listen_address_parse(text, &address), 0);
    assert_int_equal(address.any.sa_family, family);
    assert_int_equal(ntohs(family == AF_INET ? address.v4.sin_port : address.v6.sin6_port), port);
    assert_int_equal(address.is_loopback, is_loopback);
}

static void test_addresses_of_both_families_are_read(void **state)
{
    (void)state;
    assert_address("127.0.0.1:8410", AF_INET, 8410, true);
    assert_address("127.9.9.9:0", AF_INET, 0, true);
    assert_address("0.0.0.0:65535", AF_INET, 65535, false);
    assert_address("128.0.0.1:1", AF_INET, 1, false);
    assert_address("[::1]:80", AF_INET6, 80, true);
    assert_address("[::]:80", AF_INET6, 80, false);
    assert_address("[::ffff:127.0.0.1]:80", AF_INET6, 80, true);
    assert_address("[::ffff:10.0.0.1]:80", AF_INET6, 80, false);
}

static void test_what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        ":80",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:x",
        "::1:80",
        "[::1]",
        "[::1:80",
        "localhost:80",
        "127.1:80",
        "127.0.0.1 :80",
        "[]:80",
        "[127.0.0.1]:80",
        "127.0.0.1:-1",
        "127.0.0.1:+1",
        "[fe80::1%eth0]:1",
        "1111111111111111111111111111111111111111111111111111:80",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct hk_listen_address address;
        if (hk_listen_address_parse(bad[i], &address) != HK_EINVAL)
            fail_msg("taken: %s", bad[i]);
    }
}

static void test_networks_have_a_prefix_that_fits(void **state)
{
    (void)state;
    assert_true(hk_network_is_valid("10.0.0.0/8"));
    assert_true(hk_network_is_valid("0.0.0.0/0"));
    assert_true(hk_network_is_valid("127.0.0.1/32"));
    assert_true(hk_network_is_valid("::1/128"));
    assert_true(hk_network_is_valid("fd00::/8"));
    static const char *const bad[] = { "10.0.0.0", "10.0.0.0/33", "10.0.0.0/",    "/8",      "x/8",
                                       "::/129",   "fd00::",      "10.0.0.0/8/8", "10.0.0/8" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (hk_network_is_valid(bad[i]))
            fail_msg("taken: %s", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_of_both_families_are_read),
        cmocka_unit_test(test_what_is_no_address_is_refused),
        cmocka_unit_test(test_networks_have_a_prefix_that_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
