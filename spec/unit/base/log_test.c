// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include "base/bytes.h"
#include "base/json.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define STAMP "time=2026-05-02T08:00:00.000Z "

static struct hk_now fake_now;
static int file;
static char written[1 << 16];

static struct hk_now fake_clock(void)
{
    return fake_now;
}

static int start(void **state)
{
    (void)state;
    file = memfd_create("log", MFD_CLOEXEC);
    fake_now.mono.ns = 1000;
    fake_now.wall.ms = INT64_C(1777708800000);
    hk__log_redirect(file, fake_clock);
    hk_log_configure(HK_LOG_DEBUG, HK_LOG_LOGFMT);
    return file < 0;
}

static int end(void **state)
{
    (void)state;
    hk__log_redirect(STDERR_FILENO, NULL);
    return close(file);
}

static void pass_ms(int64_t ms)
{
    fake_now.mono.ns += ms * HK_NS_PER_MS;
    fake_now.wall.ms += ms;
}

/** Gets all that was written since the last call. */
static const char *take_written(void)
{
    ssize_t size = pread(file, written, sizeof(written) - 1, 0);
    assert_true(size >= 0 && (size_t)size < sizeof(written) - 1);
    written[size] = '\0';
    assert_int_equal(ftruncate(file, 0), 0);
    assert_int_equal(lseek(file, 0, SEEK_SET), 0);
    return written;
}

static int count_lines(const char *text)
{
    int count = 0;
    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

static void test_an_entry_is_one_line_of_logfmt(void **state)
{
    (void)state;
    hk_log_info("listening", HK_F("address", "127.0.0.1:8410"), HK_FI("count", -3));
    assert_string_equal(take_written(),
                        STAMP "level=info msg=listening address=127.0.0.1:8410 count=-3\n");
    hk_log_warn("two words");
    assert_string_equal(take_written(), STAMP "level=warn msg=\"two words\"\n");
    hk_log_error("x", HK_F("none", NULL), HK_F("empty", ""), HK_FI("least", INT64_MIN));
    assert_string_equal(take_written(), STAMP "level=error msg=x none=\"\" empty=\"\" "
                                              "least=-9223372036854775808\n");
}

static void test_an_entry_is_one_object_of_json(void **state)
{
    struct hk_json_value top;
    (void)state;
    hk_log_configure(HK_LOG_DEBUG, HK_LOG_JSON);
    hk_log_debug("a \"b\"", HK_F("text", "x\ny\x01\xFF\xC2\x9B"), HK_FI("count", 7));
    const char *text = take_written();
    assert_string_equal(text, "{\"time\":\"2026-05-02T08:00:00.000Z\",\"level\":\"debug\","
                              "\"msg\":\"a \\\"b\\\"\",\"text\":\"x\\ny\\u0001\\ufffd\\u009b\","
                              "\"count\":7}\n");
    assert_int_equal(hk_json_scan(hk_slice_of(text), &top, NULL), 0);
}

static void test_nothing_from_outside_can_forge_a_line_or_a_field(void **state)
{
    static const struct {
        const char *value;
        const char *as_written;
    } table[] = {
        { "a=b", "\"a=b\"" },
        { "a b", "\"a b\"" },
        { "a\"b", "\"a\\\"b\"" },
        { "a\\b", "\"a\\\\b\"" },
        { "a\nlevel=error", "\"a\\nlevel=error\"" },
        { "a\r\n\t", "\"a\\r\\n\\t\"" },
        { "\x1B[31m\x7F", "\"\\x1b[31m\\x7f\"" },
        { "\xC2\x9B"
          "31m",
          "\"\\u009b31m\"" },
        { "caf\xC3\xA9", "\"caf\xC3\xA9\"" },
        { "\xF0\x9F\x98\x80", "\"\xF0\x9F\x98\x80\"" },
        { "\xC3(", "\"\\xc3(\"" },
        { "\xED\xA0\x80", "\"\\xed\\xa0\\x80\"" },
        { "\xF0\x9F", "\"\\xf0\\x9f\"" },
        { "plain-text_1.0/x:y", "plain-text_1.0/x:y" },
    };
    char expected[256];
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        pass_ms(1000);
        fake_now.wall.ms = INT64_C(1777708800000);
        hk_log_info("m", HK_F("v", table[i].value));
        snprintf(expected, sizeof(expected), STAMP "level=info msg=m v=%s\n", table[i].as_written);
        assert_string_equal(take_written(), expected);
    }
}

static void test_levels_below_the_configured_one_are_silent(void **state)
{
    (void)state;
    hk_log_configure(HK_LOG_WARN, HK_LOG_LOGFMT);
    assert_false(hk_log_is_on(HK_LOG_INFO));
    assert_true(hk_log_is_on(HK_LOG_WARN));
    hk_log_info("unheard");
    hk_log_write(HK_LOG_DEBUG, "unheard", NULL, 0);
    assert_string_equal(take_written(), "");
    hk_log_error("heard");
    assert_string_equal(take_written(), STAMP "level=error msg=heard\n");
}

static void test_repeats_are_counted_beyond_ten_a_second(void **state)
{
    (void)state;
    for (int i = 0; i < 47; i++)
        hk_log_warn("disk slow", HK_FI("number", i));
    hk_log_warn("something else");
    hk_log_error("disk slow");
    const char *text = take_written();
    assert_int_equal(count_lines(text), 12);
    assert_non_null(strstr(text, "msg=\"disk slow\" number=9\n"));
    assert_null(strstr(text, "number=10"));
    // Within the second: still silent. After it: the count first, then the new entry.
    pass_ms(999);
    hk_log_warn("disk slow");
    assert_string_equal(take_written(), "");
    pass_ms(1);
    hk_log_warn("disk slow", HK_F("again", "yes"));
    assert_string_equal(take_written(),
                        "time=2026-05-02T08:00:01.000Z level=warn msg=\"disk slow\" repeated=38\n"
                        "time=2026-05-02T08:00:01.000Z level=warn msg=\"disk slow\" again=yes\n");
}

static void test_any_entry_or_a_flush_brings_the_count_out(void **state)
{
    (void)state;
    for (int i = 0; i < 11; i++)
        hk_log_info("one");
    for (int i = 0; i < 12; i++)
        hk_log_info("two");
    take_written();
    pass_ms(2000);
    hk_log_info("other");
    const char *text = take_written();
    assert_int_equal(count_lines(text), 3);
    assert_non_null(strstr(text, "msg=one repeated=1\n"));
    assert_non_null(strstr(text, "msg=two repeated=2\n"));
    for (int i = 0; i < 13; i++)
        hk_log_info("three");
    take_written();
    hk_log_flush();
    assert_string_equal(take_written(),
                        "time=2026-05-02T08:00:02.000Z level=info msg=three repeated=3\n");
    hk_log_flush();
    assert_string_equal(take_written(), "");
}

static void test_more_messages_than_rows_lose_no_count(void **state)
{
    char message[32];
    (void)state;
    for (int i = 0; i < 15; i++)
        hk_log_info("first");
    take_written();
    pass_ms(1);
    for (int i = 0; i < 100; i++) {
        snprintf(message, sizeof(message), "message-%d", i);
        hk_log_info(message);
    }
    const char *text = take_written();
    assert_int_equal(count_lines(text), 101);
    assert_non_null(strstr(text, "msg=first repeated=5\n"));
}

/** Writes one entry whose value has `size` bytes, all `unit`; gets the line. */
static const char *write_long(const char *unit, size_t size)
{
    static char value[6000];
    for (size_t i = 0; i < size; i++)
        value[i] = unit[i % strlen(unit)];
    value[size] = '\0';
    pass_ms(1000);
    hk_log_info("long", HK_F("value", value), HK_FI("after", 1));
    return take_written();
}

static void test_a_long_line_is_cut_between_characters_and_closed(void **state)
{
    static const char *const units[] = {
        "a", "a ", "\xC3\xA9", "\xE2\x82\xAC", "\n", "\xFF", "\\"
    };
    struct hk_json_value top;
    (void)state;
    for (int format = 0; format < 2; format++) {
        hk_log_configure(HK_LOG_INFO, format == 0 ? HK_LOG_LOGFMT : HK_LOG_JSON);
        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
            for (size_t size = 3980; size < 4060; size++) {
                const char *text = write_long(units[i], size - size % strlen(units[i]));
                struct hk_slice line = hk_slice_of(text);
                assert_int_equal(count_lines(text), 1);
                assert_true(line.size <= 4096);
                assert_true(hk_utf8_is_valid(line));
                assert_int_equal(line.at[line.size - 1], '\n');
                if (format == 1)
                    assert_int_equal(hk_json_scan(line, &top, NULL), 0);
            }
        }
    }
    assert_true(strlen(write_long("a", 5000)) > 4080);
}

static void test_lines_for_the_journal_carry_their_priority(void **state)
{
    char name[64];
    struct stat status;
    (void)state;
    assert_int_equal(fstat(file, &status), 0);
    snprintf(name, sizeof(name), "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    setenv("JOURNAL_STREAM", name, 1);
    hk_log_configure(HK_LOG_DEBUG, HK_LOG_LOGFMT);
    hk_log_error("e");
    hk_log_warn("w");
    hk_log_info("i");
    hk_log_debug("d");
    assert_string_equal(take_written(),
                        "<3>" STAMP "level=error msg=e\n<4>" STAMP "level=warn msg=w\n<6>" STAMP
                        "level=info msg=i\n<7>" STAMP "level=debug msg=d\n");
    setenv("JOURNAL_STREAM", "1:2", 1);
    hk_log_configure(HK_LOG_DEBUG, HK_LOG_LOGFMT);
    hk_log_info("other");
    assert_string_equal(take_written(), STAMP "level=info msg=other\n");
    unsetenv("JOURNAL_STREAM");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_entry_is_one_line_of_logfmt, start, end),
        cmocka_unit_test_setup_teardown(test_an_entry_is_one_object_of_json, start, end),
        cmocka_unit_test_setup_teardown(test_nothing_from_outside_can_forge_a_line_or_a_field,
                                        start, end),
        cmocka_unit_test_setup_teardown(test_levels_below_the_configured_one_are_silent, start,
                                        end),
        cmocka_unit_test_setup_teardown(test_repeats_are_counted_beyond_ten_a_second, start, end),
        cmocka_unit_test_setup_teardown(test_any_entry_or_a_flush_brings_the_count_out, start, end),
        cmocka_unit_test_setup_teardown(test_more_messages_than_rows_lose_no_count, start, end),
        cmocka_unit_test_setup_teardown(test_a_long_line_is_cut_between_characters_and_closed,
                                        start, end),
        cmocka_unit_test_setup_teardown(test_lines_for_the_journal_carry_their_priority, start,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
