// SPDX-License-Identifier: Apache-2.0
/** UUIDs (RFC 9562): version 7 for events (they sort by time and tell their day), version 4 for
 * endpoints and keys. Thread: any; a generator has one owner. */
#pragma once
#include "base/bytes.h"
#include "base/moment.h"

#define HK_UUID_TEXT_SIZE 36

struct hk_uuid {
    uint8_t bytes[16];
};

/** Makes version 7 ids that rise strictly, also within one millisecond and when the clock steps
 * back (RFC 9562 section 6.2, method 2: the random part counts up). */
struct hk_uuid_maker {
    int64_t last_ms;
    uint64_t high; /**< 12 bits: rand_a. */
    uint64_t low;  /**< 62 bits: rand_b. */
};

/** Makes the next id. `random` is 128 fresh random bits from the caller. */
struct hk_uuid hk_uuid_make7(struct hk_uuid_maker *maker, struct hk_wall now,
                             const uint64_t random[2]);

/** Makes a version 4 id of 128 random bits. */
struct hk_uuid hk_uuid_make4(const uint64_t random[2]);

/** Gets the wall time inside a version 7 id. */
struct hk_wall hk_uuid_wall(const struct hk_uuid *uuid);

/** Writes the 36 characters and a zero; returns `text`. */
const char *hk_uuid_format(const struct hk_uuid *uuid, char text[HK_UUID_TEXT_SIZE + 1]);

/** Reads the 36-character form, either case; 0 or HK_ESYNTAX. */
HK_MUST_CHECK int hk_uuid_parse(struct hk_slice text, struct hk_uuid *uuid);

static inline bool hk_uuid_is_equal(const struct hk_uuid *a, const struct hk_uuid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/** Sorts by bytes: <0, 0, >0. */
static inline int hk_uuid_compare(const struct hk_uuid *a, const struct hk_uuid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static inline bool hk_uuid_is_zero(const struct hk_uuid *uuid)
{
    static const struct hk_uuid zero;
    return hk_uuid_is_equal(uuid, &zero);
}
