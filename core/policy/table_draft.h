// SPDX-License-Identifier: Apache-2.0
/** Table draft: a lookup table in the making. The readers of the formats (table_json, table_csv,
 * table_msgpack) add entries; table.c seals it. Inside policy only; owner: hk_table_compile. */
#pragma once
#include "base/hash.h"

/** One entry; both ranges stand in `bytes`. */
struct hk__table_entry {
    uint64_t key_at;
    uint64_t value_at;
    uint32_t key_size;
    uint32_t value_size;
    uint32_t hash;
};

struct hk__table_draft {
    const char *path; /**< For messages. */
    struct hk_slice source;
    struct hk_hash_key key;
    struct hk__table_entry *entries;
    uint32_t count, capacity;
    uint32_t *slots; /**< Entry number + 1, or 0; at most half full. */
    uint32_t slot_count;
    struct hk_bytes bytes;
};

void hk__table_draft_fini(struct hk__table_draft *draft);

/** Adds a copy of an entry. 0, HK_EEXISTS (the key stands there already), HK_ELIMIT (too many, or
 * too large), HK_ENOMEM. */
HK_MUST_CHECK int hk__table_draft_add(struct hk__table_draft *draft, struct hk_slice key,
                                      struct hk_slice value);

/** Fills `fault` with "PATH:LINE: what" for what hk__table_draft_add answered; returns `code`. */
int hk__table_draft_refuse(const struct hk__table_draft *draft, int code, uint64_t line,
                           struct hk_slice key, struct hk_fault *fault);

/** Writes the block to a new memfd and seals it. HK_EIO, HK_ENOMEM. */
HK_MUST_CHECK int hk__table_draft_seal(struct hk__table_draft *draft, int *fd,
                                       struct hk_fault *fault);

/** Read the whole source. 0, HK_ESYNTAX, HK_ELIMIT, HK_ENOMEM; the fault is filled. */
HK_MUST_CHECK int hk__table_read_json(struct hk__table_draft *draft, struct hk_fault *fault);
HK_MUST_CHECK int hk__table_read_ndjson(struct hk__table_draft *draft, struct hk_fault *fault);
HK_MUST_CHECK int hk__table_read_csv(struct hk__table_draft *draft, struct hk_fault *fault);
HK_MUST_CHECK int hk__table_read_msgpack(struct hk__table_draft *draft, struct hk_fault *fault);

/** The block's places: head, then slots, entries and bytes. */
#define HK__TABLE_MAGIC "HKTABLE1"
#define HK__TABLE_HEAD_BYTES 32
#define HK__TABLE_SLOT_BYTES 4
#define HK__TABLE_ENTRY_BYTES 24
