// SPDX-License-Identifier: Apache-2.0
#include "engine/attempt.h"

#include "support_cmocka.h"
#include "support_world.h"

static void one_shop(struct world *world)
{
    world_init(world, NULL);
    world_merchant(world, 9);
    (void)world_endpoint(world, 9, NULL);
}

static void test_an_attempt_begins_when_event_and_plan_are_durable(void **state)
{
    (void)state;
    struct world world;
    one_shop(&world);
    world.is_disk_slow = true;
    uint32_t place = world_accept(&world, 9);
    world_settle(&world);
    uint64_t plan_lsn = world.watch.lsn_last;
    assert_false(world.accepts[place].is_acked);
    world_disk(&world, plan_lsn - 1);
    world_settle(&world);
    assert_true(world.accepts[place].is_acked);
    assert_int_equal(world.run_count, 0);
    world_disk(&world, plan_lsn);
    world_settle(&world);
    assert_int_equal(world.run_count, 1);
    world_fini(&world);
}

static void test_a_success_delivers_and_ends_the_event(void **state)
{
    (void)state;
    struct world world;
    one_shop(&world);
    struct watch_event *event = world_event(&world, 9);
    assert_int_equal(world.runs[0].attempt, 1);
    assert_int_equal(world.runs[0].timeout_ms, 10000);
    world_end_all(&world, 204);
    assert_int_equal(event->deliveries[0].state, HK_DELIVERY_DELIVERED);
    const struct hk_event *seen = world_look(&world, &event->id);
    assert_int_equal(seen->state, HK_EVENT_FINISHED);
    assert_int_equal(seen->deliveries[0].kept_count, 1);
    assert_int_equal(seen->deliveries[0].attempts[0].status, 204);
    assert_string_equal(hk_body_text(seen->deliveries[0].attempts[0].detail).at, "so");
    assert_int_equal(world_stats(&world).deliveries_delivered, 1);
    assert_world_idle(&world);
    world_fini(&world);
}

/* The points schedule: 10 s and 60 s, each 20 % more or less. */
static void test_failures_are_tried_again_on_schedule_until_attempts_are_spent(void **state)
{
    (void)state;
    struct world world;
    one_shop(&world);
    struct watch_event *event = world_event(&world, 9);
    static const int64_t delays_ms[] = { 10000, 60000 };
    for (uint32_t i = 0; i < 2; i++) {
        world_end_all(&world, 500);
        const struct hk_event *seen = world_look(&world, &event->id);
        assert_int_equal(seen->deliveries[0].state, HK_DELIVERY_WAITING);
        assert_int_equal(seen->deliveries[0].attempt_count, i + 1);
        assert_in_range(seen->deliveries[0].delay_ms, delays_ms[i] * 8 / 10,
                        delays_ms[i] * 12 / 10);
        int64_t due_ms = seen->deliveries[0].delay_ms;
        world_advance(&world, due_ms - 1);
        world_settle(&world);
        assert_int_equal(world.run_count, 0);
        world_advance(&world, 1);
        world_settle(&world);
        assert_int_equal(world.run_count, 1);
        assert_int_equal(world.runs[0].attempt, i + 2);
    }
    world_end_all(&world, 500);
    assert_int_equal(event->deliveries[0].state, HK_DELIVERY_DEAD);
    assert_int_equal(event->deliveries[0].reason, HK_REASON_ATTEMPTS_SPENT);
    assert_int_equal(world.started_count, 3);
    assert_int_equal(world_stats(&world).deliveries_dead, 1);
    assert_int_equal(world_stats(&world).deliveries_retried, 2);
    assert_int_equal(world_stats(&world).attempts_failed, 3);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_retry_after_makes_the_wait_longer(void **state)
{
    (void)state;
    struct world world;
    one_shop(&world);
    struct watch_event *event = world_event(&world, 9);
    struct hk_outcome outcome = world_outcome(&world, 503);
    outcome.retry_after_ms = 3600000;
    world_end(&world, 0, outcome);
    world_settle(&world);
    assert_int_equal(world_look(&world, &event->id)->deliveries[0].delay_ms, 3600000);
    world_fini(&world);
}

static void test_gone_switches_the_endpoint_off_and_the_rest_waits_for_it(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, NULL);
    world_merchant(&world, 9);
    struct hk_endpoint_patch change = {
        .fields = HK_ENDPOINT_ON_GONE | HK_ENDPOINT_CONCURRENCY,
        .value = { .on_gone = HK_ON_GONE_DISABLE, .concurrency = 1 },
    };
    struct hk_uuid endpoint = world_endpoint(&world, 9, &change);
    struct watch_event *first = world_event(&world, 9);
    uint32_t second = world_accept(&world, 9);
    world_settle(&world);
    world_end_all(&world, 410);
    first = watch_event_find(&world.watch, &first->id);
    assert_int_equal(first->deliveries[0].state, HK_DELIVERY_DEAD);
    assert_int_equal(first->deliveries[0].reason, HK_REASON_GONE);
    assert_false(watch_endpoint_find(&world.watch, &endpoint)->is_enabled);
    assert_int_equal(world.run_count, 0);
    assert_int_equal(world_stats(&world).deliveries_ready, 1);
    world_endpoint_enable(&world, 9, endpoint, true);
    assert_int_equal(world.run_count, 1);
    assert_memory_equal(&world.runs[0].event, &world.accepts[second].id, sizeof(struct hk_uuid));
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_the_endpoints_own_timeout_counts(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, NULL);
    world_merchant(&world, 9);
    struct hk_endpoint_patch change = { HK_ENDPOINT_TIMEOUT, { .timeout_ms = 2500 } };
    (void)world_endpoint(&world, 9, &change);
    (void)world_event(&world, 9);
    assert_int_equal(world.runs[0].timeout_ms, 2500);
    world_fini(&world);
}

static void test_no_more_run_at_once_than_the_caps_allow(void **state)
{
    (void)state;
    struct world world;
    struct hk_engine_options options = world_options();
    options.concurrency = 20;
    options.endpoint_concurrency = 8;
    world_init(&world, &options);
    world_merchant(&world, 9);
    struct hk_endpoint_patch narrow = { HK_ENDPOINT_CONCURRENCY, { .concurrency = 1 } };
    for (int i = 0; i < 4; i++)
        (void)world_endpoint(&world, 9, i ? NULL : &narrow);
    for (int i = 0; i < 100; i++)
        (void)world_accept(&world, 9);
    world_settle(&world);
    assert_int_equal(world.run_count, 20); /* 1 + 8 + 8, and 3 of the last's 8. */
    world_end_all(&world, 200);
    assert_int_equal(world.watch.running_max, 20);
    assert_int_equal(world.started_count, 400);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_an_event_that_is_too_old_is_dropped_when_its_turn_comes(void **state)
{
    (void)state;
    struct world world;
    one_shop(&world);
    (void)world_accept(&world, 9);
    struct hk_uuid id = world_accept_fact(&world)->id;
    world_accept_fact(&world)->deliver_before.ms = world.now.wall.ms + 5000;
    world_settle(&world);
    world_end_all(&world, 500);
    assert_true(world_leap(&world));
    const struct watch_event *event = watch_event_find(&world.watch, &id);
    assert_int_equal(event->deliveries[0].state, HK_DELIVERY_DROPPED);
    assert_int_equal(event->deliveries[0].reason, HK_REASON_EXPIRED);
    assert_int_equal(world.started_count, 1);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_an_event_that_comes_too_late_is_never_attempted(void **state)
{
    (void)state;
    struct world world;
    one_shop(&world);
    uint32_t place = world_accept(&world, 9);
    world_accept_fact(&world)->deliver_before = world.now.wall;
    world_settle(&world);
    assert_true(world.accepts[place].is_acked);
    assert_int_equal(world.started_count, 0);
    const struct hk_event *seen = world_look(&world, &world.accepts[place].id);
    assert_int_equal(seen->deliveries[0].reason, HK_REASON_EXPIRED);
    assert_int_equal(seen->deliver_before.ms, world.now.wall.ms);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_an_outcome_for_nobody_is_ignored(void **state)
{
    (void)state;
    struct world world;
    one_shop(&world);
    (void)world_event(&world, 9);
    uint64_t delivery = world.runs[0].delivery;
    world_end_all(&world, 500);
    uint64_t lsn = world.watch.lsn_last;
    const uint64_t ids[] = { delivery, 0, UINT64_MAX, delivery + (UINT64_C(2) << 32) };
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        world_push(&world, HK_FACT_ATTEMPT_ENDED)->attempt_ended =
            (struct hk_fact_attempt_ended){ ids[i], world_outcome(&world, 200) };
    world_settle(&world);
    assert_int_equal(world.watch.lsn_last, lsn);
    assert_int_equal(world_stats(&world).deliveries_waiting, 1);
    world_fini(&world);
}

static void test_the_tail_sees_what_followed(void **state)
{
    (void)state;
    struct world world;
    one_shop(&world);
    (void)world_answer(&world, world_request(&world, HK_REQUEST_TAIL_START));
    const struct watch_event *event = world_event(&world, 9);
    world_end_all(&world, 500);
    assert_int_equal(world.trace_count, 1);
    const struct hk_trace *trace = &world.traces[0];
    assert_memory_equal(&trace->event, &event->id, sizeof(event->id));
    assert_string_equal(trace->type, "order.paid");
    assert_int_equal(trace->merchant_id, 9);
    assert_int_equal(trace->status, 500);
    assert_int_equal(trace->attempt, 1);
    assert_int_equal(trace->state, HK_DELIVERY_WAITING);
    assert_in_range(trace->delay_ms, 8000, 12000);
    (void)world_answer(&world, world_request(&world, HK_REQUEST_TAIL_STOP));
    (void)world_leap(&world);
    world_end_all(&world, 200);
    assert_int_equal(world.trace_count, 1);
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_attempt_begins_when_event_and_plan_are_durable),
        cmocka_unit_test(test_a_success_delivers_and_ends_the_event),
        cmocka_unit_test(test_failures_are_tried_again_on_schedule_until_attempts_are_spent),
        cmocka_unit_test(test_retry_after_makes_the_wait_longer),
        cmocka_unit_test(test_gone_switches_the_endpoint_off_and_the_rest_waits_for_it),
        cmocka_unit_test(test_the_endpoints_own_timeout_counts),
        cmocka_unit_test(test_no_more_run_at_once_than_the_caps_allow),
        cmocka_unit_test(test_an_event_that_is_too_old_is_dropped_when_its_turn_comes),
        cmocka_unit_test(test_an_event_that_comes_too_late_is_never_attempted),
        cmocka_unit_test(test_an_outcome_for_nobody_is_ignored),
        cmocka_unit_test(test_the_tail_sees_what_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
