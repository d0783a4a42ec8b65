// SPDX-License-Identifier: Apache-2.0
#include "worker/views.h"

#include "worker/convert.h"

#include <lauxlib.h>
#include <ctype.h>
#include <stdio.h>

static void set_text(lua_State *L, const char *name, struct hk_slice text)
{
    lua_pushlstring(L, text.at, text.size);
    lua_setfield(L, -2, name);
}

static void set_uuid(lua_State *L, const char *name, const struct hk_uuid *uuid)
{
    char text[HK_UUID_TEXT_SIZE + 1];
    lua_pushlstring(L, hk_uuid_format(uuid, text), HK_UUID_TEXT_SIZE);
    lua_setfield(L, -2, name);
}

static void set_moment(lua_State *L, const char *name, struct hk_wall moment)
{
    char text[HK_WALL_TEXT_MAX];
    lua_pushstring(L, hk_wall_format(moment, text));
    lua_setfield(L, -2, name);
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

struct hk_json_value hk_views_body(const struct hk_wire_run *run)
{
    struct hk_slice text = run->body;
    while (text.size > 0 && is_space(text.at[0]))
        text = (struct hk_slice){ text.at + 1, text.size - 1 };
    while (text.size > 0 && is_space(text.at[text.size - 1]))
        text.size--;
    return (struct hk_json_value){ HK_JSON_OBJECT, text };
}

/** Pushes the event but for its body. */
static void push_head(lua_State *L, const struct hk_wire_run *run)
{
    lua_createtable(L, 0, 6);
    set_uuid(L, "id", &run->event);
    set_text(L, "type", run->event_type);
    set_moment(L, "received_at", hk_uuid_wall(&run->event));
    if (run->event_key.size > 0)
        set_text(L, "key", run->event_key);
    lua_createtable(L, 0, 2);
    lua_pushinteger(L, (lua_Integer)run->merchant_id);
    lua_setfield(L, -2, "id");
    set_text(L, "name", run->merchant_name);
    lua_setfield(L, -2, "merchant");
}

void hk_views_push_event(lua_State *L, const struct hk_wire_run *run)
{
    push_head(L, run);
    hk_convert_push(L, hk_views_body(run));
    lua_setfield(L, -2, "body");
}

void hk_views_push_event_and_body(lua_State *L, const struct hk_wire_run *run)
{
    push_head(L, run);
    hk_convert_push_twice(L, hk_views_body(run));
    lua_setfield(L, -3, "body");
}

struct hk_slice hk_views_url_host(struct hk_slice url)
{
    const char *end = url.at + url.size;
    const char *at = url.at;
    for (const char *scan = at; scan + 2 < end; scan++) {
        if (memcmp(scan, "://", 3) == 0) {
            at = scan + 3;
            break;
        }
    }
    const char *stop = at;
    while (stop < end && *stop != '/' && *stop != '?' && *stop != '#')
        stop++;
    for (const char *scan = at; scan < stop; scan++)
        at = *scan == '@' ? scan + 1 : at;
    const char *port = at;
    if (port < stop && *port == '[') // an IPv6 address has colons of its own
        while (port < stop && *port != ']')
            port++;
    while (port < stop && *port != ':')
        port++;
    return (struct hk_slice){ at, (size_t)(port - at) };
}

static void set_url_host(lua_State *L, struct hk_slice url)
{
    char lower[HK_URL_CHARS_MAX];
    struct hk_slice host = hk_slice_cut(hk_views_url_host(url), sizeof(lower));
    for (size_t i = 0; i < host.size; i++)
        lower[i] = (char)tolower((unsigned char)host.at[i]);
    set_text(L, "url_host", (struct hk_slice){ lower, host.size });
}

void hk_views_push_endpoint(lua_State *L, const struct hk_wire_endpoint *endpoint)
{
    lua_createtable(L, 0, 5);
    set_uuid(L, "uuid", &endpoint->uuid);
    set_text(L, "name", endpoint->name);
    lua_pushstring(L, hk_role_name(endpoint->role));
    lua_setfield(L, -2, "role");
    set_url_host(L, endpoint->url);
    lua_createtable(L, 0, (int)endpoint->label_count);
    for (uint32_t i = 0; i < endpoint->label_count; i++) {
        struct hk_slice name = endpoint->labels[2 * (size_t)i];
        struct hk_slice value = endpoint->labels[2 * (size_t)i + 1];
        lua_pushlstring(L, name.at, name.size);
        lua_pushlstring(L, value.at, value.size);
        lua_rawset(L, -3);
    }
    lua_setfield(L, -2, "labels");
}

void hk_views_push_endpoints(lua_State *L, const struct hk_wire_run *run)
{
    lua_createtable(L, (int)run->endpoint_count, 0);
    for (uint32_t i = 0; i < run->endpoint_count; i++) {
        hk_views_push_endpoint(L, &run->endpoints[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

void hk_views_push_delivery(lua_State *L, const struct hk_wire_run *run)
{
    char uuid[HK_UUID_TEXT_SIZE + 1];
    lua_createtable(L, 0, 5);
    lua_pushfstring(L, "%s.%d", hk_uuid_format(&run->event, uuid), (int)run->attempt.delivery);
    lua_setfield(L, -2, "id");
    set_text(L, "event_type", run->attempt.event_type);
    hk_views_push_endpoint(L, &run->endpoints[0]);
    lua_setfield(L, -2, "endpoint");
    lua_pushinteger(L, run->attempt.attempt);
    lua_setfield(L, -2, "attempt");
    set_moment(L, "first_attempt_at", run->attempt.first_attempt_at);
}

/** Pushes the table of "name: value\n" lines; a name that comes again is joined by ", ". */
static void push_headers(lua_State *L, struct hk_slice lines)
{
    lua_newtable(L);
    while (lines.size > 0) {
        const char *end = memchr(lines.at, '\n', lines.size);
        size_t size = end != NULL ? (size_t)(end - lines.at) : lines.size;
        const char *colon = memchr(lines.at, ':', size);
        if (colon != NULL) {
            const char *value = colon + 1;
            while (value < lines.at + size && *value == ' ')
                value++;
            lua_pushlstring(L, lines.at, (size_t)(colon - lines.at));
            lua_pushvalue(L, -1);
            bool is_again = lua_rawget(L, -3) != LUA_TNIL;
            if (is_again)
                lua_pushliteral(L, ", ");
            lua_pushlstring(L, value, (size_t)(lines.at + size - value));
            if (is_again)
                lua_concat(L, 3);
            else
                lua_remove(L, -2);
            lua_rawset(L, -3);
        }
        size += end != NULL;
        lines = (struct hk_slice){ lines.at + size, lines.size - size };
    }
}

void hk_views_push_outcome(lua_State *L, const struct hk_policy_attempt *attempt)
{
    lua_createtable(L, 0, 4);
    lua_pushstring(L, hk_outcome_word(attempt->class));
    lua_setfield(L, -2, "class");
    if (attempt->status != 0) {
        lua_pushinteger(L, attempt->status);
        lua_setfield(L, -2, "status");
    }
    lua_pushinteger(L, attempt->total_ms);
    lua_setfield(L, -2, "total_ms");
    push_headers(L, attempt->headers);
    lua_setfield(L, -2, "headers");
}
