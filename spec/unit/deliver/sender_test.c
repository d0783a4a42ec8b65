// SPDX-License-Identifier: Apache-2.0
#include "deliver/sender.h"

#include "support_names.h"
#include "support_sender.h"
#include "support_server.h"

#include "base/alloc.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { LONG_MS = 30000, SHORT_MS = 250 };

#define OK_EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

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
    { { "/ok", OK_EMPTY, SERVER_KEEP }, HK_OUTCOME_SUCCESS, 200, NULL, "", -1, false },
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
        "HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" OK_EMPTY,
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
    { "/quiet-close", OK_EMPTY, SERVER_CLOSE },
    { "/many-lines", many_lines, SERVER_HANG },
    { "/many-hints", many_hints, SERVER_HANG },
    { "/fall-ill", OK_EMPTY, SERVER_FALL_ILL },
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

struct stage {
    struct server *server;
    struct fixture *fixture;
};

static int set_up(void **state)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    struct hk_deliver_options options = fixture_options();
    stage->server = server_start("127.0.0.1", replies);
    stage->fixture = fixture_start(&options, 0);
    fixture_options_fini(&options);
    *state = stage;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *stage = *state;
    fixture_stop(stage->fixture);
    server_stop(stage->server);
    free(stage);
    return 0;
}

static const char *url_of(struct stage *stage, const char *path)
{
    static char url[256];
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", server_port(stage->server), path);
    return url;
}

static void test_a_delivery_succeeds_with_the_contracts_headers(void **state)
{
    struct stage *stage = *state;
    struct hk_outcome outcome = fixture_try(stage->fixture, url_of(stage, "/ok"), LONG_MS);
    assert_int_equal(outcome.class, HK_OUTCOME_SUCCESS);
    assert_int_equal(outcome.status, 200);
    assert_null(outcome.detail);
    char expected[1024];
    (void)snprintf(expected, sizeof(expected),
                   "POST /ok HTTP/1.1\r\n"
                   "Host: 127.0.0.1:%u\r\n"
                   "X-Webhook-Secret: " FIXTURE_SECRET "\r\n"
                   "X-Webhook-Event: approved\r\n"
                   "X-Webhook-Id: 0190d6c8-1111-7222-8333-444455556666\r\n"
                   "X-Webhook-Attempt: 2\r\n"
                   "Content-Type: application/json\r\n"
                   "User-Agent: hookd/test\r\n"
                   "Content-Length: 20\r\n"
                   "\r\n"
                   "{\"event\":\"approved\"}",
                   server_port(stage->server));
    assert_string_equal(server_request(stage->server, 0), expected);
}

static void test_every_answer_ends_as_it_must(void **state)
{
    struct stage *stage = *state;
    for (size_t i = 0; i < CASE_COUNT; i++) {
        const char *path = cases[i].reply.path;
        struct hk_outcome outcome = fixture_try(stage->fixture, url_of(stage, path),
                                                cases[i].is_short ? SHORT_MS : LONG_MS);
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
        assert_true(!cases[i].is_short || outcome.timings.total_us >= SHORT_MS * 1000);
        hk_body_unref(outcome.detail);
    }
}

static void test_a_redirect_is_not_followed(void **state)
{
    struct stage *stage = *state;
    struct hk_outcome outcome = fixture_try(stage->fixture, url_of(stage, "/302"), LONG_MS);
    assert_int_equal(outcome.status, 302);
    assert_int_equal(server_request_count(stage->server), 1);
}

static void test_a_body_without_end_is_cut_and_counts_by_its_status(void **state)
{
    struct stage *stage = *state;
    struct hk_outcome outcome = fixture_try(stage->fixture, url_of(stage, "/endless"), LONG_MS);
    assert_int_equal(outcome.class, HK_OUTCOME_SUCCESS);
    assert_int_equal(outcome.status, 200);
    assert_int_equal(fixture_response(&outcome).size, HK_RESPONSE_KEPT_BYTES_MAX);
    assert_string_equal(fixture_error(&outcome), "");
    hk_body_unref(outcome.detail);
    outcome = fixture_try(stage->fixture, url_of(stage, "/endless-500"), LONG_MS);
    assert_int_equal(outcome.class, HK_OUTCOME_STATUS);
    assert_int_equal(outcome.status, 500);
    hk_body_unref(outcome.detail);
}

static void test_a_head_of_too_many_lines_fails(void **state)
{
    struct stage *stage = *state;
    static const char *const paths[] = { "/many-lines", "/many-hints" };
    for (int i = 0; i < 2; i++) {
        struct hk_outcome outcome = fixture_try(stage->fixture, url_of(stage, paths[i]), LONG_MS);
        assert_int_equal(outcome.class, HK_OUTCOME_TRANSPORT);
        assert_int_equal(outcome.status, 0);
        assert_string_equal(fixture_error(&outcome), "the head of the answer is too long");
        hk_body_unref(outcome.detail);
    }
}

static void test_a_body_that_drips_fails_at_the_deadline(void **state)
{
    struct stage *stage = *state;
    struct hk_outcome outcome = fixture_try(stage->fixture, url_of(stage, "/drip"), SHORT_MS);
    assert_int_equal(outcome.class, HK_OUTCOME_TIMEOUT);
    assert_int_equal(outcome.status, 200);
    hk_body_unref(outcome.detail);
}

static void test_a_connection_is_used_again(void **state)
{
    struct stage *stage = *state;
    for (unsigned i = 0; i < 5; i++) {
        struct hk_outcome outcome = fixture_try(stage->fixture, url_of(stage, "/ok"), LONG_MS);
        assert_int_equal(outcome.class, HK_OUTCOME_SUCCESS);
        assert_true(outcome.timings.first_byte_us > 0);
        assert_true(outcome.timings.total_us >= outcome.timings.first_byte_us);
        assert_true(i == 0 || outcome.timings.connect_us == 0);
        assert_int_equal(outcome.timings.tls_us, 0);
        assert_int_equal(outcome.timings.dns_us, 0);
    }
    assert_int_equal(server_connection_count(stage->server), 1);
    assert_int_equal(server_request_count(stage->server), 5);
}

static void test_a_connection_that_the_peer_closed_is_opened_anew(void **state)
{
    struct stage *stage = *state;
    for (unsigned i = 1; i <= 3; i++) {
        struct hk_outcome outcome =
            fixture_try(stage->fixture, url_of(stage, "/quiet-close"), LONG_MS);
        assert_int_equal(outcome.class, HK_OUTCOME_SUCCESS);
    }
    assert_int_equal(server_connection_count(stage->server), 3);
}

/** What curl does by itself when a kept connection dies under a request: the receiver sees the
 * same attempt twice. */
static void test_a_request_whose_kept_connection_dies_is_sent_again(void **state)
{
    struct stage *stage = *state;
    for (unsigned i = 0; i < 2; i++) {
        struct hk_outcome outcome =
            fixture_try(stage->fixture, url_of(stage, "/fall-ill"), LONG_MS);
        assert_int_equal(outcome.class, HK_OUTCOME_SUCCESS);
    }
    assert_int_equal(server_request_count(stage->server), 3);
    assert_string_equal(server_request(stage->server, 1), server_request(stage->server, 2));
}

static void test_nobody_listens(void **state)
{
    struct stage *stage = *state;
    struct server *gone = server_start("127.0.0.1", replies);
    char url[64];
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/", server_port(gone));
    server_stop(gone);
    struct hk_outcome outcome = fixture_try(stage->fixture, url, LONG_MS);
    assert_int_equal(outcome.class, HK_OUTCOME_CONNECT);
    assert_int_equal(outcome.status, 0);
    assert_string_equal(fixture_error(&outcome), "could not connect");
    hk_body_unref(outcome.detail);
}

static void test_ipv6_is_dialled_too(void **state)
{
    struct stage *stage = *state;
    struct server *server = server_start("::1", replies);
    char url[64];
    (void)snprintf(url, sizeof(url), "http://[::1]:%u/ok", server_port(server));
    struct hk_outcome outcome = fixture_try(stage->fixture, url, LONG_MS);
    assert_int_equal(outcome.class, HK_OUTCOME_SUCCESS);
    server_stop(server);
}

static void test_the_environments_proxy_is_ignored(void **state)
{
    struct stage *stage = *state;
    assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1/", 1), 0);
    assert_int_equal(setenv("all_proxy", "http://127.0.0.1:1/", 1), 0);
    struct hk_outcome outcome = fixture_try(stage->fixture, url_of(stage, "/ok"), LONG_MS);
    assert_int_equal(outcome.class, HK_OUTCOME_SUCCESS);
    (void)unsetenv("http_proxy");
    (void)unsetenv("all_proxy");
}

static void test_a_denied_target_is_never_dialled_and_reads_like_an_unreachable_one(void **state)
{
    static const char *const spellings[] = {
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0x7f.1",
        "127.0.0.1.",
        "localhost",
        "LOCALHOST.",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1",
        "127\xe3\x80\x82"
        "0.0.1",
        "%31%32%37.0.0.1",
    };
    struct server *trap = server_start("127.0.0.1", replies);
    struct server *trap6 = server_start("::1", replies);
    struct hk_deliver_options options = fixture_options();
    (void)state;
    hk_texts_fini(&options.allow_networks);
    options.allow_networks = (struct hk_texts){ 0 };
    struct fixture *fixture = fixture_start(&options, 0);
    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
        char url[128];
        uint16_t port = server_port(spellings[i][0] == '[' ? trap6 : trap);
        (void)snprintf(url, sizeof(url), "http://%s:%u/ok", spellings[i], port);
        struct hk_outcome outcome = fixture_try(fixture, url, LONG_MS);
        if (outcome.class != HK_OUTCOME_DENIED)
            fail_msg("%s: %s", url, hk_outcome_word(outcome.class));
        assert_string_equal(fixture_error(&outcome), "could not connect");
        hk_body_unref(outcome.detail);
    }
    assert_int_equal(server_connection_count(trap) + server_connection_count(trap6), 0);
    fixture_stop(fixture);
    server_stop(trap);
    server_stop(trap6);
}

static void test_an_own_port_is_never_dialled_also_on_allowed_networks(void **state)
{
    struct stage *stage = *state;
    struct hk_deliver_options options = fixture_options();
    struct fixture *fixture = fixture_start(&options, server_port(stage->server));
    struct hk_outcome outcome = fixture_try(fixture, url_of(stage, "/ok"), LONG_MS);
    assert_int_equal(outcome.class, HK_OUTCOME_DENIED);
    assert_int_equal(server_connection_count(stage->server), 0);
    hk_body_unref(outcome.detail);
    fixture_stop(fixture);
    fixture_options_fini(&options);
}

static void test_a_port_that_is_not_allowed_is_never_dialled(void **state)
{
    struct stage *stage = *state;
    struct hk_deliver_options options = fixture_options();
    uint16_t ports[] = { 443, 80 };
    options.allow_ports = ports;
    options.allow_port_count = 2;
    struct fixture *fixture = fixture_start(&options, 0);
    struct hk_outcome outcome = fixture_try(fixture, url_of(stage, "/ok"), LONG_MS);
    assert_int_equal(outcome.class, HK_OUTCOME_DENIED);
    assert_int_equal(server_connection_count(stage->server), 0);
    hk_body_unref(outcome.detail);
    fixture_stop(fixture);
    fixture_options_fini(&options);
}

static void test_http_is_denied_unless_it_is_allowed(void **state)
{
    struct stage *stage = *state;
    struct hk_deliver_options options = fixture_options();
    options.allow_http = false;
    struct fixture *fixture = fixture_start(&options, 0);
    struct hk_outcome outcome = fixture_try(fixture, url_of(stage, "/ok"), LONG_MS);
    assert_int_equal(outcome.class, HK_OUTCOME_DENIED);
    assert_int_equal(server_connection_count(stage->server), 0);
    hk_body_unref(outcome.detail);
    fixture_stop(fixture);
    fixture_options_fini(&options);
}

static void test_urls_that_are_none_end_as_internal(void **state)
{
    static const char *const urls[] = {
        "",
        "127.0.0.1",
        "http://",
        "http://user@127.0.0.1/",
        "http://127.0.0.1:99999/",
        "ftp://127.0.0.1/",
        "http://./",
        "file:///etc/passwd",
        "http://a b/",
        "http://[::1/",
    };
    struct stage *stage = *state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct hk_outcome outcome = fixture_try(stage->fixture, urls[i], LONG_MS);
        if (outcome.class != HK_OUTCOME_INTERNAL && outcome.class != HK_OUTCOME_DENIED)
            fail_msg("%s: %s", urls[i], hk_outcome_word(outcome.class));
        hk_body_unref(outcome.detail);
    }
}

static void test_plain_http_to_a_tls_url_is_a_tls_failure(void **state)
{
    struct stage *stage = *state;
    char url[64];
    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%u/ok", server_port(stage->server));
    struct hk_outcome outcome = fixture_try(stage->fixture, url, SHORT_MS);
    assert_true(outcome.class == HK_OUTCOME_TLS || outcome.class == HK_OUTCOME_TIMEOUT);
    assert_int_equal(server_request_count(stage->server), 0);
    hk_body_unref(outcome.detail);
}

static void test_own_headers_and_authorization_are_sent(void **state)
{
    struct stage *stage = *state;
    struct hk_endpoint endpoint = fixture_endpoint(url_of(stage, "/ok"));
    hk_pairs_add(&endpoint.headers, HK_SLICE("X-Tenant"), HK_SLICE("seven"));
    hk_pairs_add(&endpoint.headers, HK_SLICE("X-Empty"), HK_SLICE(""));
    endpoint.auth.type = HK_AUTH_BEARER;
    fixture_seal(&endpoint, HK_SLICE("Bearer abc"), &endpoint.auth.sealed);
    hk_sender_endpoint_set(fixture_sender(stage->fixture), 3, &endpoint);
    hk_endpoint_fini(&endpoint);
    fixture_send(stage->fixture, 3, 1, LONG_MS);
    assert_int_equal(fixture_next(stage->fixture).outcome.class, HK_OUTCOME_SUCCESS);
    const char *request = server_request(stage->server, 0);
    assert_non_null(strstr(request, "\r\nAuthorization: Bearer abc\r\n"));
    assert_non_null(strstr(request, "\r\nX-Tenant: seven\r\n"));
    assert_non_null(strstr(request, "\r\nX-Empty:\r\n"));
    assert_null(strstr(request, "Accept"));
    assert_null(strstr(request, "Expect"));
}

static void test_a_header_that_would_start_another_line_is_not_sent(void **state)
{
    struct stage *stage = *state;
    struct hk_endpoint endpoint = fixture_endpoint(url_of(stage, "/ok"));
    hk_pairs_add(&endpoint.headers, HK_SLICE("X-A"), HK_SLICE("b\r\nX-C: d"));
    hk_sender_endpoint_set(fixture_sender(stage->fixture), 3, &endpoint);
    hk_endpoint_fini(&endpoint);
    fixture_send(stage->fixture, 3, 1, LONG_MS);
    struct hk_outcome outcome = fixture_next(stage->fixture).outcome;
    assert_int_equal(outcome.class, HK_OUTCOME_INTERNAL);
    assert_int_equal(server_connection_count(stage->server), 0);
    hk_body_unref(outcome.detail);
}

static void test_a_secret_that_cannot_be_opened_is_internal(void **state)
{
    struct stage *stage = *state;
    struct hk_endpoint endpoint = fixture_endpoint(url_of(stage, "/ok"));
    endpoint.uuid.bytes[3] ^= 1; // sealed for another endpoint
    hk_sender_endpoint_set(fixture_sender(stage->fixture), 3, &endpoint);
    hk_endpoint_fini(&endpoint);
    fixture_send(stage->fixture, 3, 1, LONG_MS);
    struct hk_outcome outcome = fixture_next(stage->fixture).outcome;
    assert_int_equal(outcome.class, HK_OUTCOME_INTERNAL);
    assert_int_equal(server_connection_count(stage->server), 0);
    hk_body_unref(outcome.detail);
}

static void test_an_unknown_signature_is_internal(void **state)
{
    struct stage *stage = *state;
    struct hk_endpoint endpoint = fixture_endpoint(url_of(stage, "/ok"));
    endpoint.signature = hk_slice_dup(HK_SLICE("nobody"));
    hk_sender_endpoint_set(fixture_sender(stage->fixture), 3, &endpoint);
    hk_endpoint_fini(&endpoint);
    fixture_send(stage->fixture, 3, 1, LONG_MS);
    struct hk_outcome outcome = fixture_next(stage->fixture).outcome;
    assert_int_equal(outcome.class, HK_OUTCOME_INTERNAL);
    hk_body_unref(outcome.detail);
}

static void test_an_attempt_to_an_endpoint_that_was_dropped_ends_at_once(void **state)
{
    struct stage *stage = *state;
    fixture_set(stage->fixture, 5, url_of(stage, "/ok"));
    hk_sender_endpoint_drop(fixture_sender(stage->fixture), 5);
    fixture_send(stage->fixture, 5, 1, LONG_MS);
    struct hk_fact_attempt_ended ended = fixture_next(stage->fixture);
    assert_int_equal(ended.delivery, 1);
    assert_int_equal(ended.outcome.class, HK_OUTCOME_INTERNAL);
    assert_int_equal(server_connection_count(stage->server), 0);
    hk_body_unref(ended.outcome.detail);
    // The slot's next owner is not served by the id of the last.
    fixture_set(stage->fixture, (UINT64_C(3) << 32) | 5, url_of(stage, "/ok"));
    fixture_send(stage->fixture, (UINT64_C(1) << 32) | 5, 2, LONG_MS);
    ended = fixture_next(stage->fixture);
    assert_int_equal(ended.outcome.class, HK_OUTCOME_INTERNAL);
    hk_body_unref(ended.outcome.detail);
}

static void test_a_changed_url_counts_from_the_next_attempt_on(void **state)
{
    struct stage *stage = *state;
    fixture_set(stage->fixture, 5, url_of(stage, "/hang"));
    fixture_send(stage->fixture, 5, 1, SHORT_MS);
    fixture_set(stage->fixture, 5, url_of(stage, "/ok"));
    fixture_send(stage->fixture, 5, 2, LONG_MS);
    for (int i = 0; i < 2; i++) {
        struct hk_fact_attempt_ended ended = fixture_next(stage->fixture);
        assert_int_equal(ended.outcome.class,
                         ended.delivery == 1 ? HK_OUTCOME_TIMEOUT : HK_OUTCOME_SUCCESS);
        hk_body_unref(ended.outcome.detail);
    }
}

static void test_a_large_body_arrives_whole(void **state)
{
    struct stage *stage = *state;
    enum { BYTES = 1000000 };
    char *text = hk_alloc(BYTES);
    for (int i = 0; i < BYTES; i++)
        text[i] = (char)('a' + i % 23);
    struct hk_body *body =
        hk_event_body_new(HK_SLICE("big"), HK_SLICE_EMPTY, (struct hk_slice){ text, BYTES });
    const struct hk_command_start_attempt start = {
        .delivery = 1, .endpoint = 2, .body = body, .timeout_ms = LONG_MS, .attempt = 1
    };
    fixture_set(stage->fixture, 2, url_of(stage, "/ok"));
    hk_sender_start(fixture_sender(stage->fixture), &start);
    hk_body_unref(body);
    hk_sender_flush(fixture_sender(stage->fixture));
    assert_int_equal(fixture_next(stage->fixture).outcome.class, HK_OUTCOME_SUCCESS);
    const char *sent = strstr(server_request(stage->server, 0), "\r\n\r\n") + 4;
    assert_int_equal(strlen(sent), BYTES);
    assert_memory_equal(sent, text, BYTES);
    hk_free(text);
}

static void test_a_sender_goes_with_attempts_in_flight(void **state)
{
    struct stage *stage = *state;
    struct hk_deliver_options options = fixture_options();
    options.threads = 2;
    struct fixture *fixture = fixture_start(&options, 0);
    for (uint64_t id = 1; id <= 40; id++) {
        fixture_set(fixture, id, url_of(stage, id % 2 == 0 ? "/hang" : "/endless"));
        fixture_send(fixture, id, id, LONG_MS);
    }
    while (server_request_count(stage->server) < 20)
        (void)sched_yield();
    fixture_set(fixture, 1, url_of(stage, "/ok"));
    fixture_send(fixture, 1, 99, LONG_MS);
    fixture_stop(fixture);
    fixture_options_fini(&options);
}

static void test_what_was_never_flushed_is_given_back(void **state)
{
    struct stage *stage = *state;
    struct hk_endpoint endpoint = fixture_endpoint(url_of(stage, "/ok"));
    hk_sender_endpoint_set(fixture_sender(stage->fixture), 3, &endpoint);
    hk_endpoint_fini(&endpoint);
}

/** One outcome for each attempt, whichever thread it is on. */
static void test_many_endpoints_on_two_threads_lose_and_double_nothing(void **state)
{
    enum { ENDPOINTS = 48, ROUNDS = 25, ALL = ENDPOINTS * ROUNDS };
    struct stage *stage = *state;
    struct hk_deliver_options options = fixture_options();
    options.threads = 2;
    struct fixture *fixture = fixture_start(&options, 0);
    unsigned char seen[ALL] = { 0 };
    for (uint64_t id = 0; id < ENDPOINTS; id++)
        fixture_set(fixture, (UINT64_C(1) << 32) | id,
                    url_of(stage, id % 3 == 0 ? "/500" : "/body"));
    unsigned ended_count = 0;
    for (uint64_t i = 0; i < ALL; i++) {
        fixture_send(fixture, (UINT64_C(1) << 32) | (i % ENDPOINTS), i, LONG_MS);
        // As the engine bounds what is in flight.
        while (i + 1 - ended_count >= 128 || (i + 1 == ALL && ended_count < ALL)) {
            struct hk_fact_attempt_ended ended = fixture_next(fixture);
            bool is_500 = ended.delivery % ENDPOINTS % 3 == 0;
            assert_int_equal(ended.outcome.class, is_500 ? HK_OUTCOME_STATUS : HK_OUTCOME_SUCCESS);
            hk_body_unref(ended.outcome.detail);
            assert_true(ended.delivery < ALL);
            assert_int_equal(seen[ended.delivery]++, 0);
            ended_count++;
        }
    }
    assert_int_equal(server_request_count(stage->server), ALL);
    assert_true(server_connection_count(stage->server) <= 256); // each thread at most 128
    assert_true(fixture_batch_count(fixture) <= ALL);
    fixture_stop(fixture);
    fixture_options_fini(&options);
}

static void test_a_bad_network_or_ca_file_is_refused(void **state)
{
    const uint8_t key[32] = { 0 };
    struct hk_deliver_options options = fixture_options();
    struct hk_sender_options sender = {
        .deliver = &options, .secret_key = key, .user_agent = "x", .clock = fixture_clock
    };
    struct hk_sender *made = NULL;
    struct hk_fault fault = { 0 };
    (void)state;
    hk_texts_add(&options.allow_networks, HK_SLICE("10.0.0.0/33"));
    assert_int_equal(hk_sender_new(&sender, &made, &fault), HK_EINVAL);
    assert_non_null(strstr(fault.text, "10.0.0.0/33"));
    hk_texts_fini(&options.allow_networks);
    options.allow_networks = (struct hk_texts){ 0 };
    options.ca_file = hk_slice_dup(HK_SLICE("/nowhere/ca.pem"));
    assert_int_equal(hk_sender_new(&sender, &made, &fault), HK_EINVAL);
    assert_non_null(strstr(fault.text, "/nowhere/ca.pem"));
    hk_free(options.ca_file);
}

static const char *named_url(struct stage *stage, const char *host)
{
    static char url[128];
    (void)snprintf(url, sizeof(url), "http://%s:%u/ok", host, server_port(stage->server));
    return url;
}

static void test_a_name_is_resolved_and_its_time_measured(void **state)
{
    struct stage *stage = *state;
    names_start();
    names_set("pinned.test", "127.0.0.1");
    struct hk_outcome outcome =
        fixture_try(stage->fixture, named_url(stage, "Pinned.test."), LONG_MS);
    assert_int_equal(outcome.class, HK_OUTCOME_SUCCESS);
    assert_true(outcome.timings.dns_us > 0);
    assert_true(outcome.timings.total_us >= outcome.timings.dns_us);
    assert_int_equal(names_count(), 1);
    names_stop();
}

static void test_a_name_that_does_not_resolve_is_a_dns_failure(void **state)
{
    struct stage *stage = *state;
    names_start();
    struct hk_outcome outcome =
        fixture_try(stage->fixture, named_url(stage, "nobody.test"), LONG_MS);
    assert_int_equal(outcome.class, HK_OUTCOME_DNS);
    assert_string_equal(fixture_error(&outcome), "the name does not resolve");
    hk_body_unref(outcome.detail);
    names_stop();
}

static void test_a_name_with_one_bad_address_is_never_dialled(void **state)
{
    struct stage *stage = *state;
    names_start();
    names_set("mixed.test", "127.0.0.1 10.0.0.1");
    struct hk_outcome outcome =
        fixture_try(stage->fixture, named_url(stage, "mixed.test"), LONG_MS);
    assert_int_equal(outcome.class, HK_OUTCOME_DENIED);
    assert_string_equal(fixture_error(&outcome), "could not connect");
    assert_int_equal(server_connection_count(stage->server), 0);
    hk_body_unref(outcome.detail);
    names_stop();
}

static void test_the_second_address_of_a_name_is_tried_when_the_first_is_dead(void **state)
{
    struct stage *stage = *state;
    names_start();
    names_set("two.test", "127.0.0.2 ::1 127.0.0.1");
    struct hk_outcome outcome = fixture_try(stage->fixture, named_url(stage, "two.test"), LONG_MS);
    assert_int_equal(outcome.class, HK_OUTCOME_SUCCESS);
    names_stop();
}

static void test_waiting_for_the_name_counts_in_the_deadline(void **state)
{
    struct stage *stage = *state;
    names_start();
    names_set("tarpit.test", "127.0.0.1");
    names_block("tarpit.test");
    fixture_set(stage->fixture, 1, named_url(stage, "tarpit.test"));
    fixture_send(stage->fixture, 1, 1, SHORT_MS);
    fixture_send(stage->fixture, 1, 2, LONG_MS);
    fixture_send(stage->fixture, 1, 3, LONG_MS);
    struct hk_fact_attempt_ended ended = fixture_next(stage->fixture);
    assert_int_equal(ended.delivery, 1);
    assert_int_equal(ended.outcome.class, HK_OUTCOME_TIMEOUT);
    assert_string_equal(fixture_error(&ended.outcome), "the name did not resolve in time");
    hk_body_unref(ended.outcome.detail);
    names_release();
    uint64_t seen = 0;
    for (int i = 0; i < 2; i++) {
        ended = fixture_next(stage->fixture);
        assert_int_equal(ended.outcome.class, HK_OUTCOME_SUCCESS);
        seen += ended.delivery;
    }
    assert_int_equal(seen, 2 + 3);
    assert_int_equal(names_count(), 1);
    names_stop();
}

static void test_an_endpoint_goes_while_its_name_is_asked_for(void **state)
{
    struct stage *stage = *state;
    names_start();
    names_set("tarpit.test", "127.0.0.1");
    names_block("tarpit.test");
    fixture_set(stage->fixture, 1, named_url(stage, "tarpit.test"));
    fixture_send(stage->fixture, 1, 1, LONG_MS);
    hk_sender_endpoint_drop(fixture_sender(stage->fixture), 1);
    hk_sender_flush(fixture_sender(stage->fixture));
    while (names_count() == 0)
        (void)sched_yield();
    names_release();
    assert_int_equal(fixture_next(stage->fixture).outcome.class, HK_OUTCOME_SUCCESS);
    names_block("tarpit.test");
    fixture_set(stage->fixture, 1, named_url(stage, "tarpit.test"));
    fixture_send(stage->fixture, 1, 2, LONG_MS);
    while (names_count() == 1)
        (void)sched_yield();
    fixture_stop(stage->fixture); // with one waiting
    struct hk_deliver_options options = fixture_options();
    stage->fixture = fixture_start(&options, 0);
    fixture_options_fini(&options);
    names_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_delivery_succeeds_with_the_contracts_headers, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_every_answer_ends_as_it_must, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_redirect_is_not_followed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_body_without_end_is_cut_and_counts_by_its_status,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_head_of_too_many_lines_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_body_that_drips_fails_at_the_deadline, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_connection_is_used_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_connection_that_the_peer_closed_is_opened_anew,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_request_whose_kept_connection_dies_is_sent_again,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nobody_listens, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ipv6_is_dialled_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_environments_proxy_is_ignored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_denied_target_is_never_dialled_and_reads_like_an_unreachable_one, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(test_an_own_port_is_never_dialled_also_on_allowed_networks,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_port_that_is_not_allowed_is_never_dialled, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_http_is_denied_unless_it_is_allowed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_urls_that_are_none_end_as_internal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_plain_http_to_a_tls_url_is_a_tls_failure, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_own_headers_and_authorization_are_sent, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_header_that_would_start_another_line_is_not_sent,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_secret_that_cannot_be_opened_is_internal, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_an_unknown_signature_is_internal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_an_attempt_to_an_endpoint_that_was_dropped_ends_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_changed_url_counts_from_the_next_attempt_on, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_large_body_arrives_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_sender_goes_with_attempts_in_flight, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_what_was_never_flushed_is_given_back, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_many_endpoints_on_two_threads_lose_and_double_nothing,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_bad_network_or_ca_file_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_name_is_resolved_and_its_time_measured, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_name_that_does_not_resolve_is_a_dns_failure, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_name_with_one_bad_address_is_never_dialled, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            test_the_second_address_of_a_name_is_tried_when_the_first_is_dead, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_waiting_for_the_name_counts_in_the_deadline, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_an_endpoint_goes_while_its_name_is_asked_for, set_up,
                                        tear_down),
    };
    fill_replies();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
