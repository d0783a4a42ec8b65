// SPDX-License-Identifier: Apache-2.0
#include "support_server.h"
#include "support_text.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#define HEAD                                                                               \
    "{\"status\":true,\"data\":{\"id\":\"0198\",\"event\":\"approved\",\"merchant_id\":9," \
    "\"reason\":null,\"received_at\":\"T0\","

static void test_it_tells_which_policy_changed_what_for_whom(void **state)
{
    struct fake_server *server = *state;
    server->answer = HEAD
        "\"state\":\"finished\",\"error\":null,\"policy\":{\"name\":\"shop\",\"generation\":3,"
        "\"hooks\":[\"route\",\"enrich\"]},\"decided_by\":\"policy\",\"dropped\":null,"
        "\"deliveries\":[{\"webhook\":\"u1\",\"url\":\"https://x/\",\"role\":\"primary\",\"state\":"
        "\"delivered\",\"reason\":null,\"next_attempt_at\":null,\"why\":null,\"attempts\":"
        "[{\"number\":1,\"started_at\":\"T1\",\"status\":200,\"outcome\":\"success\",\"error\":"
        "null,"
        "\"timings_ms\":{\"dns\":0,\"connect\":1.5,\"first_byte\":3,\"total\":4}}],"
        "\"headers\":{\"X-A\":\"b\"},\"diff\":[{\"op\":\"replace\",\"path\":\"/n\",\"from\":0.10,"
        "\"to\":1e999},{\"op\":\"add\",\"path\":\"/m\",\"to\":\"new\"},{\"op\":\"remove\","
        "\"path\":\"/o\",\"from\":null}],\"diff_is_cut\":false},{\"webhook\":\"u2\",\"url\":null,"
        "\"role\":\"primary\",\"state\":\"dropped\",\"reason\":\"skipped_by_policy\","
        "\"next_attempt_at\":null,\"why\":\"not for them\",\"attempts\":[],\"headers\":{},"
        "\"diff\":null,\"diff_is_cut\":true}]}}";
    struct hookctl_said said = HOOKCTL(server, "why", "0198");
    assert_string_equal(said.err, "");
    assert_has(server->request, "GET /api/v1/events/0198/why HTTP/1.1");
    assert_has(said.out, "decided   by policy shop, generation 3 (route, enrich)\n");
    assert_has(said.out, "delivered  primary  https://x/  u1\n    + header X-A: b\n"
                         "    - /n: 0.10\n    + /n: 1e999\n    + /m: \"new\"\n    - /o: null\n");
    assert_has(said.out, "attempt 1   200  success         4.0 ms\n"
                         "      connect 1.5 ms, first byte 3.0 ms\n");
    assert_has(said.out, "dropped (skipped_by_policy)  primary  its endpoint is gone  u2\n"
                         "  the policy: not for them\n    a body of its own, no longer kept\n"
                         "    ... and more\n");
    hookctl_said_fini(&said);
    said = HOOKCTL(server, "--json", "why", "0198");
    assert_int_equal(strncmp(said.out, server->answer, strlen(server->answer)), 0);
    hookctl_said_fini(&said);
}

static void test_it_tells_why_nothing_goes_out(void **state)
{
    struct fake_server *server = *state;
    server->answer = HEAD "\"state\":\"dropped\",\"policy\":{\"name\":\"shop\",\"generation\":1,"
                          "\"hooks\":[\"filter\"]},\"decided_by\":\"policy\",\"dropped\":"
                          "{\"reason\":\"filtered\",\"why\":\"test order\"},\"deliveries\":[]}}";
    struct hookctl_said said = HOOKCTL(server, "why", "0198");
    assert_has(said.out, "(filter)\ndropped   filtered: test order\n");
    hookctl_said_fini(&said);
    server->answer = HEAD "\"state\":\"held\",\"policy\":{\"name\":\"shop\",\"generation\":2,"
                          "\"hooks\":[]},\"decided_by\":null,\"dropped\":null,\"error\":"
                          "\"shop.lua:3: in route: no\",\"deliveries\":[]}}";
    said = HOOKCTL(server, "why", "0198");
    assert_has(said.out, "decided   not yet, by policy shop, generation 2\n"
                         "error     shop.lua:3: in route: no\n"
                         "next      planned again by itself, when the policy changes, and by: "
                         "hookctl policy retry shop\n");
    hookctl_said_fini(&said);
}

static void test_it_tells_when_hookd_decided_by_itself(void **state)
{
    struct fake_server *server = *state;
    server->answer = HEAD "\"state\":\"finished\",\"policy\":null,\"decided_by\":\"default\","
                          "\"dropped\":null,\"deliveries\":[]}}";
    struct hookctl_said said = HOOKCTL(server, "why", "0198");
    assert_has(said.out, "decided   by hookd: no policy was asked\n");
    hookctl_said_fini(&said);
    server->answer = HEAD "\"state\":\"finished\",\"policy\":{\"name\":\"shop\",\"generation\":2,"
                          "\"hooks\":[]},\"decided_by\":\"default\",\"dropped\":null,\"error\":"
                          "\"shop.lua:3: no\",\"deliveries\":[]}}";
    said = HOOKCTL(server, "why", "0198");
    assert_has(said.out, "decided   by hookd, without policy shop, generation 2\n"
                         "error     shop.lua:3: no\n");
    hookctl_said_fini(&said);
}

#define TEST(function) \
    cmocka_unit_test_setup_teardown(function, fake_server_open, fake_server_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_it_tells_which_policy_changed_what_for_whom),
        TEST(test_it_tells_why_nothing_goes_out),
        TEST(test_it_tells_when_hookd_decided_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
