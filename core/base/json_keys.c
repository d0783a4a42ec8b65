// SPDX-License-Identifier: Apache-2.0
#include "base/json_keys.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/json.h"

#include <sys/auxv.h>

/** Up to so many members comparing with each is faster than hashing. */
#define JSON_KEYS_LINEAR_MAX 24
#define JSON_SET_CAPACITY_MIN 128

void hk__json_keys_init(struct hk__json_keys *keys, const char *document)
{
    keys->document = document;
    keys->rows = keys->row_memory;
    keys->count = 0;
    keys->capacity = HK__JSON_KEYS_INLINE;
    keys->unescaped = (struct hk_bytes){ 0 };
    keys->set = NULL;
    keys->set_count = 0;
    keys->set_capacity = 0;
}

void hk__json_keys_fini(struct hk__json_keys *keys)
{
    if (keys->rows != keys->row_memory)
        hk_free(keys->rows);
    hk_bytes_fini(&keys->unescaped);
    hk_free(keys->set);
}

struct hk__json_mark hk__json_keys_open(const struct hk__json_keys *keys)
{
    return (struct hk__json_mark){ keys->count, (uint32_t)keys->unescaped.size, false };
}

static inline const char *text_of(const struct hk__json_keys *keys, const struct hk__json_key *row)
{
    return (row->is_unescaped ? keys->unescaped.at : keys->document) + row->at;
}

static inline bool is_same(const struct hk__json_keys *keys, const struct hk__json_key *a,
                           const struct hk__json_key *b)
{
    return a->hash == b->hash && a->size == b->size &&
           (a->size == 0 || memcmp(text_of(keys, a), text_of(keys, b), a->size) == 0);
}

/** Mixes size, start and end: enough to tell the keys of a small object apart. */
static inline uint32_t filter_of(const char *at, uint32_t size)
{
    uint64_t start = 0;
    uint64_t end = 0;
    if (size >= 8) {
        memcpy(&start, at, 8);
        memcpy(&end, at + size - 8, 8);
    } else if (size >= 4) {
        memcpy(&start, at, 4);
        memcpy(&end, at + size - 4, 4);
    } else if (size > 0) {
        start = (uint64_t)(unsigned char)at[0] << 8 | (unsigned char)at[size - 1];
        end = (unsigned char)at[size / 2];
    }
    uint64_t mixed = (start ^ size) * UINT64_C(0x9E3779B97F4A7C15);
    mixed ^= (end ^ mixed >> 29) * UINT64_C(0xBF58476D1CE4E5B9);
    return (uint32_t)(mixed >> 32);
}

static uint32_t hash_of(const struct hk__json_keys *keys, const struct hk__json_key *row)
{
    return (uint32_t)hk_hash64(&keys->hash_key, text_of(keys, row), row->size);
}

/** Gets the place of the row's key in the set: where it stands, or the empty one where it would.
 * Only rows from `first` on are of the same object. */
static uint32_t set_place(const struct hk__json_keys *keys, uint32_t first,
                          const struct hk__json_key *row)
{
    uint32_t place = row->hash & (keys->set_capacity - 1);
    while (keys->set[place] != 0) {
        uint32_t number = keys->set[place] - 1;
        if (number >= first && is_same(keys, &keys->rows[number], row))
            break;
        place = (place + 1) & (keys->set_capacity - 1);
    }
    return place;
}

static void set_put(struct hk__json_keys *keys, uint32_t number)
{
    uint32_t place = keys->rows[number].hash & (keys->set_capacity - 1);
    while (keys->set[place] != 0)
        place = (place + 1) & (keys->set_capacity - 1);
    keys->set[place] = number + 1;
    keys->rows[number].is_hashed = true;
    keys->set_count++;
}

/** Makes room for `more` keys, at most half full. Rows go in again in their order, which is the
 * order they came in; hk__json_keys_close relies on it. */
static int set_reserve(struct hk__json_keys *keys, uint32_t more)
{
    uint64_t capacity = keys->set_capacity != 0 ? keys->set_capacity : JSON_SET_CAPACITY_MIN;
    while (((uint64_t)keys->set_count + more) * 2 > capacity)
        capacity *= 2;
    if (capacity == keys->set_capacity)
        return 0;
    if (capacity > UINT32_MAX)
        return HK_ENOMEM;
    uint32_t *set = hk_alloc_zero(capacity, sizeof(*set));
    if (set == NULL)
        return HK_ENOMEM;
    hk_free(keys->set);
    keys->set = set;
    keys->set_capacity = (uint32_t)capacity;
    keys->set_count = 0;
    for (uint32_t number = 0; number < keys->count; number++) {
        if (keys->rows[number].is_hashed)
            set_put(keys, number);
    }
    return 0;
}

/** Puts the keys of the innermost object, which has got large, into the set. */
static int object_hash(struct hk__json_keys *keys, struct hk__json_mark *mark)
{
    if (keys->set == NULL) {
        const void *random = (const void *)getauxval(AT_RANDOM); // 16 bytes
        if (random != NULL)
            memcpy(keys->hash_key.words, random, sizeof(keys->hash_key.words));
        else
            keys->hash_key = (struct hk_hash_key){ { (uintptr_t)keys, (uintptr_t)keys->document } };
    }
    int rc = set_reserve(keys, keys->count - mark->first + 1);
    if (rc != 0)
        return rc;
    for (uint32_t number = mark->first; number < keys->count; number++) {
        keys->rows[number].hash = hash_of(keys, &keys->rows[number]);
        set_put(keys, number);
    }
    mark->is_hashed = true;
    return 0;
}

static int rows_reserve(struct hk__json_keys *keys)
{
    if (keys->count < keys->capacity)
        return 0;
    bool is_inline = keys->rows == keys->row_memory;
    uint32_t capacity = keys->capacity * 2;
    struct hk__json_key *rows =
        hk_realloc(is_inline ? NULL : keys->rows, capacity, sizeof(keys->rows[0]));
    if (rows == NULL)
        return HK_ENOMEM;
    if (is_inline)
        memcpy(rows, keys->row_memory, sizeof(keys->row_memory));
    keys->rows = rows;
    keys->capacity = capacity;
    return 0;
}

static int key_unescape(struct hk__json_keys *keys, struct hk_slice raw, struct hk__json_key *row)
{
    struct hk_json_value string = { HK_JSON_STRING, { raw.at - 1, raw.size + 2 } };
    size_t before = keys->unescaped.size;
    int rc = hk_json_string(string, &keys->unescaped);
    if (rc != 0)
        return rc;
    row->at = (uint32_t)before;
    row->size = (uint32_t)(keys->unescaped.size - before);
    row->is_unescaped = true;
    return 0;
}

/** Looks for the row's key among those of the innermost object; sets the row's hash. */
static bool is_known(struct hk__json_keys *keys, const struct hk__json_mark *mark,
                     struct hk__json_key *row)
{
    if (mark->is_hashed) {
        row->hash = hash_of(keys, row);
        return keys->set[set_place(keys, mark->first, row)] != 0;
    }
    row->hash = filter_of(text_of(keys, row), row->size);
    for (uint32_t number = mark->first; number < keys->count; number++) {
        if (is_same(keys, &keys->rows[number], row))
            return true;
    }
    return false;
}

int hk__json_keys_add(struct hk__json_keys *keys, struct hk__json_mark *mark, struct hk_slice raw,
                      bool has_escapes)
{
    struct hk__json_key row = { (uint32_t)(raw.at - keys->document), (uint32_t)raw.size, 0, 0, 0 };
    int rc = rows_reserve(keys);
    if (rc == 0 && has_escapes)
        rc = key_unescape(keys, raw, &row);
    if (rc == 0 && !mark->is_hashed && keys->count - mark->first == JSON_KEYS_LINEAR_MAX)
        rc = object_hash(keys, mark);
    else if (rc == 0 && mark->is_hashed)
        rc = set_reserve(keys, 1);
    if (rc != 0)
        return rc;
    if (is_known(keys, mark, &row))
        return HK_EEXISTS;
    keys->rows[keys->count++] = row;
    if (mark->is_hashed)
        set_put(keys, keys->count - 1);
    return 0;
}

void hk__json_keys_close(struct hk__json_keys *keys, const struct hk__json_mark *mark)
{
    // The set is emptied from the last key put in to the first, so that each one leaves the set as
    // it was before it came: no run gets a hole.
    while (mark->is_hashed && keys->count > mark->first) {
        keys->count--;
        keys->set[set_place(keys, keys->count, &keys->rows[keys->count])] = 0;
        keys->set_count--;
    }
    keys->count = mark->first;
    keys->unescaped.size = mark->unescaped_size;
}
