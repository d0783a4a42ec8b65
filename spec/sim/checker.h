// SPDX-License-Identifier: Apache-2.0
/** Checker: the judge. It keeps its own book of what was promised, from what crosses the engine's
 * borders alone, and says what was broken (design.md section 3, promises 1 to 4).
 *
 *  - An event that was acknowledged is never lost, and ends as delivered, dead or dropped.
 *  - Nothing starts before its EVENT and its PLAN are durable, and nothing after its end.
 *  - Attempts are counted up by one and stay within the endpoint's bound.
 *  - A receiver gets a delivery that it took a second time only when the answer was lost, or a
 * crash took our record of it.
 *  - The same delivery always carries the same bytes: the event's, or what its plan says.
 *  - A plan is made once: no second PLAN after a durable one, and it says what its policy said
 *    (decisions.h).
 *  - What a look-up has shown as ended never looks otherwise again. */
#pragma once
#include "decisions.h"
#include "model/command.h"

#include <stdbool.h>
#include <stdint.h>

enum { SIM_EVENTS_MAX = 9000, SIM_FAN_OUT_MAX = 8 };

struct sim_delivery {
    struct hk_uuid endpoint;
    uint32_t own_crc; /**< Of its payload; 0: none. */
    uint16_t attempt_last;
    uint32_t success_count;
    bool is_unsure;   /**< hookd cannot know that it was taken: the answer was lost, or a
                           crash took the record of it. */
    uint64_t end_lsn; /**< Of the record that ended it, 0 while open. */
    bool ended_by_success;
    bool was_seen_ended;
    uint8_t seen_state;
};

struct sim_event {
    bool is_used;
    bool is_acked;
    uint64_t merchant_id;
    uint64_t event_lsn, plan_lsn;
    uint32_t body_crc;
    uint32_t delivery_count;
    struct sim_delivery deliveries[SIM_FAN_OUT_MAX];
};

struct sim_checker {
    struct sim_event *events; /**< SIM_EVENTS_MAX, by the number inside the event's id. */
    struct sim_decisions decisions;
    uint64_t lsn_durable; /**< What the engine was told. */
    uint32_t attempts_max;
    uint64_t acked, started, delivered, dead, dropped, duplicates, crashes;
    uint64_t asked, held, decided; /**< Of policies. */
    char failure[640];             /**< Empty while all is well. */
};

void sim_checker_init(struct sim_checker *checker, uint32_t attempts_max);
void sim_checker_fini(struct sim_checker *checker);

/** Makes the id of event `number`, and the number back. */
struct hk_uuid sim_event_id(uint32_t number);
uint32_t sim_event_number(const struct hk_uuid *id);

void sim_checker_sent(struct sim_checker *checker, uint32_t number, uint64_t merchant_id,
                      const struct hk_body *body);
void sim_checker_acked(struct sim_checker *checker, const struct hk_command_ack *ack);
void sim_checker_appended(struct sim_checker *checker, const struct hk_record *record);
void sim_checker_durable(struct sim_checker *checker, uint64_t lsn);
/** A policy is asked; `is_known`: there is such a one, with such a generation, with such a hook. */
void sim_checker_asked(struct sim_checker *checker, const struct hk_policy_run *run, bool is_known);

/** ...and was answered. */
void sim_checker_answered(struct sim_checker *checker, uint32_t event, const struct hk_fact *fact);

void sim_checker_started(struct sim_checker *checker, const struct hk_command_start_attempt *start,
                         uint32_t delivery);

/** A receiver took a delivery (its place in the plan, from 0) as a success. */
void sim_checker_taken(struct sim_checker *checker, uint32_t event, uint32_t delivery,
                       bool is_answer_lost);
void sim_checker_looked_up(struct sim_checker *checker, const struct hk_event *event);

/** A crash, and what came back: records up to `lsn`. */
void sim_checker_recovered(struct sim_checker *checker, uint64_t lsn);

/** The end: `event` is the final state of event `number`, NULL when it is not known. */
void sim_checker_final(struct sim_checker *checker, uint32_t number, const struct hk_event *event);

static inline bool sim_checker_is_content(const struct sim_checker *checker)
{
    return checker->failure[0] == '\0';
}
