// SPDX-License-Identifier: Apache-2.0
/** Pattern: the patterns of Lua 5.4 (its manual, 6.4.1), compiled, then matched without recursion.
 *
 * A pattern is a sequence without branches or groups that repeat, so the only choice is how often
 * each single item was taken: one row of state for each item is all that backtracking needs, and a
 * capture that was left behind is always set again before anybody reads it. Every step is charged
 * to the budget. What is malformed is refused before anything is matched; apart from that the
 * meaning is Lua's. Thread: the worker has one. */
#pragma once
#include "base/bytes.h"

#include <lua.h>

#define HK_PATTERN_BYTES_MAX 256
#define HK_PATTERN_SUBJECT_BYTES_MAX 65536
#define HK_PATTERN_CAPTURES_MAX 32

enum hk_pattern_kind {
    HK_PATTERN_CHARACTER,
    HK_PATTERN_ANY,
    HK_PATTERN_CLASS,
    HK_PATTERN_SET,
    HK_PATTERN_BALANCE,  /**< %bxy */
    HK_PATTERN_FRONTIER, /**< %f[set] */
    HK_PATTERN_OPEN,
    HK_PATTERN_CLOSE,
    HK_PATTERN_POSITION, /**< () */
    HK_PATTERN_AGAIN,    /**< %1 */
    HK_PATTERN_END,      /**< $ */
};

enum hk_pattern_repeat {
    HK_PATTERN_ONCE,
    HK_PATTERN_MOST,  /**< * and +: as often as it goes */
    HK_PATTERN_LEAST, /**< -: as rarely as it goes */
    HK_PATTERN_MAYBE, /**< ? */
};

struct hk_pattern_item {
    unsigned char kind, repeat;
    unsigned char min;   /**< MOST: 0 or 1. */
    unsigned char value; /**< The character, class letter, set number, or capture number. */
    unsigned char other; /**< BALANCE: the closing character. */
};

struct hk_pattern {
    bool is_anchored;
    uint32_t item_count, set_count, capture_count;
    struct hk_pattern_item items[HK_PATTERN_BYTES_MAX];
    uint64_t sets[HK_PATTERN_BYTES_MAX / 2][4]; /**< Bit c: the byte c is in it. */
};

/** A capture; `size` of a position is HK_PATTERN_IS_POSITION. */
struct hk_pattern_capture {
    const char *at;
    size_t size;
};

#define HK_PATTERN_IS_POSITION SIZE_MAX

struct hk_pattern_match {
    const char *start, *end;
    struct hk_pattern_capture captures[HK_PATTERN_CAPTURES_MAX];
};

/** Compiles. A '^' at the start anchors with `may_anchor`, and is a character without. Gets NULL,
 * or what is wrong with it (static text). */
const char *hk_pattern_compile(struct hk_pattern *pattern, struct hk_slice text, bool may_anchor);

/** Matches at `from`, inside `subject`, and nowhere else. May raise (the budget). */
bool hk_pattern_match(lua_State *L, const struct hk_pattern *pattern, struct hk_slice subject,
                      const char *from, struct hk_pattern_match *match);

/** Finds the first match from `from` on; at `from` only when it is anchored. */
bool hk_pattern_search(lua_State *L, const struct hk_pattern *pattern, struct hk_slice subject,
                       const char *from, struct hk_pattern_match *match);

/** Has the pattern nothing but characters that mean themselves? */
bool hk_pattern_is_plain(struct hk_slice text);
