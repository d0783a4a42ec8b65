// SPDX-License-Identifier: Apache-2.0
/** Status: is hookd there, is it ready, what does it count. Thread: the api thread's. */
#pragma once
#include "api/exchange.h"

void hk_status_health(struct hk_exchange *exchange);
void hk_status_ready(struct hk_exchange *exchange);
void hk_status_stats(struct hk_exchange *exchange);
void hk_status_stats_reply(struct hk_exchange *exchange, struct hk_reply *reply);
