// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "buffer.h"

#include <stdint.h>

/** Buckets: 16 for each power of two of microseconds, so a value is known to 6 %. */
enum { HK_HISTOGRAM_BUCKETS = 64 * 16 };

/** All zero is empty. */
struct hk_histogram {
    uint64_t count;
    int64_t max_us;
    uint64_t buckets[HK_HISTOGRAM_BUCKETS];
};

/** A value below 0 counts as 0. */
void hk_histogram_add(struct hk_histogram *histogram, int64_t value_us);

/** Upper edge of the bucket that holds this share (0 to 1) of the values; 0 when empty. */
int64_t hk_histogram_at(const struct hk_histogram *histogram, double share);

/** Adds the time since the `"t_us":NUMBER` of a body, if it has one in its first 4 KiB. */
void hk_histogram_add_body(struct hk_histogram *histogram, struct hk_span body);
