// SPDX-License-Identifier: Apache-2.0
#include "api/why_view.h"

#include "model/plan.h"
#include "model/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <jansson.h>

#include <cmocka.h>

#define EVENT "0190b3c2-0001-7000-8000-000000000001"
#define ENDPOINT "02000000-0000-4000-8000-000000000000"

static const struct hk_uuid event_id = { { 1, 0x90, 0xb3, 0xc2, 0, 1, 0x70, 0, 0x80, 0, 0, 0, 0, 0,
                                           0, 1 } };
static const struct hk_uuid endpoint_id = { { 2, 0, 0, 0, 0, 0, 0x40, 0, 0x80 } };
static const struct hk_uuid other_id = { { 3, 0, 0, 0, 0, 0, 0x40, 0, 0x80 } };

/** An event that a policy planned: the first delivery with its own body and a header, the second
 * skipped; a third came later. */
struct world {
    struct hk_pair pair;
    struct hk_body *own;
    struct hk_plan_delivery planned[2];
    struct hk_plan plan;
    struct hk_delivery deliveries[3];
    char policy[8];
    struct hk_event event;
};

static void make_world(struct world *world)
{
    static char name[] = "X-Limit", value[] = "over \"100\"";
    memset(world, 0, sizeof(*world));
    world->pair = (struct hk_pair){ name, value };
    struct hk_pairs headers = { &world->pair, 1 };
    struct hk_slice text = HK_SLICE("{\"n\":1.50, \"total\":0.1,\"branch\":{\"city\":\"Lviv\"}}");
    world->own = hk_payload_new(&headers, &text);
    world->planned[0] = (struct hk_plan_delivery){ .endpoint = endpoint_id, .own = world->own };
    world->planned[1] = (struct hk_plan_delivery){ .endpoint = other_id,
                                                   .reason = HK_REASON_SKIPPED_BY_POLICY,
                                                   .why = HK_SLICE("not \"theirs\"") };
    world->plan = (struct hk_plan){ .policy = HK_SLICE("refunds"),
                                    .generation = 4,
                                    .hooks = HK_HOOK_ROUTE | HK_HOOK_ENRICH,
                                    .deliveries = world->planned,
                                    .delivery_count = 2 };
    world->deliveries[0] = (struct hk_delivery){ .number = 1,
                                                 .endpoint = endpoint_id,
                                                 .state = HK_DELIVERY_WAITING,
                                                 .attempt_count = 2,
                                                 .waiting_since.ms = 1777708870000,
                                                 .delay_ms = 10000,
                                                 .has_own = true };
    world->deliveries[1] = (struct hk_delivery){ .number = 2,
                                                 .endpoint = other_id,
                                                 .state = HK_DELIVERY_DROPPED,
                                                 .reason = HK_REASON_SKIPPED_BY_POLICY };
    world->deliveries[2] = (struct hk_delivery){ .number = 3, .endpoint = endpoint_id };
    memcpy(world->policy, "refunds", 8);
    world->event = (struct hk_event){
        .id = event_id,
        .merchant_id = 9,
        .state = HK_EVENT_PLANNED,
        .received_at.ms = 1777708800000,
        .body = hk_event_body_new(HK_SLICE("refunded"), HK_SLICE("k"),
                                  HK_SLICE("{\"n\":1.50,\"total\":0.10}")),
        .policy = world->policy,
        .generation = 4,
        .plan = &world->plan,
        .deliveries = world->deliveries,
        .delivery_count = 3,
    };
}

static void free_world(struct world *world)
{
    hk_body_unref(world->own);
    hk_body_unref(world->event.body);
}

static void test_the_trail_of_a_planned_event_is_whole(void **state)
{
    (void)state;
    struct world world;
    struct hk_bytes out = { 0 };
    make_world(&world);
    assert_int_equal(hk_why_view_append(&out, &world.event), 0);
    assert_int_equal(hk_bytes_append(&out, "", 1), 0);
    assert_string_equal(
        out.at,
        "{\"status\":true,\"message\":\"\",\"appended_data\":{},\"data\":{\"id\":\"" EVENT "\","
        "\"event\":\"refunded\",\"merchant_id\":9,\"state\":\"planned\",\"reason\":null,"
        "\"error\":null,\"received_at\":\"2026-05-02T08:00:00.000Z\","
        "\"policy\":{\"name\":\"refunds\",\"generation\":4,\"hooks\":[\"route\",\"enrich\"]},"
        "\"decided_by\":\"policy\",\"dropped\":null,\"deliveries\":["
        "{\"id\":\"" EVENT ".1\",\"webhook\":\"" ENDPOINT "\",\"url\":null,\"role\":\"primary\","
        "\"state\":\"waiting\",\"reason\":null,\"next_attempt_at\":\"2026-05-02T08:01:20.000Z\","
        "\"attempts\":[],\"why\":null,\"routed\":true,\"delayed_by\":{\"after_attempt\":2,"
        "\"since\":\"2026-05-02T08:01:10.000Z\",\"until\":\"2026-05-02T08:01:20.000Z\","
        "\"delay_ms\":10000},\"headers\":{\"X-Limit\":\"over \\\"100\\\"\"},\"diff\":["
        "{\"op\":\"replace\",\"path\":\"/total\",\"from\":0.10,\"to\":0.1},"
        "{\"op\":\"add\",\"path\":\"/branch\",\"to\":{\"city\":\"Lviv\"}}],"
        "\"diff_is_cut\":false},"
        "{\"id\":\"" EVENT ".2\",\"webhook\":\"03000000-0000-4000-8000-000000000000\","
        "\"url\":null,\"role\":\"primary\",\"state\":\"dropped\","
        "\"reason\":\"skipped_by_policy\",\"next_attempt_at\":null,\"attempts\":[],"
        "\"why\":\"not \\\"theirs\\\"\",\"routed\":true,\"delayed_by\":null,\"headers\":{},"
        "\"diff\":[],\"diff_is_cut\":false},"
        "{\"id\":\"" EVENT ".3\",\"webhook\":\"" ENDPOINT "\",\"url\":null,\"role\":\"primary\","
        "\"state\":\"ready\",\"reason\":null,\"next_attempt_at\":null,\"attempts\":[],"
        "\"why\":null,\"routed\":true,\"delayed_by\":null,\"headers\":{},\"diff\":[],"
        "\"diff_is_cut\":false}]}}");
    hk_bytes_fini(&out);
    free_world(&world);
}

/** The data of the answer; the caller gives it up with the root. */
static json_t *data_of(const struct hk_event *event, json_t **root)
{
    struct hk_bytes out = { 0 };
    assert_int_equal(hk_why_view_append(&out, event), 0);
    *root = json_loadb(out.at, out.size, 0, NULL);
    assert_non_null(*root);
    hk_bytes_fini(&out);
    return json_object_get(*root, "data");
}

static const char *text_of(json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void test_a_drop_tells_its_reason_and_the_policys_words(void **state)
{
    (void)state;
    struct world world;
    json_t *root;
    make_world(&world);
    world.plan.reason = HK_REASON_FILTERED;
    world.plan.why = HK_SLICE("a test order");
    world.plan.delivery_count = 0;
    world.event.delivery_count = 0;
    world.event.state = HK_EVENT_DROPPED;
    world.event.reason = HK_REASON_FILTERED;
    json_t *data = data_of(&world.event, &root);
    assert_string_equal(text_of(json_object_get(data, "dropped"), "reason"), "filtered");
    assert_string_equal(text_of(json_object_get(data, "dropped"), "why"), "a test order");
    assert_string_equal(text_of(data, "decided_by"), "policy");
    json_decref(root);
    free_world(&world);
}

static void test_a_held_event_tells_its_error_and_that_nobody_decided(void **state)
{
    (void)state;
    struct world world;
    json_t *root;
    make_world(&world);
    world.event.plan = NULL;
    world.event.delivery_count = 0;
    world.event.state = HK_EVENT_HELD;
    world.event.error = hk_body_new(HK_SLICE(""), HK_SLICE("refunds.lua:3: in route: no"));
    json_t *data = data_of(&world.event, &root);
    assert_string_equal(text_of(data, "error"), "refunds.lua:3: in route: no");
    assert_true(json_is_null(json_object_get(data, "decided_by")));
    assert_string_equal(text_of(json_object_get(data, "policy"), "name"), "refunds");
    json_decref(root);
    hk_body_unref(world.event.error);
    free_world(&world);
}

static void test_a_plan_without_its_failed_policy_tells_why(void **state)
{
    (void)state;
    struct world world;
    json_t *root;
    make_world(&world);
    world.plan.error = HK_SLICE("refunds.lua:3: in route: no");
    json_t *data = data_of(&world.event, &root);
    assert_string_equal(text_of(data, "error"), "refunds.lua:3: in route: no");
    assert_string_equal(text_of(data, "decided_by"), "default");
    json_decref(root);
    free_world(&world);
}

static void test_an_event_without_a_policy_was_decided_by_default(void **state)
{
    (void)state;
    struct world world;
    json_t *root;
    make_world(&world);
    world.event.plan = NULL;
    world.event.policy = NULL;
    world.deliveries[0].has_own = false;
    json_t *data = data_of(&world.event, &root);
    assert_true(json_is_null(json_object_get(data, "policy")));
    assert_string_equal(text_of(data, "decided_by"), "default");
    json_t *first = json_array_get(json_object_get(data, "deliveries"), 0);
    assert_int_equal(json_array_size(json_object_get(first, "diff")), 0);
    json_decref(root);
    free_world(&world);
}

static void test_what_cannot_be_compared_has_no_diff(void **state)
{
    (void)state;
    struct world world;
    json_t *root;
    make_world(&world);
    hk_body_unref(world.event.body);
    world.event.body = NULL;
    json_t *data = data_of(&world.event, &root);
    json_t *list = json_object_get(data, "deliveries");
    assert_true(json_is_null(json_object_get(json_array_get(list, 0), "diff")));
    assert_true(json_is_array(json_object_get(json_array_get(list, 1), "diff")));
    json_decref(root);
    free_world(&world);
}

static void test_headers_alone_are_no_other_body(void **state)
{
    (void)state;
    struct world world;
    json_t *root;
    make_world(&world);
    struct hk_pairs headers = { &world.pair, 1 };
    hk_body_unref(world.own);
    world.own = hk_payload_new(&headers, NULL);
    world.planned[0].own = world.own;
    json_t *data = data_of(&world.event, &root);
    json_t *first = json_array_get(json_object_get(data, "deliveries"), 0);
    assert_non_null(json_object_get(json_object_get(first, "headers"), "X-Limit"));
    assert_true(json_is_array(json_object_get(first, "diff")));
    assert_int_equal(json_array_size(json_object_get(first, "diff")), 0);
    json_decref(root);
    // Which of the two it was is not known when the plan is gone.
    world.event.plan = NULL;
    data = data_of(&world.event, &root);
    first = json_array_get(json_object_get(data, "deliveries"), 0);
    assert_true(json_is_null(json_object_get(first, "diff")));
    json_decref(root);
    free_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_trail_of_a_planned_event_is_whole),
        cmocka_unit_test(test_a_drop_tells_its_reason_and_the_policys_words),
        cmocka_unit_test(test_a_held_event_tells_its_error_and_that_nobody_decided),
        cmocka_unit_test(test_a_plan_without_its_failed_policy_tells_why),
        cmocka_unit_test(test_an_event_without_a_policy_was_decided_by_default),
        cmocka_unit_test(test_what_cannot_be_compared_has_no_diff),
        cmocka_unit_test(test_headers_alone_are_no_other_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
