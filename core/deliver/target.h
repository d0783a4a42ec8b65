// SPDX-License-Identifier: Apache-2.0
/** Target: a host and port that endpoints of one delivery thread point to, and where it is.
 *
 * A target holds the checked answer of the resolver for HK_TARGET_MS, asks again in the background
 * a little before, and pins it in curl's DNS cache, so that curl dials what was checked and never
 * resolves by itself. Attempts that have no answer yet wait in a list of their owner's here.
 * Targets live as long as an endpoint names them, which bounds the table.
 *
 * curl's DNS cache is a share of the thread's easy handles: so a pin is set and dropped at once, by
 * a handle that loads it and then fails on its scheme, instead of riding on some later request.
 * Thread: the delivery thread. */
#pragma once
#include "base/hash.h"
#include "base/slots.h"
#include "deliver/resolver.h"

#include <curl/curl.h>

/** How long an answer counts, and when it is asked for anew. */
#define HK_TARGET_MS 60000
#define HK_TARGET_REFRESH_MS 45000
/** How long after a failed renewal it is tried again. */
#define HK_TARGET_AGAIN_MS 5000

enum hk_target_state {
    HK_TARGET_READY,   /**< Checked and pinned: dial. */
    HK_TARGET_ASKED,   /**< Wait for the answer. */
    HK_TARGET_UNKNOWN, /**< The name does not resolve. */
    HK_TARGET_DENIED,
    HK_TARGET_BROKEN, /**< No memory. */
};

struct hk_transfer;

struct hk_target {
    uint32_t slot; /**< First: what a free row is linked through. */
    uint32_t references;
    char *key; /**< "host:port", as curl writes it. */
    char *host;
    uint16_t port;
    bool is_literal; /**< The host is an address: nothing to ask. */
    bool is_asked;
    bool is_pinned;
    bool is_slow;
    struct hk_mono refresh_at, expires_at;
    struct hk_answer *answer;    /**< NULL: none that counts. */
    struct hk_transfer *waiting; /**< The owner's list. */
};

struct hk_targets {
    struct hk_slots slots;
    struct hk_index index; /**< By `key`. */
    struct hk_hash_key hash_key;
    const struct hk_guard *guard;
    struct hk_resolver *resolver;
    hk_resolver_answered_fn answered;
    void *arg;
    CURLSH *share; /**< Holds the pins; every easy handle of the thread uses it. */
    CURL *pinner;
};

/** Prepares an empty table. `guard` and `resolver` are borrowed; answers come through `answered`
 * with the id for hk_targets_answer. 0, HK_ENOMEM or HK_EIO (no randomness). */
HK_MUST_CHECK int hk_targets_init(struct hk_targets *targets, const struct hk_guard *guard,
                                  struct hk_resolver *resolver, hk_resolver_answered_fn answered,
                                  void *arg);

/** Frees; nothing may wait any more and all easy handles must be gone. */
void hk_targets_fini(struct hk_targets *targets);

/** Takes a reference of the target `host`:`port` and gets it; NULL when out of memory. `host` is
 * as curl's URL parser gives it, without brackets. */
struct hk_target *hk_targets_take(struct hk_targets *targets, const char *host, uint16_t port);

/** Gives the reference back; the last one drops the pin. */
void hk_targets_release(struct hk_targets *targets, struct hk_target *target);

/** Tells where the target stands now, and asks the resolver when it is time. */
enum hk_target_state hk_target_look(struct hk_targets *targets, struct hk_target *target,
                                    struct hk_mono now);

/** Takes an answer in (moved in; NULL: the resolver had no memory). Returns the target and tells
 * what became of those who wait, or NULL when it is gone. */
struct hk_target *hk_targets_answer(struct hk_targets *targets, uint64_t id,
                                    struct hk_answer *own_answer, struct hk_mono now,
                                    enum hk_target_state *state);
