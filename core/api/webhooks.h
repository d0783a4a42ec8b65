// SPDX-License-Identifier: Apache-2.0
/** Webhooks: the CRUD of the contract (points-contract.md section 5), for the merchant and, under
 * /merchants/{id}, for the platform. The `_reply` functions render what the engine answered.
 * Thread: the api thread's. */
#pragma once
#include "api/exchange.h"

void hk_webhooks_list(struct hk_exchange *exchange);
void hk_webhooks_list_reply(struct hk_exchange *exchange, struct hk_reply *reply);
void hk_webhooks_create(struct hk_exchange *exchange);
void hk_webhooks_get(struct hk_exchange *exchange);
void hk_webhooks_update(struct hk_exchange *exchange);

/** One webhook, after create, get and update. */
void hk_webhooks_one_reply(struct hk_exchange *exchange, struct hk_reply *reply);
void hk_webhooks_delete(struct hk_exchange *exchange);
void hk_webhooks_deleted_reply(struct hk_exchange *exchange, struct hk_reply *reply);
