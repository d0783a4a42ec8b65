// SPDX-License-Identifier: Apache-2.0
#include "engine/policies.h"

#include "base/alloc.h"
#include "support_cmocka.h"
#include "support_world.h"

#define ALL HK_HOOKS_PLANNING

static const struct hk_reply *merchant_get(struct world *world, uint64_t id)
{
    struct hk_request *request = world_request(world, HK_REQUEST_MERCHANT_GET);
    request->merchant_id = id;
    const struct hk_reply *reply = world_answer(world, request);
    assert_int_equal(reply->code, 0);
    assert_non_null(reply->use);
    return reply;
}

static const struct hk_policy_use *use_of(struct world *world)
{
    return merchant_get(world, 9)->use;
}

static const struct hk_policy_line *line_of(struct world *world, const char *name)
{
    const struct hk_reply *reply =
        world_answer(world, world_request(world, HK_REQUEST_POLICY_LIST));
    assert_int_equal(reply->code, 0);
    for (uint32_t i = 0; i < reply->count; i++)
        if (strcmp(reply->policies[i].policy.name, name) == 0)
            return &reply->policies[i];
    fail_msg("no policy %s", name);
    return NULL;
}

static int retry(struct world *world, const char *policy)
{
    struct hk_request *request = world_request(world, HK_REQUEST_POLICY_RETRY);
    request->name = hk_strdup_or_die(policy);
    return world_answer(world, request)->code;
}

/* The name and generation that merchant 9's next event is asked of, or NULL. */
static const struct policy_run *asked(struct world *world)
{
    uint32_t before = world->policy_runs.total;
    (void)world_policy_event(world);
    if (world->policy_runs.total == before)
        return NULL;
    return &world->policy_runs.items[world->policy_runs.count - 1];
}

static void test_a_merchant_uses_what_it_names_else_its_id_else_default(void **state)
{
    (void)state;
    struct world world;
    const struct policy_line lines[] = {
        { "9", 3, ALL, NULL },
        { "default", 4, ALL, NULL },
        { "gold", 5, ALL, NULL },
    };
    world_init(&world, NULL);
    world_merchant(&world, 9);
    world_policies(&world, lines, 3);
    assert_string_equal(asked(&world)->policy, "9");
    world_merchant_policy(&world, 9, "gold");
    assert_string_equal(asked(&world)->policy, "gold");
    assert_int_equal(asked(&world)->generation, 5);
    world_merchant_policy(&world, 9, NULL);
    world_policies(&world, &lines[1], 2); /* The file with its id is gone. */
    assert_string_equal(asked(&world)->policy, "default");
    world_policies(&world, &lines[2], 1);
    assert_null(asked(&world));
    world_policies(&world, NULL, 0);
    assert_null(asked(&world));
    world_fini(&world);
}

static void test_without_a_set_nothing_is_asked(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, NULL);
    world_merchant(&world, 9);
    assert_null(asked(&world));
    assert_null(use_of(&world)->policy);
    const struct hk_reply *reply =
        world_answer(&world, world_request(&world, HK_REQUEST_POLICY_LIST));
    assert_int_equal(reply->code, 0);
    assert_int_equal(reply->count, 0);
    assert_int_equal(retry(&world, "p"), HK_ENOTFOUND);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_a_policy_that_is_missing_holds_and_says_so(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    world_merchant_policy(&world, 9, "gone");
    struct hk_uuid id = world_policy_event(&world);
    const struct hk_event *event = world_look(&world, &id);
    assert_int_equal(event->state, HK_EVENT_HELD);
    assert_string_equal(event->policy, "gone");
    assert_true(hk_slice_is_equal(hk_body_text(event->error),
                                  HK_SLICE("gone.lua: there is no such policy in policy_dir")));
    assert_null(use_of(&world)->policy);
    assert_int_equal(use_of(&world)->held, 1);
    world.policy_runs.hand = policy_hand_plan_all;
    const struct policy_line lines[] = { { "gone", 1, ALL, NULL }, { "p", 1, ALL, NULL } };
    world_policies(&world, lines, 2); /* It is back. */
    world_end_all(&world, 200);
    assert_int_equal(world_look(&world, &id)->state, HK_EVENT_FINISHED);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_a_policy_that_is_missing_plans_by_default_if_so_set(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    const struct policy_line line = { "p", 1, ALL, NULL };
    world_policies_default(&world, &line, 1);
    world_merchant_policy(&world, 9, "gone");
    (void)world_policy_event(&world);
    assert_int_equal(world.run_count, 2);
    assert_true(hk_slice_is_equal(world_last_plan(&world)->policy, HK_SLICE("gone")));
    assert_true(world_last_plan(&world)->error.size > 0);
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_a_policy_that_never_loaded_holds_with_its_fault(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    const struct policy_line line = { "p", 0, 0, "p.lua:3: unexpected symbol" };
    world_policies(&world, &line, 1);
    struct hk_uuid id = world_policy_event(&world);
    assert_int_equal(world.policy_runs.total, 0);
    const struct hk_event *event = world_look(&world, &id);
    assert_int_equal(event->state, HK_EVENT_HELD);
    assert_true(
        hk_slice_is_equal(hk_body_text(event->error), HK_SLICE("p.lua:3: unexpected symbol")));
    assert_string_equal(line_of(&world, "p")->policy.fault, "p.lua:3: unexpected symbol");
    assert_int_equal(line_of(&world, "p")->held, 1);
    world.policy_runs.hand = policy_hand_plan_all;
    world_policy_p(&world, 1, ALL);
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

static void assert_line(struct world *world, const char *name, const uint64_t expected[6])
{
    const struct hk_policy_line *line = line_of(world, name);
    assert_int_equal(line->merchants, expected[0]);
    assert_int_equal(line->calls, expected[1]);
    assert_int_equal(line->errors, expected[2]);
    assert_int_equal(line->cpu_us, expected[3]);
    assert_int_equal(line->held, expected[4]);
    assert_int_equal(line->suspended, expected[5]);
}

#define LINE(...) ((const uint64_t[6]){ __VA_ARGS__ })

static void test_the_counts_move_with_the_merchants(void **state)
{
    (void)state;
    struct world world;
    const struct policy_line lines[] = { { "p", 1, ALL, NULL }, { "q", 1, ALL, NULL } };
    (void)world_policy_shop(&world, ALL, NULL);
    world_policies(&world, lines, 2);
    world_merchant(&world, 10);
    world_merchant_policy(&world, 10, "q");
    assert_line(&world, "p", LINE(1, 0, 0, 0, 0, 0));
    assert_line(&world, "q", LINE(1, 0, 0, 0, 0, 0));
    (void)world_policy_event(&world);
    (void)world_policy_event(&world);
    world_policy_failed(&world, 0, HK_POLICY_ERROR);
    world_planned(&world, 0, NULL);
    world_settle(&world);
    assert_line(&world, "p", LINE(1, 2, 1, 200, 1, 0));
    const struct hk_policy_use *use = use_of(&world);
    assert_string_equal(use->policy, "p");
    assert_int_equal(use->calls, 2);
    assert_int_equal(use->errors, 1);
    assert_int_equal(use->cpu_us, 200);
    assert_int_equal(use->memory_bytes, 20000);
    assert_int_equal(use->held, 1);
    assert_string_equal(use->error, "p.lua:1: it is error");
    world_merchant_policy(&world, 9, "q"); /* What it holds is asked of q now. */
    assert_line(&world, "p", LINE(0, 2, 1, 200, 0, 0));
    assert_line(&world, "q", LINE(2, 0, 0, 0, 0, 0));
    world_policy_failed(&world, 0, HK_POLICY_MEMORY);
    world_settle(&world);
    assert_line(&world, "q", LINE(2, 1, 1, 100, 1, 0));
    world_policies(&world, lines, 2); /* Calls count since the start; who uses it, now. */
    world_settle(&world);
    assert_line(&world, "p", LINE(0, 2, 1, 200, 0, 0));
    assert_line(&world, "q", LINE(2, 1, 1, 100, 1, 0));
    world_merchant_delete(&world, 10);
    assert_line(&world, "q", LINE(1, 1, 1, 100, 1, 0));
    world_merchant_delete(&world, 9);
    assert_line(&world, "q", LINE(0, 1, 1, 100, 0, 0));
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

/* Has its policy kill workers, one run after the other. */
static void kill_workers(struct world *world, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        (void)world_policy_event(world);
        assert_int_equal(world->policy_runs.count, 1);
        world_policy_failed(world, 0, HK_POLICY_KILLED);
        world_settle(world);
    }
}

static void test_three_kills_suspend_and_a_new_text_resumes(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    kill_workers(&world, 2);
    assert_false(use_of(&world)->is_suspended);
    kill_workers(&world, 1);
    assert_true(use_of(&world)->is_suspended);
    assert_line(&world, "p", LINE(1, 3, 3, 300, 3, 1));
    struct hk_uuid id = world_policy_event(&world);
    assert_int_equal(world.policy_runs.count, 0);
    assert_int_equal(world_look(&world, &id)->state, HK_EVENT_HELD);
    world_policy_p(&world, 1, ALL); /* The same text kills as well. */
    world_settle(&world);
    assert_line(&world, "p", LINE(1, 3, 3, 300, 4, 1));
    world.policy_runs.hand = policy_hand_plan_all;
    world_policy_p(&world, 2, ALL);
    world_settle(&world);
    assert_line(&world, "p", LINE(1, 7, 3, 700, 0, 0));
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_a_suspended_merchant_is_resumed_by_an_operator(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    kill_workers(&world, 3);
    world.policy_runs.hand = policy_hand_plan_all;
    assert_int_equal(retry(&world, "p"), 0);
    assert_false(use_of(&world)->is_suspended);
    assert_line(&world, "p", LINE(1, 6, 3, 600, 0, 0));
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_who_was_resumed_has_three_kills_again(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    kill_workers(&world, 3);
    world.policy_runs.hand = policy_hand_plan_all;
    assert_int_equal(retry(&world, "p"), 0);
    world.policy_runs.hand = NULL;
    kill_workers(&world, 2);
    assert_false(use_of(&world)->is_suspended);
    kill_workers(&world, 1);
    assert_true(use_of(&world)->is_suspended);
    world_fini(&world);
}

static void test_kills_far_apart_do_not_suspend(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    for (int i = 0; i < 6; i++) {
        kill_workers(&world, 1);
        assert_false(use_of(&world)->is_suspended);
        world_advance(&world, HK_POLICY_KILLS_MS / 2 + 1);
        world_settle(&world);
        world_planned(&world, 0, NULL); /* The second time it goes well. */
        world_end_all(&world, 200);
    }
    assert_world_idle(&world);
    world_advance(&world, HK_POLICY_KILLS_MS);
    kill_workers(&world, 2);
    assert_false(use_of(&world)->is_suspended);
    kill_workers(&world, 1);
    assert_true(use_of(&world)->is_suspended);
    world_fini(&world);
}

static void test_what_a_former_text_did_is_not_held_against_the_new_one(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    for (int i = 0; i < 3; i++)
        (void)world_policy_event(&world);
    world_policy_p(&world, 2, ALL);
    world_settle(&world);
    for (int i = 0; i < 3; i++)
        world_policy_failed(&world, 0, HK_POLICY_KILLED);
    world_settle(&world);
    assert_false(use_of(&world)->is_suspended);
    assert_line(&world, "p", LINE(1, 3, 3, 300, 0, 0));
    assert_int_equal(world.policy_runs.count, 3); /* The new one is asked at once. */
    assert_int_equal(world.policy_runs.items[0].generation, 2);
    world_fini(&world);
}

static void overrun(struct world *world)
{
    world_policy_failed(world, 0, HK_POLICY_TIME);
    world_settle(world);
}

static void test_budgets_spent_in_a_row_close_the_window_and_pause(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    (void)world_policy_event(&world);
    overrun(&world);
    for (int i = 0; i < 3; i++)
        (void)world_policy_event(&world);
    assert_int_equal(world.policy_runs.count, 1); /* One at a time from here on. */
    overrun(&world);
    assert_int_equal(world.policy_runs.count, 1);
    overrun(&world);
    assert_int_equal(world.policy_runs.count, 0); /* Paused: the last one is held unasked. */
    assert_int_equal(world_stats(&world).events_held, 4);
    assert_int_equal(world.policy_runs.total, 3);
    world_advance(&world, 1001);
    (void)world_policy_event(&world);
    assert_int_equal(world.policy_runs.count, 1);
    overrun(&world); /* Again: twice as long. */
    world_advance(&world, 1001);
    (void)world_policy_event(&world);
    assert_int_equal(world.policy_runs.count, 0);
    world_advance(&world, 1000);
    (void)world_policy_event(&world);
    assert_int_equal(world.policy_runs.count, 1);
    world_planned(&world, 0, NULL);
    world_settle(&world);
    for (int i = 0; i < 3; i++)
        (void)world_policy_event(&world);
    assert_int_equal(world.policy_runs.count, 3); /* One success, and it is as before. */
    world_fini(&world);
}

static void test_a_pause_has_an_end(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    for (int i = 0; i < 40; i++) {
        (void)world_policy_event(&world);
        while (world.policy_runs.count > 0)
            overrun(&world);
        world_advance(&world, 64001);
    }
    uint32_t total = world.policy_runs.total;
    (void)world_policy_event(&world);
    assert_int_equal(world.policy_runs.total, total + 1);
    world_fini(&world);
}

static void test_a_new_text_is_cheap_until_it_is_not(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    world.policy_runs.cost.cpu_us = 100000;
    for (int i = 0; i < 10; i++)
        (void)world_accept(&world, 9);
    world_settle(&world);
    world_planned(&world, 0, NULL);
    while (world.policy_runs.count > 1)
        world_planned(&world, 0, NULL);
    for (int i = 0; i < 10; i++)
        (void)world_accept(&world, 9);
    world_settle(&world);
    assert_int_equal(world.policy_runs.count, 1);
    world_policy_p(&world, 2, ALL);
    world_settle(&world);
    assert_int_equal(world.policy_runs.count, HK_POLICY_FIRST_RUNS);
    world_fini(&world);
}

static void test_two_sets_in_one_step_are_one_change(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL | HK_HOOK_RETRY, NULL);
    world.policy_runs.hand = policy_hand_fail;
    (void)world_policy_event(&world);
    world.policy_runs.hand = policy_hand_plan_all;
    world_policy_p(&world, 2, ALL);
    world_policy_p(&world, 3, ALL);
    world_settle(&world);
    assert_int_equal(world_last_plan(&world)->generation, 3);
    world_policy_p(&world, 4, ALL);
    world_policies(&world, NULL, 0);
    world_policy_p(&world, 4, ALL);
    world_settle(&world);
    assert_line(&world, "p", LINE(1, 0, 0, 0, 0, 0));
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

/* A run says its policy's name in the same step in which two sets come. */
static void test_a_name_outlives_the_set_that_it_came_with(void **state)
{
    (void)state;
    struct world world;
    struct hk_engine_options options = world_options();
    options.body_cache_bytes_max = 0;
    (void)world_policy_shop(&world, ALL, &options);
    world.is_loading_slow = true;
    (void)world_policy_event(&world);
    world_policy_failed(&world, 0, HK_POLICY_UNAVAILABLE);
    world_settle(&world);
    assert_true(world_leap(&world));
    world_load(&world, 0);
    world_policy_p(&world, 2, ALL);
    world_policy_p(&world, 3, ALL);
    world_step(&world);
    assert_int_equal(world.policy_runs.count, 1);
    assert_int_equal(world.policy_runs.items[0].generation, 1);
    assert_string_equal(world.policy_runs.items[0].policy, "p");
    world_fini(&world);
}

static void hold_two(struct world *world)
{
    const struct policy_line lines[] = { { "p", 1, ALL, NULL }, { "q", 1, ALL, NULL } };
    (void)world_policy_shop(world, ALL, NULL);
    world_policies(world, lines, 2);
    world_merchant(world, 10);
    world_merchant_policy(world, 10, "q");
    world->policy_runs.hand = policy_hand_fail;
    (void)world_accept(world, 9);
    (void)world_accept(world, 10);
    world_settle(world);
    assert_int_equal(world_stats(world).events_held, 2);
    world->policy_runs.hand = policy_hand_plan_all;
}

static void retry_ask(struct world *world, const char *policy)
{
    struct hk_request *request = world_request(world, HK_REQUEST_POLICY_RETRY);
    request->name = hk_strdup_or_die(policy);
    (void)world_ask(world, request);
}

static void test_two_retries_in_one_step_are_both_done(void **state)
{
    (void)state;
    struct world world;
    hold_two(&world);
    retry_ask(&world, "p");
    retry_ask(&world, "q");
    world_end_all(&world, 200);
    assert_int_equal(world_stats(&world).events_held, 0);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_a_reload_does_not_forget_a_retry(void **state)
{
    (void)state;
    struct world world;
    hold_two(&world);
    retry_ask(&world, "q");
    const struct policy_line lines[] = { { "a", 1, ALL, NULL }, { "q", 1, ALL, NULL } };
    world_policies(&world, lines, 2);
    world_settle(&world);
    assert_int_equal(line_of(&world, "q")->held, 0);
    world_fini(&world);
}

static void test_ten_thousand_merchants_are_told_a_few_a_step(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, NULL);
    for (uint64_t id = 1; id <= 1000; id++)
        world_merchant(&world, id);
    const struct policy_line line = { "default", 1, ALL, NULL };
    world_policies(&world, &line, 1);
    uint32_t before = world.step_count;
    world_settle(&world);
    assert_in_range(world.step_count - before, 1000 / 64, 1000 / 64 + 4);
    assert_int_equal(line_of(&world, "default")->merchants, 1000);
    world_fini(&world);
}

static void test_who_asks_before_it_was_told_gets_the_new_set(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, NULL);
    world_policy_p(&world, 1, ALL);
    for (uint64_t id = 1; id <= 500; id++) {
        world_merchant(&world, id);
        world_merchant_policy(&world, id, "p");
    }
    world_policy_p(&world, 2, ALL);
    (void)world_accept(&world, 500);
    world_step(&world);
    assert_int_equal(world.policy_runs.count, 1);
    assert_int_equal(world.policy_runs.items[0].generation, 2);
    world_settle(&world);
    assert_int_equal(line_of(&world, "p")->merchants, 500);
    world_fini(&world);
}

static void test_a_change_of_name_alone_does_not_forgive(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    kill_workers(&world, 3);
    struct hk_request *request = world_request(&world, HK_REQUEST_MERCHANT_UPDATE);
    request->merchant_id = 9;
    request->merchant.fields = HK_MERCHANT_NAME;
    request->merchant.value.name = hk_strdup_or_die("Another");
    (void)world_answer(&world, request);
    assert_true(use_of(&world)->is_suspended);
    assert_line(&world, "p", LINE(1, 3, 3, 300, 3, 1));
    world_fini(&world);
}

static void test_an_edition_that_comes_back_in_the_same_place_is_another(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    kill_workers(&world, 3);
    world_merchant_delete(&world, 9);
    world_merchant(&world, 9);
    world_merchant_policy(&world, 9, "p");
    (void)world_endpoint(&world, 9, NULL);
    for (uint32_t generation = 2; generation < 20; generation += 2) {
        kill_workers(&world, 1);
        world_policy_p(&world, generation, ALL);
        world_policy_p(&world, generation + 1, ALL);
        world_settle(&world);
        assert_true(world.policy_runs.count > 0); /* What was held is asked again. */
        while (world.policy_runs.count > 0)
            world_planned(&world, 0, NULL);
        world_end_all(&world, 200);
        assert_int_equal(world_stats(&world).events_held, 0);
    }
    assert_world_idle(&world);
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_merchant_uses_what_it_names_else_its_id_else_default),
        cmocka_unit_test(test_without_a_set_nothing_is_asked),
        cmocka_unit_test(test_a_policy_that_is_missing_holds_and_says_so),
        cmocka_unit_test(test_a_policy_that_is_missing_plans_by_default_if_so_set),
        cmocka_unit_test(test_a_policy_that_never_loaded_holds_with_its_fault),
        cmocka_unit_test(test_the_counts_move_with_the_merchants),
        cmocka_unit_test(test_three_kills_suspend_and_a_new_text_resumes),
        cmocka_unit_test(test_a_suspended_merchant_is_resumed_by_an_operator),
        cmocka_unit_test(test_who_was_resumed_has_three_kills_again),
        cmocka_unit_test(test_kills_far_apart_do_not_suspend),
        cmocka_unit_test(test_what_a_former_text_did_is_not_held_against_the_new_one),
        cmocka_unit_test(test_budgets_spent_in_a_row_close_the_window_and_pause),
        cmocka_unit_test(test_a_pause_has_an_end),
        cmocka_unit_test(test_a_new_text_is_cheap_until_it_is_not),
        cmocka_unit_test(test_two_sets_in_one_step_are_one_change),
        cmocka_unit_test(test_a_name_outlives_the_set_that_it_came_with),
        cmocka_unit_test(test_two_retries_in_one_step_are_both_done),
        cmocka_unit_test(test_a_reload_does_not_forget_a_retry),
        cmocka_unit_test(test_ten_thousand_merchants_are_told_a_few_a_step),
        cmocka_unit_test(test_who_asks_before_it_was_told_gets_the_new_set),
        cmocka_unit_test(test_a_change_of_name_alone_does_not_forgive),
        cmocka_unit_test(test_an_edition_that_comes_back_in_the_same_place_is_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
