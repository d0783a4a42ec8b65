// SPDX-License-Identifier: Apache-2.0
#include "cli/fields.h"

#include "base/alloc.h"
#include "base/json.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>

enum { MEMBER_BYTES_MAX = 64, LINE_BYTES_MAX = 4096 };

/** Reads a whole number with an optional sign. */
static bool parse_integer(struct hk_slice text, int64_t *number)
{
    struct hk_json_value value = { HK_JSON_NUMBER, text };
    struct hk_json_value top;
    return hk_json_scan(text, &top, NULL) == 0 && top.type == HK_JSON_NUMBER &&
           hk_json_integer(value, number) == 0;
}

static json_t *integer_of(struct hk_slice text)
{
    int64_t number;
    return parse_integer(text, &number) ? json_integer(number) : NULL;
}

static json_t *real_of(struct hk_slice text)
{
    struct hk_json_value top;
    if (hk_json_scan(text, &top, NULL) < 0 || top.type != HK_JSON_NUMBER)
        return NULL;
    return json_loadb(text.at, text.size, JSON_DECODE_ANY, NULL);
}

static json_t *bool_of(struct hk_slice text)
{
    if (hk_slice_is(text, "true") || hk_slice_is(text, "yes"))
        return json_true();
    return hk_slice_is(text, "false") || hk_slice_is(text, "no") ? json_false() : NULL;
}

static json_t *text_of(struct hk_slice text)
{
    return json_stringn(text.at, text.size);
}

static struct hk_slice trimmed(struct hk_slice text)
{
    for (; text.size > 0 && isspace((unsigned char)text.at[0]); text.size--)
        text.at++;
    while (text.size > 0 && isspace((unsigned char)text.at[text.size - 1]))
        text.size--;
    return text;
}

/** Makes a list of what stands between the commas; an empty text is an empty list. */
static json_t *list_of(struct hk_slice text, json_t *(*entry_of)(struct hk_slice))
{
    json_t *list = json_array();
    bool is_last = text.size == 0;
    while (!is_last) {
        const char *comma = memchr(text.at, ',', text.size);
        struct hk_slice part = { text.at, comma ? (size_t)(comma - text.at) : text.size };
        is_last = comma == NULL;
        text.at += part.size + !is_last;
        text.size -= part.size + !is_last;
        json_t *entry = entry_of(trimmed(part));
        if (entry == NULL || json_array_append_new(list, entry) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *schedule_of(struct hk_slice text)
{
    bool is_list = text.size > 0 && isdigit((unsigned char)text.at[0]);
    return is_list ? list_of(text, integer_of) : text_of(text);
}

static json_t *auth_of(struct hk_slice text)
{
    const char *colon = memchr(text.at, ':', text.size);
    struct hk_slice type = { text.at, colon ? (size_t)(colon - text.at) : text.size };
    if (colon == NULL)
        return NULL;
    struct hk_slice rest = { colon + 1, text.size - type.size - 1 };
    if (hk_slice_is(type, "bearer"))
        return json_pack("{s:s, s:s%}", "type", "bearer", "token", rest.at, rest.size);
    const char *second = memchr(rest.at, ':', rest.size);
    if (!hk_slice_is(type, "basic") || second == NULL)
        return NULL;
    size_t user_size = (size_t)(second - rest.at);
    return json_pack("{s:s, s:s%, s:s%}", "type", "basic", "user", rest.at, user_size, "password",
                     second + 1, rest.size - user_size - 1);
}

/** Reads the first line of a file as auth_of does; NULL also when it cannot be read. */
static json_t *auth_file_of(const char *path)
{
    char line[LINE_BYTES_MAX];
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return NULL;
    bool is_read = fgets(line, sizeof(line), file) != NULL;
    (void)fclose(file);
    size_t size = is_read ? strcspn(line, "\r\n") : 0;
    json_t *auth = size > 0 ? auth_of((struct hk_slice){ line, size }) : NULL;
    hk_wipe(line, sizeof(line));
    return auth;
}

/** Adds "name<separator>value" to the object that repeats of the option share. */
static bool pair_add(json_t *body, const char *member, struct hk_slice text, char separator)
{
    json_t *pairs = json_object_get(body, member);
    const char *at = memchr(text.at, separator, text.size);
    if (at == NULL || at == text.at)
        return false;
    if (!json_is_object(pairs)) {
        pairs = json_object();
        if (json_object_set_new(body, member, pairs) < 0)
            return false;
    }
    struct hk_slice name = trimmed((struct hk_slice){ text.at, (size_t)(at - text.at) });
    struct hk_slice value = { at + 1, text.size - (size_t)(at - text.at) - 1 };
    char key[256];
    if (name.size >= sizeof(key))
        return false;
    (void)snprintf(key, sizeof(key), "%.*s", (int)name.size, name.at);
    return json_object_set_new(pairs, key, text_of(trimmed(value))) == 0;
}

static json_t *value_of(enum hk_field_type type, struct hk_slice text)
{
    switch (type) {
    case HK_FIELD_INTEGER:
        return integer_of(text);
    case HK_FIELD_REAL:
        return real_of(text);
    case HK_FIELD_BOOL:
        return bool_of(text);
    case HK_FIELD_TEXTS:
        return list_of(text, text_of);
    case HK_FIELD_INTEGERS:
        return list_of(text, integer_of);
    case HK_FIELD_SCHEDULE:
        return schedule_of(text);
    case HK_FIELD_AUTH:
        return auth_of(text);
    case HK_FIELD_AUTH_FILE:
        return auth_file_of(text.at);
    default:
        return text_of(text);
    }
}

static const char *member_of(const struct hk_cli_option *option, char name[MEMBER_BYTES_MAX])
{
    if (option->member)
        return option->member;
    (void)snprintf(name, MEMBER_BYTES_MAX, "%s", option->name);
    for (char *at = name; *at; at++)
        *at = *at == '-' ? '_' : *at;
    return name;
}

static bool field_add(json_t *body, const struct hk_given *given)
{
    char name[MEMBER_BYTES_MAX];
    const char *member = member_of(given->option, name);
    struct hk_slice text = hk_slice_of(given->value);
    enum hk_field_type type = given->option->field;
    bool is_null = hk_slice_is(text, "null") && type != HK_FIELD_BOOL;
    if (is_null)
        return json_object_set_new(body, member, json_null()) == 0;
    if (type == HK_FIELD_HEADER || type == HK_FIELD_LABEL)
        return pair_add(body, member, text, type == HK_FIELD_HEADER ? ':' : '=');
    return json_object_set_new(body, member, value_of(type, text)) == 0;
}

static int append_chunk(const char *text, size_t size, void *arg)
{
    return hk_bytes_append(arg, text, size) < 0 ? -1 : 0;
}

int hk_fields_encode(const struct hk_arguments *arguments, struct hk_bytes *body,
                     struct hk_fault *fault)
{
    json_t *object = json_object();
    int code = 0;
    for (uint32_t i = 0; code == 0 && i < arguments->given_count; i++) {
        const struct hk_given *given = &arguments->given[i];
        // The value is not repeated: it may be a password.
        if (given->option->field != HK_FIELD_NONE && !field_add(object, given))
            code = hk_fault_set(fault, HK_EINVAL, "--%s takes %s", given->option->name,
                                given->option->value);
    }
    if (code == 0 && json_dump_callback(object, append_chunk, body, JSON_COMPACT) < 0)
        code = hk_fault_set(fault, HK_ENOMEM, "%s", hk_error_text(HK_ENOMEM));
    json_decref(object);
    return code;
}

int hk_path_append(struct hk_bytes *path, const char *segment)
{
    static const char digits[] = "0123456789ABCDEF";
    int code = hk_bytes_append(path, "/", 1);
    for (const char *at = segment; code == 0 && *at; at++) {
        unsigned char c = (unsigned char)*at;
        char encoded[] = { '%', digits[c >> 4], digits[c & 15] };
        // A dot is encoded too, so that no segment is "..".
        bool is_plain = isalnum(c) || c == '-' || c == '_' || c == '~';
        code = is_plain ? hk_bytes_append(path, at, 1) : hk_bytes_append(path, encoded, 3);
    }
    return code;
}
