// SPDX-License-Identifier: Apache-2.0
/** Seal: small secrets at rest, AES-256-GCM (NIST SP 800-38D) through libcrypto.
 *
 * Sealed bytes: version 1 (1 byte), id of the key (8 bytes: the start of SHA-256 of the key),
 * nonce (12, random), ciphertext, tag (16). `context` is authenticated, not stored: the endpoint's
 * uuid, so that sealed bytes cannot be moved to another endpoint. Thread: any. */
#pragma once
#include "base/bytes.h"

#define HK_SEAL_KEY_BYTES 32
#define HK_SEAL_OVERHEAD_BYTES 37

/** Appends the sealed form of `plain` to `sealed`. 0, HK_ENOMEM or HK_EIO (no randomness). */
HK_MUST_CHECK int hk_seal(const uint8_t key[HK_SEAL_KEY_BYTES], struct hk_slice context,
                          struct hk_slice plain, struct hk_bytes *sealed);

/** Appends the plain form to `plain`, which the caller wipes. 0, HK_ENOMEM, HK_EDAMAGED (not sealed
 * bytes, changed, or another context), HK_EDENIED (sealed with another key). */
HK_MUST_CHECK int hk_unseal(const uint8_t key[HK_SEAL_KEY_BYTES], struct hk_slice context,
                            struct hk_slice sealed, struct hk_bytes *plain);

/** Fills `data` with bytes fit for secrets; 0 or HK_EIO. */
HK_MUST_CHECK int hk_random_bytes(void *data, size_t size);

/** SHA-256. */
void hk_sha256(struct hk_slice data, uint8_t digest[32]);
