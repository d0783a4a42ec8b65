// SPDX-License-Identifier: Apache-2.0
#include "engine/finish.h"

#include "support_cmocka.h"
#include "support_world.h"

static void shop(struct world *world, uint32_t endpoints)
{
    world_init(world, NULL);
    world_merchant(world, 9);
    for (uint32_t i = 0; i < endpoints; i++)
        (void)world_endpoint(world, 9, NULL);
}

static void test_an_event_ends_with_the_last_of_its_deliveries(void **state)
{
    (void)state;
    struct world world;
    shop(&world, 3);
    struct hk_uuid id = world_event(&world, 9)->id;
    for (int i = 0; i < 2; i++) {
        world_end(&world, 0, world_outcome(&world, 200));
        world_settle(&world);
        assert_int_equal(world_look(&world, &id)->state, HK_EVENT_PLANNED);
    }
    world_end_all(&world, 200);
    assert_int_equal(world_look(&world, &id)->state, HK_EVENT_FINISHED);
    assert_int_equal(world_stats(&world).events_finished, 1);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_the_youngest_finished_events_can_be_looked_up(void **state)
{
    (void)state;
    struct world world;
    shop(&world, 0);
    for (int i = 0; i < HK_FINISHED_MAX + 10; i++) {
        (void)world_accept(&world, 9);
        if (i % 300 == 0)
            world_settle(&world);
    }
    world_settle(&world);
    for (uint32_t i = 0; i < 10; i++)
        assert_int_equal(world_look_code(&world, &world.accepts[i].id), HK_ENOTFOUND);
    for (uint32_t i = 10; i < HK_FINISHED_MAX + 10; i += 499)
        assert_int_equal(world_look_code(&world, &world.accepts[i].id), 0);
    assert_int_equal(world_look_code(&world, &world.accepts[HK_FINISHED_MAX + 9].id), 0);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_the_finished_survive_a_restart_oldest_first(void **state)
{
    (void)state;
    struct world world;
    struct world after;
    shop(&world, 0);
    for (int i = 0; i < HK_FINISHED_MAX + 5; i++)
        (void)world_accept(&world, 9);
    world_settle(&world);
    world_snapshot(&world);
    world_init_from(&after, &world, &world.rows, world.snapshot_end.begin_lsn, UINT64_MAX);
    assert_int_equal(world_look_code(&after, &world.accepts[4].id), HK_ENOTFOUND);
    assert_int_equal(world_look_code(&after, &world.accepts[5].id), 0);
    (void)world_event(&after, 9); /* It takes the oldest one's place. */
    assert_int_equal(world_look_code(&after, &world.accepts[5].id), HK_ENOTFOUND);
    assert_int_equal(world_look_code(&after, &world.accepts[6].id), 0);
    world_fini(&world);
    world_fini(&after);
}

/* Rows of the deleted must be gone: a million of them would not fit. The only sign outside is that
 * nothing stays due, and that memory is given back: the same work again takes no more of it. */
static void test_the_deleted_leave_nothing(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, NULL);
    for (int round = 0; round < 200; round++) {
        world_merchant(&world, 9);
        struct hk_uuid early = world_endpoint(&world, 9, NULL);
        (void)world_endpoint(&world, 9, NULL);
        for (int i = 0; i < 5; i++)
            (void)world_accept(&world, 9);
        world_settle(&world);
        world_endpoint_delete(&world, 9, early);
        world_end(&world, 0, world_outcome(&world, 500));
        world_end(&world, 1, world_outcome(&world, 500));
        world_merchant_delete(&world, 9);
        world_end_all(&world, round % 2 ? 200 : 500);
        assert_world_idle(&world);
        assert_int_equal(world_stats(&world).merchants, 0);
        assert_int_equal(world_stats(&world).endpoints, 0);
    }
    world_snapshot(&world);
    for (uint32_t i = 0; i < world.rows.count; i++)
        assert_int_equal(world.rows.items[i]->record.type, HK_RECORD_STATE);
    world_fini(&world);
}

/* Commands of a step borrow from rows that the step deletes. */
static void test_what_is_made_and_deleted_in_one_step_is_still_written_down(void **state)
{
    (void)state;
    struct world world;
    struct world after;
    world_init(&world, NULL);
    for (int i = 0; i < 100; i++) {
        struct hk_request *create = world_request(&world, HK_REQUEST_MERCHANT_CREATE);
        struct hk_request *delete = world_request(&world, HK_REQUEST_MERCHANT_DELETE);
        create->merchant_id = delete->merchant_id = 9;
        (void)world_ask(&world, create);
        (void)world_ask(&world, delete);
    }
    world_step(&world); /* The world reads the records after the step, as the shell does. */
    assert_int_equal(world.log.count, 200);
    assert_int_equal(world.log.items[198]->merchant.id, 9);
    world_settle(&world);
    assert_world_idle(&world);
    world_init_from(&after, &world, NULL, 0, UINT64_MAX);
    assert_int_equal(world_stats(&after).merchants, 0);
    world_settle(&after);
    assert_world_idle(&after);
    world_fini(&world);
    world_fini(&after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_event_ends_with_the_last_of_its_deliveries),
        cmocka_unit_test(test_the_youngest_finished_events_can_be_looked_up),
        cmocka_unit_test(test_the_finished_survive_a_restart_oldest_first),
        cmocka_unit_test(test_the_deleted_leave_nothing),
        cmocka_unit_test(test_what_is_made_and_deleted_in_one_step_is_still_written_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
