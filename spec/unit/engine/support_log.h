// SPDX-License-Identifier: Apache-2.0
/** Log: what an engine appended, kept as deep copies, so that it can be replayed into another.
 * Also holds the rows of a snapshot, and compares two of those. Thread: the test's. */
#pragma once
#include "model/record.h"

struct kept_record {
    struct hk_record record; /**< Points only to what is owned here. */
    struct hk_location location;
    struct hk_body *body;        /**< EVENT: head and text. RESULT: error and response. */
    struct hk_plan *plan;        /**< PLAN. */
    struct hk_merchant merchant; /**< MERCHANT. */
    struct hk_endpoint endpoint; /**< ENDPOINT. */
    struct hk_event *event;      /**< STATE. */
};

struct kept_log {
    struct kept_record **items;
    uint32_t count, capacity;
};

/** Where this log pretends that a record stands. */
struct hk_location kept_location(uint64_t lsn);

void kept_log_add(struct kept_log *log, const struct hk_record *record);
void kept_log_fini(struct kept_log *log);

/** Copies an event with its deliveries and attempts; freed with hk_event_free. */
struct hk_event *kept_event_copy(const struct hk_event *event);

/** Sorts rows by type and id, so that two snapshots can be laid side by side. */
void kept_log_sort(struct kept_log *log);

/** Makes `merchant_deleted` read `endpoint_deleted` and no event an orphan in all STATE rows: of a
 * merchant that is deleted, and perhaps made again, while a snapshot is taken, it may not tell what
 * came first. (hookd takes snapshots at a clean stop, when nothing moves.) */
void kept_log_blur(struct kept_log *log);

/** Fails the test unless both hold the same state, whatever the order of their rows. */
void assert_same_rows(struct kept_log *one, struct kept_log *other);
