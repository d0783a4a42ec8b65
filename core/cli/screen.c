// SPDX-License-Identifier: Apache-2.0
#include "cli/screen.h"

#include "base/json.h"

#include <stdarg.h>

/** Ranges of code points, from and to, sorted. */
struct range {
    uint32_t from, to;
};

/** Combining marks and other characters without a width: the blocks that are in use. */
static const struct range without_width[] = {
    { 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd }, { 0x0610, 0x061a },
    { 0x064b, 0x065f }, { 0x06d6, 0x06dc }, { 0x06df, 0x06e4 }, { 0x0e31, 0x0e31 },
    { 0x0e34, 0x0e3a }, { 0x0e47, 0x0e4e }, { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff },
    { 0x200b, 0x200f }, { 0x202a, 0x202e }, { 0x2060, 0x2064 }, { 0x20d0, 0x20f0 },
    { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f }, { 0xfeff, 0xfeff }, { 0xe0100, 0xe01ef },
};

/** East Asian wide and fullwidth characters, and emoji. */
static const struct range wide[] = {
    { 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0x33ff },   { 0x3400, 0x4dbf },
    { 0x4e00, 0x9fff },   { 0xa000, 0xa4cf },   { 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },
    { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },   { 0x1f300, 0x1f64f },
    { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
};

static bool is_in(uint32_t point, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count && ranges[i].from <= point; i++)
        if (point <= ranges[i].to)
            return true;
    return false;
}

/** Takes one character off the front; its bytes, and its code point, UINT32_MAX when it is none. */
static struct hk_slice take_character(struct hk_slice *text, uint32_t *point)
{
    unsigned char first = (unsigned char)text->at[0];
    size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    size = size < text->size ? size : text->size;
    struct hk_slice character = { text->at, size };
    if (!hk_utf8_is_valid(character)) {
        character.size = 1;
        *point = UINT32_MAX;
    } else {
        *point = size == 1 ? first : first & (0xffU >> (size + 1));
        for (size_t i = 1; i < size; i++)
            *point = *point << 6 | ((unsigned char)character.at[i] & 0x3f);
    }
    text->at += character.size;
    text->size -= character.size;
    return character;
}

size_t hk_text_columns(struct hk_slice text)
{
    size_t columns = 0;
    while (text.size > 0) {
        uint32_t point;
        (void)take_character(&text, &point);
        if (is_in(point, without_width, sizeof(without_width) / sizeof(without_width[0])))
            continue;
        columns += is_in(point, wide, sizeof(wide) / sizeof(wide[0])) ? 2 : 1;
    }
    return columns;
}

/** Controls of both sets, and the marks that turn the direction of what follows. */
static bool is_unsafe(uint32_t point)
{
    bool is_control = point < 0x20 || (point >= 0x7f && point < 0xa0);
    bool turns = (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
    return is_control || turns || point == UINT32_MAX;
}

int hk_text_append_clean(struct hk_bytes *out, struct hk_slice text)
{
    int code = 0;
    while (code == 0 && text.size > 0) {
        uint32_t point;
        struct hk_slice character = take_character(&text, &point);
        if (is_unsafe(point))
            character = HK_SLICE("?");
        code = hk_bytes_append(out, character.at, character.size);
    }
    return code;
}

enum hk_tone hk_tone_of(const char *word)
{
    static const struct {
        const char *word;
        enum hk_tone tone;
    } tones[] = {
        { "delivered", HK_TONE_GOOD }, { "success", HK_TONE_GOOD },  { "dead", HK_TONE_BAD },
        { "held", HK_TONE_BAD },       { "waiting", HK_TONE_WAIT },  { "ready", HK_TONE_WAIT },
        { "in_flight", HK_TONE_WAIT }, { "planning", HK_TONE_WAIT }, { "planned", HK_TONE_WAIT },
        { "dropped", HK_TONE_FAINT },  { "finished", HK_TONE_GOOD }, { "timeout", HK_TONE_BAD },
        { "transport", HK_TONE_BAD },  { "connect", HK_TONE_BAD },   { "dns", HK_TONE_BAD },
        { "tls", HK_TONE_BAD },        { "internal", HK_TONE_BAD },  { "unknown", HK_TONE_WAIT },
    };
    for (size_t i = 0; word && i < sizeof(tones) / sizeof(tones[0]); i++)
        if (strcmp(word, tones[i].word) == 0)
            return tones[i].tone;
    return HK_TONE_PLAIN;
}

const char *hk_tone_start(enum hk_tone tone, bool has_color)
{
    static const char *const escapes[] = {
        [HK_TONE_PLAIN] = "",        [HK_TONE_GOOD] = "\033[32m", [HK_TONE_BAD] = "\033[31m",
        [HK_TONE_WAIT] = "\033[33m", [HK_TONE_FAINT] = "\033[2m",
    };
    return has_color ? escapes[tone] : "";
}

const char *hk_tone_end(enum hk_tone tone, bool has_color)
{
    return has_color && tone != HK_TONE_PLAIN ? "\033[0m" : "";
}

void hk_screen_print(const struct hk_screen *screen, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vfprintf(screen->out, format, arguments);
    va_end(arguments);
}

void hk_screen_text(const struct hk_screen *screen, struct hk_slice text)
{
    struct hk_bytes clean = { 0 };
    if (hk_text_append_clean(&clean, text) == 0)
        (void)fwrite(hk_bytes_slice(&clean).at, 1, clean.size, screen->out);
    hk_bytes_fini(&clean);
}

void hk_screen_complain(const struct hk_screen *screen, const char *format, ...)
{
    char line[1024];
    struct hk_bytes clean = { 0 };
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (hk_text_append_clean(&clean, hk_slice_of(line)) == 0)
        (void)fprintf(screen->err, "hookctl: %.*s\n", (int)clean.size, hk_bytes_slice(&clean).at);
    hk_bytes_fini(&clean);
}
