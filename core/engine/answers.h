// SPDX-License-Identifier: Apache-2.0
/** Answers: what callers are told, held back until the log can prove it.
 *
 * Answers leave in the order in which they were given, each when the record that was last at that
 * time is durable. Thread: the engine's. */
#pragma once
#include "engine/state.h"

/** Tells a caller, once everything so far is durable, that its event is accepted. */
void hk__answers_push_ack(struct hk_engine *engine, const struct hk_command_ack *ack);

/** Sends a reply once everything so far is durable; moved in. */
void hk__answers_push_reply(struct hk_engine *engine, struct hk_reply *reply);

/** Sends a reply at once; moved in. */
void hk__answers_send(struct hk_engine *engine, struct hk_reply *reply);
void hk__answers_refuse(struct hk_engine *engine, uint64_t token, enum hk_refusal refusal);

/** Lets go what has become durable, within the step's work. */
void hk__answers_release(struct hk_engine *engine);

/** Would a release let anything go? */
bool hk__answers_are_due(const struct hk_engine *engine);
