// SPDX-License-Identifier: Apache-2.0
/** Webhook view: an endpoint as the API shows it: the contract's fields, then the optional ones of
 * interface.md section 3. What the config decides is null, what has a rule is shown as it is in
 * effect. The secret is shown on every read, by contract; what `auth` sends never is. Pure. */
#pragma once
#include "model/config.h"
#include "model/endpoint.h"

#include <jansson.h>

/** NULL when out of memory, or when the secret cannot be opened. */
json_t *hk_webhook_view(const struct hk_endpoint *endpoint, const struct hk_config *config);
