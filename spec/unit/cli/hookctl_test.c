// SPDX-License-Identifier: Apache-2.0
#include "cli/hookctl.h"

#include "cli/families.h"
#include "support_server.h"
#include "support_text.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include <unistd.h>

/** Runs without a server; wrong usage, with `said` on stderr and nothing on stdout. */
static void assert_usage(const char *said, const char *const *words)
{
    struct hookctl_said run = hookctl_run(NULL, words);
    assert_int_equal(run.code, 2);
    assert_has(run.err, said);
    assert_string_equal(run.out, "");
    hookctl_said_fini(&run);
}

#define USAGE(said, ...) assert_usage((said), (const char *const[]){ __VA_ARGS__, NULL })

static void test_wrong_usage_is_exit_2_with_what_was_meant(void **state)
{
    (void)state;
    USAGE("no command", NULL);
    USAGE("unknown command \"merchnt\"; the nearest is \"merchant\"", "merchnt", "list");
    USAGE("unknown command \"creat\"; the nearest is \"create\"", "endpoint", "creat", "9");
    USAGE("unknown option --nam; did you mean --name?", "merchant", "create", "--nam", "x");
    USAGE("unknown option --sockt; did you mean --socket?", "--sockt", "x", "status");
    USAGE("unknown option -x", "status", "-x");
    USAGE("a word is missing\nusage: hookctl merchant show MERCHANT", "merchant", "show");
    USAGE("a word too many", "merchant", "show", "9", "10");
    USAGE("--page needs a value: N", "merchant", "list", "--page");
    USAGE("--json takes no value", "--json=1", "status");
    USAGE("hookctl merchant create", "merchant");
    USAGE("--server needs a key", "--server", "http://127.0.0.1:1", "status");
    USAGE("give a FILE", "send", "9");
    USAGE("--count takes a number", "tail", "--count", "0");
    USAGE("--id takes N", "merchant", "create", "--id", "many");
}

static void test_help_is_everywhere_and_exit_0(void **state)
{
    (void)state;
    struct hookctl_said all = HOOKCTL(NULL, "--help");
    assert_int_equal(all.code, 0);
    for (const struct hk_family *family = hk_families; family->name; family++) {
        assert_has(all.out, family->name);
        struct hookctl_said said = HOOKCTL(NULL, family->name, "--help");
        assert_int_equal(said.code, 0);
        assert_has(said.out, "usage:");
        hookctl_said_fini(&said);
        for (const struct hk_verb *verb = family->verbs; verb->name; verb++) {
            const char *const words[] = { family->name, verb->name[0] ? verb->name : "-h", "-h",
                                          NULL };
            said = hookctl_run(NULL, words);
            assert_int_equal(said.code, 0);
            assert_has(said.out, verb->about);
            assert_string_equal(said.err, "");
            hookctl_said_fini(&said);
        }
    }
    assert_null(strstr(all.out, "replay")); // what is not there yet is not shown
    hookctl_said_fini(&all);
}

static void test_without_hookd_it_says_where_it_looked(void **state)
{
    (void)state;
    struct hookctl_said said = HOOKCTL(NULL, "--socket", "/nowhere/control.sock", "status");
    assert_int_equal(said.code, 1);
    assert_has(said.err, "cannot reach hookd on /nowhere/control.sock");
    hookctl_said_fini(&said);
    said = HOOKCTL(NULL, "--server=http://127.0.0.1:1", "--key", "x", "status");
    assert_int_equal(said.code, 1);
    assert_has(said.err, "no answer from hookd at http://127.0.0.1:1");
    hookctl_said_fini(&said);
}

static void test_errors_of_the_server_are_told_field_by_field(void **state)
{
    struct fake_server *server = *state;
    server->status = "422 Unprocessable";
    server->answer = "{\"status\":false,\"message\":\"The given data was invalid.\",\"errors\":"
                     "{\"url\":[\"The url must be valid.\",\"Again.\"],\"name\":[\"Too long.\"]}}";
    struct hookctl_said said = HOOKCTL(server, "endpoint", "create", "9", "--url", "x");
    assert_int_equal(said.code, 1);
    assert_string_equal(said.err, "hookctl: 422 The given data was invalid.\n"
                                  "hookctl:   url: The url must be valid.\n"
                                  "hookctl:   url: Again.\n"
                                  "hookctl:   name: Too long.\n");
    assert_string_equal(said.out, "");
    hookctl_said_fini(&said);
    said = HOOKCTL(server, "endpoint", "create", "9", "--json");
    assert_int_equal(said.code, 1);
    assert_has(said.out, "{\"status\":false");
    hookctl_said_fini(&said);
}

static void test_json_gives_the_bytes_of_the_server(void **state)
{
    struct fake_server *server = *state;
    server->answer = "{\"data\": {\"total\":0.10}}";
    struct hookctl_said said = HOOKCTL(server, "merchant", "show", "9", "--json");
    assert_int_equal(said.code, 0);
    assert_string_equal(said.out, "{\"data\": {\"total\":0.10}}\n");
    assert_has(server->request, "GET /api/v1/merchants/9 HTTP/1.1\r\n");
    hookctl_said_fini(&said);
}

static void test_options_become_the_fields_of_the_body(void **state)
{
    struct fake_server *server = *state;
    struct hookctl_said said =
        HOOKCTL(server, "endpoint", "update", "9", "0b7e", "--events", "a, b", "--enabled", "no",
                "--header", "X-One: 1: 2", "--header=X-Two:", "--label", "a=b=c", "--rate-limit",
                "0.5", "--attempts", "4", "--schedule", "100,200", "--description", "null",
                "--no-retry-statuses", "404,410", "--auth", "basic:me:pass:word");
    assert_int_equal(said.code, 0);
    assert_has(server->request, "PATCH /api/v1/merchants/9/webhooks/0b7e HTTP/1.1\r\n");
    assert_has(server->request, "Content-Type: application/json\r\n");
    assert_has(strstr(server->request, "\r\n\r\n"),
               "{\"events\":[\"a\",\"b\"],\"enabled\":false,"
               "\"headers\":{\"X-One\":\"1: 2\",\"X-Two\":\"\"},\"labels\":{\"a\":\"b=c\"},"
               "\"rate_limit\":0.5,\"attempts\":4,\"schedule\":[100,200],\"description\":null,"
               "\"no_retry_statuses\":[404,410],"
               "\"auth\":{\"type\":\"basic\",\"user\":\"me\",\"password\":\"pass:word\"}}");
    hookctl_said_fini(&said);
}

static void test_words_cannot_leave_their_place_in_the_path(void **state)
{
    struct fake_server *server = *state;
    struct hookctl_said said = HOOKCTL(server, "merchant", "delete", "../a?b#c d%");
    assert_has(server->request, "DELETE /api/v1/merchants/%2E%2E%2Fa%3Fb%23c%20d%25 HTTP/1.1");
    assert_string_equal(said.out, "../a?b#c d% deleted\n");
    hookctl_said_fini(&said);
}

static void test_lists_are_tables_that_say_when_there_is_more(void **state)
{
    struct fake_server *server = *state;
    server->answer = "{\"data\":[{\"id\":9,\"name\":\"Shop\",\"verified\":true,\"policy\":null,"
                     "\"created_at\":\"T\"},{\"id\":10,\"name\":\"\xe6\x97\xa5\\u001b[31m\","
                     "\"verified\":false,\"policy\":\"p\",\"created_at\":\"T\"}],"
                     "\"meta\":{\"current_page\":2,\"last_page\":3,\"total\":41}}";
    struct hookctl_said said = HOOKCTL(server, "merchant", "list", "--page", "2", "--per-page=2");
    assert_has(server->request, "GET /api/v1/merchants?page=2&per_page=2 HTTP/1.1");
    assert_string_equal(said.out, "ID  NAME     VERIFIED  POLICY  CREATED\n"
                                  " 9  Shop     true      -       T\n"
                                  "10  \xe6\x97\xa5?[31m  false     p       T\n"
                                  "page 2 of 3, 41 in all; --page N shows another\n");
    hookctl_said_fini(&said);
}

static void test_an_answer_that_is_not_hookds_is_a_failure(void **state)
{
    struct fake_server *server = *state;
    static const char *const answers[] = { "", "<html>", "[]", "{\"data\":[" };
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        server->answer = answers[i];
        struct hookctl_said said = HOOKCTL(server, "merchant", "list");
        assert_int_equal(said.code, 1);
        assert_has(said.err, "is that hookd?");
        assert_string_equal(said.out, "");
        hookctl_said_fini(&said);
    }
}

static void test_a_body_may_hold_what_no_number_type_can(void **state)
{
    struct fake_server *server = *state;
    server->answer = "{\"data\":{\"id\":\"0198\",\"body\":{\"a\":123456789012345678901234567890,"
                     "\"b\":1e999,\"c\":\"\\u0000\"},\"state\":\"planned\"}}";
    struct hookctl_said said = HOOKCTL(server, "event", "show", "0198");
    assert_int_equal(said.code, 0);
    assert_has(said.out, "state     planned\n");
    assert_has(said.out, "{\"a\":123456789012345678901234567890,\"b\":1e999,\"c\":\"\\u0000\"}\n");
    hookctl_said_fini(&said);
}

static void test_a_key_is_shown_with_the_advice_on_stderr(void **state)
{
    struct fake_server *server = *state;
    server->answer = "{\"data\":{\"id\":\"1\",\"key\":\"hkm_x\"}}";
    struct hookctl_said said = HOOKCTL(server, "key", "create", "9");
    assert_string_equal(said.out, "id   1\nkey  hkm_x\n");
    assert_has(said.err, "this once");
    assert_has(server->request, "POST /api/v1/merchants/9/keys HTTP/1.1");
    hookctl_said_fini(&said);
}

static void test_an_event_is_sent_byte_for_byte(void **state)
{
    struct fake_server *server = *state;
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/event.json", server->folder);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_true(fputs(" { \"total\" : 0.10 }\n", file) >= 0);
    (void)fclose(file);
    server->answer = "{\"data\":{\"id\":\"0198\"}}";
    struct hookctl_said said = HOOKCTL(server, "send", "9", path, "--idempotency-key", "k",
                                       "--order-key", "o", "--deliver-before", "t");
    assert_string_equal(said.out, "0198\n");
    assert_has(server->request, "POST /api/v1/merchants/9/events HTTP/1.1\r\n");
    assert_has(server->request, "\r\nIdempotency-Key: k\r\n");
    assert_has(server->request, "\r\nX-Hookd-Key: o\r\n");
    assert_has(server->request, "\r\nX-Hookd-Deliver-Before: t\r\n");
    assert_has(server->request, "\r\n\r\n { \"total\" : 0.10 }\n");
    hookctl_said_fini(&said);
    said = HOOKCTL(server, "send", "9", path, "--event", "a.b");
    assert_has(server->request, "\r\n\r\n{\"event\":\"a.b\", \"total\" : 0.10 }");
    hookctl_said_fini(&said);
    said = HOOKCTL(server, "send", "9", "--event", "ping");
    assert_has(server->request, "\r\n\r\n{\"event\":\"ping\"}");
    hookctl_said_fini(&said);
    assert_int_equal(unlink(path), 0);
    said = HOOKCTL(server, "send", "9", path);
    assert_int_equal(said.code, 1);
    assert_has(said.err, "event.json: No such file");
    hookctl_said_fini(&said);
}

static void test_an_event_is_shown_as_a_timeline(void **state)
{
    struct fake_server *server = *state;
    server->answer =
        "{\"data\":{\"id\":\"0198\",\"event\":\"approved\",\"merchant_id\":9,\"state\":\"planned\","
        "\"reason\":null,\"error\":null,\"key\":null,\"received_at\":\"T0\",\"body\":{\"a\":1.10},"
        "\"deliveries\":[{\"id\":\"0198.1\",\"webhook\":\"u1\",\"url\":\"https://x/\",\"role\":"
        "\"primary\",\"state\":\"waiting\",\"reason\":null,\"next_attempt_at\":\"T2\",\"attempts\":"
        "[{\"number\":1,\"started_at\":\"T1\",\"status\":503,\"outcome\":\"status\",\"error\":null,"
        "\"timings_ms\":{\"total\":12.25}}]},{\"id\":\"0198.2\",\"webhook\":\"u2\",\"url\":null,"
        "\"role\":\"audit\",\"state\":\"dead\",\"reason\":\"attempts_spent\",\"next_attempt_at\":"
        "null,\"attempts\":[]}]}}";
    struct hookctl_said said = HOOKCTL(server, "event", "show", "0198");
    assert_has(server->request, "GET /api/v1/events/0198 HTTP/1.1");
    assert_has(said.out, "event     0198\ntype      approved\nmerchant  9\nstate     planned\n"
                         "received  T0\n\nwaiting  primary  https://x/  u1\n  T1 ");
    assert_has(said.out, "attempt 1   503  status         12.2 ms\n  T2  next attempt\n");
    assert_has(said.out, "\ndead (attempts_spent)  audit  its endpoint is gone  u2\n");
    assert_has(said.out, "\n\n{\"a\":1.10}\n");
    hookctl_said_fini(&said);
}

static void test_a_tail_prints_a_line_an_attempt(void **state)
{
    struct fake_server *server = *state;
    server->answer = "{\"at\":\"T1\",\"event\":\"0198\",\"type\":\"approved\",\"merchant_id\":9,"
                     "\"endpoint\":\"u1\",\"attempt\":1,\"status\":503,\"outcome\":\"status\","
                     "\"state\":\"waiting\",\"reason\":\"\",\"delay_ms\":9500,\"total_ms\":1.5}\n"
                     "\n{\"dropped\":3}\nnot json\n"
                     "{\"at\":\"T2\",\"event\":\"0198\",\"type\":\"approved\",\"merchant_id\":9,"
                     "\"endpoint\":\"u1\",\"attempt\":2,\"status\":null,\"outcome\":\"timeout\","
                     "\"state\":\"dead\",\"reason\":\"gave_up\",\"total_ms\":10000}\n"
                     "{\"at\":\"T3\",\"event\":\"0198\"}\n";
    struct hookctl_said said = HOOKCTL(server, "tail", "--count", "2");
    assert_int_equal(said.code, 0);
    assert_has(said.out, "#1   503             1.5 ms  waiting  for 9.5 s\n");
    assert_has(said.out, "#2   timeout     10000.0 ms  dead  gave_up\n");
    assert_null(strstr(said.out, "T3"));
    assert_string_equal(said.err, "hookctl: 3 attempts left out: this reader is too slow\n");
    hookctl_said_fini(&said);
    said = HOOKCTL(server, "tail", "--json");
    assert_int_equal(said.code, 1);
    assert_has(said.err, "hookd ended the stream");
    assert_has(said.out, "\"delay_ms\":9500,\"total_ms\":1.5}\n{\"dropped\":3}\n");
    hookctl_said_fini(&said);
}

static void test_status_says_what_its_figures_mean(void **state)
{
    struct fake_server *server = *state;
    server->answer = "{\"data\":{\"version\":\"1.0\",\"events_accepted\":12,\"new_figure\":3}}";
    struct hookctl_said said = HOOKCTL(server, "status");
    assert_string_equal(said.out, "FIGURE           VALUE\nversion            1.0\n"
                                  "events accepted     12\nnew_figure           3\n");
    hookctl_said_fini(&said);
}

static void test_a_key_is_sent_to_a_server_and_read_from_a_file(void **state)
{
    struct fake_server *server = *state;
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/key", server->folder);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    (void)fclose(file);
    struct hookctl_said said =
        HOOKCTL(NULL, "--server", "http://127.0.0.1:1", "--key-file", path, "status");
    assert_int_equal(said.code, 1);
    assert_has(said.err, "there is no key in it");
    hookctl_said_fini(&said);
    assert_int_equal(unlink(path), 0);
}

#define TEST(function) \
    cmocka_unit_test_setup_teardown(function, fake_server_open, fake_server_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_usage_is_exit_2_with_what_was_meant),
        cmocka_unit_test(test_help_is_everywhere_and_exit_0),
        cmocka_unit_test(test_without_hookd_it_says_where_it_looked),
        TEST(test_errors_of_the_server_are_told_field_by_field),
        TEST(test_json_gives_the_bytes_of_the_server),
        TEST(test_options_become_the_fields_of_the_body),
        TEST(test_words_cannot_leave_their_place_in_the_path),
        TEST(test_lists_are_tables_that_say_when_there_is_more),
        TEST(test_an_answer_that_is_not_hookds_is_a_failure),
        TEST(test_a_body_may_hold_what_no_number_type_can),
        TEST(test_a_key_is_shown_with_the_advice_on_stderr),
        TEST(test_an_event_is_sent_byte_for_byte),
        TEST(test_an_event_is_shown_as_a_timeline),
        TEST(test_a_tail_prints_a_line_an_attempt),
        TEST(test_status_says_what_its_figures_mean),
        TEST(test_a_key_is_sent_to_a_server_and_read_from_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
