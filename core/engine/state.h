// SPDX-License-Identifier: Apache-2.0
/** State: everything that the engine knows. Only engine/ includes this.
 *
 * Rows stand in slot pools and name each other by slot number; what other threads may name has a
 * slot id (slot and generation). Rows of events and deliveries are packed: ten million of them
 * must fit (design.md section 6). */
#pragma once
#include "base/check.h"
#include "base/hash.h"
#include "base/heap.h"
#include "base/prng.h"
#include "base/slots.h"
#include "engine/engine.h"
#include "engine/fifo.h"
#include "engine/list.h"
#include "engine/scratch.h"
#include "model/bounds.h"
#include "model/stats.h"

#include <assert.h>
#include <stdalign.h>

#define HK_ENGINE_MAGIC UINT32_C(0x48454e47)
#define HK_NONE HK_SLOT_NONE

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

enum hk_event_flag {
    HK_EVENT_IS_ROW = 1 << 0,     /**< Came with the snapshot. */
    HK_EVENT_IS_LOADING = 1 << 1, /**< Its body is being loaded, to plan it. */
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
    uint8_t flags;
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

struct hk_body_cache {
    struct hk_slots slots;
    struct hk_list uses;
    uint64_t bytes;
};

struct hk_idempotency_keys {
    struct hk_slots slots; /**< Of struct hk_idempotency. */
    struct hk_index index;
    struct hk_fifo order; /**< Ids, oldest first. */
};

/** An answer that leaves when `lsn` is durable. */
struct hk_answer {
    uint64_t lsn;
    struct hk_reply *reply; /**< Or NULL: an ACK. */
    struct hk_command_ack ack;
};

/** A plan whose deliveries become ready when `lsn` is durable. */
struct hk_planned {
    uint64_t lsn;
    uint64_t event;
};

/** The last finished events, for look-ups. */
struct hk_finished {
    struct hk_event **events; /**< HK_FINISHED_MAX places, a ring. */
    uint32_t next;
    struct hk_index index;
};

/** Dropping the deliveries of deleted endpoints, a few a step. */
struct hk_sweep {
    struct hk_list gone; /**< Endpoints whose queues are still to be emptied. */
    uint32_t cursor;     /**< Next delivery slot to look at, while `is_scanning`. */
    bool is_scanning;
};

/** A row that nothing names any more, but that this step's commands may still borrow. */
struct hk_leaving {
    uint32_t slot;
    bool is_merchant;
};

enum hk_snapshot_stage {
    HK_SNAPSHOT_IDLE,
    HK_SNAPSHOT_MERCHANTS,
    HK_SNAPSHOT_IDEMPOTENCY,
    HK_SNAPSHOT_EVENTS,
    HK_SNAPSHOT_FINISHED, /**< After the live ones: what finishes meanwhile is in one of them. */
    HK_SNAPSHOT_END,
};

/** Writing everything down, a few rows a step. */
struct hk_snapshot_cursor {
    enum hk_snapshot_stage stage;
    uint32_t number; /**< Of this snapshot, in this process. */
    uint32_t cursor;
    uint32_t finished_first; /**< Where the walk over the finished began. */
    uint64_t begin_lsn;
    uint64_t end_lsn; /**< At the end: of the last record that the rows know of. */
    uint64_t row_count;
};

struct hk_engine {
    uint32_t magic;
    struct hk_engine_options options;
    struct hk_hash_key hash_key;
    struct hk_prng prng;
    struct hk_stats stats;

    struct hk_now now;            /**< Of this step. */
    uint32_t work;                /**< Objects that this step may still touch. */
    struct hk_commands *commands; /**< Of this step... */
    uint32_t command_first;       /**< ...from here on. */

    uint64_t lsn_last;     /**< Given out. */
    uint64_t lsn_durable;  /**< On disk. */
    uint64_t lsn_snapshot; /**< Replay: highest lsn of the snapshot's rows. */

    struct hk_slots merchants, endpoints, keys, events, deliveries, attempts, rares, flights, loads;
    struct hk_index merchant_index, endpoint_index, key_index, event_index;
    uint64_t merchant_id_last;

    struct hk_list merchant_chain; /**< All merchants, oldest first. */
    struct hk_list merchant_turns; /**< Those that have something to send. */
    struct hk_heap waits;          /**< Deliveries by the time of their next attempt. */
    struct hk_fifo answers;        /**< struct hk_answer, by lsn. */
    struct hk_fifo planned;        /**< struct hk_planned, by lsn. */
    struct hk_fifo unlocated;      /**< Slot ids of events whose EVENT is not yet durable. */
    struct hk_body_cache bodies;
    struct hk_idempotency_keys idempotency;
    struct hk_finished finished;
    struct hk_sweep sweep;
    struct hk_snapshot_cursor snapshot;
    uint32_t tail_count;
    struct hk_scratch scratch;      /**< What this step's commands borrow. */
    struct hk_fifo borrowed_events; /**< struct hk_event *: freed at the next step. */
    struct hk_fifo leaving;         /**< struct hk_leaving: freed at the next step. */
    bool is_awaited;                /**< Somebody waits for a record of this step. */
    bool is_draining;
    bool is_drained;
};

static inline struct hk_merchant_row *hk__merchant(const struct hk_engine *engine, uint32_t slot)
{
    return hk_slots_row(&engine->merchants, slot);
}

static inline struct hk_endpoint_row *hk__endpoint(const struct hk_engine *engine, uint32_t slot)
{
    return hk_slots_row(&engine->endpoints, slot);
}

static inline struct hk_event_row *hk__event(const struct hk_engine *engine, uint32_t slot)
{
    return hk_slots_row(&engine->events, slot);
}

static inline struct hk_delivery_row *hk__delivery(const struct hk_engine *engine, uint32_t slot)
{
    return hk_slots_row(&engine->deliveries, slot);
}

/** Adds a record to the log: gives it the next lsn and the step's time. The caller fills in the
 * rest before it says the next command. */
static inline struct hk_record *hk__append(struct hk_engine *engine, enum hk_record_type type)
{
    struct hk_record *record = &hk_commands_add(engine->commands, HK_COMMAND_APPEND)->append;
    record->type = type;
    record->lsn = ++engine->lsn_last;
    record->at = engine->now.wall;
    return record;
}

/** Takes a row that must be there, because what it holds is already promised: without memory the
 * process ends, and the log brings it back. */
static inline uint32_t hk__take(struct hk_slots *slots)
{
    uint32_t slot = HK_NONE;
    hk_assert(hk_slots_take(slots, &slot) == 0);
    return slot;
}

/** Charges one object to the step; false when the step has had enough. */
static inline bool hk__work_take(struct hk_engine *engine)
{
    if (engine->work == 0)
        return false;
    engine->work--;
    return true;
}
