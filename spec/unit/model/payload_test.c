// SPDX-License-Identifier: Apache-2.0
#include "model/payload.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void add(struct hk_pairs *pairs, const char *name, const char *value)
{
    hk_pairs_add(pairs, hk_slice_of(name), hk_slice_of(value));
}

static void assert_next(struct hk_slice *rest, const char *wanted_name, const char *wanted_value)
{
    const char *name, *value;
    assert_true(hk_payload_next(rest, &name, &value));
    assert_string_equal(name, wanted_name);
    assert_string_equal(value, wanted_value);
}

static void test_headers_and_text_come_back_as_they_were_given(void **state)
{
    struct hk_pairs headers = { 0 };
    struct hk_slice text = HK_SLICE("{\"a\":0.10}");
    const char *name, *value;
    (void)state;
    add(&headers, "X-A", "1");
    add(&headers, "X-Empty", "");
    add(&headers, "X-A", "2");
    struct hk_body *payload = hk_payload_new(&headers, &text);
    hk_pairs_fini(&headers);
    assert_true(hk_payload_is_valid(payload));
    assert_true(hk_payload_has_text(payload));
    assert_true(hk_slice_is(hk_body_text(payload), "{\"a\":0.10}"));
    struct hk_slice rest = hk_payload_headers(payload);
    assert_next(&rest, "X-A", "1");
    assert_next(&rest, "X-Empty", "");
    assert_next(&rest, "X-A", "2");
    assert_false(hk_payload_next(&rest, &name, &value));
    hk_body_unref(payload);
}

static void test_no_text_is_not_an_empty_one(void **state)
{
    struct hk_slice empty = HK_SLICE_EMPTY;
    (void)state;
    struct hk_body *without = hk_payload_new(NULL, NULL);
    struct hk_body *with = hk_payload_new(NULL, &empty);
    assert_false(hk_payload_has_text(without));
    assert_true(hk_payload_has_text(with));
    assert_int_equal(hk_payload_headers(without).size, 0);
    assert_int_equal(hk_body_text(with).size, 0);
    hk_body_unref(without);
    hk_body_unref(with);
}

static void test_what_was_stored_is_restored(void **state)
{
    struct hk_pairs headers = { 0 };
    (void)state;
    add(&headers, "X-A", "1");
    for (int i = 0; i < 2; i++) {
        struct hk_slice text = HK_SLICE("[]");
        struct hk_body *payload = hk_payload_new(&headers, i == 0 ? NULL : &text);
        struct hk_body *restored = hk_payload_restore(hk_body_head(payload), hk_body_text(payload));
        assert_int_equal(hk_payload_has_text(restored), i == 1);
        assert_true(hk_slice_is_equal(hk_body_text(restored), hk_body_text(payload)));
        struct hk_slice rest = hk_payload_headers(restored);
        assert_next(&rest, "X-A", "1");
        hk_body_unref(payload);
        hk_body_unref(restored);
    }
    hk_pairs_fini(&headers);
}

static void test_malformed_parts_are_refused(void **state)
{
    static const struct {
        struct hk_slice head, text;
        bool is_good;
    } cases[] = {
        { { "T", 1 }, { "x", 1 }, true },          { { "-", 1 }, { "", 0 }, true },
        { { "-n\0v\0", 5 }, { "", 0 }, true },     { { "", 0 }, { "", 0 }, false },
        { { "t", 1 }, { "", 0 }, false },          { { "-", 1 }, { "x", 1 }, false },
        { { "Tn\0v", 4 }, { "", 0 }, false },      { { "Tn\0", 3 }, { "", 0 }, false },
        { { "Tn\0v\0m\0", 7 }, { "", 0 }, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hk_body *body = hk_body_new(cases[i].head, cases[i].text);
        struct hk_body *restored = hk_payload_restore(cases[i].head, cases[i].text);
        if (hk_payload_is_valid(body) != cases[i].is_good || (restored != NULL) != cases[i].is_good)
            fail_msg("case %zu", i);
        hk_body_unref(body);
        hk_body_unref(restored);
    }
}

#if HK_FAULTS
static void test_without_memory_there_is_no_payload_and_no_leak(void **state)
{
    struct hk_pairs headers = { 0 };
    struct hk_slice text = HK_SLICE("[]");
    struct hk_body *payload = NULL;
    (void)state;
    add(&headers, "X-A", "1");
    for (uint64_t nth = 1; payload == NULL; nth++) {
        hk_alloc_fail_at(nth, false);
        payload = hk_payload_new(&headers, &text);
        bool has_failed = hk_alloc_count() >= nth;
        hk_alloc_fail_at(0, false);
        assert_int_equal(payload == NULL, has_failed);
    }
    hk_body_unref(payload);
    hk_pairs_fini(&headers);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers_and_text_come_back_as_they_were_given),
        cmocka_unit_test(test_no_text_is_not_an_empty_one),
        cmocka_unit_test(test_what_was_stored_is_restored),
        cmocka_unit_test(test_malformed_parts_are_refused),
#if HK_FAULTS
        cmocka_unit_test(test_without_memory_there_is_no_payload_and_no_leak),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
