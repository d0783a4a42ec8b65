// SPDX-License-Identifier: Apache-2.0
#include "engine/listing.h"

#include "base/alloc.h"
#include "support_cmocka.h"
#include "support_world.h"

#define ALL HK_HOOKS_PLANNING

static struct hk_request *events_of(struct world *world, const char *policy, uint32_t count)
{
    struct hk_request *request = world_request(world, HK_REQUEST_POLICY_EVENTS);
    request->name = hk_strdup_or_die(policy);
    request->page.per_page = count;
    return request;
}

static const struct hk_reply *list(struct world *world, const char *policy, uint32_t count)
{
    const struct hk_reply *reply = world_answer(world, events_of(world, policy, count));
    assert_int_equal(reply->code, 0);
    return reply;
}

static void test_planned_held_and_finished_ones_come_newest_first(void **state)
{
    (void)state;
    struct world world;
    struct hk_uuid ids[6];
    (void)world_policy_shop(&world, ALL, NULL);
    for (uint32_t i = 0; i < 6; i++) {
        ids[i] = world_policy_event(&world);
        world_advance(&world, 1);
    }
    world_planned(&world, 3, NULL); /* Planned, and sent. */
    world_planned(&world, 1, NULL);
    world_end_all(&world, 200);
    world_planned(&world, 0, NULL); /* Planned, on its way. */
    world_policy_failed(&world, 0, HK_POLICY_ERROR);
    world_settle(&world);
    world_merchant(&world, 10);
    (void)world_accept(&world, 10); /* Nobody's. */
    world_settle(&world);
    const struct hk_reply *reply = list(&world, "p", 100);
    assert_int_equal(reply->count, 6);
    for (uint32_t i = 0; i < 6; i++)
        assert_memory_equal(&reply->ids[i], &ids[5 - i], sizeof(ids[0]));
    reply = list(&world, "p", 2);
    assert_int_equal(reply->count, 2);
    assert_memory_equal(&reply->ids[0], &ids[5], sizeof(ids[0]));
    assert_memory_equal(&reply->ids[1], &ids[4], sizeof(ids[0]));
    assert_int_equal(list(&world, "q", 100)->count, 0);
    world_fini(&world);
}

static void test_one_list_is_made_at_a_time_a_few_a_step(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    uint64_t first = world_ask(&world, events_of(&world, "p", 10));
    uint64_t second = world_ask(&world, events_of(&world, "p", 10));
    world_step(&world);
    assert_null(world_reply(&world, first));
    assert_int_equal(world_reply(&world, second)->code, HK_ELIMIT);
    uint32_t steps = world.step_count;
    world_settle(&world);
    assert_true(world.step_count - steps >= HK_FINISHED_MAX / 64);
    assert_int_equal(world_reply(&world, first)->code, 0);
    assert_int_equal(list(&world, "p", 10)->count, 0);
    world_fini(&world);
}

static void test_what_finishes_while_the_list_is_made_is_in_it_once(void **state)
{
    (void)state;
    struct world world;
    struct hk_uuid ids[200];
    (void)world_policy_shop(&world, ALL, NULL);
    world.policy_runs.hand = policy_hand_plan_all;
    for (uint32_t i = 0; i < 200; i++)
        ids[i] = world_policy_event(&world);
    uint64_t token = world_ask(&world, events_of(&world, "p", 1000));
    while (!world_reply(&world, token)) {
        world_step(&world);
        for (int i = 0; i < 4 && world.run_count > 0; i++)
            world_end(&world, world.run_count - 1, world_outcome(&world, 200));
    }
    const struct hk_reply *reply = world_reply(&world, token);
    assert_int_equal(reply->count, 200);
    for (uint32_t i = 0; i < 200; i++)
        assert_memory_equal(&reply->ids[i], &ids[199 - i], sizeof(ids[0]));
    world_end_all(&world, 200);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_a_list_that_is_being_made_is_freed_with_the_engine(void **state)
{
    (void)state;
    struct world world;
    (void)world_policy_shop(&world, ALL, NULL);
    (void)world_ask(&world, events_of(&world, "p", 1000));
    world_step(&world);
    world_fini(&world);
}

static void test_a_list_survives_a_restart(void **state)
{
    (void)state;
    struct world world, after;
    (void)world_policy_shop(&world, ALL, NULL);
    world.policy_runs.hand = policy_hand_plan_all;
    (void)world_policy_event(&world);
    world_end_all(&world, 200);
    (void)world_policy_event(&world);
    world_policy_restart(&after, &world, ALL);
    assert_int_equal(list(&after, "p", 10)->count, 2);
    world_fini(&after);
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_planned_held_and_finished_ones_come_newest_first),
        cmocka_unit_test(test_one_list_is_made_at_a_time_a_few_a_step),
        cmocka_unit_test(test_what_finishes_while_the_list_is_made_is_in_it_once),
        cmocka_unit_test(test_a_list_that_is_being_made_is_freed_with_the_engine),
        cmocka_unit_test(test_a_list_survives_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
