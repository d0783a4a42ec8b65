// SPDX-License-Identifier: Apache-2.0
#include "policy/pool_plan.h"

#include "base/alloc.h"
#include "base/json.h"
#include "model/header.h"

#include <strings.h>

/** A plan in the making. */
struct making {
    const struct hk_pool_task *task;
    uint64_t bytes_left;
    struct hk_plan_delivery *deliveries;
    uint32_t count;
    bool has_sent; /**< One of them is not skipped. */
    struct hk_bytes texts;
    struct hk_fault *fault;
};

/** Gets the size of the character that `text` starts with; 0 when it is none that may be shown. */
static size_t character_size(struct hk_slice text)
{
    unsigned char first = (unsigned char)text.at[0];
    size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    bool is_shown = (first >= ' ' && first != 0x7F) || first == '\n' || first == '\t';
    if (!is_shown || size > text.size || !hk_utf8_is_valid((struct hk_slice){ text.at, size }))
        return 0;
    return size;
}

int hk_pool_plan_clean(struct hk_slice text, struct hk_bytes *out)
{
    text = hk_slice_cut(text, HK_POLICY_TEXT_BYTES_MAX);
    int code = hk_bytes_reserve(out, text.size + 1);
    while (code == 0 && text.size > 0) {
        size_t size = character_size(text);
        code = size > 0 ? hk_bytes_append(out, text.at, size) : hk_bytes_append(out, "?", 1);
        size += size == 0;
        text.at += size;
        text.size -= size;
    }
    return code;
}

static int refuse(struct making *making, const char *what)
{
    return hk_fault_set(making->fault, HK_EINVAL, "%s", what);
}

static int refuse_header(struct making *making, struct hk_slice name, const char *what)
{
    struct hk_slice shown = hk_slice_cut(name, HK_HEADER_NAME_BYTES_MAX);
    return hk_fault_set(making->fault, HK_EINVAL, "the header '%.*s' %s", (int)shown.size, shown.at,
                        what);
}

/** Counts bytes that go out against what one plan may have. */
static int spend(struct making *making, size_t bytes)
{
    if (bytes > making->bytes_left)
        return refuse(making, "the plan is larger than limits.plan_bytes_max");
    making->bytes_left -= bytes;
    return 0;
}

/** Is the header `at` one of those before it? */
static bool is_repeated(const struct hk_wire_delivery *delivery, uint32_t at)
{
    struct hk_slice name = delivery->headers[2 * (size_t)at];
    for (size_t i = 0; i < at; i++) {
        struct hk_slice other = delivery->headers[2 * i];
        if (other.size == name.size && strncasecmp(other.at, name.at, name.size) == 0)
            return true;
    }
    return false;
}

static int check_header(struct making *making, const struct hk_wire_delivery *delivery, uint32_t at)
{
    struct hk_slice name = delivery->headers[2 * (size_t)at];
    struct hk_slice value = delivery->headers[2 * (size_t)at + 1];
    if (!hk_header_is_name(name))
        return refuse(making, "a header's name is no token");
    if (hk_header_is_reserved(name, NULL))
        return refuse_header(making, name, "is not a policy's to set");
    if (!hk_header_is_value(value))
        return refuse_header(making, name, "has a value with control characters");
    if (name.size > HK_HEADER_NAME_BYTES_MAX || value.size > HK_HEADER_VALUE_BYTES_MAX)
        return refuse_header(making, name, "is too long");
    if (is_repeated(delivery, at))
        return refuse_header(making, name, "is set twice");
    return spend(making, name.size + value.size);
}

static int check_headers(struct making *making, const struct hk_wire_delivery *delivery)
{
    int code = 0;
    if (delivery->header_count > HK_POLICY_HEADERS_MAX)
        return refuse(making, "too many headers");
    for (uint32_t i = 0; code == 0 && i < delivery->header_count; i++)
        code = check_header(making, delivery, i);
    return code;
}

static int check_body(struct making *making, const struct hk_wire_delivery *delivery)
{
    struct hk_json_value top;
    int code = hk_json_scan(delivery->body, &top, NULL);
    if (code == HK_ENOMEM)
        return code;
    if (code != 0)
        return refuse(making, "a changed body is no JSON");
    if (top.type != HK_JSON_OBJECT && top.type != HK_JSON_ARRAY)
        return refuse(making, "a changed body is neither an object nor an array");
    return spend(making, delivery->body.size);
}

/** Appends a terminated copy; what grows later moves it, so it is found by its offset. */
static int copy_text(struct making *making, struct hk_slice text)
{
    int code = hk_bytes_append(&making->texts, text.at, text.size);
    return code == 0 ? hk_bytes_append(&making->texts, "", 1) : code;
}

/** Makes what the delivery has of its own. */
static int make_payload(struct making *making, const struct hk_wire_delivery *delivery,
                        struct hk_body **own)
{
    struct hk_pair items[HK_POLICY_HEADERS_MAX];
    const struct hk_pairs headers = { items, delivery->header_count };
    size_t text_count = 2 * (size_t)delivery->header_count;
    int code = 0;
    hk_bytes_clear(&making->texts);
    for (size_t i = 0; code == 0 && i < text_count; i++)
        code = copy_text(making, delivery->headers[i]);
    if (code != 0)
        return code;
    char *at = making->texts.at;
    for (uint32_t i = 0; i < delivery->header_count; i++) {
        items[i].name = at;
        items[i].value = at + strlen(at) + 1;
        at = items[i].value + strlen(items[i].value) + 1;
    }
    *own = hk_payload_new(&headers, delivery->has_body ? &delivery->body : NULL);
    return *own != NULL ? 0 : HK_ENOMEM;
}

static int add_delivery(struct making *making, const struct hk_wire_delivery *delivery)
{
    int code = check_headers(making, delivery);
    if (code == 0 && delivery->has_body)
        code = check_body(making, delivery);
    if (code != 0)
        return code;
    struct hk_plan_delivery *made = &making->deliveries[making->count];
    *made = (struct hk_plan_delivery){ .endpoint = making->task->endpoints[delivery->endpoint],
                                       .role = HK_ROLE_PRIMARY,
                                       .reason = delivery->reason };
    making->has_sent |= delivery->reason == HK_REASON_NONE;
    if (delivery->reason == HK_REASON_NONE && (delivery->has_body || delivery->header_count > 0))
        code = make_payload(making, delivery, &made->own);
    making->count += code == 0;
    return code;
}

static int add_deliveries(struct making *making, const struct hk_wire_planned *planned)
{
    bool is_taken[HK_PLAN_DELIVERIES_MAX] = { false };
    int code = 0;
    for (uint32_t i = 0; code == 0 && i < planned->delivery_count; i++) {
        uint32_t place = planned->deliveries[i].endpoint;
        if (place >= making->task->endpoint_count || place >= HK_PLAN_DELIVERIES_MAX)
            return refuse(making, "the plan names an endpoint that was not given");
        if (is_taken[place])
            return refuse(making, "the plan names an endpoint twice");
        is_taken[place] = true;
        code = add_delivery(making, &planned->deliveries[i]);
    }
    return code;
}

/** Cleans the words of the plan and of its skips into `texts`, and points to them. */
static int add_whys(struct making *making, const struct hk_wire_planned *planned,
                    struct hk_plan *plan)
{
    hk_bytes_clear(&making->texts);
    size_t room = HK_POLICY_TEXT_BYTES_MAX + 1;
    // Reserved at once, so that what is pointed to does not move.
    int code = hk_bytes_reserve(&making->texts, room * ((size_t)planned->delivery_count + 1));
    if (code != 0)
        return code;
    for (uint32_t i = 0; i <= planned->delivery_count && code == 0; i++) {
        bool is_plan = i == planned->delivery_count;
        struct hk_slice why = is_plan ? planned->why : planned->deliveries[i].why;
        bool has_why = (is_plan ? planned->reason : planned->deliveries[i].reason) != 0;
        size_t start = making->texts.size;
        if (!has_why || why.size == 0)
            continue;
        code = hk_pool_plan_clean(why, &making->texts);
        why = (struct hk_slice){ making->texts.at + start, making->texts.size - start };
        if (is_plan)
            plan->why = why;
        else
            making->deliveries[i].why = why;
    }
    return code;
}

/** Do reason and deliveries go together? */
static int check_reason(struct making *making, const struct hk_wire_planned *planned)
{
    if (planned->reason == HK_REASON_NONE)
        return 0;
    if (planned->reason == HK_REASON_SKIPPED_BY_POLICY && !making->has_sent)
        return 0;
    return making->count > 0 ? refuse(making, "a dropped event has deliveries") : 0;
}

int hk_pool_plan_make(const struct hk_pool_task *task, const struct hk_wire_planned *planned,
                      uint64_t plan_bytes_max, struct hk_plan **plan, struct hk_fault *fault)
{
    struct making making = { .task = task, .bytes_left = plan_bytes_max, .fault = fault };
    struct hk_plan made = { .reason = planned->reason, .hooks = planned->hooks };
    if (planned->delivery_count > HK_PLAN_DELIVERIES_MAX)
        return refuse(&making, "the plan has too many deliveries");
    making.deliveries = hk_alloc_zero(planned->delivery_count + 1U, sizeof(*making.deliveries));
    int code = making.deliveries != NULL ? add_deliveries(&making, planned) : HK_ENOMEM;
    if (code == 0)
        code = check_reason(&making, planned);
    if (code == 0)
        code = add_whys(&making, planned, &made);
    if (code == 0) {
        if (made.reason == HK_REASON_NONE && making.count == 0)
            made.reason = HK_REASON_NO_ENDPOINT;
        made.deliveries = making.deliveries;
        made.delivery_count = making.count;
        *plan = hk_plan_clone(&made);
    }
    for (uint32_t i = 0; i < making.count; i++)
        hk_body_unref(making.deliveries[i].own);
    hk_free(making.deliveries);
    hk_bytes_fini(&making.texts);
    return code;
}
