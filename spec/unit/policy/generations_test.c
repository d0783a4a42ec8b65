// SPDX-License-Identifier: Apache-2.0
#include "policy/generations.h"

#include "base/alloc.h"
#include "base/check.h"
#include "support_folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static struct folder folder;
static const char *path;

static int folder_up(void **state)
{
    (void)state;
    folder_make(&folder);
    path = folder_path(&folder, "generations");
    return 0;
}

static int folder_down(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

static uint32_t take(struct hk__generations *generations, const char *name, char text)
{
    uint8_t digest[32];
    uint32_t generation = 0;
    memset(digest, text, sizeof(digest));
    assert_int_equal(hk__generations_take(generations, name, digest, &generation), 0);
    return generation;
}

static void test_a_number_grows_with_each_change_and_stays_without_one(void **state)
{
    struct hk__generations generations = { 0 };
    (void)state;
    assert_int_equal(take(&generations, "refund", 'a'), 1);
    assert_int_equal(take(&generations, "refund", 'a'), 1);
    assert_int_equal(take(&generations, "refund", 'b'), 2);
    assert_int_equal(take(&generations, "amount", 'b'), 1);
    assert_int_equal(take(&generations, "refund", 'a'), 3);
    assert_int_equal(take(&generations, "zoo", 'a'), 1);
    assert_int_equal(take(&generations, "amount", 'b'), 1);
    hk__generations_fini(&generations);
}

static void test_a_restart_remembers(void **state)
{
    struct hk__generations generations = { 0 };
    struct hk__generations again;
    struct hk_fault fault;
    (void)state;
    (void)take(&generations, "b", 'a');
    (void)take(&generations, "b", 'b');
    (void)take(&generations, "a-1", 'a');
    (void)take(&generations, "a", 'a');
    assert_int_equal(hk__generations_save(&generations, path, &fault), 0);
    assert_int_equal(hk__generations_load(&again, path, &fault), 0);
    assert_true(hk__generations_are_equal(&generations, &again));
    assert_int_equal(take(&again, "b", 'b'), 2);
    assert_int_equal(take(&again, "b", 'c'), 3);
    assert_int_equal(take(&again, "a", 'a'), 1);
    assert_false(hk__generations_are_equal(&generations, &again));
    hk__generations_fini(&again);
    hk__generations_fini(&generations);
}

static void test_no_file_is_an_empty_one(void **state)
{
    struct hk__generations generations;
    struct hk_fault fault;
    (void)state;
    assert_int_equal(hk__generations_load(&generations, folder_path(&folder, "none"), &fault), 0);
    assert_int_equal(generations.count, 0);
    assert_int_equal(take(&generations, "a", 'a'), 1);
    hk__generations_fini(&generations);
}

/** Loads `text`, which is damaged, and gets the number of the next new text. */
static uint32_t next_after(struct hk_slice text)
{
    struct hk__generations generations;
    struct hk_fault fault = { 0 };
    (void)folder_write(&folder, "damaged", text);
    int rc = hk__generations_load(&generations, folder_path(&folder, "damaged"), &fault);
    if (rc != HK_EDAMAGED)
        fail_msg("%d for '%.*s'", rc, (int)text.size, text.at);
    assert_int_equal(generations.count, 0);
    uint32_t next = take(&generations, "new", 'n');
    // What was damaged once stays above, over the next restart, too.
    assert_int_equal(hk__generations_save(&generations, path, &fault), 0);
    hk__generations_fini(&generations);
    assert_int_equal(hk__generations_load(&generations, path, &fault), 0);
    assert_int_equal(take(&generations, "other", 'n'), next);
    hk__generations_fini(&generations);
    return next;
}

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEAD "hookd generations 1 above 0\n"

static void test_a_damaged_file_goes_on_above_what_it_says(void **state)
{
    (void)state;
    assert_int_equal(next_after(HK_SLICE("")), 1);
    assert_int_equal(next_after(HK_SLICE("x")), 1);
    assert_int_equal(next_after(HK_SLICE(HEAD)), 1);
    assert_int_equal(next_after(HK_SLICE(HEAD "a 7 " DIGEST "\n")), 8);
    assert_int_equal(next_after(HK_SLICE(HEAD "a 7 " DIGEST "\nend 2\n")), 8);
    assert_int_equal(next_after(HK_SLICE(HEAD "a 7 " DIGEST "\nend 1")), 8);
    assert_int_equal(next_after(HK_SLICE(HEAD "a 7 " DIGEST "\nend 1\nb 9 x\n")), 10);
    assert_int_equal(next_after(HK_SLICE(HEAD "a 7 " DIGEST "0\nend 1\n")), 8);
    assert_int_equal(next_after(HK_SLICE(HEAD "a 7 X" DIGEST "\nend 1\n")), 8);
    assert_int_equal(next_after(HK_SLICE(HEAD "a b 7 " DIGEST "\nend 1\n")), 1);
    assert_int_equal(next_after(HK_SLICE(HEAD "a 0 " DIGEST "\nend 1\n")), 1);
    assert_int_equal(next_after(HK_SLICE(HEAD "a 4294967295 " DIGEST "\nend 1\n")), 1);
    assert_int_equal(next_after(HK_SLICE(HEAD "b 3 " DIGEST "\na 2 " DIGEST "\nend 2\n")), 4);
    assert_int_equal(next_after(HK_SLICE(HEAD "a 3 " DIGEST "\na 2 " DIGEST "\nend 2\n")), 4);
    assert_int_equal(next_after(HK_SLICE("hookd generations 1 above 40\nend 9\n")), 41);
    assert_int_equal(next_after(HK_SLICE("hookd generations 2 above 4\nend 0\n")), 1);
    assert_int_equal(next_after((struct hk_slice){ HEAD "a\0 5 " DIGEST "\nend 1\n", 104 }), 6);
}

static void test_what_cannot_be_written_or_read_is_a_fault(void **state)
{
    struct hk__generations generations = { 0 };
    struct hk_fault fault;
    (void)state;
    const char *nowhere = folder_path(&folder, "none/generations");
    assert_int_equal(hk__generations_save(&generations, nowhere, &fault), HK_EIO);
    assert_int_equal(hk__generations_load(&generations, folder.path, &fault), HK_EINVAL);
}

#ifdef HK_FAULTS
static void test_lack_of_memory_leaves_the_numbers_alone(void **state)
{
    struct hk__generations generations = { 0 };
    struct hk__generations copy;
    uint8_t digest[32] = { 0 };
    uint32_t generation;
    (void)state;
    (void)take(&generations, "a", 'a');
    hk_alloc_fail_at(1, true);
    assert_int_equal(hk__generations_take(&generations, "b", digest, &generation), HK_ENOMEM);
    assert_int_equal(hk__generations_copy(&generations, &copy), HK_ENOMEM);
    hk_alloc_fail_at(0, false);
    assert_int_equal(generations.count, 1);
    assert_int_equal(take(&generations, "b", 'b'), 1);
    hk__generations_fini(&generations);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_number_grows_with_each_change_and_stays_without_one),
        cmocka_unit_test(test_a_restart_remembers),
        cmocka_unit_test(test_no_file_is_an_empty_one),
        cmocka_unit_test(test_a_damaged_file_goes_on_above_what_it_says),
        cmocka_unit_test(test_what_cannot_be_written_or_read_is_a_fault),
#ifdef HK_FAULTS
        cmocka_unit_test(test_lack_of_memory_leaves_the_numbers_alone),
#endif
    };
    return cmocka_run_group_tests(tests, folder_up, folder_down);
}
