// SPDX-License-Identifier: Apache-2.0
/** Hash: a keyed 64-bit hash, a 128-bit one, and an index from hashes to slot numbers.
 *
 * The hash is SipHash-1-3 (64) and SipHash-2-4-128 (Aumasson, Bernstein 2012), keyed at start, so
 * that nobody outside can choose collisions. The words are in the machine's order, the hash is the
 * same on all of them.
 *
 * hk_index keeps no keys: it maps a 64-bit hash to uint32 values, open addressing with linear
 * probing and backward-shift deletion, 8 bytes an entry, at most 7/8 full; the caller compares the
 * real keys through `matches`. An entry keeps 32 bits of the hash. They are its position, so that
 * growth needs no key, and they are compared whole before `matches` is asked: with 10 million
 * entries it is asked in vain once in 430 searches. Growth is spread: the full table stays beside
 * the new one, and each change moves 8 places of it, so no single call rehashes a large table
 * (its worst single cost is giving the old memory back).
 * Thread: the hash any, the index its owner's. */
#pragma once
#include "base/bytes.h"

struct hk_hash_key {
    uint64_t words[2];
};

struct hk_hash128 {
    uint64_t words[2];
};

uint64_t hk_hash64(const struct hk_hash_key *key, const void *data, size_t size);
struct hk_hash128 hk_hash128(const struct hk_hash_key *key, const void *data, size_t size);

#define HK_INDEX_NONE UINT32_MAX

/** Does the thing that `value` names have the key that is looked for? */
typedef bool (*hk_index_matches_fn)(const void *owner, uint32_t value, const void *key);

struct hk_index_entry {
    uint32_t hash;           /**< Position (low bits) and check (all bits) in one. */
    uint32_t value_plus_one; /**< 0: an empty place, so that fresh zeroed memory is empty. */
};

struct hk_index_table {
    struct hk_index_entry *entries;
    uint32_t count;
    uint32_t capacity; /**< 0 or a power of two. */
};

/** All zero, with `matches`, is an empty index. */
struct hk_index {
    struct hk_index_table table;
    struct hk_index_table old; /**< While growing: what has not moved to `table` yet. */
    uint32_t old_place;        /**< Places of `old` before this one are empty. */
    hk_index_matches_fn matches;
    const void *owner;
};

void hk_index_init(struct hk_index *index, hk_index_matches_fn matches, const void *owner);
void hk_index_fini(struct hk_index *index);

/** Gets the value for `key`, or HK_INDEX_NONE. */
uint32_t hk_index_find(const struct hk_index *index, uint64_t hash, const void *key);

/** Adds a value (not HK_INDEX_NONE; the caller knows that the key is not there yet); 0 or
 * HK_ENOMEM. */
HK_MUST_CHECK int hk_index_insert(struct hk_index *index, uint64_t hash, uint32_t value);

/** Gets how many values there are. */
uint32_t hk_index_count(const struct hk_index *index);

/** Removes exactly this value; false when it was not there. */
bool hk_index_remove(struct hk_index *index, uint64_t hash, uint32_t value);
