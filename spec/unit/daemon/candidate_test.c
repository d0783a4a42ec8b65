// SPDX-License-Identifier: Apache-2.0
#include "daemon/candidate.h"

#include "base/alloc.h"
#include "support_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* No policies here: a script is checked by a worker, and spec/e2e/reload_spec.lua does that. */
#define FOLDERS "state_dir = '@STATE@', policy_dir = '@STATE@/none', tables_dir = '@STATE@/none'"
#define KEYS                                                                    \
    "platform_keys = { 'the key of the platform, long enough' }, secret_key = " \
    "'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'"

static void in_use(struct config_case *config_case)
{
    if (config_case_load(config_case, "return { " FOLDERS ", " KEYS " }") < 0)
        fail_msg("%s", config_case->fault.text);
}

static void make(struct hk_candidate *candidate, const struct config_case *config_case,
                 const char *text)
{
    char written[2048];
    const char *at = text;
    size_t size = 0;
    for (const char *mark; (mark = strstr(at, "@STATE@")) != NULL; at = mark + 7)
        size += (size_t)snprintf(written + size, sizeof(written) - size, "%.*s%s", (int)(mark - at),
                                 at, config_case->folder);
    size += (size_t)snprintf(written + size, sizeof(written) - size, "%s", at);
    config_case_write(config_case, "hookd.lua", written, size);
    const struct hk_candidate_setup setup = { .config_path = config_case->path,
                                              .config = &config_case->config };
    hk_candidate_make(candidate, &setup);
}

static void test_what_changed_is_told_and_what_cannot_stays_as_it_was(void **state)
{
    struct config_case *config_case = *state;
    struct hk_candidate candidate;
    in_use(config_case);
    make(&candidate, config_case,
         "return { " FOLDERS ", " KEYS ", deliver = { attempts = 7, threads = 2 },\n"
         "listen = { '127.0.0.1:0' }, log = { level = 'warn' } }");
    struct hk_reload_report *report = candidate.report;
    assert_null(report->fault);
    assert_non_null(candidate.scripts);
    assert_int_equal(report->applied.count, 2);
    assert_string_equal(report->applied.items[0], "deliver.attempts");
    assert_string_equal(report->applied.items[1], "log.level");
    assert_int_equal(report->needs_restart.count, 2);
    assert_string_equal(report->needs_restart.items[0], "listen");
    assert_string_equal(report->needs_restart.items[1], "deliver.threads");
    assert_int_equal(candidate.config->engine.attempts, 7);
    assert_string_equal(candidate.config->listen.items[0], config_case->config.listen.items[0]);
    assert_int_equal(candidate.config->deliver.threads, 0);
    hk_candidate_fini(&candidate);
}

static void test_what_did_not_change_is_not_told(void **state)
{
    struct config_case *config_case = *state;
    struct hk_candidate candidate;
    in_use(config_case);
    make(&candidate, config_case, "return { " KEYS ", " FOLDERS " }");
    assert_int_equal(candidate.report->applied.count, 0);
    assert_int_equal(candidate.report->needs_restart.count, 0);
    assert_int_equal(candidate.report->refused_count, 0);
    hk_candidate_fini(&candidate);
}

static void test_an_invalid_config_refuses_everything_by_file_and_line(void **state)
{
    struct config_case *config_case = *state;
    struct hk_candidate candidate;
    char wanted[160];
    in_use(config_case);
    make(&candidate, config_case,
         "return { " FOLDERS ", " KEYS ",\nlog = { level = 'debug' },\nshutdwn_ms = 1 }");
    assert_null(candidate.config);
    assert_null(candidate.scripts);
    assert_int_equal(candidate.report->applied.count, 0);
    snprintf(wanted, sizeof(wanted), "%s:3: shutdwn_ms: unknown key", config_case->path);
    assert_non_null(strstr(candidate.report->fault, wanted));
    hk_candidate_fini(&candidate);
}

static void test_policies_that_cannot_be_listed_refuse_everything(void **state)
{
    struct config_case *config_case = *state;
    struct hk_candidate candidate;
    in_use(config_case);
    make(&candidate, config_case,
         "return { state_dir = '@STATE@', tables_dir = '@STATE@/none', " KEYS ",\n"
         "policy_dir = '@STATE@/hookd.lua', shutdown_ms = 1 }");
    assert_null(candidate.config);
    assert_null(candidate.scripts);
    assert_int_equal(candidate.report->applied.count, 0);
    assert_non_null(strstr(candidate.report->fault, "hookd.lua"));
    hk_candidate_fini(&candidate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_changed_is_told_and_what_cannot_stays_as_it_was,
                                        config_case_open, config_case_close),
        cmocka_unit_test_setup_teardown(test_what_did_not_change_is_not_told, config_case_open,
                                        config_case_close),
        cmocka_unit_test_setup_teardown(test_an_invalid_config_refuses_everything_by_file_and_line,
                                        config_case_open, config_case_close),
        cmocka_unit_test_setup_teardown(test_policies_that_cannot_be_listed_refuse_everything,
                                        config_case_open, config_case_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
