// SPDX-License-Identifier: Apache-2.0
#include "support_log.h"

#include "base/alloc.h"
#include "support_cmocka.h"

#include <stdlib.h>

struct hk_location kept_location(uint64_t lsn)
{
    return (struct hk_location){ lsn, (uint32_t)(lsn * 8) };
}

static struct hk_event *event_new(uint32_t delivery_count, uint32_t attempt_count)
{
    size_t size = sizeof(struct hk_event) + delivery_count * sizeof(struct hk_delivery) +
                  attempt_count * sizeof(struct hk_attempt);
    return hk_alloc_zero_or_die(1, size);
}

struct hk_event *kept_event_copy(const struct hk_event *event)
{
    uint32_t attempt_count = 0;
    for (uint32_t i = 0; i < event->delivery_count; i++)
        attempt_count += event->deliveries[i].kept_count;
    struct hk_event *copy = event_new(event->delivery_count, attempt_count);
    *copy = *event;
    copy->body = event->body ? hk_body_ref(event->body) : NULL;
    copy->policy = hk_strdup_or_die(event->policy);
    copy->plan = NULL;
    copy->error = NULL; /* Never stored. */
    copy->deliveries = (struct hk_delivery *)(copy + 1);
    struct hk_attempt *attempts = (struct hk_attempt *)(copy->deliveries + event->delivery_count);
    for (uint32_t i = 0; i < event->delivery_count; i++) {
        struct hk_delivery *delivery = &copy->deliveries[i];
        *delivery = event->deliveries[i];
        delivery->url = hk_strdup_or_die(event->deliveries[i].url);
        delivery->attempts = attempts;
        for (uint32_t k = 0; k < delivery->kept_count; k++) {
            attempts[k] = event->deliveries[i].attempts[k];
            if (attempts[k].detail)
                hk_body_ref(attempts[k].detail);
        }
        attempts += delivery->kept_count;
    }
    return copy;
}

static void keep_event(struct kept_record *kept)
{
    struct hk_record_event *event = &kept->record.event;
    kept->body = hk_body_new(event->head, event->text);
    event->head = hk_body_head(kept->body);
    event->text = hk_body_text(kept->body);
}

static void keep_plan(struct kept_record *kept)
{
    kept->plan = hk_plan_clone(&kept->record.plan);
    kept->record.plan = *kept->plan;
}

static void keep_result(struct kept_record *kept)
{
    struct hk_record_result *result = &kept->record.result;
    result->attempt.detail = NULL;
    kept->body = hk_body_new(result->error, result->response);
    result->error = hk_body_head(kept->body);
    result->response = hk_body_text(kept->body);
}

static void keep_parts(struct kept_record *kept)
{
    struct hk_record *record = &kept->record;
    switch (record->type) {
    case HK_RECORD_EVENT:
        keep_event(kept);
        break;
    case HK_RECORD_PLAN:
        keep_plan(kept);
        break;
    case HK_RECORD_RESULT:
        keep_result(kept);
        break;
    case HK_RECORD_MERCHANT:
        hk_merchant_clone(&kept->merchant, record->merchant);
        record->merchant = &kept->merchant;
        break;
    case HK_RECORD_ENDPOINT:
        hk_endpoint_clone(&kept->endpoint, record->endpoint);
        record->endpoint = &kept->endpoint;
        break;
    case HK_RECORD_STATE:
        kept->event = kept_event_copy(record->state);
        record->state = kept->event;
        break;
    default:
        break;
    }
}

void kept_log_add(struct kept_log *log, const struct hk_record *record)
{
    if (log->count == log->capacity) {
        log->capacity = log->capacity ? log->capacity * 2 : 64;
        log->items = hk_realloc_or_die(log->items, log->capacity, sizeof(*log->items));
    }
    struct kept_record *kept = hk_alloc_zero_or_die(1, sizeof(*kept));
    kept->record = *record;
    kept->location = kept_location(record->lsn);
    keep_parts(kept);
    log->items[log->count++] = kept;
}

void kept_log_fini(struct kept_log *log)
{
    for (uint32_t i = 0; i < log->count; i++) {
        struct kept_record *kept = log->items[i];
        hk_body_unref(kept->body);
        hk_plan_free(kept->plan);
        hk_merchant_fini(&kept->merchant);
        hk_endpoint_fini(&kept->endpoint);
        hk_event_free(kept->event);
        hk_free(kept);
    }
    hk_free(log->items);
    *log = (struct kept_log){ 0 };
}

static int compare_u64(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_rows(const void *left, const void *right)
{
    const struct hk_record *a = &(*(struct kept_record *const *)left)->record;
    const struct hk_record *b = &(*(struct kept_record *const *)right)->record;
    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    switch (a->type) {
    case HK_RECORD_MERCHANT:
        return compare_u64(a->merchant->id, b->merchant->id);
    case HK_RECORD_ENDPOINT:
        return hk_uuid_compare(&a->endpoint->uuid, &b->endpoint->uuid);
    case HK_RECORD_KEY:
        return hk_uuid_compare(&a->key.id, &b->key.id);
    case HK_RECORD_IDEMPOTENCY:
        return hk_uuid_compare(&a->idempotency.event, &b->idempotency.event);
    case HK_RECORD_STATE:
        return hk_uuid_compare(&a->state->id, &b->state->id);
    default:
        return 0;
    }
}

void kept_log_sort(struct kept_log *log)
{
    qsort(log->items, log->count, sizeof(struct kept_record *), compare_rows);
}

void kept_log_blur(struct kept_log *log)
{
    for (uint32_t i = 0; i < log->count; i++) {
        struct hk_event *event = log->items[i]->event;
        if (event)
            event->is_orphan = false;
        for (uint32_t k = 0; event && k < event->delivery_count; k++)
            if (event->deliveries[k].reason == HK_REASON_MERCHANT_DELETED)
                event->deliveries[k].reason = HK_REASON_ENDPOINT_DELETED;
    }
}

static void assert_same_bodies(const struct hk_body *a, const struct hk_body *b)
{
    /* An empty detail and none are the same thing once written down. */
    struct hk_slice empty = HK_SLICE_EMPTY;
    assert_true(hk_slice_is_equal(a ? hk_body_head(a) : empty, b ? hk_body_head(b) : empty));
    assert_true(hk_slice_is_equal(a ? hk_body_text(a) : empty, b ? hk_body_text(b) : empty));
}

static void assert_same_attempts(const struct hk_attempt *a, const struct hk_attempt *b)
{
    assert_int_equal(a->number, b->number);
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->class, b->class);
    assert_int_equal(a->started_at.ms, b->started_at.ms);
    assert_memory_equal(&a->timings, &b->timings, sizeof(a->timings));
    assert_same_bodies(a->detail, b->detail);
}

static void assert_same_deliveries(const struct hk_delivery *a, const struct hk_delivery *b)
{
    assert_int_equal(a->number, b->number);
    assert_memory_equal(&a->endpoint, &b->endpoint, sizeof(a->endpoint));
    assert_int_equal(a->role, b->role);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->reason, b->reason);
    assert_int_equal(a->attempt_count, b->attempt_count);
    assert_int_equal(a->waiting_since.ms + a->delay_ms, b->waiting_since.ms + b->delay_ms);
    assert_int_equal(a->has_own, b->has_own);
    assert_int_equal(a->kept_count, b->kept_count);
    for (uint32_t i = 0; i < a->kept_count; i++)
        assert_same_attempts(&a->attempts[i], &b->attempts[i]);
}

static void assert_same_texts(const char *a, const char *b)
{
    assert_int_equal(a == NULL, b == NULL);
    if (a)
        assert_string_equal(a, b);
}

static bool is_unplanned(const struct hk_event *event)
{
    return event->state == HK_EVENT_PLANNING || event->state == HK_EVENT_HELD;
}

/* Nothing of what goes on before the plan is in the log: held and planning are one there, and so is
 * who was asked. */
static void assert_same_plans(const struct hk_event *a, const struct hk_event *b)
{
    assert_int_equal(is_unplanned(a), is_unplanned(b));
    if (is_unplanned(a))
        return;
    assert_int_equal(a->state, b->state);
    assert_same_texts(a->policy, b->policy);
    assert_int_equal(a->generation, b->generation);
    assert_int_equal(a->plan_location.lsn, b->plan_location.lsn);
    if (a->plan_location.lsn)
        assert_int_equal(a->plan_location.offset, b->plan_location.offset);
}

static void assert_same_events(const struct hk_event *a, const struct hk_event *b)
{
    assert_memory_equal(&a->id, &b->id, sizeof(a->id));
    assert_int_equal(a->merchant_id, b->merchant_id);
    assert_int_equal(a->is_orphan, b->is_orphan);
    assert_int_equal(a->lsn, b->lsn);
    assert_same_plans(a, b);
    assert_int_equal(a->reason, b->reason);
    assert_int_equal(a->received_at.ms, b->received_at.ms);
    assert_int_equal(a->deliver_before.ms, b->deliver_before.ms);
    assert_int_equal(a->location.lsn, b->location.lsn);
    assert_int_equal(a->location.offset, b->location.offset);
    assert_int_equal(a->delivery_count, b->delivery_count);
    for (uint32_t i = 0; i < a->delivery_count; i++)
        assert_same_deliveries(&a->deliveries[i], &b->deliveries[i]);
}

static void assert_same_merchants(const struct hk_merchant *a, const struct hk_merchant *b)
{
    assert_int_equal(a->id, b->id);
    assert_same_texts(a->name, b->name);
    assert_same_texts(a->policy, b->policy);
    assert_int_equal(a->verified, b->verified);
    assert_int_equal(a->created_at.ms, b->created_at.ms);
    assert_int_equal(a->updated_at.ms, b->updated_at.ms);
}

static void assert_same_endpoints(const struct hk_endpoint *a, const struct hk_endpoint *b)
{
    assert_memory_equal(&a->uuid, &b->uuid, sizeof(a->uuid));
    assert_int_equal(a->merchant_id, b->merchant_id);
    assert_same_texts(a->url, b->url);
    assert_same_texts(a->url_normal, b->url_normal);
    assert_int_equal(a->enabled, b->enabled);
    assert_int_equal(a->role, b->role);
    assert_int_equal(a->concurrency, b->concurrency);
    assert_int_equal(a->attempts, b->attempts);
    assert_int_equal(a->created_at.ms, b->created_at.ms);
    assert_int_equal(a->updated_at.ms, b->updated_at.ms);
}

static void assert_same_records(const struct hk_record *a, const struct hk_record *b)
{
    assert_int_equal(a->type, b->type);
    switch (a->type) {
    case HK_RECORD_MERCHANT:
        assert_same_merchants(a->merchant, b->merchant);
        break;
    case HK_RECORD_ENDPOINT:
        assert_same_endpoints(a->endpoint, b->endpoint);
        break;
    case HK_RECORD_KEY:
        assert_memory_equal(&a->key, &b->key, sizeof(a->key));
        break;
    case HK_RECORD_IDEMPOTENCY:
        assert_memory_equal(&a->idempotency, &b->idempotency, sizeof(a->idempotency));
        break;
    case HK_RECORD_STATE:
        assert_same_events(a->state, b->state);
        break;
    default:
        fail_msg("a snapshot row of type %d", (int)a->type);
    }
}

/* Tells which row only one of them has; a count alone would not help. */
static void assert_same_keys(const struct kept_log *one, const struct kept_log *other)
{
    for (uint32_t i = 0; i < one->count && i < other->count; i++) {
        int order = compare_rows(&one->items[i], &other->items[i]);
        const struct kept_record *alone = order < 0 ? one->items[i] : other->items[i];
        if (order)
            fail_msg("only the %s has a row of type %d: lsn %llu of the row, %llu of the event",
                     order < 0 ? "one" : "other", (int)alone->record.type,
                     (unsigned long long)alone->record.lsn,
                     (unsigned long long)(alone->event ? alone->event->lsn : 0));
    }
}

void assert_same_rows(struct kept_log *one, struct kept_log *other)
{
    kept_log_sort(one);
    kept_log_sort(other);
    assert_same_keys(one, other);
    assert_int_equal(one->count, other->count);
    for (uint32_t i = 0; i < one->count; i++)
        assert_same_records(&one->items[i]->record, &other->items[i]->record);
}
