// SPDX-License-Identifier: Apache-2.0
#include "cli/event_file.h"

#include "support_text.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

static int read_event(struct hk_event_file *event, const char *text, struct hk_fault *fault)
{
    char path[128];
    file_write(path, "event.json", text);
    int code = hk_event_file_read(event, path, fault);
    file_remove(path);
    return code;
}

static void test_the_bytes_are_kept_and_the_type_is_read(void **state)
{
    (void)state;
    static const char text[] = " {\"order\":{\"n\":0.10},\"event\":\"a\\u002eb\"}\n";
    struct hk_event_file event;
    struct hk_fault fault;
    assert_int_equal(read_event(&event, text, &fault), 0);
    assert_true(hk_slice_is(hk_bytes_slice(&event.text), text));
    assert_true(hk_slice_is(hk_bytes_slice(&event.type), "a.b"));
    hk_event_file_fini(&event);
}

static void test_what_is_wrong_is_told_with_line_and_column(void **state)
{
    static const struct {
        const char *text, *said;
    } lines[] = {
        { "", "event.json:1:1: " },
        { "{\"event\":\"a\",\n  \"b\":01}", "event.json:2:" },
        { "{\"event\":\"a\",\"event\":\"b\"}", "event.json:1:" },
        { "[1]", "an event is an object" },
        { "{\"type\":\"approved\"}", "there is no \"event\"" },
        { "{\"event\":7}", "there is no \"event\"" },
        { "{\"event\":\"Approved\"}", "1 to 100 of a-z 0-9 _ ." },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct hk_event_file event;
        struct hk_fault fault = { 0 };
        assert_true(read_event(&event, lines[i].text, &fault) < 0);
        assert_has(fault.text, lines[i].said);
    }
}

static void test_a_file_that_is_not_there_is_named(void **state)
{
    (void)state;
    struct hk_event_file event;
    struct hk_fault fault;
    assert_int_equal(hk_event_file_read(&event, "/tmp/hk_no_such/event.json", &fault), HK_EIO);
    assert_has(fault.text, "/tmp/hk_no_such/event.json: No such file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_bytes_are_kept_and_the_type_is_read),
        cmocka_unit_test(test_what_is_wrong_is_told_with_line_and_column),
        cmocka_unit_test(test_a_file_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
