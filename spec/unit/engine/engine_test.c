// SPDX-License-Identifier: Apache-2.0
#include "engine/engine.h"

#include "support_cmocka.h"
#include "support_life.h"
#include "support_world.h"

static void shop(struct world *world, uint32_t endpoints)
{
    world_init(world, NULL);
    world_merchant(world, 9);
    for (uint32_t i = 0; i < endpoints; i++)
        (void)world_endpoint(world, 9, NULL);
}

/* Promise 5. A fact makes few commands, so the commands are bounded by the work too. */
static void test_a_step_does_no_more_than_it_may(void **state)
{
    (void)state;
    struct world world;
    struct hk_engine_options options = world_options();
    options.concurrency = options.endpoint_concurrency = 100000;
    world_init(&world, &options);
    world_merchant(&world, 9);
    for (int i = 0; i < 3; i++)
        (void)world_endpoint(&world, 9, NULL);
    for (int i = 0; i < 4000; i++)
        (void)world_accept(&world, 9);
    uint32_t steps = 0;
    while (world.fact_count > 0 ||
           hk_mono_is_reached(hk_engine_due(world.engine), world.now.mono)) {
        world_step(&world);
        assert_true(world.taken <= HK_STEP_WORK_MAX);
        assert_true(world.commands.count <= 4 * HK_STEP_WORK_MAX);
        steps++;
    }
    assert_int_equal(world.run_count, 12000);
    assert_in_range(steps, 12000 / HK_STEP_WORK_MAX, 1000);
    while (world.run_count > 0)
        world_end(&world, 0, world_outcome(&world, 500));
    world_settle(&world);
    world_advance(&world, 20000);
    world_step(&world); /* 12,000 waits are over at once. */
    assert_true(world.commands.count <= 4 * HK_STEP_WORK_MAX);
    assert_true(world_stats(&world).deliveries_waiting > 10000);
    world_settle(&world);
    assert_int_equal(world.run_count, 12000);
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_facts_that_were_not_taken_are_the_callers(void **state)
{
    (void)state;
    struct world world;
    shop(&world, 1);
    for (int i = 0; i < 2000; i++)
        (void)world_accept(&world, 9);
    world_step(&world);
    assert_in_range(world.taken, 1, HK_STEP_WORK_MAX);
    world_fini(&world); /* Leaks and double frees would show. */
}

static void test_nothing_is_due_when_there_is_nothing_to_do(void **state)
{
    (void)state;
    struct world world;
    shop(&world, 1);
    assert_world_idle(&world);
    uint64_t lsn = world.watch.lsn_last;
    world_step(&world);
    assert_int_equal(world.commands.count, 0);
    assert_int_equal(world.watch.lsn_last, lsn);
    world_fini(&world);
}

static void test_due_is_when_the_first_wait_is_over(void **state)
{
    (void)state;
    struct world world;
    shop(&world, 1);
    struct hk_uuid id = world_event(&world, 9)->id;
    assert_true(hk_engine_due(world.engine).ns == HK_MONO_NEVER.ns); /* It runs: no need to look. */
    world_end_all(&world, 500);
    int64_t delay_ms = world_look(&world, &id)->deliveries[0].delay_ms;
    assert_int_equal(hk_engine_due(world.engine).ns, world.now.mono.ns + delay_ms * HK_NS_PER_MS);
    world_fini(&world);
}

/* The engine asks to be stepped only when a step gets something done. */
static void test_a_due_step_always_does_something(void **state)
{
    (void)state;
    struct world world;
    struct life life;
    world_init(&world, NULL);
    life_init(&life, &world, 77);
    for (int round = 0; round < 300; round++) {
        life_go(&life, 3);
        uint32_t steps = 0;
        while (hk_mono_is_reached(hk_engine_due(world.engine), world.now.mono)) {
            world_step(&world);
            assert_true(++steps < 100);
        }
    }
    world_fini(&world);
}

static void test_draining_ends_what_runs_and_starts_nothing(void **state)
{
    (void)state;
    struct world world;
    struct hk_engine_options options = world_options();
    options.concurrency = 2;
    world_init(&world, &options);
    world_merchant(&world, 9);
    (void)world_endpoint(&world, 9, NULL);
    for (int i = 0; i < 5; i++)
        (void)world_accept(&world, 9);
    world_settle(&world);
    (void)world_push(&world, HK_FACT_DRAIN);
    world_settle(&world);
    assert_int_equal(world.drained_count, 0);
    world_end(&world, 0, world_outcome(&world, 200));
    world_settle(&world);
    assert_int_equal(world.drained_count, 0);
    world_end(&world, 0, world_outcome(&world, 500));
    world_settle(&world);
    assert_int_equal(world.drained_count, 1);
    world_advance(&world, 100000);
    world_settle(&world);
    assert_int_equal(world.started_count, 2);
    assert_int_equal(world.drained_count, 1);
    assert_int_equal(world_stats(&world).deliveries_ready, 4);
    world_fini(&world);
}

static void test_an_idle_engine_is_drained_at_once(void **state)
{
    (void)state;
    struct world world;
    shop(&world, 0);
    (void)world_push(&world, HK_FACT_DRAIN);
    world_step(&world);
    assert_int_equal(world.drained_count, 1);
    world_fini(&world);
}

static void test_gauges_tell_where_deliveries_are(void **state)
{
    (void)state;
    struct world world;
    struct hk_engine_options options = world_options();
    options.concurrency = 4;
    world_init(&world, &options);
    world_merchant(&world, 9);
    (void)world_endpoint(&world, 9, NULL);
    for (int i = 0; i < 10; i++)
        (void)world_accept(&world, 9);
    world_settle(&world);
    world_end(&world, 0, world_outcome(&world, 500));
    world_end(&world, 0, world_outcome(&world, 200));
    world_settle(&world);
    struct hk_stats stats = world_stats(&world);
    assert_int_equal(stats.events_live, 9);
    assert_int_equal(stats.deliveries_pending, 9);
    assert_int_equal(stats.deliveries_in_flight, 4);
    assert_int_equal(stats.deliveries_waiting, 1);
    assert_int_equal(stats.deliveries_ready, 4);
    assert_int_equal(stats.events_finished, 1);
    assert_int_equal(stats.attempts_started, 6);
    assert_int_equal(stats.merchants, 1);
    assert_int_equal(stats.endpoints, 1);
    assert_int_equal(stats.lsn, world.watch.lsn_last);
    assert_int_equal(stats.lsn_durable, world.lsn_durable);
    world_fini(&world);
}

static void test_an_engine_can_be_freed_in_the_middle_of_everything(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 10; seed++) {
        struct world world;
        struct life life;
        struct hk_engine_options options = world_options();
        options.body_cache_bytes_max = seed % 2 ? 1 : 10000;
        world_init(&world, &options);
        world.is_loading_slow = true;
        life_init(&life, &world, seed);
        life_go(&life, 300);
        struct hk_request *request = world_request(&world, HK_REQUEST_EVENT_GET);
        request->uuid = world.accepts[0].id;
        (void)world_ask(&world, request);
        world_snapshot_begin(&world);
        world_step(&world);
        (void)world_accept(&world, 1);
        world_fini(&world);
    }
}

static void test_facts_that_no_step_takes_are_given_back(void **state)
{
    (void)state;
    struct hk_slice text = HK_SLICE("{}");
    const struct hk_plan plan = { .deliveries = NULL };
    struct hk_fact facts[] = {
        { HK_FACT_ACCEPT, .accept.body = hk_body_new(text, text) },
        { HK_FACT_REQUEST, .request = hk_request_new(HK_REQUEST_STATS, 1) },
        { HK_FACT_APPENDED, .appended.located = NULL },
        { HK_FACT_LOADED, .loaded.body = hk_body_new(text, text) },
        { HK_FACT_ATTEMPT_ENDED, .attempt_ended.outcome.detail = hk_body_new(text, text) },
        { HK_FACT_LOADED, .loaded.plan = hk_plan_clone(&plan) },
        { HK_FACT_PLANNED, .planned.plan = hk_plan_clone(&plan) },
        { .kind = HK_FACT_RETRY_DECIDED },
        { HK_FACT_POLICY_FAILED, .policy_failed.error = hk_body_new(text, text) },
        { HK_FACT_POLICIES, .policies = policy_set_new(NULL, 0, HK_POLICY_HOLD) },
        { .kind = HK_FACT_CONFIG },
        { .kind = HK_FACT_DRAIN },
        { .kind = HK_FACT_SNAPSHOT },
    };
    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
        hk_fact_fini(&facts[i]);
}

static void test_a_new_config_counts_from_the_next_attempt_on(void **state)
{
    (void)state;
    struct world world;
    shop(&world, 1);
    (void)world_event(&world, 9);
    struct hk_engine_options options = world_options();
    options.timeout_ms = 5000;
    options.attempts = 2;
    world_push(&world, HK_FACT_CONFIG)->options = options;
    world_end_all(&world, 500);
    (void)world_leap(&world);
    assert_int_equal(world.runs[0].timeout_ms, 5000);
    world_end_all(&world, 500);
    assert_int_equal(world_stats(&world).deliveries_dead, 1);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_a_clock_that_steps_does_not_move_a_wait(void **state)
{
    (void)state;
    struct world world;
    shop(&world, 1);
    (void)world_event(&world, 9);
    world_end_all(&world, 500);
    int64_t due_ns = hk_engine_due(world.engine).ns;
    world.now.wall.ms -= 86400000;
    world_step(&world);
    assert_int_equal(hk_engine_due(world.engine).ns, due_ns);
    world.now.wall.ms += 30 * INT64_C(86400000);
    world_step(&world);
    assert_int_equal(hk_engine_due(world.engine).ns, due_ns);
    world_fini(&world);
}

static void test_one_seed_is_one_behaviour(void **state)
{
    (void)state;
    struct world one;
    struct world other;
    struct life life;
    struct life other_life;
    world_init(&one, NULL);
    world_init(&other, NULL);
    life_init(&life, &one, 5);
    life_init(&other_life, &other, 5);
    life_go(&life, 1000);
    life_go(&other_life, 1000);
    assert_int_equal(one.log.count, other.log.count);
    for (uint32_t i = 0; i < one.log.count; i++) {
        const struct hk_record *a = &one.log.items[i]->record;
        const struct hk_record *b = &other.log.items[i]->record;
        assert_int_equal(a->type, b->type);
        if (a->type == HK_RECORD_RESULT)
            assert_int_equal(a->result.delay_ms, b->result.delay_ms);
    }
    world_fini(&one);
    world_fini(&other);
}

/* Nobody waits for a result: it may be made durable with the next batch. */
static void test_only_what_somebody_waits_for_asks_for_the_disk(void **state)
{
    (void)state;
    struct world world;
    shop(&world, 1);
    (void)world_event(&world, 9);
    uint32_t syncs = world.sync_count;
    world.is_disk_slow = true;
    world_end_all(&world, 500);
    assert_int_equal(world.sync_count, syncs);
    assert_true(world.watch.lsn_last > world.lsn_durable);
    (void)world_accept(&world, 9);
    world_settle(&world);
    assert_int_equal(world.sync_count, syncs + 1);
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_step_does_no_more_than_it_may),
        cmocka_unit_test(test_facts_that_were_not_taken_are_the_callers),
        cmocka_unit_test(test_nothing_is_due_when_there_is_nothing_to_do),
        cmocka_unit_test(test_due_is_when_the_first_wait_is_over),
        cmocka_unit_test(test_a_due_step_always_does_something),
        cmocka_unit_test(test_draining_ends_what_runs_and_starts_nothing),
        cmocka_unit_test(test_an_idle_engine_is_drained_at_once),
        cmocka_unit_test(test_gauges_tell_where_deliveries_are),
        cmocka_unit_test(test_an_engine_can_be_freed_in_the_middle_of_everything),
        cmocka_unit_test(test_facts_that_no_step_takes_are_given_back),
        cmocka_unit_test(test_a_new_config_counts_from_the_next_attempt_on),
        cmocka_unit_test(test_a_clock_that_steps_does_not_move_a_wait),
        cmocka_unit_test(test_one_seed_is_one_behaviour),
        cmocka_unit_test(test_only_what_somebody_waits_for_asks_for_the_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
