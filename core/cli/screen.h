// SPDX-License-Identifier: Apache-2.0
/** Screen: where a command writes, and what a terminal can be shown.
 *
 * What comes from the server may hold anything: control characters are replaced before they reach a
 * terminal. Colour only where the surroundings said so. Thread: one. */
#pragma once
#include "base/bytes.h"

#include <stdio.h>

struct hk_screen {
    FILE *out, *err;
    bool has_color; /**< On `out`. */
    bool is_json;   /**< For programs: the server's bytes, nothing else, on `out`. */
};

enum hk_tone { HK_TONE_PLAIN, HK_TONE_GOOD, HK_TONE_BAD, HK_TONE_WAIT, HK_TONE_FAINT };

/** Gets the tone of a state, reason or outcome; plain for words that it does not know. */
enum hk_tone hk_tone_of(const char *word);

/** Gets the escape that starts a tone, or "" without colour; "" for plain. */
const char *hk_tone_start(enum hk_tone tone, bool has_color);

/** Gets what ends it. */
const char *hk_tone_end(enum hk_tone tone, bool has_color);

/** Counts the columns that UTF-8 text takes on a terminal, wide and combining characters
 * included. */
size_t hk_text_columns(struct hk_slice text);

/** Appends text with '?' for control characters and for bytes that are not UTF-8. */
HK_MUST_CHECK int hk_text_append_clean(struct hk_bytes *out, struct hk_slice text);

/** Writes to `out`, in the way of printf; strings from the server go through the functions above
 * first. */
void hk_screen_print(const struct hk_screen *screen, const char *format, ...) HK_PRINTF(2, 3);

/** Writes text to `out`, cleaned. */
void hk_screen_text(const struct hk_screen *screen, struct hk_slice text);

/** Writes "hookctl: <sentence>" to `err`. */
void hk_screen_complain(const struct hk_screen *screen, const char *format, ...) HK_PRINTF(2, 3);
