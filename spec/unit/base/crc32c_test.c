// SPDX-License-Identifier: Apache-2.0
#include "base/crc32c.h"

#include "base/prng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_sums_are_those_of_the_published_vectors(void **state)
{
    // "123456789" is the check value of the catalogue; the others are RFC 3720, B.4.
    unsigned char bytes[32];
    (void)state;
    assert_int_equal(hk_crc32c(0, "123456789", 9), 0xE3069283);
    assert_int_equal(hk_crc32c(0, "", 0), 0);
    memset(bytes, 0, sizeof(bytes));
    assert_int_equal(hk_crc32c(0, bytes, sizeof(bytes)), 0x8A9136AA);
    memset(bytes, 0xFF, sizeof(bytes));
    assert_int_equal(hk_crc32c(0, bytes, sizeof(bytes)), 0x62A8AB43);
    for (unsigned char i = 0; i < 32; i++)
        bytes[i] = i;
    assert_int_equal(hk_crc32c(0, bytes, sizeof(bytes)), 0x46DD794E);
    for (unsigned char i = 0; i < 32; i++)
        bytes[i] = (unsigned char)(31 - i);
    assert_int_equal(hk_crc32c(0, bytes, sizeof(bytes)), 0x113FDB5C);
}

static void test_processor_and_tables_agree_at_every_size_and_offset(void **state)
{
    struct hk_prng prng;
    unsigned char bytes[512];
    (void)state;
    hk_prng_init(&prng, 1);
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)hk_prng_next(&prng);
    for (size_t offset = 0; offset < 9; offset++) {
        for (size_t size = 0; size + offset <= sizeof(bytes); size++)
            assert_int_equal(hk_crc32c(0, bytes + offset, size),
                             hk__crc32c_by_table(0, bytes + offset, size));
    }
}

static void test_a_sum_can_be_made_in_parts(void **state)
{
    const char text[] = "the quick brown fox jumps over the lazy dog";
    uint32_t whole = hk_crc32c(0, text, sizeof(text));
    (void)state;
    for (size_t cut = 0; cut <= sizeof(text); cut++) {
        uint32_t sum = hk_crc32c(0, text, cut);
        assert_int_equal(hk_crc32c(sum, text + cut, sizeof(text) - cut), whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums_are_those_of_the_published_vectors),
        cmocka_unit_test(test_processor_and_tables_agree_at_every_size_and_offset),
        cmocka_unit_test(test_a_sum_can_be_made_in_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
