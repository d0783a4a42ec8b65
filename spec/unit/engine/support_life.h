// SPDX-License-Identifier: Apache-2.0
/** Life: random but repeatable things that happen to a world. One seed, one life. */
#pragma once
#include "base/prng.h"
#include "support_world.h"

#define LIFE_MERCHANTS 6
#define LIFE_ENDPOINTS 64

struct life_endpoint {
    struct hk_uuid uuid;
    uint64_t merchant_id; /**< 0: none. */
};

struct life {
    struct world *world;
    struct hk_prng prng;
    uint64_t merchants[LIFE_MERCHANTS]; /**< Ids; 0: deleted. */
    uint64_t merchant_id_last;
    uint32_t reuse_parts; /**< Chance in a million that a new merchant gets a deleted one's id. */
    struct life_endpoint endpoints[LIFE_ENDPOINTS];
};

void life_init(struct life *life, struct world *world, uint64_t seed);

/** Lets `count` things happen, each followed by a step or not. */
void life_go(struct life *life, uint32_t count);

/** Ends what runs and settles, so that nothing is in flight and everything has a plan. */
void life_rest(struct life *life);

/** Gives a world the policies that its merchants may use, all of them good, and answers what they
 * are asked from here on. */
void life_mend(struct world *world);
