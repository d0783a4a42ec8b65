// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "buffer.h"

#include <stdint.h>

/** Decoder of a chunked body; all zero is one that has seen nothing. */
struct hk_chunks {
    enum hk_chunks_at { HK_CHUNKS_SIZE, HK_CHUNKS_DATA, HK_CHUNKS_END, HK_CHUNKS_TRAILER } at;
    uint64_t left; /**< of the present chunk */
};

/**
 * Decodes what it can of data and appends it to body. *used is what it took; the rest must be
 * offered again with what follows. 1: the body is whole; 0: more is needed; -1: not chunks.
 */
int hk_chunks_decode(struct hk_chunks *chunks, struct hk_span data, struct hk_buffer *body,
                     size_t *used);
