// SPDX-License-Identifier: Apache-2.0
#include "base/seal.h"

#include "base/alloc.h"
#include "base/check.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#define SEAL_VERSION 1
#define KEY_ID_BYTES 8
#define NONCE_BYTES 12
#define TAG_BYTES 16
#define NONCE_AT (1 + KEY_ID_BYTES)
#define TEXT_AT (NONCE_AT + NONCE_BYTES)

_Static_assert(TEXT_AT + TAG_BYTES == HK_SEAL_OVERHEAD_BYTES, "the layout in the header");

int hk_random_bytes(void *data, size_t size)
{
    unsigned char *at = data;
    while (size > 0) {
        int part = size < INT_MAX ? (int)size : INT_MAX;
        if (RAND_bytes(at, part) != 1)
            return HK_EIO;
        at += part;
        size -= (size_t)part;
    }
    return 0;
}

void hk_sha256(struct hk_slice data, uint8_t digest[32])
{
    hk_assert(SHA256((const unsigned char *)data.at, data.size, digest) != NULL);
}

static void key_id(const uint8_t key[HK_SEAL_KEY_BYTES], uint8_t id[KEY_ID_BYTES])
{
    uint8_t digest[32];
    hk_sha256((struct hk_slice){ (const char *)key, HK_SEAL_KEY_BYTES }, digest);
    memcpy(id, digest, KEY_ID_BYTES);
    hk_wipe(digest, sizeof(digest));
}

/** One run of the cipher over `size` bytes; the tag is written or, when opening, held against. */
struct run {
    bool is_sealing;
    const uint8_t *key;
    const uint8_t *nonce;
    struct hk_slice context;
    const uint8_t *from;
    int size;
    uint8_t *to;
    uint8_t *tag;
};

/** Feeds the cipher; false when libcrypto refuses (no memory) or the tag does not fit. */
static bool run_with(EVP_CIPHER_CTX *cipher, const struct run *run)
{
    int size = 0;
    uint8_t none[1];
    if (EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), NULL, run->key, run->nonce, run->is_sealing) !=
        1)
        return false;
    if (run->context.size != 0 &&
        EVP_CipherUpdate(cipher, NULL, &size, (const unsigned char *)run->context.at,
                         (int)run->context.size) != 1)
        return false;
    if (run->size != 0 && EVP_CipherUpdate(cipher, run->to, &size, run->from, run->size) != 1)
        return false;
    if (!run->is_sealing &&
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, run->tag) != 1)
        return false;
    if (EVP_CipherFinal_ex(cipher, none, &size) != 1)
        return false;
    return !run->is_sealing ||
           EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, run->tag) == 1;
}

static int run_cipher(const struct run *run, int refused)
{
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    if (cipher == NULL)
        return HK_ENOMEM;
    int rc = run_with(cipher, run) ? 0 : refused;
    EVP_CIPHER_CTX_free(cipher);
    return rc;
}

int hk_seal(const uint8_t key[HK_SEAL_KEY_BYTES], struct hk_slice context, struct hk_slice plain,
            struct hk_bytes *sealed)
{
    hk_assert(plain.size <= INT_MAX && context.size <= INT_MAX);
    int rc = hk_bytes_reserve(sealed, plain.size + HK_SEAL_OVERHEAD_BYTES);
    if (rc != 0)
        return rc;
    uint8_t *at = (uint8_t *)sealed->at + sealed->size;
    at[0] = SEAL_VERSION;
    key_id(key, at + 1);
    rc = hk_random_bytes(at + NONCE_AT, NONCE_BYTES);
    if (rc != 0)
        return rc;
    const struct run run = {
        .is_sealing = true,
        .key = key,
        .nonce = at + NONCE_AT,
        .context = context,
        .from = (const uint8_t *)plain.at,
        .size = (int)plain.size,
        .to = at + TEXT_AT,
        .tag = at + TEXT_AT + plain.size,
    };
    rc = run_cipher(&run, HK_ENOMEM);
    if (rc == 0)
        sealed->size += plain.size + HK_SEAL_OVERHEAD_BYTES;
    return rc;
}

int hk_unseal(const uint8_t key[HK_SEAL_KEY_BYTES], struct hk_slice context, struct hk_slice sealed,
              struct hk_bytes *plain)
{
    const uint8_t *at = (const uint8_t *)sealed.at;
    uint8_t id[KEY_ID_BYTES];
    uint8_t tag[TAG_BYTES];
    hk_assert(context.size <= INT_MAX);
    if (sealed.size < HK_SEAL_OVERHEAD_BYTES || sealed.size > INT_MAX || at[0] != SEAL_VERSION)
        return HK_EDAMAGED;
    key_id(key, id);
    if (memcmp(id, at + 1, KEY_ID_BYTES) != 0)
        return HK_EDENIED;
    size_t size = sealed.size - HK_SEAL_OVERHEAD_BYTES;
    int rc = hk_bytes_reserve(plain, size);
    if (rc != 0)
        return rc;
    memcpy(tag, at + TEXT_AT + size, TAG_BYTES);
    const struct run run = {
        .key = key,
        .nonce = at + NONCE_AT,
        .context = context,
        .from = at + TEXT_AT,
        .size = (int)size,
        .to = plain->at != NULL ? (uint8_t *)plain->at + plain->size : NULL,
        .tag = tag,
    };
    rc = run_cipher(&run, HK_EDAMAGED);
    if (rc == 0)
        plain->size += size;
    else if (size != 0)
        hk_wipe(plain->at + plain->size, size); // what was deciphered before the tag was refused
    return rc;
}
