// SPDX-License-Identifier: Apache-2.0
#include "api/keys.h"

#include "api/form.h"
#include "base/alloc.h"
#include "base/seal.h"

#include <stdio.h>

/** What a merchant's key starts with, so that a leaked one can be told by scanners. */
#define KEY_PREFIX "hkm_"
#define KEY_RANDOM_BYTES 32

static json_t *view_key(const struct hk_key *key, const char *text)
{
    char id[HK_UUID_TEXT_SIZE + 1], created[HK_WALL_TEXT_MAX];
    json_t *view = json_pack("{s:s,s:I,s:s}", "id", hk_uuid_format(&key->id, id), "merchant_id",
                             (json_int_t)key->merchant_id, "created_at",
                             hk_wall_format(key->created_at, created));
    if (text != NULL && view != NULL && json_object_set_new(view, "key", json_string(text)) < 0) {
        json_decref(view);
        return NULL;
    }
    return view;
}

void hk_keys_list(struct hk_exchange *exchange)
{
    if (hk_pager_read(exchange))
        hk_exchange_ask(exchange, HK_REQUEST_KEY_LIST);
}

void hk_keys_list_reply(struct hk_exchange *exchange, struct hk_reply *reply)
{
    if (reply->code < 0) {
        hk_answer_code(&exchange->answer, reply->code);
        return;
    }
    json_t *list = json_array();
    for (uint32_t i = 0; i < reply->count; i++)
        json_array_append_new(list, view_key(&reply->keys[i], NULL));
    hk_pager_answer(exchange, list, reply->count, reply->total);
}

/** Makes a key as text in the exchange. */
static int make_key(struct hk_exchange *exchange)
{
    unsigned char random[KEY_RANDOM_BYTES];
    int code = hk_random_bytes(random, sizeof(random));
    if (code < 0)
        return code;
    size_t used = sizeof(KEY_PREFIX) - 1;
    memcpy(exchange->key, KEY_PREFIX, used);
    for (size_t i = 0; i < sizeof(random); i++, used += 2)
        snprintf(exchange->key + used, sizeof(exchange->key) - used, "%02x", random[i]);
    hk_wipe(random, sizeof(random));
    return 0;
}

void hk_keys_create(struct hk_exchange *exchange)
{
    struct hk_form form;
    if (!hk_form_open(&form, exchange))
        return;
    if (hk_api_make_id(hk_exchange_api(exchange), &exchange->match.uuid) < 0 ||
        make_key(exchange) < 0) {
        hk_answer_unavailable(&exchange->answer, "The service is not available now.");
        return;
    }
    struct hk_request *request = hk_exchange_ask(exchange, HK_REQUEST_KEY_CREATE);
    if (request == NULL)
        return;
    request->key.id = exchange->match.uuid;
    request->key.merchant_id = exchange->merchant_id;
    request->key.created_at = hk_api_now(hk_exchange_api(exchange)).wall;
    hk_sha256(hk_slice_of(exchange->key), request->key.digest);
}

void hk_keys_create_reply(struct hk_exchange *exchange, struct hk_reply *reply)
{
    struct hk_answer *answer = &exchange->answer;
    if (reply->code == HK_ELIMIT) {
        hk_answer_message(answer, 400, "The merchant has as many keys as it may have.");
    } else if (reply->code < 0 || reply->count != 1) {
        hk_answer_code(answer, reply->code);
    } else {
        answer->is_secret = true;
        hk_answer_data(answer, view_key(&reply->keys[0], exchange->key));
    }
}

void hk_keys_delete(struct hk_exchange *exchange)
{
    hk_exchange_ask(exchange, HK_REQUEST_KEY_DELETE);
}

void hk_keys_deleted_reply(struct hk_exchange *exchange, struct hk_reply *reply)
{
    if (reply->code < 0)
        hk_answer_code(&exchange->answer, reply->code);
    else
        hk_answer_message(&exchange->answer, 200, "");
}
