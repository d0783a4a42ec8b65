// SPDX-License-Identifier: Apache-2.0
/** Hands: what the engine works with: the journal and its committer, the policies and the pool that
 * runs them, the api's server, the sender.
 * Starts them in the order in which they need each other, and ends them in the other one.
 * Thread: the main one. */
#pragma once
#include "api/server.h"
#include "daemon/run_folder.h"
#include "deliver/sender.h"
#include "engine/engine.h"
#include "journal/committer.h"
#include "policy/pool.h"

/** NULL is what was not started or has ended. */
struct hk_hands {
    struct hk_disk *disk;
    struct hk_journal *journal;
    struct hk_committer *committer;
    struct hk_run_folder *run_folder;
    struct hk_scripts *scripts; /**< Those in use. */
    struct hk_pool *pool;
    struct hk_server *server;
    struct hk_sender *sender;
};

/** To whom the hands report; called on their threads. */
struct hk_hands_events {
    void (*facts)(void *arg, const struct hk_fact *facts, uint32_t count);
    /** As of struct hk_server_options. */
    void (*reload)(void *arg, uint64_t token);
    void (*workers)(void *arg, struct hk_worker_status *status);
    struct hk_committer_events committer;
    void *arg;
};

struct hk_hands_setup {
    const struct hk_config *config; /**< Borrowed; the api's until hk_server_configure. */
    struct hk_engine *engine;       /**< New: the state is recovered into it. */
    struct hk_hands_events events;
};

/** Recovers the state into the engine and starts the hands; `lsn_last` is the highest lsn found. On
 * failure the hands that run are the caller's to stop. */
HK_MUST_CHECK int hk_hands_start(struct hk_hands *hands, const struct hk_hands_setup *setup,
                                 uint64_t *lsn_last, struct hk_fault *fault);

/** Ends the api, the pool and the delivery threads: afterwards they tell nothing more. */
void hk_hands_stop_outer(struct hk_hands *hands);

/** Ends the rest; what was appended is committed. */
HK_MUST_CHECK int hk_hands_stop(struct hk_hands *hands, struct hk_fault *fault);
