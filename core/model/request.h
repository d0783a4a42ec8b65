// SPDX-License-Identifier: Apache-2.0
/** Requests and replies: what the api asks of the engine, and what comes back.
 *
 * The api keeps no copy of the state. A request is made by the api, moves to the engine and is
 * freed there; a reply is made by the engine, moves to the api and is freed there. A reply to
 * anything that the log must remember leaves only when that is durable; a look-up is answered as
 * of what is durable, so that nobody sees a result that a crash could take back. */
#pragma once
#include "model/event.h"
#include "model/merchant.h"
#include "model/plan.h"
#include "model/policy.h"
#include "model/stats.h"

enum hk_request_kind {
    HK_REQUEST_AUTHENTICATE,    /**< digest -> merchants[0]; HK_EDENIED. Answered at once. */
    HK_REQUEST_MERCHANT_CREATE, /**< merchant_id (or UINT64_MAX: the next free), merchant. */
    HK_REQUEST_MERCHANT_GET,    /**< merchant_id. */
    HK_REQUEST_MERCHANT_LIST,   /**< page. */
    HK_REQUEST_MERCHANT_UPDATE, /**< merchant_id, merchant. */
    HK_REQUEST_MERCHANT_DELETE, /**< merchant_id. */
    HK_REQUEST_KEY_CREATE,      /**< merchant_id, key. */
    HK_REQUEST_KEY_LIST,        /**< merchant_id, page. */
    HK_REQUEST_KEY_DELETE,      /**< merchant_id, uuid. */
    HK_REQUEST_ENDPOINT_CREATE, /**< merchant_id, uuid, endpoint. */
    HK_REQUEST_ENDPOINT_GET,    /**< merchant_id, uuid. */
    HK_REQUEST_ENDPOINT_LIST,   /**< merchant_id, page. */
    HK_REQUEST_ENDPOINT_UPDATE, /**< merchant_id, uuid, endpoint. */
    HK_REQUEST_ENDPOINT_DELETE, /**< merchant_id, uuid. */
    HK_REQUEST_EVENT_GET,       /**< merchant_id (or HK_ANY_MERCHANT), uuid. */
    HK_REQUEST_EVENT_WHY,       /**< As EVENT_GET, with the plan. */
    HK_REQUEST_POLICY_LIST,     /**< -> policies. */
    HK_REQUEST_POLICY_RETRY,    /**< name: resumes its merchants and plans what they hold again;
                                     -> total: events that were held. */
    HK_REQUEST_POLICY_EVENTS,   /**< name, page.per_page (up to 1000): -> ids, newest first, of the
                                     events in memory that it planned or holds. */
    HK_REQUEST_STATS,
    HK_REQUEST_TAIL_START, /**< Traces follow until TAIL_STOP. HK_ELIMIT. */
    HK_REQUEST_TAIL_STOP,
};

#define HK_ANY_MERCHANT UINT64_MAX

/** Which page of a list, newest first. */
struct hk_page {
    uint32_t number;   /**< From 1. */
    uint32_t per_page; /**< 1 to 100. */
};

struct hk_request {
    enum hk_request_kind kind;
    uint64_t token; /**< Comes back in the reply. */
    uint64_t merchant_id;
    struct hk_uuid uuid;
    uint8_t digest[32];
    bool is_platform; /**< The platform asks: an unverified merchant is no obstacle. */
    struct hk_page page;
    struct hk_merchant_patch merchant;
    struct hk_key key;
    struct hk_endpoint_patch endpoint;
    char *name; /**< Of a policy; owned. */
};

/** What a request came to.
 * 0; HK_ENOTFOUND (merchant, endpoint, key or event); HK_EEXISTS (merchant id, or the URL);
 * HK_ELIMIT (too many endpoints, keys or tails); HK_EDENIED (authentication: no such key;
 * create, update, delete of an endpoint: the merchant is not verified); HK_ENOMEM. */
struct hk_reply {
    enum hk_request_kind kind;
    uint64_t token;
    int code;
    uint32_t count; /**< Of the one list that is set. */
    uint64_t total; /**< With lists: of all pages. */
    struct hk_merchant *merchants;
    struct hk_key *keys;
    struct hk_endpoint *endpoints;
    struct hk_event *event;
    struct hk_stats *stats;
    struct hk_policy_use *use; /**< With MERCHANT_GET. */
    struct hk_policy_line *policies;
    struct hk_uuid *ids;
};

/** Makes an empty request; ends the process when out of memory. */
struct hk_request *hk_request_new(enum hk_request_kind kind, uint64_t token);
void hk_request_free(struct hk_request *request);
struct hk_reply *hk_reply_new(const struct hk_request *request, int code);
void hk_reply_free(struct hk_reply *reply);
