// SPDX-License-Identifier: Apache-2.0
/** Moments: two clocks that cannot be mixed.
 *
 * Monotonic time is for waiting, wall time for keeping and showing. Only daemon/clock and the
 * simulator's clock make them; everything else is handed a `struct hk_now`. Thread: any. */
#pragma once
#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HK_NS_PER_MS INT64_C(1000000)

/** Monotonic time in nanoseconds since some fixed point of this process. */
struct hk_mono {
    int64_t ns;
};

/** Wall time in milliseconds since 1970-01-01T00:00:00Z. */
struct hk_wall {
    int64_t ms;
};

/** Both clocks, read together once a loop iteration. */
struct hk_now {
    struct hk_mono mono;
    struct hk_wall wall;
};

/** How code that must read a clock itself (hands, never the engine) is given one. Thread: any. */
typedef struct hk_now (*hk_clock_fn)(void);

/** "No deadline": later than every moment. */
#define HK_MONO_NEVER ((struct hk_mono){ INT64_MAX })

static inline struct hk_mono hk_mono_after_ms(struct hk_mono from, int64_t ms)
{
    return (struct hk_mono){ from.ns + ms * HK_NS_PER_MS };
}

static inline bool hk_mono_is_reached(struct hk_mono due, struct hk_mono now)
{
    return now.ns >= due.ns;
}

/** Longest text that hk_wall_format writes, with its end. */
#define HK_WALL_TEXT_MAX 32

/** Writes RFC 3339 in UTC with milliseconds, "2026-05-02T08:00:00.000Z"; years 1970 to 9999,
 * other moments are clamped. Returns `text`. */
const char *hk_wall_format(struct hk_wall wall, char text[HK_WALL_TEXT_MAX]);

/** Reads RFC 3339 (offset or Z, any fraction, cut to milliseconds; years 1970 to 9999 in UTC). A
 * leap second is taken where there can be one, at the end of a month in UTC, and becomes the last
 * millisecond before it. 0 or HK_ESYNTAX, which leaves `wall` alone. */
HK_MUST_CHECK int hk_wall_parse(const char *text, size_t size, struct hk_wall *wall);

/** Reads an HTTP date (RFC 9110 section 5.6.7, all three forms; leap seconds as above). Two-digit
 * years are 1970 to 2069, the name of the day is not held against the date. 0 or HK_ESYNTAX. */
HK_MUST_CHECK int hk_wall_parse_http_date(const char *text, size_t size, struct hk_wall *wall);
