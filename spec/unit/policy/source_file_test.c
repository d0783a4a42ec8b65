// SPDX-License-Identifier: Apache-2.0
#include "policy/source_file.h"

#include "base/alloc.h"
#include "support_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct folder folder;

static int folder_up(void **state)
{
    (void)state;
    folder_make(&folder);
    return 0;
}

static int folder_down(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

static void test_names_are_short_and_plain(void **state)
{
    static const char *const good[] = { "a", "refund", "A-9_b.c", "9" };
    static const char *const bad[] = { "", ".a", "a b", "a/b", "caf\xC3\xA9", "a\n", "a:b" };
    char longest[102];
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(hk__source_is_name(hk_slice_of(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(hk__source_is_name(hk_slice_of(bad[i])));
    assert_false(hk__source_is_name((struct hk_slice){ "a\0b", 3 }));
    memset(longest, 'n', sizeof(longest));
    assert_true(hk__source_is_name((struct hk_slice){ longest, 100 }));
    assert_false(hk__source_is_name((struct hk_slice){ longest, 101 }));
}

static void test_a_file_is_read_whole_up_to_its_bound(void **state)
{
    struct hk_bytes text = { 0 };
    struct hk_fault fault;
    char *large = hk_alloc(200000);
    (void)state;
    assert_non_null(large);
    memset(large, 'x', 200000);
    const char *path = folder_write(&folder, "large", (struct hk_slice){ large, 200000 });
    assert_int_equal(hk__source_read(path, 200000, &text, &fault), 0);
    assert_int_equal(text.size, 200000);
    assert_memory_equal(text.at, large, 200000);
    hk_bytes_fini(&text);
    assert_int_equal(hk__source_read(path, 199999, &text, &fault), HK_ELIMIT);
    assert_null(text.at);
    path = folder_write_text(&folder, "empty", "");
    assert_int_equal(hk__source_read(path, 10, &text, &fault), 0);
    assert_int_equal(text.size, 0);
    hk_bytes_fini(&text);
    hk_free(large);
}

static void test_what_stat_says_is_not_relied_on(void **state)
{
    struct hk_bytes text = { 0 };
    struct hk_fault fault;
    (void)state;
    // Files of /proc are regular, say that they are empty, and are not.
    assert_int_equal(hk__source_read("/proc/self/status", 1 << 20, &text, &fault), 0);
    assert_true(text.size > 0);
    hk_bytes_fini(&text);
    assert_int_equal(hk__source_read("/proc/self/status", 10, &text, &fault), HK_ELIMIT);
}

static void test_what_is_no_file_is_a_fault_that_names_it(void **state)
{
    struct hk_bytes text = { 0 };
    struct hk_fault fault;
    (void)state;
    const char *pipe = folder_path(&folder, "pipe");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(hk__source_read(pipe, 10, &text, &fault), HK_EINVAL);
    assert_memory_equal(fault.text, pipe, strlen(pipe));
    assert_int_equal(hk__source_read(folder.path, 10, &text, &fault), HK_EINVAL);
    const char *none = folder_path(&folder, "none");
    assert_int_equal(hk__source_read(none, 10, &text, &fault), HK_EIO);
    assert_memory_equal(fault.text, none, strlen(none));
}

static void test_a_folder_is_listed_in_order_without_hidden_files(void **state)
{
    struct hk__source_names names;
    struct hk_fault fault;
    (void)state;
    (void)folder_write_text(&folder, "list/b", "");
    (void)folder_write_text(&folder, "list/a.lua", "");
    (void)folder_write_text(&folder, "list/a-b.lua", "");
    (void)folder_write_text(&folder, "list/.hidden", "");
    assert_int_equal(hk__source_list(folder_path(&folder, "list"), &names, &fault), 0);
    assert_int_equal(names.count, 3);
    assert_string_equal(names.items[0], "a-b.lua");
    assert_string_equal(names.items[1], "a.lua");
    assert_string_equal(names.items[2], "b");
    hk__source_names_fini(&names);
    assert_int_equal(hk__source_list(folder_path(&folder, "nowhere"), &names, &fault), 0);
    assert_int_equal(names.count, 0);
    assert_int_equal(hk__source_list(folder_path(&folder, "list/b"), &names, &fault), HK_EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_short_and_plain),
        cmocka_unit_test(test_a_file_is_read_whole_up_to_its_bound),
        cmocka_unit_test(test_what_stat_says_is_not_relied_on),
        cmocka_unit_test(test_what_is_no_file_is_a_fault_that_names_it),
        cmocka_unit_test(test_a_folder_is_listed_in_order_without_hidden_files),
    };
    return cmocka_run_group_tests(tests, folder_up, folder_down);
}
