// SPDX-License-Identifier: Apache-2.0
#include "base/spelling.h"

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/** Three rows of the table of distances: of this byte of `a`, the one before, the one before that.
 */
struct rows {
    uint32_t before_last[HK_SPELLING_BYTES_MAX + 1];
    uint32_t last[HK_SPELLING_BYTES_MAX + 1];
    uint32_t now[HK_SPELLING_BYTES_MAX + 1];
};

static void row_fill(struct rows *rows, struct hk_slice a, struct hk_slice b, size_t i)
{
    rows->now[0] = (uint32_t)i;
    for (size_t j = 1; j <= b.size; j++) {
        uint32_t replaced = rows->last[j - 1] + (a.at[i - 1] != b.at[j - 1]);
        rows->now[j] = least(replaced, least(rows->last[j], rows->now[j - 1]) + 1);
        if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] && a.at[i - 2] == b.at[j - 1])
            rows->now[j] = least(rows->now[j], rows->before_last[j - 2] + 1);
    }
}

uint32_t hk_spelling_distance(struct hk_slice a, struct hk_slice b)
{
    struct rows rows = { 0 };
    if (a.size > HK_SPELLING_BYTES_MAX)
        a.size = HK_SPELLING_BYTES_MAX;
    if (b.size > HK_SPELLING_BYTES_MAX)
        b.size = HK_SPELLING_BYTES_MAX;
    for (size_t j = 0; j <= b.size; j++)
        rows.now[j] = (uint32_t)j;
    for (size_t i = 1; i <= a.size; i++) {
        memcpy(rows.before_last, rows.last, sizeof(rows.last));
        memcpy(rows.last, rows.now, sizeof(rows.now));
        row_fill(&rows, a, b, i);
    }
    return rows.now[b.size];
}

bool hk_spelling_is_near(struct hk_slice word, uint32_t distance)
{
    return distance <= 1 + word.size / 4;
}

const char *hk_spelling_nearest(struct hk_slice word, const char *const *known)
{
    const char *nearest = NULL;
    uint32_t nearest_distance = UINT32_MAX;
    for (; *known; known++) {
        uint32_t distance = hk_spelling_distance(word, hk_slice_of(*known));
        if (distance < nearest_distance) {
            nearest = *known;
            nearest_distance = distance;
        }
    }
    return nearest;
}
