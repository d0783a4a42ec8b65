// SPDX-License-Identifier: Apache-2.0
#include "support_records.h"

#include "base/alloc.h"
#include "journal/record.h"
#include "model/payload.h"

static void *keep(struct records *records, size_t count, size_t size)
{
    if (records->count == records->capacity) {
        records->capacity = records->capacity * 2 + 64;
        records->memory = hk_realloc_or_die(records->memory, records->capacity, sizeof(void *));
    }
    void *memory = hk_alloc_zero_or_die(count + 1, size);
    records->memory[records->count++] = memory;
    return memory;
}

static struct hk_body *keep_body(struct records *records, struct hk_body *body)
{
    if (records->body_count == records->body_capacity) {
        records->body_capacity = records->body_capacity * 2 + 64;
        records->bodies =
            hk_realloc_or_die(records->bodies, records->body_capacity, sizeof(struct hk_body *));
    }
    records->bodies[records->body_count++] = body;
    return body;
}

void records_fini(struct records *records)
{
    for (uint32_t i = 0; i < records->count; i++)
        hk_free(records->memory[i]);
    for (uint32_t i = 0; i < records->body_count; i++)
        hk_body_unref(records->bodies[i]);
    hk_free(records->memory);
    hk_free(records->bodies);
    *records = (struct records){ 0 };
}

/** Draws a number of any length, small ones as often as large ones. */
static uint64_t draw_number(struct hk_prng *prng, uint64_t max)
{
    uint64_t value = hk_prng_next(prng) >> hk_prng_below(prng, 64);
    return value <= max ? value : max;
}

static uint32_t draw_u32(struct hk_prng *prng)
{
    return (uint32_t)draw_number(prng, UINT32_MAX);
}

static uint16_t draw_u16(struct hk_prng *prng)
{
    return (uint16_t)draw_number(prng, UINT16_MAX);
}

static unsigned draw_below(struct hk_prng *prng, unsigned bound)
{
    return (unsigned)hk_prng_below(prng, bound);
}

static struct hk_wall draw_wall(struct hk_prng *prng)
{
    int64_t ms = (int64_t)draw_number(prng, INT64_MAX);
    return (struct hk_wall){ hk_prng_below(prng, 8) == 0 ? -ms : ms };
}

static struct hk_uuid draw_uuid(struct hk_prng *prng)
{
    struct hk_uuid uuid;
    for (size_t i = 0; i < sizeof(uuid.bytes); i++)
        uuid.bytes[i] = (uint8_t)hk_prng_next(prng);
    return uuid;
}

static struct hk_slice draw_bytes(struct records *records, struct hk_prng *prng)
{
    static const size_t sizes[] = { 0, 1, 31, 32, 200, 255, 256, 3000, 65536 };
    size_t size = sizes[draw_below(prng, draw_below(prng, 4) == 0 ? 9 : 6)];
    char *bytes = keep(records, size, 1);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)hk_prng_next(prng);
    return (struct hk_slice){ bytes, size };
}

static char *draw_text(struct records *records, struct hk_prng *prng)
{
    struct hk_slice bytes = draw_bytes(records, prng);
    char *text = keep(records, bytes.size + 1, 1);
    for (size_t i = 0; i < bytes.size; i++)
        text[i] = (char)(' ' + (unsigned char)bytes.at[i] % 90);
    return text;
}

static char *draw_text_or_null(struct records *records, struct hk_prng *prng)
{
    return draw_below(prng, 2) == 0 ? NULL : draw_text(records, prng);
}

static struct hk_bytes draw_sealed(struct records *records, struct hk_prng *prng)
{
    struct hk_slice bytes = draw_bytes(records, prng);
    struct hk_bytes sealed = { keep(records, bytes.size, 1), bytes.size, bytes.size };
    memcpy(sealed.at, bytes.at, bytes.size);
    return sealed;
}

static struct hk_body *draw_body(struct records *records, struct hk_prng *prng)
{
    if (draw_below(prng, 3) == 0)
        return NULL;
    struct hk_slice head = draw_bytes(records, prng);
    return keep_body(records, hk_body_new(head, draw_bytes(records, prng)));
}

static struct hk_attempt draw_attempt(struct hk_prng *prng)
{
    return (struct hk_attempt){
        .number = draw_u16(prng),
        .status = draw_u16(prng),
        .class = (enum hk_outcome_class)draw_below(prng, HK_OUTCOME_INTERNAL + 1),
        .started_at = draw_wall(prng),
        .timings = { draw_u32(prng), draw_u32(prng), draw_u32(prng), draw_u32(prng),
                     draw_u32(prng) },
    };
}

static void draw_delivery(struct records *records, struct hk_prng *prng,
                          struct hk_delivery *delivery)
{
    delivery->number = draw_u16(prng);
    delivery->endpoint = draw_uuid(prng);
    delivery->role = (enum hk_role)draw_below(prng, 3);
    delivery->state = (enum hk_delivery_state)draw_below(prng, HK_DELIVERY_DROPPED + 1);
    delivery->reason = (enum hk_reason)draw_below(prng, HK_REASON_GONE + 1);
    delivery->attempt_count = draw_u16(prng);
    delivery->waiting_since = draw_wall(prng);
    delivery->delay_ms = draw_wall(prng).ms;
    delivery->has_own = draw_below(prng, 2) != 0;
    delivery->kept_count = draw_below(prng, 4);
    delivery->attempts = keep(records, delivery->kept_count, sizeof(*delivery->attempts));
    for (uint32_t i = 0; i < delivery->kept_count; i++) {
        delivery->attempts[i] = draw_attempt(prng);
        delivery->attempts[i].detail = draw_body(records, prng);
    }
}

static struct hk_event *draw_state(struct records *records, struct hk_prng *prng)
{
    struct hk_event *event = keep(records, 1, sizeof(*event));
    event->id = draw_uuid(prng);
    event->merchant_id = draw_number(prng, UINT64_MAX);
    event->is_orphan = hk_prng_chance(prng, 500000);
    event->lsn = draw_number(prng, UINT64_MAX);
    event->state = (enum hk_event_state)draw_below(prng, HK_EVENT_FINISHED + 1);
    event->reason = (enum hk_reason)draw_below(prng, HK_REASON_GONE + 1);
    event->received_at = draw_wall(prng);
    event->deliver_before = draw_wall(prng);
    event->body = draw_body(records, prng);
    event->location.lsn = draw_number(prng, UINT64_MAX);
    event->location.offset = draw_u32(prng);
    event->policy = draw_text_or_null(records, prng);
    event->generation = draw_u32(prng);
    event->plan_location.lsn = draw_number(prng, UINT64_MAX);
    event->plan_location.offset = draw_u32(prng);
    event->delivery_count = draw_below(prng, 20);
    event->deliveries = keep(records, event->delivery_count, sizeof(*event->deliveries));
    for (uint32_t i = 0; i < event->delivery_count; i++)
        draw_delivery(records, prng, &event->deliveries[i]);
    return event;
}

static struct hk_merchant *draw_merchant(struct records *records, struct hk_prng *prng)
{
    struct hk_merchant *merchant = keep(records, 1, sizeof(*merchant));
    merchant->id = draw_number(prng, UINT64_MAX);
    merchant->name = draw_text(records, prng);
    merchant->policy = draw_text_or_null(records, prng);
    merchant->verified = draw_below(prng, 2) != 0;
    merchant->created_at = draw_wall(prng);
    merchant->updated_at = draw_wall(prng);
    return merchant;
}

static struct hk_pairs draw_pairs(struct records *records, struct hk_prng *prng)
{
    struct hk_pairs pairs = { NULL, draw_below(prng, 5) };
    pairs.items = keep(records, pairs.count, sizeof(*pairs.items));
    for (uint32_t i = 0; i < pairs.count; i++) {
        pairs.items[i].name = draw_text(records, prng);
        pairs.items[i].value = draw_text(records, prng);
    }
    return pairs;
}

static void draw_service(struct records *records, struct hk_prng *prng,
                         struct hk_endpoint *endpoint)
{
    endpoint->schedule.kind = (enum hk_schedule_kind)draw_below(prng, HK_SCHEDULE_OWN + 1);
    endpoint->schedule.count = draw_below(prng, HK_SCHEDULE_MAX + 1);
    for (uint32_t i = 0; i < endpoint->schedule.count; i++)
        endpoint->schedule.delays_ms[i] = draw_u32(prng);
    endpoint->attempts = draw_u32(prng);
    endpoint->timeout_ms = draw_u32(prng);
    endpoint->no_retry_status_count = draw_below(prng, 5);
    endpoint->no_retry_statuses = keep(records, endpoint->no_retry_status_count, sizeof(uint16_t));
    for (uint32_t i = 0; i < endpoint->no_retry_status_count; i++)
        endpoint->no_retry_statuses[i] = draw_u16(prng);
    endpoint->on_gone = (enum hk_on_gone)draw_below(prng, 3);
    endpoint->disable_after_s = draw_u32(prng);
    endpoint->rate_limit_milli = draw_u32(prng);
    endpoint->concurrency = draw_u32(prng);
    endpoint->ordering = (enum hk_ordering)draw_below(prng, 2);
    endpoint->ordering_skip_s = draw_u32(prng);
    endpoint->headers = draw_pairs(records, prng);
    endpoint->auth.type = (enum hk_auth_type)draw_below(prng, 3);
    endpoint->auth.user = draw_text_or_null(records, prng);
    endpoint->auth.sealed = draw_sealed(records, prng);
    endpoint->labels = draw_pairs(records, prng);
    endpoint->description = draw_text_or_null(records, prng);
}

static struct hk_endpoint *draw_endpoint(struct records *records, struct hk_prng *prng)
{
    struct hk_endpoint *endpoint = keep(records, 1, sizeof(*endpoint));
    endpoint->uuid = draw_uuid(prng);
    endpoint->merchant_id = draw_number(prng, UINT64_MAX);
    endpoint->name = draw_text(records, prng);
    endpoint->url = draw_text(records, prng);
    endpoint->url_normal = draw_text(records, prng);
    endpoint->secret = draw_sealed(records, prng);
    endpoint->secret_previous = draw_sealed(records, prng);
    endpoint->secret_previous_until = draw_wall(prng);
    endpoint->created_at = draw_wall(prng);
    endpoint->updated_at = draw_wall(prng);
    endpoint->has_events = draw_below(prng, 2) != 0;
    endpoint->events.count = endpoint->has_events ? draw_below(prng, 5) : 0;
    endpoint->events.items = keep(records, endpoint->events.count, sizeof(char *));
    for (uint32_t i = 0; i < endpoint->events.count; i++)
        endpoint->events.items[i] = draw_text(records, prng);
    endpoint->enabled = draw_below(prng, 2) != 0;
    endpoint->role = (enum hk_role)draw_below(prng, 3);
    endpoint->signature = draw_text_or_null(records, prng);
    draw_service(records, prng, endpoint);
    return endpoint;
}

static struct hk_body *draw_own(struct records *records, struct hk_prng *prng)
{
    struct hk_pairs headers = draw_pairs(records, prng);
    struct hk_slice text = draw_bytes(records, prng);
    struct hk_body *own = hk_payload_new(&headers, draw_below(prng, 2) == 0 ? NULL : &text);
    return keep_body(records, own);
}

/** Half of them as a policy makes them. */
static void draw_policy(struct records *records, struct hk_prng *prng, struct hk_plan *plan,
                        struct hk_plan_delivery *deliveries)
{
    plan->policy = hk_slice_of(draw_text(records, prng));
    plan->generation = draw_u32(prng);
    plan->hooks = draw_u32(prng);
    plan->why = draw_bytes(records, prng);
    plan->error = draw_bytes(records, prng);
    for (uint32_t i = 0; i < plan->delivery_count; i++) {
        if (draw_below(prng, 2) == 0)
            continue;
        deliveries[i].reason = (enum hk_reason)draw_below(prng, HK_REASON_GONE + 1);
        deliveries[i].why = draw_bytes(records, prng);
        deliveries[i].own = draw_below(prng, 2) == 0 ? NULL : draw_own(records, prng);
    }
}

static struct hk_plan draw_plan(struct records *records, struct hk_prng *prng)
{
    struct hk_plan plan = { .event = draw_uuid(prng), .delivery_count = draw_below(prng, 20) };
    struct hk_plan_delivery *deliveries = keep(records, plan.delivery_count, sizeof(*deliveries));
    plan.reason = (enum hk_reason)draw_below(prng, HK_REASON_GONE + 1);
    plan.deliveries = deliveries;
    for (uint32_t i = 0; i < plan.delivery_count; i++) {
        deliveries[i].endpoint = draw_uuid(prng);
        deliveries[i].role = (enum hk_role)draw_below(prng, 3);
    }
    if (draw_below(prng, 2) != 0)
        draw_policy(records, prng, &plan, deliveries);
    return plan;
}

static struct hk_record_result draw_result(struct records *records, struct hk_prng *prng)
{
    return (struct hk_record_result){
        .event = draw_uuid(prng),
        .delivery = draw_u16(prng),
        .attempt = draw_attempt(prng),
        .error = draw_bytes(records, prng),
        .response = draw_bytes(records, prng),
        .state = (enum hk_delivery_state)draw_below(prng, HK_DELIVERY_DROPPED + 1),
        .reason = (enum hk_reason)draw_below(prng, HK_REASON_GONE + 1),
        .delay_ms = draw_wall(prng).ms,
    };
}

static struct hk_record_event draw_event(struct records *records, struct hk_prng *prng)
{
    struct hk_record_event event = {
        .id = draw_uuid(prng),
        .merchant_id = draw_number(prng, UINT64_MAX),
        .deliver_before = draw_wall(prng),
        .has_idempotency = draw_below(prng, 2) != 0,
        .head = draw_bytes(records, prng),
        .text = draw_bytes(records, prng),
    };
    if (event.has_idempotency) {
        event.idempotency_key[0] = hk_prng_next(prng);
        event.idempotency_key[1] = hk_prng_next(prng);
        event.idempotency_body = draw_number(prng, UINT64_MAX);
    }
    return event;
}

static struct hk_key draw_key(struct hk_prng *prng)
{
    struct hk_key key = {
        .id = draw_uuid(prng),
        .merchant_id = draw_number(prng, UINT64_MAX),
        .created_at = draw_wall(prng),
    };
    for (size_t i = 0; i < sizeof(key.digest); i++)
        key.digest[i] = (uint8_t)hk_prng_next(prng);
    return key;
}

static struct hk_idempotency draw_idempotency(struct hk_prng *prng)
{
    return (struct hk_idempotency){
        .merchant_id = draw_number(prng, UINT64_MAX),
        .key = { hk_prng_next(prng), hk_prng_next(prng) },
        .body = draw_number(prng, UINT64_MAX),
        .event = draw_uuid(prng),
        .expires_at = draw_wall(prng),
    };
}

struct hk_record records_draw(struct records *records, struct hk_prng *prng,
                              enum hk_record_type type, uint64_t lsn)
{
    struct hk_record record = { .type = type, .lsn = lsn, .at = draw_wall(prng) };
    switch (type) {
    case HK_RECORD_EVENT:
        record.event = draw_event(records, prng);
        break;
    case HK_RECORD_PLAN:
        record.plan = draw_plan(records, prng);
        break;
    case HK_RECORD_START:
        record.start = (struct hk_record_start){ draw_uuid(prng), draw_u16(prng), draw_u16(prng) };
        break;
    case HK_RECORD_RESULT:
        record.result = draw_result(records, prng);
        break;
    case HK_RECORD_STATE:
        record.state = draw_state(records, prng);
        break;
    case HK_RECORD_MERCHANT:
        record.merchant = draw_merchant(records, prng);
        break;
    case HK_RECORD_MERCHANT_DELETED:
        record.merchant_deleted = draw_number(prng, UINT64_MAX);
        break;
    case HK_RECORD_KEY:
        record.key = draw_key(prng);
        break;
    case HK_RECORD_KEY_DELETED:
        record.key_deleted = draw_uuid(prng);
        break;
    case HK_RECORD_ENDPOINT:
        record.endpoint = draw_endpoint(records, prng);
        break;
    case HK_RECORD_ENDPOINT_DELETED:
        record.endpoint_deleted = draw_uuid(prng);
        break;
    case HK_RECORD_IDEMPOTENCY:
        record.idempotency = draw_idempotency(prng);
        break;
    case HK_RECORD_END:
        record.end = (struct hk_record_end){
            .event = draw_uuid(prng),
            .delivery = draw_u16(prng),
            .state = (enum hk_delivery_state)draw_below(prng, HK_DELIVERY_DROPPED + 1),
            .reason = (enum hk_reason)draw_below(prng, HK_REASON_GONE + 1),
        };
        break;
    case HK_RECORD_WAIT:
        record.wait = (struct hk_record_wait){ draw_uuid(prng), draw_u16(prng), draw_u16(prng),
                                               draw_wall(prng).ms };
        break;
    }
    return record;
}

struct hk_record records_draw_any(struct records *records, struct hk_prng *prng, uint64_t lsn)
{
    unsigned type = 1 + draw_below(prng, HK_RECORD_TYPE_LAST);
    return records_draw(records, prng, (enum hk_record_type)type, lsn);
}

struct hk_record records_event(struct records *records, uint64_t lsn, size_t text_bytes)
{
    char *text = keep(records, text_bytes, 1);
    for (size_t i = 0; i < text_bytes; i++)
        text[i] = (char)('a' + (lsn + i) % 26);
    struct hk_record record = { .type = HK_RECORD_EVENT, .lsn = lsn, .at = { (int64_t)lsn } };
    memcpy(record.event.id.bytes, &lsn, sizeof(lsn));
    record.event.merchant_id = lsn % 7;
    record.event.head = HK_SLICE("\x05order");
    record.event.text = (struct hk_slice){ text, text_bytes };
    return record;
}
