// SPDX-License-Identifier: Apache-2.0
#include "policy/pool_known.h"

#include "base/prng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NUMBERS 300

static void test_it_knows_what_was_added_and_not_removed(void **state)
{
    (void)state;
    struct hk_pool_known known = { 0 };
    bool is_there[NUMBERS] = { false };
    struct hk_prng prng;
    hk_prng_init(&prng, 3);
    for (int round = 0; round < 5000; round++) {
        uint32_t number = (uint32_t)hk_prng_below(&prng, NUMBERS);
        if (is_there[number])
            hk_pool_known_remove(&known, number);
        else
            hk_pool_known_add(&known, number);
        is_there[number] = !is_there[number];
        uint32_t other = (uint32_t)hk_prng_below(&prng, NUMBERS);
        assert_int_equal(hk_pool_known_has(&known, other), is_there[other]);
    }
    uint32_t count = 0;
    for (uint32_t number = 0; number < NUMBERS; number++) {
        assert_int_equal(hk_pool_known_has(&known, number), is_there[number]);
        count += is_there[number];
    }
    assert_int_equal(known.count, count);
    hk_pool_known_fini(&known);
    assert_false(hk_pool_known_has(&known, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_knows_what_was_added_and_not_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
