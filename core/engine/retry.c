// SPDX-License-Identifier: Apache-2.0
#include "engine/retry.h"

#include "base/check.h"

#define SECOND_MS UINT32_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define STATUS_GONE 410

static const uint32_t points_delays_ms[] = { 10 * SECOND_MS, 60 * SECOND_MS };

/* The example schedule of the Standard Webhooks specification. */
static const uint32_t standard_delays_ms[] = {
    5 * SECOND_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS,  5 * HOUR_MS,
    10 * HOUR_MS,  14 * HOUR_MS,  20 * HOUR_MS,   24 * HOUR_MS,
};

#define COUNT_OF(list) ((uint32_t)(sizeof(list) / sizeof((list)[0])))

static enum hk_schedule_kind schedule_kind(const struct hk_endpoint *endpoint,
                                           const struct hk_engine_options *options)
{
    if (endpoint->schedule.kind != HK_SCHEDULE_CONFIG)
        return endpoint->schedule.kind;
    return options->schedule == HK_PRESET_STANDARD ? HK_SCHEDULE_STANDARD : HK_SCHEDULE_POINTS;
}

/* Who asks for the standard schedule and for no number means all of it, not its first steps. */
static uint32_t attempts_of(const struct hk_endpoint *endpoint,
                            const struct hk_engine_options *options)
{
    uint32_t whole = COUNT_OF(standard_delays_ms) + 1;
    if (endpoint->attempts)
        return endpoint->attempts;
    if (endpoint->schedule.kind == HK_SCHEDULE_STANDARD && options->attempts < whole)
        return whole;
    return options->attempts;
}

struct hk_retry_policy hk_retry_policy_of(const struct hk_endpoint *endpoint,
                                          const struct hk_engine_options *options)
{
    enum hk_schedule_kind kind = schedule_kind(endpoint, options);
    struct hk_retry_policy policy = {
        .delays_ms = points_delays_ms,
        .delay_count = COUNT_OF(points_delays_ms),
        .attempts = attempts_of(endpoint, options),
        .retry_after_max_ms = options->retry_after_max_ms,
        .no_retry_statuses = endpoint->no_retry_statuses,
        .no_retry_status_count = endpoint->no_retry_status_count,
        .disables_on_gone =
            endpoint->on_gone == HK_ON_GONE_DISABLE ||
            (endpoint->on_gone == HK_ON_GONE_DEFAULT && kind == HK_SCHEDULE_STANDARD),
    };
    if (kind == HK_SCHEDULE_STANDARD) {
        policy.delays_ms = standard_delays_ms;
        policy.delay_count = COUNT_OF(standard_delays_ms);
    } else if (kind == HK_SCHEDULE_OWN) {
        policy.delays_ms = endpoint->schedule.delays_ms;
        policy.delay_count = endpoint->schedule.count;
    }
    return policy;
}

static bool is_never_retried(const struct hk_retry_policy *policy, uint16_t status)
{
    for (uint32_t i = 0; i < policy->no_retry_status_count; i++)
        if (policy->no_retry_statuses[i] == status)
            return true;
    return false;
}

static int64_t delay_after(const struct hk_retry_policy *policy, uint32_t attempt,
                           const struct hk_outcome *outcome, uint32_t jitter)
{
    uint32_t step = attempt - 1 < policy->delay_count ? attempt - 1 : policy->delay_count - 1;
    int64_t scheduled = policy->delays_ms[step];
    /* 80 % to 120 %, in thousandths of 40 %. */
    int64_t delay = scheduled * 4 / 5 + scheduled * 2 * jitter / (INT64_C(5) * HK_JITTER_RANGE);
    int64_t asked = outcome->retry_after_ms;
    if (asked > policy->retry_after_max_ms)
        asked = policy->retry_after_max_ms;
    return asked > delay ? asked : delay;
}

struct hk_retry_decision hk_retry_decide(const struct hk_retry_policy *policy, uint32_t attempt,
                                         const struct hk_outcome *outcome, uint32_t jitter)
{
    hk_assert(attempt >= 1 && policy->delay_count >= 1 && jitter < HK_JITTER_RANGE);
    struct hk_retry_decision dead = { .state = HK_DELIVERY_DEAD };
    if (hk_outcome_is_success(outcome))
        return (struct hk_retry_decision){ .state = HK_DELIVERY_DELIVERED };
    if (outcome->status == STATUS_GONE && policy->disables_on_gone) {
        dead.reason = HK_REASON_GONE;
        dead.disables_endpoint = true;
        return dead;
    }
    if (outcome->status && is_never_retried(policy, outcome->status)) {
        dead.reason = HK_REASON_GAVE_UP;
        return dead;
    }
    if (attempt >= policy->attempts) {
        dead.reason = HK_REASON_ATTEMPTS_SPENT;
        return dead;
    }
    return (struct hk_retry_decision){
        .state = HK_DELIVERY_WAITING,
        .delay_ms = delay_after(policy, attempt, outcome, jitter),
    };
}
