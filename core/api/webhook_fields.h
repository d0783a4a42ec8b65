// SPDX-License-Identifier: Apache-2.0
/** Webhook fields: from the members of a JSON body to a change of an endpoint, every field of the
 * contract and of interface.md section 3 with its type and range. Secrets are sealed here.
 * Thread: the api thread's. */
#pragma once
#include "api/form.h"
#include "model/config.h"
#include "model/endpoint.h"

/** What the fields are read for. */
struct hk_webhook_reading {
    const struct hk_config *config;
    const struct hk_uuid *uuid; /**< Of the endpoint: what its secrets are sealed for. */
    bool is_new;                /**< name and url must be there; else anything must. */
};

/** Reads the form's members into `patch` (empty before; the caller finis its value in any case).
 * What is wrong stands in the form afterwards. */
void hk_webhook_fields_read(struct hk_form *form, const struct hk_webhook_reading *reading,
                            struct hk_endpoint_patch *patch);

/** Puts a new secret into `patch`: 60 base64 characters of 45 random bytes, sealed. 0, HK_EIO or
 * HK_ENOMEM. */
HK_MUST_CHECK int hk_webhook_fields_make_secret(const struct hk_webhook_reading *reading,
                                                struct hk_endpoint_patch *patch);
