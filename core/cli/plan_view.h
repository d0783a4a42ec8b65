// SPDX-License-Identifier: Apache-2.0
/** Plan view: what a policy answered to one event, for a person or for a program. Thread: one. */
#pragma once
#include "cli/screen.h"
#include "cli/shop.h"
#include "cli/trial.h"

/** All that the answer is about. Borrowed. */
struct hk_plan_view {
    const struct hk_cage *cage;
    const struct hk_source *source;
    const struct hk_shop *shop;
    struct hk_slice body; /**< Checked JSON. */
    const struct hk_trial *trial;
};

/** Prints decision, endpoints, differences, log and cost. */
void hk_plan_view_print(const struct hk_plan_view *view, const struct hk_screen *screen);

/** Appends the members of a JSON object, without its braces: "decision", "reason", "why", "hooks",
 * "deliveries", "error", "log", "cpu_us", "memory_bytes". 0 or HK_ENOMEM. */
HK_MUST_CHECK int hk_plan_view_append(const struct hk_plan_view *view, struct hk_bytes *out);
