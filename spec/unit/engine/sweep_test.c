// SPDX-License-Identifier: Apache-2.0
/* What deleted endpoints and merchants leave behind, in every state that it can be in. */
#include "engine/sweep.h"

#include "support_cmocka.h"
#include "support_world.h"

struct shop {
    struct world world;
    struct hk_uuid endpoint;
};

static void shop_init(struct shop *shop, uint32_t concurrency)
{
    struct hk_engine_options options = world_options();
    options.endpoint_concurrency = concurrency;
    world_init(&shop->world, &options);
    world_merchant(&shop->world, 9);
    shop->endpoint = world_endpoint(&shop->world, 9, NULL);
}

/* Deletes the endpoint or its whole merchant; returns the reason that must follow. */
static enum hk_reason delete_one(struct shop *shop, bool merchant)
{
    if (merchant)
        world_merchant_delete(&shop->world, 9);
    else
        world_endpoint_delete(&shop->world, 9, shop->endpoint);
    return merchant ? HK_REASON_MERCHANT_DELETED : HK_REASON_ENDPOINT_DELETED;
}

static void assert_dropped(struct world *world, uint32_t place, enum hk_reason reason)
{
    const struct hk_event *seen = world_look(world, &world->accepts[place].id);
    assert_int_equal(seen->state, HK_EVENT_FINISHED);
    assert_int_equal(seen->deliveries[0].state, HK_DELIVERY_DROPPED);
    assert_int_equal(seen->deliveries[0].reason, reason);
}

static void test_ready_deliveries_are_dropped(void **state)
{
    (void)state;
    for (int merchant = 0; merchant < 2; merchant++) {
        struct shop shop;
        shop_init(&shop, 1);
        for (int i = 0; i < 5; i++)
            (void)world_accept(&shop.world, 9);
        world_settle(&shop.world);
        enum hk_reason reason = delete_one(&shop, merchant);
        assert_dropped(&shop.world, 4, reason);
        assert_int_equal(world_stats(&shop.world).deliveries_pending, 1);
        world_end_all(&shop.world, 200);
        assert_int_equal(shop.world.started_count, 1);
        assert_int_equal(world_stats(&shop.world).deliveries_dropped, 4);
        assert_world_idle(&shop.world);
        world_fini(&shop.world);
    }
}

static void test_waiting_deliveries_are_dropped_without_waiting(void **state)
{
    (void)state;
    for (int merchant = 0; merchant < 2; merchant++) {
        struct shop shop;
        shop_init(&shop, 16);
        for (int i = 0; i < 5; i++)
            (void)world_accept(&shop.world, 9);
        world_end_all(&shop.world, 500);
        assert_int_equal(world_stats(&shop.world).deliveries_waiting, 5);
        enum hk_reason reason = delete_one(&shop, merchant);
        for (uint32_t i = 0; i < 5; i++)
            assert_dropped(&shop.world, i, reason);
        assert_world_idle(&shop.world);
        world_fini(&shop.world);
    }
}

static void test_an_attempt_in_flight_may_still_deliver(void **state)
{
    (void)state;
    for (int merchant = 0; merchant < 2; merchant++) {
        struct shop shop;
        shop_init(&shop, 16);
        (void)world_event(&shop.world, 9);
        (void)delete_one(&shop, merchant);
        assert_int_equal(world_stats(&shop.world).deliveries_in_flight, 1);
        world_end_all(&shop.world, 200);
        const struct hk_event *seen = world_look(&shop.world, &shop.world.accepts[0].id);
        assert_int_equal(seen->deliveries[0].state, HK_DELIVERY_DELIVERED);
        assert_world_idle(&shop.world);
        world_fini(&shop.world);
    }
}

static void test_an_attempt_in_flight_that_fails_is_dropped(void **state)
{
    (void)state;
    for (int merchant = 0; merchant < 2; merchant++) {
        struct shop shop;
        shop_init(&shop, 16);
        (void)world_event(&shop.world, 9);
        enum hk_reason reason = delete_one(&shop, merchant);
        world_end_all(&shop.world, 410);
        assert_dropped(&shop.world, 0, reason);
        assert_world_idle(&shop.world);
        world_fini(&shop.world);
    }
}

static void test_the_other_endpoints_get_theirs(void **state)
{
    (void)state;
    struct shop shop;
    shop_init(&shop, 1);
    (void)world_endpoint(&shop.world, 9, NULL);
    for (int i = 0; i < 20; i++)
        (void)world_accept(&shop.world, 9);
    world_settle(&shop.world);
    world_endpoint_delete(&shop.world, 9, shop.endpoint);
    world_end_all(&shop.world, 200);
    assert_int_equal(world_stats(&shop.world).deliveries_delivered, 21);
    assert_int_equal(world_stats(&shop.world).deliveries_dropped, 19);
    assert_int_equal(world_stats(&shop.world).events_finished, 20);
    assert_world_idle(&shop.world);
    world_fini(&shop.world);
}

/* Promise 5: bulk work is continued by later steps, and look-ups already tell the truth. */
static void test_a_long_queue_is_dropped_a_few_a_step(void **state)
{
    (void)state;
    struct shop shop;
    shop_init(&shop, 1);
    struct world *world = &shop.world;
    for (int i = 0; i < 20000; i++)
        (void)world_accept(world, 9);
    world_settle(world);
    struct hk_request *request = world_request(world, HK_REQUEST_ENDPOINT_DELETE);
    request->merchant_id = 9;
    request->uuid = shop.endpoint;
    (void)world_ask(world, request);
    world_step(world);
    uint64_t left = world_stats(world).deliveries_ready;
    assert_true(left > 19000);
    while (left > 0) {
        world_step(world);
        uint64_t now = world_stats(world).deliveries_ready;
        assert_true(now < left && left - now <= HK_STEP_WORK_MAX);
        left = now;
    }
    world_end_all(world, 200);
    assert_world_idle(world);
    world_fini(world);
}

static void test_a_look_up_before_the_sweep_comes_by_says_dropped(void **state)
{
    (void)state;
    struct shop shop;
    shop_init(&shop, 1);
    struct world *world = &shop.world;
    for (int i = 0; i < 3000; i++)
        (void)world_accept(world, 9);
    world_settle(world);
    struct hk_request *request = world_request(world, HK_REQUEST_ENDPOINT_DELETE);
    request->merchant_id = 9;
    request->uuid = shop.endpoint;
    (void)world_ask(world, request);
    struct hk_request *look = world_request(world, HK_REQUEST_EVENT_GET);
    look->uuid = world->accepts[2999].id;
    uint64_t token = world_ask(world, look);
    while (!world_reply(world, token))
        world_step(world);
    assert_true(world_stats(world).deliveries_ready > 1000);
    const struct hk_event *seen = world_reply(world, token)->event;
    assert_int_equal(seen->deliveries[0].state, HK_DELIVERY_DROPPED);
    assert_int_equal(seen->deliveries[0].reason, HK_REASON_ENDPOINT_DELETED);
    world_fini(world);
}

/* Slots are used again: what waits for a new endpoint must not be swept with the old one's. */
static void test_new_endpoints_in_old_slots_are_left_alone(void **state)
{
    (void)state;
    struct shop shop;
    shop_init(&shop, 16);
    struct world *world = &shop.world;
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 200; i++)
            (void)world_accept(world, 9);
        world_settle(world);
        while (world->run_count > 8)
            world_end(world, 0, world_outcome(world, 500));
        world_step(world);
        struct hk_uuid old = shop.endpoint;
        shop.endpoint = world_endpoint(world, 9, NULL);
        (void)world_accept(world, 9);
        world_endpoint_delete(world, 9, old);
        (void)world_accept(world, 9);
        world_settle(world);
    }
    world_end_all(world, 200);
    assert_int_equal(world_stats(world).endpoints, 1);
    world_merchant_delete(world, 9);
    world_end_all(world, 200);
    assert_world_idle(world);
    assert_int_equal(world_stats(world).merchants, 0);
    world_fini(world);
}

static void test_a_deletion_holds_after_a_crash_in_the_middle_of_the_sweep(void **state)
{
    (void)state;
    for (int with_snapshot = 0; with_snapshot < 2; with_snapshot++) {
        struct shop shop;
        struct world after;
        shop_init(&shop, 2);
        struct world *world = &shop.world;
        for (int i = 0; i < 3000; i++)
            (void)world_accept(world, 9);
        world_settle(world);
        struct hk_request *request = world_request(world, HK_REQUEST_ENDPOINT_DELETE);
        request->merchant_id = 9;
        request->uuid = shop.endpoint;
        (void)world_ask(world, request);
        world_step(world);
        if (with_snapshot)
            world_snapshot_begin(world);
        while (world->snapshot_count < (uint32_t)with_snapshot)
            world_step(world);
        world_init_from(&after, world, with_snapshot ? &world->rows : NULL,
                        with_snapshot ? world->snapshot_end.begin_lsn : 0, UINT64_MAX);
        world_settle(&after);
        assert_int_equal(after.started_count, 0);
        const struct hk_event *seen = world_look(&after, &world->accepts[2999].id);
        assert_int_equal(seen->deliveries[0].reason, HK_REASON_ENDPOINT_DELETED);
        assert_world_idle(&after);
        world_fini(world);
        world_fini(&after);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ready_deliveries_are_dropped),
        cmocka_unit_test(test_waiting_deliveries_are_dropped_without_waiting),
        cmocka_unit_test(test_an_attempt_in_flight_may_still_deliver),
        cmocka_unit_test(test_an_attempt_in_flight_that_fails_is_dropped),
        cmocka_unit_test(test_the_other_endpoints_get_theirs),
        cmocka_unit_test(test_a_long_queue_is_dropped_a_few_a_step),
        cmocka_unit_test(test_a_look_up_before_the_sweep_comes_by_says_dropped),
        cmocka_unit_test(test_new_endpoints_in_old_slots_are_left_alone),
        cmocka_unit_test(test_a_deletion_holds_after_a_crash_in_the_middle_of_the_sweep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
