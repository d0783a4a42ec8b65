// SPDX-License-Identifier: Apache-2.0
#include "api/policies.h"

#include "base/alloc.h"

#define LAST_DEFAULT 100
#define LAST_MAX 1000

static json_t *view_text(const char *text)
{
    return text != NULL ? hk_answer_text(hk_slice_of(text)) : json_null();
}

static json_t *view_ms(uint64_t us)
{
    return us % 1000 == 0 ? json_integer((json_int_t)(us / 1000)) : json_real((double)us / 1000.0);
}

json_t *hk_policies_view_hooks(uint32_t hooks)
{
    json_t *list = json_array();
#define XX(name, bit, word)                      \
    if ((hooks & (uint32_t)HK_HOOK_##name) != 0) \
        json_array_append_new(list, json_string(word));
    HK_HOOK_MAP(XX)
#undef XX
    return list;
}

static json_t *view_line(const struct hk_policy_line *line)
{
    const struct hk_policy *policy = &line->policy;
    char loaded[HK_WALL_TEXT_MAX];
    json_t *loaded_at = policy->loaded_at.ms > 0
                            ? json_string(hk_wall_format(policy->loaded_at, loaded))
                            : json_null();
    return json_pack("{s:o,s:I,s:o,s:o,s:o,s:I,s:I,s:I,s:o,s:I,s:I}", "name",
                     view_text(policy->name), "generation", (json_int_t)policy->generation,
                     "loaded_at", loaded_at, "fault", view_text(policy->fault), "hooks",
                     hk_policies_view_hooks(policy->hooks), "merchants",
                     (json_int_t)line->merchants, "calls", (json_int_t)line->calls, "errors",
                     (json_int_t)line->errors, "cpu_ms", view_ms(line->cpu_us), "held",
                     (json_int_t)line->held, "suspended", (json_int_t)line->suspended);
}

json_t *hk_policies_view_use(const struct hk_policy_use *use)
{
    return json_pack("{s:o,s:I,s:I,s:I,s:o,s:I,s:I,s:b,s:o}", "policy", view_text(use->policy),
                     "generation", (json_int_t)use->generation, "calls", (json_int_t)use->calls,
                     "errors", (json_int_t)use->errors, "cpu_ms", view_ms(use->cpu_us),
                     "memory_bytes", (json_int_t)use->memory_bytes, "held", (json_int_t)use->held,
                     "suspended", (int)use->is_suspended, "error", view_text(use->error));
}

void hk_policies_list(struct hk_exchange *exchange)
{
    hk_exchange_ask(exchange, HK_REQUEST_POLICY_LIST);
}

void hk_policies_list_reply(struct hk_exchange *exchange, struct hk_reply *reply)
{
    if (reply->code < 0) {
        hk_answer_code(&exchange->answer, reply->code);
        return;
    }
    json_t *list = json_array();
    for (uint32_t i = 0; i < reply->count; i++)
        json_array_append_new(list, view_line(&reply->policies[i]));
    hk_answer_data(&exchange->answer, list);
}

static struct hk_request *ask_by_name(struct hk_exchange *exchange, enum hk_request_kind kind)
{
    struct hk_request *request = hk_exchange_ask(exchange, kind);
    if (request != NULL)
        request->name = hk_strdup_or_die(exchange->match.name);
    return request;
}

void hk_policies_retry(struct hk_exchange *exchange)
{
    ask_by_name(exchange, HK_REQUEST_POLICY_RETRY);
}

void hk_policies_retry_reply(struct hk_exchange *exchange, struct hk_reply *reply)
{
    if (reply->code < 0)
        hk_answer_code(&exchange->answer, reply->code);
    else
        hk_answer_data(&exchange->answer, json_pack("{s:I}", "events", (json_int_t)reply->total));
}

void hk_policies_events(struct hk_exchange *exchange)
{
    uint32_t last = LAST_DEFAULT;
    if (hk_pager_parse(hk_pager_argument(exchange, "last"), LAST_MAX, &last) < 0) {
        hk_answer_invalid_field(&exchange->answer, "last", "The last must be between 1 and 1000.");
        return;
    }
    exchange->page = (struct hk_page){ .number = 1, .per_page = last };
    ask_by_name(exchange, HK_REQUEST_POLICY_EVENTS);
}

void hk_policies_events_reply(struct hk_exchange *exchange, struct hk_reply *reply)
{
    if (reply->code == HK_ELIMIT) {
        hk_answer_unavailable(&exchange->answer, "Another list is being made.");
        return;
    }
    if (reply->code < 0) {
        hk_answer_code(&exchange->answer, reply->code);
        return;
    }
    json_t *list = json_array();
    char text[HK_UUID_TEXT_SIZE + 1];
    for (uint32_t i = 0; i < reply->count; i++)
        json_array_append_new(list, json_string(hk_uuid_format(&reply->ids[i], text)));
    hk_answer_data(&exchange->answer, list);
}
