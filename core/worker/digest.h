// SPDX-License-Identifier: Apache-2.0
/** Digest: SHA-256 (FIPS 180-4), for scripts. Of our own, because the worker's cage lets no library
 * read its configuration at the first call. Not for secrets of hookd. Pure; thread: any. */
#pragma once
#include "base/bytes.h"

#define HK_DIGEST_BYTES 32
#define HK_DIGEST_BLOCK_BYTES 64

struct hk_digest {
    uint32_t words[8];
    uint64_t size; /**< Bytes so far. */
    unsigned char block[HK_DIGEST_BLOCK_BYTES];
};

void hk_digest_init(struct hk_digest *hash);
void hk_digest_update(struct hk_digest *hash, const void *data, size_t size);
/** Ends it; `hash` is to be made anew then. */
void hk_digest_finish(struct hk_digest *hash, unsigned char digest[HK_DIGEST_BYTES]);
