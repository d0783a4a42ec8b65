// SPDX-License-Identifier: Apache-2.0
#include "decisions.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/crc32c.h"

void sim_decisions_init(struct sim_decisions *decisions, uint32_t count)
{
    *decisions = (struct sim_decisions){ 0 };
    decisions->items = hk_alloc_zero_or_die(count, sizeof(*decisions->items));
}

void sim_decisions_fini(struct sim_decisions *decisions)
{
    hk_free(decisions->items);
}

uint32_t sim_payload_crc(const struct hk_body *payload)
{
    if (!payload)
        return 0;
    struct hk_slice head = hk_body_head(payload);
    struct hk_slice text = hk_body_text(payload);
    uint32_t crc = hk_crc32c(0, head.at, head.size);
    return hk_crc32c(crc, text.at, text.size) | 1U;
}

const char *sim_decisions_asked(struct sim_decisions *decisions, uint32_t event,
                                const struct hk_policy_run *run)
{
    struct sim_decision *decision = &decisions->items[event];
    if (run->phase == HK_PHASE_RETRY)
        return NULL;
    if (decision->is_asked)
        return "asked while it was asked";
    *decision = (struct sim_decision){ .is_asked = true, .generation = run->generation };
    hk_assert(strlen(run->policy) < sizeof(decision->policy));
    memcpy(decision->policy, run->policy, strlen(run->policy) + 1);
    return NULL;
}

void sim_decisions_answered(struct sim_decisions *decisions, uint32_t event,
                            const struct hk_plan *plan)
{
    struct sim_decision *decision = &decisions->items[event];
    decision->is_asked = false;
    if (!plan)
        return;
    decision->is_answered = true;
    decision->reason = plan->reason;
    decision->target_count = plan->delivery_count;
    hk_assert(plan->delivery_count <= SIM_TARGETS_MAX);
    for (uint32_t i = 0; i < plan->delivery_count; i++)
        decision->targets[i] = (struct sim_target){
            .endpoint = plan->deliveries[i].endpoint,
            .is_skipped = plan->deliveries[i].reason == HK_REASON_SKIPPED_BY_POLICY,
            .own_crc = sim_payload_crc(plan->deliveries[i].own),
        };
}

void sim_decisions_forget(struct sim_decisions *decisions, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        decisions->items[i].is_asked = false;
}

static uint32_t endpoint_number(const struct hk_uuid *uuid)
{
    uint32_t number;
    memcpy(&number, uuid->bytes, sizeof(number));
    hk_assert(number < SIM_ENDPOINT_NUMBERS);
    return number;
}

void sim_decisions_endpoint(struct sim_decisions *decisions, const struct hk_record *record)
{
    if (record->type == HK_RECORD_ENDPOINT_DELETED)
        decisions->changed[endpoint_number(&record->endpoint_deleted)] = true;
    else if (record->endpoint->role != HK_ROLE_PRIMARY)
        decisions->changed[endpoint_number(&record->endpoint->uuid)] = true;
}

static const struct sim_target *target_find(const struct sim_decision *decision,
                                            const struct hk_uuid *endpoint)
{
    for (uint32_t i = 0; i < decision->target_count; i++)
        if (hk_uuid_is_equal(&decision->targets[i].endpoint, endpoint))
            return &decision->targets[i];
    return NULL;
}

static bool has_delivery(const struct hk_plan *plan, const struct hk_uuid *endpoint)
{
    for (uint32_t i = 0; i < plan->delivery_count; i++)
        if (hk_uuid_is_equal(&plan->deliveries[i].endpoint, endpoint))
            return true;
    return false;
}

/* Every delivery is one that the policy chose, as it chose it; audits are the engine's. */
static const char *check_deliveries(const struct sim_decision *decision, const struct hk_plan *plan)
{
    for (uint32_t i = 0; i < plan->delivery_count; i++) {
        const struct hk_plan_delivery *delivery = &plan->deliveries[i];
        uint32_t own_crc = sim_payload_crc(delivery->own);
        bool is_skipped = delivery->reason == HK_REASON_SKIPPED_BY_POLICY;
        const struct sim_target *target = target_find(decision, &delivery->endpoint);
        if (delivery->role == HK_ROLE_AUDIT) {
            if (own_crc || is_skipped)
                return "an audit delivery with something of its own";
            continue;
        }
        if (!target)
            return "planned to an endpoint that its policy did not choose";
        if (target->own_crc != own_crc)
            return "planned with another payload than its policy made";
        if (target->is_skipped != is_skipped)
            return "planned to be skipped, or not, against its policy";
    }
    return NULL;
}

static const char *check_all_there(const struct sim_decisions *decisions,
                                   const struct sim_decision *decision, const struct hk_plan *plan)
{
    for (uint32_t i = 0; i < decision->target_count; i++) {
        const struct hk_uuid *endpoint = &decision->targets[i].endpoint;
        if (!has_delivery(plan, endpoint) && !decisions->changed[endpoint_number(endpoint)])
            return "planned without an endpoint that its policy chose";
    }
    return NULL;
}

/* Nothing that only a policy can have. */
static const char *check_plain(const struct hk_plan *plan)
{
    if (plan->reason == HK_REASON_FILTERED)
        return "filtered by nobody";
    for (uint32_t i = 0; i < plan->delivery_count; i++)
        if (plan->deliveries[i].own || plan->deliveries[i].reason)
            return "planned by nobody, with something of its own";
    return NULL;
}

const char *sim_decisions_written(struct sim_decisions *decisions, uint32_t event,
                                  const struct hk_plan *plan)
{
    struct sim_decision *decision = &decisions->items[event];
    bool is_decided = plan->policy.size > 0 && plan->error.size == 0 &&
                      plan->reason != HK_REASON_EXPIRED &&
                      plan->reason != HK_REASON_MERCHANT_DELETED;
    if (!is_decided)
        return check_plain(plan);
    if (!decision->is_answered)
        return "planned by a policy that did not say so";
    decision->is_answered = false;
    if (plan->generation != decision->generation ||
        !hk_slice_is_equal(plan->policy, hk_slice_of(decision->policy)))
        return "planned by another policy than was asked";
    if (decision->reason && plan->reason != decision->reason)
        return "planned for another reason than its policy gave";
    const char *broken = check_deliveries(decision, plan);
    return broken ? broken : check_all_there(decisions, decision, plan);
}
