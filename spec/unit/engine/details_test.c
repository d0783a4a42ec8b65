// SPDX-License-Identifier: Apache-2.0
#include "engine/details.h"

#include "base/alloc.h"
#include "engine/finish.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { DETAIL_BYTES = 1 << 20, DETAILS_THAT_FIT = 63 };

static struct hk_body *detail_new(void)
{
    char *text = hk_alloc_zero_or_die(1, DETAIL_BYTES);
    struct hk_body *detail = hk_body_new(HK_SLICE("no"), (struct hk_slice){ text, DETAIL_BYTES });
    hk_free(text);
    return detail;
}

/** A finished event with one delivery, whose one attempt has a detail. */
static struct hk_event *event_new(uint8_t number)
{
    struct hk_event *event = hk_alloc_zero_or_die(1, sizeof(*event) + sizeof(struct hk_delivery) +
                                                         sizeof(struct hk_attempt));
    event->id.bytes[0] = number;
    event->state = HK_EVENT_FINISHED;
    event->delivery_count = 1;
    event->deliveries = (struct hk_delivery *)(event + 1);
    event->deliveries->attempts = (struct hk_attempt *)(event->deliveries + 1);
    event->deliveries->kept_count = 1;
    event->deliveries->attempts->detail = detail_new();
    return event;
}

static int start(void **state)
{
    struct hk_engine_setup setup = { .seed = 1 };
    *state = hk_engine_new(&setup);
    return 0;
}

static int end(void **state)
{
    hk_engine_free(*state);
    return 0;
}

static void test_nothing_is_nothing(void **state)
{
    assert_null(hk__details_keep(*state, NULL));
    hk__details_drop(*state, NULL);
    hk__details_lend(*state, NULL);
}

static void test_what_does_not_fit_is_not_kept_until_something_goes(void **state)
{
    struct hk_engine *engine = *state;
    struct hk_body *kept[DETAILS_THAT_FIT];
    for (int i = 0; i < DETAILS_THAT_FIT; i++) {
        kept[i] = hk__details_keep(engine, detail_new());
        assert_non_null(kept[i]);
    }
    assert_null(hk__details_keep(engine, detail_new()));
    assert_true(engine->detail_bytes <= HK_DETAIL_BYTES_MAX);
    hk__details_drop(engine, kept[0]);
    kept[0] = hk__details_keep(engine, detail_new());
    assert_non_null(kept[0]);
    for (int i = 0; i < DETAILS_THAT_FIT; i++)
        hk__details_drop(engine, kept[i]);
    assert_int_equal(engine->detail_bytes, 0);
}

static void test_the_oldest_finished_events_lose_theirs_first(void **state)
{
    struct hk_engine *engine = *state;
    struct hk_body *kept[DETAILS_THAT_FIT - 2];
    for (uint8_t number = 1; number <= 3; number++)
        hk__finish_keep(engine, event_new(number));
    for (int i = 0; i < DETAILS_THAT_FIT - 2; i++)
        kept[i] = hk__details_keep(engine, detail_new());
    const struct hk_uuid oldest = { { 1 } };
    const struct hk_uuid newest = { { 3 } };
    assert_null(hk__finish_find(engine, &oldest)->deliveries->attempts->detail);
    assert_non_null(hk__finish_find(engine, &newest)->deliveries->attempts->detail);
    assert_true(engine->detail_bytes <= HK_DETAIL_BYTES_MAX);
    for (int i = 0; i < DETAILS_THAT_FIT - 2; i++)
        hk__details_drop(engine, kept[i]);
}

static void test_what_is_lent_lives_until_the_next_step(void **state)
{
    struct hk_engine *engine = *state;
    struct hk_commands commands = { 0 };
    struct hk_now now = { { 1 }, { 1 } };
    struct hk_body *detail = detail_new();
    hk__details_lend(engine, detail);
    hk_body_unref(detail);
    assert_int_equal(hk_body_text(detail).size, DETAIL_BYTES);
    hk_engine_step(engine, NULL, 0, now, &commands);
    assert_int_equal(engine->lent_details.count, 0);
    hk_commands_fini(&commands);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_is_nothing, start, end),
        cmocka_unit_test_setup_teardown(test_what_does_not_fit_is_not_kept_until_something_goes,
                                        start, end),
        cmocka_unit_test_setup_teardown(test_the_oldest_finished_events_lose_theirs_first, start,
                                        end),
        cmocka_unit_test_setup_teardown(test_what_is_lent_lives_until_the_next_step, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
