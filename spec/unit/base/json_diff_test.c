// SPDX-License-Identifier: Apache-2.0
#include "base/json_diff.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct hk_json_value scan(struct hk_slice text)
{
    struct hk_json_value top = { 0 };
    struct hk_json_fault fault = { 0 };
    if (hk_json_scan(text, &top, &fault) != 0)
        fail_msg("refused at %u:%u: %s", fault.line, fault.column, fault.reason);
    return top;
}

/** What is told of two documents; the caller ends it. */
static struct hk_bytes diff(const char *original, const char *changed)
{
    struct hk_bytes out = { 0 };
    bool is_truncated = true;
    assert_int_equal(hk_json_diff_append(&out, scan(hk_slice_of(original)),
                                         scan(hk_slice_of(changed)), &is_truncated),
                     0);
    assert_false(is_truncated);
    assert_int_equal(hk_bytes_append(&out, "", 1), 0);
    return out;
}

struct row {
    const char *original, *changed, *told;
};

static void hold(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct hk_bytes told = diff(rows[i].original, rows[i].changed);
        assert_string_equal(told.at, rows[i].told);
        hk_bytes_fini(&told);
    }
}

static void test_what_means_the_same_is_no_difference(void **state)
{
    static const struct row rows[] = {
        { "1", "1", "[]" },
        { "{\"a\":[1,{\"b\":null}]}", " { \"a\" : [ 1 , { \"b\" : null } ] } ", "[]" },
        { "{\"a\":1,\"b\":2,\"c\":3}", "{\"c\":3,\"a\":1,\"b\":2}", "[]" },
        { "{\"\\u0061\":\"\\u0041\\/\"}", "{\"a\":\"A/\"}", "[]" },
        { "[]", "[ ]", "[]" },
    };
    (void)state;
    hold(rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_numbers_keep_their_text(void **state)
{
    static const struct row rows[] = {
        { "{\"total\":0.10}", "{\"total\":0.1}",
          "[{\"op\":\"replace\",\"path\":\"/total\",\"from\":0.10,\"to\":0.1}]" },
        { "{\"id\":18446744073709551615}", "{\"id\":18446744073709551616}",
          "[{\"op\":\"replace\",\"path\":\"/id\",\"from\":18446744073709551615,"
          "\"to\":18446744073709551616}]" },
        { "1", "2", "[{\"op\":\"replace\",\"path\":\"\",\"from\":1,\"to\":2}]" },
    };
    (void)state;
    hold(rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_members_are_replaced_removed_and_added_by_name(void **state)
{
    static const struct row rows[] = {
        { "{\"a\":1,\"b\":{\"c\":[],\"d\":\"x\"},\"e\":0}",
          "{\"n\":[1, 2],\"e\":0,\"b\":{\"d\":\"y\",\"c\":{}}}",
          "[{\"op\":\"remove\",\"path\":\"/a\",\"from\":1},"
          "{\"op\":\"replace\",\"path\":\"/b/c\",\"from\":[],\"to\":{}},"
          "{\"op\":\"replace\",\"path\":\"/b/d\",\"from\":\"x\",\"to\":\"y\"},"
          "{\"op\":\"add\",\"path\":\"/n\",\"to\":[1, 2]}]" },
        { "{\"a\":null}", "{}", "[{\"op\":\"remove\",\"path\":\"/a\",\"from\":null}]" },
        { "{}", "{\"\":1}", "[{\"op\":\"add\",\"path\":\"/\",\"to\":1}]" },
    };
    (void)state;
    hold(rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_paths_are_json_pointers_in_json_strings(void **state)
{
    static const struct row rows[] = {
        { "{\"a/b\":{\"m~n\":{\"q\\\"\\n\":1}}}", "{\"a/b\":{\"m~n\":{\"q\\\"\\n\":2}}}",
          "[{\"op\":\"replace\",\"path\":\"/a~1b/m~0n/q\\\"\\n\",\"from\":1,\"to\":2}]" },
    };
    (void)state;
    hold(rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_arrays_are_aligned_by_what_they_begin_and_end_with(void **state)
{
    static const struct row rows[] = {
        { "[1,2,3,4]", "[1,3,4]", "[{\"op\":\"remove\",\"path\":\"/1\",\"from\":2}]" },
        { "[1,3,4]", "[1,2,3,4]", "[{\"op\":\"add\",\"path\":\"/1\",\"to\":2}]" },
        { "[1,2,3]", "[1,5,3]", "[{\"op\":\"replace\",\"path\":\"/1\",\"from\":2,\"to\":5}]" },
        { "[]", "[0]", "[{\"op\":\"add\",\"path\":\"/0\",\"to\":0}]" },
        { "[7,7]", "[7,7,7]", "[{\"op\":\"add\",\"path\":\"/2\",\"to\":7}]" },
        { "[{\"a\" :1},{\"b\":2},{\"c\":3}]", "[{\"a\":1},{\"b\":4},9,{\"c\": 3}]",
          "[{\"op\":\"replace\",\"path\":\"/1/b\",\"from\":2,\"to\":4},"
          "{\"op\":\"add\",\"path\":\"/2\",\"to\":9}]" },
    };
    (void)state;
    hold(rows, sizeof(rows) / sizeof(rows[0]));
}

static int count_entry(void *arg, const struct hk_json_diff_entry *entry)
{
    (void)entry;
    return ++*(uint32_t *)arg == 3 ? HK_ELIMIT : 0;
}

static void test_the_caller_can_end_it(void **state)
{
    (void)state;
    uint32_t count = 0;
    bool is_truncated;
    assert_int_equal(hk_json_diff(scan(HK_SLICE("[1,2,3,4,5]")), scan(HK_SLICE("[6,7,8,9,0]")),
                                  count_entry, &count, &is_truncated),
                     HK_ELIMIT);
    assert_int_equal(count, 3);
}

static int take_entry(void *arg, const struct hk_json_diff_entry *entry)
{
    (void)entry;
    ++*(uint32_t *)arg;
    return 0;
}

/** Appends {"m<first>":value,...}, or from the last name to the first. */
static void append_members(struct hk_bytes *out, uint32_t count, int value, bool is_reversed)
{
    assert_int_equal(hk_bytes_append_text(out, "{"), 0);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(hk_bytes_append_format(out, "%s\"m%u\":%d", i ? "," : "",
                                                is_reversed ? count - i : i + 1, value),
                         0);
    assert_int_equal(hk_bytes_append_text(out, "}"), 0);
}

static void test_more_than_the_most_entries_are_cut(void **state)
{
    (void)state;
    for (uint32_t more = 0; more < 2; more++) {
        struct hk_bytes a = { 0 }, b = { 0 };
        uint32_t count = 0;
        bool is_truncated;
        append_members(&a, HK_JSON_DIFF_ENTRIES_MAX + more, 1, false);
        append_members(&b, HK_JSON_DIFF_ENTRIES_MAX + more, 2, false);
        assert_int_equal(hk_json_diff(scan(hk_bytes_slice(&a)), scan(hk_bytes_slice(&b)),
                                      take_entry, &count, &is_truncated),
                         0);
        assert_int_equal(count, HK_JSON_DIFF_ENTRIES_MAX);
        assert_int_equal(is_truncated, more > 0);
        hk_bytes_fini(&a);
        hk_bytes_fini(&b);
    }
}

/* With a search from the start for each member, this would not end. */
static void test_a_large_object_in_another_order_is_compared_by_name(void **state)
{
    (void)state;
    struct hk_bytes a = { 0 }, b = { 0 };
    uint32_t count = 0;
    bool is_truncated;
    append_members(&a, 300000, 1, false);
    append_members(&b, 300000, 1, true);
    assert_int_equal(hk_json_diff(scan(hk_bytes_slice(&a)), scan(hk_bytes_slice(&b)), take_entry,
                                  &count, &is_truncated),
                     0);
    assert_int_equal(count, 0);
    assert_false(is_truncated);
    hk_bytes_fini(&a);
    hk_bytes_fini(&b);
}

/** Appends [[...[<filler>,value]...]] with one more element at each level when `is_longer`. */
static void append_nest(struct hk_bytes *out, int value, bool is_longer)
{
    for (int i = 0; i < 60; i++)
        assert_int_equal(hk_bytes_append_text(out, "["), 0);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(hk_bytes_append_text(out, "10,"), 0);
    assert_int_equal(hk_bytes_append_format(out, "%d", value), 0);
    for (int i = 0; i < 60; i++)
        assert_int_equal(hk_bytes_append_text(out, is_longer ? ",1]" : "]"), 0);
}

static void test_what_takes_too_long_is_one_replace(void **state)
{
    (void)state;
    struct hk_bytes a = { 0 }, b = { 0 };
    uint32_t count = 0;
    bool is_truncated;
    append_nest(&a, 1, false);
    append_nest(&b, 2, true);
    assert_int_equal(hk_json_diff(scan(hk_bytes_slice(&a)), scan(hk_bytes_slice(&b)), take_entry,
                                  &count, &is_truncated),
                     0);
    assert_true(count >= 1 && count <= 62);
    assert_false(is_truncated);
    hk_bytes_fini(&a);
    hk_bytes_fini(&b);
}

static int path_entry(void *arg, const struct hk_json_diff_entry *entry)
{
    *(size_t *)arg = entry->path.size;
    return hk_slice_is(entry->path, "/.../a") ? 0 : HK_EINVAL;
}

static void test_a_name_that_is_too_long_stands_as_dots(void **state)
{
    (void)state;
    struct hk_bytes document[2] = { 0 };
    struct hk_json_value values[2];
    size_t size = 0;
    bool is_truncated;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(hk_bytes_append_format(&document[i], "{\"%05000d\":{\"a\":%d}}", 1, i), 0);
        values[i] = scan(hk_bytes_slice(&document[i]));
    }
    assert_int_equal(hk_json_diff(values[0], values[1], path_entry, &size, &is_truncated), 0);
    assert_int_equal(size, 6);
    hk_bytes_fini(&document[0]);
    hk_bytes_fini(&document[1]);
}

#ifdef HK_FAULTS
static void test_no_memory_is_told_at_every_allocation(void **state)
{
    (void)state;
    struct hk_json_value a = scan(HK_SLICE("{\"a\\n\":[1,2],\"b\":\"\\u0041\",\"c\":1}"));
    struct hk_json_value b = scan(HK_SLICE("{\"b\":\"\\u0042\",\"a\\n\":[1,2,3],\"d\":2}"));
    int code = HK_ENOMEM;
    for (uint64_t nth = 1; code != 0; nth++) {
        struct hk_bytes out = { 0 };
        bool is_truncated;
        hk_alloc_fail_at(nth, false);
        code = hk_json_diff_append(&out, a, b, &is_truncated);
        hk_alloc_fail_at(0, false);
        assert_true(code == 0 || code == HK_ENOMEM);
        assert_true(nth < 100);
        hk_bytes_fini(&out);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_means_the_same_is_no_difference),
        cmocka_unit_test(test_numbers_keep_their_text),
        cmocka_unit_test(test_members_are_replaced_removed_and_added_by_name),
        cmocka_unit_test(test_paths_are_json_pointers_in_json_strings),
        cmocka_unit_test(test_arrays_are_aligned_by_what_they_begin_and_end_with),
        cmocka_unit_test(test_the_caller_can_end_it),
        cmocka_unit_test(test_more_than_the_most_entries_are_cut),
        cmocka_unit_test(test_a_large_object_in_another_order_is_compared_by_name),
        cmocka_unit_test(test_what_takes_too_long_is_one_replace),
        cmocka_unit_test(test_a_name_that_is_too_long_stands_as_dots),
#ifdef HK_FAULTS
        cmocka_unit_test(test_no_memory_is_told_at_every_allocation),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
