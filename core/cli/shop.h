// SPDX-License-Identifier: Apache-2.0
/** Shop: a merchant with endpoints as a policy sees them, from a file or from the API's answers.
 * Thread: one. */
#pragma once
#include "policy/wire.h"

#include <jansson.h>

struct hk_shop {
    uint64_t id;
    struct hk_slice name;
    struct hk_wire_endpoint *endpoints; /**< Those that the event may go to. */
    uint32_t count;
    uint32_t left_out; /**< Others: audit, dead letter, disabled, not subscribed. */
    json_t *root;      /**< What all the texts point into. */
};

/** Makes merchant 1 with one endpoint, "main". */
void hk_shop_init(struct hk_shop *shop);

/** Reads {"id", "name", "endpoints": [{"name", "url", "labels", "role", ...}]} from a file, for an
 * event of `type`. An endpoint may have all fields that the API knows; what else it has is a fault
 * with the nearest name. HK_EIO, HK_ESYNTAX, HK_EINVAL with the file and what is wrong. */
HK_MUST_CHECK int hk_shop_read(struct hk_shop *shop, const char *path, struct hk_slice type,
                               struct hk_fault *fault);

/** Makes it of an object as above, which stays the caller's; it must outlive the shop. */
HK_MUST_CHECK int hk_shop_fill(struct hk_shop *shop, const json_t *merchant, struct hk_slice type,
                               struct hk_fault *fault);
void hk_shop_fini(struct hk_shop *shop);
