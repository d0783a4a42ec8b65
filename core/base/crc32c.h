// SPDX-License-Identifier: Apache-2.0
/** CRC-32C (Castagnoli, RFC 3720 appendix B.4): SSE4.2 where the processor has it, tables
 * elsewhere; both give the same. Thread: any. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/** Extends `crc` (0 at the start) over `size` bytes. */
uint32_t hk_crc32c(uint32_t crc, const void *data, size_t size);

/** The same without the processor's help; for the test that both agree. */
uint32_t hk__crc32c_by_table(uint32_t crc, const void *data, size_t size);
