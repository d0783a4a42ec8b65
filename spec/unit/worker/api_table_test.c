// SPDX-License-Identifier: Apache-2.0
#include "worker/api.h"

#include "support_lua.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define TABLES_MAX 3

static struct support_lua *lua;
static struct hk_state_table tables[TABLES_MAX];
static struct hk_table compiled[TABLES_MAX];

/** Compiles a source as the parent does, maps it as a worker does. */
static void add_table(uint32_t place, const char *file_name, const char *source)
{
    char folder[] = "/tmp/hookd-table-XXXXXX";
    char path[128];
    struct hk_fault fault = { 0 };
    struct stat status;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/%s", folder, file_name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fputs(source, file) >= 0, 1);
    assert_int_equal(fclose(file), 0);
    if (hk_table_compile(path, &compiled[place], &fault) != 0)
        fail_msg("%s", fault.text);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(fstat(compiled[place].fd, &status), 0);
    void *at = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, compiled[place].fd, 0);
    assert_ptr_not_equal(at, MAP_FAILED);
    tables[place].name = hk_slice_of(compiled[place].name);
    assert_int_equal(hk_table_view_init(&tables[place].view, at, (size_t)status.st_size), 0);
}

static int set_up(void **state)
{
    (void)state;
    lua = support_lua_new();
    add_table(0, "branches.json",
              "{\"riyadh\":{\"region\":\"central\",\"open\":[8,22.5],\"head\":null},"
              "\"7\":\"seven\",\"-1\":0.10,\"off\":false,\"none\":null,\"\":1}");
    add_table(1, "rates.csv", "code,rate\nSAR,1\nUSD,3.75\n");
    add_table(2, "empty.ndjson", "");
    lua->world.tables = tables;
    lua->world.table_count = TABLES_MAX;
    support_lua_open(lua, "t", hk_lua_open_table);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    support_lua_free(lua);
    for (uint32_t i = 0; i < TABLES_MAX; i++) {
        assert_int_equal(munmap((void *)(uintptr_t)tables[i].view.at, tables[i].view.size), 0);
        hk_table_fini(&compiled[i]);
    }
    return 0;
}

static void test_values_come_as_they_would_from_a_body(void **state)
{
    (void)state;
    support_lua_gives(lua, "return t.get('branches', 'riyadh').region", "central");
    support_lua_gives(lua, "return t.get('branches', 'riyadh').open[1]", "8");
    support_lua_gives(lua, "return t.get('branches', 'riyadh').open[2]", "22.5");
    support_lua_gives(lua, "return t.get('branches', 'riyadh').head ~= nil", "true");
    support_lua_gives(lua, "return t.get('branches', 'off')", "false");
    support_lua_gives(lua, "return t.get('branches', 'none') ~= nil", "true");
    support_lua_gives(lua, "return t.get('branches', '')", "1");
    support_lua_gives(lua, "return t.get('rates', 'USD').rate", "3.75");
    support_lua_gives(lua, "return t.get('branches', 'riyadh') == t.get('branches', 'riyadh')",
                      "false");
}

static void test_what_is_not_there_is_nil(void **state)
{
    (void)state;
    support_lua_gives(lua, "return t.get('branches', 'jeddah')", "nil");
    support_lua_gives(lua, "return t.get('empty', 'x')", "nil");
    support_lua_gives(lua, "return t.has('branches', 'jeddah')", "false");
    support_lua_gives(lua, "return t.has('branches', 'riyadh')", "true");
    support_lua_gives(lua, "return t.has('branches', 'off')", "true");
    support_lua_gives(lua, "return t.has('branches', 'none')", "true");
}

static void test_an_integer_is_the_text_of_it(void **state)
{
    (void)state;
    support_lua_gives(lua, "return t.get('branches', 7)", "seven");
    support_lua_gives(lua, "return t.get('branches', 7.0)", "seven");
    support_lua_gives(lua, "return t.get('branches', '7')", "seven");
    support_lua_gives(lua, "return t.get('branches', -1)", "0.1");
    support_lua_gives(lua, "return t.has('branches', math and 7 or 7)", "true");
    support_lua_gives(lua, "return t.has('branches', -9223372036854775807 - 1)", "false");
}

static void test_misuse_is_an_error(void **state)
{
    (void)state;
    support_lua_fails(lua, "return t.get('brances', 'x')",
                      "there is no table 'brances'; did you mean 'branches'?");
    support_lua_fails(lua, "return t.has('zzzzzzzzzzzzzz', 'x')",
                      "there is no table 'zzzzzzzzzzzzzz'");
    support_lua_fails(lua, "return t.get('branches', 1.5)", "a string or an integer, not");
    support_lua_fails(lua, "return t.get('branches', nil)", "a string or an integer, not nil");
    support_lua_fails(lua, "return t.get('branches', {})", "a string or an integer, not a table");
    support_lua_fails(lua, "return t.get('branches')", "value expected");
    support_lua_fails(lua, "return t.get(7, 'x')", "string expected");
    support_lua_fails(lua, "return t.has(nil, 'x')", "string expected");
}

static void test_a_block_that_is_no_json_is_an_error(void **state)
{
    static unsigned char copy[8192];
    struct hk_table_view view = tables[1].view;
    unsigned char *brace;
    (void)state;
    assert_true(view.size < sizeof(copy));
    memcpy(copy, view.at, view.size);
    brace = memchr(copy, '{', view.size);
    for (; brace != NULL; brace = memchr(brace, '{', view.size - (size_t)(brace - copy)))
        *brace = '?';
    assert_int_equal(hk_table_view_init(&tables[1].view, copy, view.size), 0);
    support_lua_fails(lua, "return t.get('rates', 'USD')", "the lookup table is damaged");
    tables[1].view = view;
}

static void test_lack_of_memory_is_an_ordinary_error(void **state)
{
    (void)state;
    support_lua_starve(lua, "return t.get('branches', 'riyadh').region");
    support_lua_starve(lua, "return t.get('branches', 'jeddah')");
}

static void test_lookups_are_charged_to_the_budget(void **state)
{
    (void)state;
    support_lua_budget(lua, 5);
    support_lua_fails(lua, "while true do t.has('branches', 'riyadh') end", "the budget is spent");
    support_lua_budget(lua, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_come_as_they_would_from_a_body),
        cmocka_unit_test(test_what_is_not_there_is_nil),
        cmocka_unit_test(test_an_integer_is_the_text_of_it),
        cmocka_unit_test(test_misuse_is_an_error),
        cmocka_unit_test(test_a_block_that_is_no_json_is_an_error),
        cmocka_unit_test(test_lack_of_memory_is_an_ordinary_error),
        cmocka_unit_test(test_lookups_are_charged_to_the_budget),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
