// SPDX-License-Identifier: Apache-2.0
#include "api/exchange.h"

#include "api/auth.h"
#include "base/alloc.h"
#include "base/check.h"
#include "base/log.h"

/** Of a body that is refused anyway, so much is read, so that the client gets to read the answer.
 * A longer one is cut off. */
#define HK_DRAIN_BYTES_MAX (UINT64_C(16) << 20)

static void refuse(struct hk_exchange *exchange, unsigned status, const char *message)
{
    hk_answer_message(&exchange->answer, status, message);
    exchange->answer.must_close = true;
    exchange->phase = HK_PHASE_REFUSED;
}

static bool find_route(struct hk_exchange *exchange)
{
    struct hk_answer *answer = &exchange->answer;
    int code = hk_router_find(exchange->head.method, exchange->head.path, &exchange->match);
    if (code == HK_ENOTFOUND)
        hk_answer_message(answer, 404, "Not found.");
    if (code == HK_EINVAL) {
        hk_answer_message(answer, 405, "Method not allowed.");
        answer->allow = hk_router_allow(exchange->match.route, answer->allow_text);
    }
    return code == 0;
}

static bool is_available(struct hk_exchange *exchange)
{
    const struct hk_api *api = hk_exchange_api(exchange);
    if (exchange->match.route->scope == HK_SCOPE_OPEN)
        return true;
    if (api->is_ready && !api->is_quiescing)
        return true;
    hk_answer_unavailable(&exchange->answer, api->is_quiescing ? "The service is stopping."
                                                               : "The service is starting.");
    exchange->answer.must_close = api->is_quiescing;
    return false;
}

/** What the head says of the body: too large, or of the wrong type. */
static void check_body_head(struct hk_exchange *exchange)
{
    const struct hk_head *head = &exchange->head;
    const struct hk_action *action = exchange->match.action;
    if (exchange->answer.status != 0 || !action->takes_body)
        return;
    if (head->body_bytes > hk_exchange_api(exchange)->config->body_bytes_max)
        hk_answer_message(&exchange->answer, 413, "The body is too large.");
    else if (head->content_type.at == NULL && action->body_is_optional && head->body_bytes == 0)
        return;
    else if (head->content_type.at == NULL || !hk_guard_is_json(head->content_type))
        hk_answer_message(&exchange->answer, 415, "The body must be application/json.");
}

void hk_exchange_continue(struct hk_exchange *exchange)
{
    check_body_head(exchange);
    exchange->phase = exchange->answer.status != 0 ? HK_PHASE_DRAIN : HK_PHASE_BODY;
}

void hk_exchange_begin(struct hk_exchange *exchange, size_t head_bytes)
{
    struct hk_api *api = hk_exchange_api(exchange);
    exchange->phase = HK_PHASE_HEAD;
    unsigned status = hk_guard_check(&exchange->head, head_bytes);
    if (status == 431) {
        refuse(exchange, status, "The head of the request is too large.");
        return;
    }
    if (status != 0) {
        refuse(exchange, status, exchange->head.fault);
        return;
    }
    if (exchange->head.body_bytes > HK_DRAIN_BYTES_MAX &&
        exchange->head.body_bytes > api->config->body_bytes_max) {
        refuse(exchange, 413, "The body is too large.");
        return;
    }
    if (find_route(exchange) && is_available(exchange))
        hk_auth_start(exchange);
    if (exchange->phase != HK_PHASE_AUTH)
        hk_exchange_continue(exchange);
}

void hk_exchange_read(struct hk_exchange *exchange, struct hk_slice bytes)
{
    if (exchange->phase != HK_PHASE_BODY || !exchange->match.action->takes_body)
        return;
    struct hk_bytes *body = &exchange->body;
    if (body->size + bytes.size > hk_exchange_api(exchange)->config->body_bytes_max)
        hk_answer_message(&exchange->answer, 413, "The body is too large.");
    else if (hk_bytes_append(body, bytes.at, bytes.size) < 0)
        hk_answer_unavailable(&exchange->answer, "The service is out of memory.");
    else
        return;
    hk_bytes_fini(body);
    exchange->phase = HK_PHASE_DRAIN;
}

void hk_exchange_run(struct hk_exchange *exchange)
{
    if (exchange->phase == HK_PHASE_BODY) {
        exchange->phase = HK_PHASE_RUNNING;
        exchange->match.action->run(exchange);
    }
    if (exchange->phase == HK_PHASE_WAITING)
        return;
    if (exchange->answer.status == 0)
        hk_answer_unavailable(&exchange->answer, "The service is not available now.");
    exchange->phase = HK_PHASE_ANSWERED;
    exchange->answered_ms = hk_exchange_api(exchange)->loop_ms;
}

static bool may_wait(struct hk_exchange *exchange, int asked)
{
    struct hk_api *api = hk_exchange_api(exchange);
    if (api->waiting_count >= HK_REQUESTS_MAX || api->is_stopping) {
        hk_answer_unavailable(&exchange->answer, "The service is not available now.");
        return false;
    }
    api->waiting_count++;
    exchange->phase = HK_PHASE_WAITING;
    exchange->asked = asked;
    return true;
}

static uint64_t token_of(struct hk_exchange *exchange)
{
    struct hk_peer *peer = hk_exchange_peer(exchange);
    return hk_slots_id(&peer->api->peers, peer->slot);
}

bool hk_exchange_wait(struct hk_exchange *exchange, int asked, uint64_t *token)
{
    if (!may_wait(exchange, asked))
        return false;
    *token = token_of(exchange);
    return true;
}

struct hk_request *hk_exchange_ask(struct hk_exchange *exchange, enum hk_request_kind kind)
{
    if (!may_wait(exchange, (int)kind))
        return NULL;
    struct hk_request *request = hk_request_new(kind, token_of(exchange));
    request->merchant_id = exchange->merchant_id;
    request->uuid = exchange->match.uuid;
    request->is_platform = exchange->is_platform;
    request->page = exchange->page;
    hk_api_add_fact(hk_exchange_api(exchange), HK_FACT_REQUEST)->request = request;
    return request;
}

struct hk_fact_accept *hk_exchange_offer(struct hk_exchange *exchange)
{
    if (!may_wait(exchange, HK_ASKED_ACCEPT))
        return NULL;
    struct hk_fact *fact = hk_api_add_fact(hk_exchange_api(exchange), HK_FACT_ACCEPT);
    fact->accept.token = token_of(exchange);
    fact->accept.merchant_id = exchange->merchant_id;
    return &fact->accept;
}

struct hk_exchange *hk_exchange_find(struct hk_api *api, uint64_t token, int asked)
{
    uint32_t slot = hk_slots_find(&api->peers, token);
    if (slot == HK_SLOT_NONE)
        return NULL;
    struct hk_peer *peer = hk_slots_row(&api->peers, slot);
    HK_CHECK(peer, HK_PEER_MAGIC);
    struct hk_exchange *exchange = &peer->exchange;
    return hk_exchange_is_waiting(exchange) && exchange->asked == asked ? exchange : NULL;
}

void hk_exchange_arrived(struct hk_exchange *exchange)
{
    struct hk_api *api = hk_exchange_api(exchange);
    hk_assert(api->waiting_count > 0);
    api->waiting_count--;
    if (exchange->phase == HK_PHASE_AUTH)
        return;
    exchange->phase = HK_PHASE_ANSWERED;
    exchange->answered_ms = api->loop_ms;
}

void hk_exchange_reply(struct hk_exchange *exchange, struct hk_reply *reply)
{
    if (exchange->phase == HK_PHASE_AUTH) {
        hk_exchange_arrived(exchange);
        hk_auth_reply(exchange, reply);
        hk_exchange_continue(exchange);
        exchange->is_head_again = true;
        return;
    }
    hk_exchange_arrived(exchange);
    exchange->match.action->reply(exchange, reply);
}

/** Empties a buffer; a large one gives its memory back. */
static void trim(struct hk_bytes *bytes)
{
    if (bytes->capacity > HK_PEER_KEPT_BYTES)
        hk_bytes_fini(bytes);
    hk_bytes_clear(bytes);
}

void hk_exchange_reset(struct hk_exchange *exchange)
{
    struct hk_answer *answer = &exchange->answer;
    if (hk_exchange_is_waiting(exchange))
        hk_exchange_arrived(exchange);
    if (answer->is_secret && answer->buffer.at != NULL)
        hk_wipe(answer->buffer.at, answer->buffer.capacity);
    if (exchange->key[0] != '\0')
        hk_wipe(exchange->key, sizeof(exchange->key));
    trim(&exchange->body);
    trim(&answer->buffer);
    struct hk_bytes body = exchange->body;
    struct hk_bytes buffer = answer->buffer;
    *exchange = (struct hk_exchange){ .body = body, .answer.buffer = buffer };
}
