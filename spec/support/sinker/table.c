// SPDX-License-Identifier: Apache-2.0
#include "table.h"

#include "memory.h"

#include <string.h>

enum { BUCKETS_MIN = 64 };

uint64_t hk_table_hash(struct hk_span key)
{
    uint64_t hash = 0x9e3779b97f4a7c15u ^ key.bytes;
    size_t at = 0;
    for (; at + 8 <= key.bytes; at += 8) {
        uint64_t word;
        memcpy(&word, key.at + at, 8);
        hash = (hash ^ word) * 0xff51afd7ed558ccdu;
        hash ^= hash >> 32;
    }
    uint64_t rest = 0;
    if (key.bytes > at)
        memcpy(&rest, key.at + at, key.bytes - at);
    hash = (hash ^ rest) * 0xc4ceb9fe1a85ec53u;
    return hash ^ (hash >> 29);
}

struct hk_table_node *hk_table_find(const struct hk_table *table, struct hk_span key, uint64_t hash)
{
    if (table->bucket_count == 0) {
        return NULL;
    }
    struct hk_table_node *node = table->buckets[hash & (table->bucket_count - 1)];
    while (node != NULL && (node->hash != hash || node->key.bytes != key.bytes ||
                            memcmp(node->key.at, key.at, key.bytes) != 0)) {
        node = node->next;
    }
    return node;
}

static void link_node(struct hk_table *table, struct hk_table_node *node)
{
    struct hk_table_node **bucket = &table->buckets[node->hash & (table->bucket_count - 1)];
    node->next = *bucket;
    *bucket = node;
}

static void grow(struct hk_table *table)
{
    struct hk_table old = *table;
    table->bucket_count = old.bucket_count == 0 ? BUCKETS_MIN : old.bucket_count * 2;
    table->buckets = hk_memory_new(table->bucket_count * sizeof *table->buckets);
    for (size_t i = 0; i < old.bucket_count; i++) {
        struct hk_table_node *node = old.buckets[i];
        while (node != NULL) {
            struct hk_table_node *next = node->next;
            link_node(table, node);
            node = next;
        }
    }
    hk_memory_free(old.buckets);
}

void hk_table_add(struct hk_table *table, struct hk_table_node *node)
{
    if (table->count >= table->bucket_count) {
        grow(table);
    }
    link_node(table, node);
    table->count++;
}

void hk_table_each(const struct hk_table *table,
                   void (*visit)(struct hk_table_node *node, void *context), void *context)
{
    for (size_t i = 0; i < table->bucket_count; i++) {
        struct hk_table_node *node = table->buckets[i];
        while (node != NULL) {
            struct hk_table_node *next = node->next;
            visit(node, context);
            node = next;
        }
    }
}

void hk_table_fini(struct hk_table *table)
{
    hk_memory_free(table->buckets);
    *table = (struct hk_table){ 0 };
}
