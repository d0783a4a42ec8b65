// SPDX-License-Identifier: Apache-2.0
#include "api/events.h"

#include "api/event_draft.h"
#include "api/event_view.h"
#include "api/why_view.h"

#include <stdio.h>

#define ACCEPTED_START "{\"status\":true,\"message\":\"\",\"appended_data\":{},\"data\":{\"id\":\""
#define ACCEPTED_END "\"}}"

static void answer_fault(struct hk_exchange *exchange, const struct hk_event_fault *fault)
{
    struct hk_answer *answer = &exchange->answer;
    char message[256];
    if (fault->status == 400) {
        snprintf(message, sizeof(message), "Malformed JSON at line %u, column %u: %s.",
                 fault->json.line, fault->json.column, fault->json.reason);
        hk_answer_message(answer, 400, message);
    } else if (fault->status == 422) {
        hk_answer_invalid_field(answer, fault->field, fault->message);
    } else {
        hk_answer_code(answer, HK_ENOMEM);
    }
}

/** Fills the offer from the draft; its body and id were made before. */
static void offer(struct hk_exchange *exchange, const struct hk_event_draft *draft,
                  const struct hk_uuid *id, struct hk_body *own_body)
{
    struct hk_fact_accept *accept = hk_exchange_offer(exchange);
    if (accept == NULL) {
        hk_body_unref(own_body);
        return;
    }
    accept->id = *id;
    accept->body = own_body;
    accept->deliver_before = draft->deliver_before;
    accept->has_idempotency = draft->has_idempotency;
    memcpy(accept->idempotency_key, draft->idempotency_key.words, sizeof(accept->idempotency_key));
    accept->idempotency_body = draft->idempotency_body;
}

void hk_events_accept(struct hk_exchange *exchange)
{
    struct hk_api *api = hk_exchange_api(exchange);
    struct hk_event_source source = { .merchant_id = exchange->merchant_id,
                                      .body = hk_bytes_slice(&exchange->body),
                                      .idempotency_key = exchange->head.idempotency_key,
                                      .ordering_key = exchange->head.ordering_key,
                                      .deliver_before = exchange->head.deliver_before };
    struct hk_event_draft draft;
    struct hk_event_fault fault;
    int code = hk_event_draft_read(&draft, &source, api->config, &api->options.hash_key, &fault);
    if (code < 0) {
        answer_fault(exchange, &fault);
    } else {
        struct hk_uuid id;
        struct hk_body *body = hk_event_body_new(draft.type, draft.key, source.body);
        if (body != NULL && hk_api_make_event_id(api, &id) == 0) {
            offer(exchange, &draft, &id, body);
        } else {
            hk_body_unref(body);
            hk_answer_code(&exchange->answer, HK_ENOMEM);
        }
    }
    hk_event_draft_fini(&draft);
}

void hk_events_accepted(struct hk_exchange *exchange, const struct hk_command_ack *ack)
{
    struct hk_answer *answer = &exchange->answer;
    char id[HK_UUID_TEXT_SIZE + 1];
    hk_uuid_format(&ack->id, id);
    hk_bytes_clear(&answer->buffer);
    int code = hk_bytes_append(&answer->buffer, ACCEPTED_START, sizeof(ACCEPTED_START) - 1);
    if (code == 0)
        code = hk_bytes_append(&answer->buffer, id, HK_UUID_TEXT_SIZE);
    if (code == 0)
        code = hk_bytes_append(&answer->buffer, ACCEPTED_END, sizeof(ACCEPTED_END) - 1);
    hk_answer_buffer(answer, 202, code);
    answer->is_replayed = ack->is_replayed;
}

void hk_events_refused(struct hk_exchange *exchange, enum hk_refusal refusal)
{
    struct hk_answer *answer = &exchange->answer;
    switch (refusal) {
    case HK_REFUSAL_UNKNOWN_MERCHANT:
        hk_answer_message(answer, 404, "Not found.");
        break;
    case HK_REFUSAL_IDEMPOTENCY_CONFLICT:
        hk_answer_message(answer, 409, "The Idempotency-Key was used with another body.");
        break;
    case HK_REFUSAL_MERCHANT_PENDING:
        hk_answer_message(answer, 429, "Too many deliveries of this merchant are pending.");
        answer->retry_after_s = HK_RETRY_AFTER_S;
        break;
    case HK_REFUSAL_PENDING:
        hk_answer_message(answer, 429, "Too many deliveries are pending.");
        answer->retry_after_s = HK_RETRY_AFTER_S;
        break;
    case HK_REFUSAL_UNKNOWN_TYPE:
        hk_answer_invalid_field(answer, "event", "The selected event is invalid.");
        break;
    case HK_REFUSAL_STOPPING:
        hk_answer_unavailable(answer, "The service is stopping.");
        break;
    case HK_REFUSAL_DISK:
        hk_answer_unavailable(answer, "The service has too little room on its disk.");
        break;
    case HK_REFUSAL_MEMORY:
        hk_answer_unavailable(answer, "The service is out of memory.");
        break;
    default:
        hk_answer_unavailable(answer, "The service is not available now.");
        break;
    }
}

void hk_events_get(struct hk_exchange *exchange)
{
    hk_exchange_ask(exchange, HK_REQUEST_EVENT_GET);
}

typedef int (*append_fn)(struct hk_bytes *out, const struct hk_event *event);

static void answer_event(struct hk_exchange *exchange, const struct hk_reply *reply,
                         append_fn append)
{
    if (reply->code < 0 || reply->event == NULL) {
        hk_answer_code(&exchange->answer, reply->code < 0 ? reply->code : HK_ENOTFOUND);
        return;
    }
    struct hk_bytes *out = &exchange->answer.buffer;
    hk_bytes_clear(out);
    hk_answer_buffer(&exchange->answer, 200, append(out, reply->event));
}

void hk_events_get_reply(struct hk_exchange *exchange, struct hk_reply *reply)
{
    answer_event(exchange, reply, hk_event_view_append);
}

void hk_events_why(struct hk_exchange *exchange)
{
    hk_exchange_ask(exchange, HK_REQUEST_EVENT_WHY);
}

void hk_events_why_reply(struct hk_exchange *exchange, struct hk_reply *reply)
{
    answer_event(exchange, reply, hk_why_view_append);
}
