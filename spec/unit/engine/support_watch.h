// SPDX-License-Identifier: Apache-2.0
/** Watch: the promises of engine.h, held against every command that an engine says.
 *
 * It folds the appended records into a little model of its own and fails the test at once when a
 * command breaks a promise: an ACK or an attempt before the log can prove it, a second plan, a
 * policy that is asked about what is decided, a plan of another one than was asked, an attempt
 * after the end, of a deleted endpoint, out of number, or over a cap. Thread: the test's.
 */
#pragma once
#include "model/command.h"
#include "model/config.h"

struct watch_delivery {
    uint32_t endpoint; /**< Index in `endpoints`. */
    uint16_t attempts; /**< Begun. */
    uint16_t results;
    bool is_running;
    enum hk_role role;
    enum hk_delivery_state state; /**< Terminal once its record says so. */
    enum hk_reason reason;
};

struct watch_event {
    struct hk_uuid id;
    uint64_t merchant_id;
    uint64_t lsn, plan_lsn; /**< Of its records; 0: none. */
    enum hk_reason plan_reason;
    char asked[HK_POLICY_NAME_BYTES_MAX + 1]; /**< Of the last run for its plan; empty: none. */
    uint32_t asked_generation;
    bool is_asked; /**< It is out. */
    struct watch_delivery *deliveries;
    uint32_t delivery_count;
};

struct watch_endpoint {
    struct hk_uuid uuid;
    uint64_t merchant_id;
    uint64_t slot_id; /**< From ENDPOINT_SET; 0: not told, or dropped. */
    uint32_t concurrency;
    uint32_t running;
    bool is_enabled;
    bool is_deleted;
};

struct watch {
    struct watch_event *events;
    uint32_t event_count, event_capacity;
    struct watch_endpoint *endpoints;
    uint32_t endpoint_count;
    uint64_t lsn_last, lsn_durable;
    uint32_t running;
    uint32_t running_max; /**< The most that ever ran at once. */
    struct hk_engine_options options;
};

void watch_fini(struct watch *watch);

/** Folds a record in; the engine's own (`is_new`) are also held to the order of lsns. */
void watch_record(struct watch *watch, const struct hk_record *record, bool is_new);

void watch_ack(const struct watch *watch, const struct hk_command_ack *ack);
void watch_run(struct watch *watch, const struct hk_policy_run *run);
void watch_start(struct watch *watch, const struct hk_command_start_attempt *start);
void watch_endpoint_set(struct watch *watch, const struct hk_command_endpoint_set *set);
void watch_endpoint_drop(struct watch *watch, uint64_t slot_id);

/** The attempt was answered: it no longer counts as running. */
void watch_ended(struct watch *watch, const struct hk_uuid *event, uint16_t delivery);

/** The run was answered. */
void watch_answered(struct watch *watch, const struct hk_uuid *event, enum hk_policy_phase phase);

/** Gets what is known of an event, or NULL. */
struct watch_event *watch_event_find(const struct watch *watch, const struct hk_uuid *id);
struct watch_endpoint *watch_endpoint_find(const struct watch *watch, const struct hk_uuid *uuid);
