// SPDX-License-Identifier: Apache-2.0
#include "deliver/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static union hk_address make(const char *text, uint16_t port)
{
    union hk_address address = { 0 };
    if (inet_pton(AF_INET, text, &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons(port);
    } else if (inet_pton(AF_INET6, text, &address.v6.sin6_addr) == 1) {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons(port);
    } else {
        fail_msg("\"%s\" is no address", text);
    }
    return address;
}

static bool is_public(const char *text)
{
    union hk_address address = make(text, 443);
    return hk_address_is_public(&address.any);
}

/** Each denied range: the last public address before it (NULL: the range before is denied too), its
 * first and last, and the first public one after it. */
static const struct {
    const char *before, *first, *last, *after;
} ranges[] = {
    { NULL, "0.0.0.0", "0.255.255.255", "1.0.0.0" },
    { "9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0" },
    { "100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0" },
    { "126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0" },
    { "168.63.129.15", "168.63.129.16", "168.63.129.16", "168.63.129.17" },
    { "169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0" },
    { "172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0" },
    { "191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0" },
    { "192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0" },
    { "192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0" },
    { "192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0" },
    { "198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0" },
    { "198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0" },
    { "203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0" },
    { "223.255.255.255", "224.0.0.0", "239.255.255.255", NULL },
    { NULL, "240.0.0.0", "255.255.255.255", NULL },

    { NULL, "::", "ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
    { NULL, "64:ff9b::", "64:ff9b::ffff:ffff", NULL },
    { NULL, "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", NULL },
    { NULL, "100::", "100::ffff:ffff:ffff:ffff", NULL },
    { NULL, "100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff", NULL },
    { NULL, "1fff::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::" },
    { "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
      "2001:200::" },
    { "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
      "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::" },
    { "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
      "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::" },
    { "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
      "3fff:1000::" },
    { "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
      "4000::", "5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
    { NULL, "5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
    { NULL, "8000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
    { NULL, "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
    { NULL, "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
    { NULL, "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
    { NULL, "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
};

static void test_each_range_is_denied_from_its_first_to_its_last(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (ranges[i].before != NULL && !is_public(ranges[i].before))
            fail_msg("%s is denied", ranges[i].before);
        if (is_public(ranges[i].first))
            fail_msg("%s is allowed", ranges[i].first);
        if (is_public(ranges[i].last))
            fail_msg("%s is allowed", ranges[i].last);
        if (ranges[i].after != NULL && !is_public(ranges[i].after))
            fail_msg("%s is denied", ranges[i].after);
    }
}

static void test_named_traps_are_denied(void **state)
{
    static const char *const traps[] = {
        "169.254.169.254",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "fd00:ec2::254",
        "fe80::a9fe:a9fe",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "::5efe:7f00:1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::8.8.8.8",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "2001:0:7f00:1::",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "fec0::1",
        "ff02::1",
        "3fff::1",
        "5f00::1",
        "255.255.255.255",
        "::ffff:8.8.8.8",
    };
    static const char *const open[] = { "8.8.8.8", "1.1.1.1", "2606:4700:4700::1111",
                                        "2a00:1450:4001::1", "2001:4860:4860::8888" };
    (void)state;
    for (size_t i = 0; i < sizeof(traps) / sizeof(traps[0]); i++) {
        if (is_public(traps[i]))
            fail_msg("%s is allowed", traps[i]);
    }
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        if (!is_public(open[i]))
            fail_msg("%s is denied", open[i]);
    }
}

/** Resolves a numeric host as the resolver does and judges it; -1: it is no numeric host. */
static int judge(const char *host)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST };
    struct addrinfo *list = NULL;
    if (getaddrinfo(host, NULL, &hints, &list) != 0)
        return -1;
    int is_allowed = 0;
    for (struct addrinfo *info = list; info != NULL; info = info->ai_next)
        is_allowed |= hk_address_is_public(info->ai_addr);
    freeaddrinfo(list);
    return is_allowed;
}

/** Writes the `form`-th spelling of an IPv4 address; false when there are no more. */
static bool spell_v4(unsigned form, const uint8_t b[4], char *text, size_t size)
{
    unsigned low3 = (unsigned)b[1] << 16 | (unsigned)b[2] << 8 | b[3];
    unsigned low2 = (unsigned)b[2] << 8 | b[3];
    unsigned all = (unsigned)b[0] << 24 | low3;
    int written = 0;
    switch (form) {
    case 0:
        written = snprintf(text, size, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
        break;
    case 1:
        written = snprintf(text, size, "0%o.0%o.0%o.0%o", b[0], b[1], b[2], b[3]);
        break;
    case 2:
        written = snprintf(text, size, "0x%x.0x%x.0x%x.0x%x", b[0], b[1], b[2], b[3]);
        break;
    case 3:
        written = snprintf(text, size, "00%o.%u.0x%x.%u", b[0], b[1], b[2], b[3]);
        break;
    case 4:
        written = snprintf(text, size, "0X%X.0X%X.0X%X.0X%X", b[0], b[1], b[2], b[3]);
        break;
    case 5:
        written = snprintf(text, size, "%u", all);
        break;
    case 6:
        written = snprintf(text, size, "0x%x", all);
        break;
    case 7:
        written = snprintf(text, size, "0%o", all);
        break;
    case 8:
        written = snprintf(text, size, "%u.%u", b[0], low3);
        break;
    case 9:
        written = snprintf(text, size, "0x%x.0%o", b[0], low3);
        break;
    case 10:
        written = snprintf(text, size, "%u.%u.%u", b[0], b[1], low2);
        break;
    case 11:
        written = snprintf(text, size, "0%o.0x%x.%u", b[0], b[1], low2);
        break;
    default:
        break;
    }
    return written > 0;
}

/** Writes the `form`-th way to hide an IPv4 address in IPv6; false when there are no more. */
static bool spell_v6(unsigned form, const uint8_t b[4], char *text, size_t size)
{
    unsigned high = (unsigned)b[0] << 8 | b[1];
    unsigned low = (unsigned)b[2] << 8 | b[3];
    int written = 0;
    switch (form) {
    case 0:
        written = snprintf(text, size, "::ffff:%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
        break;
    case 1:
        written = snprintf(text, size, "::%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
        break;
    case 2:
        written = snprintf(text, size, "::ffff:%x:%x", high, low);
        break;
    case 3:
        written = snprintf(text, size, "0:0:0:0:0:ffff:%x:%x", high, low);
        break;
    case 4:
        written = snprintf(text, size, "::ffff:0:%x:%x", high, low);
        break;
    case 5:
        written = snprintf(text, size, "64:ff9b::%x:%x", high, low);
        break;
    case 6:
        written = snprintf(text, size, "64:ff9b:1::%x:%x", high, low);
        break;
    case 7:
        written = snprintf(text, size, "2002:%x:%x::1", high, low);
        break;
    case 8:
        written = snprintf(text, size, "2001:0:%x:%x::", high, low);
        break;
    case 9:
        written = snprintf(text, size, "fe80::5efe:%x:%x", high, low);
        break;
    default:
        break;
    }
    return written > 0;
}

/** Fails when it is allowed; false when it is no numeric host. */
static bool is_denied(const char *host)
{
    int verdict = judge(host);
    if (verdict == 1)
        fail_msg("%s is allowed", host);
    return verdict == 0;
}

static void test_every_spelling_of_a_denied_address_is_denied(void **state)
{
    static const uint8_t denied[][4] = {
        { 127, 0, 0, 1 },       { 127, 255, 255, 254 }, { 10, 1, 2, 3 },
        { 169, 254, 169, 254 }, { 172, 16, 0, 1 },      { 192, 168, 1, 1 },
        { 100, 100, 100, 200 }, { 168, 63, 129, 16 },   { 0, 0, 0, 0 },
    };
    char text[96];
    unsigned count = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++) {
        for (unsigned form = 0; spell_v4(form, denied[i], text, sizeof(text)); form++)
            count += is_denied(text);
        for (unsigned form = 0; spell_v6(form, denied[i], text, sizeof(text)); form++)
            count += is_denied(text);
    }
    assert_true(count >= 150);
}

static void test_every_spelling_of_a_public_address_is_allowed_but_inside_ipv6(void **state)
{
    static const uint8_t open[] = { 93, 184, 216, 34 };
    char text[96];
    (void)state;
    for (unsigned form = 0; spell_v4(form, open, text, sizeof(text)); form++) {
        if (judge(text) != 1)
            fail_msg("%s is not allowed", text);
    }
    for (unsigned form = 0; spell_v6(form, open, text, sizeof(text)); form++)
        assert_true(is_denied(text));
}

static void test_other_families_are_denied(void **state)
{
    struct sockaddr_storage other = { .ss_family = AF_UNIX };
    struct hk_guard guard = { 0 };
    (void)state;
    assert_false(hk_address_is_public((struct sockaddr *)&other));
    assert_false(hk_guard_allows(&guard, (struct sockaddr *)&other));
    other.ss_family = AF_UNSPEC;
    assert_false(hk_guard_allows(&guard, (struct sockaddr *)&other));
}

static void test_networks_are_read_strictly(void **state)
{
    static const char *const bad[] = {
        "",
        "/",
        "/8",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/8 ",
        " 10.0.0.0/8",
        "10.0.0/8",
        "10.0.0.0.0/8",
        "010.0.0.0/8",
        "localhost",
        "10.0.0.0/8/8",
        "::/129",
        "::1::/8",
        "fe80::1%lo/64",
        "10.0.0.0/0x8",
        "256.0.0.0/8",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999/64",
        "10.0.0.0/00000000000000000000000000000000000000000000000000000000000000000000000008",
    };
    struct hk_network network;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (hk_network_parse(hk_slice_of(bad[i]), &network) != HK_ESYNTAX)
            fail_msg("\"%s\" is read", bad[i]);
    }
    assert_int_equal(hk_network_parse((struct hk_slice){ "10.0.0.0\0/8", 11 }, &network),
                     HK_ESYNTAX);
}

static bool is_inside(const char *network, const char *address)
{
    struct hk_network parsed;
    union hk_address made = make(address, 1);
    assert_int_equal(hk_network_parse(hk_slice_of(network), &parsed), 0);
    return hk_network_has(&parsed, &made.any);
}

static void test_a_network_has_its_own_and_no_others(void **state)
{
    (void)state;
    assert_true(is_inside("10.0.0.0/8", "10.255.0.1"));
    assert_false(is_inside("10.0.0.0/8", "11.0.0.0"));
    assert_true(is_inside("10.1.2.3/8", "10.9.9.9")); // bits beyond the prefix do not count
    assert_true(is_inside("10.1.2.3", "10.1.2.3"));
    assert_false(is_inside("10.1.2.3", "10.1.2.2"));
    assert_true(is_inside("0.0.0.0/0", "255.255.255.255"));
    assert_false(is_inside("0.0.0.0/0", "::1"));
    assert_true(is_inside("192.168.4.0/22", "192.168.7.255"));
    assert_false(is_inside("192.168.4.0/22", "192.168.8.0"));
    assert_true(is_inside("10.0.0.0/31", "10.0.0.1"));
    assert_false(is_inside("10.0.0.0/31", "10.0.0.2"));
    assert_true(is_inside("::1/128", "::1"));
    assert_false(is_inside("::1/128", "::2"));
    assert_true(is_inside("fd00::/8", "fdff::1"));
    assert_false(is_inside("fd00::/8", "fc00::1"));
    assert_true(is_inside("::ffff:0:0/96", "::ffff:10.0.0.1"));
    assert_false(is_inside("10.0.0.0/8", "::ffff:10.0.0.1"));
    assert_true(is_inside("::/0", "2001:db8::1"));
}

static bool guard_allows(const struct hk_guard *guard, const char *address, uint16_t port)
{
    union hk_address made = make(address, port);
    return hk_guard_allows(guard, &made.any);
}

static void test_a_listed_network_lifts_the_rules_for_addresses_only(void **state)
{
    uint16_t ports[] = { 443, 8443 };
    const uint16_t own[] = { 8410, 443 };
    struct hk_deliver_options options = { .allow_ports = ports, .allow_port_count = 2 };
    struct hk_guard guard;
    (void)state;
    hk_texts_add(&options.allow_networks, HK_SLICE("127.0.0.0/8"));
    hk_texts_add(&options.allow_networks, HK_SLICE("fd00::/8"));
    assert_int_equal(hk_guard_init(&guard, &options, own, 2, NULL), 0);
    assert_true(guard_allows(&guard, "127.0.0.1", 8443));
    assert_true(guard_allows(&guard, "fd12::1", 8443));
    assert_true(guard_allows(&guard, "8.8.8.8", 8443));
    assert_false(guard_allows(&guard, "10.0.0.1", 8443));
    assert_false(guard_allows(&guard, "::ffff:127.0.0.1", 8443));
    assert_false(guard_allows(&guard, "127.0.0.1", 80)); // not an allowed port
    assert_false(guard_allows(&guard, "8.8.8.8", 80));
    assert_false(guard_allows(&guard, "127.0.0.1", 443)); // our own
    assert_false(guard_allows(&guard, "8.8.8.8", 443));
    hk_guard_fini(&guard);
    options.allow_ports = NULL;
    assert_int_equal(hk_guard_init(&guard, &options, own, 1, NULL), 0);
    assert_true(guard_allows(&guard, "8.8.8.8", 1));
    assert_false(guard_allows(&guard, "8.8.8.8", 8410));
    hk_guard_fini(&guard);
    options.allow_ports = ports;
    options.allow_port_count = 0;
    assert_int_equal(hk_guard_init(&guard, &options, NULL, 0, NULL), 0);
    assert_false(guard_allows(&guard, "8.8.8.8", 443)); // an empty list allows none
    hk_guard_fini(&guard);
    hk_texts_fini(&options.allow_networks);
}

static void test_a_network_that_is_none_is_named(void **state)
{
    struct hk_deliver_options options = { 0 };
    struct hk_guard guard;
    struct hk_fault fault = { 0 };
    (void)state;
    hk_texts_add(&options.allow_networks, HK_SLICE("10.0.0.0/8"));
    hk_texts_add(&options.allow_networks, HK_SLICE("intranet"));
    assert_int_equal(hk_guard_init(&guard, &options, NULL, 0, &fault), HK_EINVAL);
    assert_non_null(strstr(fault.text, "\"intranet\""));
    hk_texts_fini(&options.allow_networks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_range_is_denied_from_its_first_to_its_last),
        cmocka_unit_test(test_named_traps_are_denied),
        cmocka_unit_test(test_every_spelling_of_a_denied_address_is_denied),
        cmocka_unit_test(test_every_spelling_of_a_public_address_is_allowed_but_inside_ipv6),
        cmocka_unit_test(test_other_families_are_denied),
        cmocka_unit_test(test_networks_are_read_strictly),
        cmocka_unit_test(test_a_network_has_its_own_and_no_others),
        cmocka_unit_test(test_a_listed_network_lifts_the_rules_for_addresses_only),
        cmocka_unit_test(test_a_network_that_is_none_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
