// SPDX-License-Identifier: Apache-2.0
#include "policy/generations.h"

#include "base/alloc.h"
#include "policy/source_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define HEAD "hookd generations 1 above "
#define FILE_BYTES_MAX ((size_t)64 << 20)
#define DIGEST_BYTES ((size_t)32)

void hk__generations_fini(struct hk__generations *generations)
{
    for (uint32_t i = 0; i < generations->count; i++)
        hk_free(generations->items[i].name);
    hk_free(generations->items);
    *generations = (struct hk__generations){ 0 };
}

/** Gets the place of `name`, or where it belongs; `is_there` tells which. */
static uint32_t place_of(const struct hk__generations *generations, const char *name,
                         bool *is_there)
{
    uint32_t first = 0;
    uint32_t end = generations->count;
    while (first < end) {
        uint32_t middle = first + (end - first) / 2;
        int order = strcmp(generations->items[middle].name, name);
        *is_there = order == 0;
        if (order == 0)
            return middle;
        if (order < 0)
            first = middle + 1;
        else
            end = middle;
    }
    *is_there = false;
    return first;
}

static int insert(struct hk__generations *generations, uint32_t place, struct hk_slice name,
                  struct hk__generation **item)
{
    if (generations->count == generations->capacity) {
        uint32_t capacity = generations->capacity == 0 ? 16 : generations->capacity * 2;
        struct hk__generation *items = hk_realloc(generations->items, capacity, sizeof(*items));
        if (items == NULL)
            return HK_ENOMEM;
        generations->items = items;
        generations->capacity = capacity;
    }
    char *copy = hk_slice_dup(name);
    if (copy == NULL)
        return HK_ENOMEM;
    struct hk__generation *at = generations->items + place;
    memmove(at + 1, at, (generations->count - place) * sizeof(*at));
    *at = (struct hk__generation){ .name = copy };
    generations->count++;
    *item = at;
    return 0;
}

int hk__generations_take(struct hk__generations *generations, const char *name,
                         const uint8_t digest[32], uint32_t *generation)
{
    bool is_there;
    uint32_t place = place_of(generations, name, &is_there);
    struct hk__generation *item = generations->items + place;
    if (is_there && memcmp(item->digest, digest, DIGEST_BYTES) == 0) {
        *generation = item->generation;
        return 0;
    }
    int rc = is_there ? 0 : insert(generations, place, hk_slice_of(name), &item);
    if (rc != 0)
        return rc;
    uint32_t last = item->generation > generations->floor ? item->generation : generations->floor;
    item->generation = last + 1;
    memcpy(item->digest, digest, DIGEST_BYTES);
    *generation = item->generation;
    return 0;
}

int hk__generations_copy(const struct hk__generations *from, struct hk__generations *to)
{
    *to = (struct hk__generations){ .floor = from->floor };
    for (uint32_t i = 0; i < from->count; i++) {
        struct hk__generation *item;
        int rc = insert(to, i, hk_slice_of(from->items[i].name), &item);
        if (rc != 0) {
            hk__generations_fini(to);
            return rc;
        }
        item->generation = from->items[i].generation;
        memcpy(item->digest, from->items[i].digest, DIGEST_BYTES);
    }
    return 0;
}

bool hk__generations_are_equal(const struct hk__generations *a, const struct hk__generations *b)
{
    if (a->count != b->count || a->floor != b->floor)
        return false;
    for (uint32_t i = 0; i < a->count; i++) {
        const struct hk__generation *one = &a->items[i];
        const struct hk__generation *other = &b->items[i];
        if (one->generation != other->generation || strcmp(one->name, other->name) != 0 ||
            memcmp(one->digest, other->digest, DIGEST_BYTES) != 0)
            return false;
    }
    return true;
}

// ---- the file --------------------------------------------------------------------------------

static struct hk_slice word_take(struct hk_slice *line)
{
    size_t size = 0;
    while (size < line->size && line->at[size] != ' ')
        size++;
    struct hk_slice word = { line->at, size };
    size_t skipped = size < line->size ? size + 1 : size;
    *line = (struct hk_slice){ line->at + skipped, line->size - skipped };
    return word;
}

static bool digest_read(struct hk_slice hex, uint8_t digest[32])
{
    static const char digits[] = "0123456789abcdef";
    if (hex.size != 2 * DIGEST_BYTES)
        return false;
    for (size_t i = 0; i < hex.size; i++) {
        const char *digit = hex.at[i] != '\0' ? strchr(digits, hex.at[i]) : NULL;
        if (digit == NULL)
            return false;
        uint8_t half = (uint8_t)(digit - digits);
        digest[i / 2] = (uint8_t)(i % 2 == 0 ? half << 4 : digest[i / 2] | half);
    }
    return true;
}

/** Reads an entry. HK_EDAMAGED when it is none, or does not follow the one before it; a number that
 * can be read raises the floor all the same. */
static int line_read(struct hk__generations *generations, struct hk_slice line, uint32_t *highest)
{
    uint64_t generation = 0;
    uint8_t digest[DIGEST_BYTES];
    struct hk__generation *item;
    struct hk_slice name = word_take(&line);
    struct hk_slice number = word_take(&line);
    // What a misplaced "end COUNT" counts are lines.
    if (line.size == 0 && hk_slice_is(name, "end"))
        return HK_EDAMAGED;
    if (hk_slice_parse_u64(number, HK__GENERATION_MAX, &generation) != 0 || generation == 0)
        return HK_EDAMAGED;
    if (generation > *highest)
        *highest = (uint32_t)generation;
    if (!hk__source_is_name(name) || !digest_read(line, digest))
        return HK_EDAMAGED;
    int rc = insert(generations, generations->count, name, &item);
    if (rc != 0)
        return rc;
    item->generation = (uint32_t)generation;
    memcpy(item->digest, digest, DIGEST_BYTES);
    bool is_ordered = generations->count == 1 || strcmp(item[-1].name, item->name) < 0;
    return is_ordered ? 0 : HK_EDAMAGED;
}

static bool is_end(struct hk_slice line, uint32_t count)
{
    char end[32];
    (void)snprintf(end, sizeof(end), "end %u", count);
    return hk_slice_is(line, end);
}

/** Reads the first line; false when it is none of ours. */
static bool head_read(struct hk__generations *generations, struct hk_slice line, uint32_t *highest)
{
    size_t size = strlen(HEAD);
    uint64_t floor;
    if (line.size <= size || memcmp(line.at, HEAD, size) != 0)
        return false;
    line = (struct hk_slice){ line.at + size, line.size - size };
    if (hk_slice_parse_u64(line, HK__GENERATION_MAX, &floor) != 0)
        return false;
    generations->floor = *highest = (uint32_t)floor;
    return true;
}

/** Reads all lines. HK_EDAMAGED with the highest number that any line holds. */
static int text_read(struct hk__generations *generations, struct hk_slice text, uint32_t *highest)
{
    const char *at = text.at;
    const char *end = text.at + text.size;
    bool is_damaged = false;
    bool is_ended = false;
    for (uint32_t number = 1; at < end; number++) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        struct hk_slice line = { at, (size_t)((line_end != NULL ? line_end : end) - at) };
        at = line_end != NULL ? line_end + 1 : end;
        if (number == 1 && head_read(generations, line, highest))
            continue;
        is_damaged |= number == 1 || is_ended || line_end == NULL;
        is_ended = is_end(line, generations->count);
        int rc = is_ended ? 0 : line_read(generations, line, highest);
        if (rc == HK_ENOMEM)
            return rc;
        is_damaged |= rc != 0;
    }
    return is_damaged || !is_ended ? HK_EDAMAGED : 0;
}

int hk__generations_load(struct hk__generations *generations, const char *path,
                         struct hk_fault *fault)
{
    struct hk_bytes text = { 0 };
    uint32_t highest = 0;
    *generations = (struct hk__generations){ 0 };
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return 0;
    int rc = hk__source_read(path, FILE_BYTES_MAX, &text, fault);
    if (rc == 0)
        rc = text_read(generations, hk_bytes_slice(&text), &highest);
    hk_bytes_fini(&text);
    if (rc != 0)
        hk__generations_fini(generations);
    if (rc == HK_EDAMAGED) {
        generations->floor = highest;
        return hk_fault_set(fault, rc, "%s: damaged; generations go on above %u", path, highest);
    }
    return rc;
}

static int text_make(const struct hk__generations *generations, struct hk_bytes *text)
{
    int rc = hk_bytes_append_format(text, HEAD "%u\n", generations->floor);
    for (uint32_t i = 0; rc == 0 && i < generations->count; i++) {
        const struct hk__generation *item = &generations->items[i];
        rc = hk_bytes_append_format(text, "%s %u ", item->name, item->generation);
        for (uint32_t j = 0; rc == 0 && j < DIGEST_BYTES; j++)
            rc = hk_bytes_append_format(text, "%02x", item->digest[j]);
        if (rc == 0)
            rc = hk_bytes_append_text(text, "\n");
    }
    return rc != 0 ? rc : hk_bytes_append_format(text, "end %u\n", generations->count);
}

/** Writes and fsyncs a whole file. 0 or -1 with errno. */
static int file_write(const char *path, struct hk_slice text)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    int rc = file < 0 ? -1 : 0;
    while (rc == 0 && text.size > 0) {
        ssize_t written = write(file, text.at, text.size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            rc = -1;
        else
            text = (struct hk_slice){ text.at + written, text.size - (size_t)written };
    }
    if (rc == 0)
        rc = fsync(file);
    int sys = errno;
    if (file >= 0 && close(file) != 0 && rc == 0)
        return -1;
    errno = sys;
    return rc;
}

static int folder_sync(const char *path)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    size_t size = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    if (size >= sizeof(folder)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(folder, path, size);
    folder[size] = '\0';
    int file = open(size == 0 ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0)
        return -1;
    int rc = fsync(file);
    (void)close(file);
    return rc;
}

int hk__generations_save(const struct hk__generations *generations, const char *path,
                         struct hk_fault *fault)
{
    struct hk_bytes text = { 0 };
    struct hk_bytes temporary = { 0 };
    int rc = text_make(generations, &text);
    if (rc == 0)
        rc = hk_bytes_append_format(&temporary, "%s.new", path);
    if (rc == 0)
        rc = hk_bytes_append(&temporary, "", 1);
    if (rc != 0)
        rc = hk_fault_set(fault, rc, "%s: out of memory", path);
    else if (file_write(temporary.at, hk_bytes_slice(&text)) != 0 ||
             rename(temporary.at, path) != 0 || folder_sync(path) != 0)
        rc = hk_fault_set_sys(fault, HK_EIO, errno, "%s: cannot be written", path);
    hk_bytes_fini(&text);
    hk_bytes_fini(&temporary);
    return rc;
}
