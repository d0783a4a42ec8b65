// SPDX-License-Identifier: Apache-2.0
#include "engine/queue.h"

#include "support_cmocka.h"
#include "support_world.h"

/* One attempt at a time, so that the order of the picks shows. */
static void narrow_world(struct world *world, uint32_t concurrency)
{
    struct hk_engine_options options = world_options();
    options.concurrency = concurrency;
    world_init(world, &options);
}

static uint64_t merchant_of(const struct world *world, uint32_t run)
{
    return watch_event_find(&world->watch, &world->runs[run].event)->merchant_id;
}

static void end_first(struct world *world)
{
    world_end(world, 0, world_outcome(world, 200));
    world_settle(world);
}

static void test_a_merchant_with_one_waits_at_most_two_picks_for_one_with_ten_thousand(void **state)
{
    (void)state;
    struct world world;
    narrow_world(&world, 1);
    world_merchant(&world, 1);
    world_merchant(&world, 2);
    (void)world_endpoint(&world, 1, NULL);
    (void)world_endpoint(&world, 2, NULL);
    for (int i = 0; i < 10000; i++)
        (void)world_accept(&world, 1);
    world_settle(&world);
    (void)world_accept(&world, 2);
    world_settle(&world);
    assert_int_equal(merchant_of(&world, 0), 1); /* That one ran before. */
    uint32_t picks = 0;
    do {
        end_first(&world);
        picks++;
    } while (merchant_of(&world, 0) != 2);
    assert_true(picks <= 2);
    world_fini(&world);
}

static void test_endpoints_of_a_merchant_take_turns_too(void **state)
{
    (void)state;
    struct world world;
    narrow_world(&world, 1);
    world_merchant(&world, 1);
    (void)world_endpoint(&world, 1, NULL);
    for (int i = 0; i < 1000; i++)
        (void)world_accept(&world, 1);
    world_settle(&world);
    struct hk_uuid other = world_endpoint(&world, 1, NULL);
    (void)world_accept(&world, 1);
    world_settle(&world);
    end_first(&world);
    bool was_other = memcmp(&world.runs[0].endpoint, &other, sizeof(other)) == 0;
    end_first(&world);
    assert_true(was_other || memcmp(&world.runs[0].endpoint, &other, sizeof(other)) == 0);
    world_fini(&world);
}

/* Three merchants with work: each gets a third, to the one. */
static void test_turns_are_even(void **state)
{
    (void)state;
    struct world world;
    uint32_t counts[4] = { 0 };
    narrow_world(&world, 1);
    for (uint64_t merchant = 1; merchant <= 3; merchant++) {
        world_merchant(&world, merchant);
        for (uint64_t i = 0; i < merchant; i++) /* More endpoints give no more turns. */
            (void)world_endpoint(&world, merchant, NULL);
        for (int i = 0; i < 200; i++)
            (void)world_accept(&world, merchant);
    }
    world_settle(&world);
    end_first(&world);
    for (int i = 0; i < 300; i++) {
        counts[merchant_of(&world, 0)]++;
        end_first(&world);
    }
    assert_int_equal(counts[1], 100);
    assert_int_equal(counts[2], 100);
    assert_int_equal(counts[3], 100);
    world_fini(&world);
}

static void test_an_endpoint_sends_in_the_order_of_acceptance(void **state)
{
    (void)state;
    struct world world;
    narrow_world(&world, 1);
    world_merchant(&world, 1);
    (void)world_endpoint(&world, 1, NULL);
    for (int i = 0; i < 20; i++)
        (void)world_accept(&world, 1);
    world_settle(&world);
    for (int i = 0; i < 20; i++) {
        assert_memory_equal(&world.runs[0].event, &world.accepts[i].id, sizeof(struct hk_uuid));
        end_first(&world);
    }
    world_fini(&world);
}

static void test_an_endpoint_at_its_cap_keeps_no_other_waiting(void **state)
{
    (void)state;
    struct world world;
    struct hk_endpoint_patch change = { HK_ENDPOINT_CONCURRENCY, { .concurrency = 2 } };
    world_init(&world, NULL);
    world_merchant(&world, 1);
    struct hk_uuid slow = world_endpoint(&world, 1, &change);
    (void)world_endpoint(&world, 1, NULL);
    for (int i = 0; i < 50; i++)
        (void)world_accept(&world, 1);
    world_settle(&world);
    assert_int_equal(world.run_count, 2 + 16);
    for (int round = 0; round < 200; round++) {
        uint32_t place = 0;
        while (place < world.run_count && hk_uuid_is_equal(&world.runs[place].endpoint, &slow))
            place++;
        if (place == world.run_count)
            break;
        world_end(&world, place, world_outcome(&world, 200));
        world_settle(&world);
    }
    assert_int_equal(world.run_count, 2); /* Only the slow one's are left. */
    assert_int_equal(world_stats(&world).deliveries_delivered, 50);
    assert_int_equal(world_stats(&world).deliveries_ready, 48);
    world_fini(&world);
}

static void test_a_disabled_endpoint_pauses_and_goes_on_where_it_was(void **state)
{
    (void)state;
    struct world world;
    narrow_world(&world, 1);
    world_merchant(&world, 1);
    struct hk_uuid endpoint = world_endpoint(&world, 1, NULL);
    for (int i = 0; i < 3; i++)
        (void)world_accept(&world, 1);
    world_settle(&world);
    world_endpoint_enable(&world, 1, endpoint, false);
    end_first(&world);
    assert_int_equal(world.run_count, 0);
    assert_int_equal(world_stats(&world).deliveries_ready, 2);
    world_endpoint_enable(&world, 1, endpoint, true);
    assert_memory_equal(&world.runs[0].event, &world.accepts[1].id, sizeof(struct hk_uuid));
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_a_wait_that_ends_while_the_endpoint_is_off_waits_on(void **state)
{
    (void)state;
    struct world world;
    narrow_world(&world, 1);
    world_merchant(&world, 1);
    struct hk_uuid endpoint = world_endpoint(&world, 1, NULL);
    (void)world_event(&world, 1);
    world_end_all(&world, 500);
    world_endpoint_enable(&world, 1, endpoint, false);
    (void)world_leap(&world);
    assert_int_equal(world.run_count, 0);
    assert_int_equal(world_stats(&world).deliveries_ready, 1);
    world_endpoint_enable(&world, 1, endpoint, true);
    assert_int_equal(world.runs[0].attempt, 2);
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_a_raised_cap_is_used_at_once(void **state)
{
    (void)state;
    struct world world;
    struct hk_endpoint_patch change = { HK_ENDPOINT_CONCURRENCY, { .concurrency = 1 } };
    world_init(&world, NULL);
    world_merchant(&world, 1);
    struct hk_uuid endpoint = world_endpoint(&world, 1, &change);
    for (int i = 0; i < 9; i++)
        (void)world_accept(&world, 1);
    world_settle(&world);
    assert_int_equal(world.run_count, 1);
    struct hk_request *request = world_request(&world, HK_REQUEST_ENDPOINT_UPDATE);
    request->merchant_id = 1;
    request->uuid = endpoint;
    request->endpoint.fields = HK_ENDPOINT_CONCURRENCY;
    request->endpoint.value.concurrency = 5;
    (void)world_answer(&world, request);
    assert_int_equal(world.run_count, 5);
    world_fini(&world);
}

static void test_a_cap_that_a_new_config_lowers_holds_at_once(void **state)
{
    (void)state;
    struct world world;
    struct hk_engine_options options = world_options();
    options.concurrency = 30; /* The endpoints still have turns when this is reached. */
    world_init(&world, &options);
    for (uint64_t merchant = 1; merchant <= 2; merchant++) {
        world_merchant(&world, merchant);
        (void)world_endpoint(&world, merchant, NULL);
        for (int i = 0; i < 100; i++)
            (void)world_accept(&world, merchant);
    }
    world_settle(&world);
    assert_int_equal(world.run_count, 30);
    options.concurrency = 100;
    options.endpoint_concurrency = 4;
    world_push(&world, HK_FACT_CONFIG)->options = options;
    world_settle(&world);
    assert_int_equal(world.run_count, 30); /* Not one more; those that run may end. */
    world.watch.options = options;
    while (world.run_count > 8)
        world_end(&world, 0, world_outcome(&world, 200));
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_a_merchant_with_one_waits_at_most_two_picks_for_one_with_ten_thousand),
        cmocka_unit_test(test_endpoints_of_a_merchant_take_turns_too),
        cmocka_unit_test(test_turns_are_even),
        cmocka_unit_test(test_an_endpoint_sends_in_the_order_of_acceptance),
        cmocka_unit_test(test_an_endpoint_at_its_cap_keeps_no_other_waiting),
        cmocka_unit_test(test_a_disabled_endpoint_pauses_and_goes_on_where_it_was),
        cmocka_unit_test(test_a_wait_that_ends_while_the_endpoint_is_off_waits_on),
        cmocka_unit_test(test_a_cap_that_a_new_config_lowers_holds_at_once),
        cmocka_unit_test(test_a_raised_cap_is_used_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
