// SPDX-License-Identifier: Apache-2.0
#include "worker/spec.h"

#include "base/alloc.h"
#include "base/check.h"
#include "worker/budget.h"
#include "worker/loader.h"
#include "worker/message.h"
#include "worker/sandbox.h"
#include "worker/spec_suite.h"

#include <lauxlib.h>

/** Longest name of a result, and longest fault. */
#define NAME_BYTES_MAX 512

/* Their addresses are keys in the registry: of the list of tests, each { name, group, function },
 * and of the group that is being read: { name, level, parent, before, after }. */
static const char tests_key, group_key;

/* Fields of a group and of a test. */
enum { NAME = 1, LEVEL = 2, PARENT = 3, BEFORE = 4, AFTER = 5, GROUP = 2, FUNCTION = 3 };

// ---- the file: describe, it and so on ------------------------------------------------------

static void check_reading(lua_State *L, const char *what)
{
    if (hk__spec_suite_of(L)->is_running)
        luaL_error(L, "%s stands in the file or in a describe, not in a test", what);
}

/** Pushes a group inside the one on top, or the outermost one. Its name is at `name`. */
static void push_group(lua_State *L, int name, int parent, lua_Integer level)
{
    lua_createtable(L, 5, 0);
    lua_pushvalue(L, name);
    lua_rawseti(L, -2, NAME);
    lua_pushinteger(L, level);
    lua_rawseti(L, -2, LEVEL);
    if (parent != 0) {
        lua_pushvalue(L, parent);
        lua_rawseti(L, -2, PARENT);
    }
    lua_newtable(L);
    lua_rawseti(L, -2, BEFORE);
    lua_newtable(L);
    lua_rawseti(L, -2, AFTER);
}

/** Pushes the name of what is called `name` (at 1) in the group at `group`. */
static void push_full_name(lua_State *L, int group)
{
    if (lua_rawgeti(L, group, NAME) == LUA_TSTRING) {
        lua_pushliteral(L, " ");
        lua_pushvalue(L, 1);
        lua_concat(L, 3);
    } else {
        lua_pop(L, 1);
        lua_pushvalue(L, 1);
    }
}

/** describe(name, function): runs it at once, to see what is in it. */
static int spec_describe(lua_State *L)
{
    enum { OUTER = 3, FULL_NAME };
    check_reading(L, "describe");
    luaL_checktype(L, 1, LUA_TSTRING);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &group_key);
    lua_rawgeti(L, OUTER, LEVEL);
    lua_Integer level = lua_tointeger(L, -1) + 1;
    lua_pop(L, 1);
    if (level > HK__SPEC_LEVELS_MAX)
        return luaL_error(L, "more than %d describes inside one another", HK__SPEC_LEVELS_MAX);
    push_full_name(L, OUTER);
    push_group(L, FULL_NAME, OUTER, level);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &group_key);
    lua_pushvalue(L, 2);
    lua_call(L, 0, 0);
    lua_pushvalue(L, OUTER);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &group_key);
    return 0;
}

static int spec_it(lua_State *L)
{
    enum { IN = 3, TESTS, TEST };
    check_reading(L, "it");
    luaL_checktype(L, 1, LUA_TSTRING);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &group_key);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &tests_key);
    lua_createtable(L, 3, 0);
    push_full_name(L, IN);
    lua_rawseti(L, TEST, NAME);
    lua_pushvalue(L, IN);
    lua_rawseti(L, TEST, GROUP);
    lua_pushvalue(L, 2);
    lua_rawseti(L, TEST, FUNCTION);
    lua_rawseti(L, TESTS, ++hk__spec_suite_of(L)->test_count);
    return 0;
}

/** Adds the function at 1 to a list of the group that is being read. */
static int add_each(lua_State *L, const char *what, int list)
{
    check_reading(L, what);
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &group_key);
    lua_rawgeti(L, -1, list);
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    return 0;
}

static int spec_before_each(lua_State *L)
{
    return add_each(L, "before_each", BEFORE);
}

static int spec_after_each(lua_State *L)
{
    return add_each(L, "after_each", AFTER);
}

static void set_global(lua_State *L, struct hk__spec_suite *suite, const char *name,
                       lua_CFunction function)
{
    lua_pushlightuserdata(L, suite);
    lua_pushcclosure(L, function, 1);
    hk_sandbox_set_global(L, name);
}

static int open_globals(lua_State *L)
{
    struct hk__spec_suite *suite = lua_touserdata(L, 1);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &tests_key);
    lua_pushnil(L);
    push_group(L, lua_gettop(L), 0, 0);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &group_key);
    set_global(L, suite, "describe", spec_describe);
    set_global(L, suite, "it", spec_it);
    set_global(L, suite, "before_each", spec_before_each);
    set_global(L, suite, "after_each", spec_after_each);
    hk__spec_open_assert(L);
    hk__spec_open_policy(L, suite);
    return 0;
}

static int read_file(lua_State *L)
{
    struct hk__spec_suite *suite = lua_touserdata(L, 1);
    static const struct hk_uuid no_event;
    hk_loader_push_chunk(L, &suite->spec->source, "");
    hk_state_begin_slow(suite->state, &no_event, HK_STATE_SLOW_FACTOR);
    lua_call(L, 0, 0);
    return 0;
}

// ---- the tests -----------------------------------------------------------------------------

/** Pushes the group of the test that runs and the groups around it, the inmost first. Gets how
 * many. */
static int push_groups(lua_State *L, int test)
{
    int count = 1;
    luaL_checkstack(L, HK__SPEC_LEVELS_MAX + LUA_MINSTACK, NULL);
    lua_rawgeti(L, test, GROUP);
    while (lua_rawgeti(L, -1, PARENT) == LUA_TTABLE)
        count++;
    lua_pop(L, 1);
    return count;
}

static void call_each(lua_State *L, int group, int list)
{
    lua_rawgeti(L, group, list);
    lua_Integer count = (lua_Integer)lua_rawlen(L, -1);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, -1, i);
        lua_call(L, 0, 0);
    }
    lua_pop(L, 1);
}

static void push_test(lua_State *L, const struct hk__spec_suite *suite)
{
    lua_settop(L, 0);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &tests_key);
    lua_rawgeti(L, -1, suite->test);
    lua_remove(L, 1);
}

static int run_test(lua_State *L)
{
    push_test(L, lua_touserdata(L, 1));
    int count = push_groups(L, 1);
    for (int i = count; i >= 1; i--)
        call_each(L, 1 + i, BEFORE);
    lua_rawgeti(L, 1, FUNCTION);
    lua_call(L, 0, 0);
    return 0;
}

static int run_after(lua_State *L)
{
    push_test(L, lua_touserdata(L, 1));
    int count = push_groups(L, 1);
    for (int i = 1; i <= count; i++)
        call_each(L, 1 + i, AFTER);
    return 0;
}

/** Keeps the name of the test that runs. */
static int keep_name(lua_State *L)
{
    struct hk__spec_suite *suite = lua_touserdata(L, 1);
    struct hk_slice name;
    push_test(L, suite);
    lua_rawgeti(L, 1, NAME);
    name.at = lua_tolstring(L, -1, &name.size);
    if (hk_message_clean(name, NAME_BYTES_MAX, &suite->texts) < 0)
        return luaL_error(L, "out of memory");
    return 0;
}

/** Makes a place for the next result. */
static struct hk_wire_spec_result *add_result(struct hk__spec_suite *suite)
{
    if (suite->result_count == suite->result_capacity) {
        suite->result_capacity = suite->result_capacity ? 2 * suite->result_capacity : 16;
        suite->results =
            hk_realloc_or_die(suite->results, suite->result_capacity, sizeof(*suite->results));
    }
    return &suite->results[suite->result_count++];
}

/** Runs the function in a budget of its own. Gets -1 with `text` when it fails. */
static int run_part(struct hk__spec_suite *suite, lua_CFunction part, struct hk_slice *text)
{
    static const struct hk_uuid no_event;
    enum hk_policy_failure failure;
    hk_state_begin_slow(suite->state, &no_event, HK_STATE_SLOW_FACTOR);
    return hk_state_protect(suite->state, part, suite, &failure, text);
}

/** Runs test number `suite->test`. Gets false when there is no memory for its result. */
static bool run_one(struct hk__spec_suite *suite)
{
    struct hk_wire_spec_result *result = add_result(suite);
    struct hk_slice text;
    size_t start = suite->texts.size;
    int code = run_part(suite, keep_name, &text);
    result->name = (struct hk_slice){ (const char *)(uintptr_t)start, suite->texts.size - start };
    start = suite->texts.size;
    if (code == 0)
        code = run_part(suite, run_test, &text);
    if (code < 0 && hk_bytes_append(&suite->texts, text.at, text.size) < 0)
        return false;
    // What after_each does is done whatever became of the test; the first fault counts.
    if (run_part(suite, run_after, &text) < 0 && code == 0 &&
        hk_bytes_append(&suite->texts, text.at, text.size) < 0)
        return false;
    result->fault = (struct hk_slice){ (const char *)(uintptr_t)start, suite->texts.size - start };
    return true;
}

// ---- all of it -----------------------------------------------------------------------------

/** Reads the file and runs its tests; leaves the file's own fault in `suite->fault`. Gets 0 or
 * HK_ENOMEM. */
static int run_suite(struct hk__spec_suite *suite, struct hk_fault *fault)
{
    enum hk_policy_failure failure;
    struct hk_slice text;
    int code = hk_state_open(suite->world, &suite->script, &suite->state, fault);
    if (code < 0)
        return code;
    code = hk_state_protect(suite->state, open_globals, suite, &failure, &text);
    suite->state->is_loading = true;
    if (code == 0)
        code = hk_state_protect(suite->state, read_file, suite, &failure, &text);
    suite->state->is_loading = false;
    suite->is_running = true;
    if (code < 0)
        return hk_bytes_append(&suite->fault, text.at, text.size);
    if (suite->test_count == 0)
        return hk_bytes_append_text(&suite->fault, "there is no it(...) in it");
    for (suite->test = 1; suite->test <= suite->test_count; suite->test++) {
        if (!run_one(suite))
            return HK_ENOMEM;
    }
    return 0;
}

static void settle(const struct hk_bytes *texts, struct hk_slice *text)
{
    const char *start = texts->at != NULL ? texts->at : "";
    text->at = start + (size_t)(uintptr_t)text->at;
}

void hk_spec_answer(const struct hk_state_world *world, const struct hk_wire_spec *spec,
                    struct hk_bytes *out)
{
    struct hk__spec_suite suite = { .world = world, .spec = spec };
    struct hk_wire_message answer = { .kind = HK_WIRE_SPEC_DONE };
    struct hk_fault fault = { 0 };
    suite.script.source = spec->source;
    suite.script.libraries = spec->libraries;
    suite.script.library_count = spec->library_count;
    answer.spec_done.run = spec->run;
    if (run_suite(&suite, &fault) < 0) {
        answer.spec_done.fault = HK_SLICE("out of memory");
    } else {
        for (uint32_t i = 0; i < suite.result_count; i++) {
            settle(&suite.texts, &suite.results[i].name);
            settle(&suite.texts, &suite.results[i].fault);
        }
        answer.spec_done.fault = hk_bytes_slice(&suite.fault);
        answer.spec_done.results = suite.results;
        answer.spec_done.result_count = suite.result_count;
    }
    hk_assert(hk_wire_encode(&answer, out) == 0);
    hk__spec_run_fini(&suite.run);
    hk_state_free(suite.state);
    hk_bytes_fini(&suite.texts);
    hk_bytes_fini(&suite.fault);
    hk_free(suite.results);
}
