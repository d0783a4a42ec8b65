// SPDX-License-Identifier: Apache-2.0
#include "model/plan.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_a_copy_shares_nothing_but_references(void **state)
{
    char why[] = "closed", policy[] = "shop", error[] = "shop.lua:3: no", skipped[] = "not here";
    struct hk_plan_delivery deliveries[] = {
        { .endpoint = { { 1 } }, .role = HK_ROLE_AUDIT, .own = hk_payload_new(NULL, NULL) },
        { .endpoint = { { 2 } },
          .reason = HK_REASON_SKIPPED_BY_POLICY,
          .why = { skipped, sizeof(skipped) - 1 } },
    };
    const struct hk_plan plan = {
        .event = { { 9 } },
        .reason = HK_REASON_FILTERED,
        .why = { why, sizeof(why) - 1 },
        .policy = { policy, sizeof(policy) - 1 },
        .generation = 4,
        .hooks = 5,
        .error = { error, sizeof(error) - 1 },
        .deliveries = deliveries,
        .delivery_count = 2,
    };
    (void)state;
    struct hk_plan *copy = hk_plan_clone(&plan);
    memset(why, 0, sizeof(why));
    memset(policy, 0, sizeof(policy));
    memset(error, 0, sizeof(error));
    memset(skipped, 0, sizeof(skipped));
    hk_body_unref(deliveries[0].own);
    memset(deliveries, 0, sizeof(deliveries));

    assert_int_equal(copy->event.bytes[0], 9);
    assert_int_equal(copy->reason, HK_REASON_FILTERED);
    assert_true(hk_slice_is(copy->why, "closed"));
    assert_true(hk_slice_is(copy->policy, "shop"));
    assert_int_equal(copy->generation, 4);
    assert_int_equal(copy->hooks, 5);
    assert_true(hk_slice_is(copy->error, "shop.lua:3: no"));
    assert_int_equal(copy->delivery_count, 2);
    assert_int_equal(copy->deliveries[0].endpoint.bytes[0], 1);
    assert_int_equal(copy->deliveries[0].role, HK_ROLE_AUDIT);
    assert_false(hk_payload_has_text(copy->deliveries[0].own));
    assert_int_equal(copy->deliveries[1].reason, HK_REASON_SKIPPED_BY_POLICY);
    assert_true(hk_slice_is(copy->deliveries[1].why, "not here"));
    assert_null(copy->deliveries[1].own);

    struct hk_plan *again = hk_plan_clone(copy);
    hk_plan_free(copy);
    assert_true(hk_slice_is(again->deliveries[1].why, "not here"));
    assert_true(hk_payload_is_valid(again->deliveries[0].own));
    hk_plan_free(again);
}

static void test_an_empty_plan_is_copied_too(void **state)
{
    const struct hk_plan plan = { .reason = HK_REASON_NO_ENDPOINT };
    (void)state;
    struct hk_plan *copy = hk_plan_clone(&plan);
    assert_int_equal(copy->reason, HK_REASON_NO_ENDPOINT);
    assert_int_equal(copy->why.size + copy->policy.size + copy->error.size, 0);
    assert_int_equal(copy->delivery_count, 0);
    hk_plan_free(copy);
    hk_plan_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_copy_shares_nothing_but_references),
        cmocka_unit_test(test_an_empty_plan_is_copied_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
