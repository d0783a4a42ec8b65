// SPDX-License-Identifier: Apache-2.0
#include "deliver/sender.h"

#include "support_server.h"
#include "support_stage.h"

#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct server_reply replies[] = {
    { "/ok", STAGE_OK, SERVER_KEEP },
    { NULL, NULL, SERVER_KEEP },
};

static int set_up(void **state)
{
    return stage_open(state, replies);
}

static void test_the_environments_proxy_is_ignored(void **state)
{
    struct stage *stage = *state;
    assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1/", 1), 0);
    assert_int_equal(setenv("all_proxy", "http://127.0.0.1:1/", 1), 0);
    struct hk_outcome outcome = fixture_try(stage->fixture, stage_url(stage, "/ok"), STAGE_LONG_MS);
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
        ("127\xe3\x80\x82"
         "0.0.1"),
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
        struct hk_outcome outcome = fixture_try(fixture, url, STAGE_LONG_MS);
        if (outcome.class != HK_OUTCOME_DENIED)
            fail_msg("%s: %s", url, hk_outcome_word(outcome.class));
        assert_string_equal(fixture_error(&outcome), "could not connect");
        fixture_forget(&outcome);
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
    struct hk_outcome outcome = fixture_try(fixture, stage_url(stage, "/ok"), STAGE_LONG_MS);
    assert_int_equal(outcome.class, HK_OUTCOME_DENIED);
    assert_int_equal(server_connection_count(stage->server), 0);
    fixture_forget(&outcome);
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
    struct hk_outcome outcome = fixture_try(fixture, stage_url(stage, "/ok"), STAGE_LONG_MS);
    assert_int_equal(outcome.class, HK_OUTCOME_DENIED);
    assert_int_equal(server_connection_count(stage->server), 0);
    fixture_forget(&outcome);
    fixture_stop(fixture);
    fixture_options_fini(&options);
}

static void test_http_is_denied_unless_it_is_allowed(void **state)
{
    struct stage *stage = *state;
    struct hk_deliver_options options = fixture_options();
    options.allow_http = false;
    struct fixture *fixture = fixture_start(&options, 0);
    struct hk_outcome outcome = fixture_try(fixture, stage_url(stage, "/ok"), STAGE_LONG_MS);
    assert_int_equal(outcome.class, HK_OUTCOME_DENIED);
    assert_int_equal(server_connection_count(stage->server), 0);
    fixture_forget(&outcome);
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
        struct hk_outcome outcome = fixture_try(stage->fixture, urls[i], STAGE_LONG_MS);
        if (outcome.class != HK_OUTCOME_INTERNAL && outcome.class != HK_OUTCOME_DENIED)
            fail_msg("%s: %s", urls[i], hk_outcome_word(outcome.class));
        fixture_forget(&outcome);
    }
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_environments_proxy_is_ignored, set_up,
                                        stage_close),
        cmocka_unit_test_setup_teardown(
            test_a_denied_target_is_never_dialled_and_reads_like_an_unreachable_one, set_up,
            stage_close),
        cmocka_unit_test_setup_teardown(test_an_own_port_is_never_dialled_also_on_allowed_networks,
                                        set_up, stage_close),
        cmocka_unit_test_setup_teardown(test_a_port_that_is_not_allowed_is_never_dialled, set_up,
                                        stage_close),
        cmocka_unit_test_setup_teardown(test_http_is_denied_unless_it_is_allowed, set_up,
                                        stage_close),
        cmocka_unit_test_setup_teardown(test_urls_that_are_none_end_as_internal, set_up,
                                        stage_close),
        cmocka_unit_test_setup_teardown(test_a_bad_network_or_ca_file_is_refused, set_up,
                                        stage_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
