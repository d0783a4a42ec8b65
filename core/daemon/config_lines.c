// SPDX-License-Identifier: Apache-2.0
#include "daemon/config_lines.h"

#include <ctype.h>
#include <stdio.h>

enum { DEPTH_MAX = 16, PATH_BYTES_MAX = 256 };

enum token {
    TOKEN_END,
    TOKEN_NAME,
    TOKEN_STRING,
    TOKEN_OPEN,   /**< { */
    TOKEN_CLOSE,  /**< } */
    TOKEN_LEFT,   /**< ( or [ */
    TOKEN_RIGHT,  /**< ) or ] */
    TOKEN_COMMA,  /**< , or ; */
    TOKEN_EQUALS, /**< =, not == */
    TOKEN_OTHER,
};

struct scan {
    const char *at, *end;
    uint32_t line; /**< Of `at`. */
    enum token token;
    struct hk_slice text; /**< Of names; of strings what stands between the quotes. */
    uint32_t token_line;
    const char *wanted;
    uint32_t found; /**< Line of `wanted`, 0: not seen. */
    char path[PATH_BYTES_MAX];
    size_t path_size;
};

static bool at_text(const struct scan *scan, const char *text)
{
    size_t size = strlen(text);
    return (size_t)(scan->end - scan->at) >= size && memcmp(scan->at, text, size) == 0;
}

static void skip_char(struct scan *scan)
{
    scan->line += *scan->at == '\n';
    scan->at++;
}

/** Gets the level of a long bracket `[==[` that starts here, or -1. */
static int long_level(const struct scan *scan)
{
    const char *at = scan->at + 1;
    int level = 0;
    if (scan->at >= scan->end || *scan->at != '[')
        return -1;
    for (; at < scan->end && *at == '='; at++)
        level++;
    return at < scan->end && *at == '[' ? level : -1;
}

/** Skips a long bracket of `level`; gets what stands in it. */
static struct hk_slice skip_long(struct scan *scan, int level)
{
    const char *start = scan->at += level + 2;
    while (scan->at < scan->end) {
        const char *at = scan->at + 1;
        int equals = 0;
        for (; *scan->at == ']' && at < scan->end && *at == '='; at++)
            equals++;
        if (*scan->at == ']' && equals == level && at < scan->end && *at == ']') {
            struct hk_slice inside = { start, (size_t)(scan->at - start) };
            scan->at = at + 1;
            return inside;
        }
        skip_char(scan);
    }
    return (struct hk_slice){ start, (size_t)(scan->end - start) };
}

static struct hk_slice skip_quoted(struct scan *scan)
{
    char quote = *scan->at++;
    const char *start = scan->at;
    while (scan->at < scan->end && *scan->at != quote) {
        if (*scan->at == '\\' && scan->end - scan->at > 1)
            skip_char(scan);
        skip_char(scan);
    }
    struct hk_slice inside = { start, (size_t)(scan->at - start) };
    if (scan->at < scan->end)
        scan->at++;
    return inside;
}

static void skip_blanks(struct scan *scan)
{
    while (scan->at < scan->end) {
        if (isspace((unsigned char)*scan->at)) {
            skip_char(scan);
        } else if (at_text(scan, "--")) {
            scan->at += 2;
            int level = long_level(scan);
            if (level >= 0)
                skip_long(scan, level);
            else
                while (scan->at < scan->end && *scan->at != '\n')
                    scan->at++;
        } else {
            return;
        }
    }
}

static enum token token_of(char c)
{
    switch (c) {
    case '{':
        return TOKEN_OPEN;
    case '}':
        return TOKEN_CLOSE;
    case '(':
    case '[':
        return TOKEN_LEFT;
    case ')':
    case ']':
        return TOKEN_RIGHT;
    case ',':
    case ';':
        return TOKEN_COMMA;
    case '=':
        return TOKEN_EQUALS;
    default:
        return TOKEN_OTHER;
    }
}

static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static void scan_symbol(struct scan *scan)
{
    // "==", "~=", "<=" and ">=" are one token each, and no assignment.
    bool is_comparison =
        scan->end - scan->at > 1 && scan->at[1] == '=' && memchr("=~<>", *scan->at, 4) != NULL;
    scan->token = is_comparison ? TOKEN_OTHER : token_of(*scan->at);
    scan->at += is_comparison ? 2 : 1;
}

static void scan_next(struct scan *scan)
{
    skip_blanks(scan);
    scan->token_line = scan->line;
    if (scan->at >= scan->end) {
        scan->token = TOKEN_END;
        return;
    }
    int level = long_level(scan);
    if (level >= 0 || *scan->at == '"' || *scan->at == '\'') {
        scan->token = TOKEN_STRING;
        scan->text = level >= 0 ? skip_long(scan, level) : skip_quoted(scan);
    } else if (is_name_char(*scan->at)) {
        const char *start = scan->at;
        while (scan->at < scan->end && is_name_char(*scan->at))
            scan->at++;
        scan->token = TOKEN_NAME;
        scan->text = (struct hk_slice){ start, (size_t)(scan->at - start) };
    } else {
        scan_symbol(scan);
    }
}

static void path_add(struct scan *scan, const char *between, struct hk_slice name)
{
    int size = snprintf(scan->path + scan->path_size, PATH_BYTES_MAX - scan->path_size, "%s%.*s",
                        scan->path_size ? between : "", (int)name.size, name.at);
    if (size > 0 && scan->path_size + (size_t)size < PATH_BYTES_MAX)
        scan->path_size += (size_t)size;
    scan->path[scan->path_size] = '\0';
}

/** Takes `name =` or `["name"] =` if the field starts so, and adds it to the path. */
static bool scan_key(struct scan *scan)
{
    struct scan ahead = *scan;
    bool is_bracket = ahead.token == TOKEN_LEFT;
    if (is_bracket)
        scan_next(&ahead);
    if (ahead.token != (is_bracket ? TOKEN_STRING : TOKEN_NAME))
        return false;
    struct hk_slice name = ahead.text;
    scan_next(&ahead);
    if (is_bracket && ahead.token == TOKEN_RIGHT)
        scan_next(&ahead);
    if (ahead.token != TOKEN_EQUALS)
        return false;
    scan_next(&ahead);
    *scan = ahead;
    path_add(scan, ".", name);
    return true;
}

/** Skips the rest of a field's value, up to the comma or brace that ends it. */
static void skip_value(struct scan *scan)
{
    uint32_t nested = 0;
    while (scan->token != TOKEN_END) {
        bool is_end = scan->token == TOKEN_CLOSE || scan->token == TOKEN_COMMA;
        if (nested == 0 && is_end)
            return;
        if (scan->token == TOKEN_OPEN || scan->token == TOKEN_LEFT)
            nested++;
        else if (nested > 0 && (scan->token == TOKEN_CLOSE || scan->token == TOKEN_RIGHT))
            nested--;
        scan_next(scan);
    }
}

/** Scans the fields behind a `{`; the token is then its `}` or the end. */
// NOLINTNEXTLINE(misc-no-recursion): a parser with a depth limit
static void scan_table(struct scan *scan, uint32_t depth)
{
    size_t parent_size = scan->path_size;
    uint32_t position = 0;
    while (scan->token != TOKEN_END && scan->token != TOKEN_CLOSE) {
        uint32_t line = scan->token_line;
        if (scan->token == TOKEN_COMMA) {
            scan_next(scan);
            continue;
        }
        if (!scan_key(scan)) {
            char place[16];
            (void)snprintf(place, sizeof(place), "[%u]", ++position);
            path_add(scan, "", hk_slice_of(place));
        }
        if (strcmp(scan->path, scan->wanted) == 0)
            scan->found = line;
        if (scan->token == TOKEN_OPEN && depth < DEPTH_MAX) {
            scan_next(scan);
            scan_table(scan, depth + 1);
            scan_next(scan);
        }
        skip_value(scan);
        scan->path_size = parent_size;
        scan->path[parent_size] = '\0';
    }
}

/** Looks for exactly `path`; 0 when it is not there. `root` gets the line of `return`. */
static uint32_t find_exactly(struct hk_slice text, const char *path, uint32_t *root)
{
    struct scan scan = { .at = text.at, .end = text.at + text.size, .line = 1, .wanted = path };
    for (scan_next(&scan); scan.token != TOKEN_END; scan_next(&scan)) {
        if (scan.token != TOKEN_NAME || !hk_slice_is(scan.text, "return"))
            continue;
        *root = scan.token_line;
        struct scan ahead = scan;
        scan_next(&ahead);
        if (ahead.token != TOKEN_OPEN)
            continue;
        scan_next(&ahead);
        scan_table(&ahead, 0);
        scan = ahead;
    }
    return scan.found;
}

uint32_t hk_config_lines_find(struct hk_slice text, const char *path)
{
    char around[PATH_BYTES_MAX];
    uint32_t root = 1;
    (void)snprintf(around, sizeof(around), "%s", path);
    for (;;) {
        uint32_t line = find_exactly(text, around, &root);
        if (line || around[0] == '\0')
            return line ? line : root;
        size_t size = strlen(around) - 1;
        while (size > 0 && around[size] != '.' && around[size] != '[')
            size--;
        around[size] = '\0';
    }
}
