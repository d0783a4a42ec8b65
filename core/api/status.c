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

/** What is not the engine's to count. */
static void add_workers(const struct hk_server_options *options, json_t *data)
{
    struct hk_worker_status status = { 0 };
    if (options->workers == NULL)
        return;
    options->workers(options->arg, &status);
    json_t *error =
        status.error[0] != '\0' ? hk_answer_text(hk_slice_of(status.error)) : json_null();
    json_object_set_new(data, "policy_workers_wanted", json_integer(status.wanted));
    json_object_set_new(data, "policy_workers_running", json_integer(status.running));
    json_object_set_new(data, "policy_workers_restarts", json_integer((json_int_t)status.restarts));
    json_object_set_new(data, "policy_workers_error", error);
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
    add_workers(&hk_exchange_api(exchange)->options, data);
    hk_answer_data(&exchange->answer, data);
}
