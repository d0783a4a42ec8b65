// SPDX-License-Identifier: Apache-2.0
#include "deliver/sender.h"

#include "support_sender.h"
#include "support_server.h"

#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { LONG_MS = 30000, SHORT_MS = 250 };

static const struct server_reply replies[] = {
    { "/ok", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", SERVER_KEEP },
    { NULL, NULL, SERVER_KEEP },
};

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_delivery_succeeds_with_the_contracts_headers, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
