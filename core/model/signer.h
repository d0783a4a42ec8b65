// SPDX-License-Identifier: Apache-2.0
/** Signer: adds the headers by which a receiver knows that a request is ours.
 *
 * A table of functions, so that signers can be built in or come as plugins. Signing happens on a
 * delivery thread at the time of the attempt, over the exact bytes that are sent. */
#pragma once
#include "base/bytes.h"
#include "base/moment.h"
#include "base/uuid.h"

/** What is signed. All borrowed for the length of the call. */
struct hk_signing {
    struct hk_slice secret;          /**< 60 characters; wiped by the caller after the call. */
    struct hk_slice secret_previous; /**< Empty, or the one that still counts. */
    const struct hk_uuid *event;
    struct hk_slice type;
    struct hk_slice body;
    struct hk_wall now;
};

/** Takes one header; name and value are copied. 0 or negative. */
typedef int (*hk_signer_header_fn)(void *request, struct hk_slice name, struct hk_slice value);

struct hk_signer {
    const char *name;
    /** Adds its headers through `header`. 0, or negative when it cannot sign. Must not block. */
    int (*sign)(const struct hk_signing *signing, hk_signer_header_fn header, void *request);
    /** Names of the headers that it sets, ended by NULL: nobody else may set them. */
    const char *const *headers;
};

/** The contract's own: X-Webhook-Secret, the secret itself (points-contract.md section 3). */
extern const struct hk_signer hk_signer_points;

/** Gets a built-in signer by name, or NULL. NULL or "" asks for `points`. */
const struct hk_signer *hk_signer_find(const char *name);
