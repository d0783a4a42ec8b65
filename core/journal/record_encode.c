// SPDX-License-Identifier: Apache-2.0
#include "journal/record.h"

#include "base/check.h"

#include <msgpack/pack.h>

/** Where the bytes go. A failure sticks, so that it is asked for once at the end. */
struct pen {
    msgpack_packer packer;
    struct hk_bytes *bytes;
    bool is_full;
};

static int write_bytes(void *data, const char *at, size_t size)
{
    struct pen *pen = data;
    if (!pen->is_full)
        pen->is_full = hk_bytes_append(pen->bytes, at, size) != 0;
    return pen->is_full ? -1 : 0;
}

static void put_u64(struct pen *pen, uint64_t value)
{
    (void)msgpack_pack_uint64(&pen->packer, value);
}

static void put_i64(struct pen *pen, int64_t value)
{
    (void)msgpack_pack_int64(&pen->packer, value);
}

static void put_bool(struct pen *pen, bool value)
{
    (void)(value ? msgpack_pack_true(&pen->packer) : msgpack_pack_false(&pen->packer));
}

static void put_nil(struct pen *pen)
{
    (void)msgpack_pack_nil(&pen->packer);
}

static void put_array(struct pen *pen, uint32_t count)
{
    (void)msgpack_pack_array(&pen->packer, count);
}

static void put_bin(struct pen *pen, const void *at, size_t size)
{
    hk_assert(size <= UINT32_MAX);
    (void)msgpack_pack_bin(&pen->packer, size);
    if (size != 0)
        (void)msgpack_pack_bin_body(&pen->packer, at, size);
}

static void put_slice(struct pen *pen, struct hk_slice slice)
{
    put_bin(pen, slice.at, slice.size);
}

static void put_uuid(struct pen *pen, const struct hk_uuid *uuid)
{
    put_bin(pen, uuid->bytes, sizeof(uuid->bytes));
}

static void put_text_slice(struct pen *pen, struct hk_slice text)
{
    (void)msgpack_pack_str(&pen->packer, text.size);
    if (text.size != 0)
        (void)msgpack_pack_str_body(&pen->packer, text.at, text.size);
}

static void put_text(struct pen *pen, const char *text)
{
    hk_assert(text != NULL);
    put_text_slice(pen, (struct hk_slice){ text, strlen(text) });
}

static void put_text_or_nil(struct pen *pen, const char *text)
{
    if (text != NULL)
        put_text(pen, text);
    else
        put_nil(pen);
}

static void put_location(struct pen *pen, struct hk_location location)
{
    put_u64(pen, location.lsn);
    put_u64(pen, location.offset);
}

static void put_event(struct pen *pen, const struct hk_record_event *event)
{
    put_uuid(pen, &event->id);
    put_u64(pen, event->merchant_id);
    put_i64(pen, event->deliver_before.ms);
    if (event->has_idempotency) {
        put_array(pen, 3);
        put_u64(pen, event->idempotency_key[0]);
        put_u64(pen, event->idempotency_key[1]);
        put_u64(pen, event->idempotency_body);
    } else {
        put_nil(pen);
    }
    put_slice(pen, event->head);
    put_slice(pen, event->text);
}

static void put_body_or_nil(struct pen *pen, const struct hk_body *body)
{
    if (body != NULL) {
        put_slice(pen, hk_body_head(body));
        put_slice(pen, hk_body_text(body));
    } else {
        put_nil(pen);
        put_nil(pen);
    }
}

/** Error and response follow. */
static void put_attempt(struct pen *pen, const struct hk_attempt *attempt)
{
    put_array(pen, 11);
    put_u64(pen, attempt->number);
    put_u64(pen, attempt->status);
    put_u64(pen, attempt->class);
    put_i64(pen, attempt->started_at.ms);
    put_u64(pen, attempt->timings.dns_us);
    put_u64(pen, attempt->timings.connect_us);
    put_u64(pen, attempt->timings.tls_us);
    put_u64(pen, attempt->timings.first_byte_us);
    put_u64(pen, attempt->timings.total_us);
}

static void put_result(struct pen *pen, const struct hk_record_result *result)
{
    put_uuid(pen, &result->event);
    put_u64(pen, result->delivery);
    put_attempt(pen, &result->attempt);
    put_slice(pen, result->error);
    put_slice(pen, result->response);
    put_u64(pen, result->state);
    put_u64(pen, result->reason);
    put_i64(pen, result->delay_ms);
}

/** What a policy said about the whole plan. */
static void put_plan_policy(struct pen *pen, const struct hk_plan *plan)
{
    if (plan->policy.size == 0 && plan->generation == 0 && plan->hooks == 0 &&
        plan->why.size == 0 && plan->error.size == 0) {
        put_nil(pen);
        return;
    }
    put_array(pen, 5);
    put_text_slice(pen, plan->policy);
    put_u64(pen, plan->generation);
    put_u64(pen, plan->hooks);
    put_slice(pen, plan->why);
    put_slice(pen, plan->error);
}

static void put_planned(struct pen *pen, const struct hk_plan_delivery *planned)
{
    bool is_plain =
        planned->reason == HK_REASON_NONE && planned->why.size == 0 && planned->own == NULL;
    put_array(pen, is_plain ? 2 : 6);
    put_uuid(pen, &planned->endpoint);
    put_u64(pen, planned->role);
    if (is_plain)
        return;
    put_u64(pen, planned->reason);
    put_slice(pen, planned->why);
    put_body_or_nil(pen, planned->own);
}

static void put_plan(struct pen *pen, const struct hk_plan *plan)
{
    put_uuid(pen, &plan->event);
    put_u64(pen, plan->reason);
    put_plan_policy(pen, plan);
    put_array(pen, plan->delivery_count);
    for (uint32_t i = 0; i < plan->delivery_count; i++)
        put_planned(pen, &plan->deliveries[i]);
}

static void put_delivery(struct pen *pen, const struct hk_delivery *delivery)
{
    put_array(pen, 10);
    put_u64(pen, delivery->number);
    put_uuid(pen, &delivery->endpoint);
    put_u64(pen, delivery->role);
    put_u64(pen, delivery->state);
    put_u64(pen, delivery->reason);
    put_u64(pen, delivery->attempt_count);
    put_i64(pen, delivery->waiting_since.ms);
    put_i64(pen, delivery->delay_ms);
    put_bool(pen, delivery->has_own);
    put_array(pen, delivery->kept_count);
    for (uint32_t i = 0; i < delivery->kept_count; i++) {
        put_attempt(pen, &delivery->attempts[i]);
        put_body_or_nil(pen, delivery->attempts[i].detail);
    }
}

static void put_state(struct pen *pen, const struct hk_event *event)
{
    put_uuid(pen, &event->id);
    put_u64(pen, event->merchant_id);
    put_bool(pen, event->is_orphan);
    put_u64(pen, event->lsn);
    put_u64(pen, event->state);
    put_u64(pen, event->reason);
    put_i64(pen, event->received_at.ms);
    put_i64(pen, event->deliver_before.ms);
    put_location(pen, event->location);
    put_text_or_nil(pen, event->policy);
    put_u64(pen, event->generation);
    put_location(pen, event->plan_location);
    put_body_or_nil(pen, event->body);
    put_array(pen, event->delivery_count);
    for (uint32_t i = 0; i < event->delivery_count; i++)
        put_delivery(pen, &event->deliveries[i]);
}

static void put_merchant(struct pen *pen, const struct hk_merchant *merchant)
{
    put_u64(pen, merchant->id);
    put_text(pen, merchant->name);
    put_text_or_nil(pen, merchant->policy);
    put_bool(pen, merchant->verified);
    put_i64(pen, merchant->created_at.ms);
    put_i64(pen, merchant->updated_at.ms);
}

static void put_key(struct pen *pen, const struct hk_key *key)
{
    put_uuid(pen, &key->id);
    put_u64(pen, key->merchant_id);
    put_bin(pen, key->digest, sizeof(key->digest));
    put_i64(pen, key->created_at.ms);
}

static void put_pairs(struct pen *pen, const struct hk_pairs *pairs)
{
    put_array(pen, pairs->count);
    for (uint32_t i = 0; i < pairs->count; i++) {
        put_array(pen, 2);
        put_text(pen, pairs->items[i].name);
        put_text(pen, pairs->items[i].value);
    }
}

static void put_sealed(struct pen *pen, const struct hk_bytes *sealed)
{
    put_slice(pen, hk_bytes_slice(sealed));
}

/** Who it is, where it goes and what it wants. */
static void put_endpoint_self(struct pen *pen, const struct hk_endpoint *endpoint)
{
    put_uuid(pen, &endpoint->uuid);
    put_u64(pen, endpoint->merchant_id);
    put_text(pen, endpoint->name);
    put_text(pen, endpoint->url);
    put_text(pen, endpoint->url_normal);
    put_sealed(pen, &endpoint->secret);
    put_sealed(pen, &endpoint->secret_previous);
    put_i64(pen, endpoint->secret_previous_until.ms);
    put_i64(pen, endpoint->created_at.ms);
    put_i64(pen, endpoint->updated_at.ms);
    if (endpoint->has_events) {
        put_array(pen, endpoint->events.count);
        for (uint32_t i = 0; i < endpoint->events.count; i++)
            put_text(pen, endpoint->events.items[i]);
    } else {
        put_nil(pen);
    }
    put_bool(pen, endpoint->enabled);
    put_u64(pen, endpoint->role);
    put_text_or_nil(pen, endpoint->signature);
}

/** How it wants to be served. */
static void put_endpoint_service(struct pen *pen, const struct hk_endpoint *endpoint)
{
    put_u64(pen, endpoint->schedule.kind);
    put_array(pen, endpoint->schedule.count);
    for (uint32_t i = 0; i < endpoint->schedule.count; i++)
        put_u64(pen, endpoint->schedule.delays_ms[i]);
    put_u64(pen, endpoint->attempts);
    put_u64(pen, endpoint->timeout_ms);
    put_array(pen, endpoint->no_retry_status_count);
    for (uint32_t i = 0; i < endpoint->no_retry_status_count; i++)
        put_u64(pen, endpoint->no_retry_statuses[i]);
    put_u64(pen, endpoint->on_gone);
    put_u64(pen, endpoint->disable_after_s);
    put_u64(pen, endpoint->rate_limit_milli);
    put_u64(pen, endpoint->concurrency);
    put_u64(pen, endpoint->ordering);
    put_u64(pen, endpoint->ordering_skip_s);
    put_pairs(pen, &endpoint->headers);
    put_u64(pen, endpoint->auth.type);
    put_text_or_nil(pen, endpoint->auth.user);
    put_sealed(pen, &endpoint->auth.sealed);
    put_pairs(pen, &endpoint->labels);
    put_text_or_nil(pen, endpoint->description);
}

static void put_idempotency(struct pen *pen, const struct hk_idempotency *idempotency)
{
    put_u64(pen, idempotency->merchant_id);
    put_u64(pen, idempotency->key[0]);
    put_u64(pen, idempotency->key[1]);
    put_u64(pen, idempotency->body);
    put_uuid(pen, &idempotency->event);
    put_i64(pen, idempotency->expires_at.ms);
}

static void put_start(struct pen *pen, const struct hk_record_start *start)
{
    put_uuid(pen, &start->event);
    put_u64(pen, start->delivery);
    put_u64(pen, start->attempt);
}

static void put_end(struct pen *pen, const struct hk_record_end *end)
{
    put_uuid(pen, &end->event);
    put_u64(pen, end->delivery);
    put_u64(pen, end->state);
    put_u64(pen, end->reason);
}

static void put_wait(struct pen *pen, const struct hk_record_wait *wait)
{
    put_uuid(pen, &wait->event);
    put_u64(pen, wait->delivery);
    put_u64(pen, wait->attempt);
    put_i64(pen, wait->delay_ms);
}

static void put_fields(struct pen *pen, const struct hk_record *record)
{
    switch (record->type) {
    case HK_RECORD_EVENT:
        put_event(pen, &record->event);
        break;
    case HK_RECORD_PLAN:
        put_plan(pen, &record->plan);
        break;
    case HK_RECORD_START:
        put_start(pen, &record->start);
        break;
    case HK_RECORD_RESULT:
        put_result(pen, &record->result);
        break;
    case HK_RECORD_STATE:
        put_state(pen, record->state);
        break;
    case HK_RECORD_MERCHANT:
        put_merchant(pen, record->merchant);
        break;
    case HK_RECORD_MERCHANT_DELETED:
        put_u64(pen, record->merchant_deleted);
        break;
    case HK_RECORD_KEY:
        put_key(pen, &record->key);
        break;
    case HK_RECORD_KEY_DELETED:
        put_uuid(pen, &record->key_deleted);
        break;
    case HK_RECORD_ENDPOINT:
        put_endpoint_self(pen, record->endpoint);
        put_endpoint_service(pen, record->endpoint);
        break;
    case HK_RECORD_ENDPOINT_DELETED:
        put_uuid(pen, &record->endpoint_deleted);
        break;
    case HK_RECORD_IDEMPOTENCY:
        put_idempotency(pen, &record->idempotency);
        break;
    case HK_RECORD_END:
        put_end(pen, &record->end);
        break;
    case HK_RECORD_WAIT:
        put_wait(pen, &record->wait);
        break;
    }
}

int hk_record_encode(const struct hk_record *record, struct hk_bytes *bytes)
{
    size_t before = bytes->size;
    struct pen pen = { .bytes = bytes };
    msgpack_packer_init(&pen.packer, &pen, write_bytes);
    uint32_t element_count = hk__record_element_count(record->type);
    hk_assert(element_count != 0);
    put_array(&pen, element_count);
    put_u64(&pen, record->type);
    put_u64(&pen, record->lsn);
    put_i64(&pen, record->at.ms);
    put_fields(&pen, record);
    if (!pen.is_full && bytes->size - before <= HK_RECORD_PAYLOAD_MAX)
        return 0;
    bytes->size = before;
    return pen.is_full ? HK_ENOMEM : HK_ELIMIT;
}
