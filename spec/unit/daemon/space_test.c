// SPDX-License-Identifier: Apache-2.0
#include "daemon/space.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_a_folder_has_some_room(void **state)
{
    uint64_t bytes = 0;
    (void)state;
    assert_int_equal(hk_space_free("/", &bytes), 0);
    assert_true(bytes > 0);
}

static void test_what_is_not_there_has_none(void **state)
{
    uint64_t bytes = 7;
    (void)state;
    assert_int_equal(hk_space_free("/no/such/folder", &bytes), HK_EIO);
    assert_int_equal(bytes, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_folder_has_some_room),
        cmocka_unit_test(test_what_is_not_there_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
