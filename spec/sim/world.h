// SPDX-License-Identifier: Apache-2.0
/** World: one run of one seed. The real engine and the real journal live in it; the clock, the
 * disk, the network and the callers are made of the seed's numbers, and the power fails now and
 * then. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/** Deliberate faults of the world, which the checkers must notice. */
enum sim_mutant {
    SIM_MUTANT_NONE,
    SIM_MUTANT_EARLY_APPENDED, /**< The journal says durable before it is. */
    SIM_MUTANT_TWICE,          /**< A request is sent twice. */
    SIM_MUTANT_REPLAN,         /**< A start forgets that an event has a plan, and plans it anew. */
    SIM_MUTANT_PAYLOAD,        /**< A plan is read back with another payload. */
};

struct sim_setup {
    uint64_t seed;
    uint32_t event_count; /**< 1 to SIM_EVENTS_MAX. */
    enum sim_mutant mutant;
    bool is_loud; /**< Say what happens. */
};

struct sim_report {
    uint64_t acked, attempts, delivered, dead, dropped, duplicates, crashes, stops;
    uint64_t asked, held, decided, reloads;
    int64_t virtual_ms;
    uint64_t digest;   /**< Of all commands, in order: the same for the same seed. */
    char failure[640]; /**< Empty: all promises were kept. */
};

void sim_run(const struct sim_setup *setup, struct sim_report *report);
