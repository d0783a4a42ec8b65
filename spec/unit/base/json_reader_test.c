// SPDX-License-Identifier: Apache-2.0
#include "base/json_reader.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/** Appends what a walk over everything sees: brackets, scalars, and keys with '=' ('~' when they
 * have escapes). */
// NOLINTNEXTLINE(misc-no-recursion): of a depth that the test decides
static void tell(struct hk_json_reader *reader, struct hk_bytes *out)
{
    enum hk_json_type type = hk_json_reader_type(reader);
    bool has_escapes;
    if (type != HK_JSON_OBJECT && type != HK_JSON_ARRAY) {
        struct hk_json_value value = hk_json_reader_skip(reader);
        assert_int_equal(value.type, type);
        assert_int_equal(hk_bytes_append(out, value.text.at, value.text.size), 0);
        assert_int_equal(hk_bytes_append_text(out, ";"), 0);
        return;
    }
    assert_int_equal(hk_bytes_append_text(out, type == HK_JSON_OBJECT ? "{" : "["), 0);
    hk_json_reader_enter(reader);
    while (hk_json_reader_next(reader)) {
        if (type == HK_JSON_OBJECT) {
            struct hk_slice key = hk_json_reader_key(reader, &has_escapes);
            assert_int_equal(hk_bytes_append(out, key.at, key.size), 0);
            assert_int_equal(hk_bytes_append_text(out, has_escapes ? "~" : "="), 0);
        }
        tell(reader, out);
    }
    assert_int_equal(hk_bytes_append_text(out, type == HK_JSON_OBJECT ? "}" : "]"), 0);
}

static const struct {
    const char *text;
    const char *told;
} table[] = {
    { "null", "null;" },
    { " -1.5E+7 ", "-1.5E+7;" },
    { "\"a\\\"]\\\\\"", "\"a\\\"]\\\\\";" },
    { "{}", "{}" },
    { "[ ]", "[]" },
    { "[ 1 ,\n2 , [ ] , { } ]", "[1;2;[]{}]" },
    { "{\"a\":{\"b\\n\" : [true,false]},\"\": \"caf\xC3\xA9 \xE2\x82\xAC 0123456789abcdef\"}",
      "{a={b\\n~[true;false;]}=\"caf\xC3\xA9 \xE2\x82\xAC 0123456789abcdef\";}" },
    { "{\"]\":\"}\",\"{\":[\"[\\\"\"]}", "{]=\"}\";{=[\"[\\\"\";]}" },
};

static void test_one_pass_sees_everything(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct hk_json_value top;
        struct hk_bytes out = { 0 };
        assert_int_equal(hk_json_scan(hk_slice_of(table[i].text), &top, NULL), 0);
        struct hk_json_reader reader = hk_json_reader_start(top);
        tell(&reader, &out);
        assert_ptr_equal(reader.at, reader.end);
        if (!hk_slice_is(hk_bytes_slice(&out), table[i].told))
            fail_msg("%s gives %.*s", table[i].text, (int)out.size, out.at);
        hk_bytes_fini(&out);
    }
}

static void test_a_value_is_skipped_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct hk_json_value top;
        assert_int_equal(hk_json_scan(hk_slice_of(table[i].text), &top, NULL), 0);
        struct hk_json_reader reader = hk_json_reader_start(top);
        struct hk_json_value value = hk_json_reader_skip(&reader);
        assert_int_equal(value.type, top.type);
        assert_true(hk_slice_is_equal(value.text, top.text));
        assert_ptr_equal(reader.at, reader.end);
    }
}

static void test_a_text_that_breaks_off_is_not_read_beyond_its_end(void **state)
{
    static const char whole[] = "{\"a\\n\":[1,\"x\xC3\xA9\",{\"b\":null}],\"c\":-1e5}";
    (void)state;
    for (size_t size = 1; size < sizeof(whole); size++) {
        struct hk_bytes out = { 0 };
        char *exact = hk_alloc_or_die(size);
        memcpy(exact, whole, size);
        struct hk_json_reader reader = { exact, exact + size };
        tell(&reader, &out);
        assert_true(reader.at <= reader.end);
        reader.at = exact;
        hk_json_reader_skip(&reader);
        assert_true(reader.at <= reader.end);
        hk_bytes_fini(&out);
        hk_free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_pass_sees_everything),
        cmocka_unit_test(test_a_value_is_skipped_whole),
        cmocka_unit_test(test_a_text_that_breaks_off_is_not_read_beyond_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
