// SPDX-License-Identifier: Apache-2.0
#include "api/event_draft.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct hk_config config;
static const struct hk_hash_key hash_key = { { 1, 2 } };
static struct hk_event_draft draft;
static struct hk_event_fault fault;

static int read_source(struct hk_event_source source)
{
    return hk_event_draft_read(&draft, &source, &config, &hash_key, &fault);
}

static int read_text(const char *body)
{
    return read_source((struct hk_event_source){ .merchant_id = 9, .body = hk_slice_of(body) });
}

static int end_draft(void **state)
{
    (void)state;
    hk_event_draft_fini(&draft);
    return 0;
}

static void test_the_key_is_the_orders_id(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "{\"event\":\"a\",\"order\":{\"id\":\"o-1\"}}", "o-1" },
        { "{\"event\":\"a\",\"order\":{\"id\":\"o\\u002d1\"}}", "o-1" },
        { "{\"event\":\"a\",\"order\":{\"id\":42}}", "42" },
        { "{\"event\":\"a\",\"order\":{\"id\":0.10}}", "0.10" },
        { "{\"event\":\"a\",\"order\":{\"id\":\"\"}}", "" },
        { "{\"event\":\"a\",\"order\":{\"id\":null}}", "" },
        { "{\"event\":\"a\",\"order\":{\"id\":[1]}}", "" },
        { "{\"event\":\"a\",\"order\":[{\"id\":1}]}", "" },
        { "{\"event\":\"a\",\"order\":7}", "" },
        { "{\"event\":\"a\"}", "" },
        { "{\"event\":\"\\u0061\",\"order\":{\"id\":\"x\"}}", "x" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(read_text(cases[i][0]), 0);
        assert_true(hk_slice_is(draft.type, "a"));
        assert_true(hk_slice_is(draft.key, cases[i][1]));
        hk_event_draft_fini(&draft);
    }
}

/** A body whose order.id has `size` characters. */
static const char *body_with_id(size_t size)
{
    static char body[512];
    char id[400];
    memset(id, 'i', size);
    id[size] = '\0';
    snprintf(body, sizeof(body), "{\"event\":\"a\",\"order\":{\"id\":\"%s\"}}", id);
    return body;
}

static void test_an_id_that_is_too_long_is_no_key(void **state)
{
    (void)state;
    assert_int_equal(read_text(body_with_id(255)), 0);
    assert_int_equal(draft.key.size, 255);
    hk_event_draft_fini(&draft);
    assert_int_equal(read_text(body_with_id(256)), 0);
    assert_int_equal(draft.key.size, 0);
}

static void test_the_headers_key_wins_and_must_be_good(void **state)
{
    (void)state;
    struct hk_event_source source = { .body = hk_slice_of(body_with_id(3)),
                                      .ordering_key = HK_SLICE("mine") };
    assert_int_equal(read_source(source), 0);
    assert_true(hk_slice_is(draft.key, "mine"));
    char long_key[256];
    memset(long_key, 'k', sizeof(long_key));
    static const char *const bad[] = { "", "\xff" };
    for (size_t i = 0; i < 3; i++) {
        hk_event_draft_fini(&draft);
        source.ordering_key =
            i < 2 ? hk_slice_of(bad[i]) : (struct hk_slice){ long_key, sizeof(long_key) };
        assert_int_equal(read_source(source), HK_EINVAL);
        assert_int_equal(fault.status, 422);
        assert_string_equal(fault.field, "X-Hookd-Key");
    }
}

static void test_idempotency_is_hashed_by_merchant_key_and_body(void **state)
{
    (void)state;
    struct hk_event_source source = { .merchant_id = 9,
                                      .body = HK_SLICE("{\"event\":\"a\"}"),
                                      .idempotency_key = HK_SLICE("k") };
    assert_int_equal(read_source(source), 0);
    assert_true(draft.has_idempotency);
    struct hk_event_draft first = draft;
    assert_int_equal(read_source(source), 0);
    assert_memory_equal(&draft.idempotency_key, &first.idempotency_key,
                        sizeof(draft.idempotency_key));
    source.merchant_id = 8;
    assert_int_equal(read_source(source), 0);
    assert_memory_not_equal(&draft.idempotency_key, &first.idempotency_key,
                            sizeof(draft.idempotency_key));
    assert_int_equal(draft.idempotency_body, first.idempotency_body);
    source.body = HK_SLICE("{\"event\":\"a\" }");
    assert_int_equal(read_source(source), 0);
    assert_int_not_equal(draft.idempotency_body, first.idempotency_body);
}

static void test_an_idempotency_key_has_1_to_255_bytes(void **state)
{
    (void)state;
    char key[256];
    memset(key, 'k', sizeof(key));
    struct hk_event_source source = { .body = HK_SLICE("{\"event\":\"a\"}") };
    static const struct {
        size_t size;
        int code;
    } cases[] = { { 0, HK_EINVAL }, { 1, 0 }, { 255, 0 }, { 256, HK_EINVAL } };
    for (size_t i = 0; i < 4; i++) {
        source.idempotency_key = (struct hk_slice){ key, cases[i].size };
        assert_int_equal(read_source(source), cases[i].code);
        if (cases[i].code < 0)
            assert_string_equal(fault.field, "Idempotency-Key");
    }
}

static void test_deliver_before_is_a_time(void **state)
{
    (void)state;
    struct hk_event_source source = { .body = HK_SLICE("{\"event\":\"a\"}"),
                                      .deliver_before = HK_SLICE("2026-05-02T11:00:00.5+03:00") };
    assert_int_equal(read_source(source), 0);
    assert_int_equal(draft.deliver_before.ms, INT64_C(1777708800500));
    source.deliver_before = HK_SLICE("tomorrow");
    assert_int_equal(read_source(source), HK_EINVAL);
    assert_string_equal(fault.field, "X-Hookd-Deliver-Before");
}

/** The body of `depth` levels of arrays inside the event. */
static const char *nested(size_t depth)
{
    static char body[512];
    size_t used = (size_t)snprintf(body, sizeof(body), "{\"event\":\"a\",\"x\":");
    memset(body + used, '[', depth);
    memset(body + used + depth, ']', depth);
    body[used + 2 * depth] = '}';
    body[used + 2 * depth + 1] = '\0';
    return body;
}

static void test_faults_tell_400_from_422(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        unsigned status;
    } cases[] = {
        { "", 400 },
        { "{", 400 },
        { "{\"event\":\"a\"} x", 400 },
        { "{\"event\":\"a\",\"event\":\"a\"}", 400 },
        { "{\"event\":\"a\",\"ev\\u0065nt\":\"a\"}", 400 },
        { "{\"event\":\"a\",\"x\":\"\xed\xa0\x80\"}", 400 },
        { "\xef\xbb\xbf{\"event\":\"a\"}", 400 },
        { "null", 422 },
        { "\"event\"", 422 },
        { "[{\"event\":\"a\"}]", 422 },
        { "{\"Event\":\"a\"}", 422 },
        { "{\"event\":null}", 422 },
        { "{\"event\":{\"event\":\"a\"}}", 422 },
        { "{\"event\":\"\"}", 422 },
        { "{\"event\":\"a b\"}", 422 },
        { "{\"event\":\"a\\u0000\"}", 422 },
        { "{\"event\":\"\xc3\xa9\"}", 422 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(read_text(cases[i].body), HK_EINVAL);
        if (fault.status != cases[i].status)
            fail_msg("<%s>: %u", cases[i].body, fault.status);
        assert_int_equal(fault.json.line > 0, cases[i].status == 400);
        hk_event_draft_fini(&draft);
    }
    assert_int_equal(read_text(nested(63)), 0);
    assert_int_equal(read_text(nested(64)), HK_EINVAL);
    assert_int_equal(fault.status, 400);
}

static void test_a_closed_set_of_types_is_kept(void **state)
{
    (void)state;
    hk_texts_add(&config.event_types, HK_SLICE("approved"));
    config.has_event_types = true;
    assert_int_equal(read_text("{\"event\":\"approved\"}"), 0);
    assert_int_equal(read_text("{\"event\":\"refunded\"}"), HK_EINVAL);
    assert_int_equal(fault.status, 422);
    hk_texts_fini(&config.event_types);
    config.has_event_types = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_the_key_is_the_orders_id, end_draft),
        cmocka_unit_test_teardown(test_an_id_that_is_too_long_is_no_key, end_draft),
        cmocka_unit_test_teardown(test_the_headers_key_wins_and_must_be_good, end_draft),
        cmocka_unit_test_teardown(test_idempotency_is_hashed_by_merchant_key_and_body, end_draft),
        cmocka_unit_test_teardown(test_an_idempotency_key_has_1_to_255_bytes, end_draft),
        cmocka_unit_test_teardown(test_deliver_before_is_a_time, end_draft),
        cmocka_unit_test_teardown(test_faults_tell_400_from_422, end_draft),
        cmocka_unit_test_teardown(test_a_closed_set_of_types_is_kept, end_draft),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
