// SPDX-License-Identifier: Apache-2.0
#include "policy/offline.h"

#include "support_worker.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct hk_policy_options policy = { .time_ms_max = 10,
                                                 .memory_bytes_max = 8388608,
                                                 .kill_ms = 100 };

static int start_with(uint64_t plan_bytes_max, struct hk_offline **offline, struct hk_fault *fault)
{
    const struct hk_process_setup setup = { .worker_path = support_worker_path(),
                                            .policy = &policy,
                                            .plan_bytes_max = plan_bytes_max };
    return hk_offline_start(&setup, offline, fault);
}

static struct hk_offline *start(void)
{
    struct hk_offline *offline = NULL;
    assert_int_equal(start_with(4194304, &offline, NULL), 0);
    assert_false(hk_offline_is_restarted(offline));
    return offline;
}

static int tell_script(struct hk_offline *offline, const char *text, struct hk_fault *fault)
{
    const struct hk_wire_message script = {
        .kind = HK_WIRE_SCRIPT,
        .script = { .script = 1, .source = { HK_SLICE("x"), hk_slice_of(text) } },
    };
    return hk_offline_tell(offline, &script, fault);
}

static int ask_check(struct hk_offline *offline, struct hk_wire_message *answer,
                     struct hk_fault *fault)
{
    const struct hk_wire_message check = { .kind = HK_WIRE_CHECK, .check = { 7, 1 } };
    return hk_offline_ask(offline, &check, answer, fault);
}

static int ask_plan(struct hk_offline *offline, const char *does, struct hk_wire_message *answer,
                    struct hk_fault *fault)
{
    const struct hk_wire_message run = { .kind = HK_WIRE_PLAN, .run = { .run = 8, .script = 1 } };
    assert_int_equal(tell_script(offline, does, NULL), 0);
    return hk_offline_ask(offline, &run, answer, fault);
}

static void test_a_script_is_told_checked_and_run(void **state)
{
    (void)state;
    struct hk_wire_message answer;
    struct hk_offline *offline = start();
    assert_int_equal(tell_script(offline, "no", NULL), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ask_check(offline, &answer, NULL), 0);
        assert_int_equal(answer.kind, HK_WIRE_CHECKED);
        assert_true(hk_slice_is(answer.checked.fault, "x.lua:1: no"));
    }
    hk_offline_end(offline);
    offline = start();
    assert_int_equal(ask_plan(offline, "fail", &answer, NULL), 0);
    assert_int_equal(answer.kind, HK_WIRE_FAILED);
    assert_true(hk_slice_is(answer.failed.text, "plain.lua:1: no"));
    hk_offline_end(offline);
}

/** Asks what ends the worker, then sees that another one goes on, which knows no script. */
static void check_end(const char *does, const char *how)
{
    struct hk_wire_message answer;
    struct hk_fault fault;
    struct hk_offline *offline = start();
    assert_int_equal(ask_plan(offline, does, &answer, &fault), HK_ESTART);
    assert_string_equal(fault.text, how);
    assert_true(hk_offline_is_restarted(offline));
    assert_false(hk_offline_is_restarted(offline));
    assert_int_equal(ask_check(offline, &answer, NULL), 0);
    assert_true(hk_slice_is(answer.checked.fault, "no such script"));
    assert_false(hk_offline_is_restarted(offline));
    hk_offline_end(offline);
}

static void test_how_a_worker_ended_is_said_and_another_goes_on(void **state)
{
    (void)state;
    check_end("abort", "the policy worker was ended by SIGABRT");
    check_end("sigsys", "the policy worker was ended by its cage (SIGSYS)");
    check_end("exit", "the policy worker ended by itself with status 3");
    check_end("half", "the policy worker ended by itself with status 3");
    check_end("hang", "the policy worker ran for 100 ms without an answer");
    check_end("sleep", "the policy worker ran for 100 ms without an answer");
    check_end("garbage", "the policy worker answered what was not asked");
    check_end("huge", "the policy worker answered what was not asked");
    check_end("stranger", "the policy worker answered what was not asked");
    check_end("ready", "the policy worker answered what was not asked");
    check_end("decide", "the policy worker answered what was not asked");
}

static void test_an_answer_too_many_is_not_taken_for_the_next_one(void **state)
{
    (void)state;
    struct hk_wire_message answer;
    struct hk_offline *offline = start();
    assert_int_equal(ask_plan(offline, "twice", &answer, NULL), 0);
    assert_true(hk_slice_is(answer.failed.text, "once"));
    assert_int_equal(ask_check(offline, &answer, NULL), HK_ESTART);
    assert_true(hk_offline_is_restarted(offline));
    hk_offline_end(offline);
}

static void test_a_worker_that_does_not_begin_is_an_error(void **state)
{
    (void)state;
    struct hk_offline *offline = NULL;
    struct hk_fault fault;
    assert_int_equal(start_with(1, &offline, &fault), HK_ESTART);
    assert_string_equal(fault.text,
                        "no policy worker: the policy worker ended by itself with status 4");
    assert_int_equal(start_with(2, &offline, &fault), HK_ESTART);
    assert_string_equal(fault.text,
                        "no policy worker: the policy worker ran for 100 ms without an answer");
    assert_int_equal(start_with(3, &offline, &fault), HK_ESTART);
    assert_null(offline);
}

static void test_telling_a_worker_that_has_gone_says_so_once(void **state)
{
    (void)state;
    char large[HK_SCRIPT_BYTES_MAX];
    struct hk_offline *offline = start();
    struct hk_fault fault;
    const struct hk_wire_message drop = { .kind = HK_WIRE_DROP, .drop = 99 }; // it ends of that
    const struct hk_wire_message script = {
        .kind = HK_WIRE_SCRIPT,
        .script = { .script = 1, .source = { HK_SLICE("x"), { large, sizeof(large) } } },
    };
    memset(large, '-', sizeof(large));
    assert_int_equal(hk_offline_tell(offline, &drop, NULL), 0);
    int code = 0;
    while (code == 0)
        code = hk_offline_tell(offline, &script, &fault);
    assert_int_equal(code, HK_EIO);
    assert_string_equal(fault.text, "the policy worker ended by itself with status 6");
    assert_true(hk_offline_is_restarted(offline));
    assert_int_equal(hk_offline_tell(offline, &script, NULL), 0);
    hk_offline_end(offline);
}

int main(int count, char **arguments)
{
    (void)count;
    support_worker_main(arguments);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_script_is_told_checked_and_run),
        cmocka_unit_test(test_how_a_worker_ended_is_said_and_another_goes_on),
        cmocka_unit_test(test_an_answer_too_many_is_not_taken_for_the_next_one),
        cmocka_unit_test(test_a_worker_that_does_not_begin_is_an_error),
        cmocka_unit_test(test_telling_a_worker_that_has_gone_says_so_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
