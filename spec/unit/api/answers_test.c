// SPDX-License-Identifier: Apache-2.0
#include "api/answers.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct hk_answer answer;

static int reset(void **state)
{
    (void)state;
    hk_answer_fini(&answer);
    answer = (struct hk_answer){ 0 };
    return 0;
}

static void assert_answer(unsigned status, const char *text)
{
    assert_int_equal(answer.status, status);
    if (!hk_slice_is(answer.text, text))
        fail_msg("%.*s", (int)answer.text.size, answer.text.at);
}

static void test_a_message_stands_in_the_envelope(void **state)
{
    (void)state;
    hk_answer_message(&answer, 200, "");
    assert_answer(200, "{\"status\":true,\"message\":\"\",\"appended_data\":{}}");
    hk_answer_message(&answer, 404, "No \"x\".");
    assert_answer(404, "{\"status\":false,\"message\":\"No \\\"x\\\".\",\"appended_data\":{}}");
}

static void test_data_and_lists_stand_beside_it(void **state)
{
    (void)state;
    hk_answer_data(&answer, json_pack("{s:f}", "rate", 0.1));
    assert_answer(200, "{\"status\":true,\"message\":\"\",\"appended_data\":{},"
                       "\"data\":{\"rate\":0.1}}");
    hk_answer_list(&answer, json_array(), json_object(), json_object());
    assert_answer(200, "{\"status\":true,\"message\":\"\",\"appended_data\":{},\"data\":[],"
                       "\"links\":{},\"meta\":{}}");
}

static void test_what_is_invalid_is_422_by_field(void **state)
{
    (void)state;
    hk_answer_invalid_field(&answer, "url", "Bad.");
    assert_answer(422, "{\"status\":false,\"message\":\"The given data was invalid.\","
                       "\"appended_data\":{},\"errors\":{\"url\":[\"Bad.\"]}}");
}

static void test_codes_have_their_status(void **state)
{
    (void)state;
    static const struct {
        int code;
        unsigned status;
    } cases[] = {
        { HK_ENOTFOUND, 404 }, { HK_EDENIED, 403 }, { HK_EEXISTS, 400 }, { HK_ELIMIT, 400 },
        { HK_ENOMEM, 503 },    { HK_ENOSPC, 503 },  { HK_EIO, 503 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        answer.retry_after_s = 0;
        hk_answer_code(&answer, cases[i].code);
        assert_int_equal(answer.status, cases[i].status);
        assert_int_equal(answer.retry_after_s > 0, cases[i].status == 503);
    }
}

static void test_without_memory_the_answer_is_503(void **state)
{
    (void)state;
    hk_answer_data(&answer, NULL);
    assert_int_equal(answer.status, 503);
    hk_answer_list(&answer, NULL, json_object(), json_object());
    assert_int_equal(answer.status, 503);
    hk_answer_invalid(&answer, NULL);
    assert_int_equal(answer.status, 503);
#ifdef HK_FAULTS
    hk_answer_fini(&answer);
    hk_alloc_fail_at(1, true);
    hk_answer_message(&answer, 404, "Not found.");
    hk_alloc_fail_at(0, false);
    assert_int_equal(answer.status, 503);
    assert_non_null(strstr(answer.text.at, "\"status\":false"));
#endif
}

static void test_text_that_is_no_utf8_is_mended(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "", "" },
        { "plain", "plain" },
        { "\xd8\xb9", "\xd8\xb9" },
        { "a\xff"
          "b",
          "a\xef\xbf\xbd"
          "b" },
        { "\xd8", "\xef\xbf\xbd" },
        { "\xf0\x9f\x98", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
        { "\xf0\x9f\x98\x80\xc0", "\xf0\x9f\x98\x80\xef\xbf\xbd" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *text = hk_answer_text(hk_slice_of(cases[i][0]));
        assert_string_equal(json_string_value(text), cases[i][1]);
        json_decref(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_a_message_stands_in_the_envelope, reset),
        cmocka_unit_test_teardown(test_data_and_lists_stand_beside_it, reset),
        cmocka_unit_test_teardown(test_what_is_invalid_is_422_by_field, reset),
        cmocka_unit_test_teardown(test_codes_have_their_status, reset),
        cmocka_unit_test_teardown(test_without_memory_the_answer_is_503, reset),
        cmocka_unit_test_teardown(test_text_that_is_no_utf8_is_mended, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
