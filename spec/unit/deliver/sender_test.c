// SPDX-License-Identifier: Apache-2.0
#include "deliver/sender.h"

#include "support_server.h"
#include "support_stage.h"

#include "base/alloc.h"

#include <sched.h>
#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct server_reply replies[] = {
    { "/ok", STAGE_OK, SERVER_KEEP },
    { "/body", "HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\ndone", SERVER_KEEP },
    { "/500", "HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nno", SERVER_KEEP },
    { "/hang", "", SERVER_HANG },
    { "/endless", "HTTP/1.1 500 Oh\r\n\r\n", SERVER_ENDLESS },
    { "/quiet-close", STAGE_OK, SERVER_CLOSE },
    { "/fall-ill", STAGE_OK, SERVER_FALL_ILL },
    { NULL, NULL, SERVER_KEEP },
};

static int set_up(void **state)
{
    return stage_open(state, replies);
}

static void test_a_delivery_succeeds_with_the_contracts_headers(void **state)
{
    struct stage *stage = *state;
    struct hk_outcome outcome = fixture_try(stage->fixture, stage_url(stage, "/ok"), STAGE_LONG_MS);
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

static void test_a_connection_is_used_again(void **state)
{
    struct stage *stage = *state;
    for (unsigned i = 0; i < 5; i++) {
        struct hk_outcome outcome =
            fixture_try(stage->fixture, stage_url(stage, "/ok"), STAGE_LONG_MS);
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
            fixture_try(stage->fixture, stage_url(stage, "/quiet-close"), STAGE_LONG_MS);
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
            fixture_try(stage->fixture, stage_url(stage, "/fall-ill"), STAGE_LONG_MS);
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
    struct hk_outcome outcome = fixture_try(stage->fixture, url, STAGE_LONG_MS);
    assert_int_equal(outcome.class, HK_OUTCOME_CONNECT);
    assert_int_equal(outcome.status, 0);
    assert_string_equal(fixture_error(&outcome), "could not connect");
    fixture_forget(&outcome);
}

static void test_ipv6_is_dialled_too(void **state)
{
    struct stage *stage = *state;
    struct server *server = server_start("::1", replies);
    char url[64];
    (void)snprintf(url, sizeof(url), "http://[::1]:%u/ok", server_port(server));
    struct hk_outcome outcome = fixture_try(stage->fixture, url, STAGE_LONG_MS);
    assert_int_equal(outcome.class, HK_OUTCOME_SUCCESS);
    server_stop(server);
}

static void test_plain_http_to_a_tls_url_is_a_tls_failure(void **state)
{
    struct stage *stage = *state;
    char url[64];
    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%u/ok", server_port(stage->server));
    struct hk_outcome outcome = fixture_try(stage->fixture, url, STAGE_SHORT_MS);
    assert_true(outcome.class == HK_OUTCOME_TLS || outcome.class == HK_OUTCOME_TIMEOUT);
    assert_int_equal(server_request_count(stage->server), 0);
    fixture_forget(&outcome);
}

static void test_own_headers_and_authorization_are_sent(void **state)
{
    struct stage *stage = *state;
    struct hk_endpoint endpoint = fixture_endpoint(stage_url(stage, "/ok"));
    hk_pairs_add(&endpoint.headers, HK_SLICE("X-Tenant"), HK_SLICE("seven"));
    hk_pairs_add(&endpoint.headers, HK_SLICE("X-Empty"), HK_SLICE(""));
    endpoint.auth.type = HK_AUTH_BEARER;
    fixture_seal(&endpoint, HK_SLICE("Bearer abc"), &endpoint.auth.sealed);
    hk_sender_endpoint_set(fixture_sender(stage->fixture), 3, &endpoint);
    hk_endpoint_fini(&endpoint);
    fixture_send(stage->fixture, 3, 1, STAGE_LONG_MS);
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
    struct hk_endpoint endpoint = fixture_endpoint(stage_url(stage, "/ok"));
    hk_pairs_add(&endpoint.headers, HK_SLICE("X-A"), HK_SLICE("b\r\nX-C: d"));
    hk_sender_endpoint_set(fixture_sender(stage->fixture), 3, &endpoint);
    hk_endpoint_fini(&endpoint);
    fixture_send(stage->fixture, 3, 1, STAGE_LONG_MS);
    struct hk_outcome outcome = fixture_next(stage->fixture).outcome;
    assert_int_equal(outcome.class, HK_OUTCOME_INTERNAL);
    assert_int_equal(server_connection_count(stage->server), 0);
    fixture_forget(&outcome);
}

static void test_a_secret_that_cannot_be_opened_is_internal(void **state)
{
    struct stage *stage = *state;
    struct hk_endpoint endpoint = fixture_endpoint(stage_url(stage, "/ok"));
    endpoint.uuid.bytes[3] ^= 1; // sealed for another endpoint
    hk_sender_endpoint_set(fixture_sender(stage->fixture), 3, &endpoint);
    hk_endpoint_fini(&endpoint);
    fixture_send(stage->fixture, 3, 1, STAGE_LONG_MS);
    struct hk_outcome outcome = fixture_next(stage->fixture).outcome;
    assert_int_equal(outcome.class, HK_OUTCOME_INTERNAL);
    assert_int_equal(server_connection_count(stage->server), 0);
    fixture_forget(&outcome);
}

static void test_an_unknown_signature_is_internal(void **state)
{
    struct stage *stage = *state;
    struct hk_endpoint endpoint = fixture_endpoint(stage_url(stage, "/ok"));
    endpoint.signature = hk_slice_dup(HK_SLICE("nobody"));
    hk_sender_endpoint_set(fixture_sender(stage->fixture), 3, &endpoint);
    hk_endpoint_fini(&endpoint);
    fixture_send(stage->fixture, 3, 1, STAGE_LONG_MS);
    struct hk_outcome outcome = fixture_next(stage->fixture).outcome;
    assert_int_equal(outcome.class, HK_OUTCOME_INTERNAL);
    fixture_forget(&outcome);
}

static void test_an_attempt_to_an_endpoint_that_was_dropped_ends_at_once(void **state)
{
    struct stage *stage = *state;
    fixture_set(stage->fixture, 5, stage_url(stage, "/ok"));
    hk_sender_endpoint_drop(fixture_sender(stage->fixture), 5);
    fixture_send(stage->fixture, 5, 1, STAGE_LONG_MS);
    struct hk_fact_attempt_ended ended = fixture_next(stage->fixture);
    assert_int_equal(ended.delivery, 1);
    assert_int_equal(ended.outcome.class, HK_OUTCOME_INTERNAL);
    assert_int_equal(server_connection_count(stage->server), 0);
    fixture_forget(&ended.outcome);
    // The slot's next owner is not served by the id of the last.
    fixture_set(stage->fixture, (UINT64_C(3) << 32) | 5, stage_url(stage, "/ok"));
    fixture_send(stage->fixture, (UINT64_C(1) << 32) | 5, 2, STAGE_LONG_MS);
    ended = fixture_next(stage->fixture);
    assert_int_equal(ended.outcome.class, HK_OUTCOME_INTERNAL);
    fixture_forget(&ended.outcome);
}

static void test_a_changed_url_counts_from_the_next_attempt_on(void **state)
{
    struct stage *stage = *state;
    fixture_set(stage->fixture, 5, stage_url(stage, "/hang"));
    fixture_send(stage->fixture, 5, 1, STAGE_SHORT_MS);
    fixture_set(stage->fixture, 5, stage_url(stage, "/ok"));
    fixture_send(stage->fixture, 5, 2, STAGE_LONG_MS);
    for (int i = 0; i < 2; i++) {
        struct hk_fact_attempt_ended ended = fixture_next(stage->fixture);
        assert_int_equal(ended.outcome.class,
                         ended.delivery == 1 ? HK_OUTCOME_TIMEOUT : HK_OUTCOME_SUCCESS);
        fixture_forget(&ended.outcome);
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
        .delivery = 1, .endpoint = 2, .body = body, .timeout_ms = STAGE_LONG_MS, .attempt = 1
    };
    fixture_set(stage->fixture, 2, stage_url(stage, "/ok"));
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
        fixture_set(fixture, id, stage_url(stage, id % 2 == 0 ? "/hang" : "/endless"));
        fixture_send(fixture, id, id, STAGE_LONG_MS);
    }
    while (server_request_count(stage->server) < 20)
        (void)sched_yield();
    fixture_set(fixture, 1, stage_url(stage, "/ok"));
    fixture_send(fixture, 1, 99, STAGE_LONG_MS);
    fixture_stop(fixture);
    fixture_options_fini(&options);
}

/** Starts attempts 0 to `count` - 1 without a flush: more than a thread takes in one turn. */
static void start_many(struct fixture *fixture, uint64_t endpoint, uint64_t count)
{
    struct hk_body *body = hk_event_body_new(HK_SLICE("approved"), HK_SLICE_EMPTY,
                                             HK_SLICE("{\"event\":\"approved\"}"));
    for (uint64_t i = 0; i < count; i++) {
        struct hk_command_start_attempt start = {
            .delivery = i,
            .endpoint = endpoint,
            .body = body,
            .timeout_ms = STAGE_LONG_MS,
            .attempt = 1,
        };
        hk_sender_start(fixture_sender(fixture), &start);
    }
    hk_body_unref(body);
}

static void test_messages_of_many_turns_keep_their_order(void **state)
{
    enum { BEFORE = 200 };
    struct stage *stage = *state;
    fixture_set(stage->fixture, 5, stage_url(stage, "/ok"));
    start_many(stage->fixture, 5, BEFORE);
    hk_sender_endpoint_drop(fixture_sender(stage->fixture), 5);
    fixture_send(stage->fixture, 5, BEFORE, STAGE_LONG_MS);
    for (unsigned i = 0; i <= BEFORE; i++) {
        struct hk_fact_attempt_ended ended = fixture_next(stage->fixture);
        bool is_behind_drop = ended.delivery == BEFORE;
        assert_int_equal(ended.outcome.class,
                         is_behind_drop ? HK_OUTCOME_INTERNAL : HK_OUTCOME_SUCCESS);
        fixture_forget(&ended.outcome);
    }
    assert_int_equal(server_request_count(stage->server), BEFORE);
}

static void test_a_sender_goes_with_messages_that_were_never_taken(void **state)
{
    struct stage *stage = *state;
    struct hk_deliver_options options = fixture_options();
    struct fixture *fixture = fixture_start(&options, 0);
    fixture_set(fixture, 5, stage_url(stage, "/hang"));
    start_many(fixture, 5, 600);
    hk_sender_flush(fixture_sender(fixture));
    while (server_request_count(stage->server) == 0)
        (void)sched_yield();
    fixture_stop(fixture);
    fixture_options_fini(&options);
}

static void test_what_was_never_flushed_is_given_back(void **state)
{
    struct stage *stage = *state;
    struct hk_endpoint endpoint = fixture_endpoint(stage_url(stage, "/ok"));
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
                    stage_url(stage, id % 3 == 0 ? "/500" : "/body"));
    unsigned ended_count = 0;
    for (uint64_t i = 0; i < ALL; i++) {
        fixture_send(fixture, (UINT64_C(1) << 32) | (i % ENDPOINTS), i, STAGE_LONG_MS);
        // As the engine bounds what is in flight.
        while (i + 1 - ended_count >= 128 || (i + 1 == ALL && ended_count < ALL)) {
            struct hk_fact_attempt_ended ended = fixture_next(fixture);
            bool is_500 = ended.delivery % ENDPOINTS % 3 == 0;
            assert_int_equal(ended.outcome.class, is_500 ? HK_OUTCOME_STATUS : HK_OUTCOME_SUCCESS);
            fixture_forget(&ended.outcome);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_delivery_succeeds_with_the_contracts_headers, set_up,
                                        stage_close),
        cmocka_unit_test_setup_teardown(test_a_connection_is_used_again, set_up, stage_close),
        cmocka_unit_test_setup_teardown(test_a_connection_that_the_peer_closed_is_opened_anew,
                                        set_up, stage_close),
        cmocka_unit_test_setup_teardown(test_a_request_whose_kept_connection_dies_is_sent_again,
                                        set_up, stage_close),
        cmocka_unit_test_setup_teardown(test_nobody_listens, set_up, stage_close),
        cmocka_unit_test_setup_teardown(test_ipv6_is_dialled_too, set_up, stage_close),
        cmocka_unit_test_setup_teardown(test_plain_http_to_a_tls_url_is_a_tls_failure, set_up,
                                        stage_close),
        cmocka_unit_test_setup_teardown(test_own_headers_and_authorization_are_sent, set_up,
                                        stage_close),
        cmocka_unit_test_setup_teardown(test_a_header_that_would_start_another_line_is_not_sent,
                                        set_up, stage_close),
        cmocka_unit_test_setup_teardown(test_a_secret_that_cannot_be_opened_is_internal, set_up,
                                        stage_close),
        cmocka_unit_test_setup_teardown(test_an_unknown_signature_is_internal, set_up, stage_close),
        cmocka_unit_test_setup_teardown(
            test_an_attempt_to_an_endpoint_that_was_dropped_ends_at_once, set_up, stage_close),
        cmocka_unit_test_setup_teardown(test_a_changed_url_counts_from_the_next_attempt_on, set_up,
                                        stage_close),
        cmocka_unit_test_setup_teardown(test_a_large_body_arrives_whole, set_up, stage_close),
        cmocka_unit_test_setup_teardown(test_a_sender_goes_with_attempts_in_flight, set_up,
                                        stage_close),
        cmocka_unit_test_setup_teardown(test_messages_of_many_turns_keep_their_order, set_up,
                                        stage_close),
        cmocka_unit_test_setup_teardown(test_a_sender_goes_with_messages_that_were_never_taken,
                                        set_up, stage_close),
        cmocka_unit_test_setup_teardown(test_what_was_never_flushed_is_given_back, set_up,
                                        stage_close),
        cmocka_unit_test_setup_teardown(test_many_endpoints_on_two_threads_lose_and_double_nothing,
                                        set_up, stage_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
