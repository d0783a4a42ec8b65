// SPDX-License-Identifier: Apache-2.0
#include "worker/api_string.h"
#include "worker/draft.h"
#include "worker/globals.h"
#include "worker/state.h"

#include <lauxlib.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/** The longest number: %99.99f of the largest double has 309 digits before the point. */
#define NUMBER_BYTES_MAX 512
/** Charged for writing a number; a double far from 1 or with many digits takes 10 us. */
#define NUMBER_STEPS 30
#define LONG_NUMBER_STEPS 1000

enum flag { LEFT = 1, PLUS = 2, SPACE = 4, OTHER = 8, ZERO = 16 };

static const char flag_letters[] = "-+ #0";

/** What stands between '%' and the next one's argument. */
struct spec {
    unsigned flags;
    int width;     /**< 0: none. */
    int precision; /**< -1: none. */
    char letter;
};

/** Which flags a conversion takes, and whether it takes a width and a precision. */
static const struct {
    const char *letters;
    unsigned flags;
    bool has_width, has_precision;
} conversions[] = {
    { "di", LEFT | PLUS | SPACE | ZERO, true, true },
    { "u", LEFT | ZERO, true, true },
    { "oxX", LEFT | OTHER | ZERO, true, true },
    { "aAeEfFgG", LEFT | PLUS | SPACE | OTHER | ZERO, true, true },
    { "c", LEFT, true, false },
    { "s", LEFT, true, true },
    { "q", 0, false, false },
};

/** Reads at most two digits; gets `none` when there is none. */
static int read_number(struct hk_slice *rest, int none)
{
    int number = none;
    for (int i = 0; i < 2 && rest->size > 0 && rest->at[0] >= '0' && rest->at[0] <= '9'; i++) {
        number = (i == 0 ? 0 : number * 10) + (rest->at[0] - '0');
        *rest = (struct hk_slice){ rest->at + 1, rest->size - 1 };
    }
    return number;
}

/** Reads what follows a '%'. */
static struct spec read_spec(lua_State *L, struct hk_slice *rest)
{
    struct spec spec = { .precision = -1 };
    const char *flag;
    while (rest->size > 0 && rest->at[0] != '\0' &&
           (flag = strchr(flag_letters, rest->at[0])) != NULL) {
        spec.flags |= 1u << (flag - flag_letters);
        *rest = (struct hk_slice){ rest->at + 1, rest->size - 1 };
    }
    spec.width = read_number(rest, 0);
    if (rest->size > 0 && rest->at[0] == '.') {
        *rest = (struct hk_slice){ rest->at + 1, rest->size - 1 };
        spec.precision = read_number(rest, 0);
    }
    if (rest->size == 0)
        luaL_error(L, "invalid conversion: the format ends after '%%'");
    spec.letter = rest->at[0];
    *rest = (struct hk_slice){ rest->at + 1, rest->size - 1 };
    for (size_t i = 0; spec.letter != '\0' && i < sizeof(conversions) / sizeof(conversions[0]);
         i++) {
        if (strchr(conversions[i].letters, spec.letter) == NULL)
            continue;
        if ((spec.flags & ~conversions[i].flags) == 0 &&
            (conversions[i].has_width || spec.width == 0) &&
            (conversions[i].has_precision || spec.precision == -1))
            return spec;
        luaL_error(L, "invalid conversion: '%%%c' does not take that flag, width or precision",
                   spec.letter);
    }
    if (spec.letter > ' ' && spec.letter < 0x7F)
        luaL_error(L, "invalid conversion: no '%%%c' in 'format'", spec.letter);
    luaL_error(L, "invalid conversion to 'format'");
    return spec;
}

/** Appends `text` with spaces on one side up to the width. */
static void append_padded(struct hk_draft *draft, const struct spec *spec, struct hk_slice text)
{
    size_t width = (size_t)spec->width;
    size_t padding = width > text.size ? width - text.size : 0;
    if ((spec->flags & LEFT) != 0)
        hk_draft_append(draft, text);
    if (padding != 0)
        memset(hk_draft_grow(draft, padding), ' ', padding);
    if ((spec->flags & LEFT) == 0)
        hk_draft_append(draft, text);
}

/** Writes the digits of a magnitude; no sign. */
static int write_integer(char text[NUMBER_BYTES_MAX], const struct spec *spec, uint64_t magnitude)
{
    const bool other = (spec->flags & OTHER) != 0;
    switch (spec->letter) {
#define XX(letter, word)                                                                         \
    case letter:                                                                                 \
        return other ? snprintf(text, NUMBER_BYTES_MAX, "%#.*" word, spec->precision, magnitude) \
                     : snprintf(text, NUMBER_BYTES_MAX, "%.*" word, spec->precision, magnitude);
        XX('o', PRIo64)
        XX('x', PRIx64)
        XX('X', PRIX64)
#undef XX
    default:
        return snprintf(text, NUMBER_BYTES_MAX, "%.*" PRIu64, spec->precision, magnitude);
    }
}

static int write_real(char text[NUMBER_BYTES_MAX], const struct spec *spec, double magnitude)
{
    const bool other = (spec->flags & OTHER) != 0;
    switch (spec->letter) {
#define XX(letter, word)                                                                         \
    case letter:                                                                                 \
        return other ? snprintf(text, NUMBER_BYTES_MAX, "%#.*" word, spec->precision, magnitude) \
                     : snprintf(text, NUMBER_BYTES_MAX, "%.*" word, spec->precision, magnitude);
        XX('a', "a")
        XX('A', "A")
        XX('e', "e")
        XX('E', "E")
        XX('F', "F")
        XX('g', "g")
        XX('G', "G")
#undef XX
    default:
        return other ? snprintf(text, NUMBER_BYTES_MAX, "%#.*f", spec->precision, magnitude)
                     : snprintf(text, NUMBER_BYTES_MAX, "%.*f", spec->precision, magnitude);
    }
}

/** Appends sign and digits, filled up to the width: with zeros between both, or with spaces. */
static void append_number(struct hk_draft *draft, const struct spec *spec, bool is_negative,
                          struct hk_slice digits)
{
    char text[NUMBER_BYTES_MAX + 128];
    size_t size = 0;
    bool has_sign = is_negative || (spec->flags & (PLUS | SPACE)) != 0;
    bool is_hex = digits.size > 1 && (digits.at[1] | 0x20) == 'x';
    if (has_sign)
        text[size++] = is_negative ? '-' : (spec->flags & PLUS) != 0 ? '+' : ' ';
    if ((spec->flags & (ZERO | LEFT)) == ZERO) {
        size_t width = (size_t)spec->width;
        size_t have = size + digits.size;
        for (size_t i = 0; is_hex && i < 2; i++)
            text[size++] = digits.at[i];
        if (is_hex)
            digits = (struct hk_slice){ digits.at + 2, digits.size - 2 };
        for (; have < width; have++)
            text[size++] = '0';
    }
    memcpy(text + size, digits.at, digits.size);
    append_padded(draft, spec, (struct hk_slice){ text, size + digits.size });
}

static void append_integer(struct hk_draft *draft, struct spec spec, int argument)
{
    char text[NUMBER_BYTES_MAX];
    lua_Integer integer = luaL_checkinteger(draft->L, argument);
    bool is_negative = (spec.letter == 'd' || spec.letter == 'i') && integer < 0;
    uint64_t magnitude = is_negative ? 0 - (uint64_t)integer : (uint64_t)integer;
    hk_state_charge(draft->L, NUMBER_STEPS);
    // With a precision there are zeros enough.
    if (spec.precision >= 0)
        spec.flags &= ~(unsigned)ZERO;
    int size = write_integer(text, &spec, magnitude);
    append_number(draft, &spec, is_negative, (struct hk_slice){ text, (size_t)size });
}

static void append_real(struct hk_draft *draft, struct spec spec, int argument)
{
    char text[NUMBER_BYTES_MAX];
    double real = luaL_checknumber(draft->L, argument);
    double far = fabs(real);
    bool is_long = spec.precision > 20 || far > 1e30 || far < 1e-30;
    hk_state_charge(draft->L, is_long ? LONG_NUMBER_STEPS : NUMBER_STEPS);
    if (!isfinite(real))
        spec.flags &= ~(unsigned)ZERO;
    int size = write_real(text, &spec, far);
    append_number(draft, &spec, signbit(real) != 0, (struct hk_slice){ text, (size_t)size });
}

static void append_text(struct hk_draft *draft, const struct spec *spec, int argument)
{
    struct hk_slice text;
    luaL_checkany(draft->L, argument);
    hk_globals_push_text(draft->L, argument);
    text.at = lua_tolstring(draft->L, -1, &text.size);
    if (spec->precision >= 0 && text.size > (size_t)spec->precision)
        text.size = (size_t)spec->precision;
    append_padded(draft, spec, text);
    lua_pop(draft->L, 1);
}

// ---- %q ------------------------------------------------------------------------------------

/** Appends a text as Lua reads it back. */
static void append_quoted(struct hk_draft *draft, struct hk_slice text)
{
    hk_draft_append(draft, HK_SLICE("\""));
    for (size_t i = 0; i < text.size; i++) {
        char escape[8];
        unsigned char byte = (unsigned char)text.at[i];
        bool has_digit = i + 1 < text.size && text.at[i + 1] >= '0' && text.at[i + 1] <= '9';
        int size = 1;
        escape[0] = text.at[i];
        if (byte == '"' || byte == '\\' || byte == '\n')
            size = snprintf(escape, sizeof(escape), "\\%c", byte);
        else if (byte < 0x20 || byte == 0x7F)
            // A digit that follows must not be taken for one of the escape.
            size = snprintf(escape, sizeof(escape), "\\%0*d", has_digit ? 3 : 1, byte);
        hk_draft_append(draft, (struct hk_slice){ escape, (size_t)size });
        if (i % 8 == 0)
            hk_state_charge(draft->L, 8);
    }
    hk_draft_append(draft, HK_SLICE("\""));
}

static void append_literal_number(struct hk_draft *draft, int argument)
{
    lua_State *L = draft->L;
    char text[64];
    double real = lua_tonumber(L, argument);
    hk_state_charge(L, NUMBER_STEPS);
    if (lua_isinteger(L, argument)) {
        lua_Integer integer = lua_tointeger(L, argument);
        // Its decimal digits would be read as a float.
        bool is_least = integer == LUA_MININTEGER;
        if (is_least)
            (void)snprintf(text, sizeof(text), "0x%" PRIx64, (uint64_t)integer);
        else
            (void)snprintf(text, sizeof(text), "%" PRId64, (int64_t)integer);
    } else if (isnan(real)) {
        (void)snprintf(text, sizeof(text), "(0/0)");
    } else if (isinf(real)) {
        (void)snprintf(text, sizeof(text), "%s", real > 0 ? "1e9999" : "-1e9999");
    } else {
        (void)snprintf(text, sizeof(text), "%a", real);
    }
    hk_draft_append(draft, hk_slice_of(text));
}

static void append_literal(struct hk_draft *draft, int argument)
{
    lua_State *L = draft->L;
    struct hk_slice text;
    switch (lua_type(L, argument)) {
    case LUA_TSTRING:
        text.at = lua_tolstring(L, argument, &text.size);
        append_quoted(draft, text);
        break;
    case LUA_TNUMBER:
        append_literal_number(draft, argument);
        break;
    case LUA_TNIL:
        hk_draft_append(draft, HK_SLICE("nil"));
        break;
    case LUA_TBOOLEAN:
        hk_draft_append(draft, hk_slice_of(lua_toboolean(L, argument) ? "true" : "false"));
        break;
    default:
        luaL_argerror(L, argument, "value has no literal form");
    }
}

// ---- all of it -----------------------------------------------------------------------------

static void append_converted(struct hk_draft *draft, const struct spec *spec, int argument)
{
    char byte;
    switch (spec->letter) {
    case 'c':
        byte = (char)luaL_checkinteger(draft->L, argument);
        append_padded(draft, spec, (struct hk_slice){ &byte, 1 });
        break;
    case 's':
        append_text(draft, spec, argument);
        break;
    case 'q':
        luaL_checkany(draft->L, argument);
        append_literal(draft, argument);
        break;
    case 'd':
    case 'i':
    case 'u':
    case 'o':
    case 'x':
    case 'X':
        append_integer(draft, *spec, argument);
        break;
    default:
        append_real(draft, *spec, argument);
        break;
    }
}

int hk__string_format(lua_State *L)
{
    struct hk_slice rest = hk__string_check(L, 1);
    struct hk_draft draft;
    int count = lua_gettop(L);
    int argument = 1;
    hk_draft_begin(&draft, L);
    for (;;) {
        const char *escape = memchr(rest.at, '%', rest.size);
        size_t size = escape != NULL ? (size_t)(escape - rest.at) : rest.size;
        hk_draft_append(&draft, (struct hk_slice){ rest.at, size });
        if (escape == NULL)
            break;
        rest = (struct hk_slice){ escape + 1, rest.size - size - 1 };
        hk_state_charge(L, 4);
        if (rest.size > 0 && rest.at[0] == '%') {
            hk_draft_append(&draft, HK_SLICE("%"));
            rest = (struct hk_slice){ rest.at + 1, rest.size - 1 };
            continue;
        }
        struct spec spec = read_spec(L, &rest);
        if (++argument > count)
            luaL_argerror(L, argument, "no value");
        append_converted(&draft, &spec, argument);
    }
    hk_draft_push(&draft);
    return 1;
}
