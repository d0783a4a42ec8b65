// SPDX-License-Identifier: Apache-2.0
#include "api/server.h"

#include "support_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define EVENTS "/api/v1/merchants/9/events"
#define APPROVED "{\"event\":\"approved\",\"order\":{\"id\":\"o-1\"}}"
#define SOME_UUID "0190b3c2-8a4e-7c3d-9f00-000000000001"
/** Long enough for every test but those about the deadline. */
#define PATIENT_MS 60000

static struct test_engine engine;
static struct test_answer answer;

static int start(void **state)
{
    (void)state;
    test_engine_start(&engine, PATIENT_MS);
    return 0;
}

static int start_hurried(void **state)
{
    (void)state;
    test_engine_start(&engine, 200);
    return 0;
}

static int end(void **state)
{
    (void)state;
    test_engine_stop(&engine);
    return 0;
}

#define assert_has(text, part)                           \
    do {                                                 \
        if (strstr((text), (part)) == NULL)              \
            fail_msg("no <%s> in <%s>", (part), (text)); \
    } while (0)

/* Who may do what. */

static void test_health_needs_no_key(void **state)
{
    (void)state;
    int fd = test_connect(&engine);
    test_send(fd, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    test_receive(fd, &answer);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "{\"status\":true,\"message\":\"\",\"appended_data\":{}}");
    test_send(fd, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"); /* The connection is kept. */
    test_receive(fd, &answer);
    assert_int_equal(answer.status, 200);
    close(fd);
}

static void test_a_platform_route_without_its_key_is_401(void **state)
{
    (void)state;
    static const char *const heads[] = {
        "",
        "x-api-key: " TEST_MERCHANT_KEY "\r\n",
        "Authorization: Bearer " TEST_PLATFORM_KEY "x\r\n",
        "Authorization: Bearer \r\n",
        "Authorization: Basic " TEST_PLATFORM_KEY "\r\n",
    };
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        int fd = test_connect(&engine);
        test_send_format(fd, "GET /api/v1/merchants HTTP/1.1\r\nHost: x\r\n%s\r\n", heads[i]);
        test_receive(fd, &answer);
        assert_int_equal(answer.status, 401);
        close(fd);
    }
}

static void test_a_merchant_route_without_its_key_is_400(void **state)
{
    (void)state;
    test_ask(&engine, "GET", "/api/v1/webhooks", NULL, &answer);
    assert_int_equal(answer.status, 400);
    assert_has(answer.body, "\"API key is required\"");
    int fd = test_connect(&engine);
    test_send(fd, "GET /api/v1/webhooks HTTP/1.1\r\nHost: x\r\nx-api-key: wrong\r\n\r\n");
    test_receive(fd, &answer);
    assert_int_equal(answer.status, 400);
    assert_string_equal(answer.body,
                        "{\"status\":false,\"message\":\"Invalid or inactive API key\","
                        "\"appended_data\":{}}");
    close(fd);
}

static void test_the_control_socket_needs_no_key(void **state)
{
    (void)state;
    struct stat file;
    assert_int_equal(stat(engine.control_path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0660);
    int fd = test_connect_control(&engine);
    test_send(fd, "GET /api/v1/stats HTTP/1.1\r\nHost: x\r\n\r\n");
    test_receive(fd, &answer);
    assert_int_equal(answer.status, 200);
    assert_has(answer.body, "\"events_accepted\":7");
    test_send(fd, "GET /api/v1/webhooks HTTP/1.1\r\nHost: x\r\n\r\n");
    test_receive(fd, &answer);
    assert_int_equal(answer.status, 400); /* Of which merchant? */
    close(fd);
}

/* Routes. */

static void test_unknown_paths_are_404_and_methods_405(void **state)
{
    (void)state;
    test_ask(&engine, "GET", "/api/v1/nothing", NULL, &answer);
    assert_int_equal(answer.status, 404);
    test_ask(&engine, "DELETE", "/api/v1/merchants/9/events", NULL, &answer);
    assert_int_equal(answer.status, 405);
    assert_has(answer.head, "\r\nAllow: POST\r\n");
    test_ask(&engine, "BREW", "/api/v1/webhooks", NULL, &answer);
    assert_int_equal(answer.status, 405);
    assert_has(answer.head, "\r\nAllow: GET, HEAD, POST\r\n");
}

/* Events. */

static void test_an_event_is_answered_when_it_is_on_disk(void **state)
{
    (void)state;
    atomic_store(&engine.is_holding, true);
    int fd = test_connect(&engine);
    test_send_format(fd,
                     "POST " EVENTS " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                     "Authorization: bearer " TEST_PLATFORM_KEY "\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     strlen(APPROVED), APPROVED);
    test_wait_for(&engine.held_count, 1);
    char byte;
    assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
    test_engine_release(&engine);
    test_receive(fd, &answer);
    assert_int_equal(answer.status, 202);
    assert_has(answer.body, "{\"status\":true,\"message\":\"\",\"appended_data\":{},"
                            "\"data\":{\"id\":\"");
    assert_string_equal(engine.type, "approved");
    assert_string_equal(engine.key, "o-1");
    assert_int_equal(engine.accept.merchant_id, 9);
    assert_false(engine.accept.has_idempotency);
    close(fd);
}

static void test_the_headers_of_an_event_are_taken(void **state)
{
    (void)state;
    atomic_store(&engine.is_replayed, true);
    int fd = test_connect(&engine);
    test_send_format(fd,
                     "POST " EVENTS " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                     "Authorization: Bearer " TEST_PLATFORM_KEY "\r\n"
                     "Idempotency-Key: abc\r\nX-Hookd-Key: mine\r\n"
                     "X-Hookd-Deliver-Before: 2026-05-02T08:00:00Z\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     strlen(APPROVED), APPROVED);
    test_receive(fd, &answer);
    assert_int_equal(answer.status, 202);
    assert_has(answer.head, "\r\nIdempotent-Replayed: true\r\n");
    assert_string_equal(engine.key, "mine");
    assert_true(engine.accept.has_idempotency);
    assert_int_equal(engine.accept.deliver_before.ms, INT64_C(1777708800000));
    close(fd);
}

static void test_refusals_have_their_status(void **state)
{
    (void)state;
    static const struct {
        enum hk_refusal refusal;
        unsigned status;
    } cases[] = {
        { HK_REFUSAL_UNKNOWN_MERCHANT, 404 },
        { HK_REFUSAL_IDEMPOTENCY_CONFLICT, 409 },
        { HK_REFUSAL_MERCHANT_PENDING, 429 },
        { HK_REFUSAL_PENDING, 429 },
        { HK_REFUSAL_STOPPING, 503 },
        { HK_REFUSAL_MEMORY, 503 },
        { HK_REFUSAL_DISK, 503 },
        { HK_REFUSAL_UNKNOWN_TYPE, 422 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        atomic_store(&engine.refusal, (int)cases[i].refusal);
        test_ask(&engine, "POST", EVENTS, APPROVED, &answer);
        assert_int_equal(answer.status, cases[i].status);
        if (cases[i].status == 429 || cases[i].status == 503)
            assert_has(answer.head, "\r\nRetry-After: ");
    }
}

static void test_bad_events_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        unsigned status;
        const char *part;
    } cases[] = {
        { "", 400, "line 1, column 1" },
        { "{\"event\":\n nope}", 400, "line 2, column 2" },
        { "{\"event\":\"a\",\"event\":\"b\"}", 400, "line 1" },
        { "{\"event\":\"\xff\"}", 400, "line 1" },
        { "[]", 422, "\"errors\":{\"event\":[\"" },
        { "{}", 422, "\"errors\":{\"event\":[\"" },
        { "{\"event\":\"Bad\"}", 422, "\"errors\":{\"event\":[\"" },
        { "{\"event\":7}", 422, "\"errors\":{\"event\":[\"" },
        { "{\"event\":\"\"}", 422, "\"errors\":{\"event\":[\"" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        test_ask(&engine, "POST", EVENTS, cases[i].body, &answer);
        assert_int_equal(answer.status, cases[i].status);
        assert_has(answer.body, cases[i].part);
    }
    assert_int_equal(atomic_load(&engine.accept_count), 0);
}

static void test_one_event_is_shown_with_its_bytes(void **state)
{
    (void)state;
    test_ask_as_merchant(&engine, "GET", "/api/v1/events/" SOME_UUID, NULL, &answer);
    assert_int_equal(answer.status, 200);
    assert_has(answer.body, "\"body\":{\"event\": \"approved\", \"price\":0.10},\"policy\":null,"
                            "\"deliveries\":[]}}");
    assert_has(answer.body, "\"key\":\"k\\\"1\"");
    test_ask(&engine, "GET", "/api/v1/events/" SOME_UUID, NULL, &answer);
    assert_int_equal(answer.status, 200);
    test_ask(&engine, "GET", "/api/v1/merchants/9/events/" SOME_UUID, NULL, &answer);
    assert_int_equal(answer.status, 200);
    test_ask(&engine, "GET", "/api/v1/events/not-a-uuid", NULL, &answer);
    assert_int_equal(answer.status, 404);
}

/* Bodies. */

static void test_a_body_must_be_json_by_name(void **state)
{
    (void)state;
    int fd = test_connect(&engine);
    for (int i = 0; i < 2; i++) { /* The answer waits for the body, and the connection stays. */
        test_send(fd, "POST " EVENTS " HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
                      "Authorization: Bearer " TEST_PLATFORM_KEY "\r\nContent-Length: 2\r\n\r\n{}");
        test_receive(fd, &answer);
        assert_int_equal(answer.status, 415);
    }
    close(fd);
}

static void test_a_body_that_is_too_large_is_413(void **state)
{
    (void)state;
    char filler[4097];
    memset(filler, ' ', sizeof(filler) - 1);
    filler[sizeof(filler) - 1] = '\0';
    static const char head[] = "POST " EVENTS " HTTP/1.1\r\nHost: x\r\n"
                               "Content-Type: application/json\r\n"
                               "Authorization: Bearer " TEST_PLATFORM_KEY "\r\n";
    int fd = test_connect(&engine);
    test_send_format(fd, "%sContent-Length: 4097\r\n\r\n %s", head, filler);
    test_receive(fd, &answer);
    assert_int_equal(answer.status, 413);
    close(fd);
    fd = test_connect(&engine);
    test_send_format(fd, "%sTransfer-Encoding: chunked\r\n\r\n1001\r\n %s\r\n0\r\n\r\n", head,
                     filler);
    test_receive(fd, &answer);
    assert_int_equal(answer.status, 413);
    close(fd);
    fd = test_connect(&engine); /* So much is not even read. */
    test_send_format(fd, "%sContent-Length: 99999999999\r\n\r\n", head);
    test_receive(fd, &answer);
    assert_int_equal(answer.status, 413);
    assert_true(test_is_closed(fd));
    close(fd);
}

static void test_a_body_may_come_in_chunks_and_drips(void **state)
{
    (void)state;
    int fd = test_connect(&engine);
    test_send(fd, "POST " EVENTS " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                  "Authorization: Bearer " TEST_PLATFORM_KEY "\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n9\r\n{\"event\":\r\n");
    test_send(fd, "5\r\n\"a.b\"\r\n1\r\n}\r\n0\r\n\r\n");
    test_receive(fd, &answer);
    assert_int_equal(answer.status, 202);
    assert_string_equal(engine.type, "a.b");
    close(fd);
}

static void test_doubtful_framing_is_400_and_closed(void **state)
{
    (void)state;
    static const char *const heads[] = {
        "Content-Length: 2\r\nContent-Length: 2\r\n",
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Content-Length: +2\r\n",
        "Bad Name: x\r\n",
        "Host: y\r\n",
        "Authorization: a\r\nAuthorization: b\r\n",
    };
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        int fd = test_connect(&engine);
        test_send_format(fd, "POST " EVENTS " HTTP/1.1\r\nHost: x\r\n%s\r\n{}", heads[i]);
        test_receive(fd, &answer);
        assert_int_equal(answer.status, 400);
        assert_true(test_is_closed(fd));
        close(fd);
    }
}

static void test_a_long_head_is_431(void **state)
{
    (void)state;
    char filler[17000];
    memset(filler, 'a', sizeof(filler) - 1);
    filler[sizeof(filler) - 1] = '\0';
    int fd = test_connect(&engine);
    test_send_format(fd, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Filler: %s\r\n\r\n", filler);
    test_receive(fd, &answer);
    assert_int_equal(answer.status, 431);
    assert_has(answer.body, "\"status\":false");
    close(fd);
}

/* Peers that misbehave. */

static void test_a_peer_may_leave_while_it_waits(void **state)
{
    (void)state;
    atomic_store(&engine.is_holding, true);
    for (int i = 0; i < 8; i++) {
        int fd = test_connect(&engine);
        test_send_format(fd,
                         "POST " EVENTS " HTTP/1.1\r\nHost: x\r\n"
                         "Content-Type: application/json\r\n"
                         "Authorization: Bearer " TEST_PLATFORM_KEY "\r\n"
                         "Content-Length: %zu\r\n\r\n%s",
                         strlen(APPROVED), APPROVED);
        test_wait_for(&engine.held_count, (unsigned)i + 1);
        struct linger now = { 1, 0 };
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)); /* Half of them by a reset. */
        if (i % 2 == 0)
            shutdown(fd, SHUT_RDWR);
        close(fd);
    }
    test_engine_release(&engine);
    test_ask(&engine, "POST", EVENTS, APPROVED, &answer);
    assert_int_equal(answer.status, 202);
}

static void test_a_head_that_stops_is_cut(void **state)
{
    (void)state;
    int fd = test_connect(&engine);
    test_send(fd, "GET /hea");
    assert_true(test_is_closed(fd));
    close(fd);
}

static void test_a_second_head_that_stops_is_cut(void **state)
{
    (void)state;
    int fd = test_connect(&engine); /* In one piece: nothing but the count tells. */
    test_send(fd, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\n");
    test_receive(fd, &answer);
    assert_int_equal(answer.status, 200);
    assert_true(test_is_closed(fd));
    close(fd);
}

static void test_a_head_after_chunks_that_stops_is_cut(void **state)
{
    (void)state;
    int fd = test_connect(&engine);
    test_send(fd, "POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "1\r\nx\r\n0\r\n\r\n");
    test_receive(fd, &answer);
    assert_int_equal(answer.status, 405);
    usleep(400000); /* Only so can the time of the last byte tell. */
    test_send(fd, "GET /healthz HTTP/1.1\r\n");
    assert_true(test_is_closed(fd));
    close(fd);
}

static void test_a_body_that_stops_is_cut(void **state)
{
    (void)state;
    int fd = test_connect(&engine);
    test_send(fd, "POST " EVENTS " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                  "Authorization: Bearer " TEST_PLATFORM_KEY "\r\nContent-Length: 9\r\n\r\n{");
    assert_true(test_is_closed(fd));
    close(fd);
}

static void test_an_idle_peer_is_not_cut(void **state)
{
    (void)state;
    int fd = test_connect(&engine);
    for (int i = 0; i < 3; i++) { /* Idle for more than a deadline each time. */
        test_send_format(fd,
                         "POST " EVENTS " HTTP/1.1\r\nHost: x\r\n"
                         "Content-Type: application/json\r\n"
                         "Authorization: Bearer " TEST_PLATFORM_KEY "\r\n"
                         "Content-Length: %zu\r\n\r\n%s",
                         strlen(APPROVED), APPROVED);
        test_receive(fd, &answer);
        assert_int_equal(answer.status, 202);
        usleep(500000);
    }
    close(fd);
}

/* The end. */

static void test_who_waits_at_the_end_gets_503(void **state)
{
    (void)state;
    test_engine_start(&engine, PATIENT_MS);
    atomic_store(&engine.is_holding, true);
    int event = test_connect(&engine);
    test_send_format(event,
                     "POST " EVENTS " HTTP/1.1\r\nHost: x\r\n"
                     "Content-Type: application/json\r\n"
                     "Authorization: Bearer " TEST_PLATFORM_KEY "\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     strlen(APPROVED), APPROVED);
    int list = test_connect(&engine);
    test_send(list, "GET /api/v1/webhooks HTTP/1.1\r\nHost: x\r\nx-api-key: k\r\n\r\n");
    int idle = test_connect(&engine);
    int half = test_connect(&engine);
    test_send(half, "POST " EVENTS " HTTP/1.1\r\nHost: x\r\n");
    test_wait_for(&engine.held_count, 2);
    test_engine_stop(&engine);
    test_receive(event, &answer);
    assert_int_equal(answer.status, 503);
    assert_has(answer.head, "\r\nRetry-After: ");
    test_receive(list, &answer);
    assert_int_equal(answer.status, 503);
    assert_true(test_is_closed(idle));
    assert_true(test_is_closed(half));
    close(event);
    close(list);
    close(idle);
    close(half);
}

static void test_a_quiesced_server_takes_nothing_but_answers(void **state)
{
    (void)state;
    test_engine_start(&engine, PATIENT_MS);
    atomic_store(&engine.is_holding, true);
    int kept = test_connect(&engine);
    test_send(kept, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    test_receive(kept, &answer);
    int waiting = test_connect(&engine);
    test_send(waiting, "GET /api/v1/stats HTTP/1.1\r\nHost: x\r\n"
                       "Authorization: Bearer " TEST_PLATFORM_KEY "\r\n\r\n");
    test_wait_for(&engine.held_count, 1);
    test_engine_end_thread(&engine); /* We are the shell now. */
    hk_server_quiesce(engine.server);
    do { /* The news may travel slower than the first request. */
        test_send(kept, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
        test_receive(kept, &answer);
    } while (answer.status == 200);
    assert_int_equal(answer.status, 503);
    struct hk_reply *reply = hk_reply_new(engine.held[0].request, HK_ENOTFOUND);
    hk_server_reply(engine.server, reply);
    hk_server_flush(engine.server);
    test_receive(waiting, &answer);
    assert_int_equal(answer.status, 404);
    close(kept);
    close(waiting);
    test_engine_stop(&engine);
}

static void test_until_it_is_ready_only_health_is_well(void **state)
{
    (void)state;
    hk_server_set_ready(engine.server, false);
    do {
        test_ask(&engine, "GET", "/readyz", NULL, &answer);
    } while (answer.status == 200);
    assert_int_equal(answer.status, 503);
    test_ask(&engine, "GET", "/healthz", NULL, &answer);
    assert_int_equal(answer.status, 200);
    test_ask(&engine, "POST", EVENTS, APPROVED, &answer);
    assert_int_equal(answer.status, 503);
    assert_has(answer.head, "\r\nRetry-After: ");
}

/* Tail. */

static void test_a_tail_streams_until_its_peer_leaves(void **state)
{
    (void)state;
    char text[8192];
    int fd = test_connect_control(&engine);
    test_send(fd, "GET /api/v1/tail HTTP/1.1\r\nHost: x\r\n\r\n");
    test_receive_until(fd, "\r\n\r\n", text, sizeof(text));
    assert_has(text, "HTTP/1.1 200 ");
    assert_has(text, "application/x-ndjson");
    for (int i = 0; i < 3; i++) {
        atomic_store(&engine.traces_wanted, 1);
        test_receive_until(fd, "}\n", text, sizeof(text));
        assert_has(text, "\"status\":503,\"outcome\":\"status\",\"state\":\"waiting\","
                         "\"reason\":\"\",\"delay_ms\":10000,\"total_ms\":12.345}");
    }
    close(fd);
    test_wait_for(&engine.tail_stops, 1); /* Noticed by the sweep. */
}

static void test_a_tail_that_does_not_read_loses_lines(void **state)
{
    (void)state;
    static char text[65536];
    const unsigned wanted = 60000;
    int fd = test_connect_control(&engine);
    test_send(fd, "GET /api/v1/tail HTTP/1.1\r\nHost: x\r\n\r\n");
    test_receive_until(fd, "\r\n\r\n", text, sizeof(text));
    atomic_store(&engine.traces_wanted, wanted);
    while (atomic_load(&engine.traces_wanted) > 0)
        usleep(1000);
    test_ask(&engine, "GET", "/healthz", NULL, &answer); /* Nobody else is held up... */
    assert_int_equal(answer.status, 200);
    bool has_dropped = false;
    for (int i = 0; i < 200000 && !has_dropped; i++) {
        if (i % 1000 == 999)
            atomic_fetch_add(&engine.traces_wanted, 1); /* ...and the gap is told with a line. */
        test_receive_until(fd, "}\n", text, sizeof(text));
        has_dropped = strstr(text, "{\"dropped\":") != NULL;
    }
    assert_true(has_dropped);
    close(fd);
}

static void test_a_tail_ends_with_the_server(void **state)
{
    (void)state;
    char text[8192];
    test_engine_start(&engine, PATIENT_MS);
    int fd = test_connect_control(&engine);
    test_send(fd, "GET /api/v1/tail HTTP/1.1\r\nHost: x\r\n\r\n");
    test_receive_until(fd, "\r\n\r\n", text, sizeof(text));
    test_engine_stop(&engine);
    assert_true(test_is_closed(fd));
    close(fd);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, start, end)
#define HURRIED(test) cmocka_unit_test_setup_teardown(test, start_hurried, end)
    const struct CMUnitTest tests[] = {
        WITH(test_health_needs_no_key),
        WITH(test_a_platform_route_without_its_key_is_401),
        WITH(test_a_merchant_route_without_its_key_is_400),
        WITH(test_the_control_socket_needs_no_key),
        WITH(test_unknown_paths_are_404_and_methods_405),
        WITH(test_an_event_is_answered_when_it_is_on_disk),
        WITH(test_the_headers_of_an_event_are_taken),
        WITH(test_refusals_have_their_status),
        WITH(test_bad_events_are_refused),
        WITH(test_one_event_is_shown_with_its_bytes),
        WITH(test_a_body_must_be_json_by_name),
        WITH(test_a_body_that_is_too_large_is_413),
        WITH(test_a_body_may_come_in_chunks_and_drips),
        WITH(test_doubtful_framing_is_400_and_closed),
        WITH(test_a_long_head_is_431),
        WITH(test_a_peer_may_leave_while_it_waits),
        HURRIED(test_a_head_that_stops_is_cut),
        HURRIED(test_a_second_head_that_stops_is_cut),
        HURRIED(test_a_head_after_chunks_that_stops_is_cut),
        HURRIED(test_a_body_that_stops_is_cut),
        HURRIED(test_an_idle_peer_is_not_cut),
        cmocka_unit_test(test_who_waits_at_the_end_gets_503),
        cmocka_unit_test(test_a_quiesced_server_takes_nothing_but_answers),
        WITH(test_until_it_is_ready_only_health_is_well),
        HURRIED(test_a_tail_streams_until_its_peer_leaves),
        WITH(test_a_tail_that_does_not_read_loses_lines),
        cmocka_unit_test(test_a_tail_ends_with_the_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
