// SPDX-License-Identifier: Apache-2.0
/** Memory: the one door to the allocator.
 *
 * hk_alloc, hk_alloc_zero and hk_realloc return NULL when there is no memory; whoever takes new
 * work from outside must cope with that and refuse the work. The `_or_die` forms are for start-up
 * and for what must not fail half way: they end the process with a line that names the size.
 * No bytes are asked for as one byte, so NULL always means no memory. With HK_FAULTS a test can
 * make the Nth allocation fail. Thread: any. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Allocates `size` (>= 1) bytes, or returns NULL. The caller frees with hk_free. */
void *hk_alloc(size_t size);

/** Allocates `count` x `size` zeroed bytes, or returns NULL (also on overflow). */
void *hk_alloc_zero(size_t count, size_t size);

/** Resizes to `count` x `size` bytes, or returns NULL and leaves `pointer` as it was. */
void *hk_realloc(void *pointer, size_t count, size_t size);

void *hk_alloc_or_die(size_t size);
void *hk_alloc_zero_or_die(size_t count, size_t size);
void *hk_realloc_or_die(void *pointer, size_t count, size_t size);

/** Copies a terminated string; NULL stays NULL. The caller frees. */
char *hk_strdup_or_die(const char *text);

/** Frees; NULL is fine. */
void hk_free(void *pointer);

/** Overwrites `size` bytes in a way that the compiler keeps (for secrets), does not free. */
void hk_wipe(void *pointer, size_t size);

#ifdef HK_FAULTS
/** Makes the `nth` (1-based) allocation from now on fail; with `for_ever` all after it too;
 * 0 switches the fault off. Counts over all threads. The `_or_die` forms count too. */
void hk_alloc_fail_at(uint64_t nth, bool for_ever);

/** Gets how many allocations there were since the last hk_alloc_fail_at. */
uint64_t hk_alloc_count(void);
#endif
