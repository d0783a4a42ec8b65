// SPDX-License-Identifier: Apache-2.0
#include "base/moment.h"

#include "base/fault.h"

#include <string.h>

#define MS_PER_SECOND INT64_C(1000)
#define MS_PER_MINUTE (60 * MS_PER_SECOND)
#define MS_PER_DAY INT64_C(86400000)
#define WALL_MS_MAX INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

/** A date and time of day as they are written. */
struct civil {
    int year, month, day;
    int hour, minute, second, ms;
};

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
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void date_from_days(int64_t days, struct civil *civil)
{
    int64_t shifted = days + 719468;
    int64_t era = shifted / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    civil->day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    civil->month = (int)(month < 10 ? month + 3 : month - 9);
    civil->year = (int)(year_of_era + era * 400 + (civil->month <= 2));
}

static char *write_digits(char *at, int value, int count, char after)
{
    for (int i = count - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    at[count] = after;
    return at + count + 1;
}

const char *hk_wall_format(struct hk_wall wall, char text[HK_WALL_TEXT_MAX])
{
    struct civil civil;
    int64_t ms = wall.ms < 0 ? 0 : wall.ms;
    if (ms > WALL_MS_MAX)
        ms = WALL_MS_MAX;
    date_from_days(ms / MS_PER_DAY, &civil);
    int of_day = (int)(ms % MS_PER_DAY);
    char *at = write_digits(text, civil.year, 4, '-');
    at = write_digits(at, civil.month, 2, '-');
    at = write_digits(at, civil.day, 2, 'T');
    at = write_digits(at, of_day / 3600000, 2, ':');
    at = write_digits(at, of_day / 60000 % 60, 2, ':');
    at = write_digits(at, of_day / 1000 % 60, 2, '.');
    at = write_digits(at, of_day % 1000, 3, 'Z');
    *at = '\0';
    return text;
}

/** Turns a civil time into a moment, if there is one. A leap second (only the last second of a
 * month in UTC can be one) becomes the last millisecond before it. */
static int wall_from_civil(const struct civil *civil, int offset_minutes, struct hk_wall *wall)
{
    if (civil->month < 1 || civil->month > 12 || civil->day < 1 ||
        civil->day > days_in_month(civil->year, civil->month) || civil->hour > 23 ||
        civil->minute > 59 || civil->second > 60)
        return HK_ESYNTAX;
    bool is_leap_second = civil->second == 60;
    int64_t minutes = civil->hour * 60 + civil->minute - offset_minutes;
    int64_t ms = days_from_date(civil->year, civil->month, civil->day) * MS_PER_DAY;
    ms += minutes * MS_PER_MINUTE;
    ms += is_leap_second ? MS_PER_MINUTE - 1 : civil->second * MS_PER_SECOND + civil->ms;
    if (ms < 0 || ms > WALL_MS_MAX)
        return HK_ESYNTAX;
    if (is_leap_second) {
        struct civil next;
        date_from_days((ms + 1) / MS_PER_DAY, &next);
        if ((ms + 1) % MS_PER_DAY != 0 || next.day != 1)
            return HK_ESYNTAX;
    }
    wall->ms = ms;
    return 0;
}

/** What is left to read. Each read_ function takes its part or says false. */
struct reader {
    const char *at;
    const char *end;
};

static bool read_text(struct reader *reader, const char *text)
{
    size_t size = strlen(text);
    if ((size_t)(reader->end - reader->at) < size || memcmp(reader->at, text, size) != 0)
        return false;
    reader->at += size;
    return true;
}

/** Reads one of the characters in `set`. */
static bool read_one_of(struct reader *reader, const char *set, char *found)
{
    if (reader->at == reader->end || *reader->at == '\0' || strchr(set, *reader->at) == NULL)
        return false;
    *found = *reader->at++;
    return true;
}

static bool is_digit(const struct reader *reader)
{
    return reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9';
}

/** Reads exactly `count` digits. */
static bool read_number(struct reader *reader, int count, int *value)
{
    int number = 0;
    for (int i = 0; i < count; i++) {
        if (!is_digit(reader))
            return false;
        number = number * 10 + (*reader->at++ - '0');
    }
    *value = number;
    return true;
}

/** Reads one of the names; `index` counts from 0. */
static bool read_name(struct reader *reader, const char *const names[], int count, int *index)
{
    for (int i = 0; i < count; i++) {
        if (read_text(reader, names[i])) {
            *index = i;
            return true;
        }
    }
    return false;
}

static bool read_time(struct reader *reader, struct civil *civil)
{
    return read_number(reader, 2, &civil->hour) && read_text(reader, ":") &&
           read_number(reader, 2, &civil->minute) && read_text(reader, ":") &&
           read_number(reader, 2, &civil->second);
}

static bool read_fraction(struct reader *reader, int *ms)
{
    int place = 100;
    *ms = 0;
    if (!read_text(reader, "."))
        return true;
    if (!is_digit(reader))
        return false;
    for (; is_digit(reader); reader->at++, place /= 10)
        *ms += (*reader->at - '0') * place;
    return true;
}

/** Reads "Z" or "+hh:mm". */
static bool read_offset(struct reader *reader, int *minutes)
{
    char sign;
    int hour, minute;
    *minutes = 0;
    if (!read_one_of(reader, "Zz+-", &sign))
        return false;
    if (sign == 'Z' || sign == 'z')
        return true;
    if (!read_number(reader, 2, &hour) || !read_text(reader, ":") ||
        !read_number(reader, 2, &minute) || hour > 23 || minute > 59)
        return false;
    *minutes = (sign == '-' ? -1 : 1) * (hour * 60 + minute);
    return true;
}

int hk_wall_parse(const char *text, size_t size, struct hk_wall *wall)
{
    struct reader reader = { text, text + size };
    struct civil civil = { 0 };
    int offset_minutes;
    char separator;
    if (!read_number(&reader, 4, &civil.year) || !read_text(&reader, "-") ||
        !read_number(&reader, 2, &civil.month) || !read_text(&reader, "-") ||
        !read_number(&reader, 2, &civil.day) || !read_one_of(&reader, "Tt", &separator) ||
        !read_time(&reader, &civil) || !read_fraction(&reader, &civil.ms) ||
        !read_offset(&reader, &offset_minutes) || reader.at != reader.end)
        return HK_ESYNTAX;
    return wall_from_civil(&civil, offset_minutes, wall);
}

static bool read_month(struct reader *reader, struct civil *civil)
{
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    int index;
    if (!read_name(reader, months, 12, &index))
        return false;
    civil->month = index + 1;
    return true;
}

/** Reads what follows "Sun, ": "06 Nov 1994 08:49:37 GMT". */
static bool read_imf_fixdate(struct reader *reader, struct civil *civil)
{
    return read_number(reader, 2, &civil->day) && read_text(reader, " ") &&
           read_month(reader, civil) && read_text(reader, " ") &&
           read_number(reader, 4, &civil->year) && read_text(reader, " ") &&
           read_time(reader, civil) && read_text(reader, " GMT");
}

/** Reads what follows "Sunday, ": "06-Nov-94 08:49:37 GMT". */
static bool read_rfc850(struct reader *reader, struct civil *civil)
{
    int year;
    if (!read_number(reader, 2, &civil->day) || !read_text(reader, "-") ||
        !read_month(reader, civil) || !read_text(reader, "-") || !read_number(reader, 2, &year) ||
        !read_text(reader, " ") || !read_time(reader, civil) || !read_text(reader, " GMT"))
        return false;
    civil->year = year < 70 ? 2000 + year : 1900 + year;
    return true;
}

/** Reads what follows "Sun ": "Nov  6 08:49:37 1994". */
static bool read_asctime(struct reader *reader, struct civil *civil)
{
    if (!read_month(reader, civil) || !read_text(reader, " "))
        return false;
    bool is_day = read_text(reader, " ") ? read_number(reader, 1, &civil->day)
                                         : read_number(reader, 2, &civil->day);
    return is_day && read_text(reader, " ") && read_time(reader, civil) && read_text(reader, " ") &&
           read_number(reader, 4, &civil->year);
}

int hk_wall_parse_http_date(const char *text, size_t size, struct hk_wall *wall)
{
    static const char *const long_days[] = { "Sunday",   "Monday", "Tuesday", "Wednesday",
                                             "Thursday", "Friday", "Saturday" };
    static const char *const short_days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    struct reader reader = { text, text + size };
    struct civil civil = { 0 };
    int day;
    bool is_read = false;
    // The day of the week is not held against the date: it adds nothing.
    if (read_name(&reader, long_days, 7, &day))
        is_read = read_text(&reader, ", ") && read_rfc850(&reader, &civil);
    else if (!read_name(&reader, short_days, 7, &day))
        return HK_ESYNTAX;
    else if (read_text(&reader, ", "))
        is_read = read_imf_fixdate(&reader, &civil);
    else
        is_read = read_text(&reader, " ") && read_asctime(&reader, &civil);
    if (!is_read || reader.at != reader.end)
        return HK_ESYNTAX;
    return wall_from_civil(&civil, 0, wall);
}
