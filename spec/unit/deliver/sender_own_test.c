// SPDX-License-Identifier: Apache-2.0
#include "deliver/sender.h"

#include "model/payload.h"
#include "support_server.h"
#include "support_stage.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct server_reply replies[] = {
    { "/ok", STAGE_OK, SERVER_KEEP },
    { "/hang", "", SERVER_HANG },
    { NULL, NULL, SERVER_KEEP },
};

static int set_up(void **state)
{
    return stage_open(state, replies);
}

/** Makes a payload of names and values in turn, ended by NULL, and a text (NULL: none). */
static struct hk_body *make_own(const char *const *pairs, const char *text)
{
    struct hk_pairs headers = { 0 };
    for (; *pairs != NULL; pairs += 2)
        hk_pairs_add(&headers, hk_slice_of(pairs[0]), hk_slice_of(pairs[1]));
    struct hk_slice slice = hk_slice_of(text);
    struct hk_body *own = hk_payload_new(&headers, text != NULL ? &slice : NULL);
    hk_pairs_fini(&headers);
    return own;
}

/** Starts an attempt of the event {"whole":1} with `own`, whose only reference goes along. */
static void start(struct stage *stage, uint64_t endpoint, struct hk_body *own)
{
    struct hk_body *body =
        hk_event_body_new(HK_SLICE("approved"), HK_SLICE_EMPTY, HK_SLICE("{\"whole\":1}"));
    const struct hk_command_start_attempt attempt = {
        .delivery = 1,
        .endpoint = endpoint,
        .body = body,
        .own = own,
        .timeout_ms = STAGE_LONG_MS,
        .attempt = 1,
    };
    hk_sender_start(fixture_sender(stage->fixture), &attempt);
    hk_body_unref(body);
    hk_body_unref(own);
    hk_sender_flush(fixture_sender(stage->fixture));
}

static void set_endpoint(struct stage *stage, uint64_t id, const char *path, bool has_auth)
{
    struct hk_endpoint endpoint = fixture_endpoint(stage_url(stage, path));
    hk_pairs_add(&endpoint.headers, HK_SLICE("X-Tenant"), HK_SLICE("seven"));
    hk_pairs_add(&endpoint.headers, HK_SLICE("X-Kept"), HK_SLICE("yes"));
    if (has_auth) {
        endpoint.auth.type = HK_AUTH_BEARER;
        fixture_seal(&endpoint, HK_SLICE("Bearer abc"), &endpoint.auth.sealed);
    }
    hk_sender_endpoint_set(fixture_sender(stage->fixture), id, &endpoint);
    hk_endpoint_fini(&endpoint);
}

static const char *sent_body(const char *request)
{
    return strstr(request, "\r\n\r\n") + 4;
}

static void test_an_own_text_goes_out_in_place_of_the_events(void **state)
{
    static const char *const none[] = { NULL };
    static const char *const texts[] = { "{\"part\":0.10}", "", NULL };
    struct stage *stage = *state;
    set_endpoint(stage, 3, "/ok", false);
    for (unsigned i = 0; i < 3; i++) {
        start(stage, 3, make_own(none, texts[i]));
        assert_int_equal(fixture_next(stage->fixture).outcome.class, HK_OUTCOME_SUCCESS);
        const char *wanted = texts[i] != NULL ? texts[i] : "{\"whole\":1}";
        char length[64];
        (void)snprintf(length, sizeof(length), "\r\nContent-Length: %zu\r\n", strlen(wanted));
        assert_string_equal(sent_body(server_request(stage->server, i)), wanted);
        assert_non_null(strstr(server_request(stage->server, i), length));
    }
}

static void test_own_headers_replace_the_endpoints_in_this_attempt_only(void **state)
{
    static const char *const pairs[] = { "x-tenant", "eight",  "X-New", "n", "Accept",
                                         "a/b",      "X-None", "",      NULL };
    struct stage *stage = *state;
    set_endpoint(stage, 3, "/ok", false);
    start(stage, 3, make_own(pairs, NULL));
    assert_int_equal(fixture_next(stage->fixture).outcome.class, HK_OUTCOME_SUCCESS);
    const char *request = server_request(stage->server, 0);
    assert_non_null(strstr(request, "\r\nx-tenant: eight\r\n"));
    assert_null(strstr(request, "seven"));
    assert_non_null(strstr(request, "\r\nX-Kept: yes\r\n"));
    assert_non_null(strstr(request, "\r\nX-New: n\r\n"));
    assert_non_null(strstr(request, "\r\nAccept: a/b\r\n"));
    assert_non_null(strstr(request, "\r\nX-None:\r\n"));
    assert_non_null(strstr(request, "\r\nUser-Agent: hookd/test\r\n"));
    start(stage, 3, NULL);
    assert_int_equal(fixture_next(stage->fixture).outcome.class, HK_OUTCOME_SUCCESS);
    request = server_request(stage->server, 1);
    assert_non_null(strstr(request, "\r\nX-Tenant: seven\r\n"));
    assert_null(strstr(request, "X-New"));
    assert_null(strstr(request, "Accept"));
}

static void test_what_hookd_sets_is_not_replaced(void **state)
{
    static const char *const pairs[] = { "content-type",
                                         "text/plain",
                                         "X-Webhook-Id",
                                         "forged",
                                         "x-webhook-SECRET",
                                         "forged",
                                         "Host",
                                         "forged",
                                         "Content-Length",
                                         "1",
                                         "Authorization",
                                         "Bearer forged",
                                         "X-Fine",
                                         "f",
                                         NULL };
    struct stage *stage = *state;
    set_endpoint(stage, 3, "/ok", true);
    start(stage, 3, make_own(pairs, NULL));
    assert_int_equal(fixture_next(stage->fixture).outcome.class, HK_OUTCOME_SUCCESS);
    const char *request = server_request(stage->server, 0);
    assert_null(strstr(request, "forged"));
    assert_null(strstr(request, "text/plain"));
    assert_non_null(strstr(request, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(request, "\r\nContent-Length: 11\r\n"));
    assert_non_null(strstr(request, "\r\nX-Webhook-Secret: " FIXTURE_SECRET "\r\n"));
    assert_non_null(strstr(request, "\r\nAuthorization: Bearer abc\r\n"));
    assert_non_null(strstr(request, "\r\nX-Fine: f\r\n"));
    // Without an `auth` the policy's counts.
    set_endpoint(stage, 3, "/ok", false);
    start(stage, 3, make_own(pairs, NULL));
    assert_int_equal(fixture_next(stage->fixture).outcome.class, HK_OUTCOME_SUCCESS);
    assert_non_null(
        strstr(server_request(stage->server, 1), "\r\nAuthorization: Bearer forged\r\n"));
}

static void test_an_own_header_that_would_start_another_line_stops_the_request(void **state)
{
    static const char *const bad[][3] = { { "X-A", "b\r\nX-C: d", NULL }, { "X A", "b", NULL } };
    struct stage *stage = *state;
    set_endpoint(stage, 3, "/ok", false);
    for (int i = 0; i < 2; i++) {
        start(stage, 3, make_own(bad[i], NULL));
        struct hk_outcome outcome = fixture_next(stage->fixture).outcome;
        assert_int_equal(outcome.class, HK_OUTCOME_INTERNAL);
        fixture_forget(&outcome);
    }
    assert_int_equal(server_connection_count(stage->server), 0);
}

static void test_as_many_headers_as_a_policy_may_add_fit(void **state)
{
    struct stage *stage = *state;
    struct hk_endpoint endpoint = fixture_endpoint(stage_url(stage, "/ok"));
    struct hk_pairs headers = { 0 };
    char name[32];
    for (int i = 0; i < HK_HEADERS_MAX; i++) {
        (void)snprintf(name, sizeof(name), "X-Endpoint-%d", i);
        hk_pairs_add(&endpoint.headers, hk_slice_of(name), HK_SLICE("e"));
    }
    for (int i = 0; i < HK_POLICY_HEADERS_MAX; i++) {
        (void)snprintf(name, sizeof(name), "X-Policy-%d", i);
        hk_pairs_add(&headers, hk_slice_of(name), HK_SLICE("p"));
    }
    endpoint.auth.type = HK_AUTH_BEARER;
    fixture_seal(&endpoint, HK_SLICE("Bearer abc"), &endpoint.auth.sealed);
    hk_sender_endpoint_set(fixture_sender(stage->fixture), 3, &endpoint);
    hk_endpoint_fini(&endpoint);
    start(stage, 3, hk_payload_new(&headers, NULL));
    hk_pairs_fini(&headers);
    assert_int_equal(fixture_next(stage->fixture).outcome.class, HK_OUTCOME_SUCCESS);
    const char *request = server_request(stage->server, 0);
    assert_non_null(strstr(request, "\r\nX-Endpoint-19: e\r\n"));
    assert_non_null(strstr(request, "\r\nX-Policy-19: p\r\n"));
}

/** Every way that gives an own back: gone endpoints, attempts in flight, and messages never taken.
 * That nothing is left is what the leak check says. */
static void test_an_own_is_given_back_on_every_way(void **state)
{
    static const char *const pairs[] = { "X-New", "n", NULL };
    struct stage *stage = *state;
    start(stage, 9, make_own(pairs, "gone"));
    struct hk_outcome outcome = fixture_next(stage->fixture).outcome;
    assert_int_equal(outcome.class, HK_OUTCOME_INTERNAL);
    fixture_forget(&outcome);
    set_endpoint(stage, 3, "/hang", false);
    for (int i = 0; i < 50; i++)
        start(stage, 3, make_own(pairs, "in flight, or not yet"));
    struct hk_body *body = hk_event_body_new(HK_SLICE("a"), HK_SLICE_EMPTY, HK_SLICE("{}"));
    struct hk_body *own = make_own(pairs, "never flushed");
    const struct hk_command_start_attempt attempt = { .endpoint = 3, .body = body, .own = own };
    hk_sender_start(fixture_sender(stage->fixture), &attempt);
    hk_body_unref(body);
    hk_body_unref(own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_own_text_goes_out_in_place_of_the_events, set_up,
                                        stage_close),
        cmocka_unit_test_setup_teardown(test_own_headers_replace_the_endpoints_in_this_attempt_only,
                                        set_up, stage_close),
        cmocka_unit_test_setup_teardown(test_what_hookd_sets_is_not_replaced, set_up, stage_close),
        cmocka_unit_test_setup_teardown(
            test_an_own_header_that_would_start_another_line_stops_the_request, set_up,
            stage_close),
        cmocka_unit_test_setup_teardown(test_as_many_headers_as_a_policy_may_add_fit, set_up,
                                        stage_close),
        cmocka_unit_test_setup_teardown(test_an_own_is_given_back_on_every_way, set_up,
                                        stage_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
