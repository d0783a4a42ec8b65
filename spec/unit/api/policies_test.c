// SPDX-License-Identifier: Apache-2.0
#include "api/policies.h"

#include "support_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PATIENT_MS 60000
#define DONE "{\"status\":true,\"message\":\"\",\"appended_data\":{},\"data\":"

static struct test_engine engine;
static struct test_answer answer;

static int start(void **state)
{
    (void)state;
    test_engine_start(&engine, PATIENT_MS);
    return 0;
}

static int end(void **state)
{
    (void)state;
    test_engine_stop(&engine);
    return 0;
}

static void ask(const char *method, const char *path, unsigned status)
{
    test_ask(&engine, method, path, NULL, &answer);
    if (answer.status != status)
        fail_msg("%s %s: %u %s", method, path, answer.status, answer.body);
}

static void test_policies_are_listed_with_what_they_cost(void **state)
{
    (void)state;
    ask("GET", "/api/v1/policies", 200);
    assert_string_equal(
        answer.body,
        DONE "[{\"name\":\"broken\",\"generation\":0,\"loaded_at\":null,"
             "\"fault\":\"/p/broken.lua:3: unexpected symbol near 'end'\",\"hooks\":[],"
             "\"merchants\":1,\"calls\":0,\"errors\":0,\"cpu_ms\":0,\"held\":0,\"suspended\":0},"
             "{\"name\":\"refunds\",\"generation\":4,\"loaded_at\":\"2026-05-02T08:00:00.000Z\","
             "\"fault\":null,\"hooks\":[\"filter\",\"retry\"],\"merchants\":2,\"calls\":10,"
             "\"errors\":3,\"cpu_ms\":1.5,\"held\":1,\"suspended\":1}]}");
}

static void test_held_events_are_planned_again_by_name(void **state)
{
    (void)state;
    ask("POST", "/api/v1/policies/refunds/retry", 200);
    assert_string_equal(answer.body, DONE "{\"events\":12}}");
    assert_string_equal(engine.asked_name, "refunds");
    atomic_store(&engine.code, HK_ENOTFOUND);
    ask("POST", "/api/v1/policies/refnds/retry", 404);
    ask("GET", "/api/v1/policies", 404);
    atomic_store(&engine.code, HK_ELIMIT);
    ask("GET", "/api/v1/policies/refunds/events", 503);
    atomic_store(&engine.code, 0);
}

static void test_the_last_events_are_ids(void **state)
{
    (void)state;
    ask("GET", "/api/v1/policies/9/events?last=3", 200);
    assert_string_equal(answer.body, DONE "[\"01000000-0000-0000-0000-000000000000\"]}");
    assert_string_equal(engine.asked_name, "9");
    assert_int_equal(engine.asked_last, 3);
    ask("GET", "/api/v1/policies/9/events", 200);
    assert_int_equal(engine.asked_last, 100);
    static const char *const bad[] = { "0", "1001", "x", "", "-1" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char path[64];
        snprintf(path, sizeof(path), "/api/v1/policies/9/events?last=%s", bad[i]);
        ask("GET", path, 422);
    }
}

static void test_a_merchant_shows_its_use_of_a_policy(void **state)
{
    (void)state;
    ask("GET", "/api/v1/merchants/9", 200);
    assert_non_null(strstr(answer.body, "\"policy_use\":{\"policy\":\"refunds\",\"generation\":4,"
                                        "\"calls\":7,\"errors\":1,\"cpu_ms\":2,"
                                        "\"memory_bytes\":21000,\"held\":1,\"suspended\":true,"
                                        "\"error\":\"refunds.lua:9: no\"}"));
}

static void test_stats_tell_how_the_workers_are(void **state)
{
    (void)state;
    ask("GET", "/api/v1/stats", 200);
    assert_non_null(strstr(answer.body, "\"policy_workers_wanted\":2,\"policy_workers_running\":1,"
                                        "\"policy_workers_restarts\":3,\"policy_workers_error\":"
                                        "\"killed by \\\"SIGSYS\\\"\""));
}

static void test_policies_are_the_platforms(void **state)
{
    (void)state;
    test_ask_as_merchant(&engine, "GET", "/api/v1/policies", NULL, &answer);
    assert_int_equal(answer.status, 401);
    test_ask_as_merchant(&engine, "POST", "/api/v1/policies/refunds/retry", NULL, &answer);
    assert_int_equal(answer.status, 401);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policies_are_listed_with_what_they_cost),
        cmocka_unit_test(test_held_events_are_planned_again_by_name),
        cmocka_unit_test(test_the_last_events_are_ids),
        cmocka_unit_test(test_a_merchant_shows_its_use_of_a_policy),
        cmocka_unit_test(test_stats_tell_how_the_workers_are),
        cmocka_unit_test(test_policies_are_the_platforms),
    };
    return cmocka_run_group_tests(tests, start, end);
}
