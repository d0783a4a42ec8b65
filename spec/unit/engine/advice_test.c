// SPDX-License-Identifier: Apache-2.0
#include "engine/advice.h"

#include "base/alloc.h"
#include "support_cmocka.h"
#include "support_world.h"

#define PATIENCE_MS 5000
#define RETRY HK_HOOK_RETRY

/* Merchant 9 with one endpoint (10 s, 60 s), a policy with a `retry` hook, and an attempt that
 * runs. */
static struct hk_uuid failing(struct world *world, uint32_t hooks)
{
    world_init(world, NULL);
    world_policy_p(world, 1, hooks);
    world_merchant(world, 9);
    world_merchant_policy(world, 9, "p");
    (void)world_endpoint(world, 9, NULL);
    return world_policy_event(world);
}

static void fail_attempt(struct world *world)
{
    struct hk_outcome outcome = world_outcome(world, 503);
    outcome.headers = hk_body_new(HK_SLICE_EMPTY, HK_SLICE("x-load: high\n"));
    outcome.timings.total_us = 250000;
    world_end(world, 0, outcome);
    world_settle(world);
}

static struct hk_uuid asked(struct world *world)
{
    struct hk_uuid id = failing(world, RETRY);
    fail_attempt(world);
    assert_int_equal(world->policy_runs.count, 1);
    return id;
}

static int64_t due_in_ms(const struct world *world)
{
    return (hk_engine_due(world->engine).ns - world->now.mono.ns) / HK_NS_PER_MS;
}

static const struct watch_delivery *delivery_of(const struct world *world, struct hk_uuid id)
{
    return &watch_event_find(&world->watch, &id)->deliveries[0];
}

static void test_a_hook_is_asked_about_what_failed(void **state)
{
    (void)state;
    struct world world;
    struct hk_uuid id = asked(&world);
    const struct policy_run *run = &world.policy_runs.items[0];
    assert_int_equal(run->phase, HK_PHASE_RETRY);
    assert_string_equal(run->policy, "p");
    assert_int_equal(run->generation, 1);
    assert_int_equal(run->merchant_id, 9);
    assert_memory_equal(&run->event, &id, sizeof(id));
    assert_int_equal(run->shown_count, 1);
    assert_string_equal(run->shown_url, "https://shop.example/1");
    assert_int_equal(run->attempt.delivery, 1);
    assert_int_equal(run->attempt.attempt, 1);
    assert_int_equal(run->attempt.class, HK_OUTCOME_STATUS);
    assert_int_equal(run->attempt.status, 503);
    assert_int_equal(run->attempt.total_ms, 250);
    assert_int_equal(run->attempt.first_attempt_at.ms, world.now.wall.ms - 1);
    assert_string_equal(run->event_type, "order.paid");
    assert_string_equal(run->headers, "x-load: high\n");
    world_fini(&world);
}

static void test_nil_leaves_the_schedule(void **state)
{
    (void)state;
    struct world world;
    struct hk_uuid id = asked(&world);
    assert_in_range(due_in_ms(&world), 7999, 12001);
    uint32_t records = world.log.count;
    world_decided(&world, 0, HK_RETRY_BY_SCHEDULE, 0);
    world_settle(&world);
    assert_int_equal(world.log.count, records);
    assert_in_range(due_in_ms(&world), 7999, 12001);
    assert_true(world_leap(&world));
    assert_int_equal(delivery_of(&world, id)->attempts, 2);
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_a_delay_is_written_down_and_obeyed_also_after_a_restart(void **state)
{
    (void)state;
    struct world world, after;
    struct hk_uuid id = asked(&world);
    world_advance(&world, 300);
    world_decided(&world, 0, HK_RETRY_AFTER_DELAY, 86400000);
    world_settle(&world);
    assert_int_equal(world.log.items[world.log.count - 1]->record.type, HK_RECORD_WAIT);
    assert_int_equal(due_in_ms(&world), 86400000);
    world_policy_restart(&after, &world, RETRY);
    assert_in_range(due_in_ms(&after), 86400000 - 1, 86400000);
    assert_same_worlds(&world, &after);
    assert_true(world_leap(&after));
    assert_int_equal(delivery_of(&after, id)->attempts, 2);
    world_end_all(&after, 200);
    assert_world_idle(&after);
    world_fini(&after);
    world_fini(&world);
}

static void test_a_wait_survives_in_a_snapshot(void **state)
{
    (void)state;
    struct world world, after;
    (void)asked(&world);
    world_advance(&world, 300);
    world_decided(&world, 0, HK_RETRY_AFTER_DELAY, 3600000);
    world_settle(&world);
    world_snapshot(&world);
    for (uint64_t lsn = 0; lsn <= world.snapshot_end.begin_lsn;
         lsn += world.snapshot_end.begin_lsn) {
        world_init_from(&after, &world, &world.rows, lsn, world.watch.lsn_last);
        world_policy_p(&after, 1, RETRY);
        world_settle(&after);
        assert_in_range(due_in_ms(&after), 3600000 - 1, 3600000);
        world_fini(&after);
    }
    world_fini(&world);
}

static void test_no_delay_starts_at_once(void **state)
{
    (void)state;
    struct world world;
    struct hk_uuid id = asked(&world);
    world_decided(&world, 0, HK_RETRY_AFTER_DELAY, 0);
    world_settle(&world);
    assert_int_equal(delivery_of(&world, id)->attempts, 2);
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

static void assert_given_up(struct world *world, struct hk_uuid id)
{
    struct world after;
    assert_int_equal(delivery_of(world, id)->state, HK_DELIVERY_DEAD);
    assert_int_equal(delivery_of(world, id)->reason, HK_REASON_GAVE_UP);
    assert_int_equal(world_look(world, &id)->state, HK_EVENT_FINISHED);
    assert_world_idle(world);
    world_policy_restart(&after, world, RETRY);
    assert_same_worlds(world, &after);
    world_fini(&after);
}

static void test_give_up_ends_the_delivery(void **state)
{
    (void)state;
    struct world world;
    struct hk_uuid id = asked(&world);
    world_decided(&world, 0, HK_RETRY_GIVE_UP, 0);
    world_settle(&world);
    assert_given_up(&world, id);
    assert_true(world.watch.endpoints[0].is_enabled);
    world_fini(&world);
}

static void test_disable_ends_it_and_switches_the_endpoint_off(void **state)
{
    (void)state;
    struct world world;
    struct hk_uuid id = asked(&world);
    world_decided(&world, 0, HK_RETRY_DISABLE, 0);
    world_settle(&world);
    assert_given_up(&world, id);
    assert_false(world.watch.endpoints[0].is_enabled);
    world_fini(&world);
}

static void test_a_failing_hook_counts_as_nil(void **state)
{
    (void)state;
    struct world world;
    struct hk_uuid id = asked(&world);
    world_policy_failed(&world, 0, HK_POLICY_RETURN);
    world_settle(&world);
    assert_in_range(due_in_ms(&world), 7999, 12001);
    assert_int_equal(world_stats(&world).policy_errors, 1);
    assert_true(world_leap(&world));
    assert_int_equal(delivery_of(&world, id)->attempts, 2);
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

/* A schedule that is shorter than any hook may take. */
static struct hk_uuid asked_at_once(struct world *world)
{
    struct hk_endpoint_patch change = { .fields = HK_ENDPOINT_SCHEDULE };
    change.value.schedule = (struct hk_schedule){ .kind = HK_SCHEDULE_OWN, .count = 1 };
    change.value.schedule.delays_ms[0] = 1;
    world_init(world, NULL);
    world_policy_p(world, 1, RETRY);
    world_merchant(world, 9);
    world_merchant_policy(world, 9, "p");
    (void)world_endpoint(world, 9, &change);
    struct hk_uuid id = world_policy_event(world);
    fail_attempt(world);
    assert_int_equal(world->policy_runs.count, 1);
    return id;
}

static void test_a_short_wait_is_kept_from_ending_while_the_hook_is_asked(void **state)
{
    (void)state;
    struct world world;
    struct hk_uuid id = asked_at_once(&world);
    assert_int_equal(due_in_ms(&world), PATIENCE_MS);
    world_advance(&world, 100);
    world_decided(&world, 0, HK_RETRY_GIVE_UP, 0);
    world_settle(&world);
    assert_given_up(&world, id);
    world_fini(&world);
}

static void test_nil_after_the_schedules_wait_starts_at_once(void **state)
{
    (void)state;
    struct world world;
    struct hk_uuid id = asked_at_once(&world);
    world_advance(&world, 100);
    world_decided(&world, 0, HK_RETRY_BY_SCHEDULE, 0);
    world_settle(&world);
    assert_int_equal(delivery_of(&world, id)->attempts, 2);
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_patience_ends_and_a_late_answer_changes_nothing(void **state)
{
    (void)state;
    struct world world;
    struct hk_uuid id = asked_at_once(&world);
    assert_true(world_leap(&world));
    assert_int_equal(delivery_of(&world, id)->attempts, 2);
    world_decided(&world, 0, HK_RETRY_GIVE_UP, 0); /* It runs. */
    world_settle(&world);
    assert_int_equal(world.run_count, 1);
    fail_attempt(&world); /* Asked again, about the second attempt. */
    assert_int_equal(world.policy_runs.items[0].attempt.attempt, 2);
    world_decided(&world, 0, HK_RETRY_GIVE_UP, 0);
    world_settle(&world);
    assert_given_up(&world, id);
    world_fini(&world);
}

static void test_an_answer_about_an_attempt_before_the_last_changes_nothing(void **state)
{
    (void)state;
    struct world world;
    struct hk_uuid id = asked_at_once(&world);
    assert_true(world_leap(&world));
    fail_attempt(&world);
    assert_int_equal(world.policy_runs.count, 2);
    world_decided(&world, 0, HK_RETRY_GIVE_UP, 0); /* Of the first. */
    world_settle(&world);
    assert_int_equal(delivery_of(&world, id)->state, HK_DELIVERY_WAITING);
    world_decided(&world, 0, HK_RETRY_BY_SCHEDULE, 0);
    world_settle(&world);
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_nobody_is_asked_about_what_does_not_wait(void **state)
{
    (void)state;
    struct world world;
    (void)failing(&world, RETRY);
    world_end(&world, 0, world_outcome(&world, 200));
    (void)world_policy_event(&world);
    for (int i = 0; i < 3; i++) {
        fail_attempt(&world);
        while (world.policy_runs.count > 0)
            world_decided(&world, 0, HK_RETRY_AFTER_DELAY, 0);
        world_settle(&world);
    }
    assert_int_equal(world.policy_runs.total, 2); /* The third was the last. */
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_nobody_asks_a_policy_without_the_hook(void **state)
{
    (void)state;
    struct world world;
    (void)failing(&world, 0);
    fail_attempt(&world);
    assert_int_equal(world.policy_runs.total, 0);
    world_fini(&world);
}

static void test_an_audit_delivery_keeps_its_schedule(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, NULL);
    world_policy_p(&world, 1, RETRY);
    world_merchant(&world, 9);
    world_merchant_policy(&world, 9, "p");
    struct hk_endpoint_patch change = { HK_ENDPOINT_ROLE, { .role = HK_ROLE_AUDIT } };
    (void)world_endpoint(&world, 9, &change);
    (void)world_policy_event(&world);
    fail_attempt(&world);
    assert_int_equal(world.policy_runs.total, 0);
    world_fini(&world);
}

static void test_a_deleted_endpoint_forgets_what_was_asked(void **state)
{
    (void)state;
    struct world world;
    struct hk_uuid id = asked(&world);
    world_endpoint_delete(&world, 9, world.watch.endpoints[0].uuid);
    world_decided(&world, 0, HK_RETRY_AFTER_DELAY, 5);
    world_settle(&world);
    assert_int_equal(world_look(&world, &id)->deliveries[0].reason, HK_REASON_ENDPOINT_DELETED);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_a_merchant_may_leave_with_its_run_out(void **state)
{
    (void)state;
    struct world world;
    (void)asked(&world);
    world_merchant_delete(&world, 9);
    world_advance(&world, 1000);
    world_step(&world);
    world_settle(&world);
    assert_int_equal(world_stats(&world).events_live, 0);
    world_merchant(&world, 10); /* Takes its place. */
    world_decided(&world, 0, HK_RETRY_GIVE_UP, 0);
    world_settle(&world);
    assert_world_idle(&world);
    world_fini(&world);
}

/* It goes out when the step has taken all facts. */
static void test_a_run_says_what_is_when_it_goes_out(void **state)
{
    (void)state;
    struct world world;
    (void)failing(&world, RETRY);
    world_end(&world, 0, world_outcome(&world, 500));
    struct hk_request *request = world_request(&world, HK_REQUEST_MERCHANT_UPDATE);
    request->merchant_id = 9;
    request->merchant.fields = HK_MERCHANT_NAME;
    request->merchant.value.name = hk_strdup_or_die("Another");
    (void)world_ask(&world, request);
    request = world_request(&world, HK_REQUEST_ENDPOINT_UPDATE);
    request->merchant_id = 9;
    request->uuid = world.watch.endpoints[0].uuid;
    request->endpoint.fields = HK_ENDPOINT_URL;
    request->endpoint.value.url = hk_strdup_or_die("https://shop.example/other");
    request->endpoint.value.url_normal = hk_strdup_or_die("https://shop.example/other");
    (void)world_ask(&world, request);
    world_step(&world);
    assert_int_equal(world.policy_runs.count, 1);
    assert_string_equal(world.policy_runs.items[0].merchant_name, "Another");
    assert_string_equal(world.policy_runs.items[0].shown_url, "https://shop.example/other");
    world_fini(&world);
}

/* With the window full of retries, an event waits; the answer sets it free. */
static void test_a_retry_that_comes_back_lets_an_event_be_planned(void **state)
{
    (void)state;
    struct world world;
    (void)failing(&world, RETRY | HK_HOOKS_PLANNING);
    world.policy_runs.cost.cpu_us = 100000;
    world_planned(&world, 0, NULL);
    world_settle(&world);
    fail_attempt(&world);
    assert_int_equal(world.policy_runs.count, 1);
    (void)world_policy_event(&world);
    assert_int_equal(world.policy_runs.count, 1); /* Dear: one at a time. */
    world_decided(&world, 0, HK_RETRY_GIVE_UP, 0);
    world_settle(&world);
    assert_int_equal(world.policy_runs.count, 1);
    assert_int_equal(world.policy_runs.items[0].phase, HK_PHASE_PLAN);
    world_planned(&world, 0, NULL);
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

/* Sixteen attempts of a merchant fail at once, and its hook is dear. */
static void sixteen_fail(struct world *world)
{
    (void)failing(world, RETRY | HK_HOOKS_PLANNING);
    world->policy_runs.cost.cpu_us = 100000;
    world_planned(world, 0, NULL);
    for (int i = 1; i < 16; i++) {
        (void)world_policy_event(world);
        world_planned(world, 0, NULL);
        world_settle(world);
    }
    assert_int_equal(world->run_count, 16);
    while (world->run_count > 0)
        world_end(world, 0, world_outcome(world, 503));
    world_settle(world);
}

static void test_dear_questions_go_out_one_by_one_and_in_turn_with_events(void **state)
{
    (void)state;
    struct world world;
    sixteen_fail(&world);
    (void)world_policy_event(&world);
    (void)world_policy_event(&world);
    uint32_t plan_count = 0;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(world.policy_runs.count, 1);
        plan_count += world.policy_runs.items[0].phase == HK_PHASE_PLAN;
        policy_hand_plan_all(&world, 0);
        world_settle(&world);
    }
    assert_int_equal(plan_count, 2);
    world.policy_runs.hand = policy_hand_plan_all;
    policy_hand_plan_all(&world, 0);
    world_end_all(&world, 200);
    while (world_leap(&world))
        world_end_all(&world, 200);
    assert_int_equal(world.policy_runs.total, 18 + 16);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_an_answer_to_a_question_that_waits_is_none(void **state)
{
    (void)state;
    struct world world;
    sixteen_fail(&world);
    struct hk_fact_retry_decided decided = { .verdict = HK_RETRY_GIVE_UP };
    for (uint64_t slot = 1; slot < 16; slot++) {
        decided.run = world.policy_runs.items[0].run + slot;
        world_push(&world, HK_FACT_RETRY_DECIDED)->retry_decided = decided;
    }
    world_settle(&world);
    assert_int_equal(world_stats(&world).deliveries_dead, 0);
    world.policy_runs.hand = policy_hand_plan_all;
    policy_hand_plan_all(&world, 0);
    world_settle(&world);
    assert_int_equal(world.policy_runs.total, 16 + 16);
    world_fini(&world);
}

static void test_more_questions_than_can_wait_are_left_to_the_schedule(void **state)
{
    (void)state;
    struct world world;
    struct hk_engine_options options = world_options();
    options.concurrency = options.endpoint_concurrency = 2000;
    world_init(&world, &options);
    world_policy_p(&world, 1, RETRY);
    world_merchant(&world, 9);
    world_merchant_policy(&world, 9, "p");
    (void)world_endpoint(&world, 9, NULL);
    for (int i = 0; i < 1200; i++)
        (void)world_accept(&world, 9);
    world_settle(&world);
    world.policy_runs.cost.cpu_us = 100000;
    while (world.run_count > 0)
        world_end(&world, world.run_count - 1, world_outcome(&world, 503));
    world_settle(&world);
    assert_int_equal(world.policy_runs.count, HK_POLICY_FIRST_RUNS);
    world.policy_runs.hand = policy_hand_plan_all;
    policy_hand_plan_all(&world, 0);
    world_settle(&world);
    assert_in_range(world.policy_runs.total, 1024, 1100);
    world_fini(&world);
}

static void test_questions_whose_patience_ended_are_not_asked(void **state)
{
    (void)state;
    struct world world;
    sixteen_fail(&world);
    assert_int_equal(world.policy_runs.total, 16 + 1);
    for (int i = 0; i < 16 && world.run_count < 16; i++)
        assert_true(world_leap(&world)); /* The schedule's 10 s. */
    policy_hand_plan_all(&world, 0);
    world_settle(&world);
    assert_int_equal(world.policy_runs.total, 16 + 1);
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_a_merchant_that_leaves_takes_its_questions_along(void **state)
{
    (void)state;
    struct world world;
    sixteen_fail(&world);
    world_merchant_delete(&world, 9);
    policy_hand_plan_all(&world, 0);
    world_settle(&world);
    assert_int_equal(world.policy_runs.total, 16 + 1);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_questions_that_wait_are_freed_with_the_engine(void **state)
{
    (void)state;
    struct world world;
    sixteen_fail(&world);
    world_fini(&world);
}

static void test_questions_to_a_hook_that_went_are_left_to_the_schedule(void **state)
{
    (void)state;
    struct world world;
    sixteen_fail(&world);
    world_policy_p(&world, 2, HK_HOOKS_PLANNING);
    policy_hand_plan_all(&world, 0);
    world_settle(&world);
    assert_int_equal(world.policy_runs.total, 16 + 1);
    assert_in_range(due_in_ms(&world), 7999, 12001);
    world_fini(&world);
}

static void test_kills_by_the_hook_suspend_it(void **state)
{
    (void)state;
    struct world world;
    (void)failing(&world, RETRY);
    for (int i = 0; i < 3; i++) {
        if (i > 0)
            (void)world_policy_event(&world);
        fail_attempt(&world);
        assert_int_equal(world.policy_runs.count, 1);
        world_policy_failed(&world, 0, HK_POLICY_KILLED);
        world_settle(&world);
    }
    world_policy_p(&world, 1, RETRY); /* The same text does not resume it. */
    world_settle(&world);
    (void)world_policy_event(&world);
    assert_int_equal(world.run_count, 1); /* What needs no plan of it goes on. */
    fail_attempt(&world);
    assert_int_equal(world.policy_runs.count, 0);
    world_fini(&world);
}

static void test_a_drain_asks_nobody_and_an_answer_after_it_is_kept(void **state)
{
    (void)state;
    struct world world, after;
    struct hk_uuid id = asked(&world);
    (void)world_push(&world, HK_FACT_DRAIN);
    world_settle(&world);
    assert_int_equal(world.drained_count, 1);
    world_decided(&world, 0, HK_RETRY_GIVE_UP, 0);
    world_settle(&world);
    world_policy_restart(&after, &world, RETRY);
    assert_int_equal(world_look(&after, &id)->deliveries[0].reason, HK_REASON_GAVE_UP);
    world_fini(&after);
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_hook_is_asked_about_what_failed),
        cmocka_unit_test(test_nil_leaves_the_schedule),
        cmocka_unit_test(test_a_delay_is_written_down_and_obeyed_also_after_a_restart),
        cmocka_unit_test(test_a_wait_survives_in_a_snapshot),
        cmocka_unit_test(test_no_delay_starts_at_once),
        cmocka_unit_test(test_give_up_ends_the_delivery),
        cmocka_unit_test(test_disable_ends_it_and_switches_the_endpoint_off),
        cmocka_unit_test(test_a_failing_hook_counts_as_nil),
        cmocka_unit_test(test_a_short_wait_is_kept_from_ending_while_the_hook_is_asked),
        cmocka_unit_test(test_nil_after_the_schedules_wait_starts_at_once),
        cmocka_unit_test(test_patience_ends_and_a_late_answer_changes_nothing),
        cmocka_unit_test(test_an_answer_about_an_attempt_before_the_last_changes_nothing),
        cmocka_unit_test(test_nobody_is_asked_about_what_does_not_wait),
        cmocka_unit_test(test_nobody_asks_a_policy_without_the_hook),
        cmocka_unit_test(test_an_audit_delivery_keeps_its_schedule),
        cmocka_unit_test(test_a_deleted_endpoint_forgets_what_was_asked),
        cmocka_unit_test(test_a_merchant_may_leave_with_its_run_out),
        cmocka_unit_test(test_a_run_says_what_is_when_it_goes_out),
        cmocka_unit_test(test_a_retry_that_comes_back_lets_an_event_be_planned),
        cmocka_unit_test(test_dear_questions_go_out_one_by_one_and_in_turn_with_events),
        cmocka_unit_test(test_an_answer_to_a_question_that_waits_is_none),
        cmocka_unit_test(test_more_questions_than_can_wait_are_left_to_the_schedule),
        cmocka_unit_test(test_questions_whose_patience_ended_are_not_asked),
        cmocka_unit_test(test_a_merchant_that_leaves_takes_its_questions_along),
        cmocka_unit_test(test_questions_that_wait_are_freed_with_the_engine),
        cmocka_unit_test(test_questions_to_a_hook_that_went_are_left_to_the_schedule),
        cmocka_unit_test(test_kills_by_the_hook_suspend_it),
        cmocka_unit_test(test_a_drain_asks_nobody_and_an_answer_after_it_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
