// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"
#include "worker/convert.h"
#include "worker/message.h"
#include "worker/retry.h"
#include "worker/sandbox.h"
#include "worker/spec_suite.h"
#include "worker/verdict.h"
#include "worker/views.h"

#include <lauxlib.h>

void hk__spec_run_fini(struct hk__spec_run *run)
{
    hk_state_free(run->state);
    hk_plan_draft_fini(&run->draft);
    hk_bytes_fini(&run->body);
    hk_bytes_fini(&run->type);
    hk_bytes_fini(&run->key);
    hk_bytes_fini(&run->headers);
    hk_free(run->endpoints);
    hk_free(run->labels);
}

/** Makes a fresh state of the policy; raises why it does not load. */
static void open_policy(lua_State *L, struct hk__spec_suite *suite,
                        const struct hk_wire_source *source)
{
    struct hk_fault fault = { 0 };
    hk_state_free(suite->run.state);
    suite->run.state = NULL;
    suite->run.script = suite->script;
    suite->run.script.source = *source;
    if (hk_state_new(suite->world, &suite->run.script, &suite->run.state, &fault) == 0)
        return;
    suite->run.state = NULL;
    lua_pushstring(L, fault.text);
    lua_error(L);
}

/** Raises what a hook failed with. */
static void refuse_failed(lua_State *L, const struct hk_wire_message *answer)
{
    if (answer->kind != HK_WIRE_FAILED)
        return;
    lua_pushlstring(L, answer->failed.text.at, answer->failed.text.size);
    lua_error(L);
}

/** Gets the policy of a method: policy:plan { ... }. Upvalue 2 is its place. */
static const struct hk_wire_source *policy_of(lua_State *L, const char *method)
{
    struct hk__spec_suite *suite = hk__spec_suite_of(L);
    if (lua_gettop(L) != 2 || lua_type(L, 1) != LUA_TTABLE || lua_type(L, 2) != LUA_TTABLE)
        luaL_error(L, "policy:%s takes one table: policy:%s { ... }", method, method);
    return &suite->spec->scripts[lua_tointeger(L, lua_upvalueindex(2))];
}

// ---- what came out -------------------------------------------------------------------------

static void push_slice(lua_State *L, struct hk_slice text)
{
    lua_pushlstring(L, text.at, text.size);
}

/** Pushes { body =, headers = } as the endpoint gets it. */
static void push_sent(lua_State *L, const struct hk_wire_run *run,
                      const struct hk_wire_delivery *delivery)
{
    struct hk_json_value body = hk_views_body(run);
    lua_createtable(L, 0, 2);
    if (delivery->has_body && hk_json_scan(delivery->body, &body, NULL) != 0)
        luaL_error(L, "what became of the body is no JSON");
    hk_convert_push(L, body);
    lua_setfield(L, -2, "body");
    lua_createtable(L, 0, (int)delivery->header_count);
    for (uint32_t i = 0; i < delivery->header_count; i++) {
        push_slice(L, delivery->headers[2 * (size_t)i]);
        push_slice(L, delivery->headers[2 * (size_t)i + 1]);
        lua_rawset(L, -3);
    }
    lua_setfield(L, -2, "headers");
}

static void push_planned(lua_State *L, const struct hk_wire_run *run,
                         const struct hk_wire_planned *planned)
{
    enum { PLAN = 1, ENDPOINTS, REQUESTS, SKIPPED };
    lua_Integer sent_count = 0;
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    lua_settop(L, 0);
    for (int i = PLAN; i <= SKIPPED; i++)
        lua_newtable(L);
    for (uint32_t i = 0; i < planned->delivery_count; i++) {
        const struct hk_wire_delivery *delivery = &planned->deliveries[i];
        struct hk_slice name = run->endpoints[delivery->endpoint].name;
        push_slice(L, name);
        if (delivery->reason == HK_REASON_NONE) {
            lua_pushvalue(L, -1);
            lua_rawseti(L, ENDPOINTS, ++sent_count);
            push_sent(L, run, delivery);
            lua_rawset(L, REQUESTS);
        } else {
            push_slice(L, delivery->why);
            lua_rawset(L, SKIPPED);
        }
    }
    lua_setfield(L, PLAN, "skipped");
    lua_setfield(L, PLAN, "requests");
    lua_setfield(L, PLAN, "endpoints");
    if (planned->reason == HK_REASON_NONE)
        return;
    lua_pushstring(L, hk_reason_word(planned->reason));
    lua_setfield(L, PLAN, "dropped");
    if (planned->why.size > 0) {
        push_slice(L, planned->why);
        lua_setfield(L, PLAN, "why");
    }
}

// ---- the methods ---------------------------------------------------------------------------

static int policy_plan(lua_State *L)
{
    struct hk__spec_suite *suite = hk__spec_suite_of(L);
    const struct hk_wire_source *source = policy_of(L, "plan");
    struct hk_wire_message answer;
    struct hk_wire_run run;
    hk__spec_read_plan(L, 2, suite, &run);
    open_policy(L, suite, source);
    hk_plan_run(suite->run.state, &run, &suite->run.draft, &answer);
    refuse_failed(L, &answer);
    // The table stays where it is until its texts are used.
    lua_pushvalue(L, 2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &suite->run);
    push_planned(L, &run, &answer.planned);
    return 1;
}

static int policy_retry(lua_State *L)
{
    struct hk__spec_suite *suite = hk__spec_suite_of(L);
    const struct hk_wire_source *source = policy_of(L, "retry");
    struct hk_wire_message answer;
    struct hk_wire_run run;
    hk__spec_read_retry(L, 2, suite, &run);
    open_policy(L, suite, source);
    hk_retry_run(suite->run.state, &run, &answer);
    refuse_failed(L, &answer);
    switch (answer.decided.verdict) {
    case HK_RETRY_GIVE_UP:
        lua_pushliteral(L, "give_up");
        break;
    case HK_RETRY_DISABLE:
        lua_pushliteral(L, "disable");
        break;
    case HK_RETRY_AFTER_DELAY:
        lua_createtable(L, 0, 1);
        lua_pushinteger(L, answer.decided.delay_ms);
        lua_setfield(L, -2, "delay_ms");
        break;
    default:
        lua_pushnil(L);
        break;
    }
    return 1;
}

// ---- spec.policy ---------------------------------------------------------------------------

static struct hk_slice name_at(const void *list, uint32_t at)
{
    return ((const struct hk_wire_source *)list)[at].name;
}

static void set_method(lua_State *L, const char *name, lua_CFunction method, uint32_t policy)
{
    lua_pushlightuserdata(L, hk__spec_suite_of(L));
    lua_pushinteger(L, policy);
    lua_pushcclosure(L, method, 2);
    lua_setfield(L, -2, name);
}

/** spec.policy(name): loads it once, so that a file that does not load is found here. */
static int spec_policy(lua_State *L)
{
    struct hk__spec_suite *suite = hk__spec_suite_of(L);
    const struct hk_wire_spec *spec = suite->spec;
    const struct hk_verdict_names known = { spec->scripts, spec->script_count, name_at };
    struct hk_slice name;
    uint32_t policy = 0;
    luaL_checktype(L, 1, LUA_TSTRING);
    lua_settop(L, 1);
    name.at = lua_tolstring(L, 1, &name.size);
    while (policy < spec->script_count && !hk_slice_is_equal(spec->scripts[policy].name, name))
        policy++;
    if (policy == spec->script_count)
        hk_verdict_refuse_name(L, "policy", name, &known);
    open_policy(L, suite, &spec->scripts[policy]);
    lua_createtable(L, 0, 2);
    set_method(L, "plan", policy_plan, policy);
    set_method(L, "retry", policy_retry, policy);
    lua_pushliteral(L, "a policy of a spec");
    hk_sandbox_seal(L);
    return 1;
}

void hk__spec_open_policy(lua_State *L, struct hk__spec_suite *suite)
{
    lua_createtable(L, 0, 1);
    lua_pushlightuserdata(L, suite);
    lua_pushcclosure(L, spec_policy, 1);
    lua_setfield(L, -2, "policy");
    lua_pushliteral(L, "spec");
    hk_sandbox_seal(L);
    hk_sandbox_set_global(L, "spec");
}
