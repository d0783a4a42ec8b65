// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "buffer.h"

#include <stdint.h>

/** A hash table of nodes that live inside what they name: put the node first in the struct. */
struct hk_table_node {
    struct hk_table_node *next;
    uint64_t hash;
    struct hk_span key; /**< must live as long as the node */
};

/** All zero is an empty table. */
struct hk_table {
    struct hk_table_node **buckets;
    size_t bucket_count; /**< a power of two, or 0 */
    size_t count;
};

uint64_t hk_table_hash(struct hk_span key);

/** The node of that key, or NULL. */
struct hk_table_node *hk_table_find(const struct hk_table *table, struct hk_span key,
                                    uint64_t hash);

/** Adds a node whose key and hash are set and that is not in the table yet. */
void hk_table_add(struct hk_table *table, struct hk_table_node *node);

/** Calls visit with each node, which may free it if the table is dropped afterwards. */
void hk_table_each(const struct hk_table *table,
                   void (*visit)(struct hk_table_node *node, void *context), void *context);

/** Forgets all nodes without touching them. */
void hk_table_fini(struct hk_table *table);
