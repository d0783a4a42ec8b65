// SPDX-License-Identifier: Apache-2.0
#include "engine/idempotency.h"

#include "support_cmocka.h"
#include "support_world.h"

static void shop(struct world *world)
{
    world_init(world, NULL);
    world_merchant(world, 9);
    (void)world_endpoint(world, 9, NULL);
}

/* Accepts with a key; returns the place of the answer. */
static uint32_t keyed(struct world *world, uint64_t merchant, uint64_t key, uint64_t body)
{
    uint32_t place = world_accept(world, merchant);
    struct hk_fact_accept *accept = world_accept_fact(world);
    accept->has_idempotency = true;
    accept->idempotency_key[0] = key;
    accept->idempotency_key[1] = ~key;
    accept->idempotency_body = body;
    return place;
}

static void assert_repeats(struct world *world, uint32_t place, uint32_t first)
{
    assert_true(world->accepts[place].is_acked);
    assert_true(world->accepts[place].is_replayed);
    assert_memory_equal(&world->accepts[place].acked, &world->accepts[first].id, 16);
}

static void assert_is_new(struct world *world, uint32_t place)
{
    assert_true(world->accepts[place].is_acked);
    assert_false(world->accepts[place].is_replayed);
    assert_memory_equal(&world->accepts[place].acked, &world->accepts[place].id, 16);
}

static void test_a_repeat_is_answered_with_the_first_id(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    uint32_t first = keyed(&world, 9, 1, 7);
    world_settle(&world);
    uint64_t lsn = world.watch.lsn_last;
    uint32_t again = keyed(&world, 9, 1, 7);
    world_settle(&world);
    assert_is_new(&world, first);
    assert_repeats(&world, again, first);
    assert_int_equal(world.watch.lsn_last, lsn);
    assert_int_equal(world_stats(&world).events_accepted, 1);
    assert_int_equal(world_stats(&world).events_replayed, 1);
    world_fini(&world);
}

static void test_another_body_under_the_same_key_is_a_conflict(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    (void)keyed(&world, 9, 1, 7);
    uint32_t other = keyed(&world, 9, 1, 8);
    world_settle(&world);
    assert_true(world.accepts[other].is_refused);
    assert_int_equal(world.accepts[other].refusal, HK_REFUSAL_IDEMPOTENCY_CONFLICT);
    world_fini(&world);
}

static void test_keys_of_two_merchants_are_two_keys(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    world_merchant(&world, 10);
    (void)keyed(&world, 9, 1, 7);
    uint32_t other = keyed(&world, 10, 1, 8);
    world_settle(&world);
    assert_is_new(&world, other);
    world_fini(&world);
}

static void test_a_repeat_waits_until_the_first_is_durable(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    world.is_disk_slow = true;
    uint32_t first = keyed(&world, 9, 1, 7);
    world_step(&world);
    uint32_t again = keyed(&world, 9, 1, 7);
    world_settle(&world);
    assert_false(world.accepts[first].is_acked);
    assert_false(world.accepts[again].is_acked);
    world_disk(&world, world.watch.lsn_last);
    world_settle(&world);
    assert_repeats(&world, again, first);
    world_fini(&world);
}

static void test_a_key_is_free_again_after_a_day(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    uint32_t first = keyed(&world, 9, 1, 7);
    world_settle(&world);
    world_advance(&world, HK_IDEMPOTENCY_MS - 1);
    uint32_t just = keyed(&world, 9, 1, 7);
    world_settle(&world);
    world_advance(&world, 1);
    uint32_t later = keyed(&world, 9, 1, 8);
    world_settle(&world);
    assert_repeats(&world, just, first);
    assert_is_new(&world, later);
    assert_int_equal(world_stats(&world).idempotency_keys, 1);
    uint32_t again = keyed(&world, 9, 1, 8);
    world_settle(&world);
    assert_repeats(&world, again, later);
    world_fini(&world);
}

static void test_expired_keys_leave_as_new_ones_come(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    for (uint64_t key = 0; key < 1000; key++)
        (void)keyed(&world, 9, key, 7);
    world_settle(&world);
    assert_int_equal(world_stats(&world).idempotency_keys, 1000);
    world_advance(&world, HK_IDEMPOTENCY_MS);
    for (uint64_t key = 0; key < 500; key++)
        (void)keyed(&world, 9, 2000 + key, 7);
    world_settle(&world);
    assert_int_equal(world_stats(&world).idempotency_keys, 500);
    world_fini(&world);
}

static void test_a_refused_event_leaves_its_key_free(void **state)
{
    (void)state;
    struct world world;
    struct hk_engine_options options = world_options();
    options.pending_max = 0;
    world_init(&world, &options);
    world_merchant(&world, 9);
    (void)world_endpoint(&world, 9, NULL);
    uint32_t refused = keyed(&world, 9, 1, 7);
    world_settle(&world);
    assert_int_equal(world.accepts[refused].refusal, HK_REFUSAL_PENDING);
    options.pending_max = 10;
    world_push(&world, HK_FACT_CONFIG)->options = options;
    uint32_t taken = keyed(&world, 9, 1, 8);
    world_settle(&world);
    assert_is_new(&world, taken);
    world_fini(&world);
}

/* `with_snapshot` decides where the key comes from: its own row, or its EVENT record. */
static void assert_survives(bool with_snapshot)
{
    struct world world;
    struct world after;
    shop(&world);
    uint32_t first = keyed(&world, 9, 1, 7);
    world_settle(&world);
    world_advance(&world, 3600000);
    world_end_all(&world, 200);
    uint64_t begin_lsn = 0;
    if (with_snapshot) {
        world_snapshot(&world);
        begin_lsn = world.snapshot_end.begin_lsn;
    }
    world_init_from(&after, &world, with_snapshot ? &world.rows : NULL, begin_lsn, UINT64_MAX);
    uint32_t again = keyed(&after, 9, 1, 7);
    uint32_t conflict = keyed(&after, 9, 1, 9);
    world_settle(&after);
    assert_true(after.accepts[again].is_replayed);
    assert_memory_equal(&after.accepts[again].acked, &world.accepts[first].id, 16);
    assert_true(after.accepts[conflict].is_refused);
    world_advance(&after, HK_IDEMPOTENCY_MS - 3600000);
    uint32_t later = keyed(&after, 9, 1, 9);
    world_settle(&after);
    assert_is_new(&after, later);
    world_fini(&world);
    world_fini(&after);
}

static void test_a_key_survives_a_restart_with_its_expiry(void **state)
{
    (void)state;
    assert_survives(false);
    assert_survives(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_repeat_is_answered_with_the_first_id),
        cmocka_unit_test(test_another_body_under_the_same_key_is_a_conflict),
        cmocka_unit_test(test_keys_of_two_merchants_are_two_keys),
        cmocka_unit_test(test_a_repeat_waits_until_the_first_is_durable),
        cmocka_unit_test(test_a_key_is_free_again_after_a_day),
        cmocka_unit_test(test_expired_keys_leave_as_new_ones_come),
        cmocka_unit_test(test_a_refused_event_leaves_its_key_free),
        cmocka_unit_test(test_a_key_survives_a_restart_with_its_expiry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
