// SPDX-License-Identifier: Apache-2.0
#include "api/webhook_fields.h"

#include "api/webhook_view.h"
#include "base/alloc.h"
#include "base/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct hk_config config;
static const struct hk_uuid uuid = { { 1, 2, 3 } };

/** A reading of one body. */
struct reading {
    struct hk_form form;
    struct hk_endpoint_patch patch;
};

static void read_body(struct reading *reading, const char *body, bool is_new)
{
    struct hk_webhook_reading what = { &config, &uuid, is_new };
    struct hk_json_fault fault;
    memset(reading, 0, sizeof(*reading));
    if (hk_json_scan(hk_slice_of(body), &reading->form.object, &fault) != 0)
        fail_msg("<%s>: %s", body, fault.reason);
    hk_webhook_fields_read(&reading->form, &what, &reading->patch);
}

static void end_reading(struct reading *reading)
{
    json_decref(reading->form.errors);
    hk_endpoint_fini(&reading->patch.value);
}

/** Reads a change that is good, and shows the endpoint with it. */
static json_t *show(const char *body)
{
    struct reading reading;
    struct hk_endpoint endpoint;
    read_body(&reading, body, false);
    if (reading.form.has_failed)
        fail_msg("<%s>: %s", body, json_dumps(reading.form.errors, 0));
    hk_endpoint_init(&endpoint);
    endpoint.uuid = uuid;
    endpoint.name = hk_strdup_or_die("n");
    endpoint.url = hk_strdup_or_die("u");
    struct hk_webhook_reading what = { &config, &uuid, true };
    assert_int_equal(hk_webhook_fields_make_secret(&what, &reading.patch), 0);
    hk_endpoint_apply(&endpoint, &reading.patch);
    json_t *view = hk_webhook_view(&endpoint, &config);
    assert_non_null(view);
    hk_endpoint_fini(&endpoint);
    end_reading(&reading);
    return view;
}

/** Members, and what each is shown as. */
static const char *const good_members[][2] = {
    { "\"events\":[\"a.b\",\"c_1\",\"a.b\"]", "\"events\":[\"a.b\",\"c_1\"]" },
    { "\"events\":[]", "\"events\":[]" },
    { "\"events\":null", "\"events\":null" },
    { "\"enabled\":false", "\"enabled\":false" },
    { "\"enabled\":null", "\"enabled\":true" },
    { "\"role\":\"audit\"", "\"role\":\"audit\"" },
    { "\"role\":\"dead_letter\"", "\"role\":\"dead_letter\"" },
    { "\"role\":\"pr\\u0069mary\"", "\"role\":\"primary\"" },
    { "\"signature\":\"points\"", "\"signature\":\"points\"" },
    { "\"schedule\":\"standard\"", "\"schedule\":\"standard\"" },
    { "\"schedule\":\"standard\"", "\"on_gone\":\"disable\"" },
    { "\"schedule\":\"standard\"", "\"disable_after_s\":432000" },
    { "\"schedule\":[0,2592000000]", "\"schedule\":[0,2592000000]" },
    { "\"schedule\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]",
      "\"schedule\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]" },
    { "\"schedule\":null", "\"schedule\":null" },
    { "\"attempts\":1", "\"attempts\":1" },
    { "\"attempts\":20", "\"attempts\":20" },
    { "\"attempts\":null", "\"attempts\":null" },
    { "\"timeout_ms\":1000", "\"timeout_ms\":1000" },
    { "\"timeout_ms\":30000", "\"timeout_ms\":30000" },
    { "\"no_retry_statuses\":[400,599]", "\"no_retry_statuses\":[400,599]" },
    { "\"no_retry_statuses\":[]", "\"no_retry_statuses\":[]" },
    { "\"on_gone\":\"disable\"", "\"on_gone\":\"disable\"" },
    { "\"on_gone\":\"retry\",\"schedule\":\"standard\"", "\"on_gone\":\"retry\"" },
    { "\"disable_after_s\":0,\"schedule\":\"standard\"", "\"disable_after_s\":0" },
    { "\"disable_after_s\":3600", "\"disable_after_s\":3600" },
    { "\"disable_after_s\":2592000", "\"disable_after_s\":2592000" },
    { "\"rate_limit\":0.1", "\"rate_limit\":0.1" },
    { "\"rate_limit\":1e4", "\"rate_limit\":10000" },
    { "\"rate_limit\":2.5", "\"rate_limit\":2.5" },
    { "\"concurrency\":1", "\"concurrency\":1" },
    { "\"concurrency\":256", "\"concurrency\":256" },
    { "\"ordering\":\"key\"", "\"ordering\":\"key\"" },
    { "\"ordering_skip_s\":0", "\"ordering_skip_s\":0" },
    { "\"ordering_skip_s\":604800", "\"ordering_skip_s\":604800" },
    { "\"ordering\":\"none\"", "\"ordering_skip_s\":3600" },
    { "\"headers\":{\"X-A\":\"b c\",\"Authorization\":\"\"}",
      "\"headers\":{\"X-A\":\"b c\",\"Authorization\":\"\"}" },
    { "\"headers\":{}", "\"headers\":{}" },
    { "\"auth\":{\"type\":\"basic\",\"user\":\"u\",\"password\":\"p\"}",
      "\"auth\":{\"type\":\"basic\",\"user\":\"u\"}" },
    { "\"auth\":{\"type\":\"bearer\",\"token\":\"t\"}", "\"auth\":{\"type\":\"bearer\"}" },
    { "\"auth\":null", "\"auth\":null" },
    { "\"labels\":{\"a\":\"\",\"\xc3\xa9\":\"\xd8\xb9\"}",
      "\"labels\":{\"a\":\"\",\"\xc3\xa9\":\"\xd8\xb9\"}" },
    { "\"description\":\"x\"", "\"description\":\"x\"" },
    { "\"description\":null", "\"description\":null" },
    { "\"description\":null,\"unknown\":1", "\"role\":\"primary\"" },
};

static void test_what_is_written_is_read_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good_members) / sizeof(good_members[0]); i++) {
        char body[512];
        snprintf(body, sizeof(body), "{%s}", good_members[i][0]);
        json_t *view = show(body);
        char *text = json_dumps(view, JSON_COMPACT | JSON_REAL_PRECISION(6));
        if (strstr(text, good_members[i][1]) == NULL)
            fail_msg("<%s> is shown as %s", body, text);
        free(text);
        json_decref(view);
    }
}

/** Members, and the field that each is refused for. */
static const char *const bad_members[][2] = {
    { "\"name\":\"\"", "name" },
    { "\"name\":null", "name" },
    { "\"name\":7", "name" },
    { "\"name\":\"a\\u0000b\"", "name" },
    { "\"url\":null", "url" },
    { "\"url\":\"\"", "url" },
    { "\"url\":\"http://shop.example/\"", "url" },
    { "\"url\":\"nonsense\"", "url" },
    { "\"url\":[]", "url" },
    { "\"events\":\"a\"", "events" },
    { "\"events\":[\"a\",\"B\"]", "events.1" },
    { "\"events\":[7]", "events.0" },
    { "\"events\":[\"\"]", "events.0" },
    { "\"enabled\":1", "enabled" },
    { "\"enabled\":\"true\"", "enabled" },
    { "\"role\":\"main\"", "role" },
    { "\"role\":0", "role" },
    { "\"signature\":\"none such\"", "signature" },
    { "\"signature\":\"\"", "signature" },
    { "\"schedule\":\"never\"", "schedule" },
    { "\"schedule\":[]", "schedule" },
    { "\"schedule\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21]", "schedule" },
    { "\"schedule\":[1,-1]", "schedule.1" },
    { "\"schedule\":[2592000001]", "schedule.0" },
    { "\"schedule\":[1.5]", "schedule.0" },
    { "\"schedule\":7", "schedule" },
    { "\"attempts\":0", "attempts" },
    { "\"attempts\":21", "attempts" },
    { "\"attempts\":\"3\"", "attempts" },
    { "\"attempts\":3.0", "attempts" },
    { "\"attempts\":99999999999999999999", "attempts" },
    { "\"timeout_ms\":999", "timeout_ms" },
    { "\"timeout_ms\":30001", "timeout_ms" },
    { "\"no_retry_statuses\":[399]", "no_retry_statuses.0" },
    { "\"no_retry_statuses\":[400,600]", "no_retry_statuses.1" },
    { "\"no_retry_statuses\":{}", "no_retry_statuses" },
    { "\"on_gone\":\"stop\"", "on_gone" },
    { "\"disable_after_s\":1", "disable_after_s" },
    { "\"disable_after_s\":3599", "disable_after_s" },
    { "\"disable_after_s\":2592001", "disable_after_s" },
    { "\"disable_after_s\":true", "disable_after_s" },
    { "\"rate_limit\":0", "rate_limit" },
    { "\"rate_limit\":0.09", "rate_limit" },
    { "\"rate_limit\":10000.1", "rate_limit" },
    { "\"rate_limit\":\"1\"", "rate_limit" },
    { "\"concurrency\":0", "concurrency" },
    { "\"concurrency\":257", "concurrency" },
    { "\"ordering\":\"id\"", "ordering" },
    { "\"ordering_skip_s\":-1", "ordering_skip_s" },
    { "\"ordering_skip_s\":604801", "ordering_skip_s" },
    { "\"headers\":[]", "headers" },
    { "\"headers\":{\"a b\":\"c\"}", "headers.a b" },
    { "\"headers\":{\"a\":7}", "headers.a" },
    { "\"headers\":{\"a\":\"b\\nc\"}", "headers.a" },
    { "\"headers\":{\"a\":\"b\\u0000\"}", "headers.a" },
    { "\"headers\":{\"Host\":\"x\"}", "headers.Host" },
    { "\"headers\":{\"content-type\":\"x\"}", "headers.content-type" },
    { "\"headers\":{\"X-Webhook-Other\":\"x\"}", "headers.X-Webhook-Other" },
    { "\"headers\":{\"webhook-id\":\"x\"}", "headers.webhook-id" },
    { "\"headers\":{\"a\":\"1\",\"A\":\"2\"}", "headers.A" },
    { "\"auth\":\"basic\"", "auth" },
    { "\"auth\":{}", "auth" },
    { "\"auth\":{\"type\":\"digest\"}", "auth.type" },
    { "\"auth\":{\"type\":\"basic\",\"password\":\"p\"}", "auth.user" },
    { "\"auth\":{\"type\":\"basic\",\"user\":\"u\"}", "auth.password" },
    { "\"auth\":{\"type\":\"basic\",\"user\":\"u:v\",\"password\":\"p\"}", "auth.user" },
    { "\"auth\":{\"type\":\"bearer\"}", "auth.token" },
    { "\"auth\":{\"type\":\"bearer\",\"token\":\"a\\r\\nb\"}", "auth.token" },
    { "\"labels\":{\"a\":null}", "labels.a" },
    { "\"labels\":{\"\":\"b\"}", "labels." },
    { "\"labels\":\"a\"", "labels" },
    { "\"description\":\"\"", "description" },
    { "\"description\":7", "description" },
};

static void test_bad_values_are_named_by_their_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad_members) / sizeof(bad_members[0]); i++) {
        char body[512];
        struct reading reading;
        snprintf(body, sizeof(body), "{%s}", bad_members[i][0]);
        read_body(&reading, body, false);
        json_t *list = json_object_get(reading.form.errors, bad_members[i][1]);
        if (json_object_size(reading.form.errors) != 1 || json_array_size(list) != 1)
            fail_msg("<%s> is not refused for %s", body, bad_members[i][1]);
        end_reading(&reading);
    }
}

static void test_a_new_webhook_needs_name_and_url(void **state)
{
    (void)state;
    struct reading reading;
    read_body(&reading, "{\"role\":\"audit\"}", true);
    assert_int_equal(json_object_size(reading.form.errors), 2);
    assert_non_null(json_object_get(reading.form.errors, "name"));
    assert_non_null(json_object_get(reading.form.errors, "url"));
    end_reading(&reading);
    read_body(&reading, "{\"name\":\"n\",\"url\":\"https://Shop.example\"}", true);
    assert_false(reading.form.has_failed);
    assert_int_equal(reading.patch.fields, HK_ENDPOINT_NAME | HK_ENDPOINT_URL);
    assert_string_equal(reading.patch.value.url, "https://Shop.example");
    assert_string_equal(reading.patch.value.url_normal, "https://shop.example/");
    end_reading(&reading);
}

static void test_a_change_of_nothing_is_refused(void **state)
{
    (void)state;
    struct reading reading;
    read_body(&reading, "{}", false);
    assert_true(reading.form.has_failed);
    end_reading(&reading);
    read_body(&reading, "{\"unknown\":1}", false);
    assert_true(reading.form.has_failed);
    end_reading(&reading);
}

/** A body with a name or URL of `count` characters of `size` bytes. */
static bool is_taken(const char *field, const char *start, const char *character, int count)
{
    static char body[8192];
    struct reading reading;
    int used = snprintf(body, sizeof(body), "{\"%s\":\"%s", field, start);
    for (int i = 0; i < count; i++)
        used += snprintf(body + used, sizeof(body) - (size_t)used, "%s", character);
    snprintf(body + used, sizeof(body) - (size_t)used, "\"}");
    read_body(&reading, body, false);
    bool is_good = !reading.form.has_failed;
    end_reading(&reading);
    return is_good;
}

static void test_lengths_count_characters(void **state)
{
    (void)state;
    assert_true(is_taken("name", "", "\xd8\xb9", 255));
    assert_false(is_taken("name", "", "\xd8\xb9", 256));
    assert_true(is_taken("url", "https://a.example/", "\xd8\xb9", 482));
    assert_false(is_taken("url", "https://a.example/", "\xd8\xb9", 483));
    assert_true(is_taken("description", "", "\xd8\xb9", 500));
    assert_false(is_taken("description", "", "\xd8\xb9", 501));
}

static void test_auth_is_the_sealed_value_of_a_header(void **state)
{
    (void)state;
    struct reading reading;
    struct hk_bytes plain = { 0 };
    struct hk_slice context = { (const char *)uuid.bytes, sizeof(uuid.bytes) };
    read_body(&reading,
              "{\"auth\":{\"type\":\"basic\",\"user\":\"Aladdin\",\"password\":\"open sesame\"}}",
              false);
    assert_int_equal(hk_unseal(config.secret_key, context,
                               hk_bytes_slice(&reading.patch.value.auth.sealed), &plain),
                     0);
    assert_true(hk_slice_is(hk_bytes_slice(&plain), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
    hk_bytes_fini(&plain);
    end_reading(&reading);
}

static void test_secrets_are_60_characters_and_differ(void **state)
{
    (void)state;
    json_t *one = show("{\"enabled\":true}");
    json_t *two = show("{\"enabled\":true}");
    const char *secret = json_string_value(json_object_get(one, "secret"));
    assert_int_equal(strlen(secret), 60);
    assert_int_equal(strspn(secret, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "0123456789+/"),
                     60);
    assert_string_not_equal(secret, json_string_value(json_object_get(two, "secret")));
    json_decref(one);
    json_decref(two);
}

static void test_a_closed_set_of_event_types_is_kept(void **state)
{
    (void)state;
    struct reading reading;
    hk_texts_add(&config.event_types, HK_SLICE("approved"));
    config.has_event_types = true;
    read_body(&reading, "{\"events\":[\"approved\"]}", false);
    assert_false(reading.form.has_failed);
    end_reading(&reading);
    read_body(&reading, "{\"events\":[\"refunded\"]}", false);
    assert_non_null(json_object_get(reading.form.errors, "events.0"));
    end_reading(&reading);
    hk_texts_fini(&config.event_types);
    config.has_event_types = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_is_read_back),
        cmocka_unit_test(test_bad_values_are_named_by_their_field),
        cmocka_unit_test(test_a_new_webhook_needs_name_and_url),
        cmocka_unit_test(test_a_change_of_nothing_is_refused),
        cmocka_unit_test(test_lengths_count_characters),
        cmocka_unit_test(test_auth_is_the_sealed_value_of_a_header),
        cmocka_unit_test(test_secrets_are_60_characters_and_differ),
        cmocka_unit_test(test_a_closed_set_of_event_types_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
