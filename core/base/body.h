// SPDX-License-Identifier: Apache-2.0
/** Body: immutable bytes with an atomic reference count; the one object that threads share.
 *
 * It has two parts: `head`, a few bytes of the owner's choosing that travel with the text (an
 * event keeps its type and key there, model/event.h), and `text`, which goes out byte for byte.
 * Thread: ref and unref from any; the bytes never change after hk_body_new's caller shares it. */
#pragma once
#include "base/bytes.h"

struct hk_body {
    uint32_t magic;
    uint32_t references; /**< Atomic. */
    uint32_t head_size;
    uint32_t text_size;
    char bytes[]; /**< Head, then text, then one zero byte. */
};

/** Makes a body with one reference and copies of `head` and `text`; NULL when out of memory or
 * when a part is over 4 GiB. */
struct hk_body *hk_body_new(struct hk_slice head, struct hk_slice text);

/** Takes one more reference; returns `body`. */
struct hk_body *hk_body_ref(struct hk_body *body);

/** Gives one reference back; the last one frees. NULL is fine. */
void hk_body_unref(struct hk_body *body);

static inline struct hk_slice hk_body_head(const struct hk_body *body)
{
    return (struct hk_slice){ body->bytes, body->head_size };
}

static inline struct hk_slice hk_body_text(const struct hk_body *body)
{
    return (struct hk_slice){ body->bytes + body->head_size, body->text_size };
}

/** Gets the bytes of memory that the body takes. */
static inline size_t hk_body_memory(const struct hk_body *body)
{
    return sizeof(*body) + body->head_size + body->text_size + 1;
}
