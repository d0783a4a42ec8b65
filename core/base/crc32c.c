// SPDX-License-Identifier: Apache-2.0
#include "base/crc32c.h"

#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

#define CRC32C_POLYNOMIAL_REFLECTED 0x82F63B78u

/** table[n][b]: what byte `b` does to the sum when `n` more bytes follow it. */
static uint32_t table[8][256];
static uint32_t (*extend)(uint32_t sum, const unsigned char *at, size_t size);

static uint64_t load_little_endian(const unsigned char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static uint32_t extend_by_table(uint32_t sum, const unsigned char *at, size_t size)
{
    for (; size >= 8; at += 8, size -= 8) {
        uint64_t word = load_little_endian(at) ^ sum;
        sum = 0;
        for (unsigned i = 0; i < 8; i++)
            sum ^= table[7 - i][(word >> (8 * i)) & 0xFF];
    }
    for (; size > 0; at++, size--)
        sum = table[0][(sum ^ *at) & 0xFF] ^ sum >> 8;
    return sum;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t
extend_by_processor(uint32_t sum, const unsigned char *at, size_t size)
{
    uint64_t wide = sum;
    for (; size >= 8; at += 8, size -= 8)
        wide = _mm_crc32_u64(wide, load_little_endian(at));
    sum = (uint32_t)wide;
    for (; size > 0; at++, size--)
        sum = _mm_crc32_u8(sum, *at);
    return sum;
}
#endif

/** Runs before main, so that no call has to ask whether the tables are there. */
__attribute__((constructor)) static void prepare(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t sum = byte;
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (CRC32C_POLYNOMIAL_REFLECTED & (0 - (sum & 1)));
        table[0][byte] = sum;
    }
    for (int more = 1; more < 8; more++) {
        for (int byte = 0; byte < 256; byte++) {
            uint32_t sum = table[more - 1][byte];
            table[more][byte] = table[0][sum & 0xFF] ^ sum >> 8;
        }
    }
    extend = extend_by_table;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("sse4.2"))
        extend = extend_by_processor;
#endif
}

uint32_t hk_crc32c(uint32_t crc, const void *data, size_t size)
{
    return ~extend(~crc, data, size);
}

uint32_t hk__crc32c_by_table(uint32_t crc, const void *data, size_t size)
{
    return ~extend_by_table(~crc, data, size);
}
