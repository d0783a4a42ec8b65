// SPDX-License-Identifier: Apache-2.0
#include "policy/wire.h"

#include "base/alloc.h"
#include "policy/wire_scratch.h"

#include <stdalign.h>

#define BLOCK_BYTES 8192u

struct hk_wire_block {
    struct hk_wire_block *older;
    size_t capacity;
    size_t used;
    alignas(max_align_t) char bytes[];
};

void hk__wire_scratch_clear(struct hk_wire_scratch *scratch)
{
    struct hk_wire_block *kept = NULL;
    while (scratch->blocks != NULL) {
        struct hk_wire_block *block = scratch->blocks;
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

void hk_wire_scratch_fini(struct hk_wire_scratch *scratch)
{
    hk__wire_scratch_clear(scratch);
    hk_free(scratch->blocks);
    *scratch = (struct hk_wire_scratch){ 0 };
}

void *hk__wire_scratch_take(struct hk_wire_scratch *scratch, size_t count, size_t size)
{
    const size_t step = alignof(max_align_t);
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) ||
        bytes > SIZE_MAX - step - sizeof(struct hk_wire_block))
        return NULL;
    bytes = (bytes + step - 1) / step * step;
    struct hk_wire_block *block = scratch->blocks;
    if (block == NULL || block->capacity - block->used < bytes) {
        size_t capacity = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
        block = hk_alloc(sizeof(*block) + capacity);
        if (block == NULL)
            return NULL;
        *block = (struct hk_wire_block){ .older = scratch->blocks, .capacity = capacity };
        scratch->blocks = block;
    }
    void *taken = block->bytes + block->used;
    block->used += bytes;
    return memset(taken, 0, bytes);
}

int hk_wire_frame(struct hk_slice bytes, size_t *size)
{
    uint32_t length = 0;
    *size = 0;
    if (bytes.size < HK_WIRE_LENGTH_BYTES)
        return 0;
    for (unsigned i = 0; i < HK_WIRE_LENGTH_BYTES; i++)
        length |= (uint32_t)(unsigned char)bytes.at[i] << (8 * i);
    if (length > HK_WIRE_FRAME_BYTES_MAX)
        return HK_ELIMIT;
    if (bytes.size - HK_WIRE_LENGTH_BYTES >= length)
        *size = HK_WIRE_LENGTH_BYTES + (size_t)length;
    return 0;
}
