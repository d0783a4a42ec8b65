// SPDX-License-Identifier: Apache-2.0
/** Router: from a method and a path to the action that answers, with its parameters.
 *
 * The table stands in routes.c. A pattern's `{merchant}` takes a merchant id, `{uuid}` a uuid,
 * `{name}` the name of a policy; whatever is not one of those cannot exist, so the path is unknown.
 * Pure. Thread: any. */
#pragma once
#include "base/uuid.h"
#include "model/policy.h"

struct hk_exchange;
struct hk_reply;

/** Who may come in, and how that is proven (auth.h). */
enum hk_scope {
    HK_SCOPE_OPEN,     /**< Anyone. */
    HK_SCOPE_PLATFORM, /**< The platform's key. */
    HK_SCOPE_MERCHANT, /**< A merchant's key; it tells the merchant. */
    HK_SCOPE_EITHER,   /**< A merchant's key, or the platform's. */
};

/** What the engine gives back for one kind of request; see exchange.h. */
typedef void (*hk_action_run_fn)(struct hk_exchange *exchange);
typedef void (*hk_action_reply_fn)(struct hk_exchange *exchange, struct hk_reply *reply);

struct hk_action {
    const char *method; /**< NULL ends a route's list. GET serves HEAD too. */
    hk_action_run_fn run;
    hk_action_reply_fn reply; /**< NULL: nothing is asked of the engine, or it is an ACCEPT. */
    bool takes_body;          /**< Needs a JSON body; others ignore what comes. */
    bool body_is_optional;
};

#define HK_ROUTE_ACTIONS_MAX 5

struct hk_route {
    const char *pattern;
    enum hk_scope scope;
    struct hk_action actions[HK_ROUTE_ACTIONS_MAX + 1];
};

struct hk_match {
    const struct hk_route *route;
    const struct hk_action *action;
    uint64_t merchant_id;
    struct hk_uuid uuid;
    char name[HK_POLICY_NAME_BYTES_MAX + 1];
    bool has_merchant;
};

/** Every route; ended by a NULL pattern. routes.c. */
extern const struct hk_route hk_routes[];

/** Finds the action. 0; HK_ENOTFOUND: no such path; HK_EINVAL: the path exists, but not for this
 * method, and `match->route` is set. */
HK_MUST_CHECK int hk_router_find(const char *method, const char *path, struct hk_match *match);

/** Can a policy have this name? It is a file's without ".lua", so it must not be a path. */
bool hk_router_is_policy_name(struct hk_slice name);

/** Longest text of hk_router_allow. */
#define HK_ALLOW_TEXT_MAX 64

/** Writes the methods of a route as the Allow header wants them; returns `text`. */
const char *hk_router_allow(const struct hk_route *route, char text[HK_ALLOW_TEXT_MAX]);
