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
    uint32_t event_count;         /**< Rows that name this one. */
    uint32_t snapshot;            /**< The last snapshot that has its rows. */
    uint64_t pending;             /**< Its deliveries that are not finished. */
    struct hk_list planning;      /**< Its events that wait for a run of its policy. */
    struct hk_list held;          /**< ...and those that are held. */
    struct hk_list advices;       /**< Questions to its `retry` hook that wait for a run. */
    struct hk_link planning_turn; /**< Among merchants that have something to ask or to plan. */
    uint32_t unplanned_count;     /**< Those two, and the ones whose run is out. */
    uint32_t replan_left; /**< That many of the held, the first, are to be planned again now. */
    uint32_t policy;      /**< Place in the set, or HK_NONE: none of that name... */
    uint32_t policy_set;  /**< ...as of the set of this number. */
    uint32_t use;         /**< How it uses its policy, or HK_NONE: never yet. */
    bool was_advice;      /**< Its last run was a question, so that an event may be next. */
    bool is_deleted;
};

/** How a merchant's use of its policy goes. */
struct hk_use_row {
    uint64_t calls, errors, cpu_us;
    struct hk_body *error; /**< The last one, as text; or NULL. */
    int64_t resume_ns;     /**< Monotonic: not called before; it spent its budget too often. */
    int64_t kills_ns[HK_POLICY_KILLS_MAX]; /**< When it killed workers, the last times. */
    uint32_t kill_count;
    uint32_t overrun_count; /**< Budgets spent in a row. */
    uint32_t memory_bytes;
    uint32_t average_us; /**< Of a run, moving. */
    uint32_t out_count;  /**< Runs that are out. */
    uint32_t edition;    /**< Of the last run, one user: another one starts with a clean sheet. */
    bool is_suspended;
};

/** A policy's name with a generation, as plans and events name it. */
struct hk_edition {
    char *name;
    uint32_t generation;
    uint32_t user_count; /**< Rows that name it, and the set. */
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
    struct hk_wall deliver_before; /**< ms 0: no limit. */
    uint64_t plan_lsn;    /**< Where its PLAN stands, when a policy made it: record (0: none)... */
    uint32_t plan_offset; /**< ...and place; UINT32_MAX: not yet on disk. */
    uint32_t edition;     /**< Of the policy that planned it or was asked to, or HK_NONE. */
    uint32_t own_first;   /**< Payloads of its deliveries in the cache. */
    uint32_t unplanned;   /**< What it has as long as it has no plan, or HK_NONE. */
};

/** An event without a plan: it waits for a run, its run is out, or it is held. */
struct hk_unplanned {
    struct hk_body *error; /**< Held: why. */
    struct hk_link link;   /**< Among its merchant's that wait, or that are held. */
    uint32_t event;
    uint32_t position; /**< Held: place in the heap of holds. */
    uint8_t hold_count;
    bool is_out;
    bool is_given_up; /**< It is planned without its policy; `error` says why. */
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
    uint8_t has_own; /**< A payload of its own goes out, see the event's plan. */
};
static_assert(sizeof(struct hk_delivery_row) <= 28, "ten million deliveries must fit");

struct hk_attempt_row {
    struct hk_attempt value;
    uint32_t previous;
};

/** An attempt that runs, or waits for its body. */
struct hk_flight {
    struct hk_body *body; /**< NULL while it is being loaded. */
    struct hk_body *own;  /**< Its payload, if it has one; NULL while it is being loaded. */
    uint32_t delivery;
    bool has_launched; /**< All that goes out is here, START was said. */
};

/** A question to a `retry` hook: it waits for its turn, or its run is out. */
struct hk_advice {
    uint64_t delivery;
    uint64_t merchant;
    int64_t due_ns;          /**< Of the next attempt, by the schedule. */
    struct hk_body *headers; /**< While it waits: of the response, or NULL. */
    struct hk_link link;     /**< While it waits: among its merchant's. */
    uint32_t edition;        /**< That is asked, one user; HK_SLOT_NONE while it waits. */
    uint16_t attempt;
    uint8_t type_bytes;
    char type[HK_EVENT_TYPE_BYTES_MAX]; /**< Of the event. */
};

enum hk_load_purpose {
    HK_LOAD_FOR_START,
    HK_LOAD_PLAN_FOR_START,
    HK_LOAD_FOR_PLAN,
    HK_LOAD_FOR_REPLY,
    HK_LOAD_PLAN_FOR_REPLY,
};

struct hk_load {
    enum hk_load_purpose purpose;
    uint64_t target; /**< Delivery id or event id. */
    struct hk_reply *reply;
};

struct hk_cached_body {
    struct hk_body *body;
    uint32_t event;
    uint32_t own_next;  /**< Of a payload: the event's next one. */
    uint16_t number;    /**< Of the delivery whose payload it is; 0: the event's body. */
    struct hk_link use; /**< Least lately used first. */
};
