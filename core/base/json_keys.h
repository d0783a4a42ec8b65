// SPDX-License-Identifier: Apache-2.0
/** The keys of the objects that a scan has open, to find duplicates. Inside base only.
 *
 * One stack of rows holds the keys of all open objects, those of the innermost on top. In an object
 * of few members a new key is compared with each one before it, by a 32-bit filter first. From
 * JSON_KEYS_LINEAR_MAX members on, its keys also stand in one hash set, so a scan stays linear; the
 * hash is keyed with the process's random bytes, so nobody can choose collisions.
 * The memory starts on the scanner's stack. Thread: the scan's. */
#pragma once
#include "base/bytes.h"
#include "base/hash.h"

#define HK__JSON_KEYS_INLINE 64

struct hk__json_key {
    uint32_t at; /**< In the document, or in `unescaped`. */
    uint32_t size;
    uint32_t hash;     /**< The filter or, once hashed, the hash. */
    bool is_unescaped; /**< Had escapes: its text stands in `unescaped`. */
    bool is_hashed;    /**< Stands in the set. */
};

/** The keys of one object: all rows from `first` on, while it is the innermost. */
struct hk__json_mark {
    uint32_t first;
    uint32_t unescaped_size;
    bool is_hashed;
};

struct hk__json_keys {
    const char *document;
    struct hk__json_key *rows; /**< `row_memory`, or on the heap once that is too small. */
    uint32_t count, capacity;
    struct hk_bytes unescaped;
    uint32_t *set; /**< Row numbers + 1, open addressing; 0 is empty. */
    uint32_t set_count, set_capacity;
    struct hk_hash_key hash_key;
    struct hk__json_key row_memory[HK__JSON_KEYS_INLINE];
};

/** Prepares for a document of less than 2 GiB. */
void hk__json_keys_init(struct hk__json_keys *keys, const char *document);
void hk__json_keys_fini(struct hk__json_keys *keys);

/** Begins an object. */
struct hk__json_mark hk__json_keys_open(const struct hk__json_keys *keys);

/** Adds a key of the innermost object; `raw` is its text between the quotes, checked. 0, HK_EEXISTS
 * or HK_ENOMEM. */
HK_MUST_CHECK int hk__json_keys_add(struct hk__json_keys *keys, struct hk__json_mark *mark,
                                    struct hk_slice raw, bool has_escapes);

/** Ends the innermost object and forgets its keys. */
void hk__json_keys_close(struct hk__json_keys *keys, const struct hk__json_mark *mark);
