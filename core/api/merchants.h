// SPDX-License-Identifier: Apache-2.0
/** Merchants: the platform's CRUD of its tenants. Thread: the api thread's. */
#pragma once
#include "api/exchange.h"

void hk_merchants_list(struct hk_exchange *exchange);
void hk_merchants_list_reply(struct hk_exchange *exchange, struct hk_reply *reply);
void hk_merchants_create(struct hk_exchange *exchange);
void hk_merchants_get(struct hk_exchange *exchange);
void hk_merchants_update(struct hk_exchange *exchange);

/** One merchant, after create, get and update. */
void hk_merchants_one_reply(struct hk_exchange *exchange, struct hk_reply *reply);
void hk_merchants_delete(struct hk_exchange *exchange);
void hk_merchants_deleted_reply(struct hk_exchange *exchange, struct hk_reply *reply);
