// SPDX-License-Identifier: Apache-2.0
/** Comparison: the plan that an event has, beside the one that another policy would make of it.
 *
 * Compared are: dropped or not, to which endpoints, and what each gets: body and headers. Words of
 * a `why` do not count, nor endpoints that one of the two could not choose because they were not
 * there. Thread: one. */
#pragma once
#include "cli/client.h"
#include "cli/plan_view.h"

/** What one endpoint gets. */
struct hk_comparison_side {
    struct hk_uuid endpoint;
    bool is_skipped;
    struct hk_bytes diff;    /**< JSON: what was changed in the body. */
    struct hk_texts headers; /**< "Name: value", sorted. */
};

/** One plan. */
struct hk_comparison_plan {
    const char *state; /**< "planned", "dropped", "held" or "failed"; static. */
    struct hk_bytes why;
    struct hk_comparison_side *sides;
    uint32_t count;
};

struct hk_comparison {
    struct hk_comparison_plan recorded, candidate;
    bool is_unknown; /**< The recorded bodies are no longer there to be compared. */
    bool is_same;
};

/** Compares. `why` is the answer of GET /api/v1/events/{id}/why. 0, HK_EDAMAGED (it is no such
 * answer), HK_ENOMEM; the caller ends `comparison` after 0. */
HK_MUST_CHECK int hk_comparison_make(struct hk_comparison *comparison,
                                     const struct hk_client_answer *why,
                                     const struct hk_plan_view *candidate);
void hk_comparison_fini(struct hk_comparison *comparison);

/** Prints what is not the same, in lines with - (recorded) and + (candidate). */
void hk_comparison_print(const struct hk_comparison *comparison, const struct hk_shop *shop,
                         const struct hk_screen *screen);
