// SPDX-License-Identifier: Apache-2.0
#include "model/merchant.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct hk_merchant sample(const char *name, const char *policy)
{
    return (struct hk_merchant){
        .id = 9,
        .name = hk_strdup_or_die(name),
        .policy = hk_strdup_or_die(policy),
        .verified = true,
        .created_at = { 1 },
        .updated_at = { 2 },
    };
}

static void test_a_clone_has_all_of_it_and_is_its_own(void **state)
{
    (void)state;
    struct hk_merchant merchant = sample("Shop", "refunds");
    struct hk_merchant copy;
    hk_merchant_clone(&copy, &merchant);
    hk_merchant_fini(&merchant);
    assert_null(merchant.name);
    assert_int_equal(copy.id, 9);
    assert_string_equal(copy.name, "Shop");
    assert_string_equal(copy.policy, "refunds");
    assert_true(copy.verified);
    assert_int_equal(copy.created_at.ms, 1);
    assert_int_equal(copy.updated_at.ms, 2);
    hk_merchant_fini(&copy);
}

static void test_a_merchant_without_a_policy_has_none_in_its_clone(void **state)
{
    (void)state;
    struct hk_merchant merchant = sample("Shop", NULL);
    struct hk_merchant copy;
    hk_merchant_clone(&copy, &merchant);
    assert_null(copy.policy);
    hk_merchant_fini(&copy);
    hk_merchant_fini(&merchant);
}

/* Each field alone: it changes, and no other does. */
static void test_a_patch_changes_what_it_names_and_nothing_else(void **state)
{
    (void)state;
    static const uint32_t fields[] = { HK_MERCHANT_NAME, HK_MERCHANT_VERIFIED, HK_MERCHANT_POLICY,
                                       0 };
    for (size_t i = 0; i < 4; i++) {
        struct hk_merchant merchant = sample("Shop", "refunds");
        struct hk_merchant_patch patch = { fields[i], sample("Other", "all") };
        patch.value.id = 10;
        patch.value.verified = false;
        hk_merchant_apply(&merchant, &patch);
        bool is_name = fields[i] == HK_MERCHANT_NAME;
        bool is_policy = fields[i] == HK_MERCHANT_POLICY;
        assert_int_equal(merchant.id, 9);
        assert_string_equal(merchant.name, is_name ? "Other" : "Shop");
        assert_string_equal(merchant.policy, is_policy ? "all" : "refunds");
        assert_int_equal(merchant.verified, fields[i] != HK_MERCHANT_VERIFIED);
        assert_int_equal(patch.fields, 0);
        hk_merchant_fini(&merchant);
        hk_merchant_fini(&patch.value);
    }
}

static void test_a_patch_can_take_the_policy_away(void **state)
{
    (void)state;
    struct hk_merchant merchant = sample("Shop", "refunds");
    struct hk_merchant_patch patch = { HK_MERCHANT_POLICY, { 0 } };
    hk_merchant_apply(&merchant, &patch);
    assert_null(merchant.policy);
    hk_merchant_fini(&merchant);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_clone_has_all_of_it_and_is_its_own),
        cmocka_unit_test(test_a_merchant_without_a_policy_has_none_in_its_clone),
        cmocka_unit_test(test_a_patch_changes_what_it_names_and_nothing_else),
        cmocka_unit_test(test_a_patch_can_take_the_policy_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
