// SPDX-License-Identifier: Apache-2.0
/** Engine: every decision of hookd, in one place that does no I/O and reads no clock.
 *
 * Hands tell facts, the engine changes its state and says commands, and the shell (or the
 * simulator) carries them out before the next step:
 * ```
 * struct hk_engine *engine = hk_engine_new(&setup);
 * (for each record of the log)  hk_engine_replay(engine, &record, location, is_row, &fault);
 * hk_engine_start(engine, now, &commands);       carry out commands
 * for (;;) {
 *     collect facts; wait for more until hk_engine_due(engine)
 *     hk_engine_step(engine, facts, count, now, &commands);   carry out commands
 * }
 * ```
 * What a reader may rely on:
 *  1. An ACK is said only after the fact that its EVENT record is durable.
 *  2. START_ATTEMPT is said only after the fact that EVENT and PLAN are durable.
 *  3. Of a finished delivery nothing is started again.
 *  4. An event is planned once: after its PLAN record only the record counts.
 *  5. A step touches at most HK_STEP_WORK_MAX objects; what is left is due at once.
 * Thread: one. */
#pragma once
#include "base/hash.h"
#include "model/command.h"
#include "model/config.h"
#include "model/fact.h"

struct hk_engine;

struct hk_engine_setup {
    struct hk_engine_options options;
    struct hk_hash_key hash_key; /**< Random: keys the tables. */
    uint64_t seed;               /**< Random: jitter. One seed, one behaviour. */
};

/** Makes an empty engine; ends the process when out of memory. */
struct hk_engine *hk_engine_new(const struct hk_engine_setup *setup);
void hk_engine_free(struct hk_engine *engine);

/** Folds one record of the log in, in order of lsn; snapshot rows (`is_row`) come first. `location`
 * is the record's own. HK_EDAMAGED: the record contradicts what came before it. */
HK_MUST_CHECK int hk_engine_replay(struct hk_engine *engine, const struct hk_record *record,
                                   struct hk_location location, bool is_row,
                                   struct hk_fault *fault);

/** Ends the replay: sets waits against the clock, puts what is ready into the queues, settles
 * attempts that our own end cut short (outcome `unknown`). `lsn_last` is the highest lsn that the
 * log has seen. */
void hk_engine_start(struct hk_engine *engine, uint64_t lsn_last, struct hk_now now,
                     struct hk_commands *commands);

/** Takes facts in, moves time on to `now`, and adds commands. Gets how many of the facts it took
 * (all, unless they would be too much work for one step); the rest is for the next step. What a
 * taken fact says is moved in, is the engine's. */
uint32_t hk_engine_step(struct hk_engine *engine, const struct hk_fact *facts, uint32_t count,
                        struct hk_now now, struct hk_commands *commands);

/** Gets when the next step is due without a new fact: `now` of the last step when work is left,
 * HK_MONO_NEVER when there is none. */
struct hk_mono hk_engine_due(const struct hk_engine *engine);

/** Gives back what a fact that no step will take still holds. */
void hk_fact_fini(const struct hk_fact *fact);

/** Copies the counters. */
void hk_engine_stats(const struct hk_engine *engine, struct hk_stats *stats);
