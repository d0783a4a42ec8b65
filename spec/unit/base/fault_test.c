// SPDX-License-Identifier: Apache-2.0
#include "base/fault.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_every_code_has_a_name_and_a_sentence(void **state)
{
    (void)state;
#define XX(name, value, text)                        \
    assert_int_equal(name, value);                   \
    assert_string_equal(hk_error_name(name), #name); \
    assert_string_equal(hk_error_text(name), text);
    HK_ERROR_MAP(XX)
#undef XX
    assert_string_equal(hk_error_text(0), "no error");
    assert_string_equal(hk_error_text(-999), "unknown error");
    assert_string_equal(hk_error_name(7), "HK_EUNKNOWN");
}

static void test_a_fault_is_set_and_prefixed_on_the_way_up(void **state)
{
    struct hk_fault fault;
    (void)state;
    assert_int_equal(hk_fault_set(&fault, HK_ESYNTAX, "line %d", 7), HK_ESYNTAX);
    assert_int_equal(fault.sys, 0);
    assert_int_equal(hk_fault_wrap(&fault, "file '%s'", "a.lua"), HK_ESYNTAX);
    assert_int_equal(fault.code, HK_ESYNTAX);
    assert_string_equal(fault.text, "file 'a.lua': line 7");
}

static void test_errno_is_kept_and_told(void **state)
{
    struct hk_fault fault;
    (void)state;
    assert_int_equal(hk_fault_set_sys(&fault, HK_EIO, EACCES, "open '%s'", "x"), HK_EIO);
    assert_int_equal(fault.sys, EACCES);
    assert_string_equal(fault.text, "open 'x': Permission denied");
    hk_fault_wrap(&fault, "journal");
    assert_int_equal(fault.sys, EACCES);
    assert_string_equal(fault.text, "journal: open 'x': Permission denied");
}

static void test_nobody_need_take_a_fault(void **state)
{
    (void)state;
    assert_int_equal(hk_fault_set(NULL, HK_EIO, "%s", "x"), HK_EIO);
    assert_int_equal(hk_fault_set_sys(NULL, HK_EIO, EIO, "x"), HK_EIO);
    assert_int_equal(hk_fault_wrap(NULL, "x"), 0);
}

static void test_a_fault_may_be_made_of_itself(void **state)
{
    struct hk_fault fault;
    (void)state;
    hk_fault_set(&fault, HK_EIO, "inner");
    hk_fault_set(&fault, HK_EDAMAGED, "outer: %s", fault.text);
    assert_string_equal(fault.text, "outer: inner");
    assert_int_equal(fault.code, HK_EDAMAGED);
}

static void test_a_long_text_is_cut_between_characters(void **state)
{
    struct hk_fault fault;
    char text[600];
    (void)state;
    // U+00E9 takes two bytes; shifted by one, its border does not fall on the end of the field.
    for (size_t i = 0; i + 2 < sizeof(text); i += 2)
        memcpy(text + i, "\xC3\xA9", 3);
    hk_fault_set(&fault, HK_EIO, "%s", text);
    assert_int_equal(strlen(fault.text), 510);
    hk_fault_set(&fault, HK_EIO, "x%s", text);
    assert_int_equal(strlen(fault.text), 511);
    hk_fault_wrap(&fault, "y");
    assert_int_equal(strlen(fault.text), 510);
    assert_ptr_equal(strstr(fault.text, "y: x\xC3\xA9"), fault.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_has_a_name_and_a_sentence),
        cmocka_unit_test(test_a_fault_is_set_and_prefixed_on_the_way_up),
        cmocka_unit_test(test_errno_is_kept_and_told),
        cmocka_unit_test(test_nobody_need_take_a_fault),
        cmocka_unit_test(test_a_fault_may_be_made_of_itself),
        cmocka_unit_test(test_a_long_text_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
