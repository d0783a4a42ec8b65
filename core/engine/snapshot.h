// SPDX-License-Identifier: Apache-2.0
/** Snapshot: everything that the engine knows as records, a few a step, while it goes on working:
 * merchants with their endpoints and keys, idempotency keys, live events, finished events.
 *
 * Ensures, for whoever replays the rows and then the records after begin_lsn:
 *  1. Merchants, keys and endpoints: the rows, in their order, are never behind. A change after a
 *     row was said is said again, so records of the directory up to the last row's lsn are known.
 *  2. Events: each row is right as of its own lsn. A record up to the last row's lsn is either in
 *     the row, or the row is older, or the event was not there yet: replay can tell them apart.
 *     An event whose body has no place yet has no row: its EVENT record comes after begin_lsn.
 *  3. The end is said when all that the rows tell of is durable.
 * Thread: the engine's. */
#pragma once
#include "engine/state.h"

/** Begins one; while one runs, nothing. */
void hk__snapshot_begin(struct hk_engine *engine);

/** Goes on, within the step's work; the end waits until all that the rows tell of is durable. */
void hk__snapshot_run(struct hk_engine *engine);
bool hk__snapshot_is_due(const struct hk_engine *engine);

/** Call before a merchant leaves the chain of merchants. */
void hk__snapshot_pass_merchant(struct hk_engine *engine, uint32_t merchant);
