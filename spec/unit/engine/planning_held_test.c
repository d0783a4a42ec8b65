// SPDX-License-Identifier: Apache-2.0
/* Events whose policy failed: held, tried again, or planned without it. */
#include "base/alloc.h"
#include "engine/planning.h"
#include "support_cmocka.h"
#include "support_world.h"

#define ALL HK_HOOKS_PLANNING

static enum hk_event_state state_of(struct world *world, const struct hk_uuid *id)
{
    return world_look(world, id)->state;
}

static void test_what_a_deleted_merchant_held_is_dropped(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    world.policy_runs.hand = policy_hand_fail;
    struct hk_uuid id = world_policy_event(&world);
    assert_int_equal(state_of(&world, &id), HK_EVENT_HELD);
    world_merchant_delete(&world, 9);
    assert_int_equal(world_look(&world, &id)->reason, HK_REASON_MERCHANT_DELETED);
    assert_world_idle(&world);
    world_fini(&world);
}

static int64_t due_in_ms(const struct world *world)
{
    return (hk_engine_due(world->engine).ns - world->now.mono.ns) / HK_NS_PER_MS;
}

static void test_a_failed_run_holds_the_event_and_the_waits_double(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    struct hk_uuid id = world_policy_event(&world);
    int64_t wait_ms = HK_HELD_MS_MIN;
    for (uint32_t i = 1; i <= 12; i++) {
        assert_int_equal(world.policy_runs.total, i);
        world_policy_failed(&world, 0, HK_POLICY_ERROR);
        world_settle(&world);
        const struct hk_event *event = world_look(&world, &id);
        assert_int_equal(event->state, HK_EVENT_HELD);
        assert_string_equal(event->policy, "p");
        assert_true(
            hk_slice_is_equal(hk_body_text(event->error), HK_SLICE("p.lua:1: it is error")));
        assert_int_equal(world_stats(&world).events_held, 1);
        assert_int_equal(world_stats(&world).events_planning, 0);
        assert_in_range(due_in_ms(&world), wait_ms * 4 / 5 - 1, wait_ms);
        wait_ms = wait_ms * 2 < HK_HELD_MS_MAX ? wait_ms * 2 : HK_HELD_MS_MAX;
        assert_true(world_leap(&world));
    }
    world_planned(&world, 0, NULL);
    world_end_all(&world, 200);
    assert_int_equal(state_of(&world, &id), HK_EVENT_FINISHED);
    assert_null(world_look(&world, &id)->error);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_what_waits_for_a_worker_is_tried_again_soon(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    (void)world_policy_event(&world);
    world_policy_failed(&world, 0, HK_POLICY_UNAVAILABLE);
    world_settle(&world);
    assert_in_range(due_in_ms(&world), 799, 1000);
    world_fini(&world);
}

static void test_a_held_event_is_asked_again_after_a_restart(void **state)
{
    (void)state;
    struct world world, after;
    (void)world_policy_shop(&world, ALL, NULL);
    struct hk_uuid id = world_policy_event(&world);
    world_policy_failed(&world, 0, HK_POLICY_ERROR);
    world_settle(&world);
    world_policy_restart(&after, &world, ALL);
    assert_same_worlds(&world, &after);
    assert_int_equal(after.policy_runs.count, 1);
    world_planned(&after, 0, NULL);
    world_end_all(&after, 200);
    assert_int_equal(state_of(&after, &id), HK_EVENT_FINISHED);
    assert_world_idle(&after);
    world_fini(&after);
    world_fini(&world);
}

/* The row of a held event names the policy that was asked; the plan, none. */
static void test_who_was_asked_in_vain_is_forgotten_with_the_plan(void **state)
{
    (void)state;
    struct world world, after;
    (void)world_policy_shop(&world, ALL, NULL);
    struct hk_uuid id = world_policy_event(&world);
    world_policy_failed(&world, 0, HK_POLICY_ERROR);
    world_settle(&world);
    world_snapshot(&world);
    world_merchant_policy(&world, 9, NULL); /* Not asked any more. */
    world_end_all(&world, 200);
    assert_null(world_look(&world, &id)->policy);
    assert_world_idle(&world);
    world_init_from(&after, &world, &world.rows, world.snapshot_end.begin_lsn,
                    world.watch.lsn_last);
    world_policy_p(&after, 1, ALL);
    world_settle(&after);
    assert_null(world_look(&after, &id)->policy);
    assert_world_idle(&after);
    world_fini(&after);
    world_fini(&world);
}

static void test_a_row_of_a_held_event_and_its_later_plan_are_one(void **state)
{
    (void)state;
    struct world world, after;
    (void)world_policy_shop(&world, ALL, NULL);
    struct hk_uuid id = world_policy_event(&world);
    world_policy_failed(&world, 0, HK_POLICY_ERROR);
    world_settle(&world);
    world_snapshot(&world);
    world_policy_p(&world, 2, ALL);
    world_settle(&world);
    world_planned(&world, 0, NULL);
    world_end_all(&world, 200);
    world_init_from(&after, &world, &world.rows, world.snapshot_end.begin_lsn,
                    world.watch.lsn_last);
    world_policy_p(&after, 2, ALL);
    world_settle(&after);
    assert_int_equal(world_look(&after, &id)->generation, 2);
    assert_world_idle(&after);
    world_fini(&after);
    world_fini(&world);
}

static void fail_over_to_default(struct world *world, bool is_cold)
{
    struct hk_engine_options options = world_options();
    options.body_cache_bytes_max = is_cold ? 0 : 1 << 20;
    (void)world_policy_shop(world, ALL, &options);
    const struct policy_line line = { "p", 1, ALL, NULL };
    world_policies_default(world, &line, 1);
    (void)world_policy_event(world);
    world_policy_failed(world, 0, HK_POLICY_TIME);
    world_settle(world);
    assert_int_equal(world->run_count, 2);
    const struct hk_plan *plan = world_last_plan(world);
    assert_true(hk_slice_is_equal(plan->policy, HK_SLICE("p")));
    assert_true(hk_slice_is_equal(plan->error, HK_SLICE("p.lua:1: it is time")));
    world_end_all(world, 200);
    assert_world_idle(world);
    world_fini(world);
}

static void test_on_error_default_plans_without_the_policy_and_says_why(void **state)
{
    (void)state;
    struct world world;
    fail_over_to_default(&world, false);
}

static void test_on_error_default_reads_a_cold_body_back(void **state)
{
    (void)state;
    struct world world;
    fail_over_to_default(&world, true);
}

static void test_a_changed_policy_plans_what_is_held(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    world.policy_runs.hand = policy_hand_fail;
    for (int i = 0; i < 300; i++)
        (void)world_accept(&world, 9);
    world_settle(&world);
    assert_int_equal(world_stats(&world).events_held, 300);
    world.policy_runs.hand = policy_hand_plan_all;
    uint32_t total = world.policy_runs.total;
    world_policy_p(&world, 1, ALL); /* Another set, the same script. */
    world_settle(&world);
    assert_int_equal(world.policy_runs.total, total);
    world_policy_p(&world, 2, ALL);
    world_settle(&world);
    assert_int_equal(world_stats(&world).events_held, 0);
    assert_int_equal(world.policy_runs.total, total + 300);
    assert_int_equal(world_last_plan(&world)->generation, 2);
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

/* Another set with the same script as before; tells how often it was asked then. */
static uint32_t asked_by_same(struct world *world, enum hk_policy_on_error on_error,
                              bool tables_changed)
{
    const struct policy_line line = { .name = "p", .generation = 1, .hooks = ALL };
    struct hk_policy_set *set = policy_set_new(&line, 1, on_error);
    uint32_t total = world->policy_runs.total;
    set->tables_changed = tables_changed;
    world_push(world, HK_FACT_POLICIES)->policies = set;
    world_settle(world);
    return world->policy_runs.total - total;
}

static void test_changed_tables_and_a_policy_that_comes_back_plan_what_is_held(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    world.policy_runs.hand = policy_hand_fail;
    (void)world_policy_event(&world);
    world_settle(&world);
    assert_int_equal(asked_by_same(&world, HK_POLICY_HOLD, false), 0);
    assert_int_equal(asked_by_same(&world, HK_POLICY_HOLD, true), 1);
    assert_int_equal(asked_by_same(&world, HK_POLICY_HOLD, false), 0);
    world_policies(&world, NULL, 0);
    world_settle(&world);
    assert_int_equal(world_stats(&world).events_held, 1);
    assert_int_equal(asked_by_same(&world, HK_POLICY_HOLD, false), 1);
    assert_int_equal(world_stats(&world).events_held, 1);
    assert_int_equal(asked_by_same(&world, HK_POLICY_DEFAULT, false), 1);
    assert_int_equal(world_stats(&world).events_held, 0);
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

static uint64_t retry(struct world *world, const char *policy)
{
    struct hk_request *request = world_request(world, HK_REQUEST_POLICY_RETRY);
    request->name = hk_strdup_or_die(policy);
    const struct hk_reply *reply = world_answer(world, request);
    assert_int_equal(reply->code, 0);
    return reply->total;
}

static void test_an_operator_has_held_events_planned_again(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    world.policy_runs.hand = policy_hand_fail;
    (void)world_policy_event(&world);
    (void)world_policy_event(&world);
    world.policy_runs.hand = policy_hand_plan_all;
    assert_int_equal(retry(&world, "p"), 2);
    world_end_all(&world, 200);
    assert_int_equal(retry(&world, "p"), 0);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_a_held_event_that_expires_is_dropped_in_time(void **state)
{
    (void)state;
    struct world world, after;
    (void)world_policy_shop(&world, ALL, NULL);
    world.policy_runs.hand = policy_hand_fail;
    uint32_t place = world_accept(&world, 9);
    world_accept_fact(&world)->deliver_before.ms = world.now.wall.ms + 10000;
    world_settle(&world);
    struct hk_uuid id = world.accepts[place].id;
    assert_int_equal(state_of(&world, &id), HK_EVENT_HELD);
    assert_true(world_leap(&world));
    assert_in_range(due_in_ms(&world), 0, INT64_MAX);
    const struct hk_event *event = world_look(&world, &id);
    assert_int_equal(event->state, HK_EVENT_DROPPED);
    assert_int_equal(event->reason, HK_REASON_EXPIRED);
    assert_int_equal(world.now.wall.ms, hk_uuid_wall(&id).ms + 10000);
    assert_world_idle(&world);
    world_policy_restart(&after, &world, ALL);
    assert_same_worlds(&world, &after);
    world_fini(&after);
    world_fini(&world);
}

static void test_an_event_that_expires_while_its_run_is_out_and_fails_is_dropped(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    uint32_t place = world_accept(&world, 9);
    world_accept_fact(&world)->deliver_before.ms = world.now.wall.ms + 10000;
    world_settle(&world);
    world_advance(&world, 20000);
    world_policy_failed(&world, 0, HK_POLICY_ERROR);
    world_settle(&world);
    assert_int_equal(world_look(&world, &world.accepts[place].id)->reason, HK_REASON_EXPIRED);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_a_wall_clock_that_steps_back_asks_a_held_event_again(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    world.policy_runs.hand = policy_hand_fail;
    (void)world_accept(&world, 9);
    world_accept_fact(&world)->deliver_before.ms = world.now.wall.ms + 10000;
    world_settle(&world);
    world.now.wall.ms -= 3600000;
    for (int i = 0; i < 5; i++)
        assert_true(world_leap(&world));
    assert_int_equal(world_stats(&world).events_held, 1);
    assert_int_equal(world.policy_runs.total, 6); /* Not in a loop. */
    world_fini(&world);
}

static void test_an_event_that_expired_before_its_turn_is_not_asked_about(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    uint32_t place = world_accept(&world, 9);
    world_accept_fact(&world)->deliver_before.ms = world.now.wall.ms - 1;
    world_settle(&world);
    assert_int_equal(world.policy_runs.total, 0);
    assert_int_equal(world_look(&world, &world.accepts[place].id)->reason, HK_REASON_EXPIRED);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_events_wait_in_vain_for_hooks_that_are_gone(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    struct hk_uuid id = world_policy_event(&world);
    world_policy_failed(&world, 0, HK_POLICY_ERROR);
    world_settle(&world);
    world_policy_p(&world, 2, 0);
    world_settle(&world);
    assert_int_equal(world.run_count, 2);
    assert_null(world_look(&world, &id)->policy);
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_deleted_merchant_held_is_dropped),
        cmocka_unit_test(test_a_failed_run_holds_the_event_and_the_waits_double),
        cmocka_unit_test(test_what_waits_for_a_worker_is_tried_again_soon),
        cmocka_unit_test(test_a_held_event_is_asked_again_after_a_restart),
        cmocka_unit_test(test_who_was_asked_in_vain_is_forgotten_with_the_plan),
        cmocka_unit_test(test_a_row_of_a_held_event_and_its_later_plan_are_one),
        cmocka_unit_test(test_on_error_default_plans_without_the_policy_and_says_why),
        cmocka_unit_test(test_on_error_default_reads_a_cold_body_back),
        cmocka_unit_test(test_a_changed_policy_plans_what_is_held),
        cmocka_unit_test(test_changed_tables_and_a_policy_that_comes_back_plan_what_is_held),
        cmocka_unit_test(test_an_operator_has_held_events_planned_again),
        cmocka_unit_test(test_a_held_event_that_expires_is_dropped_in_time),
        cmocka_unit_test(test_an_event_that_expires_while_its_run_is_out_and_fails_is_dropped),
        cmocka_unit_test(test_a_wall_clock_that_steps_back_asks_a_held_event_again),
        cmocka_unit_test(test_an_event_that_expired_before_its_turn_is_not_asked_about),
        cmocka_unit_test(test_events_wait_in_vain_for_hooks_that_are_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
