// SPDX-License-Identifier: Apache-2.0
/** Texts: small owned lists of strings and of (name, value) pairs, as endpoints have them.
 * All zero is an empty list. Strings are terminated UTF-8. Thread: the owner's. */
#pragma once
#include "base/bytes.h"

struct hk_texts {
    char **items;
    uint32_t count;
};

struct hk_pair {
    char *name;
    char *value;
};

struct hk_pairs {
    struct hk_pair *items;
    uint32_t count;
};

/** Appends a copy; ends the process when out of memory (lists are small and bounded). */
void hk_texts_add(struct hk_texts *texts, struct hk_slice text);
bool hk_texts_has(const struct hk_texts *texts, struct hk_slice text);
struct hk_texts hk_texts_clone(const struct hk_texts *texts);
void hk_texts_fini(struct hk_texts *texts);

void hk_pairs_add(struct hk_pairs *pairs, struct hk_slice name, struct hk_slice value);
struct hk_pairs hk_pairs_clone(const struct hk_pairs *pairs);
void hk_pairs_fini(struct hk_pairs *pairs);
