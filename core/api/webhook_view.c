// SPDX-License-Identifier: Apache-2.0
#include "api/webhook_view.h"

#include "base/alloc.h"
#include "base/seal.h"

#define STANDARD_DISABLE_AFTER_S 432000
#define ORDERING_SKIP_S 3600

static json_t *view_wall(struct hk_wall wall)
{
    char text[HK_WALL_TEXT_MAX];
    return json_string(hk_wall_format(wall, text));
}

static json_t *view_uuid(const struct hk_uuid *uuid)
{
    char text[HK_UUID_TEXT_SIZE + 1];
    return json_string(hk_uuid_format(uuid, text));
}

static json_t *view_secret(const struct hk_endpoint *endpoint, const struct hk_config *config)
{
    struct hk_slice context = { (const char *)endpoint->uuid.bytes, sizeof(endpoint->uuid.bytes) };
    struct hk_bytes plain = { 0 };
    json_t *value = NULL;
    if (hk_unseal(config->secret_key, context, hk_bytes_slice(&endpoint->secret), &plain) == 0)
        value = json_stringn(plain.at, plain.size);
    if (plain.at != NULL)
        hk_wipe(plain.at, plain.capacity);
    hk_bytes_fini(&plain);
    return value;
}

static json_t *view_events(const struct hk_endpoint *endpoint)
{
    if (!endpoint->has_events)
        return json_null();
    json_t *list = json_array();
    for (uint32_t i = 0; i < endpoint->events.count; i++)
        json_array_append_new(list, json_string(endpoint->events.items[i]));
    return list;
}

static json_t *view_schedule(const struct hk_schedule *schedule)
{
    if (schedule->kind == HK_SCHEDULE_CONFIG)
        return json_null();
    if (schedule->kind != HK_SCHEDULE_OWN)
        return json_string(schedule->kind == HK_SCHEDULE_POINTS ? "points" : "standard");
    json_t *list = json_array();
    for (uint32_t i = 0; i < schedule->count; i++)
        json_array_append_new(list, json_integer(schedule->delays_ms[i]));
    return list;
}

static json_t *view_statuses(const struct hk_endpoint *endpoint)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < endpoint->no_retry_status_count; i++)
        json_array_append_new(list, json_integer(endpoint->no_retry_statuses[i]));
    return list;
}

static json_t *view_pairs(const struct hk_pairs *pairs)
{
    json_t *object = json_object();
    for (uint32_t i = 0; i < pairs->count; i++)
        json_object_set_new(object, pairs->items[i].name, json_string(pairs->items[i].value));
    return object;
}

static json_t *view_auth(const struct hk_auth *auth)
{
    switch (auth->type) {
    case HK_AUTH_BASIC:
        return json_pack("{s:s,s:s}", "type", "basic", "user", auth->user);
    case HK_AUTH_BEARER:
        return json_pack("{s:s}", "type", "bearer");
    default:
        return json_null();
    }
}

/** 0 is: the config decides. */
static json_t *view_number(uint32_t number)
{
    return number > 0 ? json_integer(number) : json_null();
}

static json_t *view_rate(uint32_t rate_limit_milli)
{
    if (rate_limit_milli == 0)
        return json_null();
    if (rate_limit_milli % 1000 == 0)
        return json_integer(rate_limit_milli / 1000);
    return json_real(rate_limit_milli / 1000.0);
}

static bool is_standard(const struct hk_endpoint *endpoint, const struct hk_config *config)
{
    if (endpoint->schedule.kind == HK_SCHEDULE_CONFIG)
        return config->engine.schedule == HK_PRESET_STANDARD;
    return endpoint->schedule.kind == HK_SCHEDULE_STANDARD;
}

static json_t *view_contract(const struct hk_endpoint *endpoint, const struct hk_config *config)
{
    return json_pack("{s:o,s:I,s:s,s:s,s:o,s:o,s:o}", "uuid", view_uuid(&endpoint->uuid),
                     "merchant_id", (json_int_t)endpoint->merchant_id, "name", endpoint->name,
                     "url", endpoint->url, "secret", view_secret(endpoint, config), "created_at",
                     view_wall(endpoint->created_at), "updated_at",
                     view_wall(endpoint->updated_at));
}

static json_t *view_options(const struct hk_endpoint *endpoint)
{
    return json_pack("{s:o,s:b,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:s,s:o,s:o,s:o,s:s?}", "events",
                     view_events(endpoint), "enabled", (int)endpoint->enabled, "role",
                     hk_role_name(endpoint->role), "signature",
                     endpoint->signature ? endpoint->signature : "points", "schedule",
                     view_schedule(&endpoint->schedule), "attempts",
                     view_number(endpoint->attempts), "timeout_ms",
                     view_number(endpoint->timeout_ms), "no_retry_statuses",
                     view_statuses(endpoint), "rate_limit", view_rate(endpoint->rate_limit_milli),
                     "concurrency", view_number(endpoint->concurrency), "ordering",
                     endpoint->ordering == HK_ORDERING_KEY ? "key" : "none", "headers",
                     view_pairs(&endpoint->headers), "auth", view_auth(&endpoint->auth), "labels",
                     view_pairs(&endpoint->labels), "description", endpoint->description);
}

/** The fields whose default depends on the schedule, or is not 0. */
static json_t *view_rules(const struct hk_endpoint *endpoint, const struct hk_config *config)
{
    bool by_standard = is_standard(endpoint, config);
    bool disables = endpoint->on_gone == HK_ON_GONE_DISABLE ||
                    (endpoint->on_gone == HK_ON_GONE_DEFAULT && by_standard);
    uint32_t disable_after_s = endpoint->disable_after_s;
    uint32_t skip_s = endpoint->ordering_skip_s;
    if (disable_after_s == HK_SECONDS_UNSET)
        disable_after_s = by_standard ? STANDARD_DISABLE_AFTER_S : 0;
    if (skip_s == HK_SECONDS_UNSET)
        skip_s = ORDERING_SKIP_S;
    return json_pack("{s:s,s:I,s:I}", "on_gone", disables ? "disable" : "retry", "disable_after_s",
                     (json_int_t)disable_after_s, "ordering_skip_s", (json_int_t)skip_s);
}

json_t *hk_webhook_view(const struct hk_endpoint *endpoint, const struct hk_config *config)
{
    json_t *view = view_contract(endpoint, config);
    json_t *options = view_options(endpoint);
    json_t *rules = view_rules(endpoint, config);
    bool is_whole = view != NULL && json_object_update(view, options) == 0 &&
                    json_object_update(view, rules) == 0;
    json_decref(options);
    json_decref(rules);
    if (is_whole)
        return view;
    json_decref(view);
    return NULL;
}
