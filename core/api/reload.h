// SPDX-License-Identifier: Apache-2.0
/** Reload: POST /api/v1/reload. The daemon reads everything anew; all who asked before it began
 * get the answer of that reload. Thread: the api thread's. */
#pragma once
#include "api/exchange.h"
#include "api/reload_report.h"

/** Asks the daemon; the exchange waits. */
void hk_reload_want(struct hk_exchange *exchange);

/** Answers: 200 when all was taken, else 422 with the same data. */
void hk_reload_answer(struct hk_exchange *exchange, const struct hk_reload_report *report);
