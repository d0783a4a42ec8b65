// SPDX-License-Identifier: Apache-2.0
/** Workload: the callers. Merchants, endpoints, events, repeats, look-ups, changes and deletions,
 * as the seed says. */
#pragma once
#include "base/prng.h"
#include "checker.h"
#include "model/config.h"
#include "model/fact.h"

enum {
    SIM_MERCHANTS = 4,
    SIM_ENDPOINTS = 5, /**< Of each merchant. */
    SIM_ATTEMPTS_MAX = 3,
    SIM_TOKEN_FINAL = 1,
    SIM_TOKEN_ANY = 2,
};

struct sim_workload {
    struct hk_prng *prng;
    uint32_t event_count;
    uint32_t sent;
    uint32_t setup_left; /**< Of the first requests, which make merchants and endpoints. */
    uint32_t endpoint_next;
    uint64_t known[SIM_MERCHANTS * SIM_ENDPOINTS * 16]; /**< Slot ids by the endpoint's number. */
    struct hk_engine_options options;
    bool is_recovered;
};

void sim_workload_init(struct sim_workload *workload, struct hk_prng *prng, uint32_t event_count);
void sim_workload_fini(struct sim_workload *workload);
void sim_workload_options(const struct sim_workload *workload, struct hk_engine_options *options);

/** When the clocks of all worlds begin. */
#define SIM_START_MS INT64_C(1777700000000)

/** Makes the next fact, and says how long to wait after it. */
void sim_workload_next(struct sim_workload *workload, struct sim_checker *checker,
                       struct hk_fact *fact, uint32_t *pause_ms);
bool sim_workload_is_done(const struct sim_workload *workload);
uint32_t sim_workload_sent(const struct sim_workload *workload);

/** Makes the look-up of event `number`. */
void sim_workload_look_up(const struct sim_workload *workload, uint32_t number, uint64_t token,
                          struct hk_fact *fact);

/** Makes the request that switches an endpoint on for good, so that nothing waits for ever; false
 * when there is no such number. */
bool sim_workload_enable(const struct sim_workload *workload, uint32_t number,
                         struct hk_fact *fact);

/** Learns which slot id the engine gave to an endpoint. */
void sim_workload_endpoint_known(struct sim_workload *workload, uint64_t endpoint,
                                 const struct hk_uuid *uuid);

/** After a crash the setup is asked for again, as a caller without an answer would. */
void sim_workload_recovered(struct sim_workload *workload);

/** Gets the place in an event's plan of a slot id; the delivery count when it is not in it. */
uint32_t sim_workload_place(const struct sim_workload *workload, uint64_t endpoint,
                            const struct sim_event *event);
