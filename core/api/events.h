// SPDX-License-Identifier: Apache-2.0
/** Events: the way in (the hot path: no jansson, no allocation but the body's) and the look-up of
 * one. Thread: the api thread's. */
#pragma once
#include "api/exchange.h"

void hk_events_accept(struct hk_exchange *exchange);

/** The engine took it: it is on disk. */
void hk_events_accepted(struct hk_exchange *exchange, const struct hk_command_ack *ack);

/** ...or did not. */
void hk_events_refused(struct hk_exchange *exchange, enum hk_refusal refusal);

void hk_events_get(struct hk_exchange *exchange);
void hk_events_get_reply(struct hk_exchange *exchange, struct hk_reply *reply);

/** The trail of one: what was decided, by whom, and why. */
void hk_events_why(struct hk_exchange *exchange);
void hk_events_why_reply(struct hk_exchange *exchange, struct hk_reply *reply);
