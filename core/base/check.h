// SPDX-License-Identifier: Apache-2.0
/** Assertions that stay on in release: a broken invariant ends the process with a line that says
 * where. The journal makes that recoverable, a wrong state would not be. Thread: any. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/** Ends the process unless `condition` holds. */
#define hk_assert(condition) \
    (__builtin_expect(!!(condition), 1) ? (void)0 : hk_check_failed(#condition, __FILE__, __LINE__))

/** Ends the process unless the struct behind `pointer` starts with its magic number. */
#define HK_CHECK(pointer, wanted_magic) \
    hk_assert((pointer) != NULL && (pointer)->magic == (wanted_magic))

/** Writes "assertion failed: ..." to stderr and aborts. */
_Noreturn void hk_check_failed(const char *condition, const char *file, int line);
