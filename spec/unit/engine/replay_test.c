// SPDX-License-Identifier: Apache-2.0
/* The engine as a fold over its log: what one engine wrote down, another becomes. */
#include "engine/engine.h"

#include "support_cmocka.h"
#include "support_life.h"
#include "support_world.h"

#include <string.h>

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
    life_mend(world);
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

/** A log with one event that was delivered and one whose first attempt is running. */
struct short_log {
    struct world world;
    struct hk_uuid delivered, running;
};

static void short_log_init(struct short_log *log)
{
    world_init(&log->world, NULL);
    world_merchant(&log->world, 9);
    (void)world_endpoint(&log->world, 9, NULL);
    log->delivered = world_event(&log->world, 9)->id;
    world_end_all(&log->world, 200);
    log->running = world_event(&log->world, 9)->id;
}

/* Replays the log and then one record more. */
static int replay_one_more(const struct short_log *log, struct hk_record record,
                           struct hk_fault *fault)
{
    struct world after = { .setup = log->world.setup };
    after.engine = hk_engine_new(&after.setup);
    assert_int_equal(world_replay(&after, NULL, &log->world.log, 0, ALL), 0);
    record.lsn = log->world.watch.lsn_last + 1;
    int code = hk_engine_replay(after.engine, &record, kept_location(record.lsn), false, fault);
    world_fini(&after);
    return code;
}

static struct hk_record result_of(const struct hk_uuid *event, uint16_t number,
                                  enum hk_delivery_state state)
{
    struct hk_record record = { .type = HK_RECORD_RESULT };
    record.result.event = *event;
    record.result.delivery = 1;
    record.result.attempt.number = number;
    record.result.error = HK_SLICE("why");
    record.result.response = HK_SLICE_EMPTY;
    record.result.state = state;
    return record;
}

static struct hk_record start_of(const struct hk_uuid *event, uint16_t delivery, uint16_t attempt)
{
    struct hk_record record = { .type = HK_RECORD_START };
    record.start = (struct hk_record_start){ *event, delivery, attempt };
    return record;
}

static struct hk_record wait_of(const struct hk_uuid *event, uint16_t attempt)
{
    struct hk_record record = { .type = HK_RECORD_WAIT };
    record.wait = (struct hk_record_wait){ *event, 1, attempt, 1000 };
    return record;
}

static struct hk_record event_of(const struct hk_uuid *id, uint64_t merchant)
{
    struct hk_record record = { .type = HK_RECORD_EVENT };
    record.event = (struct hk_record_event){ .id = *id, .merchant_id = merchant };
    return record;
}

static void test_a_record_that_contradicts_the_log_is_damage(void **state)
{
    (void)state;
    struct short_log log;
    short_log_init(&log);
    const struct hk_uuid nobody = { { 1 } };
    const struct hk_endpoint stray = { .uuid = nobody, .merchant_id = 77 };
    const struct hk_record records[] = {
        event_of(&log.running, 9),
        event_of(&log.delivered, 9),
        event_of(&nobody, 77),
        { HK_RECORD_PLAN, .plan.event = nobody },
        { HK_RECORD_PLAN, .plan.event = log.running },
        start_of(&nobody, 1, 1),
        start_of(&log.delivered, 1, 2),
        start_of(&log.running, 2, 1),
        start_of(&log.running, 0, 1),
        start_of(&log.running, 1, 0),
        start_of(&log.running, 1, 1),
        start_of(&log.running, 1, HK_ATTEMPTS_MAX + 1),
        result_of(&nobody, 1, HK_DELIVERY_DELIVERED),
        result_of(&log.delivered, 1, HK_DELIVERY_DELIVERED),
        result_of(&log.running, 0, HK_DELIVERY_DELIVERED),
        result_of(&log.running, HK_ATTEMPTS_MAX + 1, HK_DELIVERY_DELIVERED),
        result_of(&log.running, 1, HK_DELIVERY_READY),
        result_of(&log.running, 1, HK_DELIVERY_IN_FLIGHT),
        { HK_RECORD_END, .end = { nobody, 1, HK_DELIVERY_DROPPED, HK_REASON_EXPIRED } },
        { HK_RECORD_END, .end = { log.delivered, 1, HK_DELIVERY_DROPPED, HK_REASON_EXPIRED } },
        { HK_RECORD_END, .end = { log.running, 1, HK_DELIVERY_WAITING, HK_REASON_NONE } },
        wait_of(&nobody, 1),
        wait_of(&log.delivered, 1),
        wait_of(&log.running, 1),
        { HK_RECORD_MERCHANT_DELETED, .merchant_deleted = 77 },
        { HK_RECORD_ENDPOINT, .endpoint = &stray },
        { HK_RECORD_ENDPOINT_DELETED, .endpoint_deleted = nobody },
        { .type = (enum hk_record_type)99 },
        { .type = (enum hk_record_type)0 },
    };
    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
        struct hk_fault fault = { 0 };
        if (replay_one_more(&log, records[i], &fault) != HK_EDAMAGED)
            fail_msg("record %zu of the table was taken", i);
        assert_int_equal(fault.code, HK_EDAMAGED);
        assert_non_null(strstr(fault.text, "record "));
    }
    world_fini(&log.world);
}

static void test_what_may_follow_is_taken(void **state)
{
    (void)state;
    struct short_log log;
    short_log_init(&log);
    const struct hk_record records[] = {
        result_of(&log.running, 1, HK_DELIVERY_DELIVERED),
        result_of(&log.running, 1, HK_DELIVERY_WAITING),
        start_of(&log.running, 1, 2),
        { HK_RECORD_END, .end = { log.running, 1, HK_DELIVERY_DROPPED, HK_REASON_EXPIRED } },
        { HK_RECORD_MERCHANT_DELETED, .merchant_deleted = 9 },
        { HK_RECORD_KEY_DELETED, .key_deleted = { { 5 } } },
    };
    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
        assert_int_equal(replay_one_more(&log, records[i], NULL), 0);
    world_fini(&log.world);
}

/* A third event, accepted and not planned, and a plan of it as nobody can have made it. */
static void test_a_payload_without_a_policy_is_damage(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, NULL);
    world_policy_p(&world, 1, HK_HOOKS_PLANNING);
    world_merchant(&world, 9);
    world_merchant_policy(&world, 9, "p");
    struct hk_uuid endpoint = world_endpoint(&world, 9, NULL);
    struct short_log log = { .world = world };
    log.running = world_policy_event(&log.world);
    struct hk_plan_delivery delivery = { .endpoint = endpoint,
                                         .own = policy_payload("{}", NULL, NULL) };
    struct hk_record record = { .type = HK_RECORD_PLAN };
    record.plan =
        (struct hk_plan){ .event = log.running, .deliveries = &delivery, .delivery_count = 1 };
    struct hk_fault fault = { 0 };
    assert_int_equal(replay_one_more(&log, record, &fault), HK_EDAMAGED);
    record.plan.policy = HK_SLICE("p");
    assert_int_equal(replay_one_more(&log, record, &fault), 0);
    hk_body_unref(delivery.own);
    struct hk_delivery row = { .number = 1, .has_own = true };
    const struct hk_event event = { .id = log.running,
                                    .merchant_id = 9,
                                    .state = HK_EVENT_PLANNED,
                                    .deliveries = &row,
                                    .delivery_count = 1 };
    record = (struct hk_record){ .type = HK_RECORD_STATE, .state = &event };
    assert_int_equal(replay_one_more(&log, record, &fault), HK_EDAMAGED);
    world_fini(&log.world);
}

/* A row that no engine writes must end the start with a word, not with an assertion. */
static void test_a_row_that_cannot_be_is_damage(void **state)
{
    (void)state;
    static const uint16_t counts[] = { 0, HK_ATTEMPTS_MAX + 1 };
    for (size_t i = 0; i < 2; i++) {
        struct world world;
        struct hk_delivery delivery = { .number = 1,
                                        .state = HK_DELIVERY_IN_FLIGHT,
                                        .attempt_count = counts[i] };
        const struct hk_event event = { .id = { { 1 } },
                                        .merchant_id = 9,
                                        .state = HK_EVENT_PLANNED,
                                        .deliveries = &delivery,
                                        .delivery_count = 1 };
        const struct hk_record row = { HK_RECORD_STATE, .lsn = 5, .state = &event };
        struct hk_fault fault = { 0 };
        world_init(&world, NULL);
        int code = hk_engine_replay(world.engine, &row, kept_location(5), true, &fault);
        assert_int_equal(code, HK_EDAMAGED);
        world_fini(&world);
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
        cmocka_unit_test(test_a_record_that_contradicts_the_log_is_damage),
        cmocka_unit_test(test_what_may_follow_is_taken),
        cmocka_unit_test(test_a_payload_without_a_policy_is_damage),
        cmocka_unit_test(test_a_row_that_cannot_be_is_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
