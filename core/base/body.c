// SPDX-License-Identifier: Apache-2.0
#include "base/body.h"

#include "base/alloc.h"
#include "base/check.h"

#define BODY_MAGIC 0xB0D1E5A7u

struct hk_body *hk_body_new(struct hk_slice head, struct hk_slice text)
{
    if (head.size > UINT32_MAX || text.size > UINT32_MAX)
        return NULL;
    struct hk_body *body = hk_alloc(sizeof(*body) + head.size + text.size + 1);
    if (body == NULL)
        return NULL;
    body->magic = BODY_MAGIC;
    body->references = 1;
    body->head_size = (uint32_t)head.size;
    body->text_size = (uint32_t)text.size;
    if (head.size != 0)
        memcpy(body->bytes, head.at, head.size);
    if (text.size != 0)
        memcpy(body->bytes + head.size, text.at, text.size);
    body->bytes[head.size + text.size] = '\0';
    return body;
}

struct hk_body *hk_body_ref(struct hk_body *body)
{
    HK_CHECK(body, BODY_MAGIC);
    uint32_t before = __atomic_fetch_add(&body->references, 1, __ATOMIC_RELAXED);
    hk_assert(before != 0 && before != UINT32_MAX);
    return body;
}

void hk_body_unref(struct hk_body *body)
{
    if (body == NULL)
        return;
    HK_CHECK(body, BODY_MAGIC);
    // Release what this thread read, acquire what the others did: the last one frees.
    uint32_t before = __atomic_fetch_sub(&body->references, 1, __ATOMIC_ACQ_REL);
    hk_assert(before != 0);
    if (before == 1) {
        body->magic = 0;
        hk_free(body);
    }
}
