// SPDX-License-Identifier: Apache-2.0
/** State: everything that the engine knows: the pools of rows, the tables over them, and what one
 * step shares. Only engine/ includes this. */
#pragma once
#include "base/check.h"
#include "base/hash.h"
#include "base/heap.h"
#include "base/prng.h"
#include "base/slots.h"
#include "engine/engine.h"
#include "engine/fifo.h"
#include "engine/rows.h"
#include "engine/scratch.h"
#include "model/bounds.h"
#include "model/stats.h"

#include <stdalign.h>

#define HK_ENGINE_MAGIC UINT32_C(0x48454e47)
#define HK_NONE HK_SLOT_NONE

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

/** An event whose EVENT or PLAN record is not yet known to be on disk. */
struct hk_unlocated {
    uint64_t event;
    bool is_plan;
};

/** Which policies there are, and who uses them. */
struct hk_policies {
    struct hk_policy_set *set;    /**< Or NULL: none at all. */
    struct hk_policy_line *lines; /**< As many as the set has; only the counts are used. */
    uint32_t *editions;           /**< ...and the edition of each. */
    uint32_t number;              /**< Of the set; 0: none came yet. */
    struct hk_slots edition_rows;
    struct hk_index edition_index;
    struct hk_slots uses;
    bool *are_retried; /**< ...and whether an operator asked to try it again. */
    uint32_t cursor;   /**< Next merchant slot to tell of a change, while `is_telling`. */
    bool is_telling;
};

/** A list of a policy's events that is being made, a few a step. */
struct hk_listing {
    struct hk_reply *reply; /**< NULL: none is being made. */
    char *name;
    uint32_t wanted;
    uint32_t cursor;
    bool is_past; /**< Through with the live ones; what finishes meanwhile is in one of them. */
};

/** The last finished events, for look-ups. */
struct hk_finished {
    struct hk_event **events; /**< HK_FINISHED_MAX places, a ring. */
    uint32_t next;
    uint32_t detailed_count; /**< The newest of them, which may still have their details. */
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
    struct hk_slots unplanned, advices;
    struct hk_index merchant_index, endpoint_index, key_index, event_index;
    uint64_t merchant_id_last;

    struct hk_list merchant_chain; /**< All merchants, oldest first. */
    struct hk_list merchant_turns; /**< Those that have something to send. */
    struct hk_heap waits;          /**< Deliveries by the time of their next attempt. */
    struct hk_fifo answers;        /**< struct hk_answer, by lsn. */
    struct hk_fifo planned;        /**< struct hk_planned, by lsn. */
    struct hk_fifo unlocated;      /**< struct hk_unlocated, by lsn. */
    struct hk_policies policies;
    struct hk_list planning_turns; /**< Merchants that have something to plan, and may. */
    struct hk_heap holds;          /**< Held events (slots of `unplanned`) by their next try. */
    struct hk_listing listing;
    struct hk_body_cache bodies;
    struct hk_idempotency_keys idempotency;
    struct hk_finished finished;
    uint64_t detail_bytes; /**< Of what receivers answered, in attempts and in finished events. */
    struct hk_sweep sweep;
    struct hk_snapshot_cursor snapshot;
    uint32_t tail_count;
    struct hk_scratch scratch;      /**< What this step's commands borrow. */
    struct hk_fifo borrowed_events; /**< struct hk_event *: freed at the next step. */
    struct hk_fifo lent_details;    /**< struct hk_body *: given back at the next step. */
    struct hk_fifo lent_plans;      /**< struct hk_plan *: freed at the next step. */
    struct hk_fifo lent_sets;       /**< struct hk_policy_set *: likewise. */
    struct hk_fifo lent_merchants;  /**< struct hk_merchant: likewise, values that changed. */
    struct hk_fifo lent_endpoints;  /**< struct hk_endpoint: likewise. */
    struct hk_fifo leaving;         /**< struct hk_leaving: freed at the next step. */
    bool is_awaited;                /**< Somebody waits for a record of this step. */
    bool is_disk_full;              /**< No new events; what was accepted goes on. */
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

static inline struct hk_event_rare *hk__rare(const struct hk_engine *engine, uint32_t event)
{
    uint32_t rare = hk__event(engine, event)->rare;
    return rare == HK_NONE ? NULL : hk_slots_row(&engine->rares, rare);
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
