// SPDX-License-Identifier: Apache-2.0
#include "engine/answers.h"

#include "support_cmocka.h"
#include "support_world.h"

static void test_a_change_is_answered_when_it_is_durable(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, NULL);
    world.is_disk_slow = true;
    struct hk_request *request = world_request(&world, HK_REQUEST_MERCHANT_CREATE);
    request->merchant_id = 9;
    uint64_t token = world_ask(&world, request);
    world_settle(&world);
    assert_null(world_reply(&world, token));
    assert_int_equal(world.sync_count, 1);
    world_disk(&world, world.watch.lsn_last);
    world_settle(&world);
    assert_int_equal(world_reply(&world, token)->code, 0);
    world_fini(&world);
}

/* Nobody may see what a crash could take back. */
static void test_a_look_up_waits_for_what_it_shows(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, NULL);
    world_merchant(&world, 9);
    world.is_disk_slow = true;
    struct hk_request *change = world_request(&world, HK_REQUEST_MERCHANT_UPDATE);
    change->merchant_id = 9;
    change->merchant.fields = HK_MERCHANT_VERIFIED;
    (void)world_ask(&world, change);
    struct hk_request *look = world_request(&world, HK_REQUEST_MERCHANT_GET);
    look->merchant_id = 9;
    uint64_t token = world_ask(&world, look);
    world_settle(&world);
    assert_null(world_reply(&world, token));
    world_disk(&world, world.watch.lsn_last);
    world_settle(&world);
    assert_false(world_reply(&world, token)->merchants[0].verified);
    world_fini(&world);
}

static void test_a_look_up_of_durable_things_needs_no_disk(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, NULL);
    world_merchant(&world, 9);
    uint32_t syncs = world.sync_count;
    struct hk_request *look = world_request(&world, HK_REQUEST_MERCHANT_GET);
    look->merchant_id = 9;
    uint64_t token = world_ask(&world, look);
    world_step(&world);
    assert_non_null(world_reply(&world, token));
    assert_int_equal(world.sync_count, syncs);
    world_fini(&world);
}

static void test_who_proves_itself_does_not_wait_for_the_disk(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, NULL);
    world_merchant(&world, 9);
    world.is_disk_slow = true;
    (void)world_accept(&world, 9);
    uint64_t token = world_ask(&world, world_request(&world, HK_REQUEST_AUTHENTICATE));
    uint64_t stats = world_ask(&world, world_request(&world, HK_REQUEST_STATS));
    world_step(&world);
    assert_int_equal(world_reply(&world, token)->code, HK_EDENIED);
    assert_int_equal(world_reply(&world, stats)->stats->events_accepted, 1);
    world_fini(&world);
}

static void test_answers_leave_in_the_order_of_the_questions(void **state)
{
    (void)state;
    struct world world;
    uint64_t tokens[300];
    world_init(&world, NULL);
    world.is_disk_slow = true;
    for (uint64_t i = 0; i < 300; i++) {
        struct hk_request *request = world_request(&world, HK_REQUEST_MERCHANT_CREATE);
        request->merchant_id = i + 1;
        tokens[i] = world_ask(&world, request);
    }
    world_settle(&world);
    world_disk(&world, 150);
    world_settle(&world);
    assert_int_equal(world.reply_count, 150);
    world_disk(&world, 300);
    world_settle(&world);
    assert_int_equal(world.reply_count, 300);
    for (uint32_t i = 0; i < 300; i++)
        assert_int_equal(world.replies[i]->token, tokens[i]);
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_change_is_answered_when_it_is_durable),
        cmocka_unit_test(test_a_look_up_waits_for_what_it_shows),
        cmocka_unit_test(test_a_look_up_of_durable_things_needs_no_disk),
        cmocka_unit_test(test_who_proves_itself_does_not_wait_for_the_disk),
        cmocka_unit_test(test_answers_leave_in_the_order_of_the_questions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
