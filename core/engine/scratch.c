// SPDX-License-Identifier: Apache-2.0
#include "engine/scratch.h"

#include "base/alloc.h"

#include <stdalign.h>

#define BLOCK_BYTES ((size_t)64 * 1024)

struct hk_scratch_block {
    struct hk_scratch_block *next;
    size_t size;
    size_t used;
    alignas(max_align_t) char bytes[];
};

static struct hk_scratch_block *block_new(struct hk_scratch *scratch, size_t size)
{
    struct hk_scratch_block *block = scratch->spare;
    if (block && block->size >= size) {
        scratch->spare = block->next;
        return block;
    }
    size_t bytes = size > BLOCK_BYTES ? size : BLOCK_BYTES;
    block = hk_alloc_or_die(sizeof(*block) + bytes);
    block->size = bytes;
    return block;
}

void *hk__scratch_take(struct hk_scratch *scratch, size_t size)
{
    size_t rounded = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    struct hk_scratch_block *block = scratch->blocks;
    if (!block || block->size - block->used < rounded) {
        block = block_new(scratch, rounded);
        block->used = 0;
        block->next = scratch->blocks;
        scratch->blocks = block;
    }
    void *taken = block->bytes + block->used;
    block->used += rounded;
    return taken;
}

void hk__scratch_clear(struct hk_scratch *scratch)
{
    while (scratch->blocks) {
        struct hk_scratch_block *block = scratch->blocks;
        scratch->blocks = block->next;
        if (block->size > BLOCK_BYTES) {
            hk_free(block);
            continue;
        }
        block->next = scratch->spare;
        scratch->spare = block;
    }
}

void hk__scratch_fini(struct hk_scratch *scratch)
{
    hk__scratch_clear(scratch);
    while (scratch->spare) {
        struct hk_scratch_block *block = scratch->spare;
        scratch->spare = block->next;
        hk_free(block);
    }
}
