// SPDX-License-Identifier: Apache-2.0
#include "engine/bodies.h"

#include "support_cmocka.h"
#include "support_world.h"

/* No body stays in memory once it is on disk; the endpoint runs one attempt at a time. */
static struct hk_uuid cold_shop(struct world *world)
{
    struct hk_engine_options options = world_options();
    options.body_cache_bytes_max = 1;
    world_init(world, &options);
    world_merchant(world, 9);
    struct hk_endpoint_patch change = { HK_ENDPOINT_CONCURRENCY, { .concurrency = 1 } };
    struct hk_uuid endpoint = world_endpoint(world, 9, &change);
    world->is_loading_slow = true;
    return endpoint;
}

static void test_a_cold_body_is_loaded_before_its_attempt_begins(void **state)
{
    (void)state;
    struct world world;
    (void)cold_shop(&world);
    const struct watch_event *event = world_event(&world, 9);
    assert_int_equal(world.load_count, 1);
    assert_int_equal(world.run_count, 0);
    assert_int_equal(event->deliveries[0].attempts, 0);
    assert_int_equal(world_stats(&world).body_cache_bytes, 0);
    world_load(&world, 0);
    world_settle(&world);
    assert_int_equal(world.run_count, 1);
    assert_int_equal(world_stats(&world).bodies_loaded, 1);
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_a_body_stays_in_memory_while_it_is_not_on_disk(void **state)
{
    (void)state;
    struct world world;
    (void)cold_shop(&world);
    world.is_disk_slow = true;
    for (int i = 0; i < 50; i++)
        (void)world_accept(&world, 9);
    world_settle(&world);
    assert_true(world_stats(&world).body_cache_bytes > 50);
    world_disk(&world, world.watch.lsn_last);
    world_settle(&world);
    assert_int_equal(world_stats(&world).body_cache_bytes, 0);
    world_fini(&world);
}

static void test_the_least_lately_used_bodies_go_first(void **state)
{
    (void)state;
    struct world world;
    struct hk_engine_options options = world_options();
    options.body_cache_bytes_max = 500; /* A few bodies. */
    options.concurrency = 1;
    world_init(&world, &options);
    world_merchant(&world, 9);
    (void)world_endpoint(&world, 9, NULL);
    for (int i = 0; i < 30; i++)
        (void)world_accept(&world, 9);
    world_settle(&world);
    uint64_t bytes = world_stats(&world).body_cache_bytes;
    assert_true(bytes <= 500 && bytes > 300);
    world_end_all(&world, 200);
    /* All but the few last accepted ones and the first had to be read back. */
    assert_in_range(world.loaded_count, 15, 22);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_a_body_that_is_used_stays(void **state)
{
    (void)state;
    struct world world;
    struct hk_engine_options options = world_options();
    options.body_cache_bytes_max = 500; /* A few bodies. */
    options.concurrency = 1;
    world_init(&world, &options);
    world_merchant(&world, 9);
    (void)world_endpoint(&world, 9, NULL);
    (void)world_event(&world, 9); /* It runs, and the others are ready. */
    struct hk_uuid used = world_event(&world, 9)->id;
    struct hk_uuid unused = world_event(&world, 9)->id;
    for (int i = 0; i < 40; i++) {
        (void)world_accept(&world, 9);
        assert_non_null(world_look(&world, &used)->body);
    }
    assert_int_equal(world.loaded_count, 0);
    assert_non_null(world_look(&world, &unused)->body);
    assert_int_equal(world.loaded_count, 1);
    world_fini(&world);
}

static void test_a_body_that_cannot_be_read_is_an_attempt_that_failed(void **state)
{
    (void)state;
    struct world world;
    (void)cold_shop(&world);
    world.is_loading_slow = false;
    world.is_loading_broken = true;
    struct hk_uuid id = world_event(&world, 9)->id;
    while (world_leap(&world))
        ;
    const struct watch_event *event = watch_event_find(&world.watch, &id);
    assert_int_equal(event->deliveries[0].state, HK_DELIVERY_DEAD);
    assert_int_equal(event->deliveries[0].reason, HK_REASON_ATTEMPTS_SPENT);
    assert_int_equal(world.started_count, 0);
    assert_int_equal(world.loaded_count, 3);
    const struct hk_event *seen = world_look(&world, &id);
    assert_int_equal(seen->deliveries[0].attempts[2].class, HK_OUTCOME_INTERNAL);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_a_look_up_brings_the_body_from_disk(void **state)
{
    (void)state;
    struct world world;
    (void)cold_shop(&world);
    struct hk_uuid id = world_event(&world, 9)->id;
    world.is_loading_slow = false;
    world_load(&world, 0);
    world_settle(&world);
    world_end_all(&world, 200);
    const struct hk_event *seen = world_look(&world, &id);
    assert_non_null(seen->body);
    assert_true(hk_slice_is(hk_event_body_type(seen->body), "order.paid"));
    world_fini(&world);
}

static void test_a_look_up_whose_body_cannot_be_read_is_answered_without_it(void **state)
{
    (void)state;
    struct world world;
    (void)cold_shop(&world);
    struct hk_uuid id = world_event(&world, 9)->id;
    world.is_loading_slow = false;
    world.is_loading_broken = true;
    const struct hk_event *seen = world_look(&world, &id);
    assert_null(seen->body);
    assert_int_equal(seen->delivery_count, 1);
    world_fini(&world);
}

static void test_an_endpoint_deleted_while_the_body_is_read_gets_nothing(void **state)
{
    (void)state;
    for (int is_broken = 0; is_broken < 2; is_broken++) {
        struct world world;
        struct hk_uuid endpoint = cold_shop(&world);
        struct hk_uuid id = world_event(&world, 9)->id;
        world_endpoint_delete(&world, 9, endpoint);
        uint64_t lsn = world.watch.lsn_last;
        world.is_loading_broken = is_broken;
        world_load(&world, 0);
        world_settle(&world);
        assert_int_equal(world.started_count, 0);
        assert_int_equal(world.watch.lsn_last, lsn); /* It follows from the deletion. */
        world.is_loading_slow = false;
        const struct hk_event *seen = world_look(&world, &id);
        assert_int_equal(seen->deliveries[0].reason, HK_REASON_ENDPOINT_DELETED);
        assert_int_equal(seen->deliveries[0].attempt_count, 0);
        assert_world_idle(&world);
        world_fini(&world);
    }
}

static void test_an_endpoint_disabled_while_the_body_is_read_pauses(void **state)
{
    (void)state;
    struct world world;
    struct hk_uuid endpoint = cold_shop(&world);
    (void)world_event(&world, 9);
    world_endpoint_enable(&world, 9, endpoint, false);
    world_load(&world, 0);
    world_settle(&world);
    assert_int_equal(world.started_count, 0);
    assert_int_equal(world_stats(&world).deliveries_in_flight, 0);
    assert_int_equal(world_stats(&world).deliveries_ready, 1);
    world.is_loading_slow = false;
    world_endpoint_enable(&world, 9, endpoint, true);
    world_end_all(&world, 200);
    assert_int_equal(world.started_count, 1);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_an_event_that_expires_while_its_body_is_read_is_dropped(void **state)
{
    (void)state;
    struct world world;
    (void)cold_shop(&world);
    (void)world_accept(&world, 9);
    struct hk_uuid id = world_accept_fact(&world)->id;
    world_accept_fact(&world)->deliver_before.ms = world.now.wall.ms + 10;
    world_settle(&world);
    world_advance(&world, 10);
    world_load(&world, 0);
    world_settle(&world);
    assert_int_equal(world.started_count, 0);
    const struct watch_event *event = watch_event_find(&world.watch, &id);
    assert_int_equal(event->deliveries[0].reason, HK_REASON_EXPIRED);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_draining_waits_for_bodies_and_starts_none_of_them(void **state)
{
    (void)state;
    struct world world;
    (void)cold_shop(&world);
    (void)world_event(&world, 9);
    (void)world_push(&world, HK_FACT_DRAIN);
    world_settle(&world);
    assert_int_equal(world.drained_count, 0);
    world_load(&world, 0);
    world_settle(&world);
    assert_int_equal(world.drained_count, 1);
    assert_int_equal(world.started_count, 0);
    assert_int_equal(world_stats(&world).deliveries_ready, 1);
    world_fini(&world);
}

static void test_an_outcome_does_not_end_what_has_not_begun(void **state)
{
    (void)state;
    struct world world;
    (void)cold_shop(&world);
    (void)world_event(&world, 9);
    world_load(&world, 0);
    world_settle(&world);
    uint64_t delivery = world.runs[0].delivery;
    world_end_all(&world, 500);
    (void)world_leap(&world);
    assert_int_equal(world.load_count, 1); /* For the second attempt. */
    world_push(&world, HK_FACT_ATTEMPT_ENDED)->attempt_ended =
        (struct hk_fact_attempt_ended){ delivery, world_outcome(&world, 200) };
    world_settle(&world);
    assert_int_equal(world_stats(&world).deliveries_delivered, 0);
    world_load(&world, 0);
    world_settle(&world);
    assert_int_equal(world.run_count, 1);
    assert_int_equal(world.runs[0].attempt, 2);
    world_fini(&world);
}

static void test_a_body_for_nobody_is_given_back(void **state)
{
    (void)state;
    struct world world;
    (void)cold_shop(&world);
    const uint64_t ids[] = { 0, 1, UINT64_MAX, UINT64_C(1) << 32 };
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        world_push(&world, HK_FACT_LOADED)->loaded = (struct hk_fact_loaded){
            .load = ids[i],
            .body = hk_event_body_new(HK_SLICE("x"), HK_SLICE_EMPTY, HK_SLICE("{}")),
        };
    world_settle(&world);
    assert_world_idle(&world);
    world_fini(&world);
}

/* Such a row once said `in_flight` with no attempt begun, and the next start died of it. */
static void test_a_delivery_whose_body_is_read_is_ready_in_snapshots_and_look_ups(void **state)
{
    (void)state;
    struct world world;
    struct world after;
    (void)cold_shop(&world);
    struct hk_uuid id = world_event(&world, 9)->id;
    world_snapshot(&world);
    world_init_from(&after, &world, &world.rows, world.snapshot_end.begin_lsn, UINT64_MAX);
    world_end_all(&after, 200);
    assert_int_equal(after.started_count, 1);
    assert_int_equal(watch_event_find(&after.watch, &id)->deliveries[0].attempts, 1);
    assert_world_idle(&after);
    world_fini(&world);
    world_fini(&after);
}

/* A delivery with a payload whose plan is being read. */
static struct hk_uuid reading_plan(struct world *world, struct hk_uuid *endpoint)
{
    struct hk_engine_options options = world_options();
    options.body_cache_bytes_max = 0;
    struct policy_shop two = world_policy_shop(world, HK_HOOKS_PLANNING, &options);
    *endpoint = two.first;
    (void)world_accept(world, 9);
    struct hk_uuid id = world_accept_fact(world)->id;
    world_accept_fact(world)->deliver_before.ms = world->now.wall.ms + 10;
    world_settle(world);
    struct hk_plan_delivery delivery = { .endpoint = two.first,
                                         .own = policy_payload("{}", NULL, NULL) };
    struct hk_plan plan = { .deliveries = &delivery, .delivery_count = 1 };
    world->is_loading_slow = true;
    world_planned(world, 0, &plan);
    hk_body_unref(delivery.own);
    world_settle(world);
    world_load(world, 0);
    world_settle(world);
    assert_int_equal(world->load_count, 1);
    assert_true(world->loads[0].is_plan);
    assert_int_equal(world->run_count, 0);
    return id;
}

static void plan_read(struct world *world)
{
    world_load(world, 0);
    world->is_loading_slow = false;
    world_settle(world);
    assert_int_equal(world->started_count, 0);
}

static void test_much_may_happen_while_a_plan_is_read(void **state)
{
    (void)state;
    struct world world;
    struct hk_uuid endpoint;
    struct hk_uuid id = reading_plan(&world, &endpoint);
    world_endpoint_delete(&world, 9, endpoint);
    plan_read(&world);
    assert_int_equal(world_look(&world, &id)->deliveries[0].reason, HK_REASON_ENDPOINT_DELETED);
    assert_world_idle(&world);
    world_fini(&world);

    id = reading_plan(&world, &endpoint);
    world_advance(&world, 10);
    plan_read(&world);
    assert_int_equal(world_look(&world, &id)->deliveries[0].reason, HK_REASON_EXPIRED);
    assert_world_idle(&world);
    world_fini(&world);

    (void)reading_plan(&world, &endpoint);
    world_endpoint_enable(&world, 9, endpoint, false);
    plan_read(&world);
    world_endpoint_enable(&world, 9, endpoint, true);
    world_end_all(&world, 200);
    assert_int_equal(world.started_count, 1);
    assert_world_idle(&world);
    world_fini(&world);

    (void)reading_plan(&world, &endpoint);
    (void)world_push(&world, HK_FACT_DRAIN);
    plan_read(&world);
    assert_int_equal(world.drained_count, 1);
    world_fini(&world);

    (void)reading_plan(&world, &endpoint);
    world_fini(&world);
}

static void test_payloads_count_and_stay_until_they_are_on_disk(void **state)
{
    (void)state;
    struct world world;
    struct hk_uuid endpoint;
    struct hk_engine_options options = world_options();
    options.body_cache_bytes_max = 0;
    endpoint = world_policy_shop(&world, HK_HOOKS_PLANNING, &options).first;
    (void)world_policy_event(&world);
    assert_int_equal(world_stats(&world).body_cache_bytes, 0);
    world.is_disk_slow = true;
    struct hk_plan_delivery delivery = { .endpoint = endpoint,
                                         .own = policy_payload("{}", "x-tier", "gold") };
    struct hk_plan plan = { .deliveries = &delivery, .delivery_count = 1 };
    world_planned(&world, 0, &plan);
    hk_body_unref(delivery.own);
    world_settle(&world);
    assert_true(world_stats(&world).body_cache_bytes > 0);
    world_disk(&world, world.watch.lsn_last);
    world_settle(&world);
    assert_int_equal(world_stats(&world).body_cache_bytes, 0);
    world.is_disk_slow = false;
    world_disk(&world, world.watch.lsn_last);
    world_end_all(&world, 200);
    assert_int_equal(world_stats(&world).deliveries_delivered, 1);
    assert_world_idle(&world);
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_cold_body_is_loaded_before_its_attempt_begins),
        cmocka_unit_test(test_a_body_stays_in_memory_while_it_is_not_on_disk),
        cmocka_unit_test(test_the_least_lately_used_bodies_go_first),
        cmocka_unit_test(test_a_body_that_is_used_stays),
        cmocka_unit_test(test_a_body_that_cannot_be_read_is_an_attempt_that_failed),
        cmocka_unit_test(test_a_look_up_brings_the_body_from_disk),
        cmocka_unit_test(test_a_look_up_whose_body_cannot_be_read_is_answered_without_it),
        cmocka_unit_test(test_an_endpoint_deleted_while_the_body_is_read_gets_nothing),
        cmocka_unit_test(test_an_endpoint_disabled_while_the_body_is_read_pauses),
        cmocka_unit_test(test_an_event_that_expires_while_its_body_is_read_is_dropped),
        cmocka_unit_test(test_draining_waits_for_bodies_and_starts_none_of_them),
        cmocka_unit_test(test_an_outcome_does_not_end_what_has_not_begun),
        cmocka_unit_test(test_a_body_for_nobody_is_given_back),
        cmocka_unit_test(test_a_delivery_whose_body_is_read_is_ready_in_snapshots_and_look_ups),
        cmocka_unit_test(test_much_may_happen_while_a_plan_is_read),
        cmocka_unit_test(test_payloads_count_and_stay_until_they_are_on_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
