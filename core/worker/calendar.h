// SPDX-License-Identifier: Apache-2.0
/** Calendar: moments and dates of the proleptic Gregorian calendar, years 0 to 9999, for hook.time.
 * No time zones but fixed offsets, no clock. Pure; thread: any. */
#pragma once
#include "base/bytes.h"

/** Milliseconds since 1970 of the first and the last moment. */
#define HK_CALENDAR_MS_MIN INT64_C(-62167219200000)
#define HK_CALENDAR_MS_MAX INT64_C(253402300799999)
/** Largest offset from UTC in minutes, either way. */
#define HK_CALENDAR_OFFSET_MAX 1439
/** Longest text, with its end. */
#define HK_CALENDAR_TEXT_MAX 40

/** A moment as it is written somewhere. */
struct hk_calendar {
    int year, month, day; /**< Month and day from 1. */
    int hour, minute, second, ms;
    int weekday; /**< 1: Monday, 7: Sunday. */
    int yearday; /**< From 1. */
};

/** Takes a moment apart for a place `offset_minutes` ahead of UTC. False when it is not in the
 * years 0 to 9999 there. */
bool hk_calendar_split(int64_t ms, int offset_minutes, struct hk_calendar *calendar);

/** Writes RFC 3339 with milliseconds: "2026-05-02T08:00:00.000Z", or with "+02:00" when there is an
 * offset. False likewise. */
bool hk_calendar_format(int64_t ms, int offset_minutes, char text[HK_CALENDAR_TEXT_MAX]);

/** Reads RFC 3339, strictly: 'T' and 'Z' in either case, any fraction (cut to milliseconds), a leap
 * second where there can be one (the last second of a month in UTC), which becomes the last
 * millisecond before it. Returns NULL, or what is wrong (static text). */
const char *hk_calendar_parse(struct hk_slice text, int64_t *ms);
