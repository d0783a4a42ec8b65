// SPDX-License-Identifier: Apache-2.0
#include "journal/segments.h"

#include "base/alloc.h"
#include "base/check.h"
#include "journal/segment.h"

void hk_segments_init(struct hk_segments *segments, struct hk_disk *disk)
{
    *segments = (struct hk_segments){ .disk = disk };
    hk_assert(pthread_mutex_init(&segments->lock, NULL) == 0);
}

static void close_file(struct hk_segments *segments, struct hk_segment *segment)
{
    if (segment->file == NULL)
        return;
    segment->file->ops->close(segment->file);
    segment->file = NULL;
    segments->open_count--;
}

void hk_segments_fini(struct hk_segments *segments)
{
    for (uint32_t i = 0; i < segments->count; i++) {
        hk_assert(segments->items[i]->user_count == 0);
        close_file(segments, segments->items[i]);
        hk_free(segments->items[i]);
    }
    hk_free(segments->items);
    pthread_mutex_destroy(&segments->lock);
    *segments = (struct hk_segments){ 0 };
}

static int add(struct hk_segments *segments, struct hk_segment *segment)
{
    if (segments->count == segments->capacity) {
        uint32_t capacity = segments->capacity != 0 ? segments->capacity * 2 : 16;
        struct hk_segment **items = hk_realloc(segments->items, capacity, sizeof(*items));
        if (items == NULL)
            return HK_ENOMEM;
        segments->items = items;
        segments->capacity = capacity;
    }
    hk_assert(segments->count == 0 ||
              segments->items[segments->count - 1]->first_lsn < segment->first_lsn);
    segments->items[segments->count++] = segment;
    return 0;
}

int hk_segments_add(struct hk_segments *segments, uint64_t first_lsn, uint64_t salt)
{
    struct hk_segment *segment = hk_alloc_zero(1, sizeof(*segment));
    if (segment == NULL)
        return HK_ENOMEM;
    segment->first_lsn = first_lsn;
    segment->salt = salt;
    pthread_mutex_lock(&segments->lock);
    int code = add(segments, segment);
    pthread_mutex_unlock(&segments->lock);
    if (code != 0)
        hk_free(segment);
    return code;
}

/** Gets how many segments start at or before `lsn`. */
static uint32_t count_up_to(const struct hk_segments *segments, uint64_t lsn)
{
    uint32_t low = 0, high = segments->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (segments->items[middle]->first_lsn <= lsn)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void close_least_used(struct hk_segments *segments)
{
    struct hk_segment *least = NULL;
    for (uint32_t i = 0; i < segments->count; i++) {
        struct hk_segment *each = segments->items[i];
        if (each->file != NULL && each->user_count == 0 &&
            (least == NULL || each->last_use < least->last_use))
            least = each;
    }
    if (least != NULL)
        close_file(segments, least);
}

static int open_file(struct hk_segments *segments, struct hk_segment *segment, int *sys)
{
    char name[HK_SEGMENT_NAME_MAX];
    if (segment->file != NULL)
        return 0;
    if (segments->open_count >= HK_SEGMENTS_OPEN_MAX)
        close_least_used(segments);
    struct hk_disk *disk = segments->disk;
    int code =
        disk->ops->open(disk, hk_segment_name(segment->first_lsn, name), &segment->file, sys);
    if (code == 0)
        segments->open_count++;
    return code;
}

int hk_segments_borrow(struct hk_segments *segments, uint64_t lsn, struct hk_segment **segment,
                       int *sys)
{
    int code = HK_ENOTFOUND;
    *sys = 0;
    pthread_mutex_lock(&segments->lock);
    uint32_t count = count_up_to(segments, lsn);
    if (count != 0) {
        *segment = segments->items[count - 1];
        code = open_file(segments, *segment, sys);
    }
    if (code == 0) {
        (*segment)->user_count++;
        (*segment)->last_use = ++segments->use_count;
    }
    pthread_mutex_unlock(&segments->lock);
    return code;
}

void hk_segments_give_back(struct hk_segments *segments, struct hk_segment *segment)
{
    pthread_mutex_lock(&segments->lock);
    hk_assert(segment->user_count != 0);
    segment->user_count--;
    bool is_last = segment->is_dropped && segment->user_count == 0;
    if (is_last)
        close_file(segments, segment);
    pthread_mutex_unlock(&segments->lock);
    if (is_last)
        hk_free(segment);
}

/** Takes the first segment out of the table; gets what it began with. */
static uint64_t drop_first(struct hk_segments *segments)
{
    struct hk_segment *segment = segments->items[0];
    uint64_t first_lsn = segment->first_lsn;
    segments->count--;
    memmove(segments->items, segments->items + 1, segments->count * sizeof(*segments->items));
    segment->is_dropped = true;
    if (segment->user_count == 0) {
        close_file(segments, segment);
        hk_free(segment);
    }
    return first_lsn;
}

int hk_segments_drop_before(struct hk_segments *segments, uint64_t lsn, int *sys)
{
    struct hk_disk *disk = segments->disk;
    for (;;) {
        char name[HK_SEGMENT_NAME_MAX];
        pthread_mutex_lock(&segments->lock);
        bool is_dropped = segments->count > 1 && segments->items[1]->first_lsn <= lsn;
        uint64_t first_lsn = is_dropped ? drop_first(segments) : 0;
        pthread_mutex_unlock(&segments->lock);
        if (!is_dropped)
            return 0;
        int code = disk->ops->unlink(disk, hk_segment_name(first_lsn, name), sys);
        if (code != 0)
            return code;
    }
}
