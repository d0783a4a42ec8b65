// SPDX-License-Identifier: Apache-2.0
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *memory, size_t bytes)
{
    if (memory == NULL && bytes > 0) {
        fprintf(stderr, "sinker: out of memory (%zu bytes)\n", bytes);
        abort();
    }
    return memory;
}

void *hk_memory_new(size_t bytes)
{
    return checked(calloc(1, bytes), bytes);
}

void *hk_memory_resize(void *memory, size_t bytes)
{
    return checked(realloc(memory, bytes), bytes);
}

char *hk_memory_copy(const void *data, size_t bytes)
{
    char *copy = hk_memory_new(bytes + 1);
    if (bytes > 0) {
        memcpy(copy, data, bytes);
    }
    return copy;
}

void hk_memory_free(void *memory)
{
    free(memory);
}
