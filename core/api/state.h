// SPDX-License-Identifier: Apache-2.0
/** State: what the api thread knows beyond single connections: the options, the time of this loop
 * iteration, the facts that wait to be submitted, the connected peers, who may be the platform.
 *
 * Made and freed by server.c, used by everything behind it. Thread: the api thread's. */
#pragma once
#include "api/server.h"
#include "base/slots.h"
#include "model/request.h"

#define HK_API_MAGIC 0x4150495fU
/** Random bytes are fetched in blocks, so that an event costs no system call. */
#define HK_RANDOM_BLOCK_BYTES 4096

/** A request that is not whole so long after its first byte is cut (interface.md section 3). */
#define HK_REQUEST_MS 10000

struct hk_platform_key {
    struct hk_slice text; /**< Of the config. */
    struct hk_hash128 digest;
};

struct hk_api {
    uint32_t magic;
    struct hk_server_options options;
    const struct hk_config *config; /**< That counts now. */
    struct hk_config *own_config;   /**< The same after a reload, to be freed; or NULL. */

    struct hk_now now; /**< Of this loop iteration; see hk_api_now. */
    bool now_is_fresh;
    uint64_t loop_ms;    /**< The loop's own clock, for deadlines; advanced by listener.c. */
    uint32_t request_ms; /**< HK_REQUEST_MS, but for tests. */

    bool is_ready;
    bool is_quiescing; /**< New requests are refused... */
    bool is_stopping;  /**< ...and nothing may wait any more. */

    struct hk_slots peers; /**< Rows: struct hk_peer. A peer's id is its request's token. */
    uint32_t waiting_count;
    uint32_t tail_count;

    struct hk_fact *facts;
    uint32_t fact_count;
    uint32_t fact_capacity;

    struct hk_uuid_maker uuids;
    unsigned char random[HK_RANDOM_BLOCK_BYTES];
    size_t random_used;

    struct hk_hash_key digest_key; /**< Random, for this process. */
    struct hk_platform_key *platform_keys;
    uint32_t platform_key_count;
};

/** Fills `api`; 0 or HK_EIO (no randomness). `options` is copied. */
HK_MUST_CHECK int hk_api_init(struct hk_api *api, const struct hk_server_options *options);
void hk_api_fini(struct hk_api *api);

/** Puts another config in place of the present one, which is freed if it was moved in. */
void hk_api_configure(struct hk_api *api, struct hk_config *own_config);

/** hk_server_new with another deadline than HK_REQUEST_MS, looked at every quarter of it. */
HK_MUST_CHECK int hk__server_new(const struct hk_server_options *options, uint32_t request_ms,
                                 struct hk_server **server, struct hk_fault *fault);

/** Gets both clocks, read at most once a loop iteration. */
struct hk_now hk_api_now(struct hk_api *api);

/** Adds a fact to this iteration's batch; ends the process when out of memory. */
struct hk_fact *hk_api_add_fact(struct hk_api *api, enum hk_fact_kind kind);

/** Hands the batch to the engine, if there is one. */
void hk_api_flush(struct hk_api *api);

/** Fills `data` (`size` at most HK_RANDOM_BLOCK_BYTES) with random bytes; 0 or HK_EIO. */
HK_MUST_CHECK int hk_api_random(struct hk_api *api, void *data, size_t size);

/** Makes an event id, or a version 4 id; 0 or HK_EIO. */
HK_MUST_CHECK int hk_api_make_event_id(struct hk_api *api, struct hk_uuid *id);
HK_MUST_CHECK int hk_api_make_id(struct hk_api *api, struct hk_uuid *id);
