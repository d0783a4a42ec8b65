// SPDX-License-Identifier: Apache-2.0
/** Transfer: one attempt in flight, with the easy handle that carries it.
 *
 * Transfers are pooled: the handle's options that never change are set once, a request sets what
 * differs (address, headers, body, time left), nothing is reset. The body is sent from where it
 * lies; secrets are plain only in the header lines and are wiped when the attempt is over.
 *
 * At least once, seen from here: when a kept connection turns out to be closed before a byte of
 * answer came, curl sends the request again on a new connection within the same attempt. The
 * receiver may then see one X-Webhook-Attempt twice; it is the same event id and the same bytes,
 * and it is allowed because the first answer, if there was one, was lost.
 * Thread: the delivery thread. */
#pragma once
#include "deliver/multi.h"
#include "deliver/result.h"
#include "deliver/route.h"
#include "model/command.h"

enum hk_transfer_state {
    HK_TRANSFER_FREE,
    HK_TRANSFER_WAITING, /**< For the resolver; in its target's list. */
    HK_TRANSFER_RUNNING, /**< In the multi handle. */
};

struct hk_transfer {
    uint32_t magic;
    uint32_t number;     /**< In the thread's table. */
    uint32_t place;      /**< In the heap of deadlines. */
    uint32_t timeout_ms; /**< What the easy handle was told last. */
    enum hk_transfer_state state;
    struct hk_transfer *next; /**< Free, or waiting for the same target. */
    const struct hk_settings *settings;
    struct hk_multi *multi;
    CURL *easy;

    struct hk_command_start_attempt start; /**< Its body and its own are one reference each. */
    struct hk_route *route;                /**< One reference. */
    struct hk_now begun;
    struct hk_mono sent; /**< When curl got it. */
    struct hk_headers headers;
    struct curl_slist under[HK_HEADERS_LINES_MAX]; /**< Of the route's lines, with an own. */
    struct hk_response response;
    struct curl_slist connect_to; /**< With a proxy: its one line, `connect_text`. */
    char connect_text[64];
    bool is_denied;  /**< The guard refused an address at the last moment. */
    bool has_asked;  /**< It had to wait for the resolver. */
    bool has_opened; /**< It has a connection of its own, or tried. */
};

/** Makes a free transfer; NULL when out of memory. Everything given is borrowed for its life. */
struct hk_transfer *hk_transfer_new(const struct hk_settings *settings, struct hk_multi *multi,
                                    CURLSH *share, uint32_t number);
void hk_transfer_free(struct hk_transfer *transfer);

/** Takes the work on: moves the references of body and own in and takes one of the route. */
void hk_transfer_begin(struct hk_transfer *transfer, const struct hk_command_start_attempt *start,
                       struct hk_route *route, struct hk_now now);

/** Gets when the whole attempt must be over. */
struct hk_mono hk_transfer_deadline(const struct hk_transfer *transfer);

/** Opens the secrets into `scratch` (wiped before return), writes the headers and hands the request
 * to curl. 0 or negative: the request cannot be made. */
HK_MUST_CHECK int hk_transfer_send(struct hk_transfer *transfer, struct hk_bytes *scratch,
                                   struct hk_now now);

/** Ends the exchange that curl reports with `code`, or that the deadline cut: fills the outcome.
 * The transfer stays as it is until hk_transfer_end. */
void hk_transfer_conclude(struct hk_transfer *transfer, CURLcode code, bool is_expired,
                          struct hk_now now, struct hk_outcome *outcome);

/** Fills the outcome of an attempt that never reached curl. */
void hk_transfer_fail(const struct hk_transfer *transfer, enum hk_outcome_class class,
                      const char *text, struct hk_now now, struct hk_outcome *outcome);

/** Takes it out of curl, wipes, gives the references back (the route's into `targets`). */
void hk_transfer_end(struct hk_transfer *transfer, struct hk_targets *targets);
