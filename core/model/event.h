// SPDX-License-Identifier: Apache-2.0
/** Event: something that happened to a merchant, and all that became of it. */
#pragma once
#include "model/delivery.h"

#define HK_EVENT_STATE_MAP(XX)  \
    XX(PLANNING, 0, "planning") \
    XX(HELD, 1, "held")         \
    XX(PLANNED, 2, "planned")   \
    XX(DROPPED, 3, "dropped")   \
    XX(FINISHED, 4, "finished")

enum hk_event_state {
#define XX(name, value, word) HK_EVENT_##name = (value),
    HK_EVENT_STATE_MAP(XX)
#undef XX
};

const char *hk_event_state_word(enum hk_event_state state);

struct hk_plan;

/** Where a record that holds a body stands in the log. The log alone knows what that means on
 * disk. lsn 0: nowhere. */
struct hk_location {
    uint64_t lsn;
    uint32_t offset;
};

/** The whole present state of one event: what a STATE record holds, what a look-up answers.
 * Made by the engine in one allocation with its lists; freed with hk_event_free. */
struct hk_event {
    struct hk_uuid id;
    uint64_t merchant_id;
    uint64_t lsn; /**< Of the EVENT record. */
    enum hk_event_state state;
    enum hk_reason reason;
    bool is_orphan; /**< Its merchant is deleted: a new one with the same id must not see it. */
    struct hk_wall received_at;
    struct hk_wall deliver_before; /**< ms 0: no limit. */
    struct hk_body *body;          /**< One reference; NULL when only the location is known. */
    struct hk_location location;
    char *policy;                     /**< That planned it, or holds it; NULL: none was asked. */
    uint32_t generation;              /**< With `policy`. */
    struct hk_location plan_location; /**< Of the PLAN record, when a policy made it. */
    struct hk_plan *plan;  /**< In answers that asked for it (EVENT_WHY): read back; owned. */
    struct hk_body *error; /**< With HELD: why, as text; one reference. Never stored. */
    struct hk_delivery *deliveries;
    uint32_t delivery_count;
};

/** Frees an event with its deliveries, attempts and references; NULL is fine. */
void hk_event_free(struct hk_event *event);

/** Makes a body whose head holds `type` (1 to 100 bytes) and `key` (0 to 255 bytes, empty: none).
 * NULL when out of memory. */
struct hk_body *hk_event_body_new(struct hk_slice type, struct hk_slice key, struct hk_slice text);
struct hk_slice hk_event_body_type(const struct hk_body *body);
struct hk_slice hk_event_body_key(const struct hk_body *body);

/** Is this 1 to 100 of `a-z 0-9 _ .`? */
bool hk_event_type_is_valid(struct hk_slice type);

/** Longest text of a delivery's id, "<event id>.<n>", with its end. */
#define HK_DELIVERY_ID_TEXT_MAX (HK_UUID_TEXT_SIZE + 7)
