// SPDX-License-Identifier: Apache-2.0
#include "api/event_view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <cmocka.h>

static const struct hk_uuid event_id = { { 1, 0x90, 0xb3, 0xc2, 0, 1, 0x70, 0, 0x80, 0, 0, 0, 0, 0,
                                           0, 1 } };
static const struct hk_uuid endpoint_id = { { 2, 0, 0, 0, 0, 0, 0x40, 0, 0x80 } };

/** An event with one delivery that failed three ways. */
struct world {
    struct hk_attempt attempts[3];
    struct hk_delivery delivery;
    struct hk_event event;
};

static void make_world(struct world *world)
{
    memset(world, 0, sizeof(*world));
    world->attempts[0] = (struct hk_attempt){
        .number = 1,
        .status = 503,
        .class = HK_OUTCOME_STATUS,
        .started_at.ms = 1777708800123,
        .timings = { .dns_us = 1000, .connect_us = 1500, .total_us = 12345 },
        .detail = hk_body_new(HK_SLICE(""), HK_SLICE("<h1>\"no\"\xff</h1>")),
    };
    world->attempts[1] = (struct hk_attempt){
        .number = 2,
        .class = HK_OUTCOME_DENIED,
        .started_at.ms = 1777708810000,
        .detail = hk_body_new(HK_SLICE("169.254.169.254 is denied"), HK_SLICE("")),
    };
    world->attempts[2] = (struct hk_attempt){
        .number = 3,
        .class = HK_OUTCOME_TLS,
        .started_at.ms = 1777708870000,
        .detail = hk_body_new(HK_SLICE("certificate has expired"), HK_SLICE("")),
    };
    world->delivery = (struct hk_delivery){ .number = 1,
                                            .endpoint = endpoint_id,
                                            .role = HK_ROLE_AUDIT,
                                            .state = HK_DELIVERY_WAITING,
                                            .waiting_since.ms = 1777708870000,
                                            .delay_ms = 10000,
                                            .attempts = world->attempts,
                                            .kept_count = 3,
                                            .url = NULL };
    world->event = (struct hk_event){
        .id = event_id,
        .merchant_id = 9,
        .state = HK_EVENT_PLANNED,
        .received_at.ms = 1777708800000,
        .body = hk_event_body_new(HK_SLICE("approved"), HK_SLICE("k"),
                                  HK_SLICE(" {\"event\":\"approved\",\"n\":1.50} ")),
        .deliveries = &world->delivery,
        .delivery_count = 1,
    };
}

static void free_world(struct world *world)
{
    for (int i = 0; i < 3; i++)
        hk_body_unref(world->attempts[i].detail);
    hk_body_unref(world->event.body);
}

#define EVENT "0190b3c2-0001-7000-8000-000000000001"

static void test_an_event_is_shown_whole(void **state)
{
    (void)state;
    struct world world;
    struct hk_bytes out = { 0 };
    make_world(&world);
    assert_int_equal(hk_event_view_append(&out, &world.event), 0);
    assert_int_equal(hk_bytes_append(&out, "", 1), 0);
    assert_string_equal(
        out.at,
        "{\"status\":true,\"message\":\"\",\"appended_data\":{},\"data\":{\"id\":\"" EVENT "\","
        "\"event\":\"approved\",\"merchant_id\":9,\"state\":\"planned\",\"reason\":null,"
        "\"error\":null,\"key\":\"k\",\"received_at\":\"2026-05-02T08:00:00.000Z\","
        "\"body\": {\"event\":\"approved\",\"n\":1.50} ,\"policy\":null,"
        "\"deliveries\":[{\"id\":\"" EVENT ".1\","
        "\"webhook\":\"02000000-0000-4000-8000-000000000000\",\"url\":null,\"role\":\"audit\","
        "\"state\":\"waiting\",\"reason\":null,\"next_attempt_at\":\"2026-05-02T08:01:20.000Z\","
        "\"attempts\":["
        "{\"number\":1,\"started_at\":\"2026-05-02T08:00:00.123Z\",\"status\":503,"
        "\"outcome\":\"status\",\"error\":null,\"timings_ms\":{\"dns\":1,\"connect\":1.5,"
        "\"tls\":0,\"first_byte\":0,\"total\":12.345},"
        "\"response\":\"<h1>\\\"no\\\"\xef\xbf\xbd</h1>\"},"
        "{\"number\":2,\"started_at\":\"2026-05-02T08:00:10.000Z\",\"status\":null,"
        "\"outcome\":\"connect\",\"error\":\"could not connect\",\"timings_ms\":{\"dns\":0,"
        "\"connect\":0,\"tls\":0,\"first_byte\":0,\"total\":0},\"response\":null},"
        "{\"number\":3,\"started_at\":\"2026-05-02T08:01:10.000Z\",\"status\":null,"
        "\"outcome\":\"tls\",\"error\":\"certificate has expired\",\"timings_ms\":{\"dns\":0,"
        "\"connect\":0,\"tls\":0,\"first_byte\":0,\"total\":0},\"response\":null}]}]}}");
    hk_bytes_fini(&out);
    free_world(&world);
}

static void test_a_held_event_tells_its_policy_and_why(void **state)
{
    (void)state;
    struct hk_bytes out = { 0 };
    char policy[] = "refunds";
    struct hk_event event = { .id = event_id,
                              .state = HK_EVENT_HELD,
                              .policy = policy,
                              .generation = 3,
                              .error = hk_body_new(HK_SLICE(""), HK_SLICE("refunds.lua:9: no")) };
    assert_int_equal(hk_event_view_append(&out, &event), 0);
    json_t *answer = json_loadb(out.at, out.size, 0, NULL);
    json_t *data = json_object_get(answer, "data");
    assert_string_equal(json_string_value(json_object_get(data, "error")), "refunds.lua:9: no");
    json_t *shown = json_object_get(data, "policy");
    assert_string_equal(json_string_value(json_object_get(shown, "name")), "refunds");
    assert_int_equal(json_integer_value(json_object_get(shown, "generation")), 3);
    json_decref(answer);
    hk_bytes_fini(&out);
    hk_body_unref(event.error);
}

static void test_an_event_without_its_body_is_shown_too(void **state)
{
    (void)state;
    struct hk_bytes out = { 0 };
    struct hk_event event = { .id = event_id,
                              .state = HK_EVENT_DROPPED,
                              .reason = HK_REASON_NO_ENDPOINT };
    assert_int_equal(hk_event_view_append(&out, &event), 0);
    json_t *answer = json_loadb(out.at, out.size, 0, NULL);
    json_t *data = json_object_get(answer, "data");
    assert_true(json_is_null(json_object_get(data, "body")));
    assert_true(json_is_null(json_object_get(data, "key")));
    assert_string_equal(json_string_value(json_object_get(data, "state")), "dropped");
    assert_string_equal(json_string_value(json_object_get(data, "reason")), "no_endpoint");
    json_decref(answer);
    hk_bytes_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_event_is_shown_whole),
        cmocka_unit_test(test_a_held_event_tells_its_policy_and_why),
        cmocka_unit_test(test_an_event_without_its_body_is_shown_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
