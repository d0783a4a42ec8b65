// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include "base/alloc.h"
#include "base/check.h"

#define INDEX_CAPACITY_MIN 16u
#define INDEX_CAPACITY_MAX (UINT32_C(1) << 31)
/** Entries moved or empty places passed for each change while a table grows. An old table of n
 * places holds 7/8 n entries: it is empty after (n + 7/8 n) / 8 < 1/4 n changes, long before the
 * new one, with room for 7/8 n more, is full. */
#define INDEX_MOVES_A_CHANGE 8

struct sip {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate_left(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static inline void sip_rounds(struct sip *sip, int count)
{
    for (int i = 0; i < count; i++) {
        sip->v0 += sip->v1;
        sip->v1 = rotate_left(sip->v1, 13) ^ sip->v0;
        sip->v0 = rotate_left(sip->v0, 32);
        sip->v2 += sip->v3;
        sip->v3 = rotate_left(sip->v3, 16) ^ sip->v2;
        sip->v0 += sip->v3;
        sip->v3 = rotate_left(sip->v3, 21) ^ sip->v0;
        sip->v2 += sip->v1;
        sip->v1 = rotate_left(sip->v1, 17) ^ sip->v2;
        sip->v2 = rotate_left(sip->v2, 32);
    }
}

static inline uint64_t load_little_endian(const unsigned char *at, size_t size)
{
    uint64_t word = 0;
    if (size != 0)
        memcpy(&word, at, size);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline struct sip sip_start(const struct hk_hash_key *key)
{
    return (struct sip){
        .v0 = key->words[0] ^ UINT64_C(0x736f6d6570736575),
        .v1 = key->words[1] ^ UINT64_C(0x646f72616e646f6d),
        .v2 = key->words[0] ^ UINT64_C(0x6c7967656e657261),
        .v3 = key->words[1] ^ UINT64_C(0x7465646279746573),
    };
}

static inline void sip_take(struct sip *sip, uint64_t word, int rounds)
{
    sip->v3 ^= word;
    sip_rounds(sip, rounds);
    sip->v0 ^= word;
}

/** Takes all the data and the last word, which holds the size. */
static inline void sip_data(struct sip *sip, const void *data, size_t size, int rounds)
{
    const unsigned char *at = data;
    size_t left = size;
    for (; left >= 8; at += 8, left -= 8)
        sip_take(sip, load_little_endian(at, 8), rounds);
    sip_take(sip, (uint64_t)size << 56 | load_little_endian(at, left), rounds);
}

static inline uint64_t sip_sum(const struct sip *sip)
{
    return sip->v0 ^ sip->v1 ^ sip->v2 ^ sip->v3;
}

uint64_t hk_hash64(const struct hk_hash_key *key, const void *data, size_t size)
{
    struct sip sip = sip_start(key);
    sip_data(&sip, data, size, 1);
    sip.v2 ^= 0xFF;
    sip_rounds(&sip, 3);
    return sip_sum(&sip);
}

struct hk_hash128 hk_hash128(const struct hk_hash_key *key, const void *data, size_t size)
{
    struct hk_hash128 hash;
    struct sip sip = sip_start(key);
    sip.v1 ^= 0xEE;
    sip_data(&sip, data, size, 2);
    sip.v2 ^= 0xEE;
    sip_rounds(&sip, 4);
    hash.words[0] = sip_sum(&sip);
    sip.v1 ^= 0xDD;
    sip_rounds(&sip, 4);
    hash.words[1] = sip_sum(&sip);
    return hash;
}

/** Gets the 32 bits that are kept: position and check in one. The product spreads hashes of little
 * entropy; it loses nothing of good ones. */
static inline uint32_t kept_hash(uint64_t hash)
{
    return (uint32_t)(hash * UINT64_C(0x9E3779B97F4A7C15) >> 32);
}

void hk_index_init(struct hk_index *index, hk_index_matches_fn matches, const void *owner)
{
    *index = (struct hk_index){ .matches = matches, .owner = owner };
}

void hk_index_fini(struct hk_index *index)
{
    hk_free(index->table.entries);
    hk_free(index->old.entries);
    hk_index_init(index, index->matches, index->owner);
}

static inline uint32_t next_place(const struct hk_index_table *table, uint32_t place)
{
    return (place + 1) & (table->capacity - 1);
}

static inline uint32_t home_place(const struct hk_index_table *table, uint32_t hash)
{
    return hash & (table->capacity - 1);
}

/** Finds by key. */
static uint32_t table_find(const struct hk_index *index, const struct hk_index_table *table,
                           uint32_t hash, const void *key)
{
    if (table->count == 0)
        return HK_INDEX_NONE;
    for (uint32_t place = home_place(table, hash);; place = next_place(table, place)) {
        struct hk_index_entry entry = table->entries[place];
        if (entry.value_plus_one == 0)
            return HK_INDEX_NONE;
        if (entry.hash == hash && index->matches(index->owner, entry.value_plus_one - 1, key))
            return entry.value_plus_one - 1;
    }
}

/** Puts an entry into a table that has an empty place. */
static void table_put(struct hk_index_table *table, struct hk_index_entry entry)
{
    uint32_t place = home_place(table, entry.hash);
    while (table->entries[place].value_plus_one != 0)
        place = next_place(table, place);
    table->entries[place] = entry;
    table->count++;
}

/** Empties a place and moves what follows it back, so that no run has a hole. */
static void table_clear(struct hk_index_table *table, uint32_t hole)
{
    uint32_t mask = table->capacity - 1;
    for (uint32_t place = next_place(table, hole); table->entries[place].value_plus_one != 0;
         place = next_place(table, place)) {
        uint32_t home = home_place(table, table->entries[place].hash);
        // It may move when its home is not behind the hole, in steps from home to place.
        if (((place - home) & mask) >= ((place - hole) & mask)) {
            table->entries[hole] = table->entries[place];
            hole = place;
        }
    }
    table->entries[hole] = (struct hk_index_entry){ 0 };
    table->count--;
}

static bool table_remove(struct hk_index_table *table, struct hk_index_entry wanted)
{
    if (table->count == 0)
        return false;
    for (uint32_t place = home_place(table, wanted.hash);; place = next_place(table, place)) {
        struct hk_index_entry entry = table->entries[place];
        if (entry.value_plus_one == 0)
            return false;
        if (entry.hash == wanted.hash && entry.value_plus_one == wanted.value_plus_one) {
            table_clear(table, place);
            return true;
        }
    }
}

/** Moves a bounded part of the old table over. Places before `old_place` are empty: clearing a
 * place moves only later entries into it, and nothing is put into the old table any more. */
static void move_some(struct hk_index *index)
{
    struct hk_index_table *old = &index->old;
    for (int i = 0; i < INDEX_MOVES_A_CHANGE && old->count > 0; i++) {
        struct hk_index_entry entry = old->entries[index->old_place];
        if (entry.value_plus_one == 0) {
            index->old_place++;
        } else {
            table_put(&index->table, entry);
            table_clear(old, index->old_place);
        }
    }
    if (old->count == 0 && old->entries != NULL) {
        hk_free(old->entries);
        *old = (struct hk_index_table){ 0 };
        index->old_place = 0;
    }
}

static int grow(struct hk_index *index)
{
    uint32_t capacity = INDEX_CAPACITY_MIN;
    hk_assert(index->old.count == 0);
    if (index->table.capacity == INDEX_CAPACITY_MAX)
        return HK_ENOMEM;
    if (index->table.capacity != 0)
        capacity = index->table.capacity * 2;
    // Zeroed by the system page by page as it is touched, not here and now.
    struct hk_index_entry *entries = hk_alloc_zero(capacity, sizeof(*entries));
    if (entries == NULL)
        return HK_ENOMEM;
    index->old = index->table;
    index->old_place = 0;
    index->table = (struct hk_index_table){ .entries = entries, .capacity = capacity };
    return 0;
}

uint32_t hk_index_find(const struct hk_index *index, uint64_t hash, const void *key)
{
    uint32_t value = table_find(index, &index->table, kept_hash(hash), key);
    if (value == HK_INDEX_NONE)
        value = table_find(index, &index->old, kept_hash(hash), key);
    return value;
}

int hk_index_insert(struct hk_index *index, uint64_t hash, uint32_t value)
{
    hk_assert(value != HK_INDEX_NONE);
    uint64_t count = (uint64_t)index->table.count + index->old.count;
    if (count >= (uint64_t)index->table.capacity / 8 * 7) {
        int rc = grow(index);
        if (rc != 0)
            return rc;
    }
    table_put(&index->table, (struct hk_index_entry){ kept_hash(hash), value + 1 });
    move_some(index);
    return 0;
}

bool hk_index_remove(struct hk_index *index, uint64_t hash, uint32_t value)
{
    struct hk_index_entry wanted = { kept_hash(hash), value + 1 };
    hk_assert(value != HK_INDEX_NONE);
    bool is_removed = table_remove(&index->table, wanted) || table_remove(&index->old, wanted);
    move_some(index);
    return is_removed;
}

uint32_t hk_index_count(const struct hk_index *index)
{
    return index->table.count + index->old.count;
}
