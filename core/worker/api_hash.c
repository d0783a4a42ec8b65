// SPDX-License-Identifier: Apache-2.0
#include "worker/api.h"
#include "worker/digest.h"
#include "worker/state.h"

#include <lauxlib.h>

/** What is hashed between two looks at the budget, and bytes a step: SHA-256 takes about 5 ns each,
 * the CRC 3. */
#define PART_BYTES 16384
#define BYTES_A_STEP 2

static struct hk_slice check_text(lua_State *L, int argument)
{
    struct hk_slice text;
    luaL_checktype(L, argument, LUA_TSTRING);
    text.at = lua_tolstring(L, argument, &text.size);
    return text;
}

static struct hk_slice take_part(lua_State *L, struct hk_slice *rest)
{
    struct hk_slice part = { rest->at, rest->size < PART_BYTES ? rest->size : PART_BYTES };
    hk_state_charge(L, (uint32_t)(part.size / BYTES_A_STEP + 8));
    rest->at += part.size;
    rest->size -= part.size;
    return part;
}

static void update(lua_State *L, struct hk_digest *hash, struct hk_slice text)
{
    while (text.size != 0) {
        struct hk_slice part = take_part(L, &text);
        hk_digest_update(hash, part.at, part.size);
    }
}

static int push_hex(lua_State *L, const unsigned char digest[HK_DIGEST_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * HK_DIGEST_BYTES];
    for (size_t i = 0; i < HK_DIGEST_BYTES; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    lua_pushlstring(L, text, sizeof(text));
    return 1;
}

static int hash_sha256(lua_State *L)
{
    struct hk_slice text = check_text(L, 1);
    struct hk_digest hash;
    unsigned char digest[HK_DIGEST_BYTES];
    hk_digest_init(&hash);
    update(L, &hash, text);
    hk_digest_finish(&hash, digest);
    return push_hex(L, digest);
}

/** Starts one of the two hashes of RFC 2104: the key's block, each byte changed by `pad`. */
static void start_with_key(struct hk_digest *hash, const unsigned char key[HK_DIGEST_BLOCK_BYTES],
                           unsigned char pad)
{
    unsigned char block[HK_DIGEST_BLOCK_BYTES];
    for (int i = 0; i < HK_DIGEST_BLOCK_BYTES; i++)
        block[i] = key[i] ^ pad;
    hk_digest_init(hash);
    hk_digest_update(hash, block, sizeof(block));
}

static int hash_hmac_sha256(lua_State *L)
{
    struct hk_slice key = check_text(L, 1);
    struct hk_slice text = check_text(L, 2);
    struct hk_digest hash;
    unsigned char block[HK_DIGEST_BLOCK_BYTES] = { 0 };
    unsigned char digest[HK_DIGEST_BYTES];
    if (key.size > sizeof(block)) {
        hk_digest_init(&hash);
        update(L, &hash, key);
        hk_digest_finish(&hash, block);
    } else {
        memcpy(block, key.at, key.size);
    }
    start_with_key(&hash, block, 0x36);
    update(L, &hash, text);
    hk_digest_finish(&hash, digest);
    start_with_key(&hash, block, 0x5C);
    hk_digest_update(&hash, digest, sizeof(digest));
    hk_digest_finish(&hash, digest);
    return push_hex(L, digest);
}

/** CRC-32 of ISO-HDLC (the one of zip and Ethernet): polynomial 0x04C11DB7, reflected. Four bits at
 * a time, by a table of 16. */
static uint32_t crc32_update(uint32_t crc, struct hk_slice part)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
        0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
        0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
    };
    for (size_t i = 0; i < part.size; i++) {
        crc ^= (unsigned char)part.at[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return crc;
}

static int hash_crc32(lua_State *L)
{
    struct hk_slice text = check_text(L, 1);
    uint32_t crc = UINT32_MAX;
    while (text.size != 0)
        crc = crc32_update(crc, take_part(L, &text));
    lua_pushinteger(L, (lua_Integer)(crc ^ UINT32_MAX));
    return 1;
}

void hk_lua_open_hash(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "sha256", hash_sha256 },
        { "hmac_sha256", hash_hmac_sha256 },
        { "crc32", hash_crc32 },
        { NULL, NULL },
    };
    luaL_newlib(L, functions);
}
