// SPDX-License-Identifier: Apache-2.0
#include "support_policy.h"

#include "base/alloc.h"
#include "support_cmocka.h"
#include "support_world.h"

#include <stdio.h>

static void text_keep(char *copy, size_t size, struct hk_slice text)
{
    assert_true(text.size < size);
    if (text.size > 0)
        memcpy(copy, text.at, text.size);
    copy[text.size] = '\0';
}

static void shown_keep(struct policy_run *kept, const struct hk_policy_run *run)
{
    assert_true(run->endpoint_count <= POLICY_SHOWN_MAX);
    kept->shown_count = run->endpoint_count;
    for (uint32_t i = 0; i < run->endpoint_count; i++)
        kept->shown[i] = run->endpoints[i].uuid;
    if (run->endpoint_count == 0)
        return;
    text_keep(kept->shown_name, sizeof(kept->shown_name),
              run->endpoints[0].name ? hk_slice_of(run->endpoints[0].name) : HK_SLICE_EMPTY);
    text_keep(kept->shown_url, sizeof(kept->shown_url), hk_slice_of(run->endpoints[0].url));
}

void policy_runs_take(struct policy_runs *runs, const struct hk_policy_run *run)
{
    struct policy_run kept = {
        .run = run->run,
        .phase = run->phase,
        .generation = run->generation,
        .merchant_id = run->merchant_id,
        .event = run->event,
        .attempt = run->attempt,
        .body = run->body ? hk_body_ref((struct hk_body *)run->body) : NULL,
    };
    text_keep(kept.policy, sizeof(kept.policy), hk_slice_of(run->policy));
    text_keep(kept.merchant_name, sizeof(kept.merchant_name), hk_slice_of(run->merchant_name));
    shown_keep(&kept, run);
    text_keep(kept.event_type, sizeof(kept.event_type), run->attempt.event_type);
    text_keep(kept.headers, sizeof(kept.headers), run->attempt.headers);
    kept.attempt.event_type = kept.attempt.headers = HK_SLICE_EMPTY;
    runs->items = hk_realloc_or_die(runs->items, runs->count + 1, sizeof(kept));
    runs->items[runs->count++] = kept;
    runs->total++;
    if (runs->count > runs->out_max)
        runs->out_max = runs->count;
}

void policy_runs_fini(struct policy_runs *runs)
{
    for (uint32_t i = 0; i < runs->count; i++)
        hk_body_unref(runs->items[i].body);
    hk_free(runs->items);
    *runs = (struct policy_runs){ 0 };
}

struct hk_policy_set *policy_set_new(const struct policy_line *lines, uint32_t count,
                                     enum hk_policy_on_error on_error)
{
    struct hk_policy_set *set = hk_alloc_zero_or_die(1, sizeof(*set));
    set->items = hk_alloc_zero_or_die(count + 1, sizeof(*set->items));
    set->count = count;
    set->on_error = on_error;
    for (uint32_t i = 0; i < count; i++) {
        set->items[i].name = hk_strdup_or_die(lines[i].name);
        set->items[i].generation = lines[i].generation;
        set->items[i].hooks = lines[i].hooks;
        set->items[i].fault = lines[i].fault ? hk_strdup_or_die(lines[i].fault) : NULL;
    }
    return set;
}

void world_policies(struct world *world, const struct policy_line *lines, uint32_t count)
{
    world_push(world, HK_FACT_POLICIES)->policies = policy_set_new(lines, count, HK_POLICY_HOLD);
}

void world_policies_default(struct world *world, const struct policy_line *lines, uint32_t count)
{
    world_push(world, HK_FACT_POLICIES)->policies = policy_set_new(lines, count, HK_POLICY_DEFAULT);
}

void world_merchant_policy(struct world *world, uint64_t merchant_id, const char *policy)
{
    struct hk_request *request = world_request(world, HK_REQUEST_MERCHANT_UPDATE);
    request->merchant_id = merchant_id;
    request->merchant.fields = HK_MERCHANT_POLICY;
    request->merchant.value.policy = policy ? hk_strdup_or_die(policy) : NULL;
    assert_int_equal(world_answer(world, request)->code, 0);
}

/* Takes the run at `place` out; the caller unrefs the body. */
static struct policy_run run_take(struct world *world, uint32_t place)
{
    struct policy_runs *runs = &world->policy_runs;
    assert_true(place < runs->count);
    struct policy_run run = runs->items[place];
    memmove(&runs->items[place], &runs->items[place + 1],
            (--runs->count - place) * sizeof(*runs->items));
    watch_answered(&world->watch, &run.event, run.phase);
    return run;
}

static struct hk_plan *plan_all_new(const struct policy_run *run)
{
    struct hk_plan_delivery deliveries[POLICY_SHOWN_MAX] = { 0 };
    struct hk_plan plan = { .deliveries = deliveries, .delivery_count = run->shown_count };
    for (uint32_t i = 0; i < run->shown_count; i++)
        deliveries[i].endpoint = run->shown[i];
    return hk_plan_clone(&plan);
}

void world_planned(struct world *world, uint32_t place, const struct hk_plan *plan)
{
    struct policy_run run = run_take(world, place);
    assert_int_equal(run.phase, HK_PHASE_PLAN);
    world_push(world, HK_FACT_PLANNED)->planned = (struct hk_fact_planned){
        .run = run.run,
        .plan = plan ? hk_plan_clone(plan) : plan_all_new(&run),
        .cost = world->policy_runs.cost,
    };
    hk_body_unref(run.body);
}

void world_decided(struct world *world, uint32_t place, enum hk_retry_verdict verdict,
                   int64_t delay_ms)
{
    struct policy_run run = run_take(world, place);
    assert_int_equal(run.phase, HK_PHASE_RETRY);
    world_push(world, HK_FACT_RETRY_DECIDED)->retry_decided = (struct hk_fact_retry_decided){
        .run = run.run,
        .verdict = verdict,
        .delay_ms = delay_ms,
        .cost = world->policy_runs.cost,
    };
    hk_body_unref(run.body);
}

void world_policy_failed(struct world *world, uint32_t place, enum hk_policy_failure failure)
{
    struct policy_run run = run_take(world, place);
    char text[64];
    (void)snprintf(text, sizeof(text), "p.lua:1: it is %s", hk_policy_failure_word(failure));
    world_push(world, HK_FACT_POLICY_FAILED)->policy_failed = (struct hk_fact_policy_failed){
        .run = run.run,
        .phase = run.phase,
        .failure = failure,
        .error = hk_body_new(HK_SLICE_EMPTY, hk_slice_of(text)),
        .cost = world->policy_runs.cost,
    };
    hk_body_unref(run.body);
}

void policy_hand_plan_all(struct world *world, uint32_t place)
{
    if (world->policy_runs.items[place].phase == HK_PHASE_PLAN)
        world_planned(world, place, NULL);
    else
        world_decided(world, place, HK_RETRY_BY_SCHEDULE, 0);
}

void policy_hand_fail(struct world *world, uint32_t place)
{
    world_policy_failed(world, place, HK_POLICY_ERROR);
}

struct hk_body *policy_payload(const char *text, const char *name, const char *value)
{
    struct hk_pairs headers = { 0 };
    struct hk_slice slice = text ? hk_slice_of(text) : HK_SLICE_EMPTY;
    if (name)
        hk_pairs_add(&headers, hk_slice_of(name), hk_slice_of(value));
    struct hk_body *payload = hk_payload_new(&headers, text ? &slice : NULL);
    hk_pairs_fini(&headers);
    assert_non_null(payload);
    return payload;
}

const struct hk_plan *world_last_plan(const struct world *world)
{
    for (uint32_t i = world->log.count; i > 0; i--)
        if (world->log.items[i - 1]->record.type == HK_RECORD_PLAN)
            return &world->log.items[i - 1]->record.plan;
    fail_msg("there is no plan");
    return NULL;
}

void world_policy_p(struct world *world, uint32_t generation, uint32_t hooks)
{
    const struct policy_line line = { "p", generation, hooks, NULL };
    world_policies(world, &line, 1);
}

struct policy_shop world_policy_shop(struct world *world, uint32_t hooks,
                                     const struct hk_engine_options *options)
{
    struct policy_shop shop;
    world_init(world, options);
    world_policy_p(world, 1, hooks);
    world_merchant(world, 9);
    world_merchant_policy(world, 9, "p");
    shop.first = world_endpoint(world, 9, NULL);
    shop.second = world_endpoint(world, 9, NULL);
    return shop;
}

struct hk_uuid world_policy_event(struct world *world)
{
    return world_event(world, 9)->id;
}

void world_policy_restart(struct world *world, const struct world *before, uint32_t hooks)
{
    world_init_from(world, before, NULL, 0, before->lsn_durable);
    world_policy_p(world, 1, hooks);
    world_settle(world);
}
