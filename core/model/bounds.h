// SPDX-License-Identifier: Apache-2.0
/** Bounds: every limit of hookd that is not an option, each with its reason. */
#pragma once

/** Objects (facts, deliveries, rows) that one engine step may touch: keeps a step under 1 ms. */
#define HK_STEP_WORK_MAX 1024
/** Finished events that are kept in memory for look-ups. */
#define HK_FINISHED_MAX 10000
/** API keys of one merchant: enough to rotate. */
#define HK_KEYS_MAX 100
/** Characters of a merchant's or endpoint's name (points-contract.md section 5). */
#define HK_NAME_CHARS_MAX 255
/** Characters of an endpoint's URL (points-contract.md section 5). */
#define HK_URL_CHARS_MAX 500
/** Characters of an endpoint's description (interface.md section 3). */
#define HK_DESCRIPTION_CHARS_MAX 500
/** Bytes of an event type (interface.md section 3). */
#define HK_EVENT_TYPE_BYTES_MAX 100
/** Bytes of an ordering key: as for an Idempotency-Key, and one length byte in the body's head. */
#define HK_ORDER_KEY_BYTES_MAX 255
/** Bytes of an Idempotency-Key (interface.md section 3). */
#define HK_IDEMPOTENCY_KEY_BYTES_MAX 255
/** Idempotency keys kept in all (design.md 6). */
#define HK_IDEMPOTENCY_KEYS_MAX 4000000
/** How long an idempotency key is kept: 24 hours. */
#define HK_IDEMPOTENCY_MS (INT64_C(24) * 3600 * 1000)
/** Attempts of one delivery (interface.md section 3). */
#define HK_ATTEMPTS_MAX 20
/** Entries of an endpoint's own schedule, its subscribed types, statuses, headers and labels. */
#define HK_SCHEDULE_MAX 20
#define HK_SUBSCRIPTIONS_MAX 100
#define HK_STATUSES_MAX 200
#define HK_HEADERS_MAX 20
#define HK_LABELS_MAX 20
/** Bytes of one header name or value, and of one label. */
#define HK_HEADER_NAME_BYTES_MAX 128
#define HK_HEADER_VALUE_BYTES_MAX 1024
#define HK_LABEL_BYTES_MAX 255
/** Endpoints that one event may be planned to: the largest merchant_endpoints_max. */
#define HK_PLAN_DELIVERIES_MAX 1000
/** Bytes of a response that are kept with its attempt. */
#define HK_RESPONSE_KEPT_BYTES_MAX 4096
/** Bytes of responses and error texts that stay in memory with live and finished events: four of
 * full size for each of 4,096 deliveries; beyond that the oldest go. */
#define HK_DETAIL_BYTES_MAX (64U << 20)
/** Bytes of a response's header lines that a `retry` hook sees. */
#define HK_HEADERS_KEPT_BYTES_MAX 4096
/** Runs of policies that may be out at once: enough to keep the workers busy... */
#define HK_POLICY_RUNS_MAX 1024
/** ...and of one merchant: HK_POLICY_SLICE_US of its own time, from 1 to this many, so that others
 * on its worker wait no longer than that. */
#define HK_POLICY_MERCHANT_RUNS_MAX 64
#define HK_POLICY_SLICE_US 2000
/** ...and so many before the first answer told what one costs: of a script that never ends they
 * spend their budgets all. */
#define HK_POLICY_FIRST_RUNS 4
/** Runs in a row that spent their CPU budget until a merchant's events are held without a call. */
#define HK_POLICY_OVERRUNS_MAX 3
/** Workers that one merchant's policy may kill within HK_POLICY_KILLS_MS until it is suspended. */
#define HK_POLICY_KILLS_MAX 3
#define HK_POLICY_KILLS_MS (INT64_C(10) * 60 * 1000)
/** A held event is planned again after this, then after twice as long, up to the second. */
#define HK_HELD_MS_MIN (INT64_C(30) * 1000)
#define HK_HELD_MS_MAX (INT64_C(3600) * 1000)
/** Headers that a policy may add to one delivery. */
#define HK_POLICY_HEADERS_MAX 20
/** Requests of the api that may wait for the engine. */
#define HK_REQUESTS_MAX 16384
/** Bytes of the request head that the api takes (interface.md section 3). */
#define HK_REQUEST_HEAD_BYTES_MAX 16384
/** Listeners of `hookctl tail` at once. */
#define HK_TAILS_MAX 16
