// SPDX-License-Identifier: Apache-2.0
#include "model/texts.h"

#include "base/alloc.h"

static char *text_copy(struct hk_slice text)
{
    char *copy = hk_alloc_or_die(text.size + 1);
    if (text.size)
        memcpy(copy, text.at, text.size);
    copy[text.size] = '\0';
    return copy;
}

void hk_texts_add(struct hk_texts *texts, struct hk_slice text)
{
    texts->items = hk_realloc_or_die(texts->items, texts->count + 1, sizeof(*texts->items));
    texts->items[texts->count++] = text_copy(text);
}

bool hk_texts_has(const struct hk_texts *texts, struct hk_slice text)
{
    for (uint32_t i = 0; i < texts->count; i++)
        if (hk_slice_is(text, texts->items[i]))
            return true;
    return false;
}

struct hk_texts hk_texts_clone(const struct hk_texts *texts)
{
    struct hk_texts copy = { 0 };
    for (uint32_t i = 0; i < texts->count; i++)
        hk_texts_add(&copy, hk_slice_of(texts->items[i]));
    return copy;
}

void hk_texts_fini(struct hk_texts *texts)
{
    for (uint32_t i = 0; i < texts->count; i++)
        hk_free(texts->items[i]);
    hk_free(texts->items);
    *texts = (struct hk_texts){ 0 };
}

void hk_pairs_add(struct hk_pairs *pairs, struct hk_slice name, struct hk_slice value)
{
    pairs->items = hk_realloc_or_die(pairs->items, pairs->count + 1, sizeof(*pairs->items));
    pairs->items[pairs->count++] = (struct hk_pair){ text_copy(name), text_copy(value) };
}

struct hk_pairs hk_pairs_clone(const struct hk_pairs *pairs)
{
    struct hk_pairs copy = { 0 };
    for (uint32_t i = 0; i < pairs->count; i++)
        hk_pairs_add(&copy, hk_slice_of(pairs->items[i].name), hk_slice_of(pairs->items[i].value));
    return copy;
}

void hk_pairs_fini(struct hk_pairs *pairs)
{
    for (uint32_t i = 0; i < pairs->count; i++) {
        hk_free(pairs->items[i].name);
        hk_free(pairs->items[i].value);
    }
    hk_free(pairs->items);
    *pairs = (struct hk_pairs){ 0 };
}
