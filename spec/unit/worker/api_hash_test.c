// SPDX-License-Identifier: Apache-2.0
#include "support_lua.h"
#include "worker/api.h"
#include "base/seal.h"
#include <stdio.h>

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
    support_lua_open(lua, "hash", hk_lua_open_hash);
    return lua;
}

static void test_known_texts_have_known_hashes(void **state)
{
    (void)state;
    struct support_lua *lua = lua_new();
    support_lua_gives(lua, "return hash.sha256('')",
                      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    support_lua_gives(lua, "return hash.sha256('abc')",
                      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    support_lua_gives(lua, "return hash.sha256(('a'):rep(1000000))",
                      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    // RFC 4231, cases 2 and 6.
    support_lua_gives(lua, "return hash.hmac_sha256('Jefe', 'what do ya want for nothing?')",
                      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    support_lua_gives(lua,
                      "return hash.hmac_sha256(('\\xaa'):rep(131), "
                      "'Test Using Larger Than Block-Size Key - Hash Key First')",
                      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    support_lua_gives(lua, "return hash.crc32('123456789')", "3421780262");
    support_lua_gives(lua, "return hash.crc32('')", "0");
    support_lua_gives(lua, "return hash.crc32(('x'):rep(16385)) == hash.crc32(('x'):rep(16384))",
                      "false");
    support_lua_free(lua);
}

static void test_every_size_is_hashed_as_openssl_does(void **state)
{
    (void)state;
    struct support_lua *lua = lua_new();
    char data[300];
    for (size_t size = 0; size < sizeof(data); size++) {
        uint8_t digest[32];
        char hex[65];
        data[size] = (char)(size * 7);
        hk_sha256((struct hk_slice){ data, size }, digest);
        for (size_t i = 0; i < 32; i++)
            snprintf(hex + 2 * i, 3, "%02x", digest[i]);
        lua_pushlstring(lua->L, data, size);
        lua_setglobal(lua->L, "s");
        support_lua_gives(lua, "return hash.sha256(s)", hex);
    }
    support_lua_free(lua);
}

static void test_misuse_is_named_and_work_ends_by_the_budget(void **state)
{
    (void)state;
    struct support_lua *lua = lua_new();
    support_lua_fails(lua, "hash.sha256()",
                      "bad argument #1 to 'sha256' (string expected, got no value)");
    support_lua_fails(lua, "hash.sha256(1)", "string expected, got number");
    support_lua_fails(lua, "hash.hmac_sha256('k')", "bad argument #2 to 'hmac_sha256'");
    support_lua_fails(lua, "hash.crc32({})", "string expected, got table");
    support_lua_gives(lua, "s = ('a'):rep(4 << 20)", "nil");
    support_lua_budget(lua, 2);
    support_lua_fails(lua, "hash.sha256(s)", "the budget is spent");
    support_lua_budget(lua, 0);
    support_lua_free(lua);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_texts_have_known_hashes),
        cmocka_unit_test(test_every_size_is_hashed_as_openssl_does),
        cmocka_unit_test(test_misuse_is_named_and_work_ends_by_the_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
