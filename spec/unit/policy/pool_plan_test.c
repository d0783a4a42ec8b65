// SPDX-License-Identifier: Apache-2.0
#include "policy/pool_plan.h"

#include "base/alloc.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const struct hk_uuid endpoints[] = { { { 1 } }, { { 2 } }, { { 3 } } };
static const struct hk_pool_task task = { .endpoint_count = COUNT(endpoints),
                                          .endpoints = endpoints };

static const struct hk_slice headers[] = { { "X-One", 5 }, { "1", 1 }, { "X-Two", 5 }, { "", 0 } };
static const struct hk_wire_delivery deliveries[] = {
    { .endpoint = 2, .has_body = true, .body = { "{\"a\":1}", 7 } },
    { .endpoint = 0, .headers = headers, .header_count = 2 },
    { .endpoint = 1, .reason = HK_REASON_SKIPPED_BY_POLICY, .why = { "no", 2 } },
};
static const struct hk_wire_planned planned = { .hooks = HK_HOOK_ENRICH,
                                                .deliveries = deliveries,
                                                .delivery_count = COUNT(deliveries) };

static void test_a_plan_keeps_the_order_of_its_deliveries(void **state)
{
    (void)state;
    struct hk_plan *plan = NULL;
    const char *name, *value;
    assert_int_equal(hk_pool_plan_make(&task, &planned, 1000, &plan, NULL), 0);
    assert_int_equal(plan->delivery_count, 3);
    assert_true(hk_uuid_is_equal(&plan->deliveries[0].endpoint, &endpoints[2]));
    assert_true(hk_uuid_is_equal(&plan->deliveries[1].endpoint, &endpoints[0]));
    assert_true(hk_slice_is(hk_body_text(plan->deliveries[0].own), "{\"a\":1}"));
    assert_false(hk_payload_has_text(plan->deliveries[1].own));
    struct hk_slice rest = hk_payload_headers(plan->deliveries[1].own);
    assert_true(hk_payload_next(&rest, &name, &value));
    assert_string_equal(name, "X-One");
    assert_true(hk_payload_next(&rest, &name, &value));
    assert_string_equal(name, "X-Two");
    assert_string_equal(value, "");
    assert_null(plan->deliveries[2].own);
    assert_true(hk_slice_is(plan->deliveries[2].why, "no"));
    hk_plan_free(plan);
}

static void test_the_size_of_a_plan_is_that_of_bodies_and_headers(void **state)
{
    (void)state;
    struct hk_plan *plan = NULL;
    const uint64_t size = 7 + 5 + 1 + 5;
    assert_int_equal(hk_pool_plan_make(&task, &planned, size - 1, &plan, NULL), HK_EINVAL);
    assert_int_equal(hk_pool_plan_make(&task, &planned, size, &plan, NULL), 0);
    hk_plan_free(plan);
}

static void test_a_plan_of_nothing_has_no_endpoint(void **state)
{
    (void)state;
    struct hk_plan *plan = NULL;
    const struct hk_wire_planned nothing = { 0 };
    assert_int_equal(hk_pool_plan_make(&task, &nothing, 1000, &plan, NULL), 0);
    assert_int_equal(plan->reason, HK_REASON_NO_ENDPOINT);
    hk_plan_free(plan);
}

static void test_an_event_of_which_all_was_skipped_may_say_so(void **state)
{
    (void)state;
    struct hk_plan *plan = NULL;
    struct hk_wire_planned skipped = planned;
    skipped.reason = HK_REASON_SKIPPED_BY_POLICY;
    assert_int_equal(hk_pool_plan_make(&task, &skipped, 1000, &plan, NULL), HK_EINVAL);
    skipped.deliveries = &deliveries[2];
    skipped.delivery_count = 1;
    assert_int_equal(hk_pool_plan_make(&task, &skipped, 1000, &plan, NULL), 0);
    assert_int_equal(plan->reason, HK_REASON_SKIPPED_BY_POLICY);
    assert_int_equal(plan->delivery_count, 1);
    hk_plan_free(plan);
}

static void test_words_are_made_fit_to_be_shown(void **state)
{
    (void)state;
    static const struct {
        struct hk_slice text;
        const char *clean;
    } rows[] = {
        { { "plain", 5 }, "plain" },
        { { "a\0b\x01"
            "c\x7F"
            "d\n",
            8 },
          "a?b?c?d\n" },
        { { "\xC3\xBC\xFF\xC3", 4 }, "\xC3\xBC??" },
        { { "\xED\xA0\x80", 3 }, "???" },
        { { "\xF0\x9F\x98\x80", 4 }, "\xF0\x9F\x98\x80" },
        { { "\xE2\x82", 2 }, "??" },
        { { "", 0 }, "" },
    };
    struct hk_bytes out = { 0 };
    for (size_t i = 0; i < COUNT(rows); i++) {
        hk_bytes_clear(&out);
        assert_int_equal(hk_pool_plan_clean(rows[i].text, &out), 0);
        assert_true(hk_slice_is(hk_bytes_slice(&out), rows[i].clean));
    }
    char large[2000];
    memset(large, 'x', sizeof(large));
    hk_bytes_clear(&out);
    assert_int_equal(hk_pool_plan_clean((struct hk_slice){ large, sizeof(large) }, &out), 0);
    assert_int_equal(out.size, HK_POLICY_TEXT_BYTES_MAX);
    hk_bytes_fini(&out);
}

static void test_a_plan_without_memory_leaves_nothing_behind(void **state)
{
    (void)state;
#ifdef HK_FAULTS
    struct hk_plan *plan = NULL;
    hk_alloc_fail_at(0, false);
    assert_int_equal(hk_pool_plan_make(&task, &planned, 1000, &plan, NULL), 0);
    uint64_t count = hk_alloc_count();
    hk_plan_free(plan);
    assert_true(count > 3);
    for (uint64_t nth = 1; nth < count; nth++) { // the last one is the plan itself, which must be
        hk_alloc_fail_at(nth, false);
        int code = hk_pool_plan_make(&task, &planned, 1000, &plan, NULL);
        hk_alloc_fail_at(0, false);
        assert_int_equal(code, HK_ENOMEM);
    }
#else
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_plan_keeps_the_order_of_its_deliveries),
        cmocka_unit_test(test_the_size_of_a_plan_is_that_of_bodies_and_headers),
        cmocka_unit_test(test_a_plan_of_nothing_has_no_endpoint),
        cmocka_unit_test(test_an_event_of_which_all_was_skipped_may_say_so),
        cmocka_unit_test(test_words_are_made_fit_to_be_shown),
        cmocka_unit_test(test_a_plan_without_memory_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
