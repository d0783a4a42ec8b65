// SPDX-License-Identifier: Apache-2.0
#include "base/json_number.h"

#include "base/alloc.h"
#include "base/prng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct hk_json_number parse(const char *text)
{
    struct hk_json_number number = { 0 };
    // A copy of the exact size, so that the sanitizer sees a read beyond it.
    size_t size = strlen(text);
    char *exact = hk_alloc_or_die(size);
    memcpy(exact, text, size);
    assert_int_equal(hk_json_number_parse((struct hk_slice){ exact, size }, &number), 0);
    hk_free(exact);
    return number;
}

static void test_integers_that_fit_are_integers(void **state)
{
    static const struct {
        const char *text;
        int64_t integer;
    } table[] = {
        { "0", 0 },
        { "7", 7 },
        { "-7", -7 },
        { "9223372036854775807", INT64_MAX },
        { "-9223372036854775808", INT64_MIN },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct hk_json_number number = parse(table[i].text);
        assert_true(number.is_integer);
        assert_int_equal(number.integer, table[i].integer);
    }
}

static void assert_nearest(const char *text)
{
    struct hk_json_number number = parse(text);
    double expected = strtod(text, NULL);
    bool is_same = number.real == expected && signbit(number.real) == signbit(expected);
    if (number.is_integer || !is_same)
        fail_msg("%s gives %.17g, not %.17g", text, number.real, expected);
}

static void test_others_are_the_nearest_double(void **state)
{
    static const char *const texts[] = {
        "-0",
        "-0.0",
        "0.0",
        "0.1",
        "0.10",
        "80.5",
        "1e2",
        "1E-2",
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551615",
        "9007199254740993.0",
        "0.000000000000000001",
        "2.2250738585072011e-308",
        "1e999",
        "-1e999",
        "1e-999",
        "123456789012345678901234567890123456789012345678901234567890.12345678901234567890",
        "1.000000000000000111022302462515654042363166809082031250000000000000000000000000001",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_nearest(texts[i]);
}

static void test_random_decimals_are_the_nearest_double(void **state)
{
    struct hk_prng prng;
    (void)state;
    hk_prng_init(&prng, 7);
    for (int i = 0; i < 100000; i++) {
        char text[64];
        int places = (int)hk_prng_below(&prng, 20);
        uint64_t whole = hk_prng_next(&prng) >> hk_prng_below(&prng, 64);
        uint64_t part = hk_prng_next(&prng) >> hk_prng_below(&prng, 64);
        if (hk_prng_chance(&prng, 500000))
            snprintf(text, sizeof(text), "%llu.%0*llu", (unsigned long long)whole, places,
                     (unsigned long long)part);
        else
            snprintf(text, sizeof(text), "-%llu.%llue%d", (unsigned long long)whole,
                     (unsigned long long)part, (int)hk_prng_below(&prng, 700) - 350);
        assert_nearest(text);
    }
}

static void assert_real(double real, const char *expected)
{
    struct hk_bytes out = { 0 };
    assert_int_equal(hk_json_append_real(&out, real), 0);
    if (!hk_slice_is(hk_bytes_slice(&out), expected))
        fail_msg("%.17g gives %.*s", real, (int)out.size, out.at);
    hk_bytes_fini(&out);
}

static void test_doubles_are_written_short(void **state)
{
    (void)state;
    assert_real(80.5, "80.5");
    assert_real(3.0, "3.0");
    assert_real(-3.0, "-3.0");
    assert_real(0.0, "0.0");
    assert_real(-0.0, "-0.0");
    assert_real(0.1, "0.1");
    assert_real(0.1 + 0.2, "0.30000000000000004");
    assert_real(1e15, "1e+15");
    assert_real(1e14, "100000000000000.0");
    assert_real(123456789012.25, "123456789012.25");
    assert_real(1e16, "1e+16");
    assert_real(1e300, "1e+300");
    assert_real(-1e-7, "-1e-07");
    assert_real(5e-324, "5e-324");
    assert_real(1234.000001, "1234.000001");
}

static void test_every_double_comes_back_from_its_text(void **state)
{
    struct hk_prng prng;
    (void)state;
    hk_prng_init(&prng, 8);
    for (int i = 0; i < 100000; i++) {
        struct hk_bytes out = { 0 };
        struct hk_json_value top;
        struct hk_json_number number;
        double real;
        uint64_t bits = hk_prng_next(&prng);
        memcpy(&real, &bits, sizeof(real));
        if (i % 2 == 0)
            real = (double)(int64_t)hk_prng_below(&prng, 1000000000) /
                   (double)(1 + hk_prng_below(&prng, 1000));
        if (!isfinite(real))
            continue;
        assert_int_equal(hk_json_append_real(&out, real), 0);
        assert_int_equal(hk_json_scan(hk_bytes_slice(&out), &top, NULL), 0);
        assert_int_equal(top.type, HK_JSON_NUMBER);
        assert_int_equal(hk_json_number_parse(top.text, &number), 0);
        assert_false(number.is_integer);
        assert_memory_equal(&number.real, &real, sizeof(real));
        hk_bytes_fini(&out);
    }
}

static void test_what_is_no_number_has_no_text(void **state)
{
    struct hk_bytes out = { 0 };
    (void)state;
    assert_int_equal(hk_json_append_real(&out, (double)NAN), HK_EINVAL);
    assert_int_equal(hk_json_append_real(&out, (double)INFINITY), HK_EINVAL);
    assert_int_equal(hk_json_append_real(&out, -(double)INFINITY), HK_EINVAL);
    assert_int_equal(out.size, 0);
    hk_bytes_fini(&out);
}

static void test_integers_are_written(void **state)
{
    struct hk_bytes out = { 0 };
    (void)state;
    assert_int_equal(hk_json_append_integer(&out, INT64_MIN), 0);
    assert_int_equal(hk_json_append_integer(&out, 0), 0);
    assert_int_equal(hk_json_append_integer(&out, INT64_MAX), 0);
    assert_true(hk_slice_is(hk_bytes_slice(&out), "-922337203685477580809223372036854775807"));
    hk_bytes_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers_that_fit_are_integers),
        cmocka_unit_test(test_others_are_the_nearest_double),
        cmocka_unit_test(test_random_decimals_are_the_nearest_double),
        cmocka_unit_test(test_doubles_are_written_short),
        cmocka_unit_test(test_every_double_comes_back_from_its_text),
        cmocka_unit_test(test_what_is_no_number_has_no_text),
        cmocka_unit_test(test_integers_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
