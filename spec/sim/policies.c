// SPDX-License-Identifier: Apache-2.0
#include "policies.h"

#include "base/alloc.h"
#include "base/check.h"
#include "engine/engine.h"
#include "model/payload.h"

#include <stdio.h>

/* In order of name; "2" is the file with a merchant's id, the last one is spare. */
static const char *const names[SIM_POLICIES] = { "2", "default", "enrich", "route", "spare" };

const char *sim_policy_name(uint32_t number)
{
    return names[number];
}

static uint32_t draw(struct sim_policies *policies, uint32_t bound)
{
    return (uint32_t)hk_prng_below(policies->prng, bound);
}

static uint32_t hooks_draw(struct sim_policies *policies)
{
    uint32_t hooks = draw(policies, 32);
    return draw(policies, 3) ? hooks | HK_HOOK_ROUTE : hooks;
}

static void change(struct sim_policies *policies, struct sim_policy *script)
{
    script->generation = ++policies->generation_last;
    script->hooks = hooks_draw(policies);
    if (draw(policies, 20) == 0) /* Its very first text does not load. */
        script->generation = script->hooks = 0;
}

void sim_policies_init(struct sim_policies *policies, struct hk_prng *prng)
{
    *policies = (struct sim_policies){ .prng = prng };
    sim_policies_reload(policies);
    sim_policies_taken(policies);
}

static void runs_free(struct sim_policies *policies)
{
    for (uint32_t i = 0; i < policies->capacity; i++)
        if (policies->runs[i].is_used)
            hk_fact_fini(&policies->runs[i].answer);
}

void sim_policies_fini(struct sim_policies *policies)
{
    runs_free(policies);
    hk_free(policies->runs);
}

void sim_policies_forget(struct sim_policies *policies)
{
    runs_free(policies);
    if (policies->capacity > 0)
        memset(policies->runs, 0, policies->capacity * sizeof(*policies->runs));
    sim_policies_taken(policies);
}

void sim_policies_reload(struct sim_policies *policies)
{
    static const enum sim_policy_mood moods[] = {
        SIM_MOOD_GOOD,  SIM_MOOD_GOOD,   SIM_MOOD_GOOD, SIM_MOOD_FLAKY,
        SIM_MOOD_FLAKY, SIM_MOOD_DEADLY, SIM_MOOD_GONE,
    };
    policies->mood = moods[draw(policies, 7)];
    policies->on_error = draw(policies, 4) ? HK_POLICY_HOLD : HK_POLICY_DEFAULT;
    for (uint32_t i = 0; i < SIM_POLICIES; i++) {
        struct sim_policy *script = &policies->scripts[i];
        bool was_there = script->is_there;
        script->is_there = draw(policies, 8) > 0;
        if (script->is_there && (!was_there || draw(policies, 3) == 0))
            change(policies, script);
    }
}

void sim_policies_mend(struct sim_policies *policies)
{
    policies->is_good = true;
    policies->mood = SIM_MOOD_GOOD;
    for (uint32_t i = 0; i < SIM_POLICIES; i++) {
        policies->scripts[i].is_there = true;
        policies->scripts[i].generation = ++policies->generation_last;
        policies->scripts[i].hooks = HK_HOOKS_PLANNING | HK_HOOK_RETRY;
    }
    for (uint32_t i = 0; i < policies->capacity; i++) {
        struct hk_fact *answer = &policies->runs[i].answer;
        if (policies->runs[i].is_used && answer->kind == HK_FACT_RETRY_DECIDED)
            answer->retry_decided.verdict = HK_RETRY_BY_SCHEDULE;
    }
}

void sim_policies_fact(const struct sim_policies *policies, struct hk_fact *fact)
{
    struct hk_policy_set *set = hk_alloc_zero_or_die(1, sizeof(*set));
    set->items = hk_alloc_zero_or_die(SIM_POLICIES, sizeof(*set->items));
    set->on_error = policies->on_error;
    for (uint32_t i = 0; i < SIM_POLICIES; i++) {
        const struct sim_policy *script = &policies->scripts[i];
        if (!script->is_there)
            continue;
        struct hk_policy *policy = &set->items[set->count++];
        policy->name = hk_strdup_or_die(names[i]);
        policy->generation = script->generation;
        policy->hooks = script->hooks;
        policy->fault = script->generation ? NULL : hk_strdup_or_die("x.lua:1: it does not load");
    }
    *fact = (struct hk_fact){ .kind = HK_FACT_POLICIES, .policies = set };
}

void sim_policies_taken(struct sim_policies *policies)
{
    for (uint32_t i = 0; i < SIM_POLICIES; i++) {
        policies->scripts[i].generation_before = policies->scripts[i].generation;
        policies->scripts[i].hooks_before = policies->scripts[i].hooks;
    }
}

bool sim_policies_know(const struct sim_policies *policies, const struct hk_policy_run *run)
{
    uint32_t wanted = run->phase == HK_PHASE_PLAN ? HK_HOOKS_PLANNING : (uint32_t)HK_HOOK_RETRY;
    for (uint32_t i = 0; i < SIM_POLICIES; i++) {
        const struct sim_policy *script = &policies->scripts[i];
        if (strcmp(names[i], run->policy) != 0)
            continue;
        if (run->generation == script->generation)
            return run->generation > 0 && (script->hooks & wanted);
        return run->generation > 0 && run->generation == script->generation_before &&
               (script->hooks_before & wanted);
    }
    return false;
}

/* ---- answers ---- */

static struct hk_body *payload_make(struct sim_policies *policies, const struct hk_policy_run *run,
                                    uint32_t place)
{
    char text[400];
    struct hk_pairs headers = { 0 };
    int size = snprintf(text, sizeof(text), "{\"generation\":%u,\"place\":%u,\"more\":\"",
                        run->generation, place);
    int filler = (int)draw(policies, 300);
    memset(text + size, 'y', (size_t)filler);
    size += filler;
    size += snprintf(text + size, sizeof(text) - (size_t)size, "\"}");
    struct hk_slice slice = { text, (size_t)size };
    if (draw(policies, 2))
        hk_pairs_add(&headers, HK_SLICE("x-tier"), HK_SLICE("gold"));
    struct hk_body *payload = hk_payload_new(&headers, draw(policies, 4) ? &slice : NULL);
    hk_pairs_fini(&headers);
    hk_assert(payload);
    return payload;
}

static void deliveries_draw(struct sim_policies *policies, const struct hk_policy_run *run,
                            struct hk_plan *plan, struct hk_plan_delivery *deliveries)
{
    for (uint32_t i = 0; i < run->endpoint_count; i++) {
        if (draw(policies, 5) == 0)
            continue;
        struct hk_plan_delivery *delivery = &deliveries[plan->delivery_count++];
        *delivery = (struct hk_plan_delivery){
            .endpoint = run->endpoints[i].uuid,
            .role = run->endpoints[i].role,
        };
        if (draw(policies, 8) == 0) {
            delivery->reason = HK_REASON_SKIPPED_BY_POLICY;
            delivery->why = HK_SLICE("too small");
        } else if (draw(policies, 2)) {
            delivery->own = payload_make(policies, run, i);
        }
    }
}

static void plan_draw(struct sim_policies *policies, const struct hk_policy_run *run,
                      struct hk_fact *answer)
{
    struct hk_plan_delivery deliveries[64] = { 0 };
    struct hk_plan plan = { .hooks = HK_HOOKS_PLANNING, .deliveries = deliveries };
    hk_assert(run->endpoint_count <= 64);
    if (draw(policies, 10) == 0) {
        plan.reason = HK_REASON_FILTERED;
        plan.why = HK_SLICE("a test order");
    } else {
        deliveries_draw(policies, run, &plan, deliveries);
    }
    *answer = (struct hk_fact){ .kind = HK_FACT_PLANNED };
    answer->planned.run = run->run;
    answer->planned.plan = hk_plan_clone(&plan);
    for (uint32_t i = 0; i < plan.delivery_count; i++)
        hk_body_unref(deliveries[i].own);
}

static void verdict_draw(struct sim_policies *policies, const struct hk_policy_run *run,
                         struct hk_fact *answer)
{
    static const enum hk_retry_verdict verdicts[] = {
        HK_RETRY_BY_SCHEDULE, HK_RETRY_BY_SCHEDULE, HK_RETRY_AFTER_DELAY, HK_RETRY_AFTER_DELAY,
        HK_RETRY_AFTER_DELAY, HK_RETRY_GIVE_UP,     HK_RETRY_DISABLE,
    };
    *answer = (struct hk_fact){ .kind = HK_FACT_RETRY_DECIDED };
    answer->retry_decided.run = run->run;
    answer->retry_decided.verdict = verdicts[draw(policies, policies->is_good ? 6 : 7)];
    if (answer->retry_decided.verdict == HK_RETRY_AFTER_DELAY)
        answer->retry_decided.delay_ms = draw(policies, 3) ? draw(policies, 10000) : 0;
}

static void failure_draw(struct sim_policies *policies, const struct hk_policy_run *run,
                         struct hk_fact *answer)
{
    enum hk_policy_failure failure = (enum hk_policy_failure)draw(policies, 6);
    if (policies->mood == SIM_MOOD_DEADLY)
        failure = HK_POLICY_KILLED;
    if (policies->mood == SIM_MOOD_GONE)
        failure = HK_POLICY_UNAVAILABLE;
    *answer = (struct hk_fact){ .kind = HK_FACT_POLICY_FAILED };
    answer->policy_failed = (struct hk_fact_policy_failed){
        .run = run->run,
        .phase = run->phase,
        .failure = failure,
        .error = draw(policies, 10) ? hk_body_new(HK_SLICE_EMPTY, HK_SLICE("x.lua:1: no")) : NULL,
    };
}

static bool fails(struct sim_policies *policies)
{
    switch (policies->mood) {
    case SIM_MOOD_GOOD:
        return !policies->is_good && draw(policies, 50) == 0;
    case SIM_MOOD_FLAKY:
        return draw(policies, 3) == 0;
    case SIM_MOOD_DEADLY:
        return draw(policies, 10) > 0;
    case SIM_MOOD_GONE:
        return true;
    }
    return false;
}

static void cost_draw(struct sim_policies *policies, struct hk_fact *answer)
{
    struct hk_policy_cost cost = { 1 + draw(policies, 300), 20000 };
    if (draw(policies, 50) == 0)
        cost.cpu_us = 15000;
    if (answer->kind == HK_FACT_PLANNED)
        answer->planned.cost = cost;
    else if (answer->kind == HK_FACT_RETRY_DECIDED)
        answer->retry_decided.cost = cost;
    else
        answer->policy_failed.cost = cost;
}

static struct sim_run *place_for(struct sim_policies *policies)
{
    for (uint32_t i = 0; i < policies->capacity; i++)
        if (!policies->runs[i].is_used)
            return &policies->runs[i];
    uint32_t capacity = policies->capacity ? policies->capacity * 2 : 64;
    policies->runs = hk_realloc_or_die(policies->runs, capacity, sizeof(*policies->runs));
    memset(policies->runs + policies->capacity, 0,
           (capacity - policies->capacity) * sizeof(*policies->runs));
    struct sim_run *run = &policies->runs[policies->capacity];
    policies->capacity = capacity;
    return run;
}

void sim_policies_run(struct sim_policies *policies, const struct hk_policy_run *run,
                      uint32_t event, struct hk_now now)
{
    struct sim_run *out = place_for(policies);
    uint32_t delay_ms = 1 + draw(policies, 10);
    if (draw(policies, 30) == 0) /* Sometimes very late. */
        delay_ms = draw(policies, 20000);
    *out = (struct sim_run){
        .is_used = true,
        .event = event,
        .due = hk_mono_after_ms(now.mono, delay_ms),
    };
    if (fails(policies))
        failure_draw(policies, run, &out->answer);
    else if (run->phase == HK_PHASE_PLAN)
        plan_draw(policies, run, &out->answer);
    else
        verdict_draw(policies, run, &out->answer);
    cost_draw(policies, &out->answer);
}

struct sim_run *sim_policies_due(struct sim_policies *policies, struct hk_mono now)
{
    for (uint32_t i = 0; i < policies->capacity; i++)
        if (policies->runs[i].is_used && hk_mono_is_reached(policies->runs[i].due, now))
            return &policies->runs[i];
    return NULL;
}

struct hk_mono sim_policies_next(const struct sim_policies *policies)
{
    struct hk_mono next = HK_MONO_NEVER;
    for (uint32_t i = 0; i < policies->capacity; i++)
        if (policies->runs[i].is_used && policies->runs[i].due.ns < next.ns)
            next = policies->runs[i].due;
    return next;
}
