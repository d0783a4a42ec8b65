// SPDX-License-Identifier: Apache-2.0
/** Network: receivers that succeed, fail, are slow or never answer, as the seed says. */
#pragma once
#include "base/prng.h"
#include "model/command.h"
#include "model/fact.h"

/** A request on its way, and what will come of it. */
struct sim_request {
    bool is_used;
    uint64_t delivery;
    uint32_t event;     /**< Number. */
    uint32_t place;     /**< Of the delivery in the plan, from 0. */
    struct hk_mono due; /**< When its answer arrives. */
    bool reaches;       /**< The receiver takes it as a success. */
    bool has_reached;
    struct hk_outcome outcome;
};

struct sim_network {
    struct hk_prng *prng;
    struct sim_request *requests;
    uint32_t capacity;
    uint32_t trouble; /**< Chance, in a million, that an attempt fails. */
};

void sim_network_init(struct sim_network *network, struct hk_prng *prng);
void sim_network_fini(struct sim_network *network);

/** Takes a request on; `place` is its delivery's place in the plan. */
void sim_network_start(struct sim_network *network, const struct hk_command_start_attempt *start,
                       uint32_t event, uint32_t place, struct hk_now now);

/** Gets the next request whose answer is due, or NULL; the caller ends it. */
struct sim_request *sim_network_due(struct sim_network *network, struct hk_mono now);
struct hk_mono sim_network_next(const struct sim_network *network);

/** Our end breaks all connections. A receiver that was about to answer may have taken the request
 * all the same: `taken` is told. */
void sim_network_cut(struct sim_network *network,
                     void (*taken)(void *arg, const struct sim_request *request), void *arg);
