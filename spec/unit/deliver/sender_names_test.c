// SPDX-License-Identifier: Apache-2.0
#include "deliver/sender.h"

#include "support_names.h"
#include "support_server.h"
#include "support_stage.h"

#include <sched.h>
#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct server_reply replies[] = {
    { "/ok", STAGE_OK, SERVER_KEEP },
    { NULL, NULL, SERVER_KEEP },
};

static int set_up(void **state)
{
    return stage_open(state, replies);
}

static const char *named_url(struct stage *stage, const char *host)
{
    static char url[128];
    (void)snprintf(url, sizeof(url), "http://%s:%u/ok", host, server_port(stage->server));
    return url;
}

static void test_a_name_is_resolved_and_its_time_measured(void **state)
{
    struct stage *stage = *state;
    names_start();
    names_set("pinned.test", "127.0.0.1");
    struct hk_outcome outcome =
        fixture_try(stage->fixture, named_url(stage, "Pinned.test."), STAGE_LONG_MS);
    assert_int_equal(outcome.class, HK_OUTCOME_SUCCESS);
    assert_true(outcome.timings.dns_us > 0);
    assert_true(outcome.timings.total_us >= outcome.timings.dns_us);
    assert_int_equal(names_count(), 1);
    names_stop();
}

static void test_a_name_that_does_not_resolve_is_a_dns_failure(void **state)
{
    struct stage *stage = *state;
    names_start();
    struct hk_outcome outcome =
        fixture_try(stage->fixture, named_url(stage, "nobody.test"), STAGE_LONG_MS);
    assert_int_equal(outcome.class, HK_OUTCOME_DNS);
    assert_string_equal(fixture_error(&outcome), "the name does not resolve");
    fixture_forget(&outcome);
    names_stop();
}

static void test_a_name_with_one_bad_address_is_never_dialled(void **state)
{
    struct stage *stage = *state;
    names_start();
    names_set("mixed.test", "127.0.0.1 10.0.0.1");
    struct hk_outcome outcome =
        fixture_try(stage->fixture, named_url(stage, "mixed.test"), STAGE_LONG_MS);
    assert_int_equal(outcome.class, HK_OUTCOME_DENIED);
    assert_string_equal(fixture_error(&outcome), "could not connect");
    assert_int_equal(server_connection_count(stage->server), 0);
    fixture_forget(&outcome);
    names_stop();
}

static void test_the_second_address_of_a_name_is_tried_when_the_first_is_dead(void **state)
{
    struct stage *stage = *state;
    names_start();
    names_set("two.test", "127.0.0.2 ::1 127.0.0.1");
    struct hk_outcome outcome =
        fixture_try(stage->fixture, named_url(stage, "two.test"), STAGE_LONG_MS);
    assert_int_equal(outcome.class, HK_OUTCOME_SUCCESS);
    names_stop();
}

static void test_waiting_for_the_name_counts_in_the_deadline(void **state)
{
    struct stage *stage = *state;
    names_start();
    names_set("tarpit.test", "127.0.0.1");
    names_block("tarpit.test");
    fixture_set(stage->fixture, 1, named_url(stage, "tarpit.test"));
    fixture_send(stage->fixture, 1, 1, STAGE_SHORT_MS);
    fixture_send(stage->fixture, 1, 2, STAGE_LONG_MS);
    fixture_send(stage->fixture, 1, 3, STAGE_LONG_MS);
    struct hk_fact_attempt_ended ended = fixture_next(stage->fixture);
    assert_int_equal(ended.delivery, 1);
    assert_int_equal(ended.outcome.class, HK_OUTCOME_TIMEOUT);
    assert_string_equal(fixture_error(&ended.outcome), "the name did not resolve in time");
    fixture_forget(&ended.outcome);
    names_release();
    uint64_t seen = 0;
    for (int i = 0; i < 2; i++) {
        ended = fixture_next(stage->fixture);
        assert_int_equal(ended.outcome.class, HK_OUTCOME_SUCCESS);
        seen += ended.delivery;
    }
    assert_int_equal(seen, 2 + 3);
    assert_int_equal(names_count(), 1);
    names_stop();
}

static void test_an_endpoint_goes_while_its_name_is_asked_for(void **state)
{
    struct stage *stage = *state;
    names_start();
    names_set("tarpit.test", "127.0.0.1");
    names_block("tarpit.test");
    fixture_set(stage->fixture, 1, named_url(stage, "tarpit.test"));
    fixture_send(stage->fixture, 1, 1, STAGE_LONG_MS);
    hk_sender_endpoint_drop(fixture_sender(stage->fixture), 1);
    hk_sender_flush(fixture_sender(stage->fixture));
    while (names_count() == 0)
        (void)sched_yield();
    names_release();
    assert_int_equal(fixture_next(stage->fixture).outcome.class, HK_OUTCOME_SUCCESS);
    names_block("tarpit.test");
    fixture_set(stage->fixture, 1, named_url(stage, "tarpit.test"));
    fixture_send(stage->fixture, 1, 2, STAGE_LONG_MS);
    while (names_count() == 1)
        (void)sched_yield();
    fixture_stop(stage->fixture); // with one waiting
    struct hk_deliver_options options = fixture_options();
    stage->fixture = fixture_start(&options, 0);
    fixture_options_fini(&options);
    names_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_name_is_resolved_and_its_time_measured, set_up,
                                        stage_close),
        cmocka_unit_test_setup_teardown(test_a_name_that_does_not_resolve_is_a_dns_failure, set_up,
                                        stage_close),
        cmocka_unit_test_setup_teardown(test_a_name_with_one_bad_address_is_never_dialled, set_up,
                                        stage_close),
        cmocka_unit_test_setup_teardown(
            test_the_second_address_of_a_name_is_tried_when_the_first_is_dead, set_up, stage_close),
        cmocka_unit_test_setup_teardown(test_waiting_for_the_name_counts_in_the_deadline, set_up,
                                        stage_close),
        cmocka_unit_test_setup_teardown(test_an_endpoint_goes_while_its_name_is_asked_for, set_up,
                                        stage_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
