// SPDX-License-Identifier: Apache-2.0
/** State: everything that the engine knows: the pools of rows, the tables over them (tables.h), and
 * what one step shares. Only engine/ includes this. */
#pragma once
#include "base/check.h"
#include "base/hash.h"
#include "base/heap.h"
#include "base/prng.h"
#include "base/slots.h"
#include "engine/engine.h"
#include "engine/fifo.h"
#include "engine/scratch.h"
#include "engine/tables.h"
#include "model/bounds.h"
#include "model/stats.h"

#include <stdalign.h>

#define HK_ENGINE_MAGIC UINT32_C(0x48454e47)
#define HK_NONE HK_SLOT_NONE

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
