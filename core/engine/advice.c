// SPDX-License-Identifier: Apache-2.0
#include "engine/advice.h"

#include "engine/attempt.h"
#include "engine/details.h"
#include "engine/directory.h"
#include "engine/finish.h"
#include "engine/planning.h"
#include "engine/policies.h"

/* So long a wait is kept from ending while its hook is asked: a worker that hangs is killed before.
 * More questions of one merchant than that are left to the schedule. */
enum { PATIENCE_MS = 5000, WAITING_MAX = 1024 };

static struct hk_advice *advice_of(const struct hk_engine *engine, uint32_t slot)
{
    return hk_slots_row(&engine->advices, slot);
}

void hk__advice_init(struct hk_engine *engine)
{
    hk_slots_init(&engine->advices, sizeof(struct hk_advice));
}

void hk__advice_fini(struct hk_engine *engine)
{
    for (uint32_t slot = 0; slot < engine->advices.fresh; slot++)
        if (hk_slots_is_taken(&engine->advices, slot))
            hk_body_unref(advice_of(engine, slot)->headers);
    hk_slots_fini(&engine->advices);
}

static struct hk_wall first_attempt_at(const struct hk_engine *engine,
                                       const struct hk_delivery_row *row)
{
    struct hk_wall first = engine->now.wall;
    for (uint32_t at = row->attempt_last; at != HK_NONE;) {
        const struct hk_attempt_row *attempt = hk_slots_row(&engine->attempts, at);
        first = attempt->value.started_at;
        at = attempt->previous;
    }
    return first;
}

static const struct hk_policy *policy_to_ask(struct hk_engine *engine, uint32_t merchant)
{
    bool is_missing;
    const struct hk_policy *policy = hk__policies_of(engine, merchant, &is_missing);
    if (!policy || !(policy->hooks & HK_HOOK_RETRY) || policy->generation == 0)
        return NULL;
    return hk__policies_pause(engine, merchant) ? NULL : policy;
}

static struct hk_policy_endpoint *endpoint_show(struct hk_engine *engine, uint32_t slot)
{
    const struct hk_endpoint *value = &hk__endpoint(engine, slot)->value;
    struct hk_policy_endpoint *shown = hk__scratch_take(&engine->scratch, sizeof(*shown));
    *shown = (struct hk_policy_endpoint){
        .uuid = value->uuid,
        .name = value->name,
        .url = value->url,
        .role = value->role,
        .labels = &value->labels,
    };
    return shown;
}

/* Gets the delivery that still waits after the attempt that was asked about, or HK_NONE. */
static uint32_t waiting_find(const struct hk_engine *engine, const struct hk_advice *advice)
{
    uint32_t slot = hk_slots_find(&engine->deliveries, advice->delivery);
    if (slot == HK_NONE)
        return HK_NONE;
    const struct hk_delivery_row *row = hk__delivery(engine, slot);
    bool is_asked = row->state == HK_DELIVERY_WAITING && row->attempt_count == advice->attempt &&
                    !hk__endpoint(engine, row->endpoint)->is_deleted;
    return is_asked ? slot : HK_NONE;
}

static void unwait(struct hk_engine *engine, uint32_t delivery)
{
    hk_heap_remove(&engine->waits, hk__delivery(engine, delivery)->link);
    engine->stats.deliveries_waiting--;
}

static void by_schedule(struct hk_engine *engine, const struct hk_advice *advice)
{
    uint32_t delivery = waiting_find(engine, advice);
    if (delivery == HK_NONE)
        return;
    unwait(engine, delivery);
    hk__attempt_wait(engine, delivery, (struct hk_mono){ advice->due_ns });
}

/* The attempt that is asked about is the last one that was kept. */
static struct hk_policy_attempt attempt_show(const struct hk_engine *engine, uint32_t delivery,
                                             const struct hk_advice *advice)
{
    const struct hk_delivery_row *row = hk__delivery(engine, delivery);
    const struct hk_attempt_row *last = hk_slots_row(&engine->attempts, row->attempt_last);
    return (struct hk_policy_attempt){
        .delivery = row->number,
        .attempt = row->attempt_count,
        .first_attempt_at = first_attempt_at(engine, row),
        .class = last->value.class,
        .status = last->value.status,
        .total_ms = last->value.timings.total_us / 1000,
        .headers = advice->headers ? hk_body_text(advice->headers) : HK_SLICE_EMPTY,
    };
}

struct hk_mono hk__advice_ask(struct hk_engine *engine, const struct hk_advice_question *question)
{
    const struct hk_delivery_row *row = hk__delivery(engine, question->delivery);
    uint32_t merchant = hk__event(engine, row->event)->merchant;
    struct hk_merchant_row *owner = hk__merchant(engine, merchant);
    struct hk_slice type = hk_event_body_type(question->body);
    uint32_t slot;
    if (row->role != HK_ROLE_PRIMARY || engine->is_draining || owner->is_deleted)
        return question->due;
    if (owner->advices.count >= WAITING_MAX || !policy_to_ask(engine, merchant) ||
        hk_slots_take(&engine->advices, &slot) != 0)
        return question->due;
    struct hk_advice *advice = advice_of(engine, slot);
    struct hk_body *headers = question->outcome->headers;
    *advice = (struct hk_advice){
        .delivery = hk_slots_id(&engine->deliveries, question->delivery),
        .merchant = hk_slots_id(&engine->merchants, merchant),
        .due_ns = question->due.ns,
        .headers = headers ? hk_body_ref(headers) : NULL,
        .edition = HK_NONE,
        .attempt = row->attempt_count,
        .type_bytes = (uint8_t)type.size,
    };
    memcpy(advice->type, type.at, type.size);
    hk__list_push(&owner->advices, slot);
    hk__planning_refresh(engine, merchant);
    struct hk_mono patience = hk_mono_after_ms(engine->now.mono, PATIENCE_MS);
    return patience.ns > question->due.ns ? patience : question->due;
}

/* Takes a question off those that wait; its headers are lent to this step. */
static uint32_t take_waiting(struct hk_engine *engine, uint32_t merchant)
{
    struct hk_list *waiting = &hk__merchant(engine, merchant)->advices;
    uint32_t slot = waiting->first;
    struct hk_advice *advice = advice_of(engine, slot);
    hk__list_remove(waiting, slot);
    hk__details_lend(engine, advice->headers);
    hk_body_unref(advice->headers);
    return slot;
}

void hk__advice_leave(struct hk_engine *engine, uint32_t merchant)
{
    while (hk__merchant(engine, merchant)->advices.count > 0)
        hk_slots_free(&engine->advices, take_waiting(engine, merchant));
    hk__planning_refresh(engine, merchant);
}

static void run(struct hk_engine *engine, uint32_t delivery, uint32_t slot,
                const struct hk_policy *policy)
{
    const struct hk_delivery_row *row = hk__delivery(engine, delivery);
    const struct hk_event_row *event = hk__event(engine, row->event);
    struct hk_advice *advice = advice_of(engine, slot);
    char *type = hk__scratch_take(&engine->scratch, sizeof(advice->type));
    struct hk_policy_run ask = {
        .run = hk_slots_id(&engine->advices, slot),
        .phase = HK_PHASE_RETRY,
        .policy = policy->name,
        .generation = policy->generation,
        .merchant_id = hk__merchant(engine, event->merchant)->value.id,
        .merchant_name = hk__merchant(engine, event->merchant)->value.name,
        .event = event->id,
        .endpoints = endpoint_show(engine, row->endpoint),
        .endpoint_count = 1,
        .attempt = attempt_show(engine, delivery, advice),
    };
    memcpy(type, advice->type, advice->type_bytes);
    ask.attempt.event_type = (struct hk_slice){ type, advice->type_bytes };
    advice->headers = NULL;
    advice->edition = hk__edition_share(engine, hk__policies_edition(engine, event->merchant));
    hk__policies_out(engine, event->merchant, advice->edition);
    hk_commands_add(engine->commands, HK_COMMAND_RUN_POLICY)->run_policy = ask;
}

void hk__advice_send(struct hk_engine *engine, uint32_t merchant)
{
    uint32_t slot = take_waiting(engine, merchant);
    uint32_t delivery = waiting_find(engine, advice_of(engine, slot));
    const struct hk_policy *policy = policy_to_ask(engine, merchant);
    if (delivery != HK_NONE && policy) {
        run(engine, delivery, slot, policy);
        return;
    }
    by_schedule(engine, advice_of(engine, slot));
    hk_slots_free(&engine->advices, slot);
}

/* Takes the question that was answered, and accounts for the run; false when it is none. */
static bool take(struct hk_engine *engine, uint64_t run, const struct hk_policy_cost *cost,
                 const struct hk_fact_policy_failed *failed, struct hk_advice *advice)
{
    uint32_t slot = hk_slots_find(&engine->advices, run);
    if (slot == HK_NONE || advice_of(engine, slot)->edition == HK_NONE)
        return false;
    *advice = *advice_of(engine, slot);
    hk_slots_free(&engine->advices, slot);
    uint32_t merchant = hk_slots_find(&engine->merchants, advice->merchant);
    if (merchant == HK_NONE) {
        engine->stats.policy_runs--; /* It left with its run out. */
    } else {
        hk__policies_back(engine, merchant);
        hk__policies_note(engine, merchant, advice->edition, cost, failed);
        hk__planning_refresh(engine, merchant);
    }
    hk__edition_give_back(engine, advice->edition);
    return true;
}

static void wait_moved(struct hk_engine *engine, uint32_t delivery, int64_t delay_ms)
{
    const struct hk_delivery_row *row = hk__delivery(engine, delivery);
    hk__append(engine, HK_RECORD_WAIT)->wait = (struct hk_record_wait){
        .event = hk__event(engine, row->event)->id,
        .delivery = row->number,
        .attempt = row->attempt_count,
        .delay_ms = delay_ms,
    };
    unwait(engine, delivery);
    hk__attempt_wait(engine, delivery, hk_mono_after_ms(engine->now.mono, delay_ms));
}

void hk__advice_decided(struct hk_engine *engine, const struct hk_fact_retry_decided *decided)
{
    struct hk_advice advice;
    if (!take(engine, decided->run, &decided->cost, NULL, &advice))
        return;
    uint32_t delivery = waiting_find(engine, &advice);
    if (delivery == HK_NONE)
        return;
    uint32_t endpoint = hk__delivery(engine, delivery)->endpoint;
    switch (decided->verdict) {
    case HK_RETRY_BY_SCHEDULE:
        by_schedule(engine, &advice);
        return;
    case HK_RETRY_AFTER_DELAY:
        wait_moved(engine, delivery, decided->delay_ms);
        return;
    case HK_RETRY_DISABLE:
        hk__directory_disable(engine, endpoint);
        break;
    case HK_RETRY_GIVE_UP:
        break;
    }
    unwait(engine, delivery);
    hk__attempt_end(engine, delivery, HK_DELIVERY_DEAD, HK_REASON_GAVE_UP);
}

void hk__advice_failed(struct hk_engine *engine, const struct hk_fact_policy_failed *failed)
{
    struct hk_advice advice;
    if (take(engine, failed->run, &failed->cost, failed, &advice))
        by_schedule(engine, &advice);
}
