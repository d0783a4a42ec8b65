// SPDX-License-Identifier: Apache-2.0
#include "api/webhooks.h"

#include "api/webhook_fields.h"
#include "api/webhook_view.h"
#include "base/alloc.h"

void hk_webhooks_list(struct hk_exchange *exchange)
{
    if (hk_pager_read(exchange))
        hk_exchange_ask(exchange, HK_REQUEST_ENDPOINT_LIST);
}

void hk_webhooks_list_reply(struct hk_exchange *exchange, struct hk_reply *reply)
{
    if (reply->code < 0) {
        hk_answer_code(&exchange->answer, reply->code);
        return;
    }
    exchange->answer.is_secret = true;
    json_t *list = json_array();
    for (uint32_t i = 0; i < reply->count; i++) {
        json_t *view = hk_webhook_view(&reply->endpoints[i], hk_exchange_api(exchange)->config);
        if (json_array_append_new(list, view) < 0) {
            json_decref(list);
            list = NULL;
        }
    }
    hk_pager_answer(exchange, list, reply->count, reply->total);
}

/** Makes the request from the fields, or answers what is wrong with them. */
static void ask_with_fields(struct hk_exchange *exchange, bool is_new)
{
    struct hk_form form;
    struct hk_endpoint_patch patch = { 0 };
    struct hk_webhook_reading reading = { .config = hk_exchange_api(exchange)->config,
                                          .uuid = &exchange->match.uuid,
                                          .is_new = is_new };
    if (!hk_form_open(&form, exchange))
        return;
    hk_webhook_fields_read(&form, &reading, &patch);
    bool is_good = hk_form_close(&form, exchange);
    if (is_good && is_new && hk_webhook_fields_make_secret(&reading, &patch) < 0) {
        hk_answer_unavailable(&exchange->answer, "The service is not available now.");
        is_good = false;
    }
    struct hk_request *request =
        is_good ? hk_exchange_ask(exchange,
                                  is_new ? HK_REQUEST_ENDPOINT_CREATE : HK_REQUEST_ENDPOINT_UPDATE)
                : NULL;
    if (request != NULL)
        request->endpoint = patch;
    else
        hk_endpoint_fini(&patch.value);
}

void hk_webhooks_create(struct hk_exchange *exchange)
{
    if (hk_api_make_id(hk_exchange_api(exchange), &exchange->match.uuid) < 0)
        hk_answer_unavailable(&exchange->answer, "The service is not available now.");
    else
        ask_with_fields(exchange, true);
}

void hk_webhooks_get(struct hk_exchange *exchange)
{
    hk_exchange_ask(exchange, HK_REQUEST_ENDPOINT_GET);
}

void hk_webhooks_update(struct hk_exchange *exchange)
{
    ask_with_fields(exchange, false);
}

void hk_webhooks_one_reply(struct hk_exchange *exchange, struct hk_reply *reply)
{
    struct hk_answer *answer = &exchange->answer;
    if (reply->code == HK_EEXISTS) {
        hk_answer_message(answer, 400, "The url has already been taken.");
    } else if (reply->code == HK_ELIMIT) {
        hk_answer_message(answer, 400, "The merchant has as many webhooks as it may have.");
    } else if (reply->code < 0 || reply->count != 1) {
        hk_answer_code(answer, reply->code);
    } else {
        answer->is_secret = true;
        hk_answer_data(answer,
                       hk_webhook_view(&reply->endpoints[0], hk_exchange_api(exchange)->config));
    }
}

void hk_webhooks_delete(struct hk_exchange *exchange)
{
    hk_exchange_ask(exchange, HK_REQUEST_ENDPOINT_DELETE);
}

void hk_webhooks_deleted_reply(struct hk_exchange *exchange, struct hk_reply *reply)
{
    if (reply->code < 0)
        hk_answer_code(&exchange->answer, reply->code);
    else
        hk_answer_message(&exchange->answer, 200, "");
}
