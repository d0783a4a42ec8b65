// SPDX-License-Identifier: Apache-2.0
/** Spelling: which known word somebody may have meant. Pure; thread: any. */
#pragma once
#include "base/bytes.h"

/** Longer words are compared by their first bytes. */
#define HK_SPELLING_BYTES_MAX 64

/** Counts the single changes (insert, delete, replace, swap of two neighbours) that turn `a` into
 * `b`; the "optimal string alignment" distance, bytes, case counts. */
uint32_t hk_spelling_distance(struct hk_slice a, struct hk_slice b);

/** Is a word that is `distance` away near enough to be suggested for `word`? */
bool hk_spelling_is_near(struct hk_slice word, uint32_t distance);

/** Gets the word of a NULL-ended list that is nearest to `word`, the first of equals; NULL when the
 * list is empty. */
const char *hk_spelling_nearest(struct hk_slice word, const char *const *known);
