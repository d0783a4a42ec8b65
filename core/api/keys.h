// SPDX-License-Identifier: Apache-2.0
/** Keys: the API keys of a merchant. The key itself is shown once, when it is made; only its digest
 * goes to the engine. Thread: the api thread's. */
#pragma once
#include "api/exchange.h"

void hk_keys_list(struct hk_exchange *exchange);
void hk_keys_list_reply(struct hk_exchange *exchange, struct hk_reply *reply);
void hk_keys_create(struct hk_exchange *exchange);
void hk_keys_create_reply(struct hk_exchange *exchange, struct hk_reply *reply);
void hk_keys_delete(struct hk_exchange *exchange);
void hk_keys_deleted_reply(struct hk_exchange *exchange, struct hk_reply *reply);
