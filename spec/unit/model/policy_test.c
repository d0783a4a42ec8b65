// SPDX-License-Identifier: Apache-2.0
#include "model/policy.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_a_set_gives_back_all_that_it_holds(void **state)
{
    struct hk_policy_set *set = hk_alloc_zero_or_die(1, sizeof(*set));
    (void)state;
    set->items = hk_alloc_zero_or_die(2, sizeof(*set->items));
    set->count = 2;
    set->items[0].name = hk_strdup_or_die("default");
    set->items[1].name = hk_strdup_or_die("shop");
    set->items[1].fault = hk_strdup_or_die("shop.lua:3: no");
    hk_policy_set_free(set); /* The leak checker sees what is forgotten. */
    hk_policy_set_free(hk_alloc_zero_or_die(1, sizeof(*set)));
    hk_policy_set_free(NULL);
}

static void test_a_use_gives_back_its_texts_and_is_empty_then(void **state)
{
    struct hk_policy_use use = { .policy = hk_strdup_or_die("shop"),
                                 .error = hk_strdup_or_die("shop.lua:3: no"),
                                 .calls = 7 };
    (void)state;
    hk_policy_use_fini(&use);
    assert_null(use.policy);
    assert_null(use.error);
    assert_int_equal(use.calls, 0);
    hk_policy_use_fini(&use);
}

static void test_failures_have_words(void **state)
{
    (void)state;
    assert_string_equal(hk_policy_failure_word(HK_POLICY_ERROR), "error");
    assert_string_equal(hk_policy_failure_word(HK_POLICY_RETURN), "return");
    assert_string_equal(hk_policy_failure_word(HK_POLICY_TIME), "time");
    assert_string_equal(hk_policy_failure_word(HK_POLICY_MEMORY), "memory");
    assert_string_equal(hk_policy_failure_word(HK_POLICY_KILLED), "killed");
    assert_string_equal(hk_policy_failure_word(HK_POLICY_UNAVAILABLE), "unavailable");
    assert_string_equal(hk_policy_failure_word((enum hk_policy_failure)99), "");
}

static void test_every_hook_but_retry_plans(void **state)
{
    (void)state;
    uint32_t all = 0;
#define XX(name, bit, word) all |= (uint32_t)HK_HOOK_##name;
    HK_HOOK_MAP(XX)
#undef XX
    assert_int_equal(HK_HOOKS_PLANNING, all & ~(uint32_t)HK_HOOK_RETRY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_set_gives_back_all_that_it_holds),
        cmocka_unit_test(test_a_use_gives_back_its_texts_and_is_empty_then),
        cmocka_unit_test(test_failures_have_words),
        cmocka_unit_test(test_every_hook_but_retry_plans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
