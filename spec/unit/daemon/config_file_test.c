// SPDX-License-Identifier: Apache-2.0
#include "support_config.h"

#include "base/alloc.h"
#include "daemon/option.h"
#include "daemon/text_file.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define STATE "state_dir = \"@STATE@\", "

static void assert_says(const struct config_case *made, const char *text)
{
    if (strstr(made->fault.text, text) == NULL)
        fail_msg("wanted \"%s\" in \"%s\"", text, made->fault.text);
}

/** Loads `text`, which must be refused with `said` somewhere in the fault. */
static void assert_refused(struct config_case *made, const char *text, const char *said)
{
    int code = config_case_load(made, text);
    if (code >= 0)
        fail_msg("accepted: %s", text);
    assert_true(code == HK_EINVAL || code == HK_ESYNTAX);
    assert_int_equal(made->fault.code, code);
    assert_says(made, said);
}

/** Writes a config in which `option` has a value: on line 3, behind a comment and a blank line. */
static void option_text(const struct hk_option *option, const char *value, char text[512])
{
    const char *name = hk_option_name(option);
    int section_size = (int)(name - option->path) - 1;
    if (section_size > 0)
        (void)snprintf(text, 512, "-- x = 1\n\nreturn { %.*s = { %s = %s }, " STATE "}",
                       section_size, option->path, name, value);
    else
        (void)snprintf(text, 512, "-- x = 1\n\nreturn { %s = %s, %s }", name, value,
                       strcmp(name, "state_dir") == 0 ? "" : STATE);
}

static void test_an_empty_table_is_a_config_of_all_defaults(void **state)
{
    struct config_case *made = *state;
    assert_int_equal(config_case_load(made, "return { " STATE "}"), 0);
    const struct hk_config *config = &made->config;
    assert_string_equal(config->run_dir, "/run/hookd");
    assert_string_equal(config->policy_dir, "/etc/hookd/policies");
    assert_string_equal(config->lib_dir, "/usr/share/hookd/lib");
    assert_string_equal(config->tables_dir, "/etc/hookd/tables");
    assert_string_equal(config->plugin_dir, "/usr/lib/hookd/plugins");
    assert_int_equal(config->listen.count, 1);
    assert_string_equal(config->listen.items[0], "127.0.0.1:8410");
    assert_false(config->listen_plain);
    assert_string_equal(config->public_url, "http://127.0.0.1:8410");
    assert_int_equal(config->engine.attempts, 3);
    assert_int_equal(config->engine.schedule, HK_PRESET_POINTS);
    assert_int_equal(config->engine.timeout_ms, 10000);
    assert_int_equal(config->engine.concurrency, 256);
    assert_int_equal(config->deliver.concurrency, 256);
    assert_int_equal(config->engine.endpoint_concurrency, 16);
    assert_int_equal(config->engine.retry_after_max_ms, 86400000);
    assert_false(config->deliver.allow_http);
    assert_int_equal(config->deliver.allow_networks.count, 0);
    assert_int_equal(config->deliver.allow_port_count, 4);
    assert_int_equal(config->deliver.allow_ports[3], 8443);
    assert_null(config->deliver.ca_file);
    assert_null(config->deliver.proxy);
    assert_int_equal(config->deliver.threads, 0);
    assert_int_equal(config->deliver.connections_max, 4096);
    assert_int_equal(config->deliver.response_bytes_max, 65536);
}

static void test_the_other_sections_have_their_defaults_too(void **state)
{
    struct config_case *made = *state;
    assert_int_equal(config_case_load(made, "return { " STATE "}"), 0);
    const struct hk_config *config = &made->config;
    assert_int_equal(config->policy.time_ms_max, 10);
    assert_int_equal(config->policy.memory_bytes_max, 8388608);
    assert_int_equal(config->policy.kill_ms, 1000);
    assert_int_equal(config->policy.on_error, HK_POLICY_HOLD);
    assert_int_equal(config->policy.workers, 0);
    assert_int_equal(config->body_bytes_max, 1048576);
    assert_int_equal(config->plan_bytes_max, 4194304);
    assert_int_equal(config->engine.pending_max, 10000000);
    assert_int_equal(config->engine.merchant_pending_max, 1000000);
    assert_int_equal(config->engine.merchant_endpoints_max, 50);
    assert_int_equal(config->engine.body_cache_bytes_max, 128 << 20);
    assert_int_equal(config->history_days, 30);
    assert_int_equal(config->history_bodies_days, 7);
    assert_int_equal(config->history_bytes_max, UINT64_C(20) << 30);
    assert_false(config->has_event_types);
    assert_int_equal(config->shutdown_ms, 15000);
    assert_int_equal(config->log_level, HK_LOG_INFO);
    assert_int_equal(config->log_format, HK_LOG_LOGFMT);
    assert_false(config->has_plugins);
}

/** A value that no option of this type takes. */
static const char *wrong_value(enum hk_option_type type)
{
    switch (type) {
    case HK_OPTION_PATH:
    case HK_OPTION_FILE:
    case HK_OPTION_URL:
    case HK_OPTION_WORD:
    case HK_OPTION_SECRET:
        return "true";
    case HK_OPTION_BOOL:
        return "1";
    default:
        return "\"x\"";
    }
}

static void test_every_option_refuses_a_wrong_type_with_its_line(void **state)
{
    uint32_t count;
    const struct hk_option *options = hk_options(&count);
    for (uint32_t i = 0; i < count; i++) {
        char text[512], said[160];
        option_text(&options[i], wrong_value(options[i].type), text);
        (void)snprintf(said, sizeof(said), "/hookd.lua:3: %s: must be ", options[i].path);
        assert_refused(*state, text, said);
        option_text(&options[i], "function() end", text);
        assert_refused(*state, text, said);
    }
}

static bool is_number(const struct hk_option *option)
{
    return option->type == HK_OPTION_UINT32 || option->type == HK_OPTION_UINT64 ||
           option->type == HK_OPTION_SECONDS || option->type == HK_OPTION_BYTES32 ||
           option->type == HK_OPTION_BYTES64;
}

static void assert_bound(struct config_case *made, const struct hk_option *option, int64_t value,
                         bool is_good)
{
    char text[512], number[32];
    (void)snprintf(number, sizeof(number), "%" PRId64, value);
    option_text(option, number, text);
    if (is_good && config_case_load(made, text) < 0)
        fail_msg("%s = %s: %s", option->path, number, made->fault.text);
    else if (!is_good)
        assert_refused(made, text, option->path);
}

static void test_every_number_is_held_to_its_range(void **state)
{
    uint32_t count, seen = 0;
    const struct hk_option *options = hk_options(&count);
    for (uint32_t i = 0; i < count; i++) {
        if (!is_number(&options[i]))
            continue;
        char text[512];
        seen++;
        assert_bound(*state, &options[i], (int64_t)options[i].min, true);
        assert_bound(*state, &options[i], (int64_t)options[i].max, true);
        assert_bound(*state, &options[i], (int64_t)options[i].min - 1, false);
        assert_bound(*state, &options[i], (int64_t)options[i].max + 1, false);
        option_text(&options[i], "2.5", text);
        assert_refused(*state, text, "not 2.5");
        option_text(&options[i], "0/0", text);
        assert_refused(*state, text, options[i].path);
    }
    assert_true(seen >= 20);
}

static void test_sizes_are_numbers_or_have_a_unit(void **state)
{
    struct config_case *made = *state;
    assert_int_equal(
        config_case_load(made, "return { " STATE
                               "history = { bytes_max = '3T' }, limits = { body_bytes_max = '64k', "
                               "plan_bytes_max = '2048', body_cache_bytes_max = 5e6 } }"),
        0);
    assert_int_equal(made->config.history_bytes_max, UINT64_C(3) << 40);
    assert_int_equal(made->config.body_bytes_max, 65536);
    assert_int_equal(made->config.plan_bytes_max, 2048);
    assert_int_equal(made->config.engine.body_cache_bytes_max, 5000000);
    static const char *const bad[] = { "'20X'",         "'G'",   "''",    "'-1'",
                                       "'1.5G'",        "' 1G'", "'1GB'", "'99999999999999999999'",
                                       "'99999999999T'" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char text[128];
        (void)snprintf(text, sizeof(text), "return { history = { bytes_max = %s } }", bad[i]);
        assert_refused(made, text, "history.bytes_max: must be a size");
    }
}

static void test_a_number_in_quotes_is_no_number(void **state)
{
    assert_refused(*state, "return { shutdown_ms = '100' }", "must be a whole number");
}

static void test_unknown_keys_name_the_nearest_and_their_line(void **state)
{
    assert_refused(*state, "return {\n  deliver = {\n    atempts = 3,\n  },\n}",
                   "hookd.lua:3: deliver.atempts: unknown key; the nearest known is "
                   "\"deliver.attempts\"");
    assert_refused(*state, "return {\n listne = {} }",
                   ":2: listne: unknown key; the nearest known is \"listen\"");
    assert_refused(*state, "return { delivr = {} }", "the nearest known is \"deliver\"");
    assert_refused(*state, "return { body_bytes_max = 5 }",
                   "the nearest known is \"limits.body_bytes_max\"");
    assert_refused(*state, "return { limits = { timeout_ms = 5 } }",
                   "the nearest known is \"deliver.timeout_ms\"");
    assert_refused(*state, "return { 'x' }", "a list entry where only keys are known");
    assert_refused(*state, "return { deliver = 5 }", "deliver: must be a table, not a number");
}

static void test_all_faults_are_told_in_the_order_of_lines(void **state)
{
    struct hk_config_faults faults;
    int code =
        config_case_check(*state,
                          "return { " STATE "\n  log = { level = 'loud' },\n  shutdown_ms = -1,\n"
                          "  deliver = { attempts = 99,\n    schedule = 'never' },\n}",
                          &faults);
    assert_int_equal(code, HK_EINVAL);
    assert_int_equal(faults.wrong_count, 4);
    assert_int_equal(faults.items[0].line, 1);
    assert_true(faults.items[0].is_note);
    static const uint32_t lines[] = { 2, 3, 4, 5 };
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(faults.items[faults.count - 4 + i].line, lines[i]);
    assert_non_null(strstr(faults.items[faults.count - 4].text,
                           "must be \"debug\", \"info\", \"warn\" or \"error\", not \"loud\""));
    hk_config_faults_fini(&faults);
    assert_refused(*state, "return { shutdown_ms = -1, log = { level = 1 } }", "(and 1 more)");
}

static void test_words_addresses_networks_and_ports_are_read(void **state)
{
    struct config_case *made = *state;
    assert_int_equal(config_case_load(made,
                                      "return { " STATE "listen = { '127.0.0.1:0', '[::1]:8080' },"
                                      "public_url = 'https://hooks.example/',"
                                      "deliver = { schedule = 'standard', allow_ports = 'all',"
                                      "allow_networks = { '10.0.0.0/8', 'fd00::/8' },"
                                      "proxy = 'http://proxy.example:3128' },"
                                      "log = { level = 'debug', format = 'json' },"
                                      "policy = { on_error = 'default' },"
                                      "event_types = { 'approved', 'a.b_1' },"
                                      "plugins = { signer_points = {} } }"),
                     0);
    const struct hk_config *config = &made->config;
    assert_string_equal(config->listen.items[1], "[::1]:8080");
    assert_string_equal(config->public_url, "https://hooks.example");
    assert_int_equal(config->engine.schedule, HK_PRESET_STANDARD);
    assert_null(config->deliver.allow_ports);
    assert_int_equal(config->deliver.allow_networks.count, 2);
    assert_string_equal(config->deliver.proxy, "http://proxy.example:3128");
    assert_int_equal(config->log_level, HK_LOG_DEBUG);
    assert_int_equal(config->log_format, HK_LOG_JSON);
    assert_int_equal(config->policy.on_error, HK_POLICY_DEFAULT);
    assert_true(config->has_event_types);
    assert_int_equal(config->event_types.count, 2);
    assert_true(config->has_plugins);
    assert_string_equal(config->plugins.items[0], "signer_points");
}

static void test_bad_entries_of_lists_are_named(void **state)
{
    assert_refused(*state, "return { listen = { '127.0.0.1:1', 'localhost:80' } }", "listen[2]: ");
    assert_refused(*state, "return { listen = {} }", "1 to 16 entries, not 0");
    assert_refused(*state, "return { listen = { '127.0.0.1:1', nil, '127.0.0.1:2' } }", "listen: ");
    assert_refused(*state, "return { deliver = { allow_networks = { '10.0.0.0/33' } } }",
                   "deliver.allow_networks[1]: must be a network");
    assert_refused(*state, "return { deliver = { allow_ports = { 80, 70000 } } }",
                   "deliver.allow_ports[2]: must be a whole number from 1 to 65535, not 70000");
    assert_refused(*state, "return { deliver = { allow_ports = { 0 } } }", "allow_ports[1]");
    assert_refused(*state, "return { event_types = { 'UPPER' } }", "event_types[1]");
    assert_refused(*state, "return { plugins = { signer_other = {} } }", "unknown plugin");
    assert_refused(*state, "return { plugins = { signer_points = 5 } }", "plugins.signer_points");
    assert_refused(*state, "return { public_url = 'ftp://x' }", "public_url: must be \"http://");
    assert_refused(*state, "return { state_dir = 'a\\0b' }", "zero bytes");
    assert_refused(*state, "return { deliver = { ca_file = '/nowhere/ca.pem' } }",
                   "/nowhere/ca.pem cannot be read");
}

static void test_plain_http_beyond_loopback_must_be_asked_for(void **state)
{
    struct config_case *made = *state;
    static const char *const open[] = { "0.0.0.0:80", "192.0.2.1:80", "[::]:80",
                                        "[2001:db8::1]:1" };
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        char text[160];
        (void)snprintf(text, sizeof(text), "return { " STATE "\nlisten = { '%s' } }", open[i]);
        assert_refused(made, text, "hookd.lua:2: listen[1]: ");
        assert_says(made, "listen_plain = true");
        (void)snprintf(text, sizeof(text),
                       "return { " STATE "listen_plain = true, listen = { '%s' } }", open[i]);
        assert_int_equal(config_case_load(made, text), 0);
    }
}

static void test_a_start_makes_its_keys_once_and_keeps_them(void **state)
{
    struct config_case *made = *state;
    char path[160];
    struct stat about;
    uint8_t first[32];
    assert_int_equal(config_case_load(made, "return { " STATE "}"), 0);
    assert_int_equal(made->config.platform_keys.count, 1);
    assert_int_equal(strlen(made->config.platform_keys.items[0]), 64);
    memcpy(first, made->config.secret_key, sizeof(first));
    (void)snprintf(path, sizeof(path), "%s/keys", made->folder);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0700);
    (void)snprintf(path, sizeof(path), "%s/keys/secret.key", made->folder);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    assert_int_equal(config_case_load(made, "return { " STATE "}"), 0);
    assert_memory_equal(made->config.secret_key, first, sizeof(first));
}

static void test_a_check_creates_nothing_and_notes_what_is_missing(void **state)
{
    struct config_case *made = *state;
    struct hk_config_faults faults;
    char path[160];
    struct stat about;
    assert_int_equal(config_case_check(made, "return { " STATE "}", &faults), 0);
    assert_int_equal(faults.wrong_count, 0);
    assert_int_equal(faults.count, 2);
    assert_non_null(strstr(faults.items[0].text, "\"platform.key\" is not there yet"));
    hk_config_faults_fini(&faults);
    (void)snprintf(path, sizeof(path), "%s/keys", made->folder);
    assert_int_equal(stat(path, &about), -1);
    assert_int_equal(hk_config_load(made->path, false, &made->config, &made->fault), HK_EINVAL);
    assert_says(made, "\"platform.key\" is not there yet");
}

static void test_a_config_with_faults_creates_no_keys(void **state)
{
    struct config_case *made = *state;
    char path[160];
    struct stat about;
    assert_refused(made, "return { " STATE "shutdown_ms = -1 }", "shutdown_ms");
    assert_refused(made, "return { " STATE "secret_key = 'short' }", "secret_key");
    assert_refused(made, "return { " STATE "platform_keys = { 'short' } }", "platform_keys");
    (void)snprintf(path, sizeof(path), "%s/keys", made->folder);
    assert_int_equal(stat(path, &about), -1);
}

static void test_secrets_come_from_text_file_environment_and_systemd(void **state)
{
    struct config_case *made = *state;
    static const char hex[] = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF\n";
    static const char platform[] = "a platform key of thirty-two chars";
    config_case_write(made, "hex", hex, sizeof(hex) - 1);
    config_case_write(made, "given", platform, sizeof(platform) - 1);
    (void)setenv("HK_TEST_KEY", "0123456789abcdef0123456789abcdef", 1);
    (void)setenv("CREDENTIALS_DIRECTORY", made->folder, 1);
    int code = config_case_load(made, "return { " STATE "secret_key = file('hex'), platform_keys = "
                                      "{ env('HK_TEST_KEY'), credential('given') } }");
    (void)unsetenv("CREDENTIALS_DIRECTORY");
    assert_int_equal(code, 0);
    assert_int_equal(made->config.secret_key[1], 0x11);
    assert_int_equal(made->config.secret_key[31], 0xff);
    assert_int_equal(made->config.platform_keys.count, 2);
    assert_string_equal(made->config.platform_keys.items[1], platform);
}

static void test_no_fault_shows_a_secret(void **state)
{
    static const char *const texts[] = {
        "return { secret_key = 'hunter2hunter2' }",
        "return { secret_key = \"hunter2hunter2 }",
        "return { secret_key = hunter2hunter2hunter2hunter2hunter2hunter2 }",
        "return { secret_key = 1hunter2 }",
        "return { secret_key = 'hunter2' 'hunter2' }",
        "return { secret_key = [[hunter2]] [[hunter2]] }",
        "return { secret_key = 'hunter2' + 1 }",
        "return { platform_keys = { 'hunter2' } }",
        "return { platform_keys = 'hunter2' }",
        "return { platform_keys = { { 'hunter2' } } }",
        "return { deliver = { proxy = 'user:hunter2@x' } }",
        "return { [ 'hunter2 =' ] = 1 }",
    };
    struct config_case *made = *state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_true(config_case_load(made, texts[i]) < 0);
        if (strstr(made->fault.text, "hunter2"))
            fail_msg("shown: %s", made->fault.text);
    }
}

static void test_a_secret_key_is_64_hex_digits(void **state)
{
    assert_refused(*state, "return { " STATE "secret_key = '0011' }", "must be 64 hex digits");
    assert_refused(*state,
                   "return { " STATE "secret_key = "
                   "'0g112233445566778899aabbccddeeff00112233445566778899aabbccddeeff' }",
                   "must be 64 hex digits");
    assert_refused(*state, "return { " STATE "platform_keys = { ('%s'):rep(3) } }", "attempt to");
    assert_refused(*state,
                   "return { " STATE "platform_keys = { 'tab\\tin the middle of a key 32' } }",
                   "platform_keys[1]: must be at least 32 printable");
    assert_refused(*state, "return { state_dir = credential('x') }",
                   "state_dir: must be the path of a folder, not a credential");
}

static void test_a_config_that_cannot_be_read_is_a_fault(void **state)
{
    struct config_case *made = *state;
    assert_int_equal(hk_config_load("/nowhere/hookd.lua", true, &made->config, &made->fault),
                     HK_EINVAL);
    assert_string_equal(made->fault.text, "/nowhere/hookd.lua: No such file or directory");
    assert_refused(made, "return {\n\n  a = = 1 }", "hookd.lua:3: unexpected symbol near '='");
    assert_refused(made, "return 5", "a config returns a table, not a number");
}

static void test_the_example_shows_every_default(void **state)
{
    struct config_case *made = *state;
    struct hk_bytes text = { 0 };
    struct config_case plain = { 0 };
    memcpy(plain.folder, made->folder, sizeof(plain.folder));
    memcpy(plain.path, made->path, sizeof(plain.path));
    config_case_read_source("packaging/config/hookd.lua", &text);
    char *line = strstr(text.at, "\"/var/lib/hookd\"");
    assert_non_null(line);
    struct hk_bytes edited = { 0 };
    assert_int_equal(hk_bytes_append(&edited, text.at, (size_t)(line - text.at)), 0);
    assert_int_equal(hk_bytes_append_text(&edited, "\"@STATE@\""), 0);
    assert_int_equal(hk_bytes_append_text(&edited, line + strlen("\"/var/lib/hookd\"")), 0);
    assert_int_equal(hk_bytes_append(&edited, "", 1), 0);
    assert_int_equal(config_case_load(made, edited.at), 0);
    assert_int_equal(config_case_load(&plain, "return { " STATE "}"), 0);
    // Everything but what is behind pointers; those are compared where they are lists of one.
    assert_memory_equal(&made->config.engine, &plain.config.engine, sizeof(plain.config.engine));
    assert_memory_equal(&made->config.policy, &plain.config.policy, sizeof(plain.config.policy));
    assert_int_equal(made->config.history_bytes_max, plain.config.history_bytes_max);
    assert_int_equal(made->config.history_days, plain.config.history_days);
    assert_int_equal(made->config.history_bodies_days, plain.config.history_bodies_days);
    assert_int_equal(made->config.body_bytes_max, plain.config.body_bytes_max);
    assert_int_equal(made->config.plan_bytes_max, plain.config.plan_bytes_max);
    assert_int_equal(made->config.deliver.connections_max, plain.config.deliver.connections_max);
    assert_int_equal(made->config.shutdown_ms, plain.config.shutdown_ms);
    assert_int_equal(made->config.deliver.response_bytes_max,
                     plain.config.deliver.response_bytes_max);
    hk_config_fini(&plain.config);
    hk_bytes_fini(&edited);
    hk_bytes_fini(&text);
}

#define TEST(function) \
    cmocka_unit_test_setup_teardown(function, config_case_open, config_case_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_empty_table_is_a_config_of_all_defaults),
        TEST(test_the_other_sections_have_their_defaults_too),
        TEST(test_every_option_refuses_a_wrong_type_with_its_line),
        TEST(test_every_number_is_held_to_its_range),
        TEST(test_sizes_are_numbers_or_have_a_unit),
        TEST(test_a_number_in_quotes_is_no_number),
        TEST(test_unknown_keys_name_the_nearest_and_their_line),
        TEST(test_all_faults_are_told_in_the_order_of_lines),
        TEST(test_words_addresses_networks_and_ports_are_read),
        TEST(test_bad_entries_of_lists_are_named),
        TEST(test_plain_http_beyond_loopback_must_be_asked_for),
        TEST(test_a_start_makes_its_keys_once_and_keeps_them),
        TEST(test_a_check_creates_nothing_and_notes_what_is_missing),
        TEST(test_a_config_with_faults_creates_no_keys),
        TEST(test_secrets_come_from_text_file_environment_and_systemd),
        TEST(test_no_fault_shows_a_secret),
        TEST(test_a_secret_key_is_64_hex_digits),
        TEST(test_a_config_that_cannot_be_read_is_a_fault),
        TEST(test_the_example_shows_every_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
