// SPDX-License-Identifier: Apache-2.0
#include "daemon/config_reader.h"

#include "base/alloc.h"
#include "daemon/config_value.h"
#include "daemon/listen_address.h"
#include "daemon/option.h"

#include <stdio.h>

enum { ROOT = 1 /**< Place of the config's table on the stack. */ };

/** Complains unless `name`, of the section or top that `path` names, is known. */
static void check_known(struct hk_config_reader *reader, const char *path)
{
    struct hk_slice name = hk_slice_of(path);
    if (hk_option_find(name) || hk_option_is_section(name))
        return;
    struct hk_slice nearest = hk_option_nearest(name);
    hk_config_complain(reader, path, "unknown key; the nearest known is \"%.*s\"",
                       (int)nearest.size, nearest.at);
}

/** Writes the path of the key at `index` of the stack; shows nothing that is no plain name. */
static void path_write(lua_State *lua, int index, const char *section,
                       char path[HK_CONFIG_PATH_MAX])
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    const char *name = "[?]";
    if (lua_type(lua, index) == LUA_TSTRING) {
        size_t size;
        const char *text = lua_tolstring(lua, index, &size);
        bool is_plain = size > 0 && size <= 64 && strspn(text, plain) == size;
        name = is_plain ? text : "[\"...\"]";
    }
    (void)snprintf(path, HK_CONFIG_PATH_MAX, "%s%s%s", section, section[0] ? "." : "", name);
}

/** Checks the keys of the table on the top; `section` is "" for the config itself. */
static void check_keys(struct hk_config_reader *reader, const char *section)
{
    lua_State *lua = reader->cage->lua;
    char path[HK_CONFIG_PATH_MAX];
    lua_pushnil(lua);
    while (lua_next(lua, -2)) {
        path_write(lua, -2, section, path);
        if (lua_type(lua, -2) == LUA_TSTRING)
            check_known(reader, path);
        else
            hk_config_complain(reader, section, "a list entry where only keys are known");
        lua_pop(lua, 1);
    }
}

/** Checks a section's own table and its keys, once. */
static void check_section(struct hk_config_reader *reader, struct hk_slice name)
{
    lua_State *lua = reader->cage->lua;
    char section[HK_CONFIG_PATH_MAX];
    (void)snprintf(section, sizeof(section), "%.*s", (int)name.size, name.at);
    lua_getfield(lua, ROOT, section);
    if (lua_type(lua, -1) == LUA_TTABLE)
        check_keys(reader, section);
    else if (!lua_isnil(lua, -1))
        hk_config_complain(reader, section, "must be a table, not a %s",
                           lua_typename(lua, lua_type(lua, -1)));
    lua_pop(lua, 1);
}

static struct hk_slice section_of(const struct hk_option *option)
{
    size_t size = (size_t)(hk_option_name(option) - option->path);
    return (struct hk_slice){ option->path, size ? size - 1 : 0 };
}

static void check_sections(struct hk_config_reader *reader)
{
    uint32_t count;
    const struct hk_option *options = hk_options(&count);
    struct hk_slice last = HK_SLICE_EMPTY;
    for (uint32_t i = 0; i < count; i++) {
        struct hk_slice section = section_of(&options[i]);
        if (section.size > 0 && !hk_slice_is_equal(section, last))
            check_section(reader, section);
        last = section;
    }
}

/** Pushes an option's value, or nil. */
static void push_given(struct hk_config_reader *reader, const struct hk_option *option)
{
    lua_State *lua = reader->cage->lua;
    struct hk_slice section = section_of(option);
    lua_pushvalue(lua, ROOT);
    if (section.size > 0) {
        lua_pushlstring(lua, section.at, section.size);
        lua_rawget(lua, -2);
        lua_remove(lua, -2);
    }
    if (lua_type(lua, -1) == LUA_TTABLE) {
        lua_pushstring(lua, hk_option_name(option));
        lua_rawget(lua, -2);
    } else {
        lua_pushnil(lua);
    }
    lua_remove(lua, -2);
}

static void read_option(struct hk_config_reader *reader, const struct hk_option *option)
{
    lua_State *lua = reader->cage->lua;
    push_given(reader, option);
    if (lua_isnil(lua, -1)) {
        lua_pop(lua, 1);
        hk_config_cage_push(reader->cage, option->initial);
    }
    if (!lua_isnil(lua, -1))
        hk_config_value_read(reader, option);
    lua_pop(lua, 1);
}

static bool is_secret(const struct hk_option *option)
{
    return option->type == HK_OPTION_SECRET || option->type == HK_OPTION_SECRETS;
}

static void read_options(struct hk_config_reader *reader, bool secrets)
{
    uint32_t count;
    const struct hk_option *options = hk_options(&count);
    for (uint32_t i = 0; i < count; i++)
        if (is_secret(&options[i]) == secrets)
            read_option(reader, &options[i]);
}

/** Plain HTTP leaves the machine only when somebody has said so. */
static void check_listen(struct hk_config_reader *reader)
{
    const struct hk_texts *listen = &reader->config->listen;
    for (uint32_t i = 0; !reader->config->listen_plain && i < listen->count; i++) {
        struct hk_listen_address address;
        char path[HK_CONFIG_PATH_MAX];
        (void)snprintf(path, sizeof(path), "listen[%u]", i + 1);
        if (hk_listen_address_parse(listen->items[i], &address) == 0 && !address.is_loopback)
            hk_config_complain(reader, path,
                               "%s is beyond loopback, and hookd speaks plain HTTP: listen on "
                               "127.0.0.1 behind a proxy that ends TLS, or set listen_plain = true",
                               listen->items[i]);
    }
}

static void keys_clear(struct hk_texts *keys)
{
    for (uint32_t i = 0; i < keys->count; i++)
        hk_wipe(keys->items[i], strlen(keys->items[i]));
    hk_texts_fini(keys);
}

/** Secrets come last: they may create files, in a folder that must be right, and only while nothing
 * at all is wrong. So they are read twice when one is missing. */
static void read_secrets(struct hk_config_reader *reader)
{
    bool can_create = reader->places.can_create;
    reader->places.state_dir = reader->config->state_dir;
    reader->places.can_create = false;
    read_options(reader, true);
    if (!can_create || reader->faults->wrong_count > 0 || reader->faults->count == 0)
        return;
    // What is in the list now are notes of missing ones, and nothing else.
    hk_config_faults_fini(reader->faults);
    keys_clear(&reader->config->platform_keys);
    reader->places.can_create = true;
    read_options(reader, true);
}

void hk_config_reader_read(struct hk_config_reader *reader)
{
    check_keys(reader, "");
    check_sections(reader);
    read_options(reader, false);
    check_listen(reader);
    reader->config->deliver.concurrency = reader->config->engine.concurrency;
    read_secrets(reader);
}
