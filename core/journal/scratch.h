// SPDX-License-Identifier: Apache-2.0
/** Scratch: memory and bodies that live until the next clear, for what a decoded record points to.
 * All zero is an empty one. Thread: the owner's. */
#pragma once
#include "base/body.h"

struct hk_scratch_block;

struct hk_scratch {
    struct hk_scratch_block *blocks; /**< Newest first. */
    struct hk_body **bodies;
    uint32_t body_count, body_capacity;
};

/** Forgets everything, gives the bodies back, keeps one block for the next time. */
void hk_scratch_clear(struct hk_scratch *scratch);
void hk_scratch_fini(struct hk_scratch *scratch);

/** Takes `count` x `size` zeroed bytes, fit for any type; NULL when out of memory. */
void *hk_scratch_take(struct hk_scratch *scratch, size_t count, size_t size);

/** Takes a terminated copy of `text`; NULL when out of memory. */
char *hk_scratch_text(struct hk_scratch *scratch, struct hk_slice text);

/** Makes a body whose reference the scratch holds; NULL when out of memory. */
struct hk_body *hk_scratch_body(struct hk_scratch *scratch, struct hk_slice head,
                                struct hk_slice text);
