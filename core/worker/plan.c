// SPDX-License-Identifier: Apache-2.0
#include "worker/plan.h"

#include "base/alloc.h"
#include "model/header.h"
#include "worker/answer.h"
#include "worker/api.h"
#include "worker/convert.h"
#include "worker/message.h"
#include "worker/verdict.h"
#include "worker/views.h"

#include <lauxlib.h>

/* Where the run's values stand on the Lua stack. */
enum place { EVENT = 1, BODY, FOUND, ENDPOINTS };

struct planning {
    struct hk_state *state;
    const struct hk_wire_run *run;
    struct hk_plan_draft *draft;
};

// ---- the draft -----------------------------------------------------------------------------

static bool is_room(void **list, uint32_t *capacity, uint32_t wanted, size_t item_size)
{
    if (wanted <= *capacity)
        return true;
    uint32_t grown = *capacity ? *capacity * 2 : 16;
    while (grown < wanted)
        grown *= 2;
    void *moved = hk_realloc(*list, grown, item_size);
    if (moved == NULL)
        return false;
    *list = moved;
    *capacity = grown;
    return true;
}

static void need_memory(lua_State *L, bool is_there)
{
    if (!is_there)
        luaL_error(L, "out of memory");
}

/** Starts a text; ended by range_end. */
static struct hk_plan_range range_begin(const struct hk_plan_draft *draft)
{
    return (struct hk_plan_range){ draft->texts.size, 0 };
}

static void range_end(const struct hk_plan_draft *draft, struct hk_plan_range *range)
{
    range->size = draft->texts.size - range->at;
}

static struct hk_slice range_slice(const struct hk_plan_draft *draft, struct hk_plan_range range)
{
    return range.size > 0 ? (struct hk_slice){ draft->texts.at + range.at, range.size }
                          : HK_SLICE_EMPTY;
}

static void draft_clear(struct hk_plan_draft *draft)
{
    hk_bytes_clear(&draft->texts);
    draft->choice_count = 0;
    draft->header_count = 0;
    draft->hooks = 0;
    draft->reason = HK_REASON_NONE;
    draft->why = (struct hk_plan_range){ 0 };
}

void hk_plan_draft_fini(struct hk_plan_draft *draft)
{
    hk_bytes_fini(&draft->texts);
    hk_free(draft->choices);
    hk_free(draft->headers);
    hk_free(draft->is_chosen);
    hk_free(draft->deliveries);
    hk_free(draft->header_slices);
    *draft = (struct hk_plan_draft){ 0 };
}

// ---- hooks ---------------------------------------------------------------------------------

static bool has_hook(const struct planning *planning, enum hk_hook hook)
{
    return (planning->state->hooks & (uint32_t)hook) != 0;
}

static void push_hook(lua_State *L, struct planning *planning, enum hk_hook hook)
{
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    planning->draft->hooks |= (uint32_t)hook;
    hk_state_push_hook(planning->state, hook);
}

static bool filter(lua_State *L, struct planning *planning)
{
    struct hk_plan_draft *draft = planning->draft;
    struct hk_plan_range why = range_begin(draft);
    push_hook(L, planning, HK_HOOK_FILTER);
    lua_pushvalue(L, EVENT);
    lua_call(L, 1, 2);
    bool goes_on = hk_verdict_goes_on(L, &draft->texts);
    lua_pop(L, 2);
    if (goes_on)
        return true;
    range_end(draft, &why);
    draft->why = why;
    draft->reason = HK_REASON_FILTERED;
    return false;
}

/** Replaces what is asked for, on top, by what is found. */
static void look_up(lua_State *L)
{
    static const char *const fields[] = { "table", "key", "url", NULL };
    size_t size = 0;
    int ask = lua_gettop(L);
    if (!lua_istable(L, ask))
        hk_verdict_refuse(L, "asked with %s: a lookup is { table = NAME, key = KEY }",
                          hk_message_kind(L, ask));
    hk_verdict_check_fields(L, ask, "a lookup", fields);
    lua_pushliteral(L, "url");
    if (lua_rawget(L, ask) != LUA_TNIL)
        hk_verdict_refuse(L, "lookup of a URL: not yet; only of a table: { table = NAME, "
                             "key = KEY }");
    lua_pushliteral(L, "table");
    if (lua_rawget(L, ask) != LUA_TSTRING)
        hk_verdict_refuse(L, "the 'table' of a lookup is %s, not a name", hk_message_kind(L, -1));
    const char *name = lua_tolstring(L, -1, &size);
    lua_pushliteral(L, "key");
    int type = lua_rawget(L, ask);
    if (type != LUA_TSTRING && !lua_isinteger(L, -1))
        hk_verdict_refuse(L, "the 'key' of a lookup is %s, not a text or an integer",
                          hk_message_kind(L, -1));
    hk_lua_push_lookup(L, name, size, lua_gettop(L));
    lua_replace(L, ask);
    lua_settop(L, ask);
}

/** Fills the table at FOUND. */
static void lookup(lua_State *L, struct planning *planning)
{
    push_hook(L, planning, HK_HOOK_LOOKUP);
    lua_pushvalue(L, EVENT);
    lua_call(L, 1, 1);
    int asked = lua_gettop(L);
    if (lua_isnil(L, asked)) {
        lua_pop(L, 1);
        return;
    }
    if (!lua_istable(L, asked))
        hk_verdict_refuse(L, "returned %s: a table of lookups, or nil", hk_message_kind(L, asked));
    lua_pushnil(L);
    while (lua_next(L, asked) != 0) {
        hk_state_charge(L, 16);
        if (lua_type(L, -2) != LUA_TSTRING)
            hk_verdict_refuse(L, "returned a lookup without a name: { name = { table = NAME, "
                                 "key = KEY } }");
        look_up(L);
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, FOUND);
    }
    lua_pop(L, 1);
}

// ---- route ---------------------------------------------------------------------------------

static void choose(lua_State *L, struct hk_plan_draft *draft, uint32_t endpoint)
{
    if (draft->is_chosen[endpoint])
        return;
    draft->is_chosen[endpoint] = true;
    need_memory(L, is_room((void **)&draft->choices, &draft->choice_capacity,
                           draft->choice_count + 1, sizeof(*draft->choices)));
    draft->choices[draft->choice_count++] = (struct hk_plan_choice){ .endpoint = endpoint };
}

static void choose_all(lua_State *L, struct planning *planning)
{
    for (uint32_t i = 0; i < planning->run->endpoint_count; i++)
        choose(L, planning->draft, i);
}

static struct hk_slice name_at(const void *list, uint32_t at)
{
    return ((const struct hk_wire_endpoint *)list)[at].name;
}

/** Chooses what a text names: one uuid, or every endpoint of that name. */
static void choose_named(lua_State *L, struct planning *planning, struct hk_slice text)
{
    const struct hk_wire_run *run = planning->run;
    struct hk_uuid uuid;
    bool is_uuid = hk_uuid_parse(text, &uuid) == 0;
    bool is_found = false;
    struct hk_verdict_names known = { run->endpoints, run->endpoint_count, name_at };
    for (uint32_t i = 0; i < run->endpoint_count; i++) {
        const struct hk_wire_endpoint *endpoint = &run->endpoints[i];
        hk_state_charge(L, 2);
        if (!hk_slice_is_equal(endpoint->name, text) &&
            !(is_uuid && hk_uuid_is_equal(&endpoint->uuid, &uuid)))
            continue;
        choose(L, planning->draft, i);
        is_found = true;
    }
    if (!is_found)
        hk_verdict_refuse_name(L, "endpoint", text, &known);
}

/** Chooses the endpoint of a uuid; false when there is none. Looks first where it stands in a list
 * that keeps the order of the given one: a long list must not take a time that is its square. */
static bool choose_by_uuid(lua_State *L, struct planning *planning, struct hk_slice text)
{
    const struct hk_wire_run *run = planning->run;
    uint32_t first = planning->draft->choice_count;
    struct hk_uuid uuid;
    if (hk_uuid_parse(text, &uuid) != 0)
        return false;
    for (uint32_t i = 0; i < run->endpoint_count; i++) {
        uint32_t place = (first + i) % run->endpoint_count;
        hk_state_charge(L, 1);
        if (!hk_uuid_is_equal(&run->endpoints[place].uuid, &uuid))
            continue;
        choose(L, planning->draft, place);
        return true;
    }
    return false;
}

/** Chooses what the value on top says: an endpoint, its uuid, or its name. */
static void choose_value(lua_State *L, struct planning *planning)
{
    struct hk_slice text = HK_SLICE_EMPTY;
    int type = lua_type(L, -1);
    if (type == LUA_TTABLE) {
        lua_pushliteral(L, "uuid");
        if (lua_rawget(L, -2) != LUA_TSTRING)
            hk_verdict_refuse(L, "returned a table that is no endpoint in its list");
    } else if (type != LUA_TSTRING) {
        hk_verdict_refuse(L, "returned %s in its list: endpoints, their uuids or their names",
                          hk_message_kind(L, -1));
    }
    text.at = lua_tolstring(L, -1, &text.size);
    if (type != LUA_TTABLE || !choose_by_uuid(L, planning, text))
        choose_named(L, planning, text);
}

static void choose_list(lua_State *L, struct planning *planning)
{
    int list = lua_gettop(L);
    lua_Integer count = 0;
    while (lua_rawgeti(L, list, count + 1) != LUA_TNIL) {
        hk_state_charge(L, 16);
        choose_value(L, planning);
        lua_settop(L, list);
        count++;
    }
    lua_settop(L, list);
    lua_pushnil(L);
    while (lua_next(L, list) != 0) {
        hk_state_charge(L, 4);
        lua_pop(L, 1);
        if (!lua_isinteger(L, -1) || lua_tointeger(L, -1) < 1 || lua_tointeger(L, -1) > count)
            hk_verdict_refuse(L,
                              "returned a table with the key %s: a list of endpoints, their "
                              "uuids or their names",
                              hk_message_push_shown(L, -1));
    }
}

static void route(lua_State *L, struct planning *planning)
{
    hk_views_push_endpoints(L, planning->run);
    push_hook(L, planning, HK_HOOK_ROUTE);
    lua_pushvalue(L, EVENT);
    lua_pushvalue(L, -3);
    lua_pushvalue(L, FOUND);
    lua_call(L, 3, 1);
    if (lua_isnil(L, -1))
        choose_all(L, planning);
    else if (lua_istable(L, -1))
        choose_list(L, planning);
    else
        hk_verdict_refuse(L, "returned %s: a list of endpoints, or nil for the default",
                          hk_message_kind(L, -1));
    lua_settop(L, FOUND);
}

// ---- enrich --------------------------------------------------------------------------------

/** Checks the header whose name and value are on top (-2, -1). The value itself may be nothing for
 * an error to tell. */
static void header_check(lua_State *L, struct hk_slice name)
{
    struct hk_slice value = HK_SLICE_EMPTY;
    if (lua_type(L, -1) != LUA_TSTRING)
        hk_verdict_refuse(L, "set the header '%s' to %s: a header's value is a text",
                          lua_tostring(L, -2), hk_message_kind(L, -1));
    value.at = lua_tolstring(L, -1, &value.size);
    if (name.size > HK_HEADER_NAME_BYTES_MAX || !hk_header_is_name(name))
        hk_verdict_refuse(L, "set a header whose name is no token (RFC 9110)");
    if (value.size > HK_HEADER_VALUE_BYTES_MAX || !hk_header_is_value(value))
        hk_verdict_refuse(L,
                          "set the header '%s' to a value that is too long, or has control "
                          "characters",
                          lua_tostring(L, -2));
    if (hk_header_is_reserved(name, NULL))
        hk_verdict_refuse(L, "set the header '%s', which is hookd's own to set",
                          lua_tostring(L, -2));
}

static struct hk_plan_range text_keep(lua_State *L, struct hk_plan_draft *draft,
                                      struct hk_slice text)
{
    struct hk_plan_range range = range_begin(draft);
    need_memory(L, hk_bytes_append(&draft->texts, text.at, text.size) == 0);
    range_end(draft, &range);
    return range;
}

/** Gets how the names compare without case, as the headers' order. */
static int names_compare(struct hk_slice a, struct hk_slice b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size > 0 ? strncasecmp(a.at, b.at, size) : 0;
    if (order != 0)
        return order;
    return a.size < b.size ? -1 : a.size > b.size;
}

/** Puts the name and the value on top (-2, -1) in their order among the choice's headers: that of a
 * table is another one in every process. */
static void header_add(lua_State *L, struct hk_plan_draft *draft, struct hk_plan_choice *choice)
{
    struct hk_slice name = HK_SLICE_EMPTY, value = HK_SLICE_EMPTY;
    name.at = lua_tolstring(L, -2, &name.size);
    value.at = lua_tolstring(L, -1, &value.size);
    if (choice->header_count == HK_POLICY_HEADERS_MAX)
        hk_verdict_refuse(L, "set more than %d headers", HK_POLICY_HEADERS_MAX);
    uint32_t wanted = 2 * (draft->header_count + 1);
    need_memory(L, is_room((void **)&draft->headers, &draft->header_capacity, wanted,
                           sizeof(*draft->headers)));
    struct hk_plan_range *pairs = draft->headers + 2 * (size_t)choice->header_first;
    size_t place = choice->header_count;
    while (place > 0) {
        int order = names_compare(range_slice(draft, pairs[2 * (place - 1)]), name);
        if (order == 0)
            hk_verdict_refuse(L, "set the header '%s' twice", name.at);
        if (order < 0)
            break;
        place--;
    }
    memmove(pairs + 2 * (place + 1), pairs + 2 * place,
            2 * (choice->header_count - place) * sizeof(*pairs));
    pairs[2 * place] = text_keep(L, draft, name);
    pairs[2 * place + 1] = text_keep(L, draft, value);
    choice->header_count++;
    draft->header_count++;
}

/** Reads the headers of the request at `request`. */
static void headers_take(lua_State *L, struct hk_plan_draft *draft, struct hk_plan_choice *choice,
                         int request)
{
    choice->header_first = draft->header_count;
    lua_pushliteral(L, "headers");
    int type = lua_rawget(L, request);
    if (type == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    if (type != LUA_TTABLE)
        hk_verdict_refuse(L, "set request.headers to %s: a table of names and values",
                          hk_message_kind(L, -1));
    int headers = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, headers) != 0) {
        struct hk_slice name = HK_SLICE_EMPTY;
        hk_state_charge(L, 16);
        if (lua_type(L, -2) != LUA_TSTRING)
            hk_verdict_refuse(L, "set a header whose name is %s", hk_message_kind(L, -2));
        name.at = lua_tolstring(L, -2, &name.size);
        header_check(L, name);
        header_add(L, draft, choice);
        lua_pop(L, 1);
    }
    lua_settop(L, headers - 1);
}

/** Reads the body of the request at `request`: what is not the original's bytes is kept. */
static void body_take(lua_State *L, struct planning *planning, struct hk_plan_choice *choice,
                      int request)
{
    struct hk_plan_draft *draft = planning->draft;
    struct hk_json_value original = hk_views_body(planning->run);
    struct hk_fault fault = { 0 };
    size_t most = (size_t)planning->state->world->plan_bytes_max;
    lua_pushliteral(L, "body");
    if (lua_rawget(L, request) != LUA_TTABLE)
        hk_verdict_refuse(L, "left %s as request.body: a body is a table", hk_message_kind(L, -1));
    choice->body = range_begin(draft);
    size_t left = draft->texts.size < most ? most - draft->texts.size : 0;
    int code = hk_convert_append(L, original, left, &draft->texts, &fault);
    if (code == HK_ELIMIT)
        hk_verdict_refuse(L, "made a plan of more than %I bytes (limits.plan_bytes_max)",
                          (LUAI_UACINT)most);
    if (code == HK_EINVAL)
        hk_verdict_refuse(L, "request.body: %s", fault.text);
    need_memory(L, code == 0);
    range_end(draft, &choice->body);
    if (hk_slice_is_equal(range_slice(draft, choice->body), original.text)) {
        draft->texts.size = choice->body.at;
        choice->body.size = 0;
    } else {
        choice->has_body = true;
    }
    lua_pop(L, 1);
}

/** Pushes the request, with the body that stands ready or else with one of its own. */
static void push_request(lua_State *L, const struct hk_wire_run *run)
{
    lua_createtable(L, 0, 2);
    if (lua_isnil(L, BODY)) {
        hk_convert_push(L, hk_views_body(run));
    } else {
        lua_pushvalue(L, BODY);
        lua_pushnil(L);
        lua_replace(L, BODY);
    }
    lua_setfield(L, -2, "body");
    lua_newtable(L);
    lua_setfield(L, -2, "headers");
}

static void enrich_one(lua_State *L, struct planning *planning, struct hk_plan_choice *choice)
{
    static const char *const fields[] = { "body", "headers", NULL };
    struct hk_plan_draft *draft = planning->draft;
    push_request(L, planning->run);
    int request = lua_gettop(L);
    push_hook(L, planning, HK_HOOK_ENRICH);
    lua_pushvalue(L, EVENT);
    hk_views_push_endpoint(L, &planning->run->endpoints[choice->endpoint]);
    lua_pushvalue(L, request);
    lua_pushvalue(L, FOUND);
    lua_call(L, 4, 2);
    choice->why = range_begin(draft);
    choice->is_skipped = !hk_verdict_goes_on(L, &draft->texts);
    range_end(draft, &choice->why);
    lua_pop(L, 2);
    if (!choice->is_skipped) {
        hk_verdict_check_fields(L, request, "request", fields);
        headers_take(L, draft, choice, request);
        body_take(L, planning, choice, request);
    }
    lua_settop(L, request - 1);
}

// ---- all of it -----------------------------------------------------------------------------

static void reason_settle(struct hk_plan_draft *draft)
{
    uint32_t skipped_count = 0;
    for (uint32_t i = 0; i < draft->choice_count; i++)
        skipped_count += draft->choices[i].is_skipped;
    if (draft->choice_count == 0)
        draft->reason = HK_REASON_NO_ENDPOINT;
    else if (skipped_count == draft->choice_count)
        draft->reason = HK_REASON_SKIPPED_BY_POLICY;
    if (draft->reason == HK_REASON_SKIPPED_BY_POLICY)
        draft->why = draft->choices[0].why;
}

/** Pushes the event, and the body of the first request when there will be one for all we know. */
static void push_event(lua_State *L, const struct planning *planning)
{
    if (has_hook(planning, HK_HOOK_ENRICH) && !has_hook(planning, HK_HOOK_FILTER)) {
        hk_views_push_event_and_body(L, planning->run);
    } else {
        hk_views_push_event(L, planning->run);
        lua_pushnil(L);
    }
}

static int plan(lua_State *L)
{
    struct planning *planning = lua_touserdata(L, 1);
    struct hk_plan_draft *draft = planning->draft;
    uint32_t endpoint_count = planning->run->endpoint_count;
    need_memory(L, is_room((void **)&draft->is_chosen, &draft->chosen_capacity, endpoint_count + 1,
                           sizeof(*draft->is_chosen)));
    memset(draft->is_chosen, 0, endpoint_count * sizeof(*draft->is_chosen));
    lua_settop(L, 0);
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    push_event(L, planning);
    lua_newtable(L);
    if (has_hook(planning, HK_HOOK_FILTER) && !filter(L, planning))
        return 0;
    if (has_hook(planning, HK_HOOK_LOOKUP))
        lookup(L, planning);
    if (has_hook(planning, HK_HOOK_ROUTE))
        route(L, planning);
    else
        choose_all(L, planning);
    for (uint32_t i = 0; has_hook(planning, HK_HOOK_ENRICH) && i < draft->choice_count; i++)
        enrich_one(L, planning, &draft->choices[i]);
    reason_settle(draft);
    return 0;
}

/** Makes slices of the ranges, now that nothing moves any more. Gets whether there was memory. */
static bool draft_settle(struct hk_plan_draft *draft)
{
    size_t header_slices = 2 * (size_t)draft->header_count;
    hk_free(draft->deliveries);
    hk_free(draft->header_slices);
    draft->deliveries = hk_alloc_zero(draft->choice_count + 1, sizeof(*draft->deliveries));
    draft->header_slices = hk_alloc_zero(header_slices + 1, sizeof(*draft->header_slices));
    if (draft->deliveries == NULL || draft->header_slices == NULL)
        return false;
    for (size_t i = 0; i < header_slices; i++)
        draft->header_slices[i] = range_slice(draft, draft->headers[i]);
    for (uint32_t i = 0; i < draft->choice_count; i++) {
        const struct hk_plan_choice *choice = &draft->choices[i];
        draft->deliveries[i] = (struct hk_wire_delivery){
            .endpoint = choice->endpoint,
            .reason = choice->is_skipped ? HK_REASON_SKIPPED_BY_POLICY : HK_REASON_NONE,
            .why = range_slice(draft, choice->why),
            .has_body = choice->has_body,
            .body = range_slice(draft, choice->body),
            .headers = draft->header_slices + 2 * (size_t)choice->header_first,
            .header_count = choice->header_count,
        };
    }
    return true;
}

void hk_plan_run(struct hk_state *state, const struct hk_wire_run *run, struct hk_plan_draft *draft,
                 struct hk_wire_message *answer)
{
    struct planning planning = { state, run, draft };
    enum hk_policy_failure failure = HK_POLICY_MEMORY;
    struct hk_slice text = HK_SLICE("out of memory");
    draft_clear(draft);
    hk_state_begin(state, &run->event);
    int code = hk_state_protect(state, plan, &planning, &failure, &text);
    hk_state_leave_hook(state);
    if (code == 0 && draft_settle(draft)) {
        answer->kind = HK_WIRE_PLANNED;
        answer->planned = (struct hk_wire_planned){
            .reason = draft->reason,
            .why = range_slice(draft, draft->why),
            .hooks = draft->hooks,
            .deliveries = draft->deliveries,
            .delivery_count = draft->reason == HK_REASON_FILTERED ? 0 : draft->choice_count,
        };
        answer->planned.answer = hk_answer_of(state, run->run);
        return;
    }
    hk_answer_fail(answer, failure, text);
    answer->failed.answer = hk_answer_of(state, run->run);
}
