// SPDX-License-Identifier: Apache-2.0
#include "engine/snapshot.h"

#include "support_cmocka.h"
#include "support_world.h"

#define ALL UINT64_MAX

static void shop(struct world *world)
{
    world_init(world, NULL);
    world_merchant(world, 9);
    (void)world_endpoint(world, 9, NULL);
}

static uint32_t rows_of(const struct world *world, enum hk_record_type type)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->rows.count; i++)
        count += world->rows.items[i]->record.type == type;
    return count;
}

/* Goes on until the snapshot is at its end, with a slow disk that tells of nothing. */
static void run_to_the_end(struct world *world)
{
    uint32_t before = world->snapshot_count;
    for (int i = 0; i < 100000 && world->snapshot_count == before; i++)
        world_step(world);
    assert_int_equal(world->snapshot_count, before + 1);
}

static void test_a_snapshot_has_everything(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    struct hk_request *request = world_request(&world, HK_REQUEST_KEY_CREATE);
    request->merchant_id = 9;
    request->key.digest[0] = 1;
    (void)world_answer(&world, request);
    (void)world_event(&world, 9);
    world_end_all(&world, 200);
    (void)world_accept(&world, 9);
    world_accept_fact(&world)->has_idempotency = true;
    world_settle(&world);
    world_snapshot(&world);
    assert_int_equal(rows_of(&world, HK_RECORD_MERCHANT), 1);
    assert_int_equal(rows_of(&world, HK_RECORD_ENDPOINT), 1);
    assert_int_equal(rows_of(&world, HK_RECORD_KEY), 1);
    assert_int_equal(rows_of(&world, HK_RECORD_IDEMPOTENCY), 1);
    assert_int_equal(rows_of(&world, HK_RECORD_STATE), 2);
    assert_int_equal(world.snapshot_end.row_count, 6);
    assert_int_equal(world.snapshot_end.begin_lsn, world.watch.lsn_last);
    assert_int_equal(world.snapshot_end.end_lsn, world.watch.lsn_last);
    world_fini(&world);
}

static void test_an_empty_engine_has_an_empty_snapshot(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, NULL);
    world_snapshot(&world);
    assert_int_equal(world.snapshot_end.row_count, 0);
    world_snapshot(&world);
    assert_int_equal(world.snapshot_count, 2);
    world_fini(&world);
}

static void test_the_end_is_said_when_all_of_it_is_durable(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    world.is_disk_slow = true;
    (void)world_accept(&world, 9);
    world_settle(&world);
    uint32_t syncs = world.sync_count;
    world_snapshot_begin(&world);
    world_settle(&world);
    assert_int_equal(world.snapshot_count, 0);
    assert_true(world.sync_count > syncs); /* Somebody waits for it. */
    uint64_t lsn = world.watch.lsn_last;
    world_disk(&world, lsn);
    world_settle(&world);
    /* The attempt began in that step: its START is in the rows, and not durable. */
    assert_int_equal(world.snapshot_count, 0);
    world_disk(&world, world.watch.lsn_last);
    world_settle(&world);
    assert_int_equal(world.snapshot_count, 1);
    assert_true(world.snapshot_end.end_lsn <= world.lsn_durable);
    world_fini(&world);
}

/* Load must not push the end away: once, every new record did. */
static void test_a_snapshot_ends_under_load(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    world.is_disk_slow = true;
    world_snapshot_begin(&world);
    for (int i = 0; i < 1000 && world.snapshot_count == 0; i++) {
        uint64_t behind = world.watch.lsn_last;
        (void)world_accept(&world, 9);
        while (world.run_count > 0)
            world_end(&world, 0, world_outcome(&world, 200));
        world_step(&world);
        if (behind > world.lsn_durable)
            world_disk(&world, behind); /* Always one step behind. */
    }
    assert_int_equal(world.snapshot_count, 1);
    world_fini(&world);
}

static void test_a_second_request_while_one_runs_is_the_same_snapshot(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    world_snapshot_begin(&world);
    (void)world_push(&world, HK_FACT_SNAPSHOT);
    world_settle(&world);
    assert_int_equal(world.snapshot_count, 1);
    assert_int_equal(world.snapshot_end.row_count, world.rows.count);
    world_fini(&world);
}

/* An event whose record is not yet on disk has no place to load its body from: its EVENT record
 * comes after begin_lsn and brings it. */
static void test_no_row_points_to_a_body_that_has_no_place(void **state)
{
    (void)state;
    struct world world;
    struct world after;
    struct hk_engine_options options = world_options();
    options.body_cache_bytes_max = 1;
    world_init(&world, &options);
    world_merchant(&world, 9);
    (void)world_endpoint(&world, 9, NULL);
    world.is_disk_slow = true;
    for (int i = 0; i < 20; i++)
        (void)world_accept(&world, 9);
    world_step(&world);
    world_snapshot_begin(&world);
    for (int i = 0; i < 300; i++) {
        (void)world_accept(&world, 9);
        world_step(&world);
        if (i == 5)
            world_disk(&world, world.watch.lsn_last);
    }
    world_disk(&world, world.watch.lsn_last);
    run_to_the_end(&world);
    for (uint32_t i = 0; i < world.rows.count; i++)
        if (world.rows.items[i]->record.type == HK_RECORD_STATE)
            assert_int_not_equal(world.rows.items[i]->event->location.offset, UINT32_MAX);
    world_init_from(&after, &world, &world.rows, world.snapshot_end.begin_lsn, world.lsn_durable);
    world_end_all(&after, 200); /* The world checks the bodies. */
    assert_int_equal(world_stats(&after).deliveries_delivered, 320);
    assert_world_idle(&after);
    world_fini(&world);
    world_fini(&after);
}

static void test_merchants_may_come_and_go_under_the_cursor(void **state)
{
    (void)state;
    struct world world;
    struct world after;
    world_init(&world, NULL);
    for (uint64_t id = 1; id <= 400; id++)
        world_merchant(&world, id);
    world_snapshot_begin(&world);
    for (uint64_t id = 1; id <= 400; id += 2) {
        struct hk_request *request = world_request(&world, HK_REQUEST_MERCHANT_DELETE);
        request->merchant_id = id;
        (void)world_ask(&world, request);
        if (id % 40 == 1)
            world_step(&world);
    }
    for (uint64_t id = 501; id <= 510; id++)
        world_merchant(&world, id);
    world_settle(&world);
    assert_int_equal(world.snapshot_count, 1);
    struct kept_log rows = world.rows;
    world.rows = (struct kept_log){ 0 };
    world_init_from(&after, &world, &rows, world.snapshot_end.begin_lsn, ALL);
    assert_int_equal(world_stats(&after).merchants, 210);
    assert_same_worlds(&world, &after);
    kept_log_fini(&rows);
    world_fini(&world);
    world_fini(&after);
}

/* The cursor stands at the merchant that goes: once, it went with it. */
static void test_the_merchant_at_the_cursor_may_be_deleted(void **state)
{
    (void)state;
    for (uint64_t gone = 55; gone < 75; gone++) {
        struct world world;
        world_init(&world, NULL);
        for (uint64_t id = 1; id <= 150; id++)
            world_merchant(&world, id);
        world_snapshot_begin(&world);
        world_step(&world); /* A slice of 64 or so. */
        struct hk_request *request = world_request(&world, HK_REQUEST_MERCHANT_DELETE);
        request->merchant_id = gone;
        (void)world_ask(&world, request);
        world_settle(&world);
        assert_int_equal(world.snapshot_count, 1);
        assert_in_range(rows_of(&world, HK_RECORD_MERCHANT), 149, 150);
        world_fini(&world);
    }
}

/* The row of a merchant is old when its endpoint comes; the events that follow know of it. */
static void test_an_endpoint_that_comes_meanwhile_is_not_lost(void **state)
{
    (void)state;
    struct world world;
    struct world after;
    world_init(&world, NULL);
    world_merchant(&world, 9);
    world_snapshot_begin(&world);
    world_step(&world);
    (void)world_endpoint_ask(&world, 9, NULL);
    (void)world_accept(&world, 9);
    for (int i = 0; i < 3; i++)
        world_step(&world);
    assert_int_equal(world.snapshot_count, 0);
    assert_int_equal(world.run_count, 1);
    run_to_the_end(&world);
    world_init_from(&after, &world, &world.rows, world.snapshot_end.begin_lsn, ALL);
    world_end_all(&after, 200);
    assert_int_equal(world_stats(&after).deliveries_delivered, 1);
    world_fini(&world);
    world_fini(&after);
}

/* Its merchant's row is gone from the snapshot; the result of its attempt is yet to come. */
static void test_an_attempt_of_a_deleted_merchant_ends_after_the_snapshot(void **state)
{
    (void)state;
    struct world world;
    struct world after;
    shop(&world);
    struct hk_uuid id = world_event(&world, 9)->id;
    world_merchant_delete(&world, 9);
    world_snapshot(&world);
    struct hk_command_snapshot_end end = world.snapshot_end;
    world_end_all(&world, 200);
    world_init_from(&after, &world, &world.rows, end.begin_lsn, ALL);
    const struct hk_event *seen = world_look(&after, &id);
    assert_int_equal(seen->deliveries[0].state, HK_DELIVERY_DELIVERED);
    assert_int_equal(seen->merchant_id, 9);
    assert_world_idle(&after);
    world_fini(&after);

    world_init_from(&after, &world, &world.rows, end.begin_lsn, end.end_lsn);
    world_settle(&after);
    seen = world_look(&after, &id);
    assert_int_equal(seen->deliveries[0].reason, HK_REASON_MERCHANT_DELETED);
    assert_int_equal(seen->deliveries[0].attempts[0].class, HK_OUTCOME_UNKNOWN);
    assert_world_idle(&after);
    world_fini(&world);
    world_fini(&after);
}

/* All its deliveries are as good as dropped, so its row says so, though it lives. */
static void test_an_event_that_is_as_good_as_over_is_over_after_a_restart(void **state)
{
    (void)state;
    struct world world;
    struct world after;
    struct hk_engine_options options = world_options();
    options.body_cache_bytes_max = 1;
    world_init(&world, &options);
    world_merchant(&world, 9);
    struct hk_uuid endpoint = world_endpoint(&world, 9, NULL);
    world.is_loading_slow = true;
    struct hk_uuid id = world_event(&world, 9)->id;
    world_endpoint_delete(&world, 9, endpoint);
    world_snapshot(&world);
    assert_int_equal(world_stats(&world).events_live, 1);
    world_init_from(&after, &world, &world.rows, world.snapshot_end.begin_lsn, ALL);
    world_settle(&after);
    const struct hk_event *seen = world_look(&after, &id);
    assert_int_equal(seen->state, HK_EVENT_FINISHED);
    assert_int_equal(seen->deliveries[0].reason, HK_REASON_ENDPOINT_DELETED);
    assert_world_idle(&after);
    world_fini(&world);
    world_fini(&after);
}

static void test_a_snapshot_is_written_a_few_rows_a_step(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    for (int i = 0; i < 3000; i++)
        (void)world_accept(&world, 9);
    world_end_all(&world, 500);
    world_snapshot_begin(&world);
    uint32_t steps = 0;
    while (world.snapshot_count == 0) {
        uint32_t rows = world.rows.count;
        world_step(&world);
        assert_true(world.rows.count - rows <= HK_STEP_WORK_MAX);
        steps++;
    }
    assert_true(steps > 3000 / HK_STEP_WORK_MAX);
    assert_int_equal(rows_of(&world, HK_RECORD_STATE), 3000);
    world_fini(&world);
}

static const struct hk_event *row_of(const struct world *world, const struct hk_uuid *id)
{
    for (uint32_t i = 0; i < world->rows.count; i++) {
        const struct hk_event *event = world->rows.items[i]->event;
        if (event && hk_uuid_is_equal(&event->id, id))
            return event;
    }
    fail_msg("no row of that event");
    return NULL;
}

static void test_a_row_has_what_a_policy_decided_and_where_it_stands(void **state)
{
    (void)state;
    struct world world, after;
    struct policy_shop two = world_policy_shop(&world, HK_HOOKS_PLANNING, NULL);
    struct hk_uuid planned = world_policy_event(&world);
    struct hk_uuid held = world_policy_event(&world);
    struct hk_plan_delivery deliveries[] = {
        { .endpoint = two.first, .own = policy_payload("{}", NULL, NULL) },
        { .endpoint = two.second, .reason = HK_REASON_SKIPPED_BY_POLICY },
    };
    struct hk_plan plan = { .deliveries = deliveries, .delivery_count = 2 };
    world_planned(&world, 0, &plan);
    hk_body_unref(deliveries[0].own);
    world_policy_failed(&world, 0, HK_POLICY_ERROR);
    world_settle(&world);
    world_snapshot(&world);
    const struct hk_event *row = row_of(&world, &planned);
    uint64_t plan_lsn = watch_event_find(&world.watch, &planned)->plan_lsn;
    assert_string_equal(row->policy, "p");
    assert_int_equal(row->generation, 1);
    assert_int_equal(row->plan_location.lsn, plan_lsn);
    assert_int_equal(row->plan_location.offset, kept_location(plan_lsn).offset);
    assert_true(row->deliveries[0].has_own);
    assert_false(row->deliveries[1].has_own);
    assert_int_equal(row->deliveries[1].state, HK_DELIVERY_DROPPED);
    assert_int_equal(row_of(&world, &held)->state, HK_EVENT_HELD);
    assert_int_equal(row_of(&world, &held)->plan_location.lsn, 0);
    world_init_from(&after, &world, &world.rows, world.snapshot_end.end_lsn, world.lsn_durable);
    world_policy_p(&after, 1, HK_HOOKS_PLANNING);
    after.policy_runs.hand = policy_hand_plan_all;
    while (world_leap(&after))
        world_end_all(&after, 200); /* The world checks the payloads. */
    assert_int_equal(after.policy_runs.total, 1);
    assert_world_idle(&after);
    world_fini(&after);
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_snapshot_has_everything),
        cmocka_unit_test(test_an_empty_engine_has_an_empty_snapshot),
        cmocka_unit_test(test_the_end_is_said_when_all_of_it_is_durable),
        cmocka_unit_test(test_a_snapshot_ends_under_load),
        cmocka_unit_test(test_a_second_request_while_one_runs_is_the_same_snapshot),
        cmocka_unit_test(test_no_row_points_to_a_body_that_has_no_place),
        cmocka_unit_test(test_merchants_may_come_and_go_under_the_cursor),
        cmocka_unit_test(test_the_merchant_at_the_cursor_may_be_deleted),
        cmocka_unit_test(test_an_endpoint_that_comes_meanwhile_is_not_lost),
        cmocka_unit_test(test_an_attempt_of_a_deleted_merchant_ends_after_the_snapshot),
        cmocka_unit_test(test_an_event_that_is_as_good_as_over_is_over_after_a_restart),
        cmocka_unit_test(test_a_snapshot_is_written_a_few_rows_a_step),
        cmocka_unit_test(test_a_row_has_what_a_policy_decided_and_where_it_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
