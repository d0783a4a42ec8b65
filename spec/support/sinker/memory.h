// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stddef.h>

/** Memory of the sinker. It is a tool of tests: when memory ends, it says so and aborts, so none of
 *  these answers NULL (but for a size of 0). What they give is freed with hk_memory_free. */

/** Zeroed memory. */
void *hk_memory_new(size_t bytes);

/** As realloc; what is added is not zeroed. */
void *hk_memory_resize(void *memory, size_t bytes);

/** A copy of bytes, with a NUL after it. */
char *hk_memory_copy(const void *data, size_t bytes);

/** NULL is allowed. */
void hk_memory_free(void *memory);
