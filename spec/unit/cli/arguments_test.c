// SPDX-License-Identifier: Apache-2.0
#include "cli/arguments.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct hk_cli_option globals[] = {
    { "socket", "PATH", "", HK_FIELD_NONE, NULL },
    { "json", NULL, "", HK_FIELD_NONE, NULL },
    { NULL, NULL, NULL, HK_FIELD_NONE, NULL },
};
static const struct hk_cli_option own[] = {
    { "name", "NAME", "", HK_FIELD_TEXT, NULL },
    { NULL, NULL, NULL, HK_FIELD_NONE, NULL },
};

enum { WORDS_MAX = 24 };

/** A command line, and what was read of it. */
struct line {
    char *argv[WORDS_MAX];
    int argc;
    struct hk_arguments arguments;
    struct hk_fault fault;
};

static void line_init(struct line *line, const char *const *words)
{
    *line = (struct line){ .argc = 1 };
    for (; words[line->argc - 1]; line->argc++)
        line->argv[line->argc] = (char *)(uintptr_t)words[line->argc - 1];
    hk_arguments_init(&line->arguments, line->argc, line->argv);
}

#define LINE(line, ...) line_init((line), (const char *const[]){ __VA_ARGS__, NULL })

static void test_words_and_options_come_in_any_order(void **state)
{
    (void)state;
    struct line line;
    const char *word;
    LINE(&line, "--json", "merchant", "--socket", "a", "create", "9", "--name=x=y", "-", "--socket",
         "b");
    assert_int_equal(hk_arguments_next(&line.arguments, globals, &word, &line.fault), 0);
    assert_string_equal(word, "merchant");
    assert_int_equal(hk_arguments_next(&line.arguments, globals, &word, &line.fault), 0);
    assert_string_equal(word, "create");
    assert_int_equal(hk_arguments_rest(&line.arguments, globals, own, &line.fault), 0);
    assert_int_equal(line.arguments.word_count, 2);
    assert_string_equal(line.arguments.words[0], "9");
    assert_string_equal(line.arguments.words[1], "-");
    assert_string_equal(hk_arguments_get(&line.arguments, "name"), "x=y");
    assert_string_equal(hk_arguments_get(&line.arguments, "socket"), "b");
    assert_string_equal(hk_arguments_get(&line.arguments, "json"), "");
    assert_null(hk_arguments_get(&line.arguments, "other"));
}

static void test_behind_two_dashes_everything_is_a_word(void **state)
{
    (void)state;
    struct line line;
    LINE(&line, "--", "--name", "-x", "--help");
    assert_int_equal(hk_arguments_rest(&line.arguments, globals, own, &line.fault), 0);
    assert_int_equal(line.arguments.word_count, 3);
    assert_string_equal(line.arguments.words[0], "--name");
    assert_false(line.arguments.wants_help);
}

static void test_help_ends_the_reading(void **state)
{
    (void)state;
    struct line line;
    LINE(&line, "9", "--help", "--nonsense");
    assert_int_equal(hk_arguments_rest(&line.arguments, globals, own, &line.fault), 0);
    assert_true(line.arguments.wants_help);
    assert_int_equal(line.arguments.word_count, 1);
}

static void test_a_value_may_look_like_an_option(void **state)
{
    (void)state;
    struct line line;
    LINE(&line, "--name", "--json");
    assert_int_equal(hk_arguments_rest(&line.arguments, globals, own, &line.fault), 0);
    assert_string_equal(hk_arguments_get(&line.arguments, "name"), "--json");
    assert_null(hk_arguments_get(&line.arguments, "json"));
}

static void test_too_much_of_anything_is_refused(void **state)
{
    (void)state;
    struct line line;
    char *argv[HK_CLI_WORDS_MAX + 2];
    for (int i = 0; i < HK_CLI_WORDS_MAX + 2; i++)
        argv[i] = (char *)(uintptr_t) "word";
    hk_arguments_init(&line.arguments, HK_CLI_WORDS_MAX + 1, argv);
    assert_int_equal(hk_arguments_rest(&line.arguments, globals, own, &line.fault), 0);
    hk_arguments_init(&line.arguments, HK_CLI_WORDS_MAX + 2, argv);
    assert_int_equal(hk_arguments_rest(&line.arguments, globals, own, &line.fault), HK_EINVAL);
    for (int i = 0; i < 300; i++)
        argv[i] = (char *)(uintptr_t) "--json";
    hk_arguments_init(&line.arguments, 300, argv);
    assert_int_equal(hk_arguments_rest(&line.arguments, globals, own, &line.fault), HK_EINVAL);
    assert_string_equal(line.fault.text, "too many options");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_and_options_come_in_any_order),
        cmocka_unit_test(test_behind_two_dashes_everything_is_a_word),
        cmocka_unit_test(test_help_ends_the_reading),
        cmocka_unit_test(test_a_value_may_look_like_an_option),
        cmocka_unit_test(test_too_much_of_anything_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
