// SPDX-License-Identifier: Apache-2.0
#include "api/webhooks.h"

#include "support_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PATIENT_MS 60000
#define UUID "0190b3c2-8a4e-7c3d-9f00-000000000001"
#define GOOD "{\"name\":\"orders\",\"url\":\"https://shop.example/hooks\"}"

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

/** Asks as the merchant and reads the JSON of the answer. The caller gives it up. */
static json_t *ask(const char *method, const char *path, const char *body, unsigned status)
{
    test_ask_as_merchant(&engine, method, path, body, &answer);
    if (answer.status != status)
        fail_msg("%s %s: %u %s", method, path, answer.status, answer.body);
    json_t *json = json_loads(answer.body, 0, NULL);
    assert_non_null(json);
    assert_int_equal(json_is_true(json_object_get(json, "status")), status < 400);
    assert_int_equal(json_object_size(json_object_get(json, "appended_data")), 0);
    return json;
}

static const char *text_of(const json_t *answer_json, const char *name)
{
    return json_string_value(json_object_get(json_object_get(answer_json, "data"), name));
}

static void test_a_webhook_has_the_contracts_fields(void **state)
{
    (void)state;
    json_t *json = ask("POST", "/api/v1/webhooks", GOOD, 200);
    json_t *data = json_object_get(json, "data");
    assert_string_equal(text_of(json, "name"), "orders");
    assert_string_equal(text_of(json, "url"), "https://shop.example/hooks");
    assert_int_equal(strlen(text_of(json, "secret")), 60);
    assert_int_equal(strlen(text_of(json, "uuid")), 36);
    assert_string_equal(text_of(json, "created_at"), "2026-05-02T08:00:00.000Z");
    assert_string_equal(text_of(json, "updated_at"), "2026-05-02T08:00:00.000Z");
    assert_int_equal(json_integer_value(json_object_get(data, "merchant_id")), 9);
    assert_non_null(strstr(answer.head, "\r\nCache-Control: no-store\r\n"));
    /* Every read shows the same secret, the list too. */
    json_t *again = ask("GET", "/api/v1/webhooks/" UUID, NULL, 200);
    assert_string_equal(text_of(again, "secret"), text_of(json, "secret"));
    json_decref(again);
    again = ask("GET", "/api/v1/webhooks", NULL, 200);
    json_t *first = json_array_get(json_object_get(again, "data"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "secret")),
                        text_of(json, "secret"));
    json_decref(again);
    json_decref(json);
}

static void test_a_list_is_paged_as_the_contract_says(void **state)
{
    (void)state;
    json_decref(ask("POST", "/api/v1/webhooks", GOOD, 200));
    json_t *json = ask("GET", "/api/v1/webhooks?per_page=10&page=2", NULL, 200);
    json_t *links = json_object_get(json, "links");
    json_t *meta = json_object_get(json, "meta");
    assert_string_equal(json_string_value(json_object_get(links, "prev")),
                        "http://hooks.example/api/v1/webhooks?page=1&per_page=10");
    assert_string_equal(json_string_value(json_object_get(links, "next")),
                        "http://hooks.example/api/v1/webhooks?page=3&per_page=10");
    assert_int_equal(json_integer_value(json_object_get(meta, "last_page")), 4);
    assert_int_equal(json_integer_value(json_object_get(meta, "from")), 11);
    json_decref(json);
    static const char *const bad[] = { "page=0", "per_page=101", "per_page=x", "page=" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char path[64];
        snprintf(path, sizeof(path), "/api/v1/webhooks?%s", bad[i]);
        json_decref(ask("GET", path, NULL, 422));
    }
}

static void test_put_and_patch_change_what_is_given(void **state)
{
    (void)state;
    json_decref(ask("POST", "/api/v1/webhooks", GOOD, 200));
    json_t *json = ask("PATCH", "/api/v1/webhooks/" UUID, "{\"name\":\"new\"}", 200);
    assert_string_equal(text_of(json, "name"), "new");
    assert_string_equal(text_of(json, "url"), "https://shop.example/hooks");
    json_decref(json);
    json = ask("PUT", "/api/v1/webhooks/" UUID, "{\"enabled\":false}", 200);
    assert_string_equal(text_of(json, "name"), "new");
    json_decref(json);
    json_decref(ask("PUT", "/api/v1/webhooks/" UUID, "{}", 422));
    json_decref(ask("PATCH", "/api/v1/webhooks/" UUID, "[]", 422));
    json_decref(ask("PATCH", "/api/v1/webhooks/" UUID, "{", 400));
}

static void test_a_deleted_one_leaves_an_envelope_without_data(void **state)
{
    (void)state;
    json_t *json = ask("DELETE", "/api/v1/webhooks/" UUID, NULL, 200);
    assert_null(json_object_get(json, "data"));
    json_decref(json);
}

static void test_validation_names_the_fields(void **state)
{
    (void)state;
    json_t *json = ask("POST", "/api/v1/webhooks", "{\"url\":\"http://shop.example\"}", 422);
    json_t *errors = json_object_get(json, "errors");
    assert_string_equal(json_string_value(json_object_get(json, "message")),
                        "The given data was invalid.");
    assert_int_equal(json_object_size(errors), 2);
    assert_true(json_is_array(json_object_get(errors, "name")));
    assert_true(json_is_array(json_object_get(errors, "url")));
    json_decref(json);
}

static void test_the_engines_verdicts_have_their_status(void **state)
{
    (void)state;
    static const struct {
        int code;
        unsigned status;
        const char *message;
    } cases[] = {
        { HK_EEXISTS, 400, "The url has already been taken." },
        { HK_ELIMIT, 400, "The merchant has as many webhooks as it may have." },
        { HK_EDENIED, 403, "Merchant is not verified." },
        { HK_ENOTFOUND, 404, "Not found." },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        atomic_store(&engine.code, cases[i].code);
        json_t *json = ask("POST", "/api/v1/webhooks", GOOD, cases[i].status);
        assert_string_equal(json_string_value(json_object_get(json, "message")), cases[i].message);
        json_decref(json);
    }
}

static void test_the_platform_sees_them_under_the_merchant(void **state)
{
    (void)state;
    test_ask(&engine, "POST", "/api/v1/merchants/77/webhooks", GOOD, &answer);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body, "\"merchant_id\":77"));
    test_ask_as_merchant(&engine, "GET", "/api/v1/merchants/9/webhooks", NULL, &answer);
    assert_int_equal(answer.status, 401);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, start, end)
    const struct CMUnitTest tests[] = {
        WITH(test_a_webhook_has_the_contracts_fields),
        WITH(test_a_list_is_paged_as_the_contract_says),
        WITH(test_put_and_patch_change_what_is_given),
        WITH(test_a_deleted_one_leaves_an_envelope_without_data),
        WITH(test_validation_names_the_fields),
        WITH(test_the_engines_verdicts_have_their_status),
        WITH(test_the_platform_sees_them_under_the_merchant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
