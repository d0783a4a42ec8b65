// SPDX-License-Identifier: Apache-2.0
#include "deliver/result.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/** 2026-05-02T08:00:00Z, a Saturday. */
static const struct hk_wall now = { INT64_C(1777708800000) };

static void test_retry_after_is_seconds_or_a_date_or_nothing(void **state)
{
    static const struct {
        const char *value;
        int64_t wanted_ms;
    } cases[] = {
        { "0", 0 },
        { "1", 1000 },
        { "120", 120000 },
        { " 120\t\r\n", 120000 },
        { "007", 7000 },
        { "86400", 86400000 },
        { "315360000", INT64_C(315360000000) },
        { "315360001", -1 },
        { "99999999999999999999", -1 },
        { "Sat, 02 May 2026 08:01:00 GMT", 60000 },
        { " Sat, 02 May 2026 08:00:01 GMT ", 1000 },
        { "Sat, 02 May 2026 08:00:00 GMT", 0 },
        { "Sat, 02 May 2026 07:59:00 GMT", 0 },
        { "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
        { "Saturday, 02-May-26 08:01:00 GMT", 60000 },
        { "Sat May  2 08:01:00 2026", 60000 },
        { "Fri, 01 May 2099 08:00:00 GMT", -1 },
        { "", -1 },
        { " ", -1 },
        { "-1", -1 },
        { "+1", -1 },
        { "1.5", -1 },
        { "1 2", -1 },
        { "1e3", -1 },
        { "0x10", -1 },
        { "soon", -1 },
        { "120 seconds", -1 },
        { "Sat, 31 Feb 2026 08:01:00 GMT", -1 },
        { "Sat, 02 May 2026 25:01:00 GMT", -1 },
        { "2026-05-02T08:01:00Z", -1 },
        { "Sat, 02 May 2026 08:01:00", -1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t got_ms = hk_retry_after_parse(hk_slice_of(cases[i].value), now);
        if (got_ms != cases[i].wanted_ms)
            fail_msg("\"%s\": %lld", cases[i].value, (long long)got_ms);
    }
    assert_int_equal(hk_retry_after_parse((struct hk_slice){ "12\0", 3 }, now), -1);
}

static bool take(struct hk_response *response, const char *line)
{
    return hk_response_take_line(response, hk_slice_of(line), now);
}

static void test_a_head_is_whole_at_its_empty_line(void **state)
{
    struct hk_response response = { 0 };
    (void)state;
    hk_response_clear(&response, 100);
    assert_true(take(&response, "HTTP/1.1 103 Early Hints\r\n"));
    assert_true(take(&response, "Retry-After: 7\r\n"));
    assert_true(take(&response, "\r\n"));
    assert_false(response.is_whole_head);
    assert_true(take(&response, "HTTP/1.1 503 No\r\n"));
    assert_int_equal(response.status, 503);
    assert_int_equal(response.retry_after_ms, HK_RETRY_AFTER_NONE);
    assert_true(take(&response, "X-Retry-After: 5\r\n"));
    assert_true(take(&response, "RETRY-after: 3\r\n"));
    assert_true(take(&response, "Retry-After: 4\r\n"));
    assert_true(take(&response, "\r\n"));
    assert_true(response.is_whole_head);
    assert_true(take(&response, "Retry-After: 9\r\n")); // a trailer
    assert_true(take(&response, "HTTP/1.1 200 OK\r\n"));
    assert_int_equal(response.retry_after_ms, 3000);
    assert_int_equal(response.status, 503);
    hk_response_fini(&response);
}

static void test_the_lines_of_the_final_head_are_kept(void **state)
{
    struct hk_response response = { 0 };
    (void)state;
    hk_response_clear(&response, 100);
    assert_true(take(&response, "HTTP/1.1 103 Early Hints\r\n"));
    assert_true(take(&response, "X-Interim: 7\r\n"));
    assert_true(take(&response, "\r\n"));
    assert_true(take(&response, "HTTP/1.1 503 No\r\n"));
    assert_true(take(&response, "X-RateLimit-Reset:\t 5 \r\n"));
    assert_true(take(&response, "Retry-After: 3\r\n"));
    assert_true(take(&response, "Set-Cookie: a\n"));
    assert_true(take(&response, "set-cookie:b: c\r\n"));
    assert_true(take(&response, "X-Empty:\r\n"));
    assert_true(take(&response, "no colon\r\n"));
    assert_true(take(&response, "no token: 1\r\n"));
    assert_true(take(&response, ": nothing\r\n"));
    assert_true(take(&response, " folded: 1\r\n"));
    assert_true(take(&response, "X-Split: a\rb\r\n"));
    assert_true(take(&response, "\r\n"));
    assert_true(take(&response, "X-Trailer: 9\r\n"));
    assert_true(hk_slice_is(hk_bytes_slice(&response.lines), "x-ratelimit-reset: 5\n"
                                                             "retry-after: 3\n"
                                                             "set-cookie: a\n"
                                                             "set-cookie: b: c\n"
                                                             "x-empty: \n"));
    hk_response_clear(&response, 100);
    assert_int_equal(response.lines.size, 0);
    hk_response_fini(&response);
}

static void test_only_whole_lines_are_kept_up_to_the_limit(void **state)
{
    struct hk_response response = { 0 };
    char line[1100], long_line[5000];
    (void)state;
    memset(line, 'v', sizeof(line));
    memcpy(line, "X-A: ", 5);
    memset(long_line, 'v', sizeof(long_line));
    memcpy(long_line, "X-Long: ", 8);
    hk_response_clear(&response, 100);
    assert_true(take(&response, "HTTP/1.1 429 Slow\r\n"));
    // Three of 1,023 bytes and its end, then one that leaves none.
    for (int i = 0; i < 4; i++)
        assert_true(hk_response_take_line(&response, (struct hk_slice){ line, 1023 }, now));
    assert_int_equal(response.lines.size, HK_HEADERS_KEPT_BYTES_MAX);
    assert_true(take(&response, "X-B: c\r\n"));
    assert_int_equal(response.lines.size, HK_HEADERS_KEPT_BYTES_MAX);

    // What comes behind one that does not fit is not kept either.
    hk_response_clear(&response, 100);
    assert_true(take(&response, "HTTP/1.1 429 Slow\r\n"));
    assert_true(take(&response, "X-B: c\r\n"));
    assert_true(
        hk_response_take_line(&response, (struct hk_slice){ long_line, sizeof(long_line) }, now));
    assert_true(take(&response, "X-D: e\r\n"));
    assert_true(hk_slice_is(hk_bytes_slice(&response.lines), "x-b: c\n"));
    hk_response_fini(&response);
}

static void test_the_status_is_three_digits_after_a_space(void **state)
{
    static const struct {
        const char *line;
        unsigned status;
    } cases[] = {
        { "HTTP/1.1 200 OK\r\n", 200 },
        { "HTTP/1.0 404\r\n", 404 },
        { "HTTP/2 204 \r\n", 204 },
        { "HTTP/1.1 2x0 OK\r\n", 0 },
        { "HTTP/1.1 20\r\n", 0 },
        { "HTTP/1.1\r\n", 0 },
        { "HTTP/1.1 ", 0 },
        { "HTTP/", 0 },
        { "HTTP/1.1 999 x\r\n", 999 },
        { "HTTP/1.1 20", 0 },
    };
    struct hk_response response = { 0 };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        hk_response_clear(&response, 100);
        assert_true(take(&response, cases[i].line));
        if (response.status != cases[i].status)
            fail_msg("%s: %u", cases[i].line, response.status);
    }
    hk_response_fini(&response);
}

static void test_a_head_has_a_longest_size(void **state)
{
    static char line[1024];
    struct hk_response response = { 0 };
    (void)state;
    memset(line, 'x', sizeof(line));
    hk_response_clear(&response, 100);
    for (int i = 0; i < HK_RESPONSE_HEAD_BYTES_MAX / 1024; i++)
        assert_true(hk_response_take_line(&response, (struct hk_slice){ line, sizeof(line) }, now));
    assert_false(response.is_head_too_long);
    assert_false(hk_response_take_line(&response, (struct hk_slice){ line, 1 }, now));
    assert_true(response.is_head_too_long);
    hk_response_fini(&response);
}

static void test_a_body_is_counted_and_its_start_kept(void **state)
{
    static char piece[HK_RESPONSE_KEPT_BYTES_MAX - 1];
    struct hk_response response = { 0 };
    (void)state;
    memset(piece, 'a', sizeof(piece));
    hk_response_clear(&response, sizeof(piece) + 3);
    assert_true(hk_response_take_body(&response, (struct hk_slice){ piece, sizeof(piece) }));
    assert_true(hk_response_take_body(&response, HK_SLICE("bc")));
    assert_int_equal(response.kept.size, HK_RESPONSE_KEPT_BYTES_MAX);
    assert_int_equal(response.kept.at[HK_RESPONSE_KEPT_BYTES_MAX - 1], 'b');
    assert_true(hk_response_take_body(&response, HK_SLICE("d"))); // exactly the most
    assert_false(response.is_cut);
    assert_false(hk_response_take_body(&response, HK_SLICE("e")));
    assert_true(response.is_cut);
    hk_response_clear(&response, 10);
    assert_int_equal(response.kept.size, 0);
    assert_int_equal(response.body_bytes, 0);
    assert_false(response.is_cut);
    hk_response_fini(&response);
}

/** How an exchange ended, and what that comes to. */
static const struct {
    const char *what;
    struct hk_response response;
    struct hk_ending ending;
    enum hk_outcome_class class;
    const char *text;
} endings[] = {
    { "whole",
      { .status = 200, .is_whole_head = true },
      { .code = CURLE_OK },
      HK_OUTCOME_SUCCESS,
      "" },
    { "299",
      { .status = 299, .is_whole_head = true },
      { .code = CURLE_OK },
      HK_OUTCOME_SUCCESS,
      "" },
    { "300",
      { .status = 300, .is_whole_head = true },
      { .code = CURLE_OK },
      HK_OUTCOME_STATUS,
      "" },
    { "cut",
      { .status = 200, .is_whole_head = true, .is_cut = true },
      { .code = CURLE_WRITE_ERROR },
      HK_OUTCOME_SUCCESS,
      "" },
    { "cut 500",
      { .status = 500, .is_whole_head = true, .is_cut = true },
      { .code = CURLE_WRITE_ERROR },
      HK_OUTCOME_STATUS,
      "" },
    { "500 at the deadline",
      { .status = 500, .is_whole_head = true },
      { .code = CURLE_OPERATION_TIMEDOUT, .is_expired = true },
      HK_OUTCOME_STATUS,
      "" },
    { "200 at the deadline",
      { .status = 200, .is_whole_head = true },
      { .code = CURLE_OPERATION_TIMEDOUT, .has_name = true },
      HK_OUTCOME_TIMEOUT,
      "no whole answer in time" },
    { "our deadline",
      { .status = 200, .is_whole_head = true },
      { .code = CURLE_OK, .is_expired = true, .has_name = true },
      HK_OUTCOME_TIMEOUT,
      "no whole answer in time" },
    { "no name in time",
      { 0 },
      { .code = CURLE_OPERATION_TIMEDOUT, .is_expired = true },
      HK_OUTCOME_TIMEOUT,
      "the name did not resolve in time" },
    { "no head",
      { .status = 200 },
      { .code = CURLE_OK },
      HK_OUTCOME_TRANSPORT,
      "the connection was closed before a whole answer" },
    { "interim only",
      { .status = 100 },
      { .code = CURLE_GOT_NOTHING },
      HK_OUTCOME_TRANSPORT,
      "the connection was closed before a whole answer" },
    { "partial",
      { .status = 200, .is_whole_head = true },
      { .code = CURLE_PARTIAL_FILE },
      HK_OUTCOME_TRANSPORT,
      "the answer broke off" },
    { "head bomb",
      { .status = 200, .is_head_too_long = true },
      { .code = CURLE_WRITE_ERROR },
      HK_OUTCOME_TRANSPORT,
      "the head of the answer is too long" },
    { "trailer bomb",
      { .status = 200, .is_whole_head = true, .is_head_too_long = true },
      { .code = CURLE_WRITE_ERROR },
      HK_OUTCOME_TRANSPORT,
      "the head of the answer is too long" },
    { "not http",
      { 0 },
      { .code = CURLE_UNSUPPORTED_PROTOCOL },
      HK_OUTCOME_TRANSPORT,
      "the answer is not HTTP" },
    { "dns",
      { 0 },
      { .code = CURLE_COULDNT_RESOLVE_HOST },
      HK_OUTCOME_DNS,
      "the name does not resolve" },
    { "refused",
      { 0 },
      { .code = CURLE_COULDNT_CONNECT },
      HK_OUTCOME_CONNECT,
      "could not connect" },
    { "denied",
      { 0 },
      { .code = CURLE_COULDNT_CONNECT, .is_denied = true },
      HK_OUTCOME_DENIED,
      "could not connect" },
    { "denied again",
      { 0 },
      { .code = CURLE_ABORTED_BY_CALLBACK, .is_denied = true },
      HK_OUTCOME_DENIED,
      "could not connect" },
    { "another address answered",
      { .status = 200, .is_whole_head = true },
      { .code = CURLE_OK, .is_denied = true },
      HK_OUTCOME_SUCCESS,
      "" },
    { "another address broke off",
      { 0 },
      { .code = CURLE_RECV_ERROR, .is_denied = true },
      HK_OUTCOME_TRANSPORT,
      "the connection was broken off" },
    { "handshake",
      { 0 },
      { .code = CURLE_SSL_CONNECT_ERROR },
      HK_OUTCOME_TLS,
      "the TLS handshake failed" },
    { "expired certificate",
      { 0 },
      { .code = CURLE_PEER_FAILED_VERIFICATION, .verify = 10 },
      HK_OUTCOME_TLS,
      "certificate has expired" },
    { "no verdict",
      { 0 },
      { .code = CURLE_PEER_FAILED_VERIFICATION, .verify = 1 },
      HK_OUTCOME_TLS,
      "the certificate is not for this host" },
    { "other host",
      { 0 },
      { .code = CURLE_PEER_FAILED_VERIFICATION },
      HK_OUTCOME_TLS,
      "the certificate is not for this host" },
    { "bundle",
      { 0 },
      { .code = CURLE_SSL_CACERT_BADFILE },
      HK_OUTCOME_TLS,
      "the CA bundle cannot be read" },
    { "memory",
      { 0 },
      { .code = CURLE_OUT_OF_MEMORY },
      HK_OUTCOME_INTERNAL,
      "the request could not be made" },
};

static void test_endings_have_their_class_and_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        enum hk_outcome_class class = hk_result_class(&endings[i].response, &endings[i].ending);
        if (class != endings[i].class)
            fail_msg("%s: %s", endings[i].what, hk_outcome_word(class));
        const char *text = hk_result_text(class, &endings[i].response, &endings[i].ending);
        if (strcmp(text, endings[i].text) != 0)
            fail_msg("%s: \"%s\"", endings[i].what, text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retry_after_is_seconds_or_a_date_or_nothing),
        cmocka_unit_test(test_a_head_is_whole_at_its_empty_line),
        cmocka_unit_test(test_the_lines_of_the_final_head_are_kept),
        cmocka_unit_test(test_only_whole_lines_are_kept_up_to_the_limit),
        cmocka_unit_test(test_the_status_is_three_digits_after_a_space),
        cmocka_unit_test(test_a_head_has_a_longest_size),
        cmocka_unit_test(test_a_body_is_counted_and_its_start_kept),
        cmocka_unit_test(test_endings_have_their_class_and_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
