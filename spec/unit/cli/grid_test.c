// SPDX-License-Identifier: Apache-2.0
#include "cli/grid.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct hk_column columns[] = {
    { "NAME", false, false },
    { "COUNT", true, false },
    { "STATE", false, true },
};

static void assert_rendered(const char *const *cells, bool has_color, const char *wanted)
{
    struct hk_grid grid;
    struct hk_bytes text = { 0 };
    hk_grid_init(&grid, columns, 3);
    for (; *cells; cells++)
        hk_grid_add(&grid, *cells);
    assert_int_equal(hk_grid_render(&grid, has_color, &text), 0);
    assert_int_equal(hk_bytes_append(&text, "", 1), 0);
    assert_string_equal(text.at, wanted);
    hk_bytes_fini(&text);
    hk_grid_fini(&grid);
}

static void test_columns_are_as_wide_as_their_widest_cell(void **state)
{
    (void)state;
    static const char *const cells[] = { "a", "1", "dead", "longer name", "123456", "ready", NULL };
    assert_rendered(cells, false,
                    "NAME          COUNT  STATE\n"
                    "a                 1  dead\n"
                    "longer name  123456  ready\n");
}

static void test_a_table_without_rows_is_its_heads(void **state)
{
    (void)state;
    static const char *const cells[] = { NULL };
    assert_rendered(cells, false, "NAME  COUNT  STATE\n");
}

static void test_width_counts_characters_and_not_bytes(void **state)
{
    (void)state;
    static const char *const cells[] = { "\xc3\xbc", "1", "x",         "\xe6\x97\xa5\xe6\x9c\xac",
                                         "2",        "x", "e\xcc\x81", "3",
                                         "x",        NULL };
    assert_rendered(cells, false,
                    "NAME  COUNT  STATE\n"
                    "\xc3\xbc         1  x\n"
                    "\xe6\x97\xa5\xe6\x9c\xac      2  x\n"
                    "e\xcc\x81         3  x\n");
}

static void test_states_have_their_colour_and_padding_has_none(void **state)
{
    (void)state;
    static const char *const cells[] = { "a", "1", "dead", "b", "2", "other", NULL };
    assert_rendered(cells, true,
                    "\033[1mNAME\033[0m  \033[1mCOUNT\033[0m  \033[1mSTATE\033[0m\n"
                    "a         1  \033[31mdead\033[0m\n"
                    "b         2  other\n");
}

static void test_cells_cannot_steer_the_terminal(void **state)
{
    (void)state;
    struct hk_grid grid;
    hk_grid_init(&grid, columns, 3);
    hk_grid_add(&grid, "a\033[2J\nb\x7f\xc2\x9b\xff\xe2\x80\xae");
    assert_string_equal(grid.cells.items[0], "a?[2J?b????");
    hk_grid_add(&grid, NULL);
    hk_grid_add(&grid, "");
    assert_string_equal(grid.cells.items[1], "-");
    assert_string_equal(grid.cells.items[2], "-");
    hk_grid_fini(&grid);
}

static void test_text_that_is_cut_in_a_character_is_counted(void **state)
{
    (void)state;
    assert_int_equal(hk_text_columns(HK_SLICE("\xe6\x97")), 2);
    assert_int_equal(hk_text_columns(HK_SLICE("\xf0\x9f\x98\x80")), 2);
    assert_int_equal(hk_text_columns(HK_SLICE_EMPTY), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns_are_as_wide_as_their_widest_cell),
        cmocka_unit_test(test_a_table_without_rows_is_its_heads),
        cmocka_unit_test(test_width_counts_characters_and_not_bytes),
        cmocka_unit_test(test_states_have_their_colour_and_padding_has_none),
        cmocka_unit_test(test_cells_cannot_steer_the_terminal),
        cmocka_unit_test(test_text_that_is_cut_in_a_character_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
