// SPDX-License-Identifier: Apache-2.0
/** Event draft: what comes in, checked and taken apart, before it is offered to the engine.
 * Pure. Thread: any. */
#pragma once
#include "base/hash.h"
#include "base/json.h"
#include "model/config.h"
#include "model/event.h"

/** The parts of the request that make an event. A slice whose `at` is NULL is not there. */
struct hk_event_source {
    uint64_t merchant_id;
    struct hk_slice body;
    struct hk_slice idempotency_key;
    struct hk_slice ordering_key;
    struct hk_slice deliver_before;
};

/** The event. Slices point into the source, or into `type_text` and `key_text`. */
struct hk_event_draft {
    struct hk_slice type;
    struct hk_slice key; /**< Empty: none. */
    struct hk_wall deliver_before;
    bool has_idempotency;
    struct hk_hash128 idempotency_key;
    uint64_t idempotency_body;
    struct hk_bytes type_text, key_text; /**< Only where escapes had to be resolved. */
};

/** Why a draft was refused. */
struct hk_event_fault {
    unsigned status;           /**< 400, 422 or 503. */
    const char *field;         /**< With 422. Static. */
    const char *message;       /**< With 422. Static. */
    struct hk_json_fault json; /**< With 400. */
};

/** Reads `source` into `draft`, which the caller finis in any case. 0, or HK_EINVAL with `fault`
 * filled. */
HK_MUST_CHECK int hk_event_draft_read(struct hk_event_draft *draft,
                                      const struct hk_event_source *source,
                                      const struct hk_config *config,
                                      const struct hk_hash_key *hash_key,
                                      struct hk_event_fault *fault);
void hk_event_draft_fini(struct hk_event_draft *draft);
