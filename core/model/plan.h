// SPDX-License-Identifier: Apache-2.0
/** Plan: what was decided for one event, once: its deliveries, or a drop with its reason. */
#pragma once
#include "model/event.h"

struct hk_plan_delivery {
    struct hk_uuid endpoint;
    enum hk_role role;
};

struct hk_plan {
    struct hk_uuid event;
    enum hk_reason reason; /**< HK_REASON_NONE, or why the event is dropped. */
    const struct hk_plan_delivery *deliveries;
    uint32_t delivery_count;
};
