// SPDX-License-Identifier: Apache-2.0
#include "cli/sources.h"

#include "base/alloc.h"
#include "cli/file.h"
#include "support_text.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

static void test_a_script_has_the_name_of_its_file(void **state)
{
    (void)state;
    char path[128];
    struct hk_sources sources = { 0 };
    struct hk_fault fault;
    file_write(path, "shop.v2.lua", "return {}");
    assert_int_equal(hk_sources_add(&sources, path, &fault), 0);
    assert_true(hk_slice_is(sources.items[0].name, "shop.v2"));
    assert_true(hk_slice_is(hk_bytes_slice(&sources.items[0].text), "return {}"));
    struct hk_wire_source *wire = hk_sources_wire(&sources);
    assert_true(hk_slice_is(wire[0].text, "return {}"));
    hk_free(wire);
    hk_sources_fini(&sources);
    file_remove(path);
}

static void test_an_error_of_a_source_begins_with_its_name(void **state)
{
    (void)state;
    struct hk_source source = { .name = HK_SLICE("shop") };
    assert_int_equal(hk_source_prefix(&source, HK_SLICE("shop.lua:3: no")), 8);
    assert_int_equal(hk_source_prefix(&source, HK_SLICE("shop.lua")), 0);
    assert_int_equal(hk_source_prefix(&source, HK_SLICE("shop_spec.lua:3: no")), 0);
    assert_int_equal(hk_source_prefix(&source, HK_SLICE("")), 0);
}

static void test_other_names_are_refused(void **state)
{
    static const char *const paths[] = { "x", "/a/.lua", "a.txt", "a.lua/", "-" };
    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct hk_sources sources = { 0 };
        struct hk_fault fault;
        assert_int_equal(hk_sources_add(&sources, paths[i], &fault), HK_EINVAL);
        assert_has(fault.text, "its name must be NAME.lua");
    }
}

static void test_of_a_folder_come_the_scripts_that_are_no_specs_and_not_there_yet(void **state)
{
    (void)state;
    char path[128], other[160];
    struct hk_sources sources = { 0 };
    struct hk_fault fault;
    file_write(path, "b.lua", "b");
    char *folder = hk_file_folder(path);
    static const char *const names[] = { "a.lua", "a_spec.lua", ".c.lua", "d.txt" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(other, sizeof(other), "%s/%s", folder, names[i]);
        FILE *file = fopen(other, "wb");
        assert_non_null(file);
        (void)fclose(file);
    }
    assert_int_equal(hk_sources_add(&sources, path, &fault), 0);
    assert_int_equal(hk_sources_add_folder(&sources, folder, &fault), 0);
    assert_int_equal(sources.count, 2);
    assert_non_null(hk_sources_find(&sources, HK_SLICE("a")));
    assert_null(hk_sources_find(&sources, HK_SLICE("a_spec")));
    assert_int_equal(hk_sources_add_folder(&sources, "/tmp/hk_no_such_folder", &fault), 0);
    hk_sources_fini(&sources);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(other, sizeof(other), "%s/%s", folder, names[i]);
        assert_int_equal(remove(other), 0);
    }
    hk_free(folder);
    file_remove(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_script_has_the_name_of_its_file),
        cmocka_unit_test(test_an_error_of_a_source_begins_with_its_name),
        cmocka_unit_test(test_other_names_are_refused),
        cmocka_unit_test(test_of_a_folder_come_the_scripts_that_are_no_specs_and_not_there_yet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
