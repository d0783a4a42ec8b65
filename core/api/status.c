// SPDX-License-Identifier: Apache-2.0
#include "api/status.h"

void hk_status_health(struct hk_exchange *exchange)
{
    hk_answer_message(&exchange->answer, 200, "");
}

void hk_status_ready(struct hk_exchange *exchange)
{
    const struct hk_api *api = hk_exchange_api(exchange);
    if (api->is_quiescing)
        hk_answer_unavailable(&exchange->answer, "The service is stopping.");
    else if (!api->is_ready)
        hk_answer_unavailable(&exchange->answer, "The service is starting.");
    else
        hk_answer_message(&exchange->answer, 200, "");
}

void hk_status_stats(struct hk_exchange *exchange)
{
    hk_exchange_ask(exchange, HK_REQUEST_STATS);
}

void hk_status_stats_reply(struct hk_exchange *exchange, struct hk_reply *reply)
{
    if (reply->code < 0 || reply->stats == NULL) {
        hk_answer_code(&exchange->answer, reply->code);
        return;
    }
    json_t *data = json_pack("{s:s}", "version", hk_exchange_api(exchange)->options.version);
#define XX(name, is_gauge, text) \
    json_object_set_new(data, #name, json_integer((json_int_t)reply->stats->name));
    HK_STATS_MAP(XX)
#undef XX
    hk_answer_data(&exchange->answer, data);
}
