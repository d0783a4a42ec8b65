// SPDX-License-Identifier: Apache-2.0
/** Tables: what stands over the rows, one struct a concern: caches, queues of promises, cursors of
 * bulk work. Only engine/ includes this. */
#pragma once
#include "base/hash.h"
#include "base/slots.h"
#include "engine/fifo.h"
#include "engine/rows.h"

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
    bool is_all_news; /**< It concerns all who hold events, whatever their policy. */
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
