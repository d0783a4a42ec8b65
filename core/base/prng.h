// SPDX-License-Identifier: Apache-2.0
/** Pseudo-random numbers (xoshiro256**, Blackman and Vigna 2018): for jitter and for the
 * simulator, never for secrets. One seed gives one sequence. Thread: the owner's. */
#pragma once
#include <stdint.h>

struct hk_prng {
    uint64_t state[4];
};

/** Starts the sequence of `seed` (any value; spread by splitmix64). */
void hk_prng_init(struct hk_prng *prng, uint64_t seed);
uint64_t hk_prng_next(struct hk_prng *prng);

/** Draws from 0 to `bound` - 1 without bias; `bound` >= 1. */
uint64_t hk_prng_below(struct hk_prng *prng, uint64_t bound);

/** True with a chance of `parts` in a million. */
int hk_prng_chance(struct hk_prng *prng, uint32_t parts);
