// SPDX-License-Identifier: Apache-2.0
#include "policy/pool_facts.h"

#include "base/alloc.h"
#include "policy/pool_plan.h"

/** Longest wait that a retry hook may ask for. */
#define DELAY_MS_MAX (INT64_C(30) * 24 * 3600 * 1000)

static struct hk_fact *add(struct hk_pool_facts *facts, enum hk_fact_kind kind)
{
    if (facts->count == facts->capacity) {
        uint32_t capacity = facts->capacity != 0 ? facts->capacity * 2 : 64;
        facts->items = hk_realloc_or_die(facts->items, capacity, sizeof(*facts->items));
        facts->capacity = capacity;
    }
    struct hk_fact *fact = &facts->items[facts->count++];
    *fact = (struct hk_fact){ .kind = kind };
    return fact;
}

void hk_pool_facts_fini(struct hk_pool_facts *facts)
{
    for (uint32_t i = 0; i < facts->count; i++) {
        if (facts->items[i].kind == HK_FACT_PLANNED)
            hk_plan_free(facts->items[i].planned.plan);
        if (facts->items[i].kind == HK_FACT_POLICY_FAILED)
            hk_body_unref(facts->items[i].policy_failed.error);
    }
    hk_free(facts->items);
    hk_bytes_fini(&facts->text);
    *facts = (struct hk_pool_facts){ 0 };
}

/** Makes the error's body; without memory there is none, and the failure still counts. */
static struct hk_body *error_of(struct hk_pool_facts *facts, struct hk_slice text)
{
    hk_bytes_clear(&facts->text);
    if (hk_pool_plan_clean(text, &facts->text) != 0)
        return NULL;
    return hk_body_new(HK_SLICE_EMPTY, hk_bytes_slice(&facts->text));
}

static void add_failure(struct hk_pool_facts *facts, const struct hk_pool_task *task,
                        enum hk_policy_failure failure, struct hk_slice text,
                        struct hk_policy_cost cost)
{
    struct hk_body *error = error_of(facts, text);
    add(facts, HK_FACT_POLICY_FAILED)->policy_failed = (struct hk_fact_policy_failed){
        .run = task->run, .phase = task->phase, .failure = failure, .error = error, .cost = cost
    };
}

void hk_pool_facts_fail(struct hk_pool_facts *facts, const struct hk_pool_task *task,
                        enum hk_policy_failure failure, struct hk_slice text)
{
    add_failure(facts, task, failure, text, (struct hk_policy_cost){ 0 });
}

/** Writes the lines of hook.log. */
static void write_logs(struct hk_pool_facts *facts, const struct hk_pool_task *task,
                       const struct hk_wire_answer *answer)
{
    char event[HK_UUID_TEXT_SIZE + 1];
    for (uint32_t i = 0; i < answer->log_count; i++) {
        const struct hk_wire_log *line = &answer->logs[i];
        if (!hk_log_is_on(line->level))
            continue;
        hk_bytes_clear(&facts->text);
        if (hk_pool_plan_clean(line->text, &facts->text) != 0 ||
            hk_bytes_append(&facts->text, "", 1) != 0)
            return;
        hk_log(line->level, "a policy says", HK_F("policy", task->script->script->name),
               HK_FI("merchant", task->merchant_id),
               HK_F("event", hk_uuid_format(&task->event, event)), HK_F("text", facts->text.at));
    }
}

/** Adds a failure that the worker should not have let through. */
static void add_refusal(struct hk_pool_facts *facts, const struct hk_pool_task *task,
                        const char *what, struct hk_policy_cost cost)
{
    struct hk_fault fault;
    (void)hk_fault_set(&fault, HK_EINVAL, "%s.lua: %s", task->script->script->name, what);
    add_failure(facts, task, HK_POLICY_RETURN, hk_slice_of(fault.text), cost);
}

static void add_planned(struct hk_pool_facts *facts, const struct hk_pool_task *task,
                        const struct hk_wire_planned *planned, uint64_t plan_bytes_max)
{
    struct hk_fault fault = { .text = "no memory for its plan" };
    struct hk_plan *plan = NULL;
    int code = hk_pool_plan_make(task, planned, plan_bytes_max, &plan, &fault);
    if (code == HK_ENOMEM) {
        hk_pool_facts_fail(facts, task, HK_POLICY_UNAVAILABLE, HK_SLICE("no memory for the plan"));
        return;
    }
    if (code != 0) {
        add_refusal(facts, task, fault.text, planned->answer.cost);
        return;
    }
    add(facts, HK_FACT_PLANNED)->planned =
        (struct hk_fact_planned){ .run = task->run, .plan = plan, .cost = planned->answer.cost };
}

static void add_decided(struct hk_pool_facts *facts, const struct hk_pool_task *task,
                        const struct hk_wire_decided *decided)
{
    bool is_delayed = decided->verdict == HK_RETRY_AFTER_DELAY;
    if (is_delayed && (decided->delay_ms < 0 || decided->delay_ms > DELAY_MS_MAX)) {
        add_refusal(facts, task, "delay_ms is not from 0 to 30 days", decided->answer.cost);
        return;
    }
    add(facts, HK_FACT_RETRY_DECIDED)->retry_decided = (struct hk_fact_retry_decided){
        .run = task->run,
        .verdict = decided->verdict,
        .delay_ms = is_delayed ? decided->delay_ms : 0,
        .cost = decided->answer.cost,
    };
}

int hk_pool_facts_answer(struct hk_pool_facts *facts, const struct hk_pool_task *task,
                         const struct hk_wire_message *message, uint64_t plan_bytes_max)
{
    const struct hk_wire_answer *answer;
    bool is_plan = task->phase == HK_PHASE_PLAN;
    if (message->kind == HK_WIRE_PLANNED && is_plan)
        answer = &message->planned.answer;
    else if (message->kind == HK_WIRE_DECIDED && !is_plan)
        answer = &message->decided.answer;
    else if (message->kind == HK_WIRE_FAILED)
        answer = &message->failed.answer;
    else
        return HK_EDAMAGED;
    if (answer->run != task->run)
        return HK_EDAMAGED;
    write_logs(facts, task, answer);
    if (message->kind == HK_WIRE_PLANNED)
        add_planned(facts, task, &message->planned, plan_bytes_max);
    else if (message->kind == HK_WIRE_DECIDED)
        add_decided(facts, task, &message->decided);
    else
        add_failure(facts, task, message->failed.failure, message->failed.text, answer->cost);
    return 0;
}
