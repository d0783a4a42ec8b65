// SPDX-License-Identifier: Apache-2.0
#include "support_server.h"
#include "support_text.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

static const char listed[] =
    "{\"status\":true,\"data\":[{\"name\":\"shop\",\"generation\":2,\"loaded_at\":\"T\","
    "\"fault\":\"shop.lua:1: no\",\"hooks\":[\"route\"],\"merchants\":1,\"calls\":10,\"errors\":1,"
    "\"cpu_ms\":0.5,\"held\":3,\"suspended\":0}]}";

static void test_a_list_is_a_table(void **state)
{
    struct fake_server *server = *state;
    server->answer = listed;
    struct hookctl_said said = HOOKCTL(server, "policy", "list");
    assert_has(server->request, "GET /api/v1/policies HTTP/1.1");
    assert_has(said.out, "NAME  GENERATION  LOADED  MERCHANTS  CALLS  ERRORS  CPU MS  HELD  FAULT\n"
                         "shop           2  T               1     10       1     0.5     3  "
                         "shop.lua:1: no\n");
    hookctl_said_fini(&said);
}

static void test_one_is_found_by_its_name_or_the_nearest_told(void **state)
{
    struct fake_server *server = *state;
    server->answer = listed;
    struct hookctl_said said = HOOKCTL(server, "policy", "show", "shop");
    assert_int_equal(said.code, 0);
    assert_has(said.out, "generation  2\n");
    assert_has(said.out, "hooks       route\n");
    hookctl_said_fini(&said);
    said = HOOKCTL(server, "--json", "policy", "show", "shop");
    assert_has(said.out, "{\"name\":\"shop\",\"generation\":2,");
    hookctl_said_fini(&said);
    said = HOOKCTL(server, "policy", "show", "shp");
    assert_int_equal(said.code, 1);
    assert_has(said.err, "no policy \"shp\"; did you mean \"shop\"?");
    hookctl_said_fini(&said);
    said = HOOKCTL(server, "policy", "show", "finance");
    assert_string_equal(said.err, "hookctl: there is no policy \"finance\"\n");
    hookctl_said_fini(&said);
}

static void test_retry_says_how_many_events_were_held(void **state)
{
    struct fake_server *server = *state;
    server->answer = "{\"status\":true,\"data\":{\"events\":3}}";
    struct hookctl_said said = HOOKCTL(server, "policy", "retry", "a b");
    assert_has(server->request, "POST /api/v1/policies/a%20b/retry HTTP/1.1");
    assert_string_equal(said.out, "3 held events are planned again\n");
    hookctl_said_fini(&said);
}

static void test_wrong_usage_needs_no_worker(void **state)
{
    static const struct {
        const char *words[8];
        const char *said;
    } lines[] = {
        { { "policy", "test", "x.lua" }, "--event FILE" },
        { { "policy", "shadow", "x" }, "--candidate FILE" },
        { { "policy", "shadow", "x", "--candidate", "x.lua", "--last", "0" }, "from 1 to 1000" },
        { { "policy", "check" }, "a word is missing" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct hookctl_said said = hookctl_run(NULL, lines[i].words);
        assert_int_equal(said.code, 2);
        assert_has(said.err, lines[i].said);
        hookctl_said_fini(&said);
    }
}

#define TEST(function) \
    cmocka_unit_test_setup_teardown(function, fake_server_open, fake_server_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_list_is_a_table),
        TEST(test_one_is_found_by_its_name_or_the_nearest_told),
        TEST(test_retry_says_how_many_events_were_held),
        cmocka_unit_test(test_wrong_usage_needs_no_worker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
