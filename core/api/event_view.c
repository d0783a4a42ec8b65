// SPDX-License-Identifier: Apache-2.0
#include "api/event_view.h"

#include "api/answers.h"

#include <stdio.h>

/** What a merchant reads in place of the words that would tell a denied address. */
#define UNREACHABLE "could not connect"

json_t *hk_event_view_uuid(const struct hk_uuid *uuid)
{
    char text[HK_UUID_TEXT_SIZE + 1];
    return json_string(hk_uuid_format(uuid, text));
}

json_t *hk_event_view_wall(struct hk_wall wall)
{
    char text[HK_WALL_TEXT_MAX];
    return wall.ms > 0 ? json_string(hk_wall_format(wall, text)) : json_null();
}

json_t *hk_event_view_reason(enum hk_reason reason)
{
    return reason == HK_REASON_NONE ? json_null() : json_string(hk_reason_word(reason));
}

static json_t *view_ms(uint32_t us)
{
    return us % 1000 == 0 ? json_integer(us / 1000) : json_real(us / 1000.0);
}

static json_t *view_timings(const struct hk_timings *timings)
{
    return json_pack("{s:o,s:o,s:o,s:o,s:o}", "dns", view_ms(timings->dns_us), "connect",
                     view_ms(timings->connect_us), "tls", view_ms(timings->tls_us), "first_byte",
                     view_ms(timings->first_byte_us), "total", view_ms(timings->total_us));
}

static json_t *view_error(const struct hk_attempt *attempt)
{
    if (attempt->class == HK_OUTCOME_DENIED)
        return json_string(UNREACHABLE);
    if (attempt->detail == NULL || attempt->detail->head_size == 0)
        return json_null();
    return hk_answer_text(hk_body_head(attempt->detail));
}

static json_t *view_response(const struct hk_attempt *attempt)
{
    if (attempt->detail == NULL || attempt->status == 0)
        return json_null();
    return hk_answer_text(hk_body_text(attempt->detail));
}

static json_t *view_attempt(const struct hk_attempt *attempt)
{
    enum hk_outcome_class class =
        attempt->class == HK_OUTCOME_DENIED ? HK_OUTCOME_CONNECT : attempt->class;
    json_t *status = attempt->status > 0 ? json_integer(attempt->status) : json_null();
    return json_pack("{s:i,s:o,s:o,s:s,s:o,s:o,s:o}", "number", (int)attempt->number, "started_at",
                     hk_event_view_wall(attempt->started_at), "status", status, "outcome",
                     hk_outcome_word(class), "error", view_error(attempt), "timings_ms",
                     view_timings(&attempt->timings), "response", view_response(attempt));
}

struct hk_wall hk_event_view_next_at(const struct hk_delivery *delivery)
{
    if (delivery->state != HK_DELIVERY_WAITING)
        return (struct hk_wall){ 0 };
    return (struct hk_wall){ delivery->waiting_since.ms + delivery->delay_ms };
}

json_t *hk_event_view_error(const struct hk_event *event)
{
    return event->error != NULL ? hk_answer_text(hk_body_text(event->error)) : json_null();
}

json_t *hk_event_view_delivery(const struct hk_event *event, const struct hk_delivery *delivery)
{
    char id[HK_DELIVERY_ID_TEXT_MAX], text[HK_UUID_TEXT_SIZE + 1];
    json_t *attempts = json_array();
    for (uint32_t i = 0; i < delivery->kept_count; i++)
        json_array_append_new(attempts, view_attempt(&delivery->attempts[i]));
    snprintf(id, sizeof(id), "%s.%u", hk_uuid_format(&event->id, text), delivery->number);
    return json_pack("{s:s,s:o,s:s?,s:s,s:s,s:o,s:o,s:o}", "id", id, "webhook",
                     hk_event_view_uuid(&delivery->endpoint), "url", delivery->url, "role",
                     hk_role_name(delivery->role), "state", hk_delivery_state_word(delivery->state),
                     "reason", hk_event_view_reason(delivery->reason), "next_attempt_at",
                     hk_event_view_wall(hk_event_view_next_at(delivery)), "attempts", attempts);
}

static json_t *view_head(const struct hk_event *event)
{
    struct hk_slice type = HK_SLICE_EMPTY, key = HK_SLICE_EMPTY;
    if (event->body != NULL) {
        type = hk_event_body_type(event->body);
        key = hk_event_body_key(event->body);
    }
    return json_pack("{s:o,s:o,s:I,s:s,s:o,s:o,s:o,s:o}", "id", hk_event_view_uuid(&event->id),
                     "event", hk_answer_text(type), "merchant_id", (json_int_t)event->merchant_id,
                     "state", hk_event_state_word(event->state), "reason",
                     hk_event_view_reason(event->reason), "error", hk_event_view_error(event),
                     "key", key.size > 0 ? hk_answer_text(key) : json_null(), "received_at",
                     hk_event_view_wall(event->received_at));
}

static json_t *view_policy(const struct hk_event *event)
{
    if (event->policy == NULL)
        return json_null();
    return json_pack("{s:o,s:I}", "name", hk_answer_text(hk_slice_of(event->policy)), "generation",
                     (json_int_t)event->generation);
}

static json_t *view_deliveries(const struct hk_event *event)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < event->delivery_count; i++)
        json_array_append_new(list, hk_event_view_delivery(event, &event->deliveries[i]));
    return list;
}

/** Appends the members of `head` without its closing brace. */
static int append_open_object(struct hk_bytes *out, const json_t *head)
{
    int code = hk_answer_append_json(out, head);
    if (code == 0)
        out->size--;
    return code;
}

int hk_event_view_append(struct hk_bytes *out, const struct hk_event *event)
{
    json_t *head = view_head(event);
    json_t *policy = view_policy(event);
    json_t *deliveries = view_deliveries(event);
    int code = hk_bytes_append_text(out, "{\"status\":true,\"message\":\"\","
                                         "\"appended_data\":{},\"data\":");
    if (code == 0)
        code = append_open_object(out, head);
    if (code == 0)
        code = hk_bytes_append_text(out, ",\"body\":");
    if (code == 0 && event->body != NULL) {
        struct hk_slice body = hk_body_text(event->body);
        code = hk_bytes_append(out, body.at, body.size);
    } else if (code == 0) {
        code = hk_bytes_append_text(out, "null");
    }
    if (code == 0)
        code = hk_bytes_append_text(out, ",\"policy\":");
    if (code == 0)
        code = hk_answer_append_json(out, policy);
    if (code == 0)
        code = hk_bytes_append_text(out, ",\"deliveries\":");
    if (code == 0)
        code = hk_answer_append_json(out, deliveries);
    if (code == 0)
        code = hk_bytes_append_text(out, "}}");
    json_decref(head);
    json_decref(policy);
    json_decref(deliveries);
    return code;
}
