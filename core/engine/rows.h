// SPDX-License-Identifier: Apache-2.0
/** Rows: what the engine's slot pools hold, one struct a thing. Only engine/ includes this.
 *
 * Rows name each other by slot number; what other threads may name has a slot id (slot and
 * generation). Rows of events and deliveries are packed: ten million of them must fit (design.md
 * section 6). */
#pragma once
#include "engine/list.h"
#include "model/request.h"

#include <assert.h>

struct hk_merchant_row {
    struct hk_merchant value;
    struct hk_link chain;     /**< Among all merchants, oldest first. */
    struct hk_link turn;      /**< Among merchants that have something to send. */
    struct hk_list endpoints; /**< Its own, oldest first. */
    struct hk_list turns;     /**< ...and those of them that may be sent to now. */
    struct hk_list keys;
    uint32_t event_count; /**< Rows that name this one. */
    uint32_t snapshot;    /**< The last snapshot that has its rows. */
    uint64_t pending;     /**< Its deliveries that are not finished. */
    bool is_deleted;
};

struct hk_endpoint_row {
    struct hk_endpoint value;
    struct hk_link chain; /**< Among its merchant's, oldest first. */
    struct hk_link turn;  /**< Among its merchant's that may be sent to now. */
    uint32_t merchant;
    uint32_t queue_first, queue_last; /**< Ready deliveries. */
    uint32_t queue_count;
    uint32_t in_flight;
    uint32_t delivery_count; /**< Rows that name this one. */
    struct hk_link gone;     /**< Among the deleted whose queues are still to be emptied. */
    bool is_deleted;
    uint8_t gone_reason; /**< With `is_deleted`: what was deleted first, it or its merchant. */
};

struct hk_key_row {
    struct hk_key value;
    struct hk_link chain; /**< Among its merchant's, oldest first. */
    uint32_t merchant;
};

struct hk_event_row {
    struct hk_uuid id;
    uint64_t lsn;    /**< Where its body stands: record... */
    uint32_t offset; /**< ...and place; UINT32_MAX: not yet on disk. */
    uint32_t merchant;
    uint32_t delivery_first; /**< In plan order. */
    uint32_t body;           /**< Slot in the body cache, or HK_NONE. */
    uint32_t rare;           /**< Slot of what few events have, or HK_NONE. */
    uint16_t delivery_count;
    uint16_t open_count; /**< Deliveries that are not finished. */
    uint8_t state;
    uint8_t reason;
};
static_assert(sizeof(struct hk_event_row) <= 56, "ten million events must fit");

/** What only few events have. */
struct hk_event_rare {
    struct hk_wall deliver_before;
};

struct hk_delivery_row {
    uint32_t event;
    uint32_t endpoint;
    uint32_t next_of_event;
    uint32_t link; /**< READY: the next in the queue. WAITING: place in the heap. IN_FLIGHT: the
                        flight. */
    uint32_t attempt_last; /**< Newest kept attempt, or HK_NONE. */
    uint16_t number;
    uint8_t state;
    uint8_t reason;
    uint8_t attempt_count; /**< Begun. */
    uint8_t role;
};
static_assert(sizeof(struct hk_delivery_row) <= 28, "ten million deliveries must fit");

struct hk_attempt_row {
    struct hk_attempt value;
    uint32_t previous;
};

/** An attempt that runs, or waits for its body. */
struct hk_flight {
    struct hk_body *body; /**< NULL while it is being loaded. */
    uint32_t delivery;
};

enum hk_load_purpose { HK_LOAD_FOR_START, HK_LOAD_FOR_PLAN, HK_LOAD_FOR_REPLY };

struct hk_load {
    enum hk_load_purpose purpose;
    uint64_t target; /**< Delivery id or event id. */
    struct hk_reply *reply;
};

struct hk_cached_body {
    struct hk_body *body;
    uint32_t event;
    struct hk_link use; /**< Least lately used first. */
};
