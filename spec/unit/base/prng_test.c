// SPDX-License-Identifier: Apache-2.0
#include "base/prng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_numbers_are_those_of_the_published_generators(void **state)
{
    // xoshiro256** from the state 1, 2, 3, 4; splitmix64 from 1234567.
    static const uint64_t xoshiro[] = {
        UINT64_C(11520),
        UINT64_C(0),
        UINT64_C(1509978240),
        UINT64_C(1215971899390074240),
        UINT64_C(1216172134540287360),
        UINT64_C(607988272756665600),
        UINT64_C(16172922978634559625),
        UINT64_C(8476171486693032832),
        UINT64_C(10595114339597558777),
        UINT64_C(2904607092377533576),
    };
    static const uint64_t splitmix[] = {
        UINT64_C(6457827717110365317),
        UINT64_C(3203168211198807973),
        UINT64_C(9817491932198370423),
        UINT64_C(4593380528125082431),
    };
    struct hk_prng prng = { { 1, 2, 3, 4 } };
    (void)state;
    for (size_t i = 0; i < sizeof(xoshiro) / sizeof(xoshiro[0]); i++)
        assert_true(hk_prng_next(&prng) == xoshiro[i]);
    hk_prng_init(&prng, 1234567);
    for (size_t i = 0; i < 4; i++)
        assert_true(prng.state[i] == splitmix[i]);
}

static void test_one_seed_gives_one_sequence(void **state)
{
    struct hk_prng a, b, c;
    (void)state;
    hk_prng_init(&a, 42);
    hk_prng_init(&b, 42);
    hk_prng_init(&c, 43);
    int same = 0;
    for (int i = 0; i < 100; i++) {
        uint64_t number = hk_prng_next(&a);
        assert_true(number == hk_prng_next(&b));
        same += number == hk_prng_next(&c);
    }
    assert_int_equal(same, 0);
}

static void test_draws_stay_below_their_bound_and_reach_all_of_it(void **state)
{
    struct hk_prng prng;
    int seen[7] = { 0 };
    (void)state;
    hk_prng_init(&prng, 7);
    for (int i = 0; i < 7000; i++)
        seen[hk_prng_below(&prng, 7)]++;
    for (int i = 0; i < 7; i++)
        assert_in_range(seen[i], 800, 1200);
    assert_int_equal(hk_prng_below(&prng, 1), 0);
    for (int i = 0; i < 100; i++)
        assert_true(hk_prng_below(&prng, UINT64_MAX) < UINT64_MAX);
}

static void test_chances_are_parts_in_a_million(void **state)
{
    struct hk_prng prng;
    int hits = 0;
    (void)state;
    hk_prng_init(&prng, 8);
    for (int i = 0; i < 10000; i++) {
        hits += hk_prng_chance(&prng, 250000);
        assert_false(hk_prng_chance(&prng, 0));
        assert_true(hk_prng_chance(&prng, 1000000));
    }
    assert_in_range(hits, 2300, 2700);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_are_those_of_the_published_generators),
        cmocka_unit_test(test_one_seed_gives_one_sequence),
        cmocka_unit_test(test_draws_stay_below_their_bound_and_reach_all_of_it),
        cmocka_unit_test(test_chances_are_parts_in_a_million),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
