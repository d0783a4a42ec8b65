// SPDX-License-Identifier: Apache-2.0
/** Stats: the engine's counters, as they are shown. Counters count since the start of the process,
 * gauges tell now. */
#pragma once
#include <stdint.h>

/** Every figure: name, whether it is a gauge, one line of text. */
#define HK_STATS_MAP(XX)                                                \
    XX(events_accepted, 0, "events accepted")                           \
    XX(events_replayed, 0, "repeats answered by their idempotency key") \
    XX(events_refused, 0, "events refused")                             \
    XX(events_dropped, 0, "events dropped, with a reason")              \
    XX(events_finished, 0, "events whose deliveries are all finished")  \
    XX(policy_calls, 0, "runs of policies")                             \
    XX(policy_errors, 0, "runs of policies that failed")                \
    XX(policy_cpu_us, 0, "CPU of policies, in microseconds")            \
    XX(attempts_started, 0, "attempts started")                         \
    XX(attempts_failed, 0, "attempts that did not succeed")             \
    XX(deliveries_planned, 0, "deliveries planned")                     \
    XX(deliveries_delivered, 0, "deliveries delivered")                 \
    XX(deliveries_retried, 0, "attempts after the first")               \
    XX(deliveries_dead, 0, "deliveries dead")                           \
    XX(deliveries_dropped, 0, "deliveries dropped")                     \
    XX(bodies_loaded, 0, "bodies read back from disk")                  \
    XX(journal_syncs, 0, "batches of records that came to be on disk")  \
    XX(events_live, 1, "events that are not finished")                  \
    XX(events_planning, 1, "events that wait for their plan")           \
    XX(events_held, 1, "events that are held: their policy failed")     \
    XX(policy_runs, 1, "runs of policies that are out")                 \
    XX(deliveries_pending, 1, "deliveries that are not finished")       \
    XX(deliveries_ready, 1, "deliveries in queues")                     \
    XX(deliveries_in_flight, 1, "attempts running")                     \
    XX(deliveries_waiting, 1, "deliveries waiting for a retry")         \
    XX(merchants, 1, "merchants")                                       \
    XX(endpoints, 1, "endpoints")                                       \
    XX(idempotency_keys, 1, "idempotency keys kept")                    \
    XX(body_cache_bytes, 1, "bytes of bodies in memory")                \
    XX(lsn, 1, "last record")                                           \
    XX(lsn_durable, 1, "last record on disk")

struct hk_stats {
#define XX(name, is_gauge, text) uint64_t name;
    HK_STATS_MAP(XX)
#undef XX
};
