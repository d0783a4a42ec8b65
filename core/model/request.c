// SPDX-License-Identifier: Apache-2.0
#include "model/request.h"

#include "base/alloc.h"

struct hk_request *hk_request_new(enum hk_request_kind kind, uint64_t token)
{
    struct hk_request *request = hk_alloc_zero_or_die(1, sizeof(*request));
    request->kind = kind;
    request->token = token;
    return request;
}

void hk_request_free(struct hk_request *request)
{
    if (!request)
        return;
    hk_merchant_fini(&request->merchant.value);
    hk_endpoint_fini(&request->endpoint.value);
    hk_free(request->name);
    hk_free(request);
}

struct hk_reply *hk_reply_new(const struct hk_request *request, int code)
{
    struct hk_reply *reply = hk_alloc_zero_or_die(1, sizeof(*reply));
    reply->kind = request->kind;
    reply->token = request->token;
    reply->code = code;
    return reply;
}

void hk_reply_free(struct hk_reply *reply)
{
    if (!reply)
        return;
    for (uint32_t i = 0; reply->merchants && i < reply->count; i++)
        hk_merchant_fini(&reply->merchants[i]);
    for (uint32_t i = 0; reply->endpoints && i < reply->count; i++)
        hk_endpoint_fini(&reply->endpoints[i]);
    hk_free(reply->merchants);
    hk_free(reply->keys);
    hk_free(reply->endpoints);
    hk_event_free(reply->event);
    hk_free(reply->stats);
    if (reply->use)
        hk_policy_use_fini(reply->use);
    hk_free(reply->use);
    for (uint32_t i = 0; reply->policies && i < reply->count; i++) {
        hk_free(reply->policies[i].policy.name);
        hk_free(reply->policies[i].policy.fault);
    }
    hk_free(reply->policies);
    hk_free(reply->ids);
    hk_free(reply);
}
