// SPDX-License-Identifier: Apache-2.0
#include "support_watch.h"

#include "base/alloc.h"
#include "support_cmocka.h"

void watch_fini(struct watch *watch)
{
    for (uint32_t i = 0; i < watch->event_count; i++)
        hk_free(watch->events[i].deliveries);
    hk_free(watch->events);
    hk_free(watch->endpoints);
    *watch = (struct watch){ 0 };
}

/* Events of a test carry their number in their id; some were refused, so their place is at most
 * that, and near it. */
struct watch_event *watch_event_find(const struct watch *watch, const struct hk_uuid *id)
{
    uint32_t number;
    memcpy(&number, &id->bytes[12], sizeof(number));
    for (uint32_t i = number < watch->event_count ? number : watch->event_count; i > 0; i--)
        if (hk_uuid_is_equal(&watch->events[i - 1].id, id))
            return &watch->events[i - 1];
    return NULL;
}

struct watch_endpoint *watch_endpoint_find(const struct watch *watch, const struct hk_uuid *uuid)
{
    for (uint32_t i = 0; i < watch->endpoint_count; i++)
        if (hk_uuid_is_equal(&watch->endpoints[i].uuid, uuid))
            return &watch->endpoints[i];
    return NULL;
}

static struct watch_event *event_of(const struct watch *watch, const struct hk_uuid *id)
{
    struct watch_event *event = watch_event_find(watch, id);
    assert_non_null(event);
    return event;
}

static struct watch_delivery *delivery_of(const struct watch *watch, const struct hk_uuid *id,
                                          uint16_t number)
{
    const struct watch_event *event = event_of(watch, id);
    assert_in_range(number, 1, event->delivery_count);
    return &event->deliveries[number - 1];
}

static void note_event(struct watch *watch, const struct hk_record *record)
{
    assert_null(watch_event_find(watch, &record->event.id));
    if (watch->event_count == watch->event_capacity) {
        watch->event_capacity = watch->event_capacity ? watch->event_capacity * 2 : 64;
        watch->events =
            hk_realloc_or_die(watch->events, watch->event_capacity, sizeof(*watch->events));
    }
    watch->events[watch->event_count++] = (struct watch_event){
        .id = record->event.id,
        .merchant_id = record->event.merchant_id,
        .lsn = record->lsn,
    };
}

/* Whose it is was asked, and with that generation, unless nobody decided anything. */
static void check_policy(const struct watch_event *event, const struct hk_plan *plan)
{
    bool is_decided = plan->error.size == 0 && plan->reason != HK_REASON_EXPIRED &&
                      plan->reason != HK_REASON_MERCHANT_DELETED;
    if (plan->policy.size == 0 || !is_decided)
        return;
    assert_true(hk_slice_is_equal(plan->policy, hk_slice_of(event->asked)));
    assert_int_equal(plan->generation, event->asked_generation);
}

/* Promise 4: once. */
static void note_plan(struct watch *watch, const struct hk_record *record)
{
    const struct hk_plan *plan = &record->plan;
    struct watch_event *event = event_of(watch, &plan->event);
    assert_int_equal(event->plan_lsn, 0);
    event->plan_lsn = record->lsn;
    event->plan_reason = plan->reason;
    event->delivery_count = plan->delivery_count;
    event->deliveries = hk_alloc_zero_or_die(plan->delivery_count + 1, sizeof(*event->deliveries));
    for (uint32_t i = 0; i < plan->delivery_count; i++) {
        const struct watch_endpoint *endpoint =
            watch_endpoint_find(watch, &plan->deliveries[i].endpoint);
        assert_non_null(endpoint);
        assert_int_equal(endpoint->merchant_id, event->merchant_id);
        event->deliveries[i].endpoint = (uint32_t)(endpoint - watch->endpoints);
        event->deliveries[i].role = plan->deliveries[i].role;
        if (plan->deliveries[i].reason == HK_REASON_NONE)
            continue;
        assert_int_equal(plan->deliveries[i].reason, HK_REASON_SKIPPED_BY_POLICY);
        event->deliveries[i].state = HK_DELIVERY_DROPPED;
        event->deliveries[i].reason = HK_REASON_SKIPPED_BY_POLICY;
    }
}

/* Promise 3, and attempts are numbered without a gap. */
static void note_start(struct watch *watch, const struct hk_record *record)
{
    const struct hk_record_start *start = &record->start;
    struct watch_delivery *delivery = delivery_of(watch, &start->event, start->delivery);
    assert_false(hk_delivery_state_is_terminal(delivery->state));
    assert_false(delivery->is_running);
    assert_int_equal(start->attempt, delivery->attempts + 1);
    assert_true(start->attempt <= HK_ATTEMPTS_MAX);
    delivery->attempts++;
    delivery->is_running = true;
}

static void note_result(struct watch *watch, const struct hk_record *record)
{
    const struct hk_record_result *result = &record->result;
    struct watch_delivery *delivery = delivery_of(watch, &result->event, result->delivery);
    assert_false(hk_delivery_state_is_terminal(delivery->state));
    if (!delivery->is_running) /* Its body could not be read: it never began. */
        delivery->attempts++;
    delivery->is_running = false;
    delivery->results++;
    assert_int_equal(result->attempt.number, delivery->attempts);
    assert_int_equal(delivery->results, delivery->attempts);
    assert_true(result->state == HK_DELIVERY_WAITING ||
                hk_delivery_state_is_terminal(result->state));
    delivery->state = result->state;
    delivery->reason = result->reason;
}

static void note_end(struct watch *watch, const struct hk_record *record)
{
    const struct hk_record_end *end = &record->end;
    struct watch_delivery *delivery = delivery_of(watch, &end->event, end->delivery);
    assert_false(hk_delivery_state_is_terminal(delivery->state));
    assert_true(hk_delivery_state_is_terminal(end->state));
    assert_false(delivery->is_running);
    delivery->state = end->state;
    delivery->reason = end->reason;
}

static void note_wait(struct watch *watch, const struct hk_record *record)
{
    const struct hk_record_wait *wait = &record->wait;
    const struct watch_delivery *delivery = delivery_of(watch, &wait->event, wait->delivery);
    assert_int_equal(delivery->state, HK_DELIVERY_WAITING);
    assert_false(delivery->is_running);
    assert_int_equal(wait->attempt, delivery->attempts);
    assert_true(wait->delay_ms >= 0);
}

static void note_endpoint(struct watch *watch, const struct hk_endpoint *value)
{
    struct watch_endpoint *endpoint = watch_endpoint_find(watch, &value->uuid);
    if (!endpoint) {
        watch->endpoints = hk_realloc_or_die(watch->endpoints, watch->endpoint_count + 1,
                                             sizeof(*watch->endpoints));
        endpoint = &watch->endpoints[watch->endpoint_count++];
        *endpoint = (struct watch_endpoint){ .uuid = value->uuid };
    }
    assert_false(endpoint->is_deleted);
    endpoint->merchant_id = value->merchant_id;
    endpoint->is_enabled = value->enabled;
    endpoint->concurrency = value->concurrency;
}

static void note_merchant_deleted(struct watch *watch, uint64_t merchant_id)
{
    for (uint32_t i = 0; i < watch->endpoint_count; i++)
        if (watch->endpoints[i].merchant_id == merchant_id)
            watch->endpoints[i].is_deleted = true;
}

void watch_record(struct watch *watch, const struct hk_record *record, bool is_new)
{
    if (is_new)
        assert_int_equal(record->lsn, watch->lsn_last + 1);
    watch->lsn_last = record->lsn;
    switch (record->type) {
    case HK_RECORD_EVENT:
        note_event(watch, record);
        break;
    case HK_RECORD_PLAN:
        if (is_new)
            check_policy(event_of(watch, &record->plan.event), &record->plan);
        note_plan(watch, record);
        break;
    case HK_RECORD_START:
        note_start(watch, record);
        break;
    case HK_RECORD_RESULT:
        note_result(watch, record);
        break;
    case HK_RECORD_END:
        note_end(watch, record);
        break;
    case HK_RECORD_WAIT:
        note_wait(watch, record);
        break;
    case HK_RECORD_ENDPOINT:
        note_endpoint(watch, record->endpoint);
        break;
    case HK_RECORD_ENDPOINT_DELETED:
        watch_endpoint_find(watch, &record->endpoint_deleted)->is_deleted = true;
        break;
    case HK_RECORD_MERCHANT_DELETED:
        note_merchant_deleted(watch, record->merchant_deleted);
        break;
    default:
        break;
    }
}

/* Promise 1. */
void watch_ack(const struct watch *watch, const struct hk_command_ack *ack)
{
    const struct watch_event *event = event_of(watch, &ack->id);
    assert_true(event->lsn != 0 && event->lsn <= watch->lsn_durable);
}

/* It is shown the merchant's primary endpoints that are enabled, and nobody else's. */
static void check_shown(const struct watch *watch, const struct hk_policy_run *run)
{
    for (uint32_t i = 0; i < run->endpoint_count; i++) {
        const struct watch_endpoint *endpoint = watch_endpoint_find(watch, &run->endpoints[i].uuid);
        assert_non_null(endpoint);
        assert_int_equal(endpoint->merchant_id, run->merchant_id);
        assert_int_equal(run->endpoints[i].role, HK_ROLE_PRIMARY);
        if (run->phase == HK_PHASE_PLAN)
            assert_true(endpoint->is_enabled && !endpoint->is_deleted);
    }
}

/* Promise 4: what is decided is not asked again. */
void watch_run(struct watch *watch, const struct hk_policy_run *run)
{
    struct watch_event *event = event_of(watch, &run->event);
    assert_int_equal(event->merchant_id, run->merchant_id);
    assert_true(run->generation > 0);
    check_shown(watch, run);
    if (run->phase == HK_PHASE_RETRY) {
        assert_int_equal(run->endpoint_count, 1);
        assert_true(event->plan_lsn != 0 && event->plan_lsn <= watch->lsn_durable);
        assert_int_equal(delivery_of(watch, &run->event, run->attempt.delivery)->state,
                         HK_DELIVERY_WAITING);
        return;
    }
    assert_int_equal(event->plan_lsn, 0);
    assert_false(event->is_asked);
    event->is_asked = true;
    event->asked_generation = run->generation;
    assert_true(strlen(run->policy) < sizeof(event->asked));
    memcpy(event->asked, run->policy, strlen(run->policy) + 1);
}

void watch_answered(struct watch *watch, const struct hk_uuid *event, enum hk_policy_phase phase)
{
    if (phase == HK_PHASE_PLAN)
        event_of(watch, event)->is_asked = false;
}

/* Promises 2 and 3, and the caps. */
void watch_start(struct watch *watch, const struct hk_command_start_attempt *start)
{
    const struct watch_event *event = NULL;
    struct watch_endpoint *endpoint = NULL;
    for (uint32_t i = 0; i < watch->endpoint_count; i++)
        if (watch->endpoints[i].slot_id == start->endpoint)
            endpoint = &watch->endpoints[i];
    event = event_of(watch, &start->event);
    assert_true(event->plan_lsn != 0);
    assert_true(event->lsn <= watch->lsn_durable && event->plan_lsn <= watch->lsn_durable);
    assert_non_null(endpoint);
    assert_false(endpoint->is_deleted);
    assert_true(endpoint->is_enabled);
    uint32_t cap =
        endpoint->concurrency ? endpoint->concurrency : watch->options.endpoint_concurrency;
    assert_true(++endpoint->running <= cap);
    assert_true(++watch->running <= watch->options.concurrency);
    if (watch->running > watch->running_max)
        watch->running_max = watch->running;
    uint32_t index = (uint32_t)(endpoint - watch->endpoints);
    const struct watch_delivery *delivery = NULL;
    for (uint32_t i = 0; i < event->delivery_count; i++)
        if (event->deliveries[i].endpoint == index)
            delivery = &event->deliveries[i];
    assert_non_null(delivery);
    assert_true(delivery->is_running); /* START was appended before it. */
    assert_int_equal(delivery->attempts, start->attempt);
}

void watch_ended(struct watch *watch, const struct hk_uuid *event, uint16_t delivery)
{
    watch->endpoints[delivery_of(watch, event, delivery)->endpoint].running--;
    watch->running--;
}

void watch_endpoint_set(struct watch *watch, const struct hk_command_endpoint_set *set)
{
    struct watch_endpoint *endpoint = watch_endpoint_find(watch, &set->value->uuid);
    assert_non_null(endpoint);
    assert_true(endpoint->slot_id == 0 || endpoint->slot_id == set->endpoint);
    endpoint->slot_id = set->endpoint;
}

void watch_endpoint_drop(struct watch *watch, uint64_t slot_id)
{
    for (uint32_t i = 0; i < watch->endpoint_count; i++) {
        if (watch->endpoints[i].slot_id != slot_id)
            continue;
        watch->endpoints[i].slot_id = 0;
        return;
    }
    fail_msg("ENDPOINT_DROP of an endpoint that was never told");
}
