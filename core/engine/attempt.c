// SPDX-License-Identifier: Apache-2.0
#include "engine/attempt.h"

#include "engine/advice.h"
#include "engine/bodies.h"
#include "engine/details.h"
#include "engine/directory.h"
#include "engine/finish.h"
#include "engine/queue.h"
#include "engine/retry.h"

bool hk__attempt_is_due(const struct hk_engine *engine)
{
    return !engine->is_draining && hk__queue_has_turn(engine) &&
           engine->stats.deliveries_in_flight < engine->options.concurrency;
}

static struct hk_flight *flight_of(const struct hk_engine *engine,
                                   const struct hk_delivery_row *row)
{
    return hk_slots_row(&engine->flights, row->link);
}

static bool is_expired(const struct hk_engine *engine, const struct hk_event_row *event)
{
    if (event->rare == HK_NONE)
        return false;
    const struct hk_event_rare *rare = hk_slots_row(&engine->rares, event->rare);
    return rare->deliver_before.ms != 0 && engine->now.wall.ms >= rare->deliver_before.ms;
}

void hk__attempt_end(struct hk_engine *engine, uint32_t delivery, enum hk_delivery_state state,
                     enum hk_reason reason)
{
    struct hk_delivery_row *row = hk__delivery(engine, delivery);
    struct hk_record *record = hk__append(engine, HK_RECORD_END);
    record->end = (struct hk_record_end){
        .event = hk__event(engine, row->event)->id,
        .delivery = row->number,
        .state = state,
        .reason = reason,
    };
    hk__finish_delivery(engine, delivery, state, reason);
}

static uint32_t timeout_of(const struct hk_engine *engine, const struct hk_endpoint *endpoint)
{
    return endpoint->timeout_ms ? endpoint->timeout_ms : engine->options.timeout_ms;
}

/* The body is here: write START down and go. START is not waited for, but written soon: an end of
 * ours that comes with the request must not forget it. */
static void launch(struct hk_engine *engine, uint32_t delivery)
{
    struct hk_delivery_row *row = hk__delivery(engine, delivery);
    const struct hk_event_row *event = hk__event(engine, row->event);
    row->attempt_count++;
    engine->stats.attempts_started++;
    engine->stats.deliveries_retried += row->attempt_count > 1;
    struct hk_record *record = hk__append(engine, HK_RECORD_START);
    record->start = (struct hk_record_start){
        .event = event->id,
        .delivery = row->number,
        .attempt = row->attempt_count,
    };
    engine->is_awaited = true;
    struct hk_command *command = hk_commands_add(engine->commands, HK_COMMAND_START_ATTEMPT);
    command->start_attempt = (struct hk_command_start_attempt){
        .delivery = hk_slots_id(&engine->deliveries, delivery),
        .endpoint = hk_slots_id(&engine->endpoints, row->endpoint),
        .event = event->id,
        .body = flight_of(engine, row)->body,
        .own = flight_of(engine, row)->own,
        .timeout_ms = timeout_of(engine, &hk__endpoint(engine, row->endpoint)->value),
        .attempt = row->attempt_count,
    };
}

/* Gets what goes out, from memory or from disk; with all of it the attempt begins. */
static void fuel(struct hk_engine *engine, uint32_t delivery)
{
    struct hk_delivery_row *row = hk__delivery(engine, delivery);
    const struct hk_event_row *event = hk__event(engine, row->event);
    struct hk_flight *flight = flight_of(engine, row);
    uint64_t id = hk_slots_id(&engine->deliveries, delivery);
    struct hk_location location = { event->lsn, event->offset };
    struct hk_body *body = flight->body ? NULL : hk__bodies_get(engine, row->event);
    if (body)
        flight->body = hk_body_ref(body);
    if (!flight->body) {
        hk__bodies_load(engine, HK_LOAD_FOR_START, id, location, NULL);
        return;
    }
    struct hk_body *own = NULL;
    if (row->has_own && !flight->own)
        own = hk__bodies_get_own(engine, row->event, row->number);
    if (own)
        flight->own = hk_body_ref(own);
    if (!row->has_own || flight->own) {
        flight->has_launched = true;
        launch(engine, delivery);
        return;
    }
    const struct hk_event_rare *rare = hk__rare(engine, row->event);
    location = (struct hk_location){ rare->plan_lsn, rare->plan_offset };
    hk__bodies_load(engine, HK_LOAD_PLAN_FOR_START, id, location, NULL);
}

static void begin(struct hk_engine *engine, uint32_t delivery)
{
    struct hk_delivery_row *row = hk__delivery(engine, delivery);
    struct hk_event_row *event = hk__event(engine, row->event);
    if (is_expired(engine, event)) {
        hk__attempt_end(engine, delivery, HK_DELIVERY_DROPPED, HK_REASON_EXPIRED);
        return;
    }
    row->state = HK_DELIVERY_IN_FLIGHT;
    row->link = hk__take(&engine->flights);
    hk__endpoint(engine, row->endpoint)->in_flight++;
    engine->stats.deliveries_in_flight++;
    hk__queue_refresh(engine, row->endpoint);
    flight_of(engine, row)->delivery = delivery;
    fuel(engine, delivery);
}

void hk__attempt_start_all(struct hk_engine *engine)
{
    while (hk__attempt_is_due(engine) && hk__work_take(engine)) {
        uint32_t delivery = hk__queue_pick(engine);
        if (delivery != HK_NONE)
            begin(engine, delivery);
    }
}

static void land(struct hk_engine *engine, uint32_t delivery)
{
    struct hk_delivery_row *row = hk__delivery(engine, delivery);
    hk_body_unref(flight_of(engine, row)->body);
    hk_body_unref(flight_of(engine, row)->own);
    hk_slots_free(&engine->flights, row->link);
    row->link = HK_NONE;
    hk__endpoint(engine, row->endpoint)->in_flight--;
    engine->stats.deliveries_in_flight--;
}

void hk__attempt_keep(struct hk_engine *engine, uint32_t delivery, struct hk_attempt value)
{
    struct hk_delivery_row *row = hk__delivery(engine, delivery);
    uint32_t slot = hk__take(&engine->attempts);
    value.detail = hk__details_keep(engine, value.detail);
    struct hk_attempt_row *attempt = hk_slots_row(&engine->attempts, slot);
    *attempt = (struct hk_attempt_row){ .value = value, .previous = row->attempt_last };
    row->attempt_last = slot;
}

void hk__attempt_wait(struct hk_engine *engine, uint32_t delivery, struct hk_mono due)
{
    hk__delivery(engine, delivery)->state = HK_DELIVERY_WAITING;
    hk_assert(hk_heap_push(&engine->waits, due.ns, delivery) == 0);
    engine->stats.deliveries_waiting++;
}

static struct hk_retry_decision decide(struct hk_engine *engine, const struct hk_delivery_row *row,
                                       const struct hk_outcome *outcome)
{
    const struct hk_endpoint_row *endpoint = hk__endpoint(engine, row->endpoint);
    uint32_t jitter = (uint32_t)hk_prng_below(&engine->prng, HK_JITTER_RANGE);
    struct hk_retry_policy policy = hk_retry_policy_of(&endpoint->value, &engine->options);
    struct hk_retry_decision decision =
        hk_retry_decide(&policy, row->attempt_count, outcome, jitter);
    if (endpoint->is_deleted && decision.state != HK_DELIVERY_DELIVERED)
        decision = (struct hk_retry_decision){
            .state = HK_DELIVERY_DROPPED,
            .reason = hk__directory_gone_reason(engine, row->endpoint),
        };
    else if (outcome->class == HK_OUTCOME_UNKNOWN)
        decision.delay_ms = 0; /* We broke off, not the receiver: no reason to wait. */
    return decision;
}

static void result_append(struct hk_engine *engine, const struct hk_delivery_row *row,
                          const struct hk_attempt *attempt,
                          const struct hk_retry_decision *decision)
{
    struct hk_record *record = hk__append(engine, HK_RECORD_RESULT);
    record->result = (struct hk_record_result){
        .event = hk__event(engine, row->event)->id,
        .delivery = row->number,
        .attempt = *attempt,
        .error = attempt->detail ? hk_body_head(attempt->detail) : HK_SLICE_EMPTY,
        .response = attempt->detail ? hk_body_text(attempt->detail) : HK_SLICE_EMPTY,
        .state = decision->state,
        .reason = decision->reason,
        .delay_ms = decision->delay_ms,
    };
}

static void trace(struct hk_engine *engine, const struct hk_delivery_row *row,
                  const struct hk_attempt *attempt, const struct hk_retry_decision *decision)
{
    if (engine->tail_count == 0)
        return;
    const struct hk_event_row *event = hk__event(engine, row->event);
    const struct hk_body *body = row->link == HK_NONE ? NULL : flight_of(engine, row)->body;
    struct hk_trace *line = &hk_commands_add(engine->commands, HK_COMMAND_TRACE)->trace;
    *line = (struct hk_trace){
        .event = event->id,
        .endpoint = hk__endpoint(engine, row->endpoint)->value.uuid,
        .merchant_id = hk__merchant(engine, event->merchant)->value.id,
        .at = engine->now.wall,
        .delivery = row->number,
        .attempt = attempt->number,
        .status = attempt->status,
        .class = attempt->class,
        .state = decision->state,
        .reason = decision->reason,
        .delay_ms = decision->delay_ms,
        .total_us = attempt->timings.total_us,
        .role = row->role,
    };
    struct hk_slice type = body ? hk_event_body_type(body) : HK_SLICE_EMPTY;
    if (type.size < sizeof(line->type))
        memcpy(line->type, type.at, type.size);
}

/* A policy may know better than the schedule, if what ended was an answer or the lack of one. */
static struct hk_mono ask(struct hk_engine *engine, uint32_t delivery,
                          const struct hk_outcome *outcome, struct hk_mono due)
{
    const struct hk_delivery_row *row = hk__delivery(engine, delivery);
    if (outcome->class == HK_OUTCOME_UNKNOWN || row->link == HK_NONE)
        return due;
    struct hk_advice_question question = {
        .delivery = delivery,
        .outcome = outcome,
        .body = flight_of(engine, row)->body,
        .due = due,
    };
    return question.body ? hk__advice_ask(engine, &question) : due;
}

static void settle(struct hk_engine *engine, uint32_t delivery, const struct hk_outcome *outcome)
{
    struct hk_delivery_row *row = hk__delivery(engine, delivery);
    uint32_t endpoint = row->endpoint;
    struct hk_attempt attempt = {
        .number = row->attempt_count,
        .status = outcome->status,
        .class = outcome->class,
        .started_at = outcome->started_at,
        .timings = outcome->timings,
        .detail = outcome->detail,
    };
    struct hk_retry_decision decision = decide(engine, row, outcome);
    struct hk_mono due = hk_mono_after_ms(engine->now.mono, decision.delay_ms);
    engine->stats.attempts_failed += !hk_outcome_is_success(outcome);
    hk__details_lend(engine, attempt.detail);
    hk__attempt_keep(engine, delivery, attempt);
    result_append(engine, row, &attempt, &decision);
    trace(engine, row, &attempt, &decision);
    if (decision.state == HK_DELIVERY_WAITING)
        due = ask(engine, delivery, outcome, due);
    if (row->link != HK_NONE)
        land(engine, delivery);
    if (decision.disables_endpoint)
        hk__directory_disable(engine, endpoint);
    if (decision.state == HK_DELIVERY_WAITING)
        hk__attempt_wait(engine, delivery, due);
    else
        hk__finish_delivery(engine, delivery, decision.state, decision.reason);
    hk__queue_refresh(engine, endpoint);
}

static uint32_t in_flight_find(const struct hk_engine *engine, uint64_t delivery)
{
    uint32_t slot = hk_slots_find(&engine->deliveries, delivery);
    if (slot == HK_SLOT_NONE || hk__delivery(engine, slot)->state != HK_DELIVERY_IN_FLIGHT)
        return HK_SLOT_NONE;
    return slot;
}

void hk__attempt_ended(struct hk_engine *engine, const struct hk_fact_attempt_ended *ended)
{
    uint32_t slot = in_flight_find(engine, ended->delivery);
    hk__details_lend(engine, ended->outcome.headers);
    hk_body_unref(ended->outcome.headers);
    /* Without all that goes out it waits: what ended is not what is about to begin. */
    if (slot == HK_SLOT_NONE || !flight_of(engine, hk__delivery(engine, slot))->has_launched) {
        hk_body_unref(ended->outcome.detail);
        return;
    }
    settle(engine, slot, &ended->outcome);
}

void hk__attempt_cut_short(struct hk_engine *engine, uint32_t delivery)
{
    struct hk_outcome outcome = {
        .class = HK_OUTCOME_UNKNOWN,
        .retry_after_ms = HK_RETRY_AFTER_NONE,
        .started_at = engine->now.wall,
    };
    settle(engine, delivery, &outcome);
}

static bool may_still_start(const struct hk_engine *engine, const struct hk_delivery_row *row)
{
    const struct hk_endpoint_row *endpoint = hk__endpoint(engine, row->endpoint);
    return !engine->is_draining && !endpoint->is_deleted && endpoint->value.enabled &&
           !is_expired(engine, hk__event(engine, row->event));
}

/* What goes out cannot be had: as far as the receiver is concerned there was an attempt. */
static void fail_to_begin(struct hk_engine *engine, uint32_t delivery)
{
    hk__delivery(engine, delivery)->attempt_count++;
    struct hk_outcome outcome = {
        .class = HK_OUTCOME_INTERNAL,
        .retry_after_ms = HK_RETRY_AFTER_NONE,
        .started_at = engine->now.wall,
        .detail = hk_body_new(HK_SLICE("the body could not be read back"), HK_SLICE_EMPTY),
    };
    settle(engine, delivery, &outcome);
}

/* Gets the flight that waits for what was loaded, or NULL: much may have happened meanwhile. */
static struct hk_flight *flight_waiting(struct hk_engine *engine, uint64_t delivery, uint32_t *slot)
{
    *slot = in_flight_find(engine, delivery);
    if (*slot == HK_SLOT_NONE)
        return NULL;
    struct hk_delivery_row *row = hk__delivery(engine, *slot);
    if (may_still_start(engine, row))
        return flight_of(engine, row);
    land(engine, *slot);
    hk__attempt_make_ready(engine, *slot);
    return NULL;
}

void hk__attempt_loaded(struct hk_engine *engine, uint64_t delivery, struct hk_body *body)
{
    uint32_t slot;
    struct hk_flight *flight = flight_waiting(engine, delivery, &slot);
    if (!flight)
        return;
    if (!body) {
        fail_to_begin(engine, slot);
        return;
    }
    flight->body = hk_body_ref(body);
    hk__bodies_keep(engine, hk__delivery(engine, slot)->event, body);
    fuel(engine, slot);
}

void hk__attempt_plan_loaded(struct hk_engine *engine, uint64_t delivery,
                             const struct hk_plan *plan)
{
    uint32_t slot;
    struct hk_flight *flight = flight_waiting(engine, delivery, &slot);
    if (!flight)
        return;
    const struct hk_delivery_row *row = hk__delivery(engine, slot);
    bool has_own =
        plan && row->number <= plan->delivery_count && plan->deliveries[row->number - 1].own;
    if (!has_own) {
        fail_to_begin(engine, slot);
        return;
    }
    struct hk_body *own = plan->deliveries[row->number - 1].own;
    flight->own = hk_body_ref(own);
    hk__bodies_keep_own(engine, row->event, row->number, own);
    fuel(engine, slot);
}

void hk__attempt_make_ready(struct hk_engine *engine, uint32_t delivery)
{
    uint32_t endpoint = hk__delivery(engine, delivery)->endpoint;
    if (hk__endpoint(engine, endpoint)->is_deleted)
        hk__finish_delivery(engine, delivery, HK_DELIVERY_DROPPED,
                            hk__directory_gone_reason(engine, endpoint));
    else
        hk__queue_push(engine, delivery);
}

void hk__attempt_wake(struct hk_engine *engine)
{
    const struct hk_heap_entry *first;
    while ((first = hk_heap_peek(&engine->waits)) && first->key <= engine->now.mono.ns &&
           hk__work_take(engine)) {
        struct hk_heap_entry entry;
        hk_heap_pop(&engine->waits, &entry);
        engine->stats.deliveries_waiting--;
        hk__attempt_make_ready(engine, entry.item);
    }
}
