// SPDX-License-Identifier: Apache-2.0
/** Plan: what was decided for one event, once: its deliveries, each with what goes out, or a drop
 * with its reason. */
#pragma once
#include "model/event.h"
#include "model/payload.h"

struct hk_plan_delivery {
    struct hk_uuid endpoint;
    enum hk_role role;
    enum hk_reason reason; /**< NONE, or SKIPPED_BY_POLICY: it ends before it begins. */
    struct hk_slice why;   /**< With a skip: the policy's own words, may be empty. */
    struct hk_body *own; /**< A payload (model/payload.h): what this delivery has of its own. NULL:
                              the event's body, no headers. One reference. */
};

struct hk_plan {
    struct hk_uuid event;
    enum hk_reason reason;  /**< HK_REASON_NONE, or why the event is dropped. */
    struct hk_slice why;    /**< With FILTERED: the policy's own words, may be empty. */
    struct hk_slice policy; /**< Name of the policy that decided; empty: the engine by itself. */
    uint32_t generation;    /**< With `policy`. */
    uint32_t hooks;         /**< With `policy`: bits of enum hk_hook, those that ran. */
    struct hk_slice error;  /**< With on_error = "default": why the policy did not decide. */
    const struct hk_plan_delivery *deliveries; /**< In plan order: numbers from 1. */
    uint32_t delivery_count;
};

/** Makes a copy in one allocation, with references of its own; ends the process when out of
 * memory. */
struct hk_plan *hk_plan_clone(const struct hk_plan *plan);

/** Frees a copy; NULL is fine. */
void hk_plan_free(struct hk_plan *plan);
