// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "buffer.h"

#include <stdint.h>

/** Appends a valid gzip file (RFC 1952) of zero_bytes zeros, about 1/1000 of that in size.
 *  zero_bytes is rounded up to 1 + a multiple of 258. */
void hk_bomb_append_gzip(struct hk_buffer *out, uint64_t zero_bytes);
