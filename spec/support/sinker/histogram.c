// SPDX-License-Identifier: Apache-2.0
#include "histogram.h"

#include "clock.h"

#include <string.h>

enum { STEPS = 16, STEP_BITS = 4, SEARCH_BYTES_MAX = 4096 };

static size_t bucket_of(uint64_t value)
{
    if (value < STEPS) {
        return (size_t)value;
    }
    unsigned shift = 63u - (unsigned)__builtin_clzll(value) - STEP_BITS;
    return (size_t)(shift + 1) * STEPS + (size_t)((value >> shift) - STEPS);
}

static int64_t edge_of(size_t bucket)
{
    if (bucket < STEPS) {
        return (int64_t)bucket;
    }
    unsigned shift = (unsigned)(bucket / STEPS) - 1;
    return (int64_t)(((bucket % STEPS + STEPS + 1) << shift) - 1);
}

void hk_histogram_add(struct hk_histogram *histogram, int64_t value_us)
{
    uint64_t value = value_us > 0 ? (uint64_t)value_us : 0;
    histogram->buckets[bucket_of(value)]++;
    histogram->count++;
    if (value_us > histogram->max_us) {
        histogram->max_us = value_us;
    }
}

int64_t hk_histogram_at(const struct hk_histogram *histogram, double share)
{
    uint64_t wanted = (uint64_t)(share * (double)histogram->count);
    uint64_t seen = 0;
    for (size_t i = 0; i < HK_HISTOGRAM_BUCKETS && histogram->count > 0; i++) {
        seen += histogram->buckets[i];
        if (seen > wanted || seen == histogram->count) {
            int64_t edge = edge_of(i);
            return edge < histogram->max_us ? edge : histogram->max_us;
        }
    }
    return 0;
}

void hk_histogram_add_body(struct hk_histogram *histogram, struct hk_span body)
{
    static const char name[] = "\"t_us\":";
    size_t bytes = body.bytes < SEARCH_BYTES_MAX ? body.bytes : SEARCH_BYTES_MAX;
    const char *found = bytes > 0 ? memmem(body.at, bytes, name, sizeof name - 1) : NULL;
    if (found == NULL) {
        return;
    }
    const char *at = found + sizeof name - 1;
    const char *end = body.at + body.bytes;
    while (at < end && *at == ' ') {
        at++;
    }
    int64_t sent_us = 0;
    int digits = 0;
    for (; at < end && *at >= '0' && *at <= '9' && digits < 18; at++, digits++) {
        sent_us = sent_us * 10 + (*at - '0');
    }
    if (digits > 0) {
        hk_histogram_add(histogram, hk_clock_mono_us() - sent_us);
    }
}
