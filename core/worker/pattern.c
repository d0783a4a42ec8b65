// SPDX-License-Identifier: Apache-2.0
#include "worker/pattern.h"

#include "base/check.h"
#include "worker/state.h"

/** Steps between two charges: a step is a few nanoseconds. */
#define STEPS_CHARGED 64

/** Is `byte` in the class of the (lower or upper case) letter? Classes are those of the C locale.
 */
static bool is_in_class(unsigned char byte, unsigned char letter)
{
    unsigned char small = byte | 0x20;
    bool is_digit = byte >= '0' && byte <= '9';
    bool is_letter = small >= 'a' && small <= 'z' && byte < 0x80;
    bool is_visible = byte > 0x20 && byte < 0x7F;
    bool is_in;
    switch (letter | 0x20) {
    case 'a':
        is_in = is_letter;
        break;
    case 'c':
        is_in = byte < 0x20 || byte == 0x7F;
        break;
    case 'd':
        is_in = is_digit;
        break;
    case 'g':
        is_in = is_visible;
        break;
    case 'l':
        is_in = is_letter && byte == small;
        break;
    case 'p':
        is_in = is_visible && !is_letter && !is_digit;
        break;
    case 's':
        is_in = byte == ' ' || (byte >= '\t' && byte <= '\r');
        break;
    case 'u':
        is_in = is_letter && byte != small;
        break;
    case 'w':
        is_in = is_letter || is_digit;
        break;
    case 'x':
        is_in = is_digit || (is_letter && small <= 'f');
        break;
    default: // 'z', for zero
        is_in = byte == 0;
        break;
    }
    return is_in != (letter < 'a');
}

static bool is_class(char letter)
{
    return letter != '\0' && strchr("acdglpsuwxzACDGLPSUWXZ", letter) != NULL;
}

static inline bool is_in_set(const uint64_t set[4], unsigned char byte)
{
    return (set[byte >> 6] >> (byte & 63) & 1) != 0;
}

static void set_add(uint64_t set[4], unsigned first, unsigned last)
{
    for (unsigned byte = first; byte <= last; byte++)
        set[byte >> 6] |= UINT64_C(1) << (byte & 63);
}

static void set_add_class(uint64_t set[4], char letter)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        if (is_in_class((unsigned char)byte, (unsigned char)letter))
            set_add(set, byte, byte);
    }
}

// ---- compiling -----------------------------------------------------------------------------

struct compiler {
    struct hk_pattern *pattern;
    const char *at;
    const char *end;
    uint32_t open[HK_PATTERN_CAPTURES_MAX]; /**< Captures that are open, innermost last. */
    uint32_t open_count;
    uint32_t closed; /**< Bit n: capture n is closed. */
};

/** Gets the ']' that ends a set whose first character is at `at`, or NULL. One that comes first is
 * a character of the set, and so is an escaped one. */
static const char *set_end(const char *at, const char *end)
{
    const char *first = at;
    for (; at < end; at++) {
        if (*at == ']' && at != first)
            return at;
        if (*at == '%')
            at++;
    }
    return NULL;
}

/** Compiles what is behind the '[' into a new set. */
static const char *compile_set(struct compiler *compiler, unsigned char *number)
{
    struct hk_pattern *pattern = compiler->pattern;
    const char *at = compiler->at;
    bool is_negative = at < compiler->end && *at == '^';
    at += is_negative;
    const char *end = set_end(at, compiler->end);
    if (end == NULL)
        return "malformed pattern (missing ']')";
    uint64_t *set = pattern->sets[pattern->set_count];
    memset(set, 0, sizeof(pattern->sets[0]));
    for (; at < end; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte == '%') {
            at++;
            if (is_class(*at))
                set_add_class(set, *at);
            else
                set_add(set, (unsigned char)*at, (unsigned char)*at);
        } else if (end - at > 2 && at[1] == '-') {
            set_add(set, byte, (unsigned char)at[2]);
            at += 2;
        } else {
            set_add(set, byte, byte);
        }
    }
    for (int i = 0; is_negative && i < 4; i++)
        set[i] = ~set[i];
    compiler->at = end + 1;
    *number = (unsigned char)pattern->set_count++;
    return NULL;
}

static const char *compile_open(struct compiler *compiler, struct hk_pattern_item *item)
{
    struct hk_pattern *pattern = compiler->pattern;
    if (pattern->capture_count == HK_PATTERN_CAPTURES_MAX)
        return "too many captures";
    item->value = (unsigned char)pattern->capture_count++;
    if (compiler->at < compiler->end && *compiler->at == ')') {
        compiler->at++;
        item->kind = HK_PATTERN_POSITION;
        compiler->closed |= UINT32_C(1) << item->value;
    } else {
        item->kind = HK_PATTERN_OPEN;
        compiler->open[compiler->open_count++] = item->value;
    }
    return NULL;
}

static const char *compile_close(struct compiler *compiler, struct hk_pattern_item *item)
{
    if (compiler->open_count == 0)
        return "invalid pattern capture";
    item->kind = HK_PATTERN_CLOSE;
    item->value = (unsigned char)compiler->open[--compiler->open_count];
    compiler->closed |= UINT32_C(1) << item->value;
    return NULL;
}

/** Compiles what the letter behind a '%' says; the kind is CHARACTER when it is one of those that
 * can repeat. */
static const char *compile_escape(struct compiler *compiler, struct hk_pattern_item *item)
{
    if (compiler->at == compiler->end)
        return "malformed pattern (ends with '%')";
    char letter = *compiler->at++;
    item->value = (unsigned char)letter;
    if (letter == 'b') {
        if (compiler->end - compiler->at < 2)
            return "malformed pattern (missing arguments to '%b')";
        item->kind = HK_PATTERN_BALANCE;
        item->value = (unsigned char)*compiler->at++;
        item->other = (unsigned char)*compiler->at++;
    } else if (letter == 'f') {
        if (compiler->at == compiler->end || *compiler->at++ != '[')
            return "missing '[' after '%f' in pattern";
        item->kind = HK_PATTERN_FRONTIER;
        return compile_set(compiler, &item->value);
    } else if (letter >= '0' && letter <= '9') {
        unsigned number = (unsigned)letter - '1';
        if (number >= compiler->pattern->capture_count || (compiler->closed >> number & 1) == 0)
            return "invalid capture index in pattern";
        item->kind = HK_PATTERN_AGAIN;
        item->value = (unsigned char)number;
    } else if (is_class(letter)) {
        item->kind = HK_PATTERN_CLASS;
    }
    return NULL;
}

static void compile_repeat(struct compiler *compiler, struct hk_pattern_item *item)
{
    if (item->kind > HK_PATTERN_SET || compiler->at == compiler->end)
        return;
    switch (*compiler->at) {
    case '*':
        item->repeat = HK_PATTERN_MOST;
        break;
    case '+':
        item->repeat = HK_PATTERN_MOST;
        item->min = 1;
        break;
    case '-':
        item->repeat = HK_PATTERN_LEAST;
        break;
    case '?':
        item->repeat = HK_PATTERN_MAYBE;
        break;
    default:
        return;
    }
    compiler->at++;
}

static const char *compile_item(struct compiler *compiler, struct hk_pattern_item *item)
{
    const char *wrong = NULL;
    char byte = *compiler->at++;
    *item = (struct hk_pattern_item){ .kind = HK_PATTERN_CHARACTER, .value = (unsigned char)byte };
    switch (byte) {
    case '.':
        item->kind = HK_PATTERN_ANY;
        break;
    case '(':
        wrong = compile_open(compiler, item);
        break;
    case ')':
        wrong = compile_close(compiler, item);
        break;
    case '[':
        item->kind = HK_PATTERN_SET;
        wrong = compile_set(compiler, &item->value);
        break;
    case '%':
        wrong = compile_escape(compiler, item);
        break;
    case '$':
        if (compiler->at == compiler->end)
            item->kind = HK_PATTERN_END;
        break;
    default:
        break;
    }
    if (wrong == NULL)
        compile_repeat(compiler, item);
    return wrong;
}

const char *hk_pattern_compile(struct hk_pattern *pattern, struct hk_slice text, bool may_anchor)
{
    struct compiler compiler = { .pattern = pattern, .at = text.at, .end = text.at + text.size };
    if (text.size > HK_PATTERN_BYTES_MAX)
        return "pattern too long (256 bytes at most)";
    pattern->item_count = pattern->set_count = pattern->capture_count = 0;
    pattern->is_anchored = may_anchor && text.size > 0 && text.at[0] == '^';
    compiler.at += pattern->is_anchored;
    while (compiler.at < compiler.end) {
        const char *wrong = compile_item(&compiler, &pattern->items[pattern->item_count++]);
        if (wrong != NULL)
            return wrong;
    }
    return compiler.open_count != 0 ? "unfinished capture" : NULL;
}

bool hk_pattern_is_plain(struct hk_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] != '\0' && strchr("^$*+?.([%-", text.at[i]) != NULL)
            return false;
    }
    return true;
}

// ---- matching ------------------------------------------------------------------------------

/** An item that could have been taken otherwise. */
struct choice {
    uint32_t item;
    const char *least; /**< MOST: no less than up to here. */
    const char *at;    /**< Where the rest was tried from last; MAYBE: where it is tried next. */
};

struct matcher {
    lua_State *L;
    const struct hk_pattern *pattern;
    const char *start;
    const char *end;
    uint32_t steps;
    uint32_t choice_count;
    struct choice choices[HK_PATTERN_BYTES_MAX]; /**< One an item at most. */
    struct hk_pattern_match *match;
};

static inline void step(struct matcher *matcher)
{
    if (++matcher->steps == STEPS_CHARGED) {
        matcher->steps = 0;
        hk_state_charge(matcher->L, STEPS_CHARGED / 2);
    }
}

static inline bool is_single(const struct hk_pattern *pattern, const struct hk_pattern_item *item,
                             char character)
{
    unsigned char byte = (unsigned char)character;
    switch (item->kind) {
    case HK_PATTERN_CHARACTER:
        return byte == item->value;
    case HK_PATTERN_ANY:
        return true;
    case HK_PATTERN_CLASS:
        return is_in_class(byte, item->value);
    default:
        return is_in_set(pattern->sets[item->value], byte);
    }
}

static void choose(struct matcher *matcher, uint32_t item, const char *least, const char *at)
{
    hk_assert(matcher->choice_count < HK_PATTERN_BYTES_MAX);
    matcher->choices[matcher->choice_count++] = (struct choice){ item, least, at };
}

/** Takes an item that can repeat. Gets where the rest is tried from, or NULL. */
static const char *take_single(struct matcher *matcher, uint32_t number, const char *at)
{
    const struct hk_pattern_item *item = &matcher->pattern->items[number];
    bool is_here = at < matcher->end && is_single(matcher->pattern, item, *at);
    const char *from = at;
    switch (item->repeat) {
    case HK_PATTERN_LEAST:
        choose(matcher, number, NULL, at);
        return at;
    case HK_PATTERN_MAYBE:
        if (is_here)
            choose(matcher, number, NULL, at);
        return at + is_here;
    case HK_PATTERN_MOST:
        while (at < matcher->end && is_single(matcher->pattern, item, *at)) {
            step(matcher);
            at++;
        }
        if (at - from < item->min)
            return NULL;
        choose(matcher, number, from + item->min, at);
        return at;
    default:
        return is_here ? at + 1 : NULL;
    }
}

static const char *take_balance(struct matcher *matcher, const struct hk_pattern_item *item,
                                const char *at)
{
    size_t depth = 1;
    if (at == matcher->end || (unsigned char)*at != item->value)
        return NULL;
    while (++at < matcher->end) {
        step(matcher);
        // The closing one first: they may be the same.
        if ((unsigned char)*at == item->other) {
            if (--depth == 0)
                return at + 1;
        } else if ((unsigned char)*at == item->value) {
            depth++;
        }
    }
    return NULL;
}

static bool is_frontier(const struct matcher *matcher, const struct hk_pattern_item *item,
                        const char *at)
{
    const uint64_t *set = matcher->pattern->sets[item->value];
    unsigned char before = at == matcher->start ? 0 : (unsigned char)at[-1];
    unsigned char here = at == matcher->end ? 0 : (unsigned char)*at;
    return !is_in_set(set, before) && is_in_set(set, here);
}

static const char *take_again(struct matcher *matcher, const struct hk_pattern_item *item,
                              const char *at)
{
    const struct hk_pattern_capture *capture = &matcher->match->captures[item->value];
    // A position is longer than everything.
    if (capture->size > (size_t)(matcher->end - at))
        return NULL;
    hk_state_charge(matcher->L, (uint32_t)(capture->size / 64));
    return memcmp(at, capture->at, capture->size) == 0 ? at + capture->size : NULL;
}

/** Takes one item at `at`. Gets where the rest is tried from, or NULL. */
static const char *take(struct matcher *matcher, uint32_t number, const char *at)
{
    const struct hk_pattern_item *item = &matcher->pattern->items[number];
    struct hk_pattern_capture *capture = &matcher->match->captures[item->value % 32];
    switch (item->kind) {
    case HK_PATTERN_BALANCE:
        return take_balance(matcher, item, at);
    case HK_PATTERN_FRONTIER:
        return is_frontier(matcher, item, at) ? at : NULL;
    case HK_PATTERN_OPEN:
        capture->at = at;
        return at;
    case HK_PATTERN_CLOSE:
        capture->size = (size_t)(at - capture->at);
        return at;
    case HK_PATTERN_POSITION:
        *capture = (struct hk_pattern_capture){ at, HK_PATTERN_IS_POSITION };
        return at;
    case HK_PATTERN_AGAIN:
        return take_again(matcher, item, at);
    case HK_PATTERN_END:
        return at == matcher->end ? at : NULL;
    default:
        return take_single(matcher, number, at);
    }
}

/** Goes back to the last choice that can be made otherwise. Gets the item behind it and where it is
 * tried from, or NULL when there is none left. */
static const char *choose_again(struct matcher *matcher, uint32_t *next)
{
    while (matcher->choice_count > 0) {
        struct choice *choice = &matcher->choices[matcher->choice_count - 1];
        const struct hk_pattern_item *item = &matcher->pattern->items[choice->item];
        *next = choice->item + 1;
        if (item->repeat == HK_PATTERN_MOST && choice->at > choice->least)
            return --choice->at;
        if (item->repeat == HK_PATTERN_LEAST && choice->at != NULL && choice->at < matcher->end &&
            is_single(matcher->pattern, item, *choice->at))
            return ++choice->at;
        matcher->choice_count--;
        if (item->repeat == HK_PATTERN_MAYBE)
            return choice->at;
    }
    return NULL;
}

static bool match_at(struct matcher *matcher, const char *at)
{
    uint32_t next = 0;
    matcher->choice_count = 0;
    matcher->match->start = at;
    while (next < matcher->pattern->item_count) {
        step(matcher);
        at = take(matcher, next, at);
        if (at != NULL)
            next++;
        else if ((at = choose_again(matcher, &next)) == NULL)
            return false;
    }
    matcher->match->end = at;
    return true;
}

static void matcher_init(struct matcher *matcher, lua_State *L, const struct hk_pattern *pattern,
                         struct hk_slice subject, struct hk_pattern_match *match)
{
    // Not the choices: they are written before they are read.
    matcher->L = L;
    matcher->pattern = pattern;
    matcher->start = subject.at;
    matcher->end = subject.at + subject.size;
    matcher->steps = 0;
    matcher->match = match;
}

bool hk_pattern_match(lua_State *L, const struct hk_pattern *pattern, struct hk_slice subject,
                      const char *from, struct hk_pattern_match *match)
{
    struct matcher matcher;
    matcher_init(&matcher, L, pattern, subject, match);
    hk_state_charge(L, 2);
    return match_at(&matcher, from);
}

bool hk_pattern_search(lua_State *L, const struct hk_pattern *pattern, struct hk_slice subject,
                       const char *from, struct hk_pattern_match *match)
{
    struct matcher matcher;
    matcher_init(&matcher, L, pattern, subject, match);
    hk_state_charge(L, 2);
    do {
        if (match_at(&matcher, from))
            return true;
    } while (!pattern->is_anchored && from++ < matcher.end);
    return false;
}
