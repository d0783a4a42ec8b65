// SPDX-License-Identifier: Apache-2.0
/* The engine as a fold over its log: what one engine wrote down, another becomes. */
#include "engine/engine.h"

#include "support_cmocka.h"
#include "support_life.h"
#include "support_world.h"

#define SEEDS 24
#define ALL UINT64_MAX

/* Every other world keeps no body in memory, and its disk answers late or not at all. */
static void life_begin(struct life *life, struct world *world, uint64_t seed)
{
    struct hk_engine_options options = world_options();
    if (seed % 2)
        options.body_cache_bytes_max = 1;
    world_init(world, &options);
    world->is_loading_slow = true;
    life_init(life, world, seed);
}

static void test_an_engine_becomes_what_its_log_says(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct world one;
        struct world other;
        struct life life;
        life_begin(&life, &one, seed);
        life_go(&life, 1500);
        life_rest(&life);
        world_init_from(&other, &one, NULL, 0, ALL);
        assert_same_worlds(&one, &other);
        world_fini(&one);
        world_fini(&other);
    }
}

static void test_an_engine_becomes_what_a_snapshot_and_the_records_after_it_say(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct world one;
        struct world other;
        struct life life;
        life_begin(&life, &one, seed + 100);
        life_go(&life, 800);
        life_rest(&life);
        one.is_disk_slow = false;
        world_snapshot(&one);
        struct kept_log rows = one.rows;
        struct hk_command_snapshot_end end = one.snapshot_end;
        one.rows = (struct kept_log){ 0 };
        one.is_disk_slow = true;
        life_go(&life, 800);
        life_rest(&life);
        world_init_from(&other, &one, &rows, end.begin_lsn, ALL);
        assert_same_worlds(&one, &other);
        kept_log_fini(&rows);
        world_fini(&one);
        world_fini(&other);
    }
}

static void test_a_snapshot_taken_while_everything_moves_is_as_good(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct world one;
        struct world other;
        struct life life;
        life_begin(&life, &one, seed + 200);
        life_go(&life, 1500);
        world_snapshot_begin(&one);
        life_go(&life, 1500);
        life_rest(&life);
        assert_int_equal(one.snapshot_count, 1);
        struct kept_log rows = one.rows;
        one.rows = (struct kept_log){ 0 };
        world_init_from(&other, &one, &rows, one.snapshot_end.begin_lsn, ALL);
        world_settle(&other);
        world_snapshot(&one);
        world_snapshot(&other);
        kept_log_blur(&one.rows);
        kept_log_blur(&other.rows);
        assert_same_rows(&one.rows, &other.rows);
        kept_log_fini(&rows);
        world_fini(&one);
        world_fini(&other);
    }
}

/* Promise 2: every event that the log has comes to its end, and can be looked up. */
static void assert_all_ends(struct world *world)
{
    do {
        world_end_all(world, 200);
    } while (world_leap(world));
    for (uint32_t i = 0; i < world->watch.endpoint_count; i++) {
        const struct watch_endpoint *endpoint = &world->watch.endpoints[i];
        if (!endpoint->is_deleted && !endpoint->is_enabled)
            world_endpoint_enable(world, endpoint->merchant_id, endpoint->uuid, true);
    }
    do {
        world_end_all(world, 200);
    } while (world_leap(world));
    assert_world_idle(world);
    for (uint32_t i = 0; i < world->watch.event_count; i++) {
        struct hk_uuid id = world->watch.events[i].id;
        const struct hk_event *seen = world_look(world, &id);
        assert_true(seen->state == HK_EVENT_FINISHED || seen->state == HK_EVENT_DROPPED);
    }
}

static void test_after_a_snapshot_under_way_and_a_crash_everything_ends(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct world one;
        struct world other;
        struct life life;
        life_begin(&life, &one, seed + 400);
        life_go(&life, 700);
        world_snapshot_begin(&one);
        while (one.snapshot_count == 0)
            life_go(&life, 10);
        life_go(&life, (uint32_t)hk_prng_below(&life.prng, 200));
        uint64_t end_lsn = one.snapshot_end.end_lsn;
        uint64_t lsn = end_lsn + hk_prng_below(&life.prng, one.lsn_durable - end_lsn + 1);
        world_init_from(&other, &one, &one.rows, one.snapshot_end.begin_lsn, lsn);
        assert_all_ends(&other);
        world_fini(&one);
        world_fini(&other);
    }
}

/* Dies at any record, comes back, and still brings everything to its end. */
static void test_after_a_crash_at_any_record_everything_ends(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct world one;
        struct world other;
        struct life life;
        life_begin(&life, &one, seed + 300);
        life_go(&life, 600);
        uint64_t lsn = one.lsn_durable - hk_prng_below(&life.prng, one.lsn_durable / 2);
        world_init_from(&other, &one, NULL, 0, lsn);
        assert_all_ends(&other);
        world_fini(&one);
        world_fini(&other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_engine_becomes_what_its_log_says),
        cmocka_unit_test(test_an_engine_becomes_what_a_snapshot_and_the_records_after_it_say),
        cmocka_unit_test(test_a_snapshot_taken_while_everything_moves_is_as_good),
        cmocka_unit_test(test_after_a_snapshot_under_way_and_a_crash_everything_ends),
        cmocka_unit_test(test_after_a_crash_at_any_record_everything_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
