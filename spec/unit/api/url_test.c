// SPDX-License-Identifier: Apache-2.0
#include "api/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_good_urls_have_one_normal_form(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "https://shop.example/hooks", "https://shop.example/hooks" },
        { "HTTPS://Shop.EXAMPLE/Hooks", "https://shop.example/Hooks" },
        { "https://shop.example", "https://shop.example/" },
        { "https://shop.example:443", "https://shop.example/" },
        { "https://shop.example:8443/", "https://shop.example:8443/" },
        { "http://shop.example:80/a?b=C", "http://shop.example/a?b=C" },
        { "http://shop.example:443/", "http://shop.example:443/" },
        { "https://shop.example?x=1", "https://shop.example/?x=1" },
        { "https://shop.example/a#part", "https://shop.example/a" },
        { "https://shop.example/a/../b", "https://shop.example/a/../b" },
        { "https://shop.example/\xc3\xa9", "https://shop.example/\xc3\xa9" },
        { "https://shop.example/%C3%A9@x", "https://shop.example/%C3%A9@x" },
        { "https://[2001:db8::1]:8443/x", "https://[2001:db8::1]:8443/x" },
        { "https://127.1/x", "https://127.0.0.1/x" },
        { "https://0x7f000001/x", "https://127.0.0.1/x" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hk_bytes normal = { 0 };
        const char *fault = hk_url_check(cases[i][0], true, &normal);
        if (fault != NULL)
            fail_msg("<%s>: %s", cases[i][0], fault);
        assert_string_equal(normal.at, cases[i][1]);
        hk_bytes_fini(&normal);
    }
}

static void test_doubtful_urls_are_refused(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "",
        "shop.example",
        "//shop.example/",
        "https:",
        "https:/shop.example",
        "https:///shop.example",
        "https://",
        "https://?x",
        "https://#x",
        "https://:443/",
        "ftp://shop.example/",
        "file:///etc/passwd",
        "httpss://shop.example/",
        " https://shop.example/",
        "https://shop.example/ ",
        "https://shop.example/a b",
        "https://shop.example/\n",
        "https://shop.example\\@evil.example/",
        "https://shop.example/\\x",
        "https://user@shop.example/",
        "https://user:pass@shop.example/",
        "https://@shop.example/",
        "https://shop.example:0/",
        "https://shop.example:000/",
        "https://shop.example:65536/",
        "https://shop.example:x/",
        "https://sh\xc3\xb6p.example/",
        "https://shop%2eexample/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://sh op.example/",
    };
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct hk_bytes normal = { 0 };
        if (hk_url_check(urls[i], true, &normal) == NULL)
            fail_msg("<%s> is taken", urls[i]);
        hk_bytes_fini(&normal);
    }
}

static void test_plain_http_needs_to_be_allowed(void **state)
{
    (void)state;
    struct hk_bytes normal = { 0 };
    assert_string_equal(hk_url_check("http://shop.example/", false, &normal),
                        "The url must use https.");
    assert_string_equal(hk_url_check("HTTP://shop.example/", false, &normal),
                        "The url must use https.");
    assert_null(hk_url_check("https://shop.example/", false, &normal));
    hk_bytes_fini(&normal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_urls_have_one_normal_form),
        cmocka_unit_test(test_doubtful_urls_are_refused),
        cmocka_unit_test(test_plain_http_needs_to_be_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
