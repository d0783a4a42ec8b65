// SPDX-License-Identifier: Apache-2.0
#include "engine/accept.h"

#include "support_cmocka.h"
#include "support_world.h"

static void shop(struct world *world, const struct hk_engine_options *options)
{
    world_init(world, options);
    world_merchant(world, 9);
}

static void test_an_event_is_acknowledged_when_its_record_is_durable(void **state)
{
    (void)state;
    struct world world;
    shop(&world, NULL);
    (void)world_endpoint(&world, 9, NULL);
    world.is_disk_slow = true;
    uint32_t first = world_accept(&world, 9);
    uint32_t second = world_accept(&world, 9);
    uint32_t syncs = world.sync_count;
    uint64_t lsn = world.lsn_durable;
    world_settle(&world);
    assert_int_equal(world.sync_count, syncs + 1);
    assert_int_equal(world.watch.lsn_last, lsn + 4); /* EVENT, PLAN, EVENT, PLAN. */
    world_disk(&world, lsn + 1);
    world_settle(&world);
    assert_true(world.accepts[first].is_acked);
    assert_false(world.accepts[second].is_acked);
    assert_memory_equal(&world.accepts[first].acked, &world.accepts[first].id, 16);
    world_disk(&world, lsn + 2);
    world_settle(&world);
    assert_false(world.accepts[second].is_acked);
    world_disk(&world, lsn + 4);
    world_settle(&world);
    assert_true(world.accepts[second].is_acked);
    assert_int_equal(world_stats(&world).events_accepted, 2);
    world_fini(&world);
}

static void test_the_record_has_the_body_as_it_came(void **state)
{
    (void)state;
    struct world world;
    shop(&world, NULL);
    (void)world_accept(&world, 9);
    struct hk_fact_accept *accept = world_accept_fact(&world);
    hk_body_unref(accept->body);
    accept->body = hk_event_body_new(HK_SLICE("order.paid"), HK_SLICE("k 1"),
                                     HK_SLICE("{ \"a\" : 0.10,\n\"b\":\"\\u0000\" }"));
    accept->deliver_before.ms = world.now.wall.ms + 1;
    world_settle(&world);
    const struct hk_record *record = &world.log.items[world.log.count - 2]->record;
    assert_int_equal(record->type, HK_RECORD_EVENT);
    assert_int_equal(record->event.merchant_id, 9);
    assert_int_equal(record->event.deliver_before.ms, world.now.wall.ms + 1);
    assert_true(hk_slice_is(record->event.text, "{ \"a\" : 0.10,\n\"b\":\"\\u0000\" }"));
    assert_true(hk_slice_is(record->event.head, "\x0aorder.paidk 1"));
    world_fini(&world);
}

static void assert_refused(struct world *world, uint64_t merchant, enum hk_refusal refusal)
{
    struct hk_stats before = world_stats(world);
    uint32_t place = world_accept(world, merchant);
    world_accept_fact(world)->deliver_before.ms = world->now.wall.ms + 1000000;
    world_settle(world);
    assert_true(world->accepts[place].is_refused);
    assert_int_equal(world->accepts[place].refusal, refusal);
    struct hk_stats after = world_stats(world);
    assert_int_equal(after.lsn, before.lsn);
    assert_int_equal(after.events_live, before.events_live);
    assert_int_equal(after.deliveries_pending, before.deliveries_pending);
    assert_int_equal(after.events_accepted, before.events_accepted);
    assert_int_equal(after.body_cache_bytes, before.body_cache_bytes);
    assert_int_equal(after.idempotency_keys, before.idempotency_keys);
    assert_int_equal(after.events_refused, before.events_refused + 1);
    assert_int_equal(world_look_code(world, &world->accepts[place].id), HK_ENOTFOUND);
}

static void test_an_unknown_merchant_gets_nothing_in(void **state)
{
    (void)state;
    struct world world;
    shop(&world, NULL);
    assert_refused(&world, 10, HK_REFUSAL_UNKNOWN_MERCHANT);
    world_merchant_delete(&world, 9);
    assert_refused(&world, 9, HK_REFUSAL_UNKNOWN_MERCHANT);
    assert_world_idle(&world);
    world_fini(&world);
}

/* Two endpoints: an event counts as two. */
static void test_pending_deliveries_are_bounded_in_all(void **state)
{
    (void)state;
    struct world world;
    struct hk_engine_options options = world_options();
    options.pending_max = 5;
    shop(&world, &options);
    (void)world_endpoint(&world, 9, NULL);
    (void)world_endpoint(&world, 9, NULL);
    (void)world_event(&world, 9);
    (void)world_event(&world, 9);
    assert_refused(&world, 9, HK_REFUSAL_PENDING);
    world_end(&world, 0, world_outcome(&world, 200));
    world_settle(&world);
    (void)world_event(&world, 9);
    assert_refused(&world, 9, HK_REFUSAL_PENDING);
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_pending_deliveries_are_bounded_for_each_merchant(void **state)
{
    (void)state;
    struct world world;
    struct hk_engine_options options = world_options();
    options.merchant_pending_max = 3;
    shop(&world, &options);
    (void)world_endpoint(&world, 9, NULL);
    world_merchant(&world, 10);
    (void)world_endpoint(&world, 10, NULL);
    for (int i = 0; i < 3; i++)
        (void)world_event(&world, 9);
    assert_refused(&world, 9, HK_REFUSAL_MERCHANT_PENDING);
    for (int i = 0; i < 5; i++)
        assert_refused(&world, 9, HK_REFUSAL_MERCHANT_PENDING);
    (void)world_event(&world, 10);
    world_end_all(&world, 200);
    for (int i = 0; i < 3; i++) /* What was refused does not count. */
        (void)world_event(&world, 9);
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_a_stopping_engine_takes_nothing_in(void **state)
{
    (void)state;
    struct world world;
    shop(&world, NULL);
    (void)world_push(&world, HK_FACT_DRAIN);
    assert_refused(&world, 9, HK_REFUSAL_STOPPING);
    world_fini(&world);
}

#ifdef HK_FAULTS
#include "base/alloc.h"

/* Memory may fail at any allocation while an event is taken in; either all of it is in, or none. */
static void test_without_memory_an_event_is_refused_whole(void **state)
{
    (void)state;
    struct world world;
    struct hk_stats stats;
    shop(&world, NULL);
    (void)world_endpoint(&world, 9, NULL);
    uint32_t place = world_accept(&world, 9);
    stats = world_stats(&world);
    hk_alloc_fail_at(1, false);
    world_step(&world);
    hk_alloc_fail_at(0, false);
    assert_true(world.accepts[place].is_refused);
    assert_int_equal(world.accepts[place].refusal, HK_REFUSAL_MEMORY);
    assert_int_equal(world_stats(&world).lsn, stats.lsn);
    (void)world_event(&world, 9);
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_without_memory_an_event_for_a_policy_is_refused_whole(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth <= 3; nth++) {
        struct world world;
        (void)world_policy_shop(&world, HK_HOOKS_PLANNING, NULL);
        uint32_t place = world_accept(&world, 9);
        hk_alloc_fail_at(nth, false);
        world_step(&world);
        hk_alloc_fail_at(0, false);
        assert_int_equal(world.accepts[place].refusal, HK_REFUSAL_MEMORY);
        assert_int_equal(world_stats(&world).events_planning, 0);
        (void)world_policy_event(&world);
        world.policy_runs.hand = policy_hand_plan_all;
        policy_hand_plan_all(&world, 0);
        world_end_all(&world, 200);
        assert_world_idle(&world);
        world_fini(&world);
    }
}
#endif

static void test_many_events_of_one_batch_find_their_places(void **state)
{
    (void)state;
    struct world world;
    struct hk_engine_options options = world_options();
    options.body_cache_bytes_max = 1;
    shop(&world, &options);
    (void)world_endpoint(&world, 9, NULL);
    (void)world_endpoint(&world, 9, NULL);
    world.is_disk_slow = true;
    for (int i = 0; i < 700; i++)
        (void)world_accept(&world, 9);
    world_settle(&world);
    for (uint64_t lsn = world.lsn_durable; lsn < world.watch.lsn_last; lsn += 97) {
        world_disk(&world, lsn);
        world_settle(&world);
    }
    world.is_disk_slow = false;
    world_disk(&world, world.watch.lsn_last);
    world_end_all(&world, 200); /* Every body is loaded from where it landed: the world checks. */
    assert_int_equal(world.started_count, 1400);
    assert_int_equal(world.loaded_count, 1400);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_what_is_deleted_before_the_plan_is_durable_is_dropped_after(void **state)
{
    (void)state;
    struct world world;
    shop(&world, NULL);
    struct hk_uuid gone = world_endpoint(&world, 9, NULL);
    (void)world_endpoint(&world, 9, NULL);
    world.is_disk_slow = true;
    uint32_t place = world_accept(&world, 9);
    world_settle(&world);
    struct hk_request *request = world_request(&world, HK_REQUEST_ENDPOINT_DELETE);
    request->merchant_id = 9;
    request->uuid = gone;
    (void)world_ask(&world, request);
    world_settle(&world);
    world.is_disk_slow = false;
    world_disk(&world, world.watch.lsn_last);
    world_end_all(&world, 200);
    assert_true(world.accepts[place].is_acked);
    assert_int_equal(world.started_count, 1);
    const struct hk_event *seen = world_look(&world, &world.accepts[place].id);
    assert_int_equal(seen->deliveries[0].state, HK_DELIVERY_DROPPED);
    assert_int_equal(seen->deliveries[0].reason, HK_REASON_ENDPOINT_DELETED);
    assert_int_equal(seen->deliveries[1].state, HK_DELIVERY_DELIVERED);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_a_merchant_deleted_before_the_event_is_durable_is_dropped_after(void **state)
{
    (void)state;
    struct world world;
    shop(&world, NULL);
    (void)world_endpoint(&world, 9, NULL);
    world.is_disk_slow = true;
    uint32_t place = world_accept(&world, 9);
    struct hk_request *request = world_request(&world, HK_REQUEST_MERCHANT_DELETE);
    request->merchant_id = 9;
    (void)world_ask(&world, request);
    world_settle(&world);
    world.is_disk_slow = false;
    world_disk(&world, world.watch.lsn_last);
    world_settle(&world);
    assert_true(world.accepts[place].is_acked);
    assert_int_equal(world.started_count, 0);
    const struct hk_event *seen = world_look(&world, &world.accepts[place].id);
    assert_int_equal(seen->state, HK_EVENT_FINISHED);
    assert_int_equal(seen->deliveries[0].reason, HK_REASON_MERCHANT_DELETED);
    assert_world_idle(&world);
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_event_is_acknowledged_when_its_record_is_durable),
        cmocka_unit_test(test_the_record_has_the_body_as_it_came),
        cmocka_unit_test(test_an_unknown_merchant_gets_nothing_in),
        cmocka_unit_test(test_pending_deliveries_are_bounded_in_all),
        cmocka_unit_test(test_pending_deliveries_are_bounded_for_each_merchant),
        cmocka_unit_test(test_a_stopping_engine_takes_nothing_in),
#ifdef HK_FAULTS
        cmocka_unit_test(test_without_memory_an_event_is_refused_whole),
        cmocka_unit_test(test_without_memory_an_event_for_a_policy_is_refused_whole),
#endif
        cmocka_unit_test(test_many_events_of_one_batch_find_their_places),
        cmocka_unit_test(test_what_is_deleted_before_the_plan_is_durable_is_dropped_after),
        cmocka_unit_test(test_a_merchant_deleted_before_the_event_is_durable_is_dropped_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
