// SPDX-License-Identifier: Apache-2.0
#include "base/moment.h"

#include "base/prng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define LAST_MS INT64_C(253402300799999)

struct row {
    const char *text;
    int64_t ms; /**< -1: refused. */
};

typedef int (*parse_fn)(const char *text, size_t size, struct hk_wall *wall);

static void assert_table(parse_fn parse, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct hk_wall wall = { -7 };
        int rc = parse(rows[i].text, strlen(rows[i].text), &wall);
        if (rc != (rows[i].ms < 0 ? HK_ESYNTAX : 0) || (rc == 0 && wall.ms != rows[i].ms))
            fail_msg("'%s' gives %d, %lld", rows[i].text, rc, (long long)wall.ms);
        if (rc != 0)
            assert_true(wall.ms == -7);
    }
}

static void test_rfc_3339_is_read_and_nothing_else(void **state)
{
    static const struct row rows[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "2026-05-02T08:00:00Z", INT64_C(1777708800000) },
        { "2026-05-02t08:00:00z", INT64_C(1777708800000) },
        { "2026-05-02T10:00:00+02:00", INT64_C(1777708800000) },
        { "2026-05-02T02:30:00-05:30", INT64_C(1777708800000) },
        { "2026-05-02T08:00:00-00:00", INT64_C(1777708800000) },
        { "2026-05-02T08:00:00.1Z", INT64_C(1777708800100) },
        { "2026-05-02T08:00:00.123456789Z", INT64_C(1777708800123) },
        { "2026-05-02T08:00:00.9999+00:00", INT64_C(1777708800999) },
        { "2024-02-29T00:00:00Z", INT64_C(1709164800000) },
        { "2000-02-29T00:00:00Z", INT64_C(951782400000) },
        { "1969-12-31T23:00:00-01:00", 0 },
        { "9999-12-31T23:59:59.999Z", LAST_MS },
        // Leap seconds: only at the end of a month in UTC.
        { "2016-12-31T23:59:60Z", INT64_C(1483228799999) },
        { "2016-12-31T23:59:60.5Z", INT64_C(1483228799999) },
        { "2017-01-01T01:59:60+02:00", INT64_C(1483228799999) },
        { "2016-12-30T23:59:60Z", -1 },
        { "2016-12-31T12:59:60Z", -1 },
        { "2016-12-31T23:59:60+02:00", -1 },
        { "2016-12-31T23:59:61Z", -1 },
        { "2026-02-29T00:00:00Z", -1 },
        { "2026-02-30T00:00:00Z", -1 },
        { "2100-02-29T00:00:00Z", -1 },
        { "2026-04-31T00:00:00Z", -1 },
        { "2026-00-01T00:00:00Z", -1 },
        { "2026-13-01T00:00:00Z", -1 },
        { "2026-01-00T00:00:00Z", -1 },
        { "2026-01-32T00:00:00Z", -1 },
        { "2026-01-01T24:00:00Z", -1 },
        { "2026-01-01T00:60:00Z", -1 },
        { "1969-12-31T23:59:59Z", -1 },
        { "0000-01-01T00:00:00Z", -1 },
        { "9999-12-31T23:59:59-00:01", -1 },
        { "1970-01-01T00:00:00+00:01", -1 },
        { "", -1 },
        { "2026-05-02", -1 },
        { "2026-05-02T08:00:00", -1 },
        { "2026-05-02 08:00:00Z", -1 },
        { "2026-05-02T08:00:00.Z", -1 },
        { "2026-05-02T08:00:00,5Z", -1 },
        { "2026-05-02T08:00Z", -1 },
        { "2026-05-02T08:00:00+02", -1 },
        { "2026-05-02T08:00:00+0200", -1 },
        { "2026-05-02T08:00:00+24:00", -1 },
        { "2026-05-02T08:00:00+00:60", -1 },
        { "2026-05-02T08:00:00ZZ", -1 },
        { "2026-05-02T08:00:00Z ", -1 },
        { "+2026-05-02T08:00:00Z", -1 },
        { "2026-5-02T08:00:00Z", -1 },
        { "202a-05-02T08:00:00Z", -1 },
    };
    (void)state;
    assert_table(hk_wall_parse, rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_all_three_http_dates_are_read(void **state)
{
    static const struct row rows[] = {
        { "Sun, 06 Nov 1994 08:49:37 GMT", INT64_C(784111777000) },
        { "Sunday, 06-Nov-94 08:49:37 GMT", INT64_C(784111777000) },
        { "Sun Nov  6 08:49:37 1994", INT64_C(784111777000) },
        { "Wed Nov 16 08:49:37 1994", INT64_C(784975777000) },
        { "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
        { "Saturday, 02-May-26 08:00:00 GMT", INT64_C(1777708800000) },
        { "Thursday, 01-Jan-70 00:00:00 GMT", 0 },
        { "Sat, 31 Dec 2016 23:59:60 GMT", INT64_C(1483228799999) },
        // The name of the day is not held against the date.
        { "Mon, 06 Nov 1994 08:49:37 GMT", INT64_C(784111777000) },
        { "Sun, 06 Nov 1994 08:49:37 UTC", -1 },
        { "Sun, 06 Nov 1994 08:49:37", -1 },
        { "Sun, 6 Nov 1994 08:49:37 GMT", -1 },
        { "Sun, 06 nov 1994 08:49:37 GMT", -1 },
        { "Son, 06 Nov 1994 08:49:37 GMT", -1 },
        { "Sun, 31 Nov 1994 08:49:37 GMT", -1 },
        { "Sun, 06 Nov 1994 24:49:37 GMT", -1 },
        { "Sun, 06 Nov 1994 08:49:37 GMT ", -1 },
        { "Sun, 06-Nov-94 08:49:37 GMT", -1 },
        { "Sunday, 06 Nov 1994 08:49:37 GMT", -1 },
        { "Sun Nov 6 08:49:37 1994", -1 },
        { "Sun Nov 06 08:49:37 94", -1 },
        { "Wed, 31 Dec 1969 23:59:59 GMT", -1 },
        { "120", -1 },
        { "", -1 },
    };
    (void)state;
    assert_table(hk_wall_parse_http_date, rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_moments_are_written_in_utc_with_milliseconds(void **state)
{
    static const struct row rows[] = {
        { "1970-01-01T00:00:00.000Z", 0 },
        { "2026-05-02T08:00:00.007Z", INT64_C(1777708800007) },
        { "2024-02-29T23:59:59.999Z", INT64_C(1709251199999) },
        { "9999-12-31T23:59:59.999Z", LAST_MS },
    };
    char text[HK_WALL_TEXT_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(hk_wall_format((struct hk_wall){ rows[i].ms }, text), rows[i].text);
    assert_string_equal(hk_wall_format((struct hk_wall){ INT64_MIN }, text), rows[0].text);
    assert_string_equal(hk_wall_format((struct hk_wall){ INT64_MAX }, text), rows[3].text);
}

static void test_dates_agree_with_the_c_library_and_come_back(void **state)
{
    struct hk_prng prng;
    char text[HK_WALL_TEXT_MAX], expected[HK_WALL_TEXT_MAX];
    (void)state;
    hk_prng_init(&prng, 11);
    for (int i = 0; i < 50000; i++) {
        struct hk_wall back, wall = { (int64_t)hk_prng_below(&prng, (uint64_t)LAST_MS + 1) };
        time_t seconds = wall.ms / 1000;
        struct tm tm;
        gmtime_r(&seconds, &tm);
        strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S", &tm);
        hk_wall_format(wall, text);
        assert_memory_equal(text, expected, 19);
        assert_int_equal(hk_wall_parse(text, strlen(text), &back), 0);
        assert_true(back.ms == wall.ms);
        strftime(expected, sizeof(expected), "%a, %d %b %Y %H:%M:%S GMT", &tm);
        assert_int_equal(hk_wall_parse_http_date(expected, strlen(expected), &back), 0);
        assert_true(back.ms == wall.ms / 1000 * 1000);
    }
}

/** A text with one byte changed or cut never reads past its end; the sanitizer watches. */
static void test_damaged_dates_are_read_within_their_bounds(void **state)
{
    static const char *const texts[] = { "2026-05-02T08:00:00.123+02:00",
                                         "Sun, 06 Nov 1994 08:49:37 GMT",
                                         "Sunday, 06-Nov-94 08:49:37 GMT",
                                         "Sun Nov  6 08:49:37 1994" };
    struct hk_prng prng;
    int taken = 0;
    (void)state;
    hk_prng_init(&prng, 12);
    for (int i = 0; i < 40000; i++) {
        char damaged[32];
        const char *text = texts[i % 4];
        struct hk_wall wall;
        size_t size = hk_prng_below(&prng, strlen(text) + 1);
        char *exact = damaged + sizeof(damaged) - size;
        memcpy(exact, text, size);
        if (size > 0)
            exact[hk_prng_below(&prng, size)] = (char)hk_prng_next(&prng);
        taken += hk_wall_parse(exact, size, &wall) == 0;
        taken += hk_wall_parse_http_date(exact, size, &wall) == 0;
    }
    assert_in_range(taken, 1, 1000);
}

static void test_due_times_are_reached_and_never_is_not(void **state)
{
    struct hk_mono now = { 5 * HK_NS_PER_MS };
    (void)state;
    assert_true(hk_mono_is_reached(now, now));
    assert_true(hk_mono_after_ms(now, 3).ns == 8 * HK_NS_PER_MS);
    assert_false(hk_mono_is_reached(hk_mono_after_ms(now, 1), now));
    assert_false(hk_mono_is_reached(HK_MONO_NEVER, now));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc_3339_is_read_and_nothing_else),
        cmocka_unit_test(test_all_three_http_dates_are_read),
        cmocka_unit_test(test_moments_are_written_in_utc_with_milliseconds),
        cmocka_unit_test(test_dates_agree_with_the_c_library_and_come_back),
        cmocka_unit_test(test_damaged_dates_are_read_within_their_bounds),
        cmocka_unit_test(test_due_times_are_reached_and_never_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
