// SPDX-License-Identifier: Apache-2.0
/** Route: an endpoint as its delivery thread knows it: everything about its requests that does not
 * change from one to the next, made once. A change of the endpoint makes a new route; attempts that
 * run keep the old one alive. Thread: the delivery thread. */
#pragma once
#include "deliver/headers.h"
#include "deliver/settings.h"
#include "deliver/target.h"

struct hk_route {
    uint32_t magic;
    uint32_t references;
    uint64_t endpoint; /**< Slot id. */
    struct hk_uuid uuid;
    const struct hk_signer *signer;
    struct hk_bytes secret, secret_previous, authorization; /**< Sealed. */
    struct hk_wall secret_previous_until;
    CURLU *url;
    struct hk_target *target; /**< One reference; NULL when refused. */
    struct hk_headers
        headers; /**< The endpoint's lines, linked in front of attempts' lists' end. */
    struct curl_slist *lines;

    enum hk_outcome_class refusal; /**< HK_OUTCOME_SUCCESS: none. Else how each attempt ends. */
    const char *refusal_text;
};

/** Makes the route of an endpoint, with one reference. What is wrong with it becomes its refusal;
 * ends the process when there is no memory for the route itself. */
struct hk_route *hk_route_new(struct hk_targets *targets, const struct hk_settings *settings,
                              uint64_t endpoint, const struct hk_endpoint *value);
struct hk_route *hk_route_ref(struct hk_route *route);
void hk_route_unref(struct hk_targets *targets, struct hk_route *route);

/** Parses an endpoint's URL as curl will dial it: host in lower case ASCII, without a dot at its
 * end, an address in its usual form. 0, HK_EINVAL (no http or https URL, or with a user) or
 * HK_ENOMEM. */
HK_MUST_CHECK int hk_route_parse_url(const char *text, CURLU **url);
