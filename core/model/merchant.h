// SPDX-License-Identifier: Apache-2.0
/** Merchant: the tenant, and the API keys that prove it. Plain data; the holder owns the strings.
 * Merchant 0 is the platform itself. Thread: the owner's. */
#pragma once
#include "base/bytes.h"
#include "base/moment.h"
#include "base/uuid.h"

/** The largest merchant id: what every JSON reader keeps exactly. */
#define HK_MERCHANT_ID_MAX UINT64_C(9007199254740991)

struct hk_merchant {
    uint64_t id;
    char *name;   /**< 1 to HK_NAME_CHARS_MAX characters. */
    char *policy; /**< Name of a policy, or NULL: the file with its id, else default. */
    bool verified;
    struct hk_wall created_at, updated_at;
};

enum hk_merchant_field {
    HK_MERCHANT_NAME = 1 << 0,
    HK_MERCHANT_VERIFIED = 1 << 1,
    HK_MERCHANT_POLICY = 1 << 2,
};

/** A change: the fields named in `fields` are taken from `value`. */
struct hk_merchant_patch {
    uint32_t fields;
    struct hk_merchant value;
};

void hk_merchant_clone(struct hk_merchant *copy, const struct hk_merchant *merchant);
void hk_merchant_fini(struct hk_merchant *merchant);

/** Moves the patch's named fields into `merchant`; the patch is empty afterwards. */
void hk_merchant_apply(struct hk_merchant *merchant, struct hk_merchant_patch *patch);

/** An API key: only its SHA-256 is kept. */
struct hk_key {
    struct hk_uuid id;
    uint64_t merchant_id;
    uint8_t digest[32];
    struct hk_wall created_at;
};
