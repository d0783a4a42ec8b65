// SPDX-License-Identifier: Apache-2.0
#include "api/auth.h"

#include "api/exchange.h"
#include "base/seal.h"

#include <strings.h>

bool hk_auth_is_platform(struct hk_api *api, struct hk_slice authorization)
{
    struct hk_slice scheme = HK_SLICE("Bearer ");
    if (authorization.size <= scheme.size ||
        strncasecmp(authorization.at, scheme.at, scheme.size) != 0)
        return false;
    struct hk_slice key = { authorization.at + scheme.size, authorization.size - scheme.size };
    struct hk_hash128 digest = hk_hash128(&api->digest_key, key.at, key.size);
    bool is_platform = false;
    for (uint32_t i = 0; i < api->platform_key_count; i++) {
        const struct hk_platform_key *known = &api->platform_keys[i];
        struct hk_slice a = { (const char *)&digest, sizeof(digest) };
        struct hk_slice b = { (const char *)&known->digest, sizeof(known->digest) };
        if (hk_slice_is_equal_constant_time(a, b) &&
            hk_slice_is_equal_constant_time(key, known->text))
            is_platform = true;
    }
    return is_platform;
}

static void ask_for_merchant(struct hk_exchange *exchange)
{
    struct hk_slice key = exchange->head.api_key;
    if (key.at == NULL || key.size == 0) {
        hk_answer_message(&exchange->answer, 400, "API key is required");
        return;
    }
    struct hk_request *request = hk_exchange_ask(exchange, HK_REQUEST_AUTHENTICATE);
    if (request == NULL)
        return;
    hk_sha256(key, request->digest);
    exchange->phase = HK_PHASE_AUTH;
}

void hk_auth_start(struct hk_exchange *exchange)
{
    const struct hk_match *match = &exchange->match;
    struct hk_peer *peer = hk_exchange_peer(exchange);
    enum hk_scope scope = match->route->scope;
    if (scope == HK_SCOPE_OPEN)
        return;
    bool may_be_platform = scope == HK_SCOPE_PLATFORM ||
                           (scope == HK_SCOPE_EITHER && exchange->head.api_key.at == NULL);
    if (may_be_platform &&
        (peer->is_control || hk_auth_is_platform(peer->api, exchange->head.authorization))) {
        exchange->is_platform = true;
        exchange->merchant_id = match->has_merchant ? match->merchant_id : HK_ANY_MERCHANT;
        return;
    }
    if (scope == HK_SCOPE_PLATFORM || (may_be_platform && exchange->head.authorization.at != NULL))
        hk_answer_message(&exchange->answer, 401, "Invalid or missing platform key.");
    else
        ask_for_merchant(exchange);
}

void hk_auth_reply(struct hk_exchange *exchange, const struct hk_reply *reply)
{
    if (reply->code == 0 && reply->count == 1) {
        exchange->merchant_id = reply->merchants[0].id;
        return;
    }
    if (reply->code == HK_EDENIED || reply->code == HK_ENOTFOUND)
        hk_answer_message(&exchange->answer, 400, "Invalid or inactive API key");
    else
        hk_answer_code(&exchange->answer, reply->code);
}
