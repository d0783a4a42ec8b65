// SPDX-License-Identifier: Apache-2.0
#include "model/plan.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

static size_t texts_size(const struct hk_plan *plan)
{
    size_t size = plan->why.size + plan->policy.size + plan->error.size;
    for (uint32_t i = 0; i < plan->delivery_count; i++)
        size += plan->deliveries[i].why.size;
    return size;
}

static struct hk_slice text_copy(char **end, struct hk_slice text)
{
    struct hk_slice copy = { *end, text.size };
    if (text.size > 0)
        memcpy(*end, text.at, text.size);
    *end += text.size;
    return copy;
}

/* One allocation: the plan, its deliveries, their texts. */
struct hk_plan *hk_plan_clone(const struct hk_plan *plan)
{
    static_assert(sizeof(struct hk_plan) % alignof(struct hk_plan_delivery) == 0, "packed behind");
    size_t deliveries_size = plan->delivery_count * sizeof(struct hk_plan_delivery);
    struct hk_plan *copy =
        hk_alloc_zero_or_die(1, sizeof(*copy) + deliveries_size + texts_size(plan));
    struct hk_plan_delivery *deliveries = (struct hk_plan_delivery *)(copy + 1);
    char *end = (char *)(deliveries + plan->delivery_count);
    *copy = *plan;
    copy->why = text_copy(&end, plan->why);
    copy->policy = text_copy(&end, plan->policy);
    copy->error = text_copy(&end, plan->error);
    copy->deliveries = deliveries;
    for (uint32_t i = 0; i < plan->delivery_count; i++) {
        deliveries[i] = plan->deliveries[i];
        deliveries[i].why = text_copy(&end, plan->deliveries[i].why);
        if (deliveries[i].own)
            hk_body_ref(deliveries[i].own);
    }
    return copy;
}

void hk_plan_free(struct hk_plan *plan)
{
    if (!plan)
        return;
    for (uint32_t i = 0; i < plan->delivery_count; i++)
        hk_body_unref(plan->deliveries[i].own);
    hk_free(plan);
}
