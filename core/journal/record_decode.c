// SPDX-License-Identifier: Apache-2.0
#include "journal/record.h"

#include "base/unpack.h"
#include "model/payload.h"

/** Least bytes of an encoded element, so that a claimed count cannot reserve much more memory than
 * there are bytes. */
enum {
    DELIVERY_BYTES_MIN = 28,
    ATTEMPT_BYTES_MIN = 12,
    PAIR_BYTES_MIN = 3,
    PLANNED_BYTES_MIN = 20
};

/** What is read, and where what it needs in memory goes. */
struct reading {
    struct hk_unpack unpack;
    struct hk_scratch *scratch;
    bool is_out_of_memory;
};

uint32_t hk__record_element_count(unsigned type)
{
    static const uint8_t counts[HK_RECORD_TYPE_LAST + 1] = {
        [HK_RECORD_EVENT] = 9,
        [HK_RECORD_PLAN] = 7,
        [HK_RECORD_START] = 6,
        [HK_RECORD_RESULT] = 9,
        [HK_RECORD_STATE] = 20,
        [HK_RECORD_MERCHANT] = 9,
        [HK_RECORD_MERCHANT_DELETED] = 4,
        [HK_RECORD_KEY] = 7,
        [HK_RECORD_KEY_DELETED] = 4,
        [HK_RECORD_ENDPOINT] = 33,
        [HK_RECORD_ENDPOINT_DELETED] = 4,
        [HK_RECORD_IDEMPOTENCY] = 9,
        [HK_RECORD_END] = 7,
        [HK_RECORD_WAIT] = 7,
    };
    return type <= HK_RECORD_TYPE_LAST ? counts[type] : 0;
}

/* A scratch that is out of memory looks to the readers like a fault, so that they stop. */
static void *checked(struct reading *reading, void *memory)
{
    if (memory == NULL) {
        reading->is_out_of_memory = !reading->unpack.is_bad;
        hk_unpack_refuse(&reading->unpack);
    }
    return memory;
}

/** Takes zeroed memory for a list; NULL for an empty one and after a fault. */
static void *take_list(struct reading *reading, uint32_t count, size_t size)
{
    if (count == 0 || reading->unpack.is_bad)
        return NULL;
    return checked(reading, hk_scratch_take(reading->scratch, count, size));
}

static char *get_text(struct reading *reading)
{
    struct hk_slice text = hk_unpack_text(&reading->unpack);
    if (reading->unpack.is_bad)
        return NULL;
    return checked(reading, hk_scratch_text(reading->scratch, text));
}

static char *get_text_or_nil(struct reading *reading)
{
    return hk_unpack_nil(&reading->unpack) ? NULL : get_text(reading);
}

static struct hk_wall get_wall(struct reading *reading)
{
    return (struct hk_wall){ hk_unpack_i64(&reading->unpack) };
}

static struct hk_uuid get_uuid(struct reading *reading)
{
    struct hk_uuid uuid = { { 0 } };
    hk_unpack_bytes(&reading->unpack, uuid.bytes, sizeof(uuid.bytes));
    return uuid;
}

static struct hk_location get_location(struct reading *reading)
{
    uint64_t lsn = hk_unpack_u64(&reading->unpack, UINT64_MAX);
    return (struct hk_location){ lsn, hk_unpack_u32(&reading->unpack) };
}

/** Takes a value of an enumeration that goes from 0 to `last`. */
static unsigned get_enum(struct reading *reading, unsigned last)
{
    return (unsigned)hk_unpack_u64(&reading->unpack, last);
}

static enum hk_reason get_reason(struct reading *reading)
{
    return (enum hk_reason)get_enum(reading, HK_REASON_GONE);
}

static enum hk_role get_role(struct reading *reading)
{
    return (enum hk_role)get_enum(reading, HK_ROLE_DEAD_LETTER);
}

static enum hk_delivery_state get_delivery_state(struct reading *reading)
{
    return (enum hk_delivery_state)get_enum(reading, HK_DELIVERY_DROPPED);
}

static void get_event(struct reading *reading, struct hk_record_event *event)
{
    struct hk_unpack *unpack = &reading->unpack;
    event->id = get_uuid(reading);
    event->merchant_id = hk_unpack_u64(unpack, UINT64_MAX);
    event->deliver_before = get_wall(reading);
    event->has_idempotency = !hk_unpack_nil(unpack);
    if (event->has_idempotency) {
        hk_unpack_array_of(unpack, 3);
        event->idempotency_key[0] = hk_unpack_u64(unpack, UINT64_MAX);
        event->idempotency_key[1] = hk_unpack_u64(unpack, UINT64_MAX);
        event->idempotency_body = hk_unpack_u64(unpack, UINT64_MAX);
    }
    event->head = hk_unpack_bin(unpack);
    event->text = hk_unpack_bin(unpack);
}

/** Takes head and text; both are nil where there is no body. */
static struct hk_body *get_body_or_nil(struct reading *reading)
{
    if (hk_unpack_nil(&reading->unpack)) {
        if (!hk_unpack_nil(&reading->unpack))
            hk_unpack_refuse(&reading->unpack);
        return NULL;
    }
    struct hk_slice head = hk_unpack_bin(&reading->unpack);
    struct hk_slice text = hk_unpack_bin(&reading->unpack);
    if (reading->unpack.is_bad)
        return NULL;
    return checked(reading, hk_scratch_body(reading->scratch, head, text));
}

/** Takes what a policy said about the whole plan. One that said nothing is written as nil only. */
static void get_plan_policy(struct reading *reading, struct hk_plan *plan)
{
    struct hk_unpack *unpack = &reading->unpack;
    if (hk_unpack_nil(unpack))
        return;
    hk_unpack_array_of(unpack, 5);
    plan->policy = hk_unpack_text(unpack);
    plan->generation = hk_unpack_u32(unpack);
    plan->hooks = hk_unpack_u32(unpack);
    plan->why = hk_unpack_bin(unpack);
    plan->error = hk_unpack_bin(unpack);
    if (plan->policy.size == 0 && plan->generation == 0 && plan->hooks == 0 &&
        plan->why.size == 0 && plan->error.size == 0)
        hk_unpack_refuse(unpack);
}

/** Takes a payload, or two nils. */
static struct hk_body *get_own(struct reading *reading)
{
    struct hk_body *own = get_body_or_nil(reading);
    if (own != NULL && !hk_payload_is_valid(own)) {
        hk_unpack_refuse(&reading->unpack);
        return NULL;
    }
    return own;
}

static void get_planned(struct reading *reading, struct hk_plan_delivery *planned)
{
    struct hk_unpack *unpack = &reading->unpack;
    uint32_t count = hk_unpack_array(unpack, 1);
    if (count != 2 && count != 6)
        hk_unpack_refuse(unpack);
    planned->endpoint = get_uuid(reading);
    planned->role = get_role(reading);
    if (count != 6)
        return;
    planned->reason = get_reason(reading);
    planned->why = hk_unpack_bin(unpack);
    planned->own = get_own(reading);
    if (planned->reason == HK_REASON_NONE && planned->why.size == 0 && planned->own == NULL)
        hk_unpack_refuse(unpack);
}

static void get_plan(struct reading *reading, struct hk_plan *plan)
{
    plan->event = get_uuid(reading);
    plan->reason = get_reason(reading);
    get_plan_policy(reading, plan);
    plan->delivery_count = hk_unpack_array(&reading->unpack, PLANNED_BYTES_MIN);
    struct hk_plan_delivery *deliveries =
        take_list(reading, plan->delivery_count, sizeof(*deliveries));
    plan->deliveries = deliveries;
    for (uint32_t i = 0; deliveries != NULL && i < plan->delivery_count; i++)
        get_planned(reading, &deliveries[i]);
}

/** Error and response follow. */
static void get_attempt(struct reading *reading, struct hk_attempt *attempt)
{
    struct hk_unpack *unpack = &reading->unpack;
    hk_unpack_array_of(unpack, 11);
    attempt->number = hk_unpack_u16(unpack);
    attempt->status = hk_unpack_u16(unpack);
    attempt->class = (enum hk_outcome_class)get_enum(reading, HK_OUTCOME_INTERNAL);
    attempt->started_at = get_wall(reading);
    attempt->timings.dns_us = hk_unpack_u32(unpack);
    attempt->timings.connect_us = hk_unpack_u32(unpack);
    attempt->timings.tls_us = hk_unpack_u32(unpack);
    attempt->timings.first_byte_us = hk_unpack_u32(unpack);
    attempt->timings.total_us = hk_unpack_u32(unpack);
    attempt->detail = NULL;
}

static void get_result(struct reading *reading, struct hk_record_result *result)
{
    result->event = get_uuid(reading);
    result->delivery = hk_unpack_u16(&reading->unpack);
    get_attempt(reading, &result->attempt);
    result->error = hk_unpack_bin(&reading->unpack);
    result->response = hk_unpack_bin(&reading->unpack);
    result->state = get_delivery_state(reading);
    result->reason = get_reason(reading);
    result->delay_ms = hk_unpack_i64(&reading->unpack);
}

static void get_delivery(struct reading *reading, struct hk_delivery *delivery)
{
    struct hk_unpack *unpack = &reading->unpack;
    hk_unpack_array_of(unpack, 10);
    delivery->number = hk_unpack_u16(unpack);
    delivery->endpoint = get_uuid(reading);
    delivery->role = get_role(reading);
    delivery->state = get_delivery_state(reading);
    delivery->reason = get_reason(reading);
    delivery->attempt_count = hk_unpack_u16(unpack);
    delivery->waiting_since = get_wall(reading);
    delivery->delay_ms = hk_unpack_i64(unpack);
    delivery->has_own = hk_unpack_bool(unpack);
    delivery->kept_count = hk_unpack_array(unpack, ATTEMPT_BYTES_MIN);
    delivery->attempts = take_list(reading, delivery->kept_count, sizeof(*delivery->attempts));
    for (uint32_t i = 0; delivery->attempts != NULL && i < delivery->kept_count; i++) {
        get_attempt(reading, &delivery->attempts[i]);
        delivery->attempts[i].detail = get_body_or_nil(reading);
    }
}

/** Takes what stands before head and text. The policy's name stays where it is: at NULL is none. */
static struct hk_slice get_state_front(struct reading *reading, struct hk_event *event)
{
    struct hk_slice policy = { NULL, 0 };
    struct hk_unpack *unpack = &reading->unpack;
    event->id = get_uuid(reading);
    event->merchant_id = hk_unpack_u64(unpack, UINT64_MAX);
    event->is_orphan = hk_unpack_bool(unpack);
    event->lsn = hk_unpack_u64(unpack, UINT64_MAX);
    event->state = (enum hk_event_state)get_enum(reading, HK_EVENT_FINISHED);
    event->reason = get_reason(reading);
    event->received_at = get_wall(reading);
    event->deliver_before = get_wall(reading);
    event->location = get_location(reading);
    if (!hk_unpack_nil(unpack))
        policy = hk_unpack_text(unpack);
    event->generation = hk_unpack_u32(unpack);
    event->plan_location = get_location(reading);
    return policy;
}

static const struct hk_event *get_state(struct reading *reading)
{
    struct hk_event *event = take_list(reading, 1, sizeof(*event));
    if (event == NULL)
        return NULL;
    struct hk_slice policy = get_state_front(reading, event);
    if (policy.at != NULL && !reading->unpack.is_bad)
        event->policy = checked(reading, hk_scratch_text(reading->scratch, policy));
    event->body = get_body_or_nil(reading);
    event->delivery_count = hk_unpack_array(&reading->unpack, DELIVERY_BYTES_MIN);
    event->deliveries = take_list(reading, event->delivery_count, sizeof(*event->deliveries));
    for (uint32_t i = 0; event->deliveries != NULL && i < event->delivery_count; i++)
        get_delivery(reading, &event->deliveries[i]);
    return event;
}

static const struct hk_merchant *get_merchant(struct reading *reading)
{
    struct hk_merchant *merchant = take_list(reading, 1, sizeof(*merchant));
    if (merchant == NULL)
        return NULL;
    merchant->id = hk_unpack_u64(&reading->unpack, UINT64_MAX);
    merchant->name = get_text(reading);
    merchant->policy = get_text_or_nil(reading);
    merchant->verified = hk_unpack_bool(&reading->unpack);
    merchant->created_at = get_wall(reading);
    merchant->updated_at = get_wall(reading);
    return merchant;
}

static void get_key(struct reading *reading, struct hk_key *key)
{
    key->id = get_uuid(reading);
    key->merchant_id = hk_unpack_u64(&reading->unpack, UINT64_MAX);
    hk_unpack_bytes(&reading->unpack, key->digest, sizeof(key->digest));
    key->created_at = get_wall(reading);
}

static struct hk_pairs get_pairs(struct reading *reading)
{
    struct hk_pairs pairs = { NULL, hk_unpack_array(&reading->unpack, PAIR_BYTES_MIN) };
    pairs.items = take_list(reading, pairs.count, sizeof(*pairs.items));
    for (uint32_t i = 0; pairs.items != NULL && i < pairs.count; i++) {
        hk_unpack_array_of(&reading->unpack, 2);
        pairs.items[i].name = get_text(reading);
        pairs.items[i].value = get_text(reading);
    }
    return pairs;
}

static struct hk_texts get_texts(struct reading *reading)
{
    struct hk_texts texts = { NULL, hk_unpack_array(&reading->unpack, 1) };
    texts.items = take_list(reading, texts.count, sizeof(*texts.items));
    for (uint32_t i = 0; texts.items != NULL && i < texts.count; i++)
        texts.items[i] = get_text(reading);
    return texts;
}

/** Takes sealed bytes. They stay where they are: the record is const to who gets it. */
static struct hk_bytes get_sealed(struct reading *reading)
{
    struct hk_slice slice = hk_unpack_bin(&reading->unpack);
    char *at;
    memcpy(&at, &slice.at, sizeof(at));
    return (struct hk_bytes){ slice.size != 0 ? at : NULL, slice.size, slice.size };
}

static void get_endpoint_self(struct reading *reading, struct hk_endpoint *endpoint)
{
    endpoint->uuid = get_uuid(reading);
    endpoint->merchant_id = hk_unpack_u64(&reading->unpack, UINT64_MAX);
    endpoint->name = get_text(reading);
    endpoint->url = get_text(reading);
    endpoint->url_normal = get_text(reading);
    endpoint->secret = get_sealed(reading);
    endpoint->secret_previous = get_sealed(reading);
    endpoint->secret_previous_until = get_wall(reading);
    endpoint->created_at = get_wall(reading);
    endpoint->updated_at = get_wall(reading);
    endpoint->has_events = !hk_unpack_nil(&reading->unpack);
    if (endpoint->has_events)
        endpoint->events = get_texts(reading);
    endpoint->enabled = hk_unpack_bool(&reading->unpack);
    endpoint->role = get_role(reading);
    endpoint->signature = get_text_or_nil(reading);
}

static void get_schedule(struct reading *reading, struct hk_schedule *schedule)
{
    schedule->kind = (enum hk_schedule_kind)get_enum(reading, HK_SCHEDULE_OWN);
    uint32_t count = hk_unpack_array(&reading->unpack, 1);
    if (count > HK_SCHEDULE_MAX)
        hk_unpack_refuse(&reading->unpack);
    else
        schedule->count = count;
    for (uint32_t i = 0; i < schedule->count; i++)
        schedule->delays_ms[i] = hk_unpack_u32(&reading->unpack);
}

static void get_endpoint_service(struct reading *reading, struct hk_endpoint *endpoint)
{
    struct hk_unpack *unpack = &reading->unpack;
    get_schedule(reading, &endpoint->schedule);
    endpoint->attempts = hk_unpack_u32(unpack);
    endpoint->timeout_ms = hk_unpack_u32(unpack);
    endpoint->no_retry_status_count = hk_unpack_array(unpack, 1);
    endpoint->no_retry_statuses =
        take_list(reading, endpoint->no_retry_status_count, sizeof(*endpoint->no_retry_statuses));
    for (uint32_t i = 0; !unpack->is_bad && i < endpoint->no_retry_status_count; i++)
        endpoint->no_retry_statuses[i] = hk_unpack_u16(unpack);
    endpoint->on_gone = (enum hk_on_gone)get_enum(reading, HK_ON_GONE_DISABLE);
    endpoint->disable_after_s = hk_unpack_u32(unpack);
    endpoint->rate_limit_milli = hk_unpack_u32(unpack);
    endpoint->concurrency = hk_unpack_u32(unpack);
    endpoint->ordering = (enum hk_ordering)get_enum(reading, HK_ORDERING_KEY);
    endpoint->ordering_skip_s = hk_unpack_u32(unpack);
    endpoint->headers = get_pairs(reading);
    endpoint->auth.type = (enum hk_auth_type)get_enum(reading, HK_AUTH_BEARER);
    endpoint->auth.user = get_text_or_nil(reading);
    endpoint->auth.sealed = get_sealed(reading);
    endpoint->labels = get_pairs(reading);
    endpoint->description = get_text_or_nil(reading);
}

static const struct hk_endpoint *get_endpoint(struct reading *reading)
{
    struct hk_endpoint *endpoint = take_list(reading, 1, sizeof(*endpoint));
    if (endpoint == NULL)
        return NULL;
    get_endpoint_self(reading, endpoint);
    get_endpoint_service(reading, endpoint);
    return endpoint;
}

static void get_idempotency(struct reading *reading, struct hk_idempotency *idempotency)
{
    idempotency->merchant_id = hk_unpack_u64(&reading->unpack, UINT64_MAX);
    idempotency->key[0] = hk_unpack_u64(&reading->unpack, UINT64_MAX);
    idempotency->key[1] = hk_unpack_u64(&reading->unpack, UINT64_MAX);
    idempotency->body = hk_unpack_u64(&reading->unpack, UINT64_MAX);
    idempotency->event = get_uuid(reading);
    idempotency->expires_at = get_wall(reading);
}

static void get_start(struct reading *reading, struct hk_record_start *start)
{
    start->event = get_uuid(reading);
    start->delivery = hk_unpack_u16(&reading->unpack);
    start->attempt = hk_unpack_u16(&reading->unpack);
}

static void get_end(struct reading *reading, struct hk_record_end *end)
{
    end->event = get_uuid(reading);
    end->delivery = hk_unpack_u16(&reading->unpack);
    end->state = get_delivery_state(reading);
    end->reason = get_reason(reading);
}

static void get_wait(struct reading *reading, struct hk_record_wait *wait)
{
    wait->event = get_uuid(reading);
    wait->delivery = hk_unpack_u16(&reading->unpack);
    wait->attempt = hk_unpack_u16(&reading->unpack);
    wait->delay_ms = hk_unpack_i64(&reading->unpack);
}

/** Takes the head of the array, type and lsn. */
static struct hk_record_mark get_mark(struct hk_unpack *unpack)
{
    uint32_t count = hk_unpack_array(unpack, 1);
    unsigned type = (unsigned)hk_unpack_u64(unpack, HK_RECORD_TYPE_LAST);
    uint64_t lsn = hk_unpack_u64(unpack, UINT64_MAX);
    if (count == 0 || count != hk__record_element_count(type))
        hk_unpack_refuse(unpack);
    return (struct hk_record_mark){ (enum hk_record_type)type, lsn };
}

static void get_fields(struct reading *reading, struct hk_record *record)
{
    switch (record->type) {
    case HK_RECORD_EVENT:
        get_event(reading, &record->event);
        break;
    case HK_RECORD_PLAN:
        get_plan(reading, &record->plan);
        break;
    case HK_RECORD_START:
        get_start(reading, &record->start);
        break;
    case HK_RECORD_RESULT:
        get_result(reading, &record->result);
        break;
    case HK_RECORD_STATE:
        record->state = get_state(reading);
        break;
    case HK_RECORD_MERCHANT:
        record->merchant = get_merchant(reading);
        break;
    case HK_RECORD_MERCHANT_DELETED:
        record->merchant_deleted = hk_unpack_u64(&reading->unpack, UINT64_MAX);
        break;
    case HK_RECORD_KEY:
        get_key(reading, &record->key);
        break;
    case HK_RECORD_KEY_DELETED:
        record->key_deleted = get_uuid(reading);
        break;
    case HK_RECORD_ENDPOINT:
        record->endpoint = get_endpoint(reading);
        break;
    case HK_RECORD_ENDPOINT_DELETED:
        record->endpoint_deleted = get_uuid(reading);
        break;
    case HK_RECORD_IDEMPOTENCY:
        get_idempotency(reading, &record->idempotency);
        break;
    case HK_RECORD_END:
        get_end(reading, &record->end);
        break;
    case HK_RECORD_WAIT:
        get_wait(reading, &record->wait);
        break;
    }
}

int hk_record_decode(struct hk_slice payload, struct hk_scratch *scratch, struct hk_record *record)
{
    struct reading reading = { hk_unpack_of(payload), scratch, false };
    hk_scratch_clear(scratch);
    memset(record, 0, sizeof(*record));
    struct hk_record_mark mark = get_mark(&reading.unpack);
    if (reading.unpack.is_bad)
        return HK_EDAMAGED;
    record->type = mark.type;
    record->lsn = mark.lsn;
    record->at = get_wall(&reading);
    get_fields(&reading, record);
    if (reading.is_out_of_memory)
        return HK_ENOMEM;
    return hk_unpack_is_done(&reading.unpack) ? 0 : HK_EDAMAGED;
}

int hk_record_peek(struct hk_slice payload, struct hk_record_mark *mark)
{
    struct hk_unpack unpack = hk_unpack_of(payload);
    *mark = get_mark(&unpack);
    return unpack.is_bad ? HK_EDAMAGED : 0;
}

int hk_record_find_body(struct hk_slice payload, struct hk_slice *head, struct hk_slice *text)
{
    struct reading reading = { hk_unpack_of(payload), NULL, false };
    struct hk_record_mark mark = get_mark(&reading.unpack);
    (void)get_wall(&reading);
    if (mark.type == HK_RECORD_EVENT) {
        struct hk_record_event event;
        get_event(&reading, &event);
        *head = event.head;
        *text = event.text;
    } else if (mark.type == HK_RECORD_STATE) {
        struct hk_event event;
        (void)get_state_front(&reading, &event);
        *head = hk_unpack_bin(&reading.unpack);
        *text = hk_unpack_bin(&reading.unpack);
    } else {
        hk_unpack_refuse(&reading.unpack);
    }
    return reading.unpack.is_bad ? HK_EDAMAGED : 0;
}
