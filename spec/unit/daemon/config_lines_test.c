// SPDX-License-Identifier: Apache-2.0
#include "daemon/config_lines.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

static const char text[] = "-- return { attempts = 1 }\n"                      /* 1 */
                           "--[==[ return {\n"                                 /* 2 */
                           "deliver = {} ]] ]==]\n"                            /* 3 */
                           "local x = { attempts = 1, deliver = { y = 1 } }\n" /* 4 */
                           "return {\n"                                        /* 5 */
                           "  attempts = 1; -- not this\n"                     /* 6 */
                           "  note = \"} deliver = { attempts\\\" = 1\",\n"    /* 7 */
                           "  long = [[\n"                                     /* 8 */
                           "  deliver = { attempts = 2 } ]],\n"                /* 9 */
                           "  deliver = {\n"                                   /* 10 */
                           "    timeout_ms = f({ attempts = 3 }, 5),\n"        /* 11 */
                           "    attempts = a == b and 4,\n"                    /* 12 */
                           "    [\"schedule\"] = 'points',\n"                  /* 13 */
                           "    ports = { 80,\n"                               /* 14 */
                           "      443, f(1, 2),\n"                             /* 15 */
                           "      8080 },\n"                                   /* 16 */
                           "  },\n"                                            /* 17 */
                           "  log = { level = 'a', level =\n"                  /* 18 */
                           "    'b', format = 1 }\n"                           /* 19 */
                           "}\n";

static void assert_line(const char *path, uint32_t line)
{
    uint32_t found = hk_config_lines_find(hk_slice_of(text), path);
    if (found != line)
        fail_msg("%s is on line %u, not %u", path, line, found);
}

static void test_keys_are_found_where_they_stand(void **state)
{
    (void)state;
    assert_line("attempts", 6);
    assert_line("note", 7);
    assert_line("long", 8);
    assert_line("deliver", 10);
    assert_line("deliver.timeout_ms", 11);
    assert_line("deliver.attempts", 12);
    assert_line("deliver.schedule", 13);
    assert_line("log.format", 19);
}

static void test_entries_of_lists_are_found_by_their_number(void **state)
{
    (void)state;
    assert_line("deliver.ports[1]", 14);
    assert_line("deliver.ports[2]", 15);
    assert_line("deliver.ports[3]", 15);
    assert_line("deliver.ports[4]", 16);
}

static void test_a_key_that_stands_twice_is_the_last(void **state)
{
    (void)state;
    static const char twice[] = "return {\na = 1,\na = 2,\n}";
    assert_int_equal(hk_config_lines_find(hk_slice_of(twice), "a"), 3);
}

static void test_what_is_not_seen_gets_the_line_around_it(void **state)
{
    (void)state;
    assert_line("deliver.nothing", 10);
    assert_line("deliver.ports[9]", 14);
    assert_line("nothing", 5);
    assert_line("", 5);
    assert_int_equal(hk_config_lines_find(HK_SLICE("local t = {}\nt.a = 1\nreturn t"), "a"), 3);
    assert_int_equal(hk_config_lines_find(HK_SLICE_EMPTY, "a"), 1);
}

static void test_text_that_is_cut_anywhere_is_scanned_to_its_end(void **state)
{
    (void)state;
    for (size_t size = 0; size < sizeof(text); size++)
        assert_true(hk_config_lines_find((struct hk_slice){ text, size }, "log.format") <= 19);
}

static void test_nesting_beyond_the_limit_is_survived(void **state)
{
    (void)state;
    char deep[4096] = "return { a = ";
    memset(deep + 13, '{', 2000);
    memcpy(deep + 2013, "\nb = 1", 7);
    assert_int_equal(hk_config_lines_find(hk_slice_of(deep), "a"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_are_found_where_they_stand),
        cmocka_unit_test(test_entries_of_lists_are_found_by_their_number),
        cmocka_unit_test(test_a_key_that_stands_twice_is_the_last),
        cmocka_unit_test(test_what_is_not_seen_gets_the_line_around_it),
        cmocka_unit_test(test_text_that_is_cut_anywhere_is_scanned_to_its_end),
        cmocka_unit_test(test_nesting_beyond_the_limit_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
