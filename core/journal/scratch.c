// SPDX-License-Identifier: Apache-2.0
#include "journal/scratch.h"

#include "base/alloc.h"

#include <stdalign.h>

#define BLOCK_BYTES 8192u

struct hk_scratch_block {
    struct hk_scratch_block *older;
    size_t capacity;
    size_t used;
    alignas(max_align_t) char bytes[];
};

void hk_scratch_clear(struct hk_scratch *scratch)
{
    for (uint32_t i = 0; i < scratch->body_count; i++)
        hk_body_unref(scratch->bodies[i]);
    scratch->body_count = 0;
    struct hk_scratch_block *kept = NULL;
    while (scratch->blocks != NULL) {
        struct hk_scratch_block *block = scratch->blocks;
        scratch->blocks = block->older;
        if (kept == NULL && block->capacity == BLOCK_BYTES)
            kept = block;
        else
            hk_free(block);
    }
    if (kept != NULL) {
        kept->older = NULL;
        kept->used = 0;
        scratch->blocks = kept;
    }
}

void hk_scratch_fini(struct hk_scratch *scratch)
{
    hk_scratch_clear(scratch);
    hk_free(scratch->blocks);
    hk_free(scratch->bodies);
    *scratch = (struct hk_scratch){ 0 };
}

static struct hk_scratch_block *add_block(struct hk_scratch *scratch, size_t size)
{
    size_t capacity = size > BLOCK_BYTES ? size : BLOCK_BYTES;
    if (capacity > SIZE_MAX - sizeof(struct hk_scratch_block))
        return NULL;
    struct hk_scratch_block *block = hk_alloc(sizeof(*block) + capacity);
    if (block == NULL)
        return NULL;
    block->capacity = capacity;
    block->used = 0;
    block->older = scratch->blocks;
    scratch->blocks = block;
    return block;
}

void *hk_scratch_take(struct hk_scratch *scratch, size_t count, size_t size)
{
    const size_t step = alignof(max_align_t);
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX - step)
        return NULL;
    bytes = (bytes + step - 1) / step * step;
    struct hk_scratch_block *block = scratch->blocks;
    if (block == NULL || block->capacity - block->used < bytes)
        block = add_block(scratch, bytes);
    if (block == NULL)
        return NULL;
    void *taken = block->bytes + block->used;
    block->used += bytes;
    return memset(taken, 0, bytes);
}

char *hk_scratch_text(struct hk_scratch *scratch, struct hk_slice text)
{
    char *copy = hk_scratch_take(scratch, 1, text.size + 1);
    if (copy != NULL && text.size != 0)
        memcpy(copy, text.at, text.size);
    return copy;
}

struct hk_body *hk_scratch_body(struct hk_scratch *scratch, struct hk_slice head,
                                struct hk_slice text)
{
    if (scratch->body_count == scratch->body_capacity) {
        uint32_t capacity = scratch->body_capacity != 0 ? scratch->body_capacity * 2 : 16;
        struct hk_body **bodies = hk_realloc(scratch->bodies, capacity, sizeof(*bodies));
        if (bodies == NULL)
            return NULL;
        scratch->bodies = bodies;
        scratch->body_capacity = capacity;
    }
    struct hk_body *body = hk_body_new(head, text);
    if (body != NULL)
        scratch->bodies[scratch->body_count++] = body;
    return body;
}
