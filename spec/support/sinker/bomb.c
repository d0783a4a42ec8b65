// SPDX-License-Identifier: Apache-2.0
#include "bomb.h"

/*
 * One deflate block with a Huffman code of its own (RFC 1951, 3.2.7), made so that a match of 258
 * zeros costs two bits: literal 0 and "end" have 2 bits, length 258 (symbol 285) has 1, distance 1
 * (symbol 0) has 1.
 */

enum { MATCH_BYTES = 258, CRC_POLYNOMIAL_BITS = 32 };

struct bits {
    struct hk_buffer *out;
    unsigned char byte;
    unsigned count;
};

static void put(struct bits *bits, uint32_t value, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        bits->byte = (unsigned char)(bits->byte | ((value >> i & 1) << bits->count));
        if (++bits->count == 8) {
            hk_buffer_append(bits->out, &bits->byte, 1);
            bits->byte = 0;
            bits->count = 0;
        }
    }
}

/** Huffman codes go out with their first bit first. */
static void put_code(struct bits *bits, uint32_t code, unsigned count)
{
    while (count-- > 0) {
        put(bits, code >> count & 1, 1);
    }
}

/**
 * Code lengths of the code lengths 1, 2 and "repeat zero" (18), then the lengths themselves. Of
 * those three, 18 gets 1 bit (code 0), 1 gets 2 bits (code 10) and 2 gets 2 bits (code 11).
 */
static void put_tables(struct bits *bits)
{
    static const unsigned char order[] = { 16, 17, 18, 0,  8, 7,  9, 6,  10,
                                           5,  11, 4,  12, 3, 13, 2, 14, 1 };
    put(bits, 1, 1);         /* last block */
    put(bits, 2, 2);         /* with its own codes */
    put(bits, 286 - 257, 5); /* literal and length symbols */
    put(bits, 0, 5);         /* one distance symbol */
    put(bits, sizeof order - 4, 4);
    for (size_t i = 0; i < sizeof order; i++) {
        uint32_t length = order[i] == 18 ? 1 : order[i] == 1 || order[i] == 2 ? 2 : 0;
        put(bits, length, 3);
    }
    put_code(bits, 3, 2); /* symbol 0: 2 bits */
    put_code(bits, 0, 1); /* symbols 1 to 255: unused, in two runs */
    put(bits, 138 - 11, 7);
    put_code(bits, 0, 1);
    put(bits, 255 - 138 - 11, 7);
    put_code(bits, 3, 2); /* symbol 256: 2 bits */
    put_code(bits, 0, 1); /* symbols 257 to 284: unused */
    put(bits, 284 - 257 + 1 - 11, 7);
    put_code(bits, 2, 2); /* symbol 285: 1 bit */
    put_code(bits, 2, 2); /* distance 0: 1 bit */
}

/** Product of two polynomials modulo the CRC's, bits reflected. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
    uint32_t product = 0;
    for (int i = 0; i < CRC_POLYNOMIAL_BITS; i++) {
        product ^= a & 0x80000000u ? b : 0;
        a <<= 1;
        b = b & 1 ? b >> 1 ^ 0xedb88320u : b >> 1;
    }
    return product;
}

/** CRC-32 of that many zeros: the start value times x^(8 * bytes). */
static uint32_t crc_of_zeros(uint64_t bytes)
{
    uint32_t power = 0x00800000u;  /* x^8 */
    uint32_t result = 0x80000000u; /* 1 */
    for (; bytes > 0; bytes >>= 1) {
        if (bytes & 1) {
            result = multiply(result, power);
        }
        power = multiply(power, power);
    }
    return ~multiply(result, 0xffffffffu);
}

void hk_bomb_append_gzip(struct hk_buffer *out, uint64_t zero_bytes)
{
    static const char header[10] = { 0x1f, (char)0x8b, 8, 0, 0, 0, 0, 0, 0, (char)0xff };
    struct bits bits = { .out = out };
    uint64_t matches = zero_bytes <= 1 ? 0 : (zero_bytes - 1 + MATCH_BYTES - 1) / MATCH_BYTES;
    hk_buffer_append(out, header, sizeof header);
    put_tables(&bits);
    put_code(&bits, 2, 2); /* one literal zero */
    for (uint64_t i = 0; i < matches; i++) {
        put_code(&bits, 0, 1);
        put_code(&bits, 0, 1);
    }
    put_code(&bits, 3, 2);
    put(&bits, 0, (8 - bits.count) % 8);
    uint64_t bytes = 1 + matches * MATCH_BYTES;
    put(&bits, crc_of_zeros(bytes), 32);
    put(&bits, (uint32_t)bytes, 32);
}
