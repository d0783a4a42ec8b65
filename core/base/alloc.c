// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if HK_FAULTS
static uint64_t alloc_count;
static uint64_t alloc_fail_at;
static bool alloc_fail_for_ever;

void hk_alloc_fail_at(uint64_t nth, bool for_ever)
{
    __atomic_store_n(&alloc_fail_at, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&alloc_count, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&alloc_fail_for_ever, for_ever, __ATOMIC_SEQ_CST);
    __atomic_store_n(&alloc_fail_at, nth, __ATOMIC_SEQ_CST);
}

uint64_t hk_alloc_count(void)
{
    return __atomic_load_n(&alloc_count, __ATOMIC_SEQ_CST);
}

static bool is_to_fail(void)
{
    uint64_t number = __atomic_add_fetch(&alloc_count, 1, __ATOMIC_SEQ_CST);
    uint64_t fail_at = __atomic_load_n(&alloc_fail_at, __ATOMIC_SEQ_CST);
    if (fail_at == 0)
        return false;
    if (__atomic_load_n(&alloc_fail_for_ever, __ATOMIC_SEQ_CST))
        return number >= fail_at;
    return number == fail_at;
}
#else
static inline bool is_to_fail(void)
{
    return false;
}
#endif

/** Ends the process; formats by hand, because stdio may allocate. */
static _Noreturn void die(size_t size)
{
    char line[64] = "out of memory: bytes wanted: ";
    char digits[24];
    size_t at = strlen(line);
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + size % 10);
        size /= 10;
    } while (size != 0);
    while (count > 0)
        line[at++] = digits[--count];
    line[at++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, at);
    (void)written;
    abort();
}

/** Multiplies, with SIZE_MAX (which no allocator grants) for what does not fit. */
static size_t product(size_t count, size_t size)
{
    size_t bytes;
    return __builtin_mul_overflow(count, size, &bytes) ? SIZE_MAX : bytes;
}

void *hk_alloc(size_t size)
{
    if (is_to_fail() || size > PTRDIFF_MAX)
        return NULL;
    return malloc(size != 0 ? size : 1);
}

void *hk_alloc_zero(size_t count, size_t size)
{
    size_t bytes = product(count, size);
    if (is_to_fail() || bytes > PTRDIFF_MAX)
        return NULL;
    return calloc(1, bytes != 0 ? bytes : 1);
}

void *hk_realloc(void *pointer, size_t count, size_t size)
{
    size_t bytes = product(count, size);
    if (is_to_fail() || bytes > PTRDIFF_MAX)
        return NULL;
    return realloc(pointer, bytes != 0 ? bytes : 1);
}

void *hk_alloc_or_die(size_t size)
{
    void *pointer = hk_alloc(size);
    if (pointer == NULL)
        die(size);
    return pointer;
}

void *hk_alloc_zero_or_die(size_t count, size_t size)
{
    void *pointer = hk_alloc_zero(count, size);
    if (pointer == NULL)
        die(product(count, size));
    return pointer;
}

void *hk_realloc_or_die(void *pointer, size_t count, size_t size)
{
    void *resized = hk_realloc(pointer, count, size);
    if (resized == NULL)
        die(product(count, size));
    return resized;
}

char *hk_strdup_or_die(const char *text)
{
    if (text == NULL)
        return NULL;
    size_t size = strlen(text) + 1;
    return memcpy(hk_alloc_or_die(size), text, size);
}

void hk_free(void *pointer)
{
    free(pointer);
}

void hk_wipe(void *pointer, size_t size)
{
    if (size != 0)
        explicit_bzero(pointer, size);
}
