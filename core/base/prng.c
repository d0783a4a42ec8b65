// SPDX-License-Identifier: Apache-2.0
#include "base/prng.h"

#include "base/check.h"

static uint64_t splitmix_next(uint64_t *state)
{
    uint64_t mixed = *state += UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ (mixed >> 31);
}

static inline uint64_t rotate_left(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

void hk_prng_init(struct hk_prng *prng, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        prng->state[i] = splitmix_next(&seed);
}

uint64_t hk_prng_next(struct hk_prng *prng)
{
    uint64_t *state = prng->state;
    uint64_t result = rotate_left(state[1] * 5, 7) * 9;
    uint64_t shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate_left(state[3], 45);
    return result;
}

uint64_t hk_prng_below(struct hk_prng *prng, uint64_t bound)
{
    hk_assert(bound >= 1);
    // Draws below 2^64 mod bound are thrown away, so that every remainder has equal chances.
    uint64_t least = (0 - bound) % bound;
    uint64_t draw;
    do {
        draw = hk_prng_next(prng);
    } while (draw < least);
    return draw % bound;
}

int hk_prng_chance(struct hk_prng *prng, uint32_t parts)
{
    return hk_prng_below(prng, 1000000) < parts;
}
