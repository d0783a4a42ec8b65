// SPDX-License-Identifier: Apache-2.0
/** World: an engine with a perfect journal, a network that does as it is told, and time that moves
 * when the test says so. Every command goes through the watch (support_watch.h).
 *
 * By default the disk is quick (what a step appends is durable in the next), loads are answered,
 * and attempts run until the test ends them. Thread: the test's. */
#pragma once
#include "engine/engine.h"
#include "support_log.h"
#include "support_policy.h"
#include "support_watch.h"

/** An attempt that runs. */
struct world_run {
    uint64_t delivery; /**< Slot id. */
    struct hk_uuid event;
    uint16_t number; /**< Of the delivery. */
    uint16_t attempt;
    uint32_t timeout_ms;
    struct hk_uuid endpoint;
    struct hk_body *body; /**< A reference of its own. */
    struct hk_body *own;  /**< Likewise, or NULL. */
};

/** What became of an ACCEPT. */
struct world_accept {
    uint64_t token;
    struct hk_uuid id; /**< As it was asked with. */
    bool is_acked, is_refused, is_replayed;
    struct hk_uuid acked; /**< As it was answered with. */
    enum hk_refusal refusal;
};

struct world;

/** How the network answers a run. */
typedef struct hk_outcome (*world_network_fn)(struct world *world, const struct world_run *run);

struct world {
    struct hk_engine_setup setup;
    struct hk_engine *engine;
    struct hk_now now;
    struct hk_commands commands;
    struct hk_fact *facts; /**< For the next step. */
    uint32_t fact_count, fact_capacity;

    struct kept_log log;
    uint64_t lsn_durable; /**< As told. */
    bool is_disk_slow;    /**< APPENDED only when the test says so. */

    struct hk_command_load *loads; /**< Not answered yet. */
    uint32_t load_count;
    bool is_loading_slow; /**< LOADED only when the test says so. */
    bool is_loading_broken;

    struct world_run *runs;
    uint32_t run_count;
    world_network_fn network; /**< NULL: the test ends runs itself. */
    struct policy_runs policy_runs;

    struct world_accept *accepts;
    uint32_t accept_count;
    struct hk_reply **replies;
    uint32_t reply_count;
    struct hk_trace *traces;
    uint32_t trace_count;

    struct kept_log rows; /**< Of the last snapshot. */
    struct hk_command_snapshot_end snapshot_end;
    uint32_t snapshot_count;

    struct watch watch;
    uint64_t token;
    uint32_t event_number, endpoint_number;
    uint32_t step_count, started_count, loaded_count, sync_count, drained_count;
    uint32_t taken; /**< Facts that the last step took. */
};

/** The options that a test starts from. */
struct hk_engine_options world_options(void);

/** A new engine on an empty log, started. NULL: world_options(). */
void world_init(struct world *world, const struct hk_engine_options *options);
void world_fini(struct world *world);

/** A new engine from what another left: `rows` (or NULL), then its records after `after_lsn` up to
 * `until_lsn`; and the same clock. The log so far is copied too. */
void world_init_from(struct world *world, const struct world *before, const struct kept_log *rows,
                     uint64_t after_lsn, uint64_t until_lsn);

/** The same without hk_engine_start, for tests of the replay itself. 0 or what it returned. */
int world_replay(struct world *world, const struct kept_log *rows, const struct kept_log *log,
                 uint64_t after_lsn, uint64_t until_lsn);
void world_start(struct world *world);

/** Gives a fact to the next step. */
struct hk_fact *world_push(struct world *world, enum hk_fact_kind kind);

/** One step with all that was pushed; then disk, loads and network do what they do. */
void world_step(struct world *world);

/** Steps until nothing is due at this moment and no fact is left. */
void world_settle(struct world *world);
void world_advance(struct world *world, int64_t ms);

/** Advances to the engine's next due moment and settles; false when there is none. */
bool world_leap(struct world *world);

/** Tells that everything appended up to `lsn` is durable. */
void world_disk(struct world *world, uint64_t lsn);

/** Answers the load at `place`. */
void world_load(struct world *world, uint32_t place);

struct hk_outcome world_outcome(const struct world *world, uint16_t status);

/** Ends the run at `place`; the outcome's detail is moved in. */
void world_end(struct world *world, uint32_t place, struct hk_outcome outcome);

/** Settles, and ends every run with this status until none is left. */
void world_end_all(struct world *world, uint16_t status);

/** Makes a request with a new token; world_ask moves it in. */
struct hk_request *world_request(struct world *world, enum hk_request_kind kind);
uint64_t world_ask(struct world *world, struct hk_request *request);

/** Gets the reply with this token, or NULL as long as there is none. */
struct hk_reply *world_reply(const struct world *world, uint64_t token);

/** Asks, settles, and gets the reply, which must be there. */
struct hk_reply *world_answer(struct world *world, struct hk_request *request);

/** A merchant that is there when this returns. */
void world_merchant(struct world *world, uint64_t id);
void world_merchant_delete(struct world *world, uint64_t id);

/** An endpoint that is there when this returns; `change` (or NULL) tells how it differs. */
struct hk_uuid world_endpoint(struct world *world, uint64_t merchant_id,
                              const struct hk_endpoint_patch *change);

/** The same, but only asks. */
struct hk_uuid world_endpoint_ask(struct world *world, uint64_t merchant_id,
                                  const struct hk_endpoint_patch *change);
void world_endpoint_delete(struct world *world, uint64_t merchant_id, struct hk_uuid uuid);
void world_endpoint_enable(struct world *world, uint64_t merchant_id, struct hk_uuid uuid,
                           bool is_enabled);

/** Pushes an ACCEPT of type "order.paid"; returns the place in `accepts`. */
uint32_t world_accept(struct world *world, uint64_t merchant_id);

/** The fact of the last world_accept, to be changed before the next step. */
struct hk_fact_accept *world_accept_fact(struct world *world);

/** Accepts, settles, and gets the event, which must be acknowledged. */
struct watch_event *world_event(struct world *world, uint64_t merchant_id);

/** Gets an event by a look-up; must be found. The world keeps it. */
const struct hk_event *world_look(struct world *world, const struct hk_uuid *id);
int world_look_code(struct world *world, const struct hk_uuid *id);

/** Takes a snapshot to its end: `rows` and `snapshot_end` hold it. */
void world_snapshot(struct world *world);

/** Pushes SNAPSHOT and forgets the rows of the one before. */
void world_snapshot_begin(struct world *world);

struct hk_stats world_stats(const struct world *world);

/** Fails unless no event, delivery or queue is left and due is never; the one look inside. */
void assert_world_idle(const struct world *world);

/** Fails unless both engines hold the same (takes a snapshot of each). */
void assert_same_worlds(struct world *one, struct world *other);
