// SPDX-License-Identifier: Apache-2.0
/* The worked table of what follows an attempt. */
#include "engine/retry.h"

#include "support_cmocka.h"
#include "support_world.h"

#define MIDDLE (HK_JITTER_RANGE / 2)
#define LEAST 0
#define MOST (HK_JITTER_RANGE - 1)
#define HOUR_MS INT64_C(3600000)

static struct hk_outcome answered(uint16_t status)
{
    return (struct hk_outcome){
        .class = status >= 200 && status < 300 ? HK_OUTCOME_SUCCESS : HK_OUTCOME_STATUS,
        .status = status,
        .retry_after_ms = HK_RETRY_AFTER_NONE,
    };
}

static struct hk_retry_decision decide(const struct hk_endpoint *endpoint,
                                       const struct hk_engine_options *options, uint32_t attempt,
                                       const struct hk_outcome *outcome, uint32_t jitter)
{
    struct hk_retry_policy policy = hk_retry_policy_of(endpoint, options);
    return hk_retry_decide(&policy, attempt, outcome, jitter);
}

/** A schedule and the delays in the middle of its jitter; the last row says that it is spent. */
struct row {
    enum hk_schedule_kind kind;
    enum hk_schedule_preset preset;
    uint32_t attempts; /**< The endpoint's; 0: config. */
    uint32_t config_attempts;
    int64_t delays_ms[12]; /**< 0: no more. */
};

static const struct row table[] = {
    { HK_SCHEDULE_CONFIG, HK_PRESET_POINTS, 0, 3, { 10000, 60000 } },
    { HK_SCHEDULE_POINTS, HK_PRESET_STANDARD, 0, 3, { 10000, 60000 } },
    { HK_SCHEDULE_CONFIG, HK_PRESET_POINTS, 1, 3, { 0 } },
    { HK_SCHEDULE_CONFIG, HK_PRESET_POINTS, 2, 3, { 10000 } },
    /* More attempts than delays: the last repeats. */
    { HK_SCHEDULE_POINTS, HK_PRESET_POINTS, 6, 3, { 10000, 60000, 60000, 60000, 60000 } },
    { HK_SCHEDULE_CONFIG, HK_PRESET_STANDARD, 0, 4, { 5000, 300000, 1800000 } },
    /* Who asks for the standard schedule means all of it. */
    { HK_SCHEDULE_STANDARD,
      HK_PRESET_POINTS,
      0,
      3,
      { 5000, 300000, 1800000, 2 * HOUR_MS, 5 * HOUR_MS, 10 * HOUR_MS, 14 * HOUR_MS, 20 * HOUR_MS,
        24 * HOUR_MS } },
    { HK_SCHEDULE_STANDARD, HK_PRESET_POINTS, 2, 3, { 5000 } },
    { HK_SCHEDULE_STANDARD,
      HK_PRESET_POINTS,
      12,
      3,
      { 5000, 300000, 1800000, 2 * HOUR_MS, 5 * HOUR_MS, 10 * HOUR_MS, 14 * HOUR_MS, 20 * HOUR_MS,
        24 * HOUR_MS, 24 * HOUR_MS, 24 * HOUR_MS } },
    { HK_SCHEDULE_OWN, HK_PRESET_POINTS, 5, 3, { 1, 70000, 400, 400 } },
    { HK_SCHEDULE_OWN, HK_PRESET_POINTS, 0, 3, { 1, 70000 } },
};

static void test_schedules_are_followed_to_their_end(void **state)
{
    (void)state;
    struct hk_outcome failed = answered(500);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const struct row *row = &table[i];
        struct hk_engine_options options = world_options();
        options.schedule = row->preset;
        options.attempts = row->config_attempts;
        struct hk_endpoint endpoint = {
            .attempts = row->attempts,
            .schedule = { row->kind, row->kind == HK_SCHEDULE_OWN ? 3 : 0, { 1, 70000, 400 } },
        };
        uint32_t attempt = 1;
        for (; row->delays_ms[attempt - 1]; attempt++) {
            struct hk_retry_decision decision =
                decide(&endpoint, &options, attempt, &failed, MIDDLE);
            assert_int_equal(decision.state, HK_DELIVERY_WAITING);
            assert_int_equal(decision.reason, HK_REASON_NONE);
            assert_in_range(decision.delay_ms, row->delays_ms[attempt - 1] - 1,
                            row->delays_ms[attempt - 1]);
        }
        struct hk_retry_decision last = decide(&endpoint, &options, attempt, &failed, MIDDLE);
        assert_int_equal(last.state, HK_DELIVERY_DEAD);
        assert_int_equal(last.reason, HK_REASON_ATTEMPTS_SPENT);
    }
}

static void test_jitter_is_a_fifth_to_either_side(void **state)
{
    (void)state;
    struct hk_engine_options options = world_options();
    struct hk_endpoint endpoint = { 0 };
    struct hk_outcome failed = answered(500);
    int64_t before = 0;
    assert_int_equal(decide(&endpoint, &options, 1, &failed, LEAST).delay_ms, 8000);
    assert_int_equal(decide(&endpoint, &options, 2, &failed, LEAST).delay_ms, 48000);
    assert_in_range(decide(&endpoint, &options, 1, &failed, MOST).delay_ms, 11990, 12000);
    assert_in_range(decide(&endpoint, &options, 2, &failed, MOST).delay_ms, 71940, 72000);
    for (uint32_t jitter = 0; jitter < HK_JITTER_RANGE; jitter++) {
        int64_t delay_ms = decide(&endpoint, &options, 1, &failed, jitter).delay_ms;
        assert_true(delay_ms >= before);
        before = delay_ms;
    }
}

/* The longest that a schedule can be, times the jitter, stays a number. */
static void test_the_longest_own_delay_does_not_overflow(void **state)
{
    (void)state;
    struct hk_engine_options options = world_options();
    struct hk_endpoint endpoint = { .schedule = { HK_SCHEDULE_OWN, 1, { UINT32_MAX } } };
    struct hk_outcome failed = answered(500);
    int64_t delay_ms = decide(&endpoint, &options, 1, &failed, MOST).delay_ms;
    assert_in_range(delay_ms, INT64_C(5150000000), INT64_C(5153960754));
}

static void test_retry_after_lengthens_and_never_shortens(void **state)
{
    (void)state;
    struct hk_engine_options options = world_options();
    options.retry_after_max_ms = 3600000;
    struct hk_endpoint endpoint = { 0 };
    static const struct {
        int64_t asked_ms, wanted_ms;
    } cases[] = {
        { HK_RETRY_AFTER_NONE, 8000 },
        { 0, 8000 },
        { 7999, 8000 },
        { 8000, 8000 },
        { 8001, 8001 },
        { 3600000, 3600000 },
        { 3600001, 3600000 },
        { INT64_MAX, 3600000 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hk_outcome busy = answered(503);
        busy.retry_after_ms = cases[i].asked_ms;
        assert_int_equal(decide(&endpoint, &options, 1, &busy, LEAST).delay_ms, cases[i].wanted_ms);
    }
    options.retry_after_max_ms = 0; /* A cap below the schedule takes nothing off it. */
    struct hk_outcome busy = answered(429);
    busy.retry_after_ms = 100000;
    assert_int_equal(decide(&endpoint, &options, 1, &busy, LEAST).delay_ms, 8000);
}

static void test_a_retry_after_adds_no_attempt(void **state)
{
    (void)state;
    struct hk_engine_options options = world_options();
    struct hk_endpoint endpoint = { 0 };
    struct hk_outcome busy = answered(503);
    busy.retry_after_ms = 1000;
    assert_int_equal(decide(&endpoint, &options, 3, &busy, LEAST).state, HK_DELIVERY_DEAD);
}

static void test_every_2xx_delivers_and_nothing_else_does(void **state)
{
    (void)state;
    struct hk_engine_options options = world_options();
    struct hk_endpoint endpoint = { 0 };
    for (uint16_t status = 100; status < 600; status++) {
        struct hk_outcome outcome = answered(status);
        enum hk_delivery_state wanted =
            status / 100 == 2 ? HK_DELIVERY_DELIVERED : HK_DELIVERY_WAITING;
        assert_int_equal(decide(&endpoint, &options, 1, &outcome, MIDDLE).state, wanted);
    }
    /* A 2xx that was not whole is a failure: the class decides. */
    struct hk_outcome cut = answered(200);
    cut.class = HK_OUTCOME_TIMEOUT;
    assert_int_equal(decide(&endpoint, &options, 1, &cut, MIDDLE).state, HK_DELIVERY_WAITING);
    assert_int_equal(decide(&endpoint, &options, 20, &cut, MIDDLE).state, HK_DELIVERY_DEAD);
}

static void test_every_class_but_success_is_tried_again(void **state)
{
    (void)state;
    struct hk_engine_options options = world_options();
    struct hk_endpoint endpoint = { 0 };
    for (int class = HK_OUTCOME_UNKNOWN; class <= HK_OUTCOME_INTERNAL; class ++) {
        struct hk_outcome outcome = { .class = (enum hk_outcome_class) class };
        struct hk_retry_decision decision = decide(&endpoint, &options, 1, &outcome, MIDDLE);
        bool is_success = class == HK_OUTCOME_SUCCESS;
        assert_int_equal(decision.state, is_success ? HK_DELIVERY_DELIVERED : HK_DELIVERY_WAITING);
        assert_false(decision.disables_endpoint);
    }
}

static void test_gone_is_retried_or_switches_off_as_the_endpoint_wants(void **state)
{
    (void)state;
    static const struct {
        enum hk_on_gone on_gone;
        enum hk_schedule_kind kind;
        enum hk_schedule_preset preset;
        bool disables;
    } cases[] = {
        { HK_ON_GONE_DEFAULT, HK_SCHEDULE_CONFIG, HK_PRESET_POINTS, false },
        { HK_ON_GONE_DEFAULT, HK_SCHEDULE_POINTS, HK_PRESET_STANDARD, false },
        { HK_ON_GONE_DEFAULT, HK_SCHEDULE_OWN, HK_PRESET_STANDARD, false },
        { HK_ON_GONE_DEFAULT, HK_SCHEDULE_STANDARD, HK_PRESET_POINTS, true },
        { HK_ON_GONE_DEFAULT, HK_SCHEDULE_CONFIG, HK_PRESET_STANDARD, true },
        { HK_ON_GONE_RETRY, HK_SCHEDULE_STANDARD, HK_PRESET_POINTS, false },
        { HK_ON_GONE_DISABLE, HK_SCHEDULE_CONFIG, HK_PRESET_POINTS, true },
    };
    struct hk_outcome gone = answered(410);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hk_engine_options options = world_options();
        options.schedule = cases[i].preset;
        struct hk_endpoint endpoint = { .on_gone = cases[i].on_gone,
                                        .schedule = { cases[i].kind, 1, { 5 } } };
        struct hk_retry_decision decision = decide(&endpoint, &options, 1, &gone, MIDDLE);
        assert_int_equal(decision.disables_endpoint, cases[i].disables);
        assert_int_equal(decision.state,
                         cases[i].disables ? HK_DELIVERY_DEAD : HK_DELIVERY_WAITING);
        assert_int_equal(decision.reason, cases[i].disables ? HK_REASON_GONE : HK_REASON_NONE);
    }
}

static void test_statuses_that_are_never_retried_give_up_at_once(void **state)
{
    (void)state;
    uint16_t statuses[] = { 400, 422, 599 };
    struct hk_engine_options options = world_options();
    struct hk_endpoint endpoint = { .no_retry_statuses = statuses, .no_retry_status_count = 3 };
    for (size_t i = 0; i < 3; i++) {
        struct hk_outcome outcome = answered(statuses[i]);
        struct hk_retry_decision decision = decide(&endpoint, &options, 1, &outcome, MIDDLE);
        assert_int_equal(decision.state, HK_DELIVERY_DEAD);
        assert_int_equal(decision.reason, HK_REASON_GAVE_UP);
    }
    struct hk_outcome other = answered(401);
    assert_int_equal(decide(&endpoint, &options, 1, &other, MIDDLE).state, HK_DELIVERY_WAITING);
    struct hk_outcome no_answer = { .class = HK_OUTCOME_CONNECT, .retry_after_ms = -1 };
    assert_int_equal(decide(&endpoint, &options, 1, &no_answer, MIDDLE).state, HK_DELIVERY_WAITING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schedules_are_followed_to_their_end),
        cmocka_unit_test(test_jitter_is_a_fifth_to_either_side),
        cmocka_unit_test(test_the_longest_own_delay_does_not_overflow),
        cmocka_unit_test(test_retry_after_lengthens_and_never_shortens),
        cmocka_unit_test(test_a_retry_after_adds_no_attempt),
        cmocka_unit_test(test_every_2xx_delivers_and_nothing_else_does),
        cmocka_unit_test(test_every_class_but_success_is_tried_again),
        cmocka_unit_test(test_gone_is_retried_or_switches_off_as_the_endpoint_wants),
        cmocka_unit_test(test_statuses_that_are_never_retried_give_up_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
