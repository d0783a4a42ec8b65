// SPDX-License-Identifier: Apache-2.0
/** Scratch: memory that lives until the next step, for what commands borrow. Taking it again costs
 * nothing: the blocks are kept. Thread: the engine's. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct hk_scratch_block;

/** All zero is an empty one. */
struct hk_scratch {
    struct hk_scratch_block *blocks; /**< In use, newest first. */
    struct hk_scratch_block *spare;
};

/** Takes `size` bytes (any alignment); ends the process when out of memory. */
void *hk__scratch_take(struct hk_scratch *scratch, size_t size);

/** Gives all of it back. */
void hk__scratch_clear(struct hk_scratch *scratch);
void hk__scratch_fini(struct hk_scratch *scratch);
