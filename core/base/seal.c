// SPDX-License-Identifier: Apache-2.0
#include "base/seal.h"

#include "base/alloc.h"
#include "base/check.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sys/random.h>

#define SEAL_VERSION 1
#define KEY_ID_BYTES 8
#define HEAD_BYTES (1 + KEY_ID_BYTES)
#define NONCE_BYTES 12
#define TAG_BYTES 16

_Static_assert(HEAD_BYTES + NONCE_BYTES + TAG_BYTES == HK_SEAL_OVERHEAD_BYTES, "the format");

/** Fetched once for the process: a fetch costs more than the ciphering of a secret. */
static EVP_CIPHER *cipher;
static EVP_MD *digest_method;
static pthread_once_t methods_once = PTHREAD_ONCE_INIT;

static void fetch_methods(void)
{
    cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    digest_method = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    hk_assert(cipher != NULL && digest_method != NULL);
}

static void write_head(const uint8_t *key, uint8_t head[HEAD_BYTES])
{
    uint8_t digest[32];
    hk_sha256((struct hk_slice){ (const char *)key, HK_SEAL_KEY_BYTES }, digest);
    head[0] = SEAL_VERSION;
    memcpy(head + 1, digest, KEY_ID_BYTES);
}

/** Feeds what is authenticated without being ciphered: the head, so that nobody can change it
 * unseen, and the context. */
static bool feed_context(EVP_CIPHER_CTX *ctx, const uint8_t *head, struct hk_slice context)
{
    int ignored;
    if (EVP_CipherUpdate(ctx, NULL, &ignored, head, HEAD_BYTES) != 1)
        return false;
    return context.size == 0 || EVP_CipherUpdate(ctx, NULL, &ignored, (const uint8_t *)context.at,
                                                 (int)context.size) == 1;
}

/** Ciphers `plain` into `out`: head, nonce (both already there), ciphertext, tag. */
static bool encrypt(const uint8_t *key, struct hk_slice context, struct hk_slice plain,
                    uint8_t *out)
{
    uint8_t *text = out + HEAD_BYTES + NONCE_BYTES;
    int written = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool is_good =
        ctx != NULL && EVP_EncryptInit_ex2(ctx, cipher, key, out + HEAD_BYTES, NULL) == 1 &&
        feed_context(ctx, out, context) &&
        (plain.size == 0 ||
         EVP_EncryptUpdate(ctx, text, &written, (const uint8_t *)plain.at, (int)plain.size) == 1) &&
        EVP_EncryptFinal_ex(ctx, text + written, &written) == 1 &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, text + plain.size) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return is_good;
}

int hk_seal(const uint8_t key[HK_SEAL_KEY_BYTES], struct hk_slice context, struct hk_slice plain,
            struct hk_bytes *sealed)
{
    hk_assert(plain.size < INT_MAX && context.size < INT_MAX);
    pthread_once(&methods_once, fetch_methods);
    if (hk_bytes_reserve(sealed, plain.size + HK_SEAL_OVERHEAD_BYTES) != 0)
        return HK_ENOMEM;
    uint8_t *out = (uint8_t *)sealed->at + sealed->size;
    write_head(key, out);
    int code = hk_random_bytes(out + HEAD_BYTES, NONCE_BYTES);
    if (code != 0)
        return code;
    // Nothing but memory can fail here: key, nonce and sizes are what the cipher wants.
    if (!encrypt(key, context, plain, out))
        return HK_ENOMEM;
    sealed->size += plain.size + HK_SEAL_OVERHEAD_BYTES;
    return 0;
}

/** Deciphers `text_size` bytes and checks the tag behind them. 0, HK_ENOMEM or HK_EDAMAGED. */
static int decrypt(const uint8_t *key, struct hk_slice context, const uint8_t *sealed,
                   struct hk_slice out)
{
    const uint8_t *text = sealed + HEAD_BYTES + NONCE_BYTES;
    uint8_t tag[TAG_BYTES];
    int written = 0;
    memcpy(tag, text + out.size, TAG_BYTES);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL)
        return HK_ENOMEM;
    uint8_t *plain = (uint8_t *)(uintptr_t)out.at;
    bool is_good =
        EVP_DecryptInit_ex2(ctx, cipher, key, sealed + HEAD_BYTES, NULL) == 1 &&
        feed_context(ctx, sealed, context) &&
        (out.size == 0 || EVP_DecryptUpdate(ctx, plain, &written, text, (int)out.size) == 1) &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) == 1 &&
        EVP_DecryptFinal_ex(ctx, plain + written, &written) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return is_good ? 0 : HK_EDAMAGED;
}

int hk_unseal(const uint8_t key[HK_SEAL_KEY_BYTES], struct hk_slice context, struct hk_slice sealed,
              struct hk_bytes *plain)
{
    const uint8_t *bytes = (const uint8_t *)sealed.at;
    hk_assert(context.size < INT_MAX);
    if (sealed.size < HK_SEAL_OVERHEAD_BYTES || sealed.size > INT_MAX || bytes[0] != SEAL_VERSION)
        return HK_EDAMAGED;
    pthread_once(&methods_once, fetch_methods);
    size_t plain_bytes = sealed.size - HK_SEAL_OVERHEAD_BYTES;
    // The cipher may write a block more than the text before it knows the end.
    if (hk_bytes_reserve(plain, plain_bytes + 16) != 0)
        return HK_ENOMEM;
    char *out = plain->at + plain->size;
    int code = decrypt(key, context, bytes, (struct hk_slice){ out, plain_bytes });
    if (code == 0) {
        plain->size += plain_bytes;
        return 0;
    }
    hk_wipe(out, plain_bytes);
    if (code != HK_EDAMAGED)
        return code;
    // Only now is the key's id asked for: it costs a digest, and the tag has said all but why.
    uint8_t head[HEAD_BYTES];
    write_head(key, head);
    return memcmp(head, bytes, HEAD_BYTES) == 0 ? HK_EDAMAGED : HK_EDENIED;
}

int hk_random_bytes(void *data, size_t size)
{
    char *at = data;
    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return HK_EIO;
        at += got;
        size -= (size_t)got;
    }
    return 0;
}

void hk_sha256(struct hk_slice data, uint8_t digest[32])
{
    pthread_once(&methods_once, fetch_methods);
    hk_assert(EVP_Digest(data.at, data.size, digest, NULL, digest_method, NULL) == 1);
}
