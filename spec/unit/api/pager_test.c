// SPDX-License-Identifier: Apache-2.0
#include "api/pager.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_json(json_t *own_value, const char *text)
{
    char *given = json_dumps(own_value, JSON_COMPACT);
    assert_non_null(given);
    assert_string_equal(given, text);
    free(given);
    json_decref(own_value);
}

static void test_numbers_are_read_in_their_range(void **state)
{
    (void)state;
    uint32_t value = 7;
    assert_int_equal(hk_pager_parse(NULL, 100, &value), 0);
    assert_int_equal(value, 7);
    assert_int_equal(hk_pager_parse("100", 100, &value), 0);
    assert_int_equal(value, 100);
    assert_int_equal(hk_pager_parse("1", 100, &value), 0);
    assert_int_equal(value, 1);
    static const char *const bad[] = { "",    "0",   "101",
                                       "-1",  "1.5", "x",
                                       "%31", "1 ",  "99999999999999999999" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(hk_pager_parse(bad[i], 100, &value), HK_EINVAL);
    assert_int_equal(value, 1);
}

static void test_an_empty_list_has_one_page(void **state)
{
    (void)state;
    struct hk_page page = { 1, 15 };
    assert_json(hk_pager_links("http://x/l", page, 0),
                "{\"first\":\"http://x/l?page=1\",\"last\":\"http://x/l?page=1\","
                "\"prev\":null,\"next\":null}");
    assert_json(hk_pager_meta(page, 0, 0),
                "{\"current_page\":1,\"from\":null,\"last_page\":1,\"per_page\":15,\"to\":null,"
                "\"total\":0}");
}

static void test_a_page_in_the_middle_has_both_neighbours(void **state)
{
    (void)state;
    struct hk_page page = { 2, 10 };
    assert_json(hk_pager_links("http://x/l", page, 21),
                "{\"first\":\"http://x/l?page=1&per_page=10\","
                "\"last\":\"http://x/l?page=3&per_page=10\","
                "\"prev\":\"http://x/l?page=1&per_page=10\","
                "\"next\":\"http://x/l?page=3&per_page=10\"}");
    assert_json(hk_pager_meta(page, 10, 21),
                "{\"current_page\":2,\"from\":11,\"last_page\":3,\"per_page\":10,\"to\":20,"
                "\"total\":21}");
}

static void test_the_last_page_and_those_beyond_have_no_next(void **state)
{
    (void)state;
    struct hk_page last = { 2, 15 }, beyond = { 10000000, 15 };
    json_t *links = hk_pager_links("http://x/l", last, 30);
    assert_true(json_is_null(json_object_get(links, "next")));
    json_decref(links);
    links = hk_pager_links("http://x/l", beyond, 30);
    assert_true(json_is_null(json_object_get(links, "next")));
    json_decref(links);
    json_t *meta = hk_pager_meta(beyond, 0, 30);
    assert_true(json_is_null(json_object_get(meta, "from")));
    json_decref(meta);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_are_read_in_their_range),
        cmocka_unit_test(test_an_empty_list_has_one_page),
        cmocka_unit_test(test_a_page_in_the_middle_has_both_neighbours),
        cmocka_unit_test(test_the_last_page_and_those_beyond_have_no_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
