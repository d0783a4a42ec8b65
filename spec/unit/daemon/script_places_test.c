// SPDX-License-Identifier: Apache-2.0
#include "daemon/script_places.h"

#include "support_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define KEYS                                                                    \
    "platform_keys = { 'the key of the platform, long enough' }, secret_key = " \
    "'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'"

static void load(struct config_case *config_case, const char *text)
{
    if (config_case_load(config_case, text) < 0)
        fail_msg("%s", config_case->fault.text);
}

static void test_generations_are_kept_with_the_state(void **state)
{
    struct config_case *config_case = *state;
    struct hk_script_places places;
    char wanted[128];
    load(config_case, "return { state_dir = '@STATE@', " KEYS " }");
    hk_script_places_init(&places, &config_case->config);
    snprintf(wanted, sizeof(wanted), "%s/policy-generations", config_case->folder);
    assert_string_equal(places.generations_path, wanted);
    assert_non_null(strstr(places.worker_path, "/hookd-policy"));
    hk_script_places_fini(&places);
}

static void test_a_lib_dir_that_somebody_chose_stays(void **state)
{
    struct config_case *config_case = *state;
    load(config_case, "return { state_dir = '@STATE@', lib_dir = '/nonexistent/lib', " KEYS " }");
    hk_script_places_mend(&config_case->config);
    assert_string_equal(config_case->config.lib_dir, "/nonexistent/lib");
}

static void test_folders_that_are_not_there_are_empty_sets(void **state)
{
    struct config_case *config_case = *state;
    struct hk_scripts *scripts = NULL;
    struct hk_scripts_report report = { 0 };
    struct hk_fault fault = { 0 };
    load(config_case, "return { state_dir = '@STATE@', policy_dir = '/nonexistent/p',\n"
                      "lib_dir = '/nonexistent/l', tables_dir = '/nonexistent/t', " KEYS " }");
    const struct hk_script_load all = { .config = &config_case->config, .is_trial = true };
    assert_int_equal(hk_script_places_load(&all, &scripts, &report, &fault), 0);
    assert_int_equal(report.refused_count, 0);
    hk_scripts_report_fini(&report);
    hk_scripts_unref(scripts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_generations_are_kept_with_the_state, config_case_open,
                                        config_case_close),
        cmocka_unit_test_setup_teardown(test_a_lib_dir_that_somebody_chose_stays, config_case_open,
                                        config_case_close),
        cmocka_unit_test_setup_teardown(test_folders_that_are_not_there_are_empty_sets,
                                        config_case_open, config_case_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
