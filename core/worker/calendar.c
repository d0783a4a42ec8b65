// SPDX-License-Identifier: Apache-2.0
#include "worker/calendar.h"

#include <stdio.h>

#define MS_PER_MINUTE INT64_C(60000)
#define MS_PER_DAY INT64_C(86400000)
/** Days of 400 years, after which the calendar repeats. */
#define DAYS_PER_ERA 146097
/** Days from 0000-03-01 to 1970-01-01. */
#define DAYS_TO_1970 719468

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static bool is_leap_year(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}

/** Days from 1970-01-01. The year is taken to begin in March, so that the leap day is its last. */
static int64_t days_from_date(int year, int month, int day)
{
    int64_t march_year = month <= 2 ? year - 1 : year;
    int64_t era = floor_div(march_year, 400);
    int64_t year_of_era = march_year - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
}

static void date_from_days(int64_t days, struct hk_calendar *calendar)
{
    int64_t era = floor_div(days + DAYS_TO_1970, DAYS_PER_ERA);
    int64_t day_of_era = days + DAYS_TO_1970 - era * DAYS_PER_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    calendar->day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    calendar->month = (int)(month < 10 ? month + 3 : month - 9);
    calendar->year = (int)(year_of_era + era * 400 + (calendar->month <= 2));
}

static bool is_in_range(int64_t ms)
{
    return ms >= HK_CALENDAR_MS_MIN && ms <= HK_CALENDAR_MS_MAX;
}

bool hk_calendar_split(int64_t ms, int offset_minutes, struct hk_calendar *calendar)
{
    // Looked at before the offset is added, so that nothing overflows.
    if (ms < HK_CALENDAR_MS_MIN - MS_PER_DAY || ms > HK_CALENDAR_MS_MAX + MS_PER_DAY ||
        offset_minutes < -HK_CALENDAR_OFFSET_MAX || offset_minutes > HK_CALENDAR_OFFSET_MAX)
        return false;
    ms += offset_minutes * MS_PER_MINUTE;
    if (!is_in_range(ms))
        return false;
    int64_t days = floor_div(ms, MS_PER_DAY);
    int of_day = (int)(ms - days * MS_PER_DAY);
    date_from_days(days, calendar);
    calendar->hour = of_day / 3600000;
    calendar->minute = of_day / 60000 % 60;
    calendar->second = of_day / 1000 % 60;
    calendar->ms = of_day % 1000;
    // 1970-01-01 was a Thursday.
    calendar->weekday = (int)(days + 3 - 7 * floor_div(days + 3, 7)) + 1;
    calendar->yearday = (int)(days - days_from_date(calendar->year, 1, 1)) + 1;
    return true;
}

bool hk_calendar_format(int64_t ms, int offset_minutes, char text[HK_CALENDAR_TEXT_MAX])
{
    struct hk_calendar at;
    if (!hk_calendar_split(ms, offset_minutes, &at))
        return false;
    int size = snprintf(text, HK_CALENDAR_TEXT_MAX, "%04u-%02u-%02uT%02u:%02u:%02u.%03u",
                        (unsigned)at.year % 10000, (unsigned)at.month % 100, (unsigned)at.day % 100,
                        (unsigned)at.hour % 100, (unsigned)at.minute % 100,
                        (unsigned)at.second % 100, (unsigned)at.ms % 1000);
    int minutes = offset_minutes < 0 ? -offset_minutes : offset_minutes;
    if (minutes == 0)
        snprintf(text + size, (size_t)(HK_CALENDAR_TEXT_MAX - size), "Z");
    else
        snprintf(text + size, (size_t)(HK_CALENDAR_TEXT_MAX - size), "%c%02d:%02d",
                 offset_minutes < 0 ? '-' : '+', minutes / 60, minutes % 60);
    return true;
}

/** What is left to read. Each read_ function takes its part or says false. */
struct reader {
    const char *at;
    const char *end;
};

static bool is_digit(const struct reader *reader)
{
    return reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9';
}

/** Reads exactly `count` digits, and the character behind them (0: any or none, which stays). */
static bool read_digits(struct reader *reader, int count, char after, int *value)
{
    *value = 0;
    for (int i = 0; i < count; i++) {
        if (!is_digit(reader))
            return false;
        *value = *value * 10 + (*reader->at++ - '0');
    }
    if (after == '\0')
        return true;
    return reader->at < reader->end && *reader->at++ == after;
}

static bool read_fraction(struct reader *reader, int *ms)
{
    int place = 100;
    *ms = 0;
    if (reader->at == reader->end || *reader->at != '.')
        return true;
    reader->at++;
    if (!is_digit(reader))
        return false;
    for (; is_digit(reader); reader->at++, place /= 10)
        *ms += (*reader->at - '0') * place;
    return true;
}

/** Reads "Z" or "+hh:mm". */
static bool read_offset(struct reader *reader, int *minutes)
{
    int hour, minute;
    *minutes = 0;
    if (reader->at == reader->end)
        return false;
    char sign = *reader->at++;
    if (sign == 'Z' || sign == 'z')
        return true;
    if ((sign != '+' && sign != '-') || !read_digits(reader, 2, ':', &hour) ||
        !read_digits(reader, 2, '\0', &minute) || hour > 23 || minute > 59)
        return false;
    *minutes = (sign == '-' ? -1 : 1) * (hour * 60 + minute);
    return true;
}

/** Is the moment that ends the minute before `ms` + 1 the end of a month in UTC? */
static bool is_end_of_month(int64_t ms)
{
    struct hk_calendar next;
    if ((ms + 1) % MS_PER_DAY != 0)
        return false;
    date_from_days(floor_div(ms + 1, MS_PER_DAY), &next);
    return next.day == 1;
}

const char *hk_calendar_parse(struct hk_slice text, int64_t *ms)
{
    struct reader reader = { text.at, text.at + text.size };
    struct hk_calendar at;
    int offset_minutes;
    if (!read_digits(&reader, 4, '-', &at.year) || !read_digits(&reader, 2, '-', &at.month) ||
        !read_digits(&reader, 2, '\0', &at.day) || reader.at == reader.end ||
        (*reader.at != 'T' && *reader.at != 't'))
        return "not a moment as RFC 3339 has it";
    reader.at++;
    if (!read_digits(&reader, 2, ':', &at.hour) || !read_digits(&reader, 2, ':', &at.minute) ||
        !read_digits(&reader, 2, '\0', &at.second) || !read_fraction(&reader, &at.ms) ||
        !read_offset(&reader, &offset_minutes) || reader.at != reader.end)
        return "not a moment as RFC 3339 has it";
    if (at.month < 1 || at.month > 12 || at.day < 1 || at.day > days_in_month(at.year, at.month))
        return "there is no such day";
    if (at.hour > 23 || at.minute > 59 || at.second > 60)
        return "there is no such time of day";
    int64_t minutes = at.hour * 60 + at.minute - offset_minutes;
    int64_t minute_ms =
        days_from_date(at.year, at.month, at.day) * MS_PER_DAY + minutes * MS_PER_MINUTE;
    bool is_leap_second = at.second == 60;
    *ms = minute_ms + (is_leap_second ? MS_PER_MINUTE - 1 : at.second * 1000 + at.ms);
    if (is_leap_second && !is_end_of_month(*ms))
        return "there is no such leap second";
    return is_in_range(*ms) ? NULL : "not in the years 0 to 9999 in UTC";
}
