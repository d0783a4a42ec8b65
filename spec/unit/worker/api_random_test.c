// SPDX-License-Identifier: Apache-2.0
#include "support_lua.h"
#include "worker/api.h"

#include <lauxlib.h>
#include <lualib.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct support_lua *lua_new(void)
{
    struct support_lua *lua = support_lua_new();
    luaL_requiref(lua->L, "_G", luaopen_base, 1);
    luaL_requiref(lua->L, "string", luaopen_string, 1);
    luaL_requiref(lua->L, "table", luaopen_table, 1);
    lua_settop(lua->L, 0);
    support_lua_open(lua, "random", hk_lua_open_random);
    return lua;
}

static void test_draws_are_in_their_interval(void **state)
{
    (void)state;
    struct support_lua *lua = lua_new();
    support_lua_gives(lua,
                      "local seen = {} for i = 1, 2000 do "
                      "local f = random() assert(f >= 0 and f < 1) "
                      "local d = random(6) assert(d >= 1 and d <= 6) seen[d] = true "
                      "local m = random(-3, 3) assert(m >= -3 and m <= 3) "
                      "assert(random(7, 7) == 7) "
                      "assert(random(1 << 63, (1 << 63) - 1)) assert(random(0)) end "
                      "return #seen",
                      "6");
    support_lua_free(lua);
}

static void test_one_seed_gives_one_sequence(void **state)
{
    (void)state;
    struct support_lua *lua = lua_new();
    support_lua_gives(lua, "a = random(0) b = random(0) assert(a ~= b)", "nil");
    hk_prng_init(&lua->state.prng, 1);
    support_lua_gives(lua, "return a == random(0) and b == random(0)", "true");
    support_lua_free(lua);
}

static void test_misuse_is_named(void **state)
{
    (void)state;
    struct support_lua *lua = lua_new();
    support_lua_fails(lua, "random(-1)", "bad argument #1 to 'random' (interval is empty)");
    support_lua_fails(lua, "random(2, 1)", "bad argument #2 to 'random' (interval is empty)");
    support_lua_fails(lua, "random(1.5)", "number has no integer representation");
    support_lua_fails(lua, "random('x')", "number expected, got string");
    support_lua_fails(lua, "random(1, 2, 3)", "0, 1 or 2 integers expected");
    support_lua_free(lua);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_draws_are_in_their_interval),
        cmocka_unit_test(test_one_seed_gives_one_sequence),
        cmocka_unit_test(test_misuse_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
