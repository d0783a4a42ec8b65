// SPDX-License-Identifier: Apache-2.0
/** Headers: the header lines of one request, as curl wants them.
 *
 * One buffer and one array of list nodes, used again request after request, instead of a
 * curl_slist of two allocations a line. Lines of an endpoint (made once) and lines of an attempt
 * are two such lists; the attempt's is linked in front of the endpoint's.
 *
 * curl sends lines verbatim, so what could start another line is refused here (reliability.md
 * section 2.2), whoever made it. Pure. Thread: the owner's. */
#pragma once
#include "base/bytes.h"
#include "model/endpoint.h"
#include "model/signer.h"

#include <curl/curl.h>

/** Lines of one list: an endpoint's own (HK_HEADERS_MAX) or a policy's (HK_POLICY_HEADERS_MAX), and
 * ours: four beside an endpoint's; beside a policy's the signer's and four. */
#define HK_HEADERS_LINES_MAX 32
_Static_assert(HK_POLICY_HEADERS_MAX + 4 + 8 <= HK_HEADERS_LINES_MAX, "eight for a signer");

/** All zero is an empty list. */
struct hk_headers {
    struct hk_bytes text; /**< Terminated lines. */
    uint32_t count;
    uint32_t starts[HK_HEADERS_LINES_MAX]; /**< Offsets in `text`. */
    struct curl_slist nodes[HK_HEADERS_LINES_MAX];
};

/** What the lines of one attempt are made of; all borrowed for the call. */
struct hk_headers_attempt {
    const struct hk_signer *signer;
    struct hk_signing signing;     /**< Event, type, body, plain secrets, now. */
    struct hk_slice authorization; /**< The plain value, or empty: no such line. */
    const struct hk_body *own;     /**< A payload (model/payload.h) with headers, or NULL. */
    uint16_t attempt;              /**< From 1. */
};

/** Adds "name: value". 0, HK_EINVAL (the name is no token, or the value has a control character),
 * HK_ELIMIT, HK_ENOMEM. */
HK_MUST_CHECK int hk_headers_add(struct hk_headers *headers, struct hk_slice name,
                                 struct hk_slice value);

/** Fills the list with what is the same in every request to the endpoint: Content-Type,
 * User-Agent, the endpoint's own, and the orders to curl to leave Accept and Expect out. No line
 * stands twice: an own User-Agent replaces `user_agent`, and an endpoint with `auth` has its
 * Authorization from there. Errors as hk_headers_add. */
HK_MUST_CHECK int hk_headers_set_endpoint(struct hk_headers *headers,
                                          const struct hk_endpoint *endpoint,
                                          const char *user_agent);

/** Fills the list with what changes: the signer's lines, X-Webhook-Event, -Id, -Attempt,
 * Authorization, and what a policy added. Of that, what hookd sets (model/header.h) and an
 * Authorization beside the endpoint's `auth` stay out. Errors as hk_headers_add, or what the signer
 * says. */
HK_MUST_CHECK int hk_headers_set_attempt(struct hk_headers *headers,
                                         const struct hk_headers_attempt *attempt);

/** Links the lines in front of `tail` (may be NULL; borrowed); the list is valid until the next
 * change. NULL when there is nothing. */
struct curl_slist *hk_headers_link(struct hk_headers *headers, struct curl_slist *tail);

/** Links the lines in front of those of `under` whose names they do not have. `under` stays as it
 * is, for other attempts have it in their lists; its lines are linked by `nodes`, which live as
 * long as the list. */
struct curl_slist *hk_headers_link_over(struct hk_headers *headers, const struct hk_headers *under,
                                        struct curl_slist nodes[HK_HEADERS_LINES_MAX]);

/** Overwrites the lines and empties the list; the memory is kept. */
void hk_headers_wipe(struct hk_headers *headers);

/** Wipes and frees. */
void hk_headers_fini(struct hk_headers *headers);
