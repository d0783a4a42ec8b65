// SPDX-License-Identifier: Apache-2.0
#include "model/event.h"

#include "base/alloc.h"
#include "base/check.h"
#include "model/bounds.h"
#include "model/plan.h"

const char *hk_event_state_word(enum hk_event_state state)
{
    switch (state) {
#define XX(name, value, word) \
    case HK_EVENT_##name:     \
        return word;
        HK_EVENT_STATE_MAP(XX)
#undef XX
    }
    return "";
}

static void delivery_fini(struct hk_delivery *delivery)
{
    for (uint32_t i = 0; i < delivery->kept_count; i++)
        hk_body_unref(delivery->attempts[i].detail);
    hk_free(delivery->url);
}

void hk_event_free(struct hk_event *event)
{
    if (!event)
        return;
    for (uint32_t i = 0; i < event->delivery_count; i++)
        delivery_fini(&event->deliveries[i]);
    hk_body_unref(event->body);
    hk_body_unref(event->error);
    hk_plan_free(event->plan);
    hk_free(event->policy);
    hk_free(event);
}

/* The head: one byte with the size of the type, the type, and the key to the end. */
struct hk_body *hk_event_body_new(struct hk_slice type, struct hk_slice key, struct hk_slice text)
{
    hk_assert(type.size >= 1 && type.size <= HK_EVENT_TYPE_BYTES_MAX);
    hk_assert(key.size <= HK_ORDER_KEY_BYTES_MAX);
    char head[1 + HK_EVENT_TYPE_BYTES_MAX + HK_ORDER_KEY_BYTES_MAX];
    head[0] = (char)type.size;
    memcpy(head + 1, type.at, type.size);
    if (key.size)
        memcpy(head + 1 + type.size, key.at, key.size);
    return hk_body_new((struct hk_slice){ head, 1 + type.size + key.size }, text);
}

struct hk_slice hk_event_body_type(const struct hk_body *body)
{
    struct hk_slice head = hk_body_head(body);
    if (head.size < 1)
        return HK_SLICE_EMPTY;
    size_t size = (uint8_t)head.at[0];
    if (size + 1 > head.size)
        return HK_SLICE_EMPTY;
    return (struct hk_slice){ head.at + 1, size };
}

struct hk_slice hk_event_body_key(const struct hk_body *body)
{
    struct hk_slice head = hk_body_head(body);
    size_t before = 1 + hk_event_body_type(body).size;
    if (head.size <= before)
        return HK_SLICE_EMPTY;
    return (struct hk_slice){ head.at + before, head.size - before };
}

static bool is_type_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

bool hk_event_type_is_valid(struct hk_slice type)
{
    if (type.size < 1 || type.size > HK_EVENT_TYPE_BYTES_MAX)
        return false;
    for (size_t i = 0; i < type.size; i++)
        if (!is_type_character(type.at[i]))
            return false;
    return true;
}
