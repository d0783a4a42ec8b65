// SPDX-License-Identifier: Apache-2.0
#include "api/why_view.h"

#include "api/answers.h"
#include "api/event_view.h"
#include "api/policies.h"
#include "base/json_diff.h"
#include "model/plan.h"

/** What all deliveries are compared with. */
struct trail {
    struct hk_bytes *out;
    const struct hk_event *event;
    const struct hk_plan *plan; /**< NULL: there is none (yet), or it could not be read. */
    struct hk_json_value original;
    bool has_original;
};

static json_t *view_slice(struct hk_slice text)
{
    return text.size > 0 ? hk_answer_text(text) : json_null();
}

/** The policy that was asked; with a plan, also which of its hooks ran. */
static json_t *view_policy(const struct trail *trail)
{
    const struct hk_plan *plan = trail->plan;
    const struct hk_event *event = trail->event;
    struct hk_slice name = plan != NULL ? plan->policy : hk_slice_of(event->policy);
    uint32_t generation = plan != NULL ? plan->generation : event->generation;
    if (name.size == 0)
        return json_null();
    return json_pack("{s:o,s:I,s:o}", "name", hk_answer_text(name), "generation",
                     (json_int_t)generation, "hooks",
                     hk_policies_view_hooks(plan != NULL ? plan->hooks : 0));
}

/** Who decided: "policy", or the engine by itself ("default"); null while nobody has. */
static json_t *view_decider(const struct trail *trail)
{
    const struct hk_event *event = trail->event;
    if (event->state == HK_EVENT_PLANNING || event->state == HK_EVENT_HELD)
        return json_null();
    bool is_policy = trail->plan != NULL
                         ? trail->plan->policy.size > 0 && trail->plan->error.size == 0
                         : event->policy != NULL;
    return json_string(is_policy ? "policy" : "default");
}

/** Why the event is held, or was planned without its policy. */
static json_t *view_error(const struct trail *trail)
{
    if (trail->event->error == NULL && trail->plan != NULL)
        return view_slice(trail->plan->error);
    return hk_event_view_error(trail->event);
}

static json_t *view_drop(const struct trail *trail)
{
    const struct hk_event *event = trail->event;
    if (event->state != HK_EVENT_DROPPED)
        return json_null();
    return json_pack("{s:o,s:o}", "reason", hk_event_view_reason(event->reason), "why",
                     trail->plan != NULL ? view_slice(trail->plan->why) : json_null());
}

static json_t *view_head(const struct trail *trail)
{
    const struct hk_event *event = trail->event;
    struct hk_slice type = event->body != NULL ? hk_event_body_type(event->body) : HK_SLICE_EMPTY;
    return json_pack(
        "{s:o,s:o,s:I,s:s,s:o,s:o,s:o,s:o,s:o,s:o}", "id", hk_event_view_uuid(&event->id), "event",
        view_slice(type), "merchant_id", (json_int_t)event->merchant_id, "state",
        hk_event_state_word(event->state), "reason", hk_event_view_reason(event->reason), "error",
        view_error(trail), "received_at", hk_event_view_wall(event->received_at), "policy",
        view_policy(trail), "decided_by", view_decider(trail), "dropped", view_drop(trail));
}

/** The plan's side of a delivery; NULL for one that came later, as a resend does. */
static const struct hk_plan_delivery *planned(const struct trail *trail,
                                              const struct hk_delivery *delivery)
{
    const struct hk_plan *plan = trail->plan;
    if (plan == NULL || delivery->number == 0 || delivery->number > plan->delivery_count)
        return NULL;
    const struct hk_plan_delivery *found = &plan->deliveries[delivery->number - 1];
    bool is_same =
        memcmp(found->endpoint.bytes, delivery->endpoint.bytes, sizeof(found->endpoint.bytes)) == 0;
    return is_same ? found : NULL;
}

/** What a waiting delivery waits for. */
static json_t *view_delay(const struct hk_delivery *delivery)
{
    struct hk_wall until = hk_event_view_next_at(delivery);
    if (until.ms == 0)
        return json_null();
    return json_pack("{s:I,s:o,s:o,s:I}", "after_attempt", (json_int_t)delivery->attempt_count,
                     "since", hk_event_view_wall(delivery->waiting_since), "until",
                     hk_event_view_wall(until), "delay_ms", (json_int_t)delivery->delay_ms);
}

static json_t *view_headers(const struct hk_body *own)
{
    json_t *headers = json_object();
    const char *name, *value;
    if (own == NULL)
        return headers;
    for (struct hk_slice rest = hk_payload_headers(own); hk_payload_next(&rest, &name, &value);)
        json_object_set_new(headers, name, hk_answer_text(hk_slice_of(value)));
    return headers;
}

static json_t *view_delivery(const struct trail *trail, const struct hk_delivery *delivery)
{
    const struct hk_plan_delivery *plan = planned(trail, delivery);
    json_t *view = hk_event_view_delivery(trail->event, delivery);
    json_object_set_new(view, "why", plan != NULL ? view_slice(plan->why) : json_null());
    json_object_set_new(view, "routed", json_true());
    json_object_set_new(view, "delayed_by", view_delay(delivery));
    json_object_set_new(view, "headers", view_headers(plan != NULL ? plan->own : NULL));
    return view;
}

/** Appends `"diff":[...],"diff_is_cut":false`; the diff is null when a body is not there to be
 * compared. */
static int append_diff(const struct trail *trail, const struct hk_delivery *delivery)
{
    const struct hk_plan_delivery *plan = planned(trail, delivery);
    struct hk_bytes *out = trail->out;
    struct hk_json_value changed = { 0 };
    bool is_cut = false, has_changed = false;
    bool is_known = plan != NULL && plan->own != NULL;
    bool is_own = is_known ? hk_payload_has_text(plan->own) : delivery->has_own;
    int code = hk_bytes_append_text(out, "\"diff\":");
    if (is_known && is_own && trail->has_original)
        has_changed = hk_json_scan(hk_body_text(plan->own), &changed, NULL) == 0;
    if (code == 0 && has_changed)
        code = hk_json_diff_append(out, trail->original, changed, &is_cut);
    else if (code == 0)
        code = hk_bytes_append_text(out, is_own ? "null" : "[]");
    if (code == 0)
        code = hk_bytes_append_text(out, ",\"diff_is_cut\":");
    return code < 0 ? code : hk_bytes_append_text(out, is_cut ? "true" : "false");
}

/** Appends an object and takes its closing brace away. */
static int append_open(struct hk_bytes *out, json_t *own_object)
{
    int code = hk_answer_append_json(out, own_object);
    if (code == 0)
        out->size--;
    json_decref(own_object);
    return code < 0 ? code : hk_bytes_append_text(out, ",");
}

static int append_deliveries(const struct trail *trail)
{
    int code = hk_bytes_append_text(trail->out, "\"deliveries\":[");
    for (uint32_t i = 0; i < trail->event->delivery_count && code == 0; i++) {
        const struct hk_delivery *delivery = &trail->event->deliveries[i];
        if (i > 0)
            code = hk_bytes_append_text(trail->out, ",");
        if (code == 0)
            code = append_open(trail->out, view_delivery(trail, delivery));
        if (code == 0)
            code = append_diff(trail, delivery);
        if (code == 0)
            code = hk_bytes_append_text(trail->out, "}");
    }
    return code < 0 ? code : hk_bytes_append_text(trail->out, "]");
}

int hk_why_view_append(struct hk_bytes *out, const struct hk_event *event)
{
    struct trail trail = { .out = out, .event = event, .plan = event->plan };
    if (event->body != NULL)
        trail.has_original = hk_json_scan(hk_body_text(event->body), &trail.original, NULL) == 0;
    int code = hk_bytes_append_text(out, "{\"status\":true,\"message\":\"\","
                                         "\"appended_data\":{},\"data\":");
    if (code == 0)
        code = append_open(out, view_head(&trail));
    if (code == 0)
        code = append_deliveries(&trail);
    return code < 0 ? code : hk_bytes_append_text(out, "}}");
}
