// SPDX-License-Identifier: Apache-2.0
#include "worker/convert.h"
#include "worker/message.h"
#include "worker/spec_suite.h"
#include "worker/verdict.h"

#include "base/alloc.h"

#include <lauxlib.h>
#include <ctype.h>

/** When events come in that do not say it, and when first attempts begin: what hookctl policy test
 * says, too. */
#define RECEIVED_DEFAULT "2026-01-01T00:00:00.000Z"
#define URL_DEFAULT "https://receiver.example.com/hooks"
/** Where an event goes, or has failed to go, that names no endpoints. */
#define ENDPOINT_DEFAULT "receiver"
#define MERCHANT_ID_DEFAULT 1
#define MERCHANT_NAME_DEFAULT "merchant"

static _Noreturn void fail_memory(lua_State *L)
{
    luaL_error(L, "out of memory");
    __builtin_unreachable();
}

// ---- fields --------------------------------------------------------------------------------

/** Pushes a field; gets its type. */
static int push_field(lua_State *L, int table, const char *field)
{
    lua_pushstring(L, field);
    return lua_rawget(L, table);
}

/** Gets a field that is a text, if there; `text` stays as it is otherwise. It lives as long as the
 * table has it. */
static bool read_text(lua_State *L, int table, const char *field, struct hk_slice *text)
{
    int type = push_field(L, table, field);
    if (type == LUA_TSTRING)
        text->at = lua_tolstring(L, -1, &text->size);
    else if (type != LUA_TNIL)
        luaL_error(L, "'%s' is %s, not a text", field, hk_message_kind(L, -1));
    lua_pop(L, 1);
    return type == LUA_TSTRING;
}

static lua_Integer read_integer(lua_State *L, int table, const char *field, lua_Integer max,
                                lua_Integer instead)
{
    lua_Integer value = instead;
    int type = push_field(L, table, field);
    if (lua_isinteger(L, -1))
        value = lua_tointeger(L, -1);
    else if (type != LUA_TNIL)
        luaL_error(L, "'%s' is %s, not an integer", field, hk_message_push_shown(L, -1));
    if (value < 0 || value > max)
        luaL_error(L, "'%s' is %I, not 0 to %I", field, (LUAI_UACINT)value, (LUAI_UACINT)max);
    lua_pop(L, 1);
    return value;
}

static struct hk_wall read_moment(lua_State *L, int table, const char *field)
{
    struct hk_slice text = HK_SLICE(RECEIVED_DEFAULT);
    struct hk_wall moment;
    (void)read_text(L, table, field, &text);
    if (hk_wall_parse(text.at, text.size, &moment) != 0)
        luaL_error(L, "'%s' is no moment: RFC 3339, 2026-05-02T08:00:00Z", field);
    return moment;
}

/** Pushes a field that is a table. False, and nothing pushed, when it is not there. */
static bool push_table(lua_State *L, int table, const char *field)
{
    int type = push_field(L, table, field);
    if (type == LUA_TTABLE)
        return true;
    if (type != LUA_TNIL)
        luaL_error(L, "'%s' is %s, not a table", field, hk_message_kind(L, -1));
    lua_pop(L, 1);
    return false;
}

static void read_merchant(lua_State *L, int table, struct hk_wire_run *run)
{
    static const char *const fields[] = { "id", "name", NULL };
    run->merchant_id = MERCHANT_ID_DEFAULT;
    run->merchant_name = HK_SLICE(MERCHANT_NAME_DEFAULT);
    if (!push_table(L, table, "merchant"))
        return;
    int merchant = lua_gettop(L);
    hk_verdict_check_fields(L, merchant, "merchant", fields);
    run->merchant_id =
        (uint64_t)read_integer(L, merchant, "id", LUA_MAXINTEGER, MERCHANT_ID_DEFAULT);
    (void)read_text(L, merchant, "name", &run->merchant_name);
    lua_pop(L, 1);
}

// ---- the body ------------------------------------------------------------------------------

static void scan_body(lua_State *L, struct hk_slice text, struct hk_json_value *top)
{
    struct hk_json_fault fault = { 0 };
    int code = hk_json_scan(text, top, &fault);
    if (code == HK_ENOMEM)
        fail_memory(L);
    if (code != 0)
        luaL_error(L, "'body' is no JSON: line %d, column %d: %s", (int)fault.line,
                   (int)fault.column, fault.reason);
    if (top->type != HK_JSON_OBJECT)
        luaL_error(L, "'body' is no object");
}

static void read_body(lua_State *L, int table, struct hk__spec_run *memory,
                      struct hk_json_value *top)
{
    struct hk_fault fault = { 0 };
    struct hk_slice text = HK_SLICE("{}");
    int type = push_field(L, table, "body");
    hk_bytes_clear(&memory->body);
    if (type == LUA_TSTRING) {
        text.at = lua_tolstring(L, -1, &text.size);
    } else if (type == LUA_TTABLE) {
        const struct hk_json_value none = { .type = HK_JSON_NULL, .text = HK_SLICE_EMPTY };
        int code =
            hk_convert_append(L, none, HK_SCRIPT_BYTES_MAX * (size_t)16, &memory->body, &fault);
        if (code == HK_ENOMEM)
            fail_memory(L);
        if (code != 0)
            luaL_error(L, "'body': %s", code == HK_EINVAL ? fault.text : hk_error_text(code));
        text = hk_bytes_slice(&memory->body);
    } else if (type != LUA_TNIL) {
        luaL_error(L, "'body' is %s, not a table or a text", hk_message_kind(L, -1));
    }
    scan_body(L, text, top);
    lua_pop(L, 1);
}

/** Gets the type that is given, else the body's `event`. */
static void read_type(lua_State *L, int table, struct hk__spec_run *memory,
                      struct hk_json_value body, struct hk_slice *type)
{
    struct hk_json_value event;
    if (!read_text(L, table, "type", type)) {
        if (!hk_json_find(body, "event", &event) || event.type != HK_JSON_STRING)
            luaL_error(L, "what type of event is this? 'type' is missing, and so is 'event' in "
                          "the body");
        hk_bytes_clear(&memory->type);
        if (hk_json_string(event, &memory->type) != 0)
            fail_memory(L);
        *type = hk_bytes_slice(&memory->type);
    }
    if (!hk_event_type_is_valid(*type))
        luaL_error(L, "the event's type must be 1 to 100 of a-z 0-9 _ and dots");
}

/** Gets the key that is given, else the body's `order.id`, as hookd does. */
static void read_key(lua_State *L, int table, struct hk__spec_run *memory,
                     struct hk_json_value body, struct hk_slice *key)
{
    struct hk_json_value id;
    *key = HK_SLICE_EMPTY;
    if (read_text(L, table, "key", key)) {
        if (key->size < 1 || key->size > HK_ORDER_KEY_BYTES_MAX || !hk_utf8_is_valid(*key))
            luaL_error(L, "'key' must be 1 to %d bytes of UTF-8", (int)HK_ORDER_KEY_BYTES_MAX);
        return;
    }
    if (!hk_json_find_path(body, "order.id", &id))
        return;
    hk_bytes_clear(&memory->key);
    if (id.type == HK_JSON_STRING && hk_json_string(id, &memory->key) != 0)
        fail_memory(L);
    *key = id.type == HK_JSON_STRING   ? hk_bytes_slice(&memory->key)
           : id.type == HK_JSON_NUMBER ? id.text
                                       : HK_SLICE_EMPTY;
    if (key->size > HK_ORDER_KEY_BYTES_MAX)
        *key = HK_SLICE_EMPTY;
}

// ---- endpoints -----------------------------------------------------------------------------

/** Counts the fields of a table. */
static uint32_t count_fields(lua_State *L, int table)
{
    uint32_t count = 0;
    lua_pushnil(L);
    while (lua_next(L, table) != 0) {
        hk_state_charge(L, 4);
        lua_pop(L, 1);
        count++;
    }
    return count;
}

/** Makes room: for `count` endpoints, and for the labels of those in the list at `list` (0: none).
 */
static void make_room(lua_State *L, int list, uint32_t count, struct hk__spec_run *memory)
{
    size_t pairs = 0;
    for (uint32_t i = 1; list != 0 && i <= count; i++) {
        if (lua_rawgeti(L, list, i) != LUA_TTABLE)
            luaL_error(L, "endpoints[%d] is %s, not a table", (int)i, hk_message_kind(L, -1));
        if (push_table(L, lua_gettop(L), "labels"))
            pairs += count_fields(L, lua_gettop(L));
        lua_settop(L, list);
    }
    hk_free(memory->endpoints);
    hk_free(memory->labels);
    memory->endpoints = hk_alloc_zero(count + 1, sizeof(*memory->endpoints));
    memory->labels = hk_alloc_zero(2 * pairs + 1, sizeof(*memory->labels));
    if (memory->endpoints == NULL || memory->labels == NULL)
        fail_memory(L);
}

/** Reads the labels at the top into `labels`. Gets how many. */
static uint32_t read_labels(lua_State *L, struct hk_slice *labels)
{
    int table = lua_gettop(L);
    size_t count = 0;
    lua_pushnil(L);
    while (lua_next(L, table) != 0) {
        if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "labels are texts by names that are texts");
        labels[2 * count].at = lua_tolstring(L, -2, &labels[2 * count].size);
        labels[2 * count + 1].at = lua_tolstring(L, -1, &labels[2 * count + 1].size);
        count++;
        lua_pop(L, 1);
    }
    return (uint32_t)count;
}

static void init_endpoint(struct hk_wire_endpoint *endpoint, uint32_t number)
{
    *endpoint = (struct hk_wire_endpoint){ .uuid = hk_uuid_make4((uint64_t[]){ 0, number }),
                                           .name = HK_SLICE(ENDPOINT_DEFAULT),
                                           .url = HK_SLICE(URL_DEFAULT),
                                           .role = HK_ROLE_PRIMARY };
}

/** Reads the endpoint on top; `labels` is where its labels go. */
static void read_endpoint(lua_State *L, struct hk_wire_endpoint *endpoint, uint32_t number,
                          struct hk_slice *labels)
{
    static const char *const fields[] = { "name", "labels", "url", "uuid", NULL };
    int table = lua_gettop(L);
    struct hk_slice uuid;
    init_endpoint(endpoint, number);
    hk_verdict_check_fields(L, table, "an endpoint", fields);
    if (!read_text(L, table, "name", &endpoint->name))
        luaL_error(L, "endpoints[%d] has no name", (int)number);
    (void)read_text(L, table, "url", &endpoint->url);
    if (read_text(L, table, "uuid", &uuid) && hk_uuid_parse(uuid, &endpoint->uuid) != 0)
        luaL_error(L, "endpoints[%d]: 'uuid' is no UUID", (int)number);
    endpoint->labels = labels;
    if (push_table(L, table, "labels"))
        endpoint->label_count = read_labels(L, labels);
    lua_settop(L, table);
}

/** What came out is shown by name: two of one name could not be told apart. */
static void check_name(lua_State *L, const struct hk__spec_run *memory, uint32_t at)
{
    for (uint32_t i = 0; i < at; i++) {
        hk_state_charge(L, 1);
        if (hk_slice_is_equal(memory->endpoints[i].name, memory->endpoints[at].name))
            luaL_error(L, "endpoints[%d] and endpoints[%d] have the same name", (int)i + 1,
                       (int)at + 1);
    }
}

static void read_endpoints(lua_State *L, int table, struct hk__spec_run *memory,
                           struct hk_wire_run *run)
{
    bool is_given = push_table(L, table, "endpoints");
    int list = is_given ? lua_gettop(L) : 0;
    uint32_t count = is_given ? (uint32_t)lua_rawlen(L, list) : 1;
    make_room(L, list, count, memory);
    run->endpoints = memory->endpoints;
    run->endpoint_count = count;
    if (!is_given) {
        init_endpoint(&memory->endpoints[0], 1);
        return;
    }
    if (count_fields(L, list) != count)
        luaL_error(L, "'endpoints' is a list of { name = ... }");
    struct hk_slice *labels = memory->labels;
    for (uint32_t i = 0; i < count; i++) {
        lua_rawgeti(L, list, (lua_Integer)i + 1);
        read_endpoint(L, &memory->endpoints[i], i + 1, labels);
        labels += 2 * (size_t)memory->endpoints[i].label_count;
        check_name(L, memory, i);
        lua_settop(L, list);
    }
    lua_pop(L, 1);
}

// ---- the two -------------------------------------------------------------------------------

/** One moment makes one id: an event that is planned twice is the same. */
static struct hk_uuid event_of(struct hk_wall received_at)
{
    struct hk_uuid_maker maker = { 0 };
    return hk_uuid_make7(&maker, received_at, (uint64_t[]){ 0, 0 });
}

void hk__spec_read_plan(lua_State *L, int table, struct hk__spec_suite *suite,
                        struct hk_wire_run *run)
{
    static const char *const fields[] = { "type",     "body",      "key", "received_at",
                                          "merchant", "endpoints", NULL };
    struct hk__spec_run *memory = &suite->run;
    struct hk_json_value body;
    *run = (struct hk_wire_run){ .run = 1 };
    hk_verdict_check_fields(L, table, "an event", fields);
    run->event = event_of(read_moment(L, table, "received_at"));
    read_body(L, table, memory, &body);
    run->body = body.text;
    read_type(L, table, memory, body, &run->event_type);
    read_key(L, table, memory, body, &run->event_key);
    read_merchant(L, table, run);
    read_endpoints(L, table, memory, run);
}

static enum hk_outcome_class class_of(lua_State *L, struct hk_slice word)
{
    static const enum hk_outcome_class classes[] = {
#define XX(name, value, text) HK_OUTCOME_##name,
        HK_OUTCOME_MAP(XX)
#undef XX
    };
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        // hk_outcome_word shows a denied address as connect, so that comes first.
        if (classes[i] != HK_OUTCOME_SUCCESS && hk_slice_is(word, hk_outcome_word(classes[i])))
            return classes[i];
    }
    luaL_error(L, "'class' is none of status, timeout, dns, connect, tls, transport, internal, "
                  "unknown");
    return HK_OUTCOME_UNKNOWN;
}

/** Writes the headers on top as lines, names in lower case. */
static void read_headers(lua_State *L, struct hk_bytes *lines)
{
    int table = lua_gettop(L), code = 0;
    lua_pushnil(L);
    while (lua_next(L, table) != 0) {
        struct hk_slice name, value;
        if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "headers are texts by names that are texts");
        name.at = lua_tolstring(L, -2, &name.size);
        value.at = lua_tolstring(L, -1, &value.size);
        hk_state_charge(L, (uint32_t)(8 + (name.size + value.size) / 64));
        size_t start = lines->size;
        code = code != 0 ? code : hk_bytes_append(lines, name.at, name.size);
        for (size_t i = start; i < lines->size; i++)
            lines->at[i] = (char)tolower((unsigned char)lines->at[i]);
        code = code != 0 ? code : hk_bytes_append(lines, ": ", 2);
        code = code != 0 ? code : hk_bytes_append(lines, value.at, value.size);
        code = code != 0 ? code : hk_bytes_append(lines, "\n", 1);
        lua_pop(L, 1);
    }
    if (code != 0)
        fail_memory(L);
}

void hk__spec_read_retry(lua_State *L, int table, struct hk__spec_suite *suite,
                         struct hk_wire_run *run)
{
    static const char *const fields[] = { "attempt",  "class",      "status",           "headers",
                                          "total_ms", "event_type", "first_attempt_at", NULL };
    struct hk__spec_run *memory = &suite->run;
    struct hk_policy_attempt *attempt = &run->attempt;
    struct hk_slice class = HK_SLICE("status");
    *run = (struct hk_wire_run){ .run = 1, .merchant_id = MERCHANT_ID_DEFAULT };
    hk_verdict_check_fields(L, table, "a failed attempt", fields);
    attempt->delivery = 1;
    attempt->first_attempt_at = read_moment(L, table, "first_attempt_at");
    attempt->attempt = (uint16_t)read_integer(L, table, "attempt", UINT16_MAX, 1);
    attempt->event_type = HK_SLICE("approved");
    (void)read_text(L, table, "event_type", &attempt->event_type);
    (void)read_text(L, table, "class", &class);
    attempt->class = class_of(L, class);
    attempt->status = (uint16_t)read_integer(L, table, "status", 999,
                                             attempt->class == HK_OUTCOME_STATUS ? 500 : 0);
    attempt->total_ms = (uint32_t)read_integer(L, table, "total_ms", UINT32_MAX, 100);
    hk_bytes_clear(&memory->headers);
    if (push_table(L, table, "headers")) {
        read_headers(L, &memory->headers);
        lua_pop(L, 1);
    }
    attempt->headers = hk_bytes_slice(&memory->headers);
    run->event = event_of(attempt->first_attempt_at);
    run->merchant_name = HK_SLICE(MERCHANT_NAME_DEFAULT);
    make_room(L, 0, 1, memory);
    init_endpoint(&memory->endpoints[0], 1);
    run->endpoints = memory->endpoints;
    run->endpoint_count = 1;
}
