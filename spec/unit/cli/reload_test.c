// SPDX-License-Identifier: Apache-2.0
#include "support_server.h"
#include "support_text.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

static void test_it_shows_what_was_swapped_and_counts_what_was_kept(void **state)
{
    struct fake_server *server = *state;
    server->answer =
        "{\"status\":true,\"data\":{\"config\":{\"applied\":[\"log.level\"],\"needs_restart\":"
        "[\"listen\"],\"fault\":null},\"refused\":0,\"policies\":[{\"name\":\"a\",\"what\":"
        "\"kept\","
        "\"generation\":1,\"fault\":null},{\"name\":\"b\",\"what\":\"swapped\",\"generation\":2,"
        "\"fault\":null}]}}";
    struct hookctl_said said = HOOKCTL(server, "reload");
    assert_int_equal(said.code, 0);
    assert_has(server->request, "POST /api/v1/reload HTTP/1.1");
    assert_string_equal(said.out, "POLICY  WHAT     GENERATION  FAULT\n"
                                  "b       swapped           2  -\n1 policy as it was\n"
                                  "now in use: log.level\ncounts after a restart only: listen\n");
    hookctl_said_fini(&said);
}

static void test_a_refusal_is_exit_1_and_names_file_and_line(void **state)
{
    struct fake_server *server = *state;
    server->status = "422 Unprocessable Content";
    server->answer =
        "{\"status\":false,\"message\":\"1 refused, the rest is in use: /p/a.lua:3: no\","
        "\"data\":{\"config\":{\"applied\":[],\"needs_restart\":[],\"fault\":null},\"refused\":1,"
        "\"policies\":[{\"name\":\"a\",\"what\":\"refused\",\"generation\":1,\"fault\":"
        "\"/p/a.lua:3: no\"}]}}";
    struct hookctl_said said = HOOKCTL(server, "reload");
    assert_int_equal(said.code, 1);
    assert_has(said.out, "a       refused           1  /p/a.lua:3: no\n0 policies as they were\n");
    assert_has(said.err, "hookctl: 422 1 refused");
    hookctl_said_fini(&said);
    said = HOOKCTL(server, "--json", "reload");
    assert_int_equal(said.code, 1);
    assert_int_equal(strncmp(said.out, server->answer, strlen(server->answer)), 0);
    assert_int_equal(strlen(said.out), strlen(server->answer) + 1); // once
    hookctl_said_fini(&said);
    server->answer = "{\"status\":false,\"message\":\"Nothing was changed: x.lua:1: no\",\"data\":"
                     "{\"config\":{\"fault\":\"x.lua:1: no\"},\"policies\":[]}}";
    said = HOOKCTL(server, "reload");
    assert_int_equal(said.code, 1);
    assert_string_equal(said.out, "");
    hookctl_said_fini(&said);
}

#define TEST(function) \
    cmocka_unit_test_setup_teardown(function, fake_server_open, fake_server_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_it_shows_what_was_swapped_and_counts_what_was_kept),
        TEST(test_a_refusal_is_exit_1_and_names_file_and_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
