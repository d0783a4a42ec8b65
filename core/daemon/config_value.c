// SPDX-License-Identifier: Apache-2.0
#include "daemon/config_value.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/json.h"
#include "daemon/config_lines.h"
#include "daemon/listen_address.h"
#include "model/event.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum { PLATFORM_KEY_CHARS_MIN = 32, SHOWN_TEXT_BYTES_MAX = 64 };

/** The value that is being read: where it stands, and what it is called in a complaint. */
struct value {
    struct hk_config_reader *reader;
    const struct hk_option *option;
    int index;
    char path[HK_CONFIG_PATH_MAX];
};

/** Takes one entry of a list. */
typedef void (*entry_fn)(struct value *value, struct hk_slice text);

void hk_config_complain(struct hk_config_reader *reader, const char *path, const char *format, ...)
{
    struct hk_fault said;
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    hk_fault_set(&said, HK_EINVAL, "%s%s%s", path, path[0] ? ": " : "", text);
    hk_config_faults_add(reader->faults, hk_config_lines_find(reader->text, path), said.text);
}

static lua_State *lua_of(const struct value *value)
{
    return value->reader->cage->lua;
}

static void *field_of(const struct value *value)
{
    return (char *)value->reader->config + value->option->offset;
}

/** "must be <wanted>, not a string": the value itself is shown by none but numbers. */
static void wanted(const struct value *value, const char *what)
{
    lua_State *lua = lua_of(value);
    int type = lua_type(lua, value->index);
    if (type == LUA_TNUMBER && !lua_isinteger(lua, value->index))
        hk_config_complain(value->reader, value->path, "must be %s, not %.14g", what,
                           lua_tonumber(lua, value->index));
    else if (type == LUA_TNUMBER)
        hk_config_complain(value->reader, value->path, "must be %s, not %lld", what,
                           (long long)lua_tointeger(lua, value->index));
    else if (type == LUA_TUSERDATA)
        hk_config_complain(value->reader, value->path, "must be %s, not a credential", what);
    else
        hk_config_complain(value->reader, value->path, "must be %s, not %s%s", what,
                           type == LUA_TNIL ? "" : "a ", lua_typename(lua, type));
}

/** Gets a string without zero bytes, in UTF-8; complains otherwise. */
static bool take_text(const struct value *value, const char *what, struct hk_slice *text)
{
    lua_State *lua = lua_of(value);
    if (lua_type(lua, value->index) != LUA_TSTRING) {
        wanted(value, what);
        return false;
    }
    text->at = lua_tolstring(lua, value->index, &text->size);
    if (memchr(text->at, '\0', text->size) == NULL && hk_utf8_is_valid(*text))
        return true;
    hk_config_complain(value->reader, value->path, "must be %s, without zero bytes, in UTF-8",
                       what);
    return false;
}

static void text_set(const struct value *value, struct hk_slice text)
{
    char *copy = hk_alloc_or_die(text.size + 1);
    memcpy(copy, text.at, text.size);
    copy[text.size] = '\0';
    memcpy(field_of(value), &copy, sizeof(copy));
}

static void read_path(struct value *value)
{
    struct hk_slice text;
    bool is_file = value->option->type == HK_OPTION_FILE;
    const char *what = is_file ? "the path of a file" : "the path of a folder";
    if (!take_text(value, what, &text))
        return;
    if (text.size == 0)
        hk_config_complain(value->reader, value->path, "must be %s, not empty", what);
    else if (is_file && access(text.at, R_OK) != 0)
        hk_config_complain(value->reader, value->path, "%s cannot be read", text.at);
    else
        text_set(value, text);
}

/** Is `word` one of the words of a "a|b" list? Its place then stands in `place`. */
static bool word_place(const char *words, struct hk_slice word, uint32_t *place)
{
    uint32_t at_place = 0;
    for (const char *at = words; *at; at_place++) {
        struct hk_slice each = { at, strcspn(at, "|") };
        if (hk_slice_is_equal(each, word)) {
            *place = at_place;
            return true;
        }
        at += each.size + (at[each.size] == '|');
    }
    return false;
}

/** Writes "a", "b" or "c" for "a|b|c", each with `after` behind it. */
static void words_write(const char *words, const char *after, char *text, size_t text_size)
{
    size_t used = 0;
    for (const char *at = words; *at && used < text_size;) {
        size_t size = strcspn(at, "|");
        const char *next = at + size + (at[size] == '|');
        const char *between = at == words ? "" : strchr(next, '|') || *next ? ", " : " or ";
        int added =
            snprintf(text + used, text_size - used, "%s\"%.*s%s\"", between, (int)size, at, after);
        used += added > 0 ? (size_t)added : 0;
        at = next;
    }
}

static void read_word(struct value *value)
{
    struct hk_slice text;
    char what[128];
    uint32_t place;
    words_write(value->option->words, "", what, sizeof(what));
    if (!take_text(value, what, &text))
        return;
    if (word_place(value->option->words, text, &place))
        memcpy(field_of(value), &place, sizeof(place));
    else
        hk_config_complain(value->reader, value->path, "must be %s, not \"%.*s\"", what,
                           (int)hk_slice_cut(text, SHOWN_TEXT_BYTES_MAX).size, text.at);
}

/** Reads SCHEME://HOST...; drops a slash at the end. The value is not shown: a proxy may have a
 * password in it. */
static void read_url(struct value *value)
{
    struct hk_slice text;
    char what[128];
    uint32_t place;
    words_write(value->option->words, "://...", what, sizeof(what));
    if (!take_text(value, what, &text))
        return;
    const char *colon = strstr(text.at, "://");
    struct hk_slice scheme = { text.at, colon ? (size_t)(colon - text.at) : 0 };
    bool is_clean = strcspn(text.at, " \t\r\n\"<>\\^`{|}") == text.size;
    bool has_host = colon && strchr("/?#:", colon[3]) == NULL;
    if (!is_clean || !has_host || !word_place(value->option->words, scheme, &place)) {
        hk_config_complain(value->reader, value->path, "must be %s", what);
        return;
    }
    while (text.at[text.size - 1] == '/')
        text.size--;
    text_set(value, text);
}

static void read_bool(struct value *value)
{
    if (lua_type(lua_of(value), value->index) != LUA_TBOOLEAN) {
        wanted(value, "true or false");
        return;
    }
    bool flag = lua_toboolean(lua_of(value), value->index);
    memcpy(field_of(value), &flag, sizeof(flag));
}

/** Reads "64K", "20G" or plain digits: powers of 1024. */
static bool parse_bytes(struct hk_slice text, uint64_t *bytes)
{
    static const char units[] = "KMGT";
    const char *unit = text.size ? memchr(units, text.at[text.size - 1] & ~0x20, 4) : NULL;
    if (unit)
        text.size--;
    if (hk_slice_parse_u64(text, UINT64_MAX, bytes) < 0)
        return false;
    uint64_t factor = unit ? UINT64_C(1024) << (10 * (unit - units)) : 1;
    return !__builtin_mul_overflow(*bytes, factor, bytes);
}

static bool is_bytes(const struct hk_option *option)
{
    return option->type == HK_OPTION_BYTES32 || option->type == HK_OPTION_BYTES64;
}

/** Gets a whole number within `min` and `max`; complains otherwise. */
static bool take_number(const struct value *value, uint64_t min, uint64_t max, uint64_t *number)
{
    lua_State *lua = lua_of(value);
    char what[128];
    int is_whole = 0;
    bool is_number = lua_type(lua, value->index) == LUA_TNUMBER;
    lua_Integer integer = is_number ? lua_tointegerx(lua, value->index, &is_whole) : -1;
    bool is_read = is_whole && integer >= 0;
    if (is_read)
        *number = (uint64_t)integer;
    else if (is_bytes(value->option) && lua_type(lua, value->index) == LUA_TSTRING)
        is_read = parse_bytes(hk_slice_of(lua_tostring(lua, value->index)), number);
    if (is_read && *number >= min && *number <= max)
        return true;
    (void)snprintf(what, sizeof(what), "%s from %" PRIu64 " to %" PRIu64,
                   is_bytes(value->option) ? "a size (a number, or one like \"64K\", \"20G\")"
                                           : "a whole number",
                   min, max);
    if (is_read && !is_number)
        hk_config_complain(value->reader, value->path, "must be %s, not %" PRIu64, what, *number);
    else
        wanted(value, what);
    return false;
}

static void read_number(struct value *value)
{
    uint64_t number;
    if (!take_number(value, value->option->min, value->option->max, &number))
        return;
    bool is_seconds = value->option->type == HK_OPTION_SECONDS;
    bool is_short =
        value->option->type == HK_OPTION_UINT32 || value->option->type == HK_OPTION_BYTES32;
    uint32_t number32 = (uint32_t)number;
    int64_t milliseconds = (int64_t)number * 1000;
    if (is_short)
        memcpy(field_of(value), &number32, sizeof(number32));
    else if (is_seconds)
        memcpy(field_of(value), &milliseconds, sizeof(milliseconds));
    else
        memcpy(field_of(value), &number, sizeof(number));
}

/** Counts the entries of a list; complains and gets -1 when it is none, or too short or long. */
static int64_t take_list(const struct value *value, const char *what)
{
    lua_State *lua = lua_of(value);
    if (lua_type(lua, value->index) != LUA_TTABLE) {
        wanted(value, what);
        return -1;
    }
    uint64_t count = lua_rawlen(lua, value->index), keys = 0;
    lua_pushnil(lua);
    while (lua_next(lua, value->index)) {
        lua_pop(lua, 1);
        keys++;
    }
    if (keys == count && count >= value->option->min && count <= value->option->max)
        return (int64_t)count;
    if (keys != count)
        hk_config_complain(value->reader, value->path, "must be %s, without keys or holes", what);
    else
        hk_config_complain(value->reader, value->path,
                           "must be %s of %" PRIu64 " to %" PRIu64 " entries, not %" PRIu64, what,
                           value->option->min, value->option->max, count);
    return -1;
}

/** Makes the value of entry `number` (from 1) of a list; lua_pop when done. */
static struct value entry_push(const struct value *list, int64_t number)
{
    struct value entry = *list;
    lua_rawgeti(lua_of(list), list->index, number);
    entry.index = lua_gettop(lua_of(list));
    (void)snprintf(entry.path, sizeof(entry.path), "%.120s[%" PRId64 "]", list->path, number);
    return entry;
}

static void read_texts(struct value *value, const char *what, entry_fn take)
{
    char list[96];
    (void)snprintf(list, sizeof(list), "a list of %s", what);
    int64_t count = take_list(value, list);
    for (int64_t i = 1; i <= count; i++) {
        struct value entry = entry_push(value, i);
        struct hk_slice text;
        if (take_text(&entry, "a string", &text))
            take(&entry, text);
        lua_pop(lua_of(value), 1);
    }
}

static void take_address(struct value *entry, struct hk_slice text)
{
    struct hk_listen_address address;
    if (hk_listen_address_parse(text.at, &address) == 0)
        hk_texts_add(field_of(entry), text);
    else
        hk_config_complain(entry->reader, entry->path,
                           "must be \"ADDRESS:PORT\" with an IP address, as \"127.0.0.1:8410\" or "
                           "\"[::1]:8410\"");
}

static void take_network(struct value *entry, struct hk_slice text)
{
    if (hk_network_is_valid(text.at))
        hk_texts_add(field_of(entry), text);
    else
        hk_config_complain(entry->reader, entry->path,
                           "must be a network, as \"10.0.0.0/8\" or \"fd00::/8\"");
}

static void take_event_type(struct value *entry, struct hk_slice text)
{
    if (hk_event_type_is_valid(text))
        hk_texts_add(field_of(entry), text);
    else
        hk_config_complain(entry->reader, entry->path, "must be 1 to 100 of a-z 0-9 _ .");
}

static void read_ports(struct value *value)
{
    lua_State *lua = lua_of(value);
    struct hk_deliver_options *deliver = &value->reader->config->deliver;
    if (lua_type(lua, value->index) == LUA_TSTRING &&
        strcmp(lua_tostring(lua, value->index), "all") == 0)
        return; // no list means all
    int64_t count = take_list(value, "\"all\" or a list of ports");
    if (count <= 0)
        return;
    deliver->allow_ports = hk_alloc_zero_or_die((size_t)count, sizeof(*deliver->allow_ports));
    for (int64_t i = 1; i <= count; i++) {
        struct value entry = entry_push(value, i);
        uint64_t port;
        if (take_number(&entry, 1, UINT16_MAX, &port))
            deliver->allow_ports[deliver->allow_port_count++] = (uint16_t)port;
        lua_pop(lua, 1);
    }
}

/** Plugins are named and their options are tables; what is in those is the plugin's to check. */
static void read_plugins(struct value *value)
{
    static const char known[] = "signer_points|signer_standard|signer_github|signer_stripe";
    lua_State *lua = lua_of(value);
    if (lua_type(lua, value->index) != LUA_TTABLE) {
        wanted(value, "a table of plugins, as { signer_points = {} }");
        return;
    }
    value->reader->config->has_plugins = true;
    lua_pushnil(lua);
    while (lua_next(lua, value->index)) {
        struct value entry = *value;
        uint32_t place;
        bool is_named = lua_type(lua, -2) == LUA_TSTRING;
        struct hk_slice name = hk_slice_of(is_named ? lua_tostring(lua, -2) : "?");
        name = hk_slice_cut(name, SHOWN_TEXT_BYTES_MAX);
        entry.index = lua_gettop(lua);
        (void)snprintf(entry.path, sizeof(entry.path), "%s.%.*s", value->option->path,
                       (int)name.size, name.at);
        if (!word_place(known, name, &place))
            hk_config_complain(value->reader, entry.path,
                               "unknown plugin; there are signer_points, signer_standard, "
                               "signer_github and signer_stripe");
        else if (lua_type(lua, -1) != LUA_TTABLE)
            wanted(&entry, "a table of the plugin's options");
        else
            hk_texts_add(field_of(value), name);
        lua_pop(lua, 1);
    }
}

static void note_missing(const struct value *value, const char *name)
{
    struct hk_fault note;
    uint32_t line = hk_config_lines_find(value->reader->text, value->path);
    hk_fault_set(&note, HK_ENOTFOUND,
                 "%s: the credential \"%s\" is not there yet; hookd serve makes it", value->path,
                 name);
    hk_config_faults_note(value->reader->faults, line, note.text);
}

/** Appends the value of a string or of a credential to `secret`; never shows it. */
static bool take_secret(const struct value *value, struct hk_bytes *secret)
{
    lua_State *lua = lua_of(value);
    struct hk_config_reader *reader = value->reader;
    const char *name = hk_config_cage_credential(reader->cage, value->index);
    struct hk_fault fault;
    if (name) {
        if (reader->config->state_dir == NULL)
            return false; // that was complained about
        int code = hk_credential_load(&reader->places, name, secret, &fault);
        if (code == HK_ENOTFOUND)
            note_missing(value, name);
        else if (code < 0)
            hk_config_complain(reader, value->path, "%s", fault.text);
        return code == 0;
    }
    if (lua_type(lua, value->index) != LUA_TSTRING) {
        hk_config_complain(reader, value->path,
                           "must be a string, file(\"PATH\") or credential(\"NAME\")");
        return false;
    }
    size_t size;
    const char *text = lua_tolstring(lua, value->index, &size);
    hk_assert(hk_bytes_append(secret, text, size) == 0);
    return true;
}

static void secret_wipe(struct hk_bytes *secret)
{
    if (secret->at)
        hk_wipe(secret->at, secret->capacity);
    hk_bytes_fini(secret);
}

static bool is_platform_key(struct hk_slice key)
{
    bool is_printable = hk_utf8_is_valid(key);
    for (size_t i = 0; i < key.size; i++)
        is_printable &= (unsigned char)key.at[i] >= ' ' && key.at[i] != 0x7f;
    return is_printable && hk_utf8_count(key) >= PLATFORM_KEY_CHARS_MIN;
}

static void read_secrets(struct value *value)
{
    int64_t count = take_list(value, "a list of secrets");
    for (int64_t i = 1; i <= count; i++) {
        struct value entry = entry_push(value, i);
        struct hk_bytes secret = { 0 };
        if (take_secret(&entry, &secret)) {
            if (is_platform_key(hk_bytes_slice(&secret)))
                hk_texts_add(field_of(value), hk_bytes_slice(&secret));
            else
                hk_config_complain(value->reader, entry.path,
                                   "must be at least %d printable characters",
                                   PLATFORM_KEY_CHARS_MIN);
        }
        secret_wipe(&secret);
        lua_pop(lua_of(value), 1);
    }
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c | 0x20 : c) : NULL;
    return at ? (int)(at - digits) : -1;
}

static bool hex_decode(struct hk_slice hex, uint8_t *bytes, size_t size)
{
    if (hex.size != size * 2)
        return false;
    for (size_t i = 0; i < size; i++) {
        int high = hex_digit(hex.at[2 * i]), low = hex_digit(hex.at[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static void read_secret(struct value *value)
{
    struct hk_bytes secret = { 0 };
    uint8_t *key = value->reader->config->secret_key;
    if (take_secret(value, &secret) &&
        !hex_decode(hk_bytes_slice(&secret), key, sizeof(value->reader->config->secret_key)))
        hk_config_complain(value->reader, value->path, "must be 64 hex digits");
    secret_wipe(&secret);
}

void hk_config_value_read(struct hk_config_reader *reader, const struct hk_option *option)
{
    struct value value = { reader, option, lua_gettop(reader->cage->lua), "" };
    (void)snprintf(value.path, sizeof(value.path), "%s", option->path);
    switch (option->type) {
    case HK_OPTION_PATH:
    case HK_OPTION_FILE:
        read_path(&value);
        break;
    case HK_OPTION_URL:
        read_url(&value);
        break;
    case HK_OPTION_BOOL:
        read_bool(&value);
        break;
    case HK_OPTION_UINT32:
    case HK_OPTION_UINT64:
    case HK_OPTION_SECONDS:
    case HK_OPTION_BYTES32:
    case HK_OPTION_BYTES64:
        read_number(&value);
        break;
    case HK_OPTION_WORD:
        read_word(&value);
        break;
    case HK_OPTION_LISTEN:
        read_texts(&value, "addresses", take_address);
        break;
    case HK_OPTION_NETWORKS:
        read_texts(&value, "networks", take_network);
        break;
    case HK_OPTION_TYPES:
        reader->config->has_event_types = true;
        read_texts(&value, "event types", take_event_type);
        break;
    case HK_OPTION_PORTS:
        read_ports(&value);
        break;
    case HK_OPTION_PLUGINS:
        read_plugins(&value);
        break;
    case HK_OPTION_SECRETS:
        read_secrets(&value);
        break;
    case HK_OPTION_SECRET:
        read_secret(&value);
        break;
    }
}
