// SPDX-License-Identifier: Apache-2.0
/** Decisions: the judge's book of what policies were asked and what they said (promise 4).
 *
 *  - Nobody is asked about an event that has a plan.
 *  - A plan that names a policy says what that policy said when it was asked, and nothing else:
 *    the same endpoints, payloads, skips, reason; and names the generation that was asked.
 *  - A plan that names none has nothing that only a policy can have.
 *  - Only an endpoint that changed meanwhile is missing from it. */
#pragma once
#include "model/command.h"
#include "model/fact.h"

enum { SIM_TARGETS_MAX = 8, SIM_ENDPOINT_NUMBERS = 320 };

/** What goes to one endpoint. */
struct sim_target {
    struct hk_uuid endpoint;
    bool is_skipped;
    uint32_t own_crc; /**< Of its payload; 0: none. */
};

/** What was asked about one event, and answered. */
struct sim_decision {
    bool is_asked, is_answered;
    char policy[16];
    uint32_t generation;
    enum hk_reason reason;
    uint32_t target_count;
    struct sim_target targets[SIM_TARGETS_MAX];
};

struct sim_decisions {
    struct sim_decision *items;         /**< By the event's number. */
    bool changed[SIM_ENDPOINT_NUMBERS]; /**< Endpoints that are no longer what they were made as. */
};

void sim_decisions_init(struct sim_decisions *decisions, uint32_t count);
void sim_decisions_fini(struct sim_decisions *decisions);

/** Each gets what is broken, or NULL. */
const char *sim_decisions_asked(struct sim_decisions *decisions, uint32_t event,
                                const struct hk_policy_run *run);
const char *sim_decisions_written(struct sim_decisions *decisions, uint32_t event,
                                  const struct hk_plan *plan);

void sim_decisions_answered(struct sim_decisions *decisions, uint32_t event,
                            const struct hk_plan *plan);
void sim_decisions_endpoint(struct sim_decisions *decisions, const struct hk_record *record);

/** A crash: what was asked will not be answered. */
void sim_decisions_forget(struct sim_decisions *decisions, uint32_t count);

/** Gets the checksum of a payload; 0: there is none. */
uint32_t sim_payload_crc(const struct hk_body *payload);
