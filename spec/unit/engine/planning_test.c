// SPDX-License-Identifier: Apache-2.0
#include "engine/planning.h"

#include "base/alloc.h"
#include "support_cmocka.h"
#include "support_world.h"

#define ALL HK_HOOKS_PLANNING

static const struct policy_run *only_run(const struct world *world)
{
    assert_int_equal(world->policy_runs.count, 1);
    return &world->policy_runs.items[0];
}

static enum hk_event_state state_of(struct world *world, const struct hk_uuid *id)
{
    return world_look(world, id)->state;
}

/* A plan for one endpoint, with what is its own. */
static void plan_one(struct world *world, struct hk_uuid endpoint, struct hk_body *own_payload)
{
    struct hk_plan_delivery delivery = { .endpoint = endpoint, .own = own_payload };
    struct hk_plan plan = { .deliveries = &delivery, .delivery_count = 1, .hooks = ALL };
    world_planned(world, 0, &plan);
    hk_body_unref(own_payload);
    world_settle(world);
}

static void test_an_event_waits_for_its_policy_and_goes_where_that_says(void **state)
{
    (void)state;
    struct world world;
    struct policy_shop shop = world_policy_shop(&world, ALL, NULL);
    struct hk_uuid id = world_policy_event(&world);
    const struct policy_run *run = only_run(&world);
    assert_int_equal(run->phase, HK_PHASE_PLAN);
    assert_string_equal(run->policy, "p");
    assert_int_equal(run->generation, 1);
    assert_int_equal(run->merchant_id, 9);
    assert_string_equal(run->merchant_name, "Shop");
    assert_memory_equal(&run->event, &id, sizeof(id));
    assert_int_equal(run->shown_count, 2);
    assert_memory_equal(&run->shown[0], &shop.first, sizeof(shop.first));
    assert_true(hk_slice_is_equal(hk_body_text(run->body), HK_SLICE("{\"n\":1}")));
    assert_int_equal(state_of(&world, &id), HK_EVENT_PLANNING);
    assert_int_equal(world_stats(&world).events_planning, 1);
    assert_int_equal(world_stats(&world).policy_runs, 1);
    plan_one(&world, shop.second, NULL);
    assert_int_equal(world.run_count, 1);
    assert_memory_equal(&world.runs[0].endpoint, &shop.second, sizeof(shop.second));
    const struct hk_event *event = world_look(&world, &id);
    assert_string_equal(event->policy, "p");
    assert_int_equal(event->generation, 1);
    assert_int_equal(event->plan_location.lsn, watch_event_find(&world.watch, &id)->plan_lsn);
    assert_int_equal(world_last_plan(&world)->hooks, ALL);
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_what_a_policy_made_goes_out_and_again_after_a_restart(void **state)
{
    (void)state;
    struct world world, after;
    struct policy_shop shop = world_policy_shop(&world, ALL, NULL);
    struct hk_uuid id = world_policy_event(&world);
    plan_one(&world, shop.first, policy_payload("{\"m\":2}", "x-tier", "gold"));
    assert_int_equal(world.run_count, 1);
    assert_true(hk_slice_is_equal(hk_body_text(world.runs[0].own), HK_SLICE("{\"m\":2}")));
    assert_true(world_look(&world, &id)->deliveries[0].has_own);
    assert_int_equal(world.loaded_count, 0);
    world_policy_restart(&after, &world, ALL);
    world_leap(&after);
    assert_int_equal(after.policy_runs.total, 0); /* It is decided. */
    assert_int_equal(after.run_count, 1);
    assert_true(hk_slice_is_equal(hk_body_text(after.runs[0].own), HK_SLICE("{\"m\":2}")));
    assert_int_equal(after.loaded_count, 2); /* The body, and the plan. */
    world_end_all(&after, 200);
    assert_world_idle(&after);
    world_fini(&after);
    world_fini(&world);
}

static void test_payloads_that_the_cache_forgot_are_read_back(void **state)
{
    (void)state;
    struct world world;
    struct hk_engine_options options = world_options();
    options.body_cache_bytes_max = 0;
    struct policy_shop shop = world_policy_shop(&world, ALL, &options);
    (void)world_policy_event(&world);
    plan_one(&world, shop.first, policy_payload(NULL, "x-tier", "gold"));
    assert_int_equal(world.run_count, 1);
    assert_non_null(world.runs[0].own);
    assert_false(hk_payload_has_text(world.runs[0].own));
    assert_int_equal(world_stats(&world).body_cache_bytes, 0);
    world_end(&world, 0, world_outcome(&world, 500));
    world_settle(&world);
    world_leap(&world);
    assert_int_equal(world.run_count, 1);
    assert_int_equal(world.runs[0].attempt, 2);
    assert_non_null(world.runs[0].own);
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_a_plan_that_cannot_be_read_back_is_an_attempt_that_failed(void **state)
{
    (void)state;
    struct world world;
    struct hk_engine_options options = world_options();
    options.body_cache_bytes_max = 0;
    struct policy_shop shop = world_policy_shop(&world, ALL, &options);
    struct hk_uuid id = world_policy_event(&world);
    world.is_loading_slow = true;
    plan_one(&world, shop.first, policy_payload("{}", NULL, NULL));
    world_load(&world, 0); /* The body. */
    world_settle(&world);
    assert_int_equal(world.load_count, 1);
    assert_true(world.loads[0].is_plan);
    world.is_loading_broken = true;
    world_load(&world, 0);
    world_settle(&world);
    const struct watch_event *event = watch_event_find(&world.watch, &id);
    assert_int_equal(event->deliveries[0].state, HK_DELIVERY_WAITING);
    assert_int_equal(event->deliveries[0].attempts, 1);
    world.is_loading_slow = world.is_loading_broken = false;
    while (world_leap(&world))
        world_end_all(&world, 200);
    assert_int_equal(event->deliveries[0].state, HK_DELIVERY_DELIVERED);
    assert_world_idle(&world);
    world_fini(&world);
}

/* One is skipped, the other goes out. */
static void plan_skip(struct world *world, const struct policy_shop *shop)
{
    struct hk_plan_delivery deliveries[] = {
        { .endpoint = shop->first,
          .reason = HK_REASON_SKIPPED_BY_POLICY,
          .why = HK_SLICE("small") },
        { .endpoint = shop->second },
    };
    struct hk_plan plan = { .deliveries = deliveries, .delivery_count = 2 };
    world_planned(world, 0, &plan);
}

static void test_a_skipped_endpoint_gets_nothing_and_the_log_says_why(void **state)
{
    (void)state;
    struct world world, after;
    struct policy_shop shop = world_policy_shop(&world, ALL, NULL);
    struct hk_uuid id = world_policy_event(&world);
    plan_skip(&world, &shop);
    world_settle(&world);
    assert_int_equal(world.run_count, 1);
    assert_memory_equal(&world.runs[0].endpoint, &shop.second, sizeof(shop.second));
    const struct hk_event *event = world_look(&world, &id);
    assert_int_equal(event->deliveries[0].state, HK_DELIVERY_DROPPED);
    assert_int_equal(event->deliveries[0].reason, HK_REASON_SKIPPED_BY_POLICY);
    assert_true(hk_slice_is_equal(world_last_plan(&world)->deliveries[0].why, HK_SLICE("small")));
    world_end_all(&world, 200);
    assert_int_equal(state_of(&world, &id), HK_EVENT_FINISHED);
    assert_world_idle(&world);
    world_policy_restart(&after, &world, ALL);
    assert_same_worlds(&world, &after);
    world_fini(&after);
    world_fini(&world);
}

static void test_an_event_whose_every_endpoint_is_skipped_is_finished(void **state)
{
    (void)state;
    struct world world, after;
    struct policy_shop shop = world_policy_shop(&world, ALL, NULL);
    struct hk_uuid id = world_policy_event(&world);
    struct hk_plan_delivery skipped = { .endpoint = shop.first,
                                        .reason = HK_REASON_SKIPPED_BY_POLICY };
    struct hk_plan plan = { .deliveries = &skipped, .delivery_count = 1 };
    world_planned(&world, 0, &plan);
    world_settle(&world);
    assert_int_equal(state_of(&world, &id), HK_EVENT_FINISHED);
    assert_world_idle(&world);
    world_policy_restart(&after, &world, ALL);
    assert_same_worlds(&world, &after);
    world_fini(&after);
    world_fini(&world);
}

/* The row is taken when the plan is written but not yet on disk. */
static void test_a_snapshot_beside_a_plan_knows_what_is_skipped(void **state)
{
    (void)state;
    struct world world, after;
    struct policy_shop shop = world_policy_shop(&world, ALL, NULL);
    struct hk_uuid id = world_policy_event(&world);
    world.is_disk_slow = true;
    world_snapshot_begin(&world);
    plan_skip(&world, &shop);
    world_settle(&world);
    world_disk(&world, world.watch.lsn_last);
    world_settle(&world);
    assert_int_equal(world.snapshot_count, 1);
    world_init_from(&after, &world, &world.rows, world.snapshot_end.begin_lsn,
                    world.watch.lsn_last);
    world_policy_p(&after, 1, ALL);
    world_end_all(&after, 200);
    while (world_leap(&after))
        world_end_all(&after, 200);
    const struct hk_event *event = world_look(&after, &id);
    assert_int_equal(event->deliveries[0].reason, HK_REASON_SKIPPED_BY_POLICY);
    assert_int_equal(event->deliveries[0].attempt_count, 0);
    assert_int_equal(event->deliveries[1].state, HK_DELIVERY_DELIVERED);
    assert_world_idle(&after);
    world_fini(&after);
    world_fini(&world);
}

static struct hk_uuid role_endpoint(struct world *world, enum hk_role role)
{
    struct hk_endpoint_patch change = { HK_ENDPOINT_ROLE, { .role = role } };
    return world_endpoint(world, 9, &change);
}

static void test_a_filtered_event_is_dropped_but_an_audit_endpoint_gets_it(void **state)
{
    (void)state;
    struct world world, after;
    (void)world_policy_shop(&world, ALL, NULL);
    struct hk_uuid audit = role_endpoint(&world, HK_ROLE_AUDIT);
    (void)role_endpoint(&world, HK_ROLE_DEAD_LETTER);
    struct hk_uuid id = world_policy_event(&world);
    assert_int_equal(only_run(&world)->shown_count, 2);
    struct hk_plan plan = { .reason = HK_REASON_FILTERED, .why = HK_SLICE("a test order") };
    world_planned(&world, 0, &plan);
    world_settle(&world);
    assert_int_equal(world.run_count, 1);
    assert_memory_equal(&world.runs[0].endpoint, &audit, sizeof(audit));
    assert_null(world.runs[0].own);
    const struct hk_plan *written = world_last_plan(&world);
    assert_int_equal(written->reason, HK_REASON_FILTERED);
    assert_true(hk_slice_is_equal(written->why, HK_SLICE("a test order")));
    world_end_all(&world, 200);
    const struct hk_event *event = world_look(&world, &id);
    assert_int_equal(event->state, HK_EVENT_DROPPED);
    assert_int_equal(event->reason, HK_REASON_FILTERED);
    assert_world_idle(&world);
    world_policy_restart(&after, &world, ALL);
    assert_same_worlds(&world, &after);
    world_fini(&after);
    world_fini(&world);
}

static void test_a_policy_is_shown_who_may_get_the_event(void **state)
{
    (void)state;
    struct world world;
    struct policy_shop shop = world_policy_shop(&world, ALL, NULL);
    struct hk_endpoint_patch change = { HK_ENDPOINT_EVENTS, { .has_events = true } };
    hk_texts_add(&change.value.events, HK_SLICE("order.refunded"));
    (void)world_endpoint(&world, 9, &change);
    hk_texts_fini(&change.value.events);
    world_endpoint_enable(&world, 9, shop.first, false);
    (void)world_policy_event(&world);
    assert_int_equal(only_run(&world)->shown_count, 1);
    assert_memory_equal(&only_run(&world)->shown[0], &shop.second, sizeof(shop.second));
    world_fini(&world);
}

static void test_a_role_that_a_worker_makes_up_counts_for_nothing(void **state)
{
    (void)state;
    struct world world;
    struct policy_shop shop = world_policy_shop(&world, ALL, NULL);
    struct hk_uuid id = world_policy_event(&world);
    struct hk_plan_delivery delivery = { .endpoint = shop.first, .role = HK_ROLE_AUDIT };
    struct hk_plan plan = { .deliveries = &delivery, .delivery_count = 1 };
    world_planned(&world, 0, &plan);
    world_settle(&world);
    assert_int_equal(world_last_plan(&world)->deliveries[0].role, HK_ROLE_PRIMARY);
    assert_int_equal(world_look(&world, &id)->reason, HK_REASON_NONE);
    world_fini(&world);
}

static void test_an_empty_list_is_no_endpoint(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    struct hk_uuid id = world_policy_event(&world);
    struct hk_plan plan = { 0 };
    world_planned(&world, 0, &plan);
    world_settle(&world);
    assert_int_equal(world_look(&world, &id)->reason, HK_REASON_NO_ENDPOINT);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_an_endpoint_that_went_while_the_run_was_out_gets_nothing(void **state)
{
    (void)state;
    struct world world;
    struct policy_shop shop = world_policy_shop(&world, ALL, NULL);
    struct hk_uuid id = world_policy_event(&world);
    world_endpoint_delete(&world, 9, shop.first);
    world_planned(&world, 0, NULL);
    world_end_all(&world, 200);
    assert_int_equal(world_look(&world, &id)->delivery_count, 1);
    id = world_policy_event(&world);
    world_endpoint_delete(&world, 9, shop.second);
    world_planned(&world, 0, NULL);
    world_settle(&world);
    assert_int_equal(world_look(&world, &id)->reason, HK_REASON_NO_ENDPOINT);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_an_endpoint_that_became_an_audit_gets_it_once(void **state)
{
    (void)state;
    struct world world;
    struct policy_shop shop = world_policy_shop(&world, ALL, NULL);
    struct hk_uuid id = world_policy_event(&world);
    struct hk_request *request = world_request(&world, HK_REQUEST_ENDPOINT_UPDATE);
    request->merchant_id = 9;
    request->uuid = shop.first;
    request->endpoint.fields = HK_ENDPOINT_ROLE;
    request->endpoint.value.role = HK_ROLE_AUDIT;
    assert_int_equal(world_answer(&world, request)->code, 0);
    world_planned(&world, 0, NULL);
    world_end_all(&world, 200);
    const struct hk_event *event = world_look(&world, &id);
    assert_int_equal(event->delivery_count, 2);
    assert_memory_equal(&event->deliveries[0].endpoint, &shop.second, sizeof(shop.second));
    assert_int_equal(event->deliveries[1].role, HK_ROLE_AUDIT);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_a_merchant_that_went_while_the_run_was_out_drops_the_event(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    struct hk_uuid id = world_policy_event(&world);
    world_merchant_delete(&world, 9);
    world_planned(&world, 0, NULL);
    world_settle(&world);
    assert_int_equal(world_look(&world, &id)->reason, HK_REASON_MERCHANT_DELETED);
    assert_world_idle(&world);
    world_fini(&world);
}

/* No body stays in memory, and none is read back before the test says so. */
static void cold_world(struct world *world)
{
    struct hk_engine_options options = world_options();
    options.body_cache_bytes_max = 0;
    (void)world_policy_shop(world, ALL, &options);
    world->is_loading_slow = true;
    (void)world_policy_event(world);
    world_policy_failed(world, 0, HK_POLICY_UNAVAILABLE);
    world_settle(world);
    assert_true(world_leap(world));
    assert_int_equal(world->load_count, 1);
}

static void test_a_cold_body_is_read_back_before_the_policy_is_asked(void **state)
{
    (void)state;
    struct world world;
    cold_world(&world);
    assert_int_equal(world.policy_runs.count, 0);
    assert_int_equal(world_stats(&world).policy_runs, 1);
    world_load(&world, 0);
    /* What the command borrows must outlive a change in the same step. */
    struct hk_request *request = world_request(&world, HK_REQUEST_MERCHANT_UPDATE);
    request->merchant_id = 9;
    request->merchant.fields = HK_MERCHANT_NAME;
    request->merchant.value.name = hk_strdup_or_die("Another");
    (void)world_ask(&world, request);
    world_settle(&world);
    assert_true(hk_slice_is_equal(hk_body_text(only_run(&world)->body), HK_SLICE("{\"n\":1}")));
    world_planned(&world, 0, NULL);
    world.is_loading_slow = false;
    while (world.load_count > 0)
        world_load(&world, 0);
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_a_body_that_cannot_be_read_back_holds_the_event(void **state)
{
    (void)state;
    struct world world;
    cold_world(&world);
    world.is_loading_broken = true;
    world_load(&world, 0);
    world_settle(&world);
    assert_int_equal(world_stats(&world).events_held, 1);
    world.is_loading_slow = world.is_loading_broken = false;
    world.policy_runs.hand = policy_hand_plan_all;
    assert_true(world_leap(&world));
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_without_a_policy_an_event_without_a_body_goes_to_everybody(void **state)
{
    (void)state;
    struct world world;
    cold_world(&world);
    world_merchant_policy(&world, 9, NULL);
    world.is_loading_broken = true;
    world_load(&world, 0);
    world_settle(&world);
    assert_int_equal(world_last_plan(&world)->delivery_count, 2);
    world_fini(&world);
}

static void test_a_body_that_comes_while_draining_waits_for_the_next_start(void **state)
{
    (void)state;
    struct world world, after;
    cold_world(&world);
    (void)world_push(&world, HK_FACT_DRAIN);
    world_load(&world, 0);
    world_settle(&world);
    assert_int_equal(world.drained_count, 1);
    assert_int_equal(world.policy_runs.total, 1);
    world_policy_restart(&after, &world, ALL);
    assert_int_equal(after.policy_runs.count, 1);
    world_fini(&after);
    world_fini(&world);
}

static void test_a_drain_does_not_wait_for_runs_and_the_next_start_asks_again(void **state)
{
    (void)state;
    struct world world, after;
    (void)world_policy_shop(&world, ALL, NULL);
    struct hk_uuid id = world_policy_event(&world);
    (void)world_push(&world, HK_FACT_DRAIN);
    world_settle(&world);
    assert_int_equal(world.drained_count, 1);
    assert_int_equal(world.policy_runs.count, 1);
    world_policy_restart(&after, &world, ALL);
    assert_int_equal(after.policy_runs.count, 1);
    world_planned(&after, 0, NULL);
    world_end_all(&after, 200);
    assert_int_equal(state_of(&after, &id), HK_EVENT_FINISHED);
    world_fini(&after);
    world_fini(&world);
}

static void push_planned(struct world *world, uint64_t run)
{
    struct hk_plan plan = { .reason = HK_REASON_FILTERED };
    world_push(world, HK_FACT_PLANNED)->planned.run = run;
    world->facts[world->fact_count - 1].planned.plan = hk_plan_clone(&plan);
}

static void push_failed(struct world *world, uint64_t run, enum hk_policy_phase phase)
{
    struct hk_fact_policy_failed failed = { .run = run, .phase = phase };
    failed.failure = HK_POLICY_KILLED;
    world_push(world, HK_FACT_POLICY_FAILED)->policy_failed = failed;
}

static void test_answers_to_nothing_and_second_answers_are_ignored(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    push_planned(&world, 0);
    push_planned(&world, UINT64_MAX);
    push_failed(&world, 12345, HK_PHASE_PLAN);
    push_failed(&world, 12345, HK_PHASE_RETRY);
    world_push(&world, HK_FACT_RETRY_DECIDED)->retry_decided.run = 77;
    struct hk_uuid id = world_policy_event(&world);
    uint64_t run = only_run(&world)->run;
    world_planned(&world, 0, NULL);
    push_planned(&world, run);
    push_failed(&world, run, HK_PHASE_PLAN);
    world_end_all(&world, 200);
    push_planned(&world, run);
    push_failed(&world, run, HK_PHASE_PLAN);
    world_settle(&world);
    assert_int_equal(state_of(&world, &id), HK_EVENT_FINISHED);
    assert_int_equal(world_stats(&world).policy_calls, 1);
    assert_int_equal(world_stats(&world).policy_errors, 0);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_an_answer_to_a_held_event_is_ignored(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    struct hk_uuid id = world_policy_event(&world);
    uint64_t run = only_run(&world)->run;
    world_policy_failed(&world, 0, HK_POLICY_ERROR);
    push_planned(&world, run);
    push_failed(&world, run, HK_PHASE_PLAN);
    world_settle(&world);
    assert_int_equal(state_of(&world, &id), HK_EVENT_HELD);
    assert_int_equal(world_stats(&world).policy_calls, 1);
    world_fini(&world);
}

static void test_events_without_a_plan_count_as_pending(void **state)
{
    (void)state;
    struct world world;
    struct hk_engine_options options = world_options();
    options.merchant_pending_max = 3;
    (void)world_policy_shop(&world, ALL, &options);
    for (int i = 0; i < 3; i++)
        (void)world_policy_event(&world);
    uint32_t place = world_accept(&world, 9);
    world_settle(&world);
    assert_int_equal(world.accepts[place].refusal, HK_REFUSAL_MERCHANT_PENDING);
    world_policy_failed(&world, 0, HK_POLICY_ERROR); /* Held counts too. */
    world_settle(&world);
    place = world_accept(&world, 9);
    world_settle(&world);
    assert_int_equal(world.accepts[place].refusal, HK_REFUSAL_MERCHANT_PENDING);
    struct hk_plan plan = { .reason = HK_REASON_FILTERED };
    world_planned(&world, 0, &plan);
    world_settle(&world);
    (void)world_policy_event(&world);
    world_fini(&world);
}

static void test_pending_is_bounded_in_all(void **state)
{
    (void)state;
    struct world world;
    struct hk_engine_options options = world_options();
    options.pending_max = 2;
    (void)world_policy_shop(&world, ALL, &options);
    (void)world_policy_event(&world);
    (void)world_policy_event(&world);
    uint32_t place = world_accept(&world, 9);
    world_settle(&world);
    assert_int_equal(world.accepts[place].refusal, HK_REFUSAL_PENDING);
    world_fini(&world);
}

static uint32_t out_of(const struct world *world, uint64_t merchant_id)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->policy_runs.count; i++)
        count += world->policy_runs.items[i].merchant_id == merchant_id;
    return count;
}

static uint32_t first_of(const struct world *world, uint64_t merchant_id)
{
    for (uint32_t i = 0; i < world->policy_runs.count; i++)
        if (world->policy_runs.items[i].merchant_id == merchant_id)
            return i;
    fail_msg("no run of that merchant");
    return 0;
}

static void test_dear_runs_go_out_one_by_one_and_keep_nobody_waiting(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    world_merchant(&world, 10);
    world_merchant_policy(&world, 10, "p");
    (void)world_endpoint(&world, 10, NULL);
    for (int i = 0; i < 500; i++)
        (void)world_accept(&world, 9);
    world_settle(&world);
    assert_int_equal(out_of(&world, 9), HK_POLICY_FIRST_RUNS); /* Their cost is not known. */
    world.policy_runs.cost.cpu_us = 10;
    world_planned(&world, 0, NULL);
    world_settle(&world);
    assert_int_equal(out_of(&world, 9), HK_POLICY_MERCHANT_RUNS_MAX);
    world.policy_runs.cost.cpu_us = 10000;
    for (int i = 0; i < 60 + HK_POLICY_MERCHANT_RUNS_MAX; i++) {
        world_planned(&world, 0, NULL);
        world_settle(&world);
    }
    assert_int_equal(out_of(&world, 9), 1); /* Each spends more than its slice. */
    (void)world_accept(&world, 10);
    world_settle(&world);
    assert_int_equal(out_of(&world, 10), 1);
    world.policy_runs.cost.cpu_us = 10; /* Cheap again: the window opens. */
    for (int i = 0; i < 60; i++) {
        world_planned(&world, first_of(&world, 9), NULL);
        world_settle(&world);
    }
    assert_true(out_of(&world, 9) > 8);
    world_fini(&world);
}

static void test_merchants_take_turns(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    world_merchant(&world, 10);
    world_merchant_policy(&world, 10, "p");
    for (uint32_t i = 0; i < 40; i++)
        (void)world_accept(&world, i < 20 ? 9 : 10);
    world_step(&world);
    assert_int_equal(world.policy_runs.count, 2 * HK_POLICY_FIRST_RUNS);
    for (uint32_t i = 0; i < world.policy_runs.count; i += 2)
        assert_int_not_equal(world.policy_runs.items[i].merchant_id,
                             world.policy_runs.items[i + 1].merchant_id);
    world_fini(&world);
}

static void test_runs_are_bounded_in_all(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, NULL);
    world.policy_runs.cost.cpu_us = 10;
    world_policy_p(&world, 1, ALL);
    for (uint64_t id = 1; id <= 30; id++) {
        world_merchant(&world, id);
        world_merchant_policy(&world, id, "p");
        for (int i = 0; i < 50; i++)
            (void)world_accept(&world, id);
    }
    world_settle(&world);
    while (world.policy_runs.count > 0) {
        world_planned(&world, 0, NULL);
        world_settle(&world);
    }
    assert_int_equal(world.policy_runs.out_max, HK_POLICY_RUNS_MAX);
    assert_int_equal(world.policy_runs.total, 1500);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_a_step_sends_a_bounded_number_of_runs(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    world.policy_runs.hand = policy_hand_fail;
    for (int i = 0; i < 3000; i++)
        (void)world_accept(&world, 9);
    world_settle(&world);
    assert_int_equal(world_stats(&world).events_held, 3000);
    world_advance(&world, HK_HELD_MS_MIN);
    while (hk_mono_is_reached(hk_engine_due(world.engine), world.now.mono)) {
        uint32_t before = world.policy_runs.total;
        uint64_t held = world_stats(&world).events_held;
        world_step(&world);
        assert_in_range(world.policy_runs.total - before, 0, 96);
        assert_true(held <= world_stats(&world).events_held + 96);
    }
    world_fini(&world);
}

static void test_a_policy_without_planning_hooks_is_not_called_to_plan(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, HK_HOOK_RETRY, NULL);
    struct hk_uuid id = world_policy_event(&world);
    assert_int_equal(world.policy_runs.total, 0);
    assert_int_equal(world.run_count, 2);
    assert_null(world_look(&world, &id)->policy);
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_event_waits_for_its_policy_and_goes_where_that_says),
        cmocka_unit_test(test_what_a_policy_made_goes_out_and_again_after_a_restart),
        cmocka_unit_test(test_payloads_that_the_cache_forgot_are_read_back),
        cmocka_unit_test(test_a_plan_that_cannot_be_read_back_is_an_attempt_that_failed),
        cmocka_unit_test(test_a_skipped_endpoint_gets_nothing_and_the_log_says_why),
        cmocka_unit_test(test_an_event_whose_every_endpoint_is_skipped_is_finished),
        cmocka_unit_test(test_a_snapshot_beside_a_plan_knows_what_is_skipped),
        cmocka_unit_test(test_a_filtered_event_is_dropped_but_an_audit_endpoint_gets_it),
        cmocka_unit_test(test_a_policy_is_shown_who_may_get_the_event),
        cmocka_unit_test(test_a_role_that_a_worker_makes_up_counts_for_nothing),
        cmocka_unit_test(test_an_empty_list_is_no_endpoint),
        cmocka_unit_test(test_an_endpoint_that_went_while_the_run_was_out_gets_nothing),
        cmocka_unit_test(test_an_endpoint_that_became_an_audit_gets_it_once),
        cmocka_unit_test(test_a_merchant_that_went_while_the_run_was_out_drops_the_event),
        cmocka_unit_test(test_a_cold_body_is_read_back_before_the_policy_is_asked),
        cmocka_unit_test(test_a_body_that_cannot_be_read_back_holds_the_event),
        cmocka_unit_test(test_without_a_policy_an_event_without_a_body_goes_to_everybody),
        cmocka_unit_test(test_a_body_that_comes_while_draining_waits_for_the_next_start),
        cmocka_unit_test(test_a_drain_does_not_wait_for_runs_and_the_next_start_asks_again),
        cmocka_unit_test(test_answers_to_nothing_and_second_answers_are_ignored),
        cmocka_unit_test(test_an_answer_to_a_held_event_is_ignored),
        cmocka_unit_test(test_events_without_a_plan_count_as_pending),
        cmocka_unit_test(test_pending_is_bounded_in_all),
        cmocka_unit_test(test_dear_runs_go_out_one_by_one_and_keep_nobody_waiting),
        cmocka_unit_test(test_merchants_take_turns),
        cmocka_unit_test(test_runs_are_bounded_in_all),
        cmocka_unit_test(test_a_step_sends_a_bounded_number_of_runs),
        cmocka_unit_test(test_a_policy_without_planning_hooks_is_not_called_to_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
