// SPDX-License-Identifier: Apache-2.0
#include "api/merchants.h"

#include "support_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PATIENT_MS 60000

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

static json_t *ask(const char *method, const char *path, const char *body, unsigned status)
{
    test_ask(&engine, method, path, body, &answer);
    if (answer.status != status)
        fail_msg("%s %s %s: %u %s", method, path, body ? body : "", answer.status, answer.body);
    json_t *json = json_loads(answer.body, 0, NULL);
    assert_non_null(json);
    return json;
}

static void test_a_merchant_is_shown_after_each_change(void **state)
{
    (void)state;
    json_t *json = ask("POST", "/api/v1/merchants", "{\"id\":9,\"name\":\"Shop\"}", 200);
    assert_string_equal(answer.body,
                        "{\"status\":true,\"message\":\"\",\"appended_data\":{},\"data\":"
                        "{\"id\":9,\"name\":\"Shop \\\"9\\\"\",\"verified\":true,\"policy\":null,"
                        "\"created_at\":\"2026-05-02T08:00:00.000Z\","
                        "\"updated_at\":\"2026-05-02T08:00:00.000Z\"}}");
    json_decref(json);
    json = ask("POST", "/api/v1/merchants", "{\"name\":\"Shop\"}", 200); /* The next free id. */
    json_t *data = json_object_get(json, "data");
    assert_int_equal(json_integer_value(json_object_get(data, "id")), 1);
    json_decref(json);
    json_decref(ask("PATCH", "/api/v1/merchants/9", "{\"verified\":false,\"policy\":null}", 200));
    json_decref(ask("GET", "/api/v1/merchants/9", NULL, 200));
    json_decref(ask("GET", "/api/v1/merchants?page=1", NULL, 200));
    json = ask("DELETE", "/api/v1/merchants/9", NULL, 200);
    assert_null(json_object_get(json, "data"));
    json_decref(json);
}

static void test_bad_merchants_are_refused_by_field(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "{}", "name" },
        { "{\"name\":\"\"}", "name" },
        { "{\"name\":7}", "name" },
        { "{\"name\":\"x\",\"id\":-1}", "id" },
        { "{\"name\":\"x\",\"id\":9007199254740992}", "id" },
        { "{\"name\":\"x\",\"id\":\"9\"}", "id" },
        { "{\"name\":\"x\",\"verified\":1}", "verified" },
        { "{\"name\":\"x\",\"policy\":\"../x\"}", "policy" },
        { "{\"name\":\"x\",\"policy\":\".x\"}", "policy" },
        { "{\"name\":\"x\",\"policy\":\"x.lua\"}", "policy" },
        { "{\"name\":\"x\",\"policy\":\"\"}", "policy" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *json = ask("POST", "/api/v1/merchants", cases[i][0], 422);
        json_t *errors = json_object_get(json, "errors");
        assert_int_equal(json_object_size(errors), 1);
        assert_non_null(json_object_get(errors, cases[i][1]));
        json_decref(json);
    }
    json_decref(ask("PATCH", "/api/v1/merchants/9", "{}", 422));
    json_decref(ask("PATCH", "/api/v1/merchants/9", "nonsense", 400));
}

static void test_a_taken_id_is_400(void **state)
{
    (void)state;
    atomic_store(&engine.code, HK_EEXISTS);
    json_decref(ask("POST", "/api/v1/merchants", "{\"id\":9,\"name\":\"Shop\"}", 400));
    assert_non_null(strstr(answer.body, "The id has already been taken."));
    atomic_store(&engine.code, HK_ENOTFOUND);
    json_decref(ask("GET", "/api/v1/merchants/9", NULL, 404));
}

static void test_a_key_is_shown_once(void **state)
{
    (void)state;
    json_t *json = ask("POST", "/api/v1/merchants/9/keys", "{}", 200);
    json_t *data = json_object_get(json, "data");
    const char *key = json_string_value(json_object_get(data, "key"));
    assert_int_equal(strlen(key), 68);
    assert_memory_equal(key, "hkm_", 4);
    assert_int_equal(strlen(json_string_value(json_object_get(data, "id"))), 36);
    json_t *other = ask("POST", "/api/v1/merchants/9/keys", NULL, 200); /* No body is fine. */
    assert_string_not_equal(
        json_string_value(json_object_get(json_object_get(other, "data"), "key")), key);
    json_decref(other);
    json_decref(json);
    json = ask("GET", "/api/v1/merchants/9/keys", NULL, 200);
    assert_null(strstr(answer.body, "\"key\""));
    json_decref(json);
    json_decref(
        ask("DELETE", "/api/v1/merchants/9/keys/0190b3c2-8a4e-7c3d-9f00-000000000001", NULL, 200));
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, start, end)
    const struct CMUnitTest tests[] = {
        WITH(test_a_merchant_is_shown_after_each_change),
        WITH(test_bad_merchants_are_refused_by_field),
        WITH(test_a_taken_id_is_400),
        WITH(test_a_key_is_shown_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
