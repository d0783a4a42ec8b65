// SPDX-License-Identifier: Apache-2.0
#include "engine/requests.h"

#include "base/alloc.h"
#include "engine/answers.h"
#include "engine/directory.h"
#include "engine/listing.h"
#include "engine/lookup.h"
#include "engine/policies.h"
#include "engine/queue.h"

static void answer_code(struct hk_engine *engine, const struct hk_request *request, int code)
{
    hk__answers_push_reply(engine, hk_reply_new(request, code));
}

static struct hk_reply *merchant_reply(const struct hk_request *request,
                                       const struct hk_engine *engine, uint32_t slot)
{
    struct hk_reply *reply = hk_reply_new(request, 0);
    reply->merchants = hk_alloc_zero_or_die(1, sizeof(*reply->merchants));
    reply->count = 1;
    hk_merchant_clone(reply->merchants, &hk__merchant(engine, slot)->value);
    return reply;
}

static void answer_merchant(struct hk_engine *engine, const struct hk_request *request,
                            uint32_t slot)
{
    hk__answers_push_reply(engine, merchant_reply(request, engine, slot));
}

static void answer_merchant_with_use(struct hk_engine *engine, const struct hk_request *request,
                                     uint32_t slot)
{
    struct hk_reply *reply = merchant_reply(request, engine, slot);
    reply->use = hk_alloc_zero_or_die(1, sizeof(*reply->use));
    hk__policies_show_use(engine, slot, reply->use);
    hk__answers_push_reply(engine, reply);
}

static void answer_endpoint(struct hk_engine *engine, const struct hk_request *request,
                            uint32_t slot)
{
    struct hk_reply *reply = hk_reply_new(request, 0);
    reply->endpoints = hk_alloc_zero_or_die(1, sizeof(*reply->endpoints));
    reply->count = 1;
    hk_endpoint_clone(reply->endpoints, &hk__endpoint(engine, slot)->value);
    hk__answers_push_reply(engine, reply);
}

static void authenticate(struct hk_engine *engine, const struct hk_request *request)
{
    uint32_t key = hk__directory_key(engine, request->digest);
    struct hk_reply *reply = hk_reply_new(request, key == HK_NONE ? HK_EDENIED : 0);
    if (key != HK_NONE) {
        const struct hk_key_row *row = hk_slots_row(&engine->keys, key);
        reply->merchants = hk_alloc_zero_or_die(1, sizeof(*reply->merchants));
        reply->count = 1;
        hk_merchant_clone(reply->merchants, &hk__merchant(engine, row->merchant)->value);
    }
    hk__answers_send(engine, reply);
}

static void merchant_create(struct hk_engine *engine, struct hk_request *request)
{
    struct hk_merchant value = {
        .id = request->merchant_id,
        .verified = true,
        .created_at = engine->now.wall,
        .updated_at = engine->now.wall,
    };
    if (value.id == UINT64_MAX)
        value.id = engine->merchant_id_last + 1;
    if (hk__directory_merchant(engine, value.id) != HK_NONE) {
        answer_code(engine, request, HK_EEXISTS);
        return;
    }
    hk_merchant_apply(&value, &request->merchant);
    uint32_t slot = hk__directory_merchant_set(engine, &value);
    hk_merchant_fini(&value);
    hk__append(engine, HK_RECORD_MERCHANT)->merchant = &hk__merchant(engine, slot)->value;
    answer_merchant(engine, request, slot);
}

static void merchant_update(struct hk_engine *engine, struct hk_request *request, uint32_t slot)
{
    struct hk_merchant *value = hk__directory_merchant_change(engine, slot);
    hk_merchant_apply(value, &request->merchant);
    value->updated_at = engine->now.wall;
    hk__policies_forget(engine, slot);
    hk__append(engine, HK_RECORD_MERCHANT)->merchant = value;
    answer_merchant(engine, request, slot);
}

static void endpoint_forget(struct hk_engine *engine, uint32_t slot)
{
    uint64_t id = hk_slots_id(&engine->endpoints, slot);
    hk_commands_add(engine->commands, HK_COMMAND_ENDPOINT_DROP)->endpoint_drop = id;
    hk__directory_endpoint_delete(engine, slot);
}

static void merchant_delete(struct hk_engine *engine, const struct hk_request *request,
                            uint32_t slot)
{
    hk__append(engine, HK_RECORD_MERCHANT_DELETED)->merchant_deleted = request->merchant_id;
    struct hk_merchant_row *row = hk__merchant(engine, slot);
    row->is_deleted = true;
    while (row->endpoints.first != HK_NONE)
        endpoint_forget(engine, row->endpoints.first);
    hk__directory_merchant_delete(engine, slot);
    answer_code(engine, request, 0);
}

/* Which of a chain's rows a page shows, newest first. */
struct page_walk {
    const struct hk_list *list;
    uint32_t slot;
    uint32_t left;
};

static struct page_walk page_start(const struct hk_list *list, const struct hk_page *page)
{
    struct page_walk walk = { list, list->last, page->per_page };
    uint64_t skip = (uint64_t)(page->number - 1) * page->per_page;
    if (skip >= list->count) {
        walk.slot = HK_NONE;
        return walk;
    }
    for (uint64_t i = 0; i < skip; i++)
        walk.slot = hk__list_previous(list, walk.slot);
    return walk;
}

static uint32_t page_next(struct page_walk *walk)
{
    if (walk->slot == HK_NONE || walk->left == 0)
        return HK_NONE;
    uint32_t slot = walk->slot;
    walk->slot = hk__list_previous(walk->list, slot);
    walk->left--;
    return slot;
}

static void merchant_list(struct hk_engine *engine, const struct hk_request *request)
{
    struct hk_reply *reply = hk_reply_new(request, 0);
    struct page_walk walk = page_start(&engine->merchant_chain, &request->page);
    reply->total = engine->merchant_chain.count;
    reply->merchants = hk_alloc_zero_or_die(request->page.per_page, sizeof(*reply->merchants));
    for (uint32_t slot = page_next(&walk); slot != HK_NONE; slot = page_next(&walk))
        hk_merchant_clone(&reply->merchants[reply->count++], &hk__merchant(engine, slot)->value);
    hk__answers_push_reply(engine, reply);
}

static void key_create(struct hk_engine *engine, const struct hk_request *request, uint32_t slot)
{
    if (hk__merchant(engine, slot)->keys.count >= HK_KEYS_MAX) {
        answer_code(engine, request, HK_ELIMIT);
        return;
    }
    struct hk_key key = request->key;
    key.merchant_id = request->merchant_id;
    key.created_at = engine->now.wall;
    hk__directory_key_set(engine, &key);
    hk__append(engine, HK_RECORD_KEY)->key = key;
    struct hk_reply *reply = hk_reply_new(request, 0);
    reply->keys = hk_alloc_zero_or_die(1, sizeof(*reply->keys));
    reply->keys[0] = key;
    reply->count = 1;
    hk__answers_push_reply(engine, reply);
}

static void key_list(struct hk_engine *engine, const struct hk_request *request, uint32_t slot)
{
    struct hk_reply *reply = hk_reply_new(request, 0);
    const struct hk_list *keys = &hk__merchant(engine, slot)->keys;
    struct page_walk walk = page_start(keys, &request->page);
    reply->total = keys->count;
    reply->keys = hk_alloc_zero_or_die(request->page.per_page, sizeof(*reply->keys));
    for (uint32_t key = page_next(&walk); key != HK_NONE; key = page_next(&walk))
        reply->keys[reply->count++] =
            ((const struct hk_key_row *)hk_slots_row(&engine->keys, key))->value;
    hk__answers_push_reply(engine, reply);
}

static void key_delete(struct hk_engine *engine, const struct hk_request *request, uint32_t slot)
{
    uint32_t key = hk__directory_key_of(engine, slot, &request->uuid);
    if (key == HK_NONE) {
        answer_code(engine, request, HK_ENOTFOUND);
        return;
    }
    hk__directory_key_delete(engine, key);
    hk__append(engine, HK_RECORD_KEY_DELETED)->key_deleted = request->uuid;
    answer_code(engine, request, 0);
}

static bool is_url_taken(const struct hk_engine *engine, uint32_t merchant, const char *url_normal,
                         const struct hk_uuid *except)
{
    const struct hk_list *endpoints = &hk__merchant(engine, merchant)->endpoints;
    for (uint32_t slot = endpoints->first; slot != HK_NONE; slot = hk__list_next(endpoints, slot)) {
        const struct hk_endpoint *endpoint = &hk__endpoint(engine, slot)->value;
        if (!hk_uuid_is_equal(&endpoint->uuid, except) &&
            strcmp(endpoint->url_normal, url_normal) == 0)
            return true;
    }
    return false;
}

/* Why the merchant may not have its endpoint so, or 0. */
static int endpoint_refusal(const struct hk_engine *engine, const struct hk_request *request,
                            uint32_t merchant)
{
    const struct hk_merchant_row *row = hk__merchant(engine, merchant);
    if (!row->value.verified && !request->is_platform)
        return HK_EDENIED;
    if ((request->endpoint.fields & HK_ENDPOINT_URL) &&
        is_url_taken(engine, merchant, request->endpoint.value.url_normal, &request->uuid))
        return HK_EEXISTS;
    if (request->kind == HK_REQUEST_ENDPOINT_CREATE &&
        row->endpoints.count >= engine->options.merchant_endpoints_max)
        return HK_ELIMIT;
    return 0;
}

static void endpoint_create(struct hk_engine *engine, struct hk_request *request, uint32_t merchant)
{
    int code = endpoint_refusal(engine, request, merchant);
    if (code) {
        answer_code(engine, request, code);
        return;
    }
    struct hk_endpoint value;
    hk_endpoint_init(&value);
    value.uuid = request->uuid;
    value.merchant_id = request->merchant_id;
    value.created_at = value.updated_at = engine->now.wall;
    hk_endpoint_apply(&value, &request->endpoint);
    uint32_t slot = hk__directory_endpoint_set(engine, &value);
    hk_endpoint_fini(&value);
    hk__directory_endpoint_publish(engine, slot);
    answer_endpoint(engine, request, slot);
}

static void endpoint_update(struct hk_engine *engine, struct hk_request *request, uint32_t merchant,
                            uint32_t slot)
{
    int code = endpoint_refusal(engine, request, merchant);
    if (code) {
        answer_code(engine, request, code);
        return;
    }
    struct hk_endpoint *value = hk__directory_endpoint_change(engine, slot);
    hk_endpoint_apply(value, &request->endpoint);
    value->updated_at = engine->now.wall;
    hk__queue_refresh(engine, slot);
    hk__directory_endpoint_publish(engine, slot);
    answer_endpoint(engine, request, slot);
}

static void endpoint_delete(struct hk_engine *engine, const struct hk_request *request,
                            uint32_t merchant, uint32_t slot)
{
    int code = endpoint_refusal(engine, request, merchant);
    if (!code) {
        hk__append(engine, HK_RECORD_ENDPOINT_DELETED)->endpoint_deleted = request->uuid;
        endpoint_forget(engine, slot);
    }
    answer_code(engine, request, code);
}

static void endpoint_list(struct hk_engine *engine, const struct hk_request *request,
                          uint32_t merchant)
{
    struct hk_reply *reply = hk_reply_new(request, 0);
    const struct hk_list *endpoints = &hk__merchant(engine, merchant)->endpoints;
    struct page_walk walk = page_start(endpoints, &request->page);
    reply->total = endpoints->count;
    reply->endpoints = hk_alloc_zero_or_die(request->page.per_page, sizeof(*reply->endpoints));
    for (uint32_t slot = page_next(&walk); slot != HK_NONE; slot = page_next(&walk))
        hk_endpoint_clone(&reply->endpoints[reply->count++], &hk__endpoint(engine, slot)->value);
    hk__answers_push_reply(engine, reply);
}

static void answer_stats(struct hk_engine *engine, const struct hk_request *request)
{
    struct hk_reply *reply = hk_reply_new(request, 0);
    reply->stats = hk_alloc_zero_or_die(1, sizeof(*reply->stats));
    hk_engine_stats(engine, reply->stats);
    hk__answers_send(engine, reply);
}

static void tail_change(struct hk_engine *engine, const struct hk_request *request)
{
    bool starts = request->kind == HK_REQUEST_TAIL_START;
    if (starts && engine->tail_count >= HK_TAILS_MAX) {
        hk__answers_send(engine, hk_reply_new(request, HK_ELIMIT));
        return;
    }
    if (starts)
        engine->tail_count++;
    else if (engine->tail_count > 0)
        engine->tail_count--;
    hk__answers_send(engine, hk_reply_new(request, 0));
}

/* Requests about one endpoint of a merchant that is there. */
static void endpoint_answer(struct hk_engine *engine, struct hk_request *request, uint32_t merchant)
{
    uint32_t slot = hk__directory_endpoint(engine, &request->uuid);
    if (slot == HK_NONE || hk__endpoint(engine, slot)->merchant != merchant)
        answer_code(engine, request, HK_ENOTFOUND);
    else if (request->kind == HK_REQUEST_ENDPOINT_GET)
        answer_endpoint(engine, request, slot);
    else if (request->kind == HK_REQUEST_ENDPOINT_UPDATE)
        endpoint_update(engine, request, merchant, slot);
    else
        endpoint_delete(engine, request, merchant, slot);
}

/* Requests about a merchant. */
static void merchant_answer(struct hk_engine *engine, struct hk_request *request)
{
    uint32_t slot = hk__directory_merchant(engine, request->merchant_id);
    if (slot == HK_NONE) {
        answer_code(engine, request, HK_ENOTFOUND);
        return;
    }
    switch (request->kind) {
    case HK_REQUEST_MERCHANT_GET:
        answer_merchant_with_use(engine, request, slot);
        break;
    case HK_REQUEST_MERCHANT_UPDATE:
        merchant_update(engine, request, slot);
        break;
    case HK_REQUEST_MERCHANT_DELETE:
        merchant_delete(engine, request, slot);
        break;
    case HK_REQUEST_KEY_CREATE:
        key_create(engine, request, slot);
        break;
    case HK_REQUEST_KEY_LIST:
        key_list(engine, request, slot);
        break;
    case HK_REQUEST_KEY_DELETE:
        key_delete(engine, request, slot);
        break;
    case HK_REQUEST_ENDPOINT_CREATE:
        endpoint_create(engine, request, slot);
        break;
    case HK_REQUEST_ENDPOINT_LIST:
        endpoint_list(engine, request, slot);
        break;
    default:
        endpoint_answer(engine, request, slot);
        break;
    }
}

void hk__request_answer(struct hk_engine *engine, struct hk_request *request)
{
    switch (request->kind) {
    case HK_REQUEST_AUTHENTICATE:
        authenticate(engine, request);
        break;
    case HK_REQUEST_MERCHANT_CREATE:
        merchant_create(engine, request);
        break;
    case HK_REQUEST_MERCHANT_LIST:
        merchant_list(engine, request);
        break;
    case HK_REQUEST_EVENT_GET:
    case HK_REQUEST_EVENT_WHY:
        hk__lookup_answer(engine, request);
        break;
    case HK_REQUEST_POLICY_LIST:
        hk__policies_answer_list(engine, request);
        break;
    case HK_REQUEST_POLICY_RETRY:
        hk__policies_answer_retry(engine, request);
        break;
    case HK_REQUEST_POLICY_EVENTS:
        hk__listing_answer(engine, request);
        break;
    case HK_REQUEST_STATS:
        answer_stats(engine, request);
        break;
    case HK_REQUEST_TAIL_START:
    case HK_REQUEST_TAIL_STOP:
        tail_change(engine, request);
        break;
    default:
        merchant_answer(engine, request);
        break;
    }
    hk_request_free(request);
}
