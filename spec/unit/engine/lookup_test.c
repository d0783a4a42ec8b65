// SPDX-License-Identifier: Apache-2.0
#include "engine/lookup.h"

#include "support_cmocka.h"
#include "support_world.h"

static void shop(struct world *world)
{
    world_init(world, NULL);
    world_merchant(world, 9);
}

static struct hk_reply *look_as(struct world *world, const struct hk_uuid *id, uint64_t merchant)
{
    struct hk_request *request = world_request(world, HK_REQUEST_EVENT_GET);
    request->uuid = *id;
    request->merchant_id = merchant;
    return world_answer(world, request);
}

static void test_a_live_event_shows_all_that_is_known(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    struct hk_uuid first = world_endpoint(&world, 9, NULL);
    struct hk_endpoint_patch audit = { HK_ENDPOINT_ROLE, { .role = HK_ROLE_AUDIT } };
    struct hk_uuid second = world_endpoint(&world, 9, &audit);
    int64_t now_ms = world.now.wall.ms;
    struct hk_uuid id = world_event(&world, 9)->id;
    world_end(&world, 0, world_outcome(&world, 503));
    world_settle(&world);
    const struct hk_event *seen = world_look(&world, &id);
    assert_int_equal(seen->merchant_id, 9);
    assert_int_equal(seen->received_at.ms, now_ms);
    assert_int_equal(seen->state, HK_EVENT_PLANNED);
    assert_int_equal(seen->deliver_before.ms, 0);
    assert_true(hk_slice_is(hk_body_text(seen->body), "{\"n\":1}"));
    assert_int_equal(seen->delivery_count, 2);
    const struct hk_delivery *one = &seen->deliveries[0];
    assert_int_equal(one->number, 1);
    assert_memory_equal(&one->endpoint, &first, sizeof(first));
    assert_string_equal(one->url, "https://shop.example/1");
    assert_int_equal(one->state, HK_DELIVERY_WAITING);
    assert_int_equal(one->attempt_count, 1);
    assert_int_equal(one->kept_count, 1);
    assert_int_equal(one->attempts[0].status, 503);
    assert_int_equal(one->attempts[0].timings.total_us, 1000);
    const struct hk_delivery *two = &seen->deliveries[1];
    assert_int_equal(two->number, 2);
    assert_memory_equal(&two->endpoint, &second, sizeof(second));
    assert_int_equal(two->role, HK_ROLE_AUDIT);
    assert_int_equal(two->state, HK_DELIVERY_IN_FLIGHT);
    assert_int_equal(two->attempt_count, 1);
    assert_int_equal(two->kept_count, 0);
    world_fini(&world);
}

static void test_attempts_are_shown_in_their_order(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    (void)world_endpoint(&world, 9, NULL);
    struct hk_uuid id = world_event(&world, 9)->id;
    static const uint16_t statuses[] = { 500, 0, 404 };
    for (size_t i = 0; i < 3; i++) {
        const struct hk_event *before = world_look(&world, &id);
        assert_int_equal(before->deliveries[0].kept_count, i);
        world_end_all(&world, statuses[i]);
        (void)world_leap(&world);
    }
    const struct hk_event *seen = world_look(&world, &id);
    assert_int_equal(seen->deliveries[0].kept_count, 3);
    for (uint16_t i = 0; i < 3; i++) {
        assert_int_equal(seen->deliveries[0].attempts[i].number, i + 1);
        assert_int_equal(seen->deliveries[0].attempts[i].status, statuses[i]);
    }
    world_fini(&world);
}

static void test_an_event_of_another_merchant_is_not_found(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    (void)world_endpoint(&world, 9, NULL);
    struct hk_uuid id = world_event(&world, 9)->id;
    for (int round = 0; round < 2; round++) { /* While it lives, and after. */
        assert_int_equal(look_as(&world, &id, 10)->code, HK_ENOTFOUND);
        assert_null(look_as(&world, &id, 10)->event);
        assert_int_equal(look_as(&world, &id, 9)->code, 0);
        assert_int_equal(look_as(&world, &id, HK_ANY_MERCHANT)->code, 0);
        world_end_all(&world, 200);
    }
    id.bytes[15] ^= 1;
    assert_int_equal(look_as(&world, &id, HK_ANY_MERCHANT)->code, HK_ENOTFOUND);
    world_fini(&world);
}

static void test_a_deleted_endpoint_has_no_url_any_more(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    struct hk_uuid endpoint = world_endpoint(&world, 9, NULL);
    struct hk_uuid id = world_event(&world, 9)->id;
    world_endpoint_delete(&world, 9, endpoint);
    assert_null(world_look(&world, &id)->deliveries[0].url);
    assert_int_equal(world_look(&world, &id)->deliveries[0].state, HK_DELIVERY_IN_FLIGHT);
    world_end_all(&world, 200);
    assert_null(world_look(&world, &id)->deliveries[0].url);
    world_fini(&world);
}

static void test_an_event_that_is_not_durable_is_shown_when_it_is(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    world.is_disk_slow = true;
    uint32_t place = world_accept(&world, 9);
    struct hk_request *request = world_request(&world, HK_REQUEST_EVENT_GET);
    request->uuid = world.accepts[place].id;
    uint64_t token = world_ask(&world, request);
    world_settle(&world);
    assert_null(world_reply(&world, token));
    world_disk(&world, world.watch.lsn_last);
    world_settle(&world);
    assert_int_equal(world_reply(&world, token)->code, 0);
    assert_non_null(world_reply(&world, token)->event->body);
    world_fini(&world);
}

static void test_a_look_up_outlives_what_it_showed(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    (void)world_endpoint(&world, 9, NULL);
    struct hk_uuid id = world_event(&world, 9)->id;
    world_end_all(&world, 500);
    const struct hk_event *seen = world_look(&world, &id);
    hk_engine_free(world.engine);
    world.engine = NULL;
    assert_string_equal(hk_body_head(seen->deliveries[0].attempts[0].detail).at, "saidso");
    assert_true(hk_slice_is(hk_event_body_type(seen->body), "order.paid"));
    world_fini(&world);
}

static const struct hk_reply *why(struct world *world, const struct hk_uuid *id)
{
    struct hk_request *request = world_request(world, HK_REQUEST_EVENT_WHY);
    request->uuid = *id;
    const struct hk_reply *reply = world_answer(world, request);
    assert_int_equal(reply->code, 0);
    assert_non_null(reply->event);
    return reply;
}

/* One endpoint is skipped, the other gets a payload; the event's body stays, or does not. */
static struct hk_uuid decided(struct world *world, uint64_t cache_bytes)
{
    struct hk_engine_options options = world_options();
    options.body_cache_bytes_max = cache_bytes;
    struct policy_shop two = world_policy_shop(world, HK_HOOKS_PLANNING, &options);
    struct hk_uuid id = world_policy_event(world);
    struct hk_plan_delivery deliveries[] = {
        { .endpoint = two.first, .reason = HK_REASON_SKIPPED_BY_POLICY, .why = HK_SLICE("small") },
        { .endpoint = two.second, .own = policy_payload("{\"x\":1}", "x-tier", "gold") },
    };
    struct hk_plan plan = { .deliveries = deliveries, .delivery_count = 2, .hooks = HK_HOOK_ROUTE };
    world_planned(world, 0, &plan);
    hk_body_unref(deliveries[1].own);
    world_settle(world);
    return id;
}

static void assert_told(struct world *world, const struct hk_uuid *id)
{
    const struct hk_plan *plan = why(world, id)->event->plan;
    assert_non_null(plan);
    assert_true(hk_slice_is(plan->policy, "p"));
    assert_int_equal(plan->generation, 1);
    assert_int_equal(plan->hooks, HK_HOOK_ROUTE);
    assert_int_equal(plan->delivery_count, 2);
    assert_true(hk_slice_is(plan->deliveries[0].why, "small"));
    assert_true(hk_slice_is(hk_body_text(plan->deliveries[1].own), "{\"x\":1}"));
    assert_true(hk_slice_is(hk_body_text(world_look(world, id)->body), "{\"n\":1}"));
    assert_null(world_look(world, id)->plan); /* Only who asks why gets it. */
}

static void test_why_tells_the_plan_of_a_policy(void **state)
{
    (void)state;
    for (uint64_t cache_bytes = 0; cache_bytes <= 1 << 20; cache_bytes += 1 << 20) {
        struct world world, after;
        struct hk_uuid id = decided(&world, cache_bytes);
        assert_told(&world, &id);
        world_end_all(&world, 200);
        assert_told(&world, &id); /* It is finished. */
        world_policy_restart(&after, &world, HK_HOOKS_PLANNING);
        assert_told(&after, &id);
        assert_world_idle(&after);
        world_fini(&after);
        world_fini(&world);
    }
}

static void test_why_without_a_policy_has_no_plan_to_tell(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    (void)world_endpoint(&world, 9, NULL);
    struct hk_uuid id = world_event(&world, 9)->id;
    assert_null(why(&world, &id)->event->plan);
    world_end_all(&world, 200);
    assert_null(why(&world, &id)->event->plan);
    assert_non_null(why(&world, &id)->event->body);
    world_fini(&world);
}

static void test_why_of_a_held_event_tells_the_error(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, HK_HOOKS_PLANNING, NULL);
    struct hk_uuid id = world_policy_event(&world);
    world_policy_failed(&world, 0, HK_POLICY_ERROR);
    world_settle(&world);
    const struct hk_event *event = why(&world, &id)->event;
    assert_null(event->plan);
    assert_true(hk_slice_is(hk_body_text(event->error), "p.lua:1: it is error"));
    world_fini(&world);
}

static void test_a_plan_that_cannot_be_read_back_is_not_told(void **state)
{
    (void)state;
    struct world world;
    struct hk_uuid id = decided(&world, 1 << 20);
    world.is_loading_broken = true;
    assert_null(why(&world, &id)->event->plan);
    assert_string_equal(why(&world, &id)->event->policy, "p");
    world.is_loading_broken = false;
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_live_event_shows_all_that_is_known),
        cmocka_unit_test(test_attempts_are_shown_in_their_order),
        cmocka_unit_test(test_an_event_of_another_merchant_is_not_found),
        cmocka_unit_test(test_a_deleted_endpoint_has_no_url_any_more),
        cmocka_unit_test(test_an_event_that_is_not_durable_is_shown_when_it_is),
        cmocka_unit_test(test_a_look_up_outlives_what_it_showed),
        cmocka_unit_test(test_why_tells_the_plan_of_a_policy),
        cmocka_unit_test(test_why_without_a_policy_has_no_plan_to_tell),
        cmocka_unit_test(test_why_of_a_held_event_tells_the_error),
        cmocka_unit_test(test_a_plan_that_cannot_be_read_back_is_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
