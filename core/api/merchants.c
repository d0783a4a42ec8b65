// SPDX-License-Identifier: Apache-2.0
#include "api/merchants.h"

#include "api/form.h"
#include "api/policies.h"
#include "base/alloc.h"
#include "model/bounds.h"

static json_t *view_merchant(const struct hk_merchant *merchant)
{
    char created[HK_WALL_TEXT_MAX], updated[HK_WALL_TEXT_MAX];
    return json_pack("{s:I,s:s,s:b,s:s?,s:s,s:s}", "id", (json_int_t)merchant->id, "name",
                     merchant->name, "verified", (int)merchant->verified, "policy",
                     merchant->policy, "created_at", hk_wall_format(merchant->created_at, created),
                     "updated_at", hk_wall_format(merchant->updated_at, updated));
}

void hk_merchants_list(struct hk_exchange *exchange)
{
    if (hk_pager_read(exchange))
        hk_exchange_ask(exchange, HK_REQUEST_MERCHANT_LIST);
}

void hk_merchants_list_reply(struct hk_exchange *exchange, struct hk_reply *reply)
{
    if (reply->code < 0) {
        hk_answer_code(&exchange->answer, reply->code);
        return;
    }
    json_t *list = json_array();
    for (uint32_t i = 0; i < reply->count; i++)
        json_array_append_new(list, view_merchant(&reply->merchants[i]));
    hk_pager_answer(exchange, list, reply->count, reply->total);
}

static void read_policy(struct hk_form *form, struct hk_json_value value,
                        struct hk_merchant_patch *patch)
{
    patch->fields |= HK_MERCHANT_POLICY;
    if (value.type == HK_JSON_NULL)
        return;
    if (hk_form_text(form, "policy", value, HK_POLICY_NAME_BYTES_MAX, &patch->value.policy) &&
        !hk_router_is_policy_name(hk_slice_of(patch->value.policy)))
        hk_form_fail(form, "policy", "The policy must be the name of a policy without .lua.");
}

static void read_fields(struct hk_form *form, bool is_new, struct hk_merchant_patch *patch)
{
    struct hk_json_value value;
    if (hk_form_find(form, "name", &value)) {
        patch->fields |= HK_MERCHANT_NAME;
        hk_form_text(form, "name", value, HK_NAME_CHARS_MAX, &patch->value.name);
    } else if (is_new) {
        hk_form_fail(form, "name", "The name field is required.");
    }
    if (hk_form_find(form, "verified", &value)) {
        patch->fields |= HK_MERCHANT_VERIFIED;
        hk_form_bool(form, "verified", value, &patch->value.verified);
    } else if (is_new) {
        patch->fields |= HK_MERCHANT_VERIFIED;
        patch->value.verified = true;
    }
    if (hk_form_find(form, "policy", &value))
        read_policy(form, value, patch);
    if (patch->fields == 0)
        hk_form_fail(form, "name", "The name field is required when nothing else is given.");
}

/** Makes the request from the fields, or answers what is wrong with them. */
static void ask_with_fields(struct hk_exchange *exchange, bool is_new)
{
    struct hk_form form;
    struct hk_json_value value;
    struct hk_merchant_patch patch = { 0 };
    int64_t id;
    if (!hk_form_open(&form, exchange))
        return;
    if (is_new) {
        exchange->merchant_id = UINT64_MAX;
        if (hk_form_find(&form, "id", &value) && value.type != HK_JSON_NULL &&
            hk_form_integer(&form, "id", value, (struct hk_range){ 0, (int64_t)HK_MERCHANT_ID_MAX },
                            &id))
            exchange->merchant_id = (uint64_t)id;
    }
    read_fields(&form, is_new, &patch);
    struct hk_request *request = NULL;
    if (hk_form_close(&form, exchange))
        request = hk_exchange_ask(exchange,
                                  is_new ? HK_REQUEST_MERCHANT_CREATE : HK_REQUEST_MERCHANT_UPDATE);
    if (request != NULL)
        request->merchant = patch;
    else
        hk_merchant_fini(&patch.value);
}

void hk_merchants_create(struct hk_exchange *exchange)
{
    ask_with_fields(exchange, true);
}

void hk_merchants_get(struct hk_exchange *exchange)
{
    hk_exchange_ask(exchange, HK_REQUEST_MERCHANT_GET);
}

void hk_merchants_update(struct hk_exchange *exchange)
{
    ask_with_fields(exchange, false);
}

/** What a merchant's policy costs is for the platform, which alone gets here. */
static json_t *view_with_use(const struct hk_merchant *merchant, const struct hk_policy_use *use)
{
    json_t *view = view_merchant(merchant);
    if (use != NULL)
        json_object_set_new(view, "policy_use", hk_policies_view_use(use));
    return view;
}

void hk_merchants_one_reply(struct hk_exchange *exchange, struct hk_reply *reply)
{
    struct hk_answer *answer = &exchange->answer;
    if (reply->code == HK_EEXISTS)
        hk_answer_message(answer, 400, "The id has already been taken.");
    else if (reply->code < 0 || reply->count != 1)
        hk_answer_code(answer, reply->code);
    else
        hk_answer_data(answer, view_with_use(&reply->merchants[0], reply->use));
}

void hk_merchants_delete(struct hk_exchange *exchange)
{
    hk_exchange_ask(exchange, HK_REQUEST_MERCHANT_DELETE);
}

void hk_merchants_deleted_reply(struct hk_exchange *exchange, struct hk_reply *reply)
{
    if (reply->code < 0)
        hk_answer_code(&exchange->answer, reply->code);
    else
        hk_answer_message(&exchange->answer, 200, "");
}
