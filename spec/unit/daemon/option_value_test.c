// SPDX-License-Identifier: Apache-2.0
#include "daemon/option_value.h"

#include "base/alloc.h"
#include "support_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/** A config that says something else than the default of every option. */
static const char other[] =
    "return {\n"
    "state_dir = '@STATE@', run_dir = '/other/run', policy_dir = '/other/policies',\n"
    "lib_dir = '/other/lib', tables_dir = '/other/tables', plugin_dir = '/other/plugins',\n"
    "listen = { '127.0.0.1:9', '[::1]:9' }, listen_plain = true,\n"
    "public_url = 'https://other.example',\n"
    "platform_keys = { 'another key of the platform, long enough' },\n"
    "secret_key = '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',\n"
    "deliver = { attempts = 4, schedule = 'standard', timeout_ms = 999, allow_http = true,\n"
    "  allow_networks = { '10.0.0.0/8' }, allow_ports = { 80, 443, 8080, 8444 },\n"
    "  ca_file = '@STATE@/hookd.lua', proxy = 'http://127.0.0.1:1', threads = 7,\n"
    "  concurrency = 9, endpoint_concurrency = 8, connections_max = 7,\n"
    "  response_bytes_max = 6, retry_after_max_s = 5 },\n"
    "policy = { time_ms_max = 11, memory_bytes_max = 1000000, kill_ms = 500,\n"
    "  on_error = 'default', workers = 3 },\n"
    "limits = { body_bytes_max = 2048, plan_bytes_max = 2049, pending_max = 2,\n"
    "  merchant_pending_max = 1, merchant_endpoints_max = 3, body_cache_bytes_max = 4 },\n"
    "history = { days = 1, bodies_days = 1, bytes_max = '2M' },\n"
    "event_types = { 'approved' }, shutdown_ms = 1,\n"
    "log = { level = 'warn', format = 'json' }, plugins = { signer_points = {} },\n"
    "}\n";

static void load(struct config_case *config_case, const char *text)
{
    if (config_case_load(config_case, text) < 0)
        fail_msg("%s", config_case->fault.text);
}

static void test_every_option_is_compared_and_copied(void **state)
{
    struct config_case *config_case = *state;
    uint32_t count;
    const struct hk_option *options = hk_options(&count);
    load(config_case, "return { state_dir = '@STATE@/default' }");
    struct hk_config *first = hk_config_clone(&config_case->config);
    load(config_case, other);
    for (uint32_t i = 0; i < count; i++) {
        const struct hk_option *option = &options[i];
        if (hk_option_is_equal(option, first, &config_case->config) ||
            hk_option_is_equal(option, &config_case->config, first))
            fail_msg("%s: the other one is said to be equal", option->path);
        hk_option_copy(option, first, &config_case->config);
        if (!hk_option_is_equal(option, first, &config_case->config))
            fail_msg("%s: the copy is said to be another", option->path);
    }
    hk_config_fini(first);
    hk_free(first);
}

static void test_a_clone_is_equal_and_owns_what_it_has(void **state)
{
    struct config_case *config_case = *state;
    uint32_t count;
    const struct hk_option *options = hk_options(&count);
    const char *const texts[] = { other, "return { state_dir = '@STATE@' }" };
    for (int turn = 0; turn < 2; turn++) {
        load(config_case, texts[turn]);
        struct hk_config *clone = hk_config_clone(&config_case->config);
        for (uint32_t i = 0; i < count; i++)
            assert_true(hk_option_is_equal(&options[i], clone, &config_case->config));
        assert_int_equal(clone->deliver.concurrency, config_case->config.deliver.concurrency);
        assert_ptr_not_equal(clone->state_dir, config_case->config.state_dir);
        hk_config_fini(clone);
        hk_free(clone);
    }
}

static void test_no_list_is_not_an_empty_list(void **state)
{
    (void)state;
    struct hk_config with = { .has_plugins = true }, without = { 0 };
    const struct hk_option *plugins = hk_option_find(HK_SLICE("plugins"));
    assert_false(hk_option_is_equal(plugins, &with, &without));
    hk_option_copy(plugins, &without, &with);
    assert_true(without.has_plugins);
    struct hk_config some = { 0 }, all = { 0 };
    const struct hk_option *ports = hk_option_find(HK_SLICE("deliver.allow_ports"));
    some.deliver.allow_ports = hk_alloc_zero_or_die(1, sizeof(uint16_t));
    assert_false(hk_option_is_equal(ports, &some, &all));
    hk_option_copy(ports, &some, &all);
    assert_null(some.deliver.allow_ports);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_option_is_compared_and_copied, config_case_open,
                                        config_case_close),
        cmocka_unit_test_setup_teardown(test_a_clone_is_equal_and_owns_what_it_has,
                                        config_case_open, config_case_close),
        cmocka_unit_test(test_no_list_is_not_an_empty_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
