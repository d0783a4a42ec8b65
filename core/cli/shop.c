// SPDX-License-Identifier: Apache-2.0
#include "cli/shop.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/spelling.h"
#include "cli/event_file.h"
#include "cli/file.h"
#include "model/merchant.h"

enum { MERCHANT_BYTES_MAX = 16 << 20 };

/** Members of a merchant and of an endpoint: those of the API, so that its answers can be used. */
static const char *const merchant_members[] = { "id",       "name",       "endpoints",  "policy",
                                                "verified", "created_at", "updated_at", NULL };
static const char *const endpoint_members[] = {
    "name",        "url",
    "labels",      "role",
    "uuid",        "events",
    "enabled",     "merchant_id",
    "secret",      "signature",
    "schedule",    "attempts",
    "timeout_ms",  "no_retry_statuses",
    "on_gone",     "disable_after_s",
    "rate_limit",  "concurrency",
    "ordering",    "ordering_skip_s",
    "headers",     "auth",
    "description", "created_at",
    "updated_at",  NULL,
};

static bool is_known(const char *const *known, const char *name)
{
    for (; *known; known++)
        if (strcmp(*known, name) == 0)
            return true;
    return false;
}

static int check_members(const json_t *object, const char *const *known, const char *what,
                         struct hk_fault *fault)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        if (!is_known(known, name))
            return hk_fault_set(fault, HK_EINVAL, "%s has no \"%s\"; the nearest is \"%s\"", what,
                                name, hk_spelling_nearest(hk_slice_of(name), known));
    }
    return 0;
}

static struct hk_slice text_of(const json_t *value)
{
    return (struct hk_slice){ json_string_value(value), json_string_length(value) };
}

/** Reads a member that is a string or not there. */
static int read_text(const json_t *object, const char *member, struct hk_slice *text,
                     struct hk_fault *fault)
{
    const json_t *value = json_object_get(object, member);
    if (value == NULL || json_is_null(value))
        return 0;
    if (!json_is_string(value))
        return hk_fault_set(fault, HK_EINVAL, "\"%s\" is a string", member);
    *text = text_of(value);
    return 0;
}

static int read_role(struct hk_slice word, enum hk_role *role, struct hk_fault *fault)
{
    static const enum hk_role roles[] = { HK_ROLE_PRIMARY, HK_ROLE_AUDIT, HK_ROLE_DEAD_LETTER };
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        *role = roles[i];
        if (hk_slice_is(word, hk_role_name(roles[i])))
            return 0;
    }
    return hk_fault_set(fault, HK_EINVAL, "\"role\" is primary, audit or dead_letter");
}

static int read_labels(const json_t *labels, struct hk_wire_endpoint *endpoint,
                       struct hk_fault *fault)
{
    const char *name;
    json_t *value;
    if (labels == NULL || json_is_null(labels))
        return 0;
    if (!json_is_object(labels))
        return hk_fault_set(fault, HK_EINVAL, "\"labels\" is an object of strings");
    struct hk_slice *pairs = hk_alloc_zero_or_die(2 * json_object_size(labels) + 1, sizeof(*pairs));
    endpoint->labels = pairs;
    json_object_foreach((json_t *)(uintptr_t)labels, name, value)
    {
        if (!json_is_string(value))
            return hk_fault_set(fault, HK_EINVAL, "the label \"%s\" is a string", name);
        *pairs++ = hk_slice_of(name);
        *pairs++ = text_of(value);
        endpoint->label_count++;
    }
    return 0;
}

/** Is it enabled, and does it want events of `type`? */
static bool is_wanted(const json_t *object, struct hk_slice type)
{
    const json_t *events = json_object_get(object, "events");
    const json_t *each;
    size_t place;
    if (json_is_false(json_object_get(object, "enabled")))
        return false;
    if (!json_is_array(events))
        return true;
    json_array_foreach(events, place, each)
    {
        if (json_is_string(each) && hk_slice_is_equal(text_of(each), type))
            return true;
    }
    return false;
}

static int read_endpoint(const json_t *object, uint32_t number, struct hk_wire_endpoint *endpoint,
                         struct hk_fault *fault)
{
    struct hk_slice uuid = { 0 }, role = HK_SLICE("primary");
    if (!json_is_object(object))
        return hk_fault_set(fault, HK_EINVAL, "an endpoint is an object");
    int code = 0;
    *endpoint = (struct hk_wire_endpoint){ .url = HK_SLICE("https://receiver.example/") };
    // A version 4 id that tells the place, so that it is the same each time.
    endpoint->uuid = (struct hk_uuid){ .bytes = { [6] = 0x40, [8] = 0x80 } };
    endpoint->uuid.bytes[14] = (uint8_t)(number >> 8);
    endpoint->uuid.bytes[15] = (uint8_t)number;
    if (code == 0)
        code = read_text(object, "name", &endpoint->name, fault);
    if (code == 0 && endpoint->name.size == 0)
        code = hk_fault_set(fault, HK_EINVAL, "it has no \"name\"");
    if (code == 0)
        code = read_text(object, "url", &endpoint->url, fault);
    if (code == 0)
        code = read_text(object, "uuid", &uuid, fault);
    if (code == 0 && uuid.at && hk_uuid_parse(uuid, &endpoint->uuid) < 0)
        code = hk_fault_set(fault, HK_EINVAL, "\"uuid\" is no UUID");
    if (code == 0)
        code = read_text(object, "role", &role, fault);
    if (code == 0)
        code = read_role(role, &endpoint->role, fault);
    return code < 0 ? code : read_labels(json_object_get(object, "labels"), endpoint, fault);
}

static int read_endpoints(struct hk_shop *shop, const json_t *list, struct hk_slice type,
                          struct hk_fault *fault)
{
    const json_t *each;
    size_t place;
    if (!json_is_array(list))
        return hk_fault_set(fault, HK_EINVAL, "\"endpoints\" is a list of endpoints");
    shop->endpoints = hk_alloc_zero_or_die(json_array_size(list) + 1, sizeof(*shop->endpoints));
    json_array_foreach(list, place, each)
    {
        struct hk_wire_endpoint *endpoint = &shop->endpoints[shop->count++];
        if (read_endpoint(each, (uint32_t)place + 1, endpoint, fault) < 0)
            return hk_fault_wrap(fault, "endpoint %zu", place + 1);
        if (endpoint->role == HK_ROLE_PRIMARY && is_wanted(each, type))
            continue;
        hk_free((void *)(uintptr_t)endpoint->labels);
        shop->count--;
        shop->left_out++;
    }
    return 0;
}

static void name_default(struct hk_shop *shop)
{
    shop->id = 1;
    shop->name = HK_SLICE("Shop");
}

void hk_shop_init(struct hk_shop *shop)
{
    struct hk_fault fault;
    json_t *root =
        json_pack("{s:[{s:s,s:s}]}", "endpoints", "name", "main", "url", "https://main.example/");
    hk_assert(root != NULL && hk_shop_fill(shop, root, HK_SLICE_EMPTY, &fault) == 0);
    shop->root = root;
}

int hk_shop_fill(struct hk_shop *shop, const json_t *merchant, struct hk_slice type,
                 struct hk_fault *fault)
{
    *shop = (struct hk_shop){ 0 };
    name_default(shop);
    if (!json_is_object(merchant))
        return hk_fault_set(fault, HK_EINVAL,
                            "a merchant is an object, {\"name\": ..., \"endpoints\": [...]}");
    const json_t *id = json_object_get(merchant, "id");
    int code = 0;
    json_int_t number = id ? json_integer_value(id) : 1;
    if (code == 0 &&
        ((id && !json_is_integer(id)) || number < 0 || (uint64_t)number > HK_MERCHANT_ID_MAX))
        code = hk_fault_set(fault, HK_EINVAL, "\"id\" is a whole number");
    shop->id = (uint64_t)number;
    if (code == 0)
        code = read_text(merchant, "name", &shop->name, fault);
    if (code == 0)
        code = read_endpoints(shop, json_object_get(merchant, "endpoints"), type, fault);
    if (code < 0)
        hk_shop_fini(shop);
    return code;
}

/** Refuses names that neither a merchant nor an endpoint has. */
static int check_names(const json_t *merchant, struct hk_fault *fault)
{
    const json_t *each;
    size_t place;
    int code = check_members(merchant, merchant_members, "a merchant", fault);
    json_array_foreach(json_object_get(merchant, "endpoints"), place, each)
    {
        if (code == 0 && check_members(each, endpoint_members, "an endpoint", fault) < 0)
            code = hk_fault_wrap(fault, "endpoint %zu", place + 1);
    }
    return code;
}

int hk_shop_read(struct hk_shop *shop, const char *path, struct hk_slice type,
                 struct hk_fault *fault)
{
    struct hk_bytes text = { 0 };
    struct hk_json_value top;
    json_t *root = NULL;
    *shop = (struct hk_shop){ 0 };
    int code = hk_file_read(path, MERCHANT_BYTES_MAX, &text, fault);
    if (code == 0)
        code = hk_json_file_scan(path, hk_bytes_slice(&text), &top, fault);
    if (code == 0) {
        json_error_t error;
        root = json_loadb(text.at, text.size, JSON_DECODE_ANY, &error);
        if (root == NULL)
            code = hk_fault_set(fault, HK_ESYNTAX, "%s:%d:%d: %s", path, error.line, error.column,
                                error.text);
    }
    if (code == 0) {
        code = check_names(root, fault);
        if (code == 0)
            code = hk_shop_fill(shop, root, type, fault);
        if (code < 0)
            code = hk_fault_wrap(fault, "%s", path);
    }
    hk_bytes_fini(&text);
    if (code < 0)
        json_decref(root);
    else
        shop->root = root;
    return code;
}

void hk_shop_fini(struct hk_shop *shop)
{
    for (uint32_t i = 0; i < shop->count; i++)
        hk_free((void *)(uintptr_t)shop->endpoints[i].labels);
    hk_free(shop->endpoints);
    json_decref(shop->root);
    *shop = (struct hk_shop){ 0 };
}
