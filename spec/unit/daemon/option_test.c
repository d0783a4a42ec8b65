// SPDX-License-Identifier: Apache-2.0
#include "daemon/option.h"

#include "daemon/config_lines.h"
#include "support_config.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>

/** Gets line `number` (from 1) of `text`. */
static struct hk_slice line_of(struct hk_slice text, uint32_t number)
{
    const char *end = text.at + text.size;
    for (const char *newline; --number > 0; text.at = newline + 1) {
        newline = memchr(text.at, '\n', (size_t)(end - text.at));
        assert_non_null(newline);
    }
    return (struct hk_slice){ text.at, strcspn(text.at, "\n") };
}

static void test_the_example_config_shows_every_option(void **state)
{
    (void)state;
    struct hk_bytes example = { 0 };
    uint32_t count;
    const struct hk_option *options = hk_options(&count);
    config_case_read_source("packaging/config/hookd.lua", &example);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number = hk_config_lines_find(hk_bytes_slice(&example), options[i].path);
        struct hk_slice line = line_of(hk_bytes_slice(&example), number);
        char wanted[160];
        int size = snprintf(wanted, sizeof(wanted), "%s = %s", hk_option_name(&options[i]),
                            options[i].initial);
        if (memmem(line.at, line.size, wanted, (size_t)size) == NULL)
            fail_msg("the example should say: %s", wanted);
    }
    hk_bytes_fini(&example);
}

static void test_every_option_is_declared_once_and_says_what_it_is_for(void **state)
{
    (void)state;
    uint32_t count;
    const struct hk_option *options = hk_options(&count);
    assert_true(count > 40);
    for (uint32_t i = 0; i < count; i++) {
        assert_ptr_equal(hk_option_find(hk_slice_of(options[i].path)), &options[i]);
        assert_true(strlen(options[i].text) > 10);
        assert_true(options[i].min <= options[i].max);
    }
}

static void test_sections_are_what_stands_before_a_dot(void **state)
{
    (void)state;
    assert_true(hk_option_is_section(HK_SLICE("deliver")));
    assert_true(hk_option_is_section(HK_SLICE("log")));
    assert_false(hk_option_is_section(HK_SLICE("listen")));
    assert_false(hk_option_is_section(HK_SLICE_EMPTY));
    assert_null(hk_option_find(HK_SLICE("deliver")));
    assert_null(hk_option_find(HK_SLICE("attempts")));
}

static void assert_nearest(const char *path, const char *wanted)
{
    struct hk_slice nearest = hk_option_nearest(hk_slice_of(path));
    if (!hk_slice_is(nearest, wanted))
        fail_msg("%s: %.*s", path, (int)nearest.size, nearest.at);
}

static void test_the_nearest_name_is_what_was_meant(void **state)
{
    (void)state;
    assert_nearest("delver", "deliver");
    assert_nearest("deliver.atempts", "deliver.attempts");
    assert_nearest("deliver.shedule", "deliver.schedule");
    assert_nearest("attempts", "deliver.attempts");
    assert_nearest("log.lvl", "log.level");
    assert_nearest("statedir", "state_dir");
    assert_nearest("history.byte_max", "history.bytes_max");
    assert_nearest("policy.allow_http", "deliver.allow_http");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_example_config_shows_every_option),
        cmocka_unit_test(test_every_option_is_declared_once_and_says_what_it_is_for),
        cmocka_unit_test(test_sections_are_what_stands_before_a_dot),
        cmocka_unit_test(test_the_nearest_name_is_what_was_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
