// SPDX-License-Identifier: Apache-2.0
#include "checker.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/crc32c.h"

#include <stdarg.h>
#include <stdio.h>

void sim_checker_init(struct sim_checker *checker, uint32_t attempts_max)
{
    *checker = (struct sim_checker){ .attempts_max = attempts_max };
    checker->events = hk_alloc_zero_or_die(SIM_EVENTS_MAX, sizeof(*checker->events));
    sim_decisions_init(&checker->decisions, SIM_EVENTS_MAX);
}

void sim_checker_fini(struct sim_checker *checker)
{
    hk_free(checker->events);
    sim_decisions_fini(&checker->decisions);
}

HK_PRINTF(2, 3) static void broken(struct sim_checker *checker, const char *format, ...)
{
    va_list arguments;
    if (!sim_checker_is_content(checker))
        return;
    va_start(arguments, format);
    (void)vsnprintf(checker->failure, sizeof(checker->failure), format, arguments);
    va_end(arguments);
}

struct hk_uuid sim_event_id(uint32_t number)
{
    struct hk_uuid id = { { 0 } };
    id.bytes[6] = 0x70;
    id.bytes[8] = 0x80;
    for (int i = 0; i < 4; i++)
        id.bytes[12 + i] = (uint8_t)(number >> (24 - 8 * i));
    return id;
}

uint32_t sim_event_number(const struct hk_uuid *id)
{
    uint32_t number = 0;
    for (int i = 0; i < 4; i++)
        number = number << 8 | id->bytes[12 + i];
    hk_assert(number < SIM_EVENTS_MAX);
    return number;
}

static struct sim_event *event_of(struct sim_checker *checker, const struct hk_uuid *id)
{
    return &checker->events[sim_event_number(id)];
}

static uint32_t crc_of(const struct hk_body *body)
{
    struct hk_slice text = hk_body_text(body);
    return hk_crc32c(0, text.at, text.size);
}

void sim_checker_sent(struct sim_checker *checker, uint32_t number, uint64_t merchant_id,
                      const struct hk_body *body)
{
    checker->events[number] = (struct sim_event){
        .is_used = true,
        .merchant_id = merchant_id,
        .body_crc = crc_of(body),
    };
}

void sim_checker_acked(struct sim_checker *checker, const struct hk_command_ack *ack)
{
    struct sim_event *event = event_of(checker, &ack->id);
    uint32_t number = sim_event_number(&ack->id);
    if (!event->event_lsn || event->event_lsn > checker->lsn_durable)
        broken(checker, "event %u: acknowledged before it was durable", number);
    if (!event->is_acked)
        checker->acked++;
    event->is_acked = true;
}

static void plan_appended(struct sim_checker *checker, const struct hk_record *record)
{
    struct sim_event *event = event_of(checker, &record->plan.event);
    uint32_t number = sim_event_number(&record->plan.event);
    if (event->plan_lsn)
        broken(checker, "event %u: planned twice", number);
    const char *wrong = sim_decisions_written(&checker->decisions, number, &record->plan);
    if (wrong)
        broken(checker, "event %u: %s", number, wrong);
    checker->decided += record->plan.policy.size > 0 && record->plan.error.size == 0;
    hk_assert(record->plan.delivery_count <= SIM_FAN_OUT_MAX);
    event->plan_lsn = record->lsn;
    event->delivery_count = record->plan.delivery_count;
    for (uint32_t i = 0; i < event->delivery_count; i++) {
        const struct hk_plan_delivery *planned = &record->plan.deliveries[i];
        event->deliveries[i] = (struct sim_delivery){
            .endpoint = planned->endpoint,
            .own_crc = sim_payload_crc(planned->own),
            .end_lsn = planned->reason ? record->lsn : 0,
        };
    }
}

void sim_checker_asked(struct sim_checker *checker, const struct hk_policy_run *run, bool is_known)
{
    uint32_t number = sim_event_number(&run->event);
    const struct sim_event *event = &checker->events[number];
    checker->asked++;
    if (!is_known)
        broken(checker, "event %u: a policy %s of generation %u is asked, and there is none",
               number, run->policy, run->generation);
    if (run->phase == HK_PHASE_PLAN && event->plan_lsn)
        broken(checker, "event %u: a policy is asked again after it decided", number);
    if (run->phase == HK_PHASE_RETRY && !event->plan_lsn)
        broken(checker, "event %u: a policy is asked about no delivery", number);
    const char *wrong = sim_decisions_asked(&checker->decisions, number, run);
    if (wrong)
        broken(checker, "event %u: %s", number, wrong);
}

void sim_checker_answered(struct sim_checker *checker, uint32_t event, const struct hk_fact *fact)
{
    bool is_plan = fact->kind == HK_FACT_PLANNED;
    bool is_failure = fact->kind == HK_FACT_POLICY_FAILED;
    if (!is_plan && !(is_failure && fact->policy_failed.phase == HK_PHASE_PLAN))
        return;
    checker->held += is_failure;
    sim_decisions_answered(&checker->decisions, event, is_plan ? fact->planned.plan : NULL);
}

static void ended(struct sim_checker *checker, const struct hk_uuid *id, uint16_t number,
                  uint64_t lsn, enum hk_delivery_state state)
{
    struct sim_event *event = event_of(checker, id);
    if (number < 1 || number > event->delivery_count) {
        broken(checker, "event %u: a result of no delivery", sim_event_number(id));
        return;
    }
    struct sim_delivery *delivery = &event->deliveries[number - 1];
    if (delivery->end_lsn)
        broken(checker, "event %u.%u: ended twice", sim_event_number(id), number);
    if (!hk_delivery_state_is_terminal(state))
        return;
    delivery->end_lsn = lsn;
    delivery->ended_by_success = state == HK_DELIVERY_DELIVERED;
    if (delivery->ended_by_success && delivery->success_count == 0)
        broken(checker, "event %u.%u: delivered, but no receiver saw it", sim_event_number(id),
               number);
}

void sim_checker_appended(struct sim_checker *checker, const struct hk_record *record)
{
    switch (record->type) {
    case HK_RECORD_EVENT:
        event_of(checker, &record->event.id)->event_lsn = record->lsn;
        break;
    case HK_RECORD_PLAN:
        plan_appended(checker, record);
        break;
    case HK_RECORD_RESULT:
        if (record->result.attempt.class == HK_OUTCOME_INTERNAL)
            broken(checker, "event %u.%u: it could not be sent, and the disk is sound",
                   sim_event_number(&record->result.event), record->result.delivery);
        ended(checker, &record->result.event, record->result.delivery, record->lsn,
              record->result.state);
        break;
    case HK_RECORD_END:
        ended(checker, &record->end.event, record->end.delivery, record->lsn, record->end.state);
        break;
    case HK_RECORD_ENDPOINT:
    case HK_RECORD_ENDPOINT_DELETED:
        sim_decisions_endpoint(&checker->decisions, record);
        break;
    default:
        break;
    }
}

void sim_checker_durable(struct sim_checker *checker, uint64_t lsn)
{
    checker->lsn_durable = lsn;
}

void sim_checker_started(struct sim_checker *checker, const struct hk_command_start_attempt *start,
                         uint32_t number)
{
    uint32_t event_number = sim_event_number(&start->event);
    struct sim_event *event = &checker->events[event_number];
    checker->started++;
    if (!event->event_lsn || event->event_lsn > checker->lsn_durable)
        broken(checker, "event %u: sent before it was durable", event_number);
    if (!event->plan_lsn || event->plan_lsn > checker->lsn_durable)
        broken(checker, "event %u: sent before its plan was durable", event_number);
    if (number >= event->delivery_count) {
        broken(checker, "event %u: sent to an endpoint outside its plan", event_number);
        return;
    }
    struct sim_delivery *delivery = &event->deliveries[number];
    if (delivery->end_lsn)
        broken(checker, "event %u.%u: sent after its end", event_number, number + 1);
    if (start->attempt > delivery->attempt_last + 1) /* A lost START may be counted again. */
        broken(checker, "event %u.%u: attempt %u after %u", event_number, number + 1,
               start->attempt, delivery->attempt_last);
    if (start->attempt > checker->attempts_max)
        broken(checker, "event %u.%u: attempt %u", event_number, number + 1, start->attempt);
    if (crc_of(start->body) != event->body_crc)
        broken(checker, "event %u.%u: other bytes than were accepted", event_number, number + 1);
    if (sim_payload_crc(start->own) != delivery->own_crc)
        broken(checker, "event %u.%u: another payload than was planned", event_number, number + 1);
    delivery->attempt_last = start->attempt;
}

void sim_checker_taken(struct sim_checker *checker, uint32_t event, uint32_t number,
                       bool is_answer_lost)
{
    struct sim_delivery *delivery = &checker->events[event].deliveries[number];
    delivery->success_count++;
    if (delivery->success_count > 1) {
        checker->duplicates++;
        if (!delivery->is_unsure)
            broken(checker, "event %u.%u: a duplicate without need", event, number + 1);
    }
    delivery->is_unsure = is_answer_lost;
}

void sim_checker_looked_up(struct sim_checker *checker, const struct hk_event *shown)
{
    struct sim_event *event = event_of(checker, &shown->id);
    for (uint32_t i = 0; i < shown->delivery_count && i < event->delivery_count; i++) {
        struct sim_delivery *delivery = &event->deliveries[i];
        uint8_t state = (uint8_t)shown->deliveries[i].state;
        if (delivery->was_seen_ended && delivery->seen_state != state)
            broken(checker, "event %u.%u: was %s, is %s", sim_event_number(&shown->id), i + 1,
                   hk_delivery_state_word(delivery->seen_state), hk_delivery_state_word(state));
        delivery->was_seen_ended = hk_delivery_state_is_terminal(state);
        delivery->seen_state = state;
    }
}

static void forget_after(struct sim_event *event, uint64_t lsn)
{
    for (uint32_t i = 0; i < event->delivery_count; i++) {
        struct sim_delivery *delivery = &event->deliveries[i];
        bool is_kept = delivery->end_lsn && delivery->end_lsn <= lsn;
        if (!is_kept) {
            /* Its success may have been heard, or may be on its way: nobody will know. */
            delivery->is_unsure = true;
            delivery->end_lsn = 0;
        }
    }
    if (event->plan_lsn > lsn) {
        event->plan_lsn = 0;
        event->delivery_count = 0;
    }
}

void sim_checker_recovered(struct sim_checker *checker, uint64_t lsn)
{
    checker->crashes++;
    sim_decisions_forget(&checker->decisions, SIM_EVENTS_MAX);
    if (lsn < checker->lsn_durable)
        broken(checker, "record %llu was durable, but only %llu came back",
               (unsigned long long)checker->lsn_durable, (unsigned long long)lsn);
    for (uint32_t i = 0; i < SIM_EVENTS_MAX; i++) {
        struct sim_event *event = &checker->events[i];
        if (!event->is_used)
            continue;
        if (event->event_lsn > lsn) {
            if (event->is_acked)
                broken(checker, "event %u: acknowledged and lost", i);
            event->event_lsn = 0;
        }
        forget_after(event, lsn);
    }
    checker->lsn_durable = lsn;
}

void sim_checker_final(struct sim_checker *checker, uint32_t number, const struct hk_event *event)
{
    const struct sim_event *kept = &checker->events[number];
    if (!kept->is_acked)
        return;
    if (!event) {
        broken(checker, "event %u: acknowledged, and nobody knows it", number);
        return;
    }
    if (event->state != HK_EVENT_FINISHED && event->state != HK_EVENT_DROPPED)
        broken(checker, "event %u: is %s at the end", number, hk_event_state_word(event->state));
    for (uint32_t i = 0; i < event->delivery_count; i++) {
        enum hk_delivery_state state = event->deliveries[i].state;
        if (!hk_delivery_state_is_terminal(state))
            broken(checker, "event %u.%u: is %s at the end", number, i + 1,
                   hk_delivery_state_word(state));
        if (state == HK_DELIVERY_DELIVERED && kept->deliveries[i].success_count == 0)
            broken(checker, "event %u.%u: delivered, but no receiver saw it", number, i + 1);
        checker->delivered += state == HK_DELIVERY_DELIVERED;
        checker->dead += state == HK_DELIVERY_DEAD;
        checker->dropped += state == HK_DELIVERY_DROPPED;
    }
}
