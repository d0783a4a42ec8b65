// SPDX-License-Identifier: Apache-2.0
#include "deliver/sender.h"

#include "support_server.h"
#include "support_stage.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/** How an attempt to each path must end. `text`: the error, NULL where there is no detail. */
static const struct {
    struct server_reply reply;
    enum hk_outcome_class class;
    unsigned status;
    const char *error;
    const char *response;
    int64_t retry_after_ms;
    bool is_short; /**< Only the deadline ends it. */
} cases[] = {
    { { "/ok", STAGE_OK, SERVER_KEEP }, HK_OUTCOME_SUCCESS, 200, NULL, "", -1, false },
    { { "/no-content", "HTTP/1.1 204 No Content\r\n\r\n", SERVER_KEEP },
      HK_OUTCOME_SUCCESS,
      204,
      NULL,
      "",
      -1,
      false },
    { { "/body", "HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\ndone", SERVER_KEEP },
      HK_OUTCOME_SUCCESS,
      201,
      "",
      "done",
      -1,
      false },
    { { "/chunked",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ndone\r\n0\r\n"
        "Retry-After: 5\r\n\r\n",
        SERVER_KEEP },
      HK_OUTCOME_SUCCESS,
      200,
      "",
      "done",
      -1,
      false },
    { { "/until-close", "HTTP/1.1 200 OK\r\n\r\ndone", SERVER_CLOSE },
      HK_OUTCOME_SUCCESS,
      200,
      "",
      "done",
      -1,
      false },
    { { "/hints",
        "HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" STAGE_OK,
        SERVER_KEEP },
      HK_OUTCOME_SUCCESS,
      200,
      NULL,
      "",
      -1,
      false },
    { { "/1.0", "HTTP/1.0 200 OK\r\n\r\n", SERVER_CLOSE },
      HK_OUTCOME_SUCCESS,
      200,
      NULL,
      "",
      -1,
      false },
    { { "/500", "HTTP/1.1 500 Oh\r\nretry-AFTER:  120 \r\nContent-Length: 2\r\n\r\nno",
        SERVER_KEEP },
      HK_OUTCOME_STATUS,
      500,
      "",
      "no",
      120000,
      false },
    { { "/429", "HTTP/1.1 429 Slow\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n",
        SERVER_KEEP },
      HK_OUTCOME_STATUS,
      429,
      NULL,
      "",
      -1,
      false },
    { { "/302", "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n", SERVER_KEEP },
      HK_OUTCOME_STATUS,
      302,
      NULL,
      "",
      -1,
      false },
    { { "/304", "HTTP/1.1 304 Not Modified\r\n\r\n", SERVER_KEEP },
      HK_OUTCOME_STATUS,
      304,
      NULL,
      "",
      -1,
      false },
    { { "/401", "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
        SERVER_KEEP },
      HK_OUTCOME_STATUS,
      401,
      NULL,
      "",
      -1,
      false },
    { { "/500-cut", "HTTP/1.1 500 Oh\r\nContent-Length: 9\r\n\r\nno", SERVER_CLOSE },
      HK_OUTCOME_STATUS,
      500,
      "",
      "no",
      -1,
      false },
    { { "/500-drip", "HTTP/1.1 500 Oh\r\nContent-Length: 99999\r\n\r\n", SERVER_HANG },
      HK_OUTCOME_STATUS,
      500,
      NULL,
      "",
      -1,
      true },
    { { "/hang", "", SERVER_HANG },
      HK_OUTCOME_TIMEOUT,
      0,
      "no whole answer in time",
      "",
      -1,
      true },
    { { "/hang-in-head", "HTTP/1.1 200 OK\r\nContent-", SERVER_HANG },
      HK_OUTCOME_TIMEOUT,
      0,
      "no whole answer in time",
      "",
      -1,
      true },
    { { "/hang-in-body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nwe", SERVER_HANG },
      HK_OUTCOME_TIMEOUT,
      200,
      "no whole answer in time",
      "we",
      -1,
      true },
    { { "/hang-after-100", "HTTP/1.1 100 Continue\r\n\r\n", SERVER_HANG },
      HK_OUTCOME_TIMEOUT,
      0,
      "no whole answer in time",
      "",
      -1,
      true },
    { { "/reset", "", SERVER_RESET },
      HK_OUTCOME_TRANSPORT,
      0,
      "the connection was broken off",
      "",
      -1,
      false },
    { { "/close", "", SERVER_CLOSE },
      HK_OUTCOME_TRANSPORT,
      0,
      "the connection was closed before a whole answer",
      "",
      -1,
      false },
    { { "/cut-in-head", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", SERVER_CLOSE },
      HK_OUTCOME_TRANSPORT,
      0,
      "the connection was closed before a whole answer",
      "",
      -1,
      false },
    { { "/cut-in-body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nwe", SERVER_CLOSE },
      HK_OUTCOME_TRANSPORT,
      200,
      "the answer broke off",
      "we",
      -1,
      false },
    { { "/cut-in-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nwe",
        SERVER_CLOSE },
      HK_OUTCOME_TRANSPORT,
      200,
      "the answer broke off",
      "we",
      -1,
      false },
    { { "/bad-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", SERVER_KEEP },
      HK_OUTCOME_TRANSPORT,
      200,
      "the answer broke off",
      "",
      -1,
      false },
    { { "/garbage", "220 mail.example ESMTP\r\n", SERVER_CLOSE },
      HK_OUTCOME_TRANSPORT,
      0,
      "the answer is not HTTP",
      "",
      -1,
      false },
    { { "/0.9", "<html>hello</html>", SERVER_CLOSE },
      HK_OUTCOME_TRANSPORT,
      0,
      "the answer is not HTTP",
      "",
      -1,
      false },
    { { "/head-bomb", "HTTP/1.1 200 OK\r\nX: ", SERVER_ENDLESS },
      HK_OUTCOME_TRANSPORT,
      0,
      "the head of the answer is too long",
      "",
      -1,
      false },
    { { "/line-bomb", "HTTP/1.1 200 ", SERVER_ENDLESS },
      HK_OUTCOME_TRANSPORT,
      0,
      "the head of the answer is too long",
      "",
      -1,
      false },
    { { "/gzip", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        SERVER_KEEP },
      HK_OUTCOME_SUCCESS,
      200,
      "",
      "nope",
      -1,
      false },
    { { "/cookie", "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n", SERVER_KEEP },
      HK_OUTCOME_SUCCESS,
      200,
      NULL,
      "",
      -1,
      false },
};

#define CASE_COUNT (sizeof(cases) / sizeof(cases[0]))

/** More head lines and more interim heads than are taken, each of a fair length. */
static char many_lines[200000], many_hints[200000];

static const struct server_reply more_replies[] = {
    { "/endless", "HTTP/1.1 200 OK\r\n\r\n", SERVER_ENDLESS },
    { "/endless-500", "HTTP/1.1 500 Oh\r\n\r\n", SERVER_ENDLESS },
    { "/drip", "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", SERVER_DRIP },
    { "/many-lines", many_lines, SERVER_HANG },
    { "/many-hints", many_hints, SERVER_HANG },
};

#define MORE_COUNT (sizeof(more_replies) / sizeof(more_replies[0]))

static struct server_reply replies[CASE_COUNT + MORE_COUNT + 1];

static void fill(char *text, size_t size, const char *start, const char *piece)
{
    size_t at = (size_t)snprintf(text, size, "%s", start);
    while (at + strlen(piece) < size)
        at += (size_t)snprintf(text + at, size - at, "%s", piece);
}

static void fill_replies(void)
{
    fill(many_lines, sizeof(many_lines), "HTTP/1.1 200 OK\r\n", "X-Padding: 0123456789\r\n");
    fill(many_hints, sizeof(many_hints), "", "HTTP/1.1 103 Early Hints\r\n\r\n");
    for (size_t i = 0; i < CASE_COUNT; i++)
        replies[i] = cases[i].reply;
    memcpy(replies + CASE_COUNT, more_replies, sizeof(more_replies));
}

static int set_up(void **state)
{
    return stage_open(state, replies);
}

static void test_every_answer_ends_as_it_must(void **state)
{
    struct stage *stage = *state;
    for (size_t i = 0; i < CASE_COUNT; i++) {
        const char *path = cases[i].reply.path;
        struct hk_outcome outcome = fixture_try(stage->fixture, stage_url(stage, path),
                                                cases[i].is_short ? STAGE_SHORT_MS : STAGE_LONG_MS);
        if (outcome.class != cases[i].class || outcome.status != cases[i].status)
            fail_msg("%s: %s %u, \"%s\"", path, hk_outcome_word(outcome.class), outcome.status,
                     fixture_error(&outcome));
        if (cases[i].error != NULL && strcmp(fixture_error(&outcome), cases[i].error) != 0)
            fail_msg("%s: \"%s\"", path, fixture_error(&outcome));
        if (!hk_slice_is(fixture_response(&outcome), cases[i].response))
            fail_msg("%s: response \"%.*s\"", path, (int)fixture_response(&outcome).size,
                     fixture_response(&outcome).at);
        if (cases[i].error == NULL)
            assert_null(outcome.detail);
        assert_int_equal(outcome.retry_after_ms, cases[i].retry_after_ms);
        assert_true(outcome.timings.total_us > 0);
        assert_true(!cases[i].is_short || outcome.timings.total_us >= STAGE_SHORT_MS * 1000);
        fixture_forget(&outcome);
    }
}

static void assert_headers(const struct hk_outcome *outcome, const char *wanted)
{
    assert_non_null(outcome->headers);
    assert_true(hk_slice_is(hk_body_text(outcome->headers), wanted));
}

static void test_an_outcome_has_the_headers_of_what_is_no_success(void **state)
{
    struct stage *stage = *state;
    struct hk_outcome outcome = fixture_try(stage->fixture, stage_url(stage, "/ok"), STAGE_LONG_MS);
    assert_null(outcome.headers);
    outcome = fixture_try(stage->fixture, stage_url(stage, "/close"), STAGE_LONG_MS);
    assert_null(outcome.headers);
    fixture_forget(&outcome);
    outcome = fixture_try(stage->fixture, stage_url(stage, "/500"), STAGE_LONG_MS);
    assert_headers(&outcome, "retry-after: 120\ncontent-length: 2\n");
    fixture_forget(&outcome);
    // A head that breaks off gave no status, and so no headers.
    outcome = fixture_try(stage->fixture, stage_url(stage, "/cut-in-head"), STAGE_LONG_MS);
    assert_null(outcome.headers);
    fixture_forget(&outcome);
    // A 2xx that is none in the end.
    outcome = fixture_try(stage->fixture, stage_url(stage, "/cut-in-body"), STAGE_LONG_MS);
    assert_headers(&outcome, "content-length: 9\n");
    fixture_forget(&outcome);
}

static void test_a_redirect_is_not_followed(void **state)
{
    struct stage *stage = *state;
    struct hk_outcome outcome =
        fixture_try(stage->fixture, stage_url(stage, "/302"), STAGE_LONG_MS);
    assert_int_equal(outcome.status, 302);
    assert_int_equal(server_request_count(stage->server), 1);
    fixture_forget(&outcome);
}

static void test_a_body_without_end_is_cut_and_counts_by_its_status(void **state)
{
    struct stage *stage = *state;
    struct hk_outcome outcome =
        fixture_try(stage->fixture, stage_url(stage, "/endless"), STAGE_LONG_MS);
    assert_int_equal(outcome.class, HK_OUTCOME_SUCCESS);
    assert_int_equal(outcome.status, 200);
    assert_int_equal(fixture_response(&outcome).size, HK_RESPONSE_KEPT_BYTES_MAX);
    assert_string_equal(fixture_error(&outcome), "");
    fixture_forget(&outcome);
    outcome = fixture_try(stage->fixture, stage_url(stage, "/endless-500"), STAGE_LONG_MS);
    assert_int_equal(outcome.class, HK_OUTCOME_STATUS);
    assert_int_equal(outcome.status, 500);
    fixture_forget(&outcome);
}

static void test_a_head_of_too_many_lines_fails(void **state)
{
    struct stage *stage = *state;
    static const char *const paths[] = { "/many-lines", "/many-hints" };
    for (int i = 0; i < 2; i++) {
        struct hk_outcome outcome =
            fixture_try(stage->fixture, stage_url(stage, paths[i]), STAGE_LONG_MS);
        assert_int_equal(outcome.class, HK_OUTCOME_TRANSPORT);
        assert_int_equal(outcome.status, 0);
        assert_string_equal(fixture_error(&outcome), "the head of the answer is too long");
        fixture_forget(&outcome);
    }
}

static void test_a_body_that_drips_fails_at_the_deadline(void **state)
{
    struct stage *stage = *state;
    struct hk_outcome outcome =
        fixture_try(stage->fixture, stage_url(stage, "/drip"), STAGE_SHORT_MS);
    assert_int_equal(outcome.class, HK_OUTCOME_TIMEOUT);
    assert_int_equal(outcome.status, 200);
    fixture_forget(&outcome);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_answer_ends_as_it_must, set_up, stage_close),
        cmocka_unit_test_setup_teardown(test_an_outcome_has_the_headers_of_what_is_no_success,
                                        set_up, stage_close),
        cmocka_unit_test_setup_teardown(test_a_redirect_is_not_followed, set_up, stage_close),
        cmocka_unit_test_setup_teardown(test_a_body_without_end_is_cut_and_counts_by_its_status,
                                        set_up, stage_close),
        cmocka_unit_test_setup_teardown(test_a_head_of_too_many_lines_fails, set_up, stage_close),
        cmocka_unit_test_setup_teardown(test_a_body_that_drips_fails_at_the_deadline, set_up,
                                        stage_close),
    };
    fill_replies();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
