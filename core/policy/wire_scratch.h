// SPDX-License-Identifier: Apache-2.0
/** Memory of the decoder: blocks that live until the next clear. Inside policy/wire only.
 * Thread: the owner's. */
#pragma once
#include "policy/wire.h"

/** Bytes of a frame before its payload. */
#define HK_WIRE_LENGTH_BYTES 4u

/** Forgets everything, keeps one block for the next time. */
void hk__wire_scratch_clear(struct hk_wire_scratch *scratch);

/** Takes `count` x `size` zeroed bytes, fit for any type; NULL when out of memory. */
void *hk__wire_scratch_take(struct hk_wire_scratch *scratch, size_t count, size_t size);
