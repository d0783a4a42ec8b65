// SPDX-License-Identifier: Apache-2.0
/* From a log to a running engine: what a crash cut short. */
#include "engine/start.h"

#include "support_cmocka.h"
#include "support_world.h"

#define DAY_MS INT64_C(86400000)

static void shop(struct world *world)
{
    world_init(world, NULL);
    world_merchant(world, 9);
    (void)world_endpoint(world, 9, NULL);
}

static uint64_t lsn_of(const struct world *world, enum hk_record_type type, uint32_t from_last)
{
    for (uint32_t i = world->log.count; i > 0; i--)
        if (world->log.items[i - 1]->record.type == type && from_last-- == 0)
            return world->log.items[i - 1]->record.lsn;
    fail_msg("there is no such record");
    return 0;
}

/* Died between EVENT and PLAN: it is planned now, once. */
static void test_an_event_without_a_plan_is_planned_at_the_start(void **state)
{
    (void)state;
    struct world world;
    struct world after;
    shop(&world);
    struct hk_uuid id = world_event(&world, 9)->id;
    world_init_from(&after, &world, NULL, 0, lsn_of(&world, HK_RECORD_EVENT, 0));
    world_settle(&after);
    assert_int_equal(world_look(&after, &id)->state, HK_EVENT_PLANNED);
    world_end_all(&after, 200);
    const struct watch_event *event = watch_event_find(&after.watch, &id);
    assert_int_equal(event->deliveries[0].state, HK_DELIVERY_DELIVERED);
    assert_world_idle(&after);
    world_fini(&world);
    world_fini(&after);
}

static void test_an_event_without_a_plan_whose_body_is_lost_goes_to_every_endpoint(void **state)
{
    (void)state;
    struct world world;
    struct world after;
    shop(&world);
    struct hk_uuid id = world_event(&world, 9)->id;
    world_init_from(&after, &world, NULL, 0, lsn_of(&world, HK_RECORD_EVENT, 0));
    world_step(&after); /* It asks for the body. */
    struct hk_fact *fact = &after.facts[0];
    assert_int_equal(fact->kind, HK_FACT_LOADED);
    hk_body_unref(fact->loaded.body);
    fact->loaded.body = NULL;
    fact->loaded.code = HK_EIO;
    world_end_all(&after, 200);
    assert_int_equal(watch_event_find(&after.watch, &id)->delivery_count, 1);
    world_fini(&world);
    world_fini(&after);
}

static void test_a_merchant_deleted_before_the_late_plan_drops_the_event(void **state)
{
    (void)state;
    struct world world;
    struct world after;
    shop(&world);
    struct hk_uuid id = world_event(&world, 9)->id;
    world_init_from(&after, &world, NULL, 0, lsn_of(&world, HK_RECORD_EVENT, 0));
    world_step(&after); /* It asks for the body. */
    struct hk_fact loaded = after.facts[--after.fact_count];
    assert_int_equal(loaded.kind, HK_FACT_LOADED);
    world_merchant_delete(&after, 9);
    *world_push(&after, HK_FACT_LOADED) = loaded;
    world_settle(&after);
    const struct hk_event *seen = world_look(&after, &id);
    assert_int_equal(seen->state, HK_EVENT_DROPPED);
    assert_int_equal(seen->reason, HK_REASON_MERCHANT_DELETED);
    assert_world_idle(&after);
    world_fini(&world);
    world_fini(&after);
}

/* A START without RESULT: nobody knows; it counts, and the next comes at once. */
static void test_an_attempt_that_was_cut_short_counts_as_unknown(void **state)
{
    (void)state;
    struct world world;
    struct world after;
    shop(&world);
    struct hk_uuid id = world_event(&world, 9)->id;
    world_advance(&world, 5000);
    world_init_from(&after, &world, NULL, 0, UINT64_MAX);
    world_settle(&after);
    assert_int_equal(after.run_count, 1);
    assert_int_equal(after.runs[0].attempt, 2);
    const struct hk_event *seen = world_look(&after, &id);
    assert_int_equal(seen->deliveries[0].attempts[0].class, HK_OUTCOME_UNKNOWN);
    assert_int_equal(seen->deliveries[0].attempts[0].number, 1);
    assert_int_equal(seen->deliveries[0].kept_count, 1);
    world_end_all(&after, 200);
    assert_world_idle(&after);
    world_fini(&world);
    world_fini(&after);
}

static void test_crash_after_crash_spends_the_attempts(void **state)
{
    (void)state;
    struct world worlds[4];
    shop(&worlds[0]);
    struct hk_uuid id = world_event(&worlds[0], 9)->id;
    for (int i = 1; i < 4; i++) {
        world_init_from(&worlds[i], &worlds[i - 1], NULL, 0, UINT64_MAX);
        world_settle(&worlds[i]);
    }
    const struct watch_event *event = watch_event_find(&worlds[3].watch, &id);
    assert_int_equal(event->deliveries[0].state, HK_DELIVERY_DEAD);
    assert_int_equal(event->deliveries[0].reason, HK_REASON_ATTEMPTS_SPENT);
    assert_int_equal(event->deliveries[0].attempts, 3);
    assert_world_idle(&worlds[3]);
    for (int i = 0; i < 4; i++)
        world_fini(&worlds[i]);
}

static void test_an_attempt_cut_short_of_a_deleted_endpoint_is_dropped(void **state)
{
    (void)state;
    struct world world;
    struct world after;
    world_init(&world, NULL);
    world_merchant(&world, 9);
    struct hk_uuid endpoint = world_endpoint(&world, 9, NULL);
    struct hk_uuid id = world_event(&world, 9)->id;
    world_endpoint_delete(&world, 9, endpoint);
    world_init_from(&after, &world, NULL, 0, UINT64_MAX);
    world_settle(&after);
    assert_int_equal(after.started_count, 0);
    const struct hk_event *seen = world_look(&after, &id);
    assert_int_equal(seen->deliveries[0].reason, HK_REASON_ENDPOINT_DELETED);
    assert_world_idle(&after);
    world_fini(&world);
    world_fini(&after);
}

/** What the clock did while nobody ran, and what may be left of a wait of 8 to 12 s. */
struct clock_row {
    int64_t moved_ms;
    int64_t least_ms, most_ms; /**< Parts of the wait, as if it were 0 to 12,000. */
};

static void assert_wait_after(const struct clock_row *row, bool with_snapshot)
{
    struct world world;
    struct world after;
    shop(&world);
    struct hk_uuid id = world_event(&world, 9)->id;
    world_end_all(&world, 500);
    int64_t delay_ms = world_look(&world, &id)->deliveries[0].delay_ms;
    if (with_snapshot)
        world_snapshot(&world);
    world.now.wall.ms += row->moved_ms;
    world.now.mono.ns = 5; /* Another boot: the monotonic clock begins anew. */
    world_init_from(&after, &world, with_snapshot ? &world.rows : NULL,
                    with_snapshot ? world.snapshot_end.begin_lsn : 0, UINT64_MAX);
    world_settle(&after);
    int64_t left_ms = (hk_engine_due(after.engine).ns - after.now.mono.ns) / HK_NS_PER_MS;
    if (after.run_count == 1)
        left_ms = 0;
    int64_t wanted_ms = delay_ms - row->moved_ms;
    if (wanted_ms < 0)
        wanted_ms = 0;
    if (wanted_ms > delay_ms)
        wanted_ms = delay_ms;
    assert_int_equal(left_ms, wanted_ms);
    assert_in_range(left_ms, row->least_ms, row->most_ms);
    world_fini(&world);
    world_fini(&after);
}

static void test_waits_go_on_whatever_the_clock_did(void **state)
{
    (void)state;
    static const struct clock_row rows[] = {
        { 0, 8000, 12000 },     { 3000, 5000, 9000 },     { 12001, 0, 0 },
        { 365 * DAY_MS, 0, 0 }, { -DAY_MS, 8000, 12000 }, { -365 * DAY_MS, 8000, 12000 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_wait_after(&rows[i], false);
        assert_wait_after(&rows[i], true);
    }
}

static void test_delivery_threads_are_told_of_every_endpoint(void **state)
{
    (void)state;
    struct world world;
    struct world after;
    world_init(&world, NULL);
    world_merchant(&world, 9);
    struct hk_uuid gone = world_endpoint(&world, 9, NULL);
    struct hk_uuid off = world_endpoint(&world, 9, NULL);
    struct hk_uuid here = world_endpoint(&world, 9, NULL);
    world_endpoint_enable(&world, 9, off, false);
    world_endpoint_delete(&world, 9, gone);
    world_init_from(&after, &world, NULL, 0, UINT64_MAX);
    assert_true(watch_endpoint_find(&after.watch, &here)->slot_id != 0);
    assert_true(watch_endpoint_find(&after.watch, &off)->slot_id != 0);
    assert_int_equal(watch_endpoint_find(&after.watch, &gone)->slot_id, 0);
    world_fini(&world);
    world_fini(&after);
}

static void test_counters_begin_anew_and_gauges_tell_what_is(void **state)
{
    (void)state;
    struct world world;
    struct world after;
    shop(&world);
    for (int i = 0; i < 4; i++)
        (void)world_event(&world, 9);
    world_end(&world, 0, world_outcome(&world, 200));
    world_end_all(&world, 500);
    world_init_from(&after, &world, NULL, 0, UINT64_MAX);
    struct hk_stats stats = world_stats(&after);
    assert_int_equal(stats.events_accepted, 0);
    assert_int_equal(stats.deliveries_delivered, 0);
    assert_int_equal(stats.attempts_failed, 0);
    assert_int_equal(stats.events_live, 3);
    assert_int_equal(stats.deliveries_pending, 3);
    assert_int_equal(stats.deliveries_waiting, 3);
    assert_int_equal(stats.merchants, 1);
    assert_int_equal(stats.endpoints, 1);
    assert_int_equal(stats.lsn, world.watch.lsn_last);
    world_fini(&world);
    world_fini(&after);
}

static void test_events_without_a_plan_are_counted_and_wait_for_the_policies(void **state)
{
    (void)state;
    struct world world, after;
    (void)world_policy_shop(&world, HK_HOOKS_PLANNING, NULL);
    for (int i = 0; i < 3; i++)
        (void)world_policy_event(&world);
    world_policy_failed(&world, 0, HK_POLICY_ERROR);
    world_settle(&world);
    world_init_from(&after, &world, NULL, 0, UINT64_MAX);
    struct hk_stats stats = world_stats(&after);
    assert_int_equal(stats.events_planning, 3);
    assert_int_equal(stats.events_held + stats.policy_runs + stats.policy_calls, 0);
    assert_int_equal(after.watch.lsn_last, world.watch.lsn_last); /* Nothing is decided yet. */
    after.policy_runs.hand = policy_hand_plan_all;
    world_policy_p(&after, 1, HK_HOOKS_PLANNING);
    world_end_all(&after, 200);
    assert_int_equal(after.policy_runs.total, 3);
    assert_world_idle(&after);
    world_fini(&world);
    world_fini(&after);
}

static void test_a_policy_that_went_while_hookd_was_down_is_not_waited_for(void **state)
{
    (void)state;
    struct world world, after;
    (void)world_policy_shop(&world, HK_HOOKS_PLANNING, NULL);
    struct hk_uuid named = world_policy_event(&world);
    world_init_from(&after, &world, NULL, 0, UINT64_MAX);
    const struct policy_line line = { "default", 1, HK_HOOKS_PLANNING, NULL };
    world_policies(&after, &line, 1);
    world_settle(&after);
    assert_int_equal(world_look(&after, &named)->state, HK_EVENT_HELD); /* It names it. */
    world_merchant_policy(&after, 9, NULL);
    assert_int_equal(after.policy_runs.count, 1);
    assert_string_equal(after.policy_runs.items[0].policy, "default");
    world_policies(&after, NULL, 0);
    world_policy_failed(&after, 0, HK_POLICY_UNAVAILABLE);
    world_end_all(&after, 200);
    assert_int_equal(world_look(&after, &named)->state, HK_EVENT_FINISHED);
    assert_world_idle(&after);
    world_fini(&world);
    world_fini(&after);
}

/* A torn tail: the log has seen more than it could replay, and lsns are never used again. */
static void test_lsns_go_on_after_the_highest_that_was_seen(void **state)
{
    (void)state;
    struct hk_engine_setup setup = { .options = world_options() };
    struct hk_engine *engine = hk_engine_new(&setup);
    struct hk_commands commands = { 0 };
    const struct hk_now now = { { 1000 }, { 1000 } };
    hk_engine_start(engine, 77, now, &commands);
    struct hk_fact fact = { HK_FACT_REQUEST,
                            .request = hk_request_new(HK_REQUEST_MERCHANT_CREATE, 1) };
    commands.count = 0;
    assert_int_equal(hk_engine_step(engine, &fact, 1, now, &commands), 1);
    assert_int_equal(commands.items[0].kind, HK_COMMAND_APPEND);
    assert_int_equal(commands.items[0].append.lsn, 78);
    hk_commands_fini(&commands);
    hk_engine_free(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_event_without_a_plan_is_planned_at_the_start),
        cmocka_unit_test(test_an_event_without_a_plan_whose_body_is_lost_goes_to_every_endpoint),
        cmocka_unit_test(test_a_merchant_deleted_before_the_late_plan_drops_the_event),
        cmocka_unit_test(test_an_attempt_that_was_cut_short_counts_as_unknown),
        cmocka_unit_test(test_crash_after_crash_spends_the_attempts),
        cmocka_unit_test(test_an_attempt_cut_short_of_a_deleted_endpoint_is_dropped),
        cmocka_unit_test(test_waits_go_on_whatever_the_clock_did),
        cmocka_unit_test(test_delivery_threads_are_told_of_every_endpoint),
        cmocka_unit_test(test_counters_begin_anew_and_gauges_tell_what_is),
        cmocka_unit_test(test_events_without_a_plan_are_counted_and_wait_for_the_policies),
        cmocka_unit_test(test_a_policy_that_went_while_hookd_was_down_is_not_waited_for),
        cmocka_unit_test(test_lsns_go_on_after_the_highest_that_was_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
