// SPDX-License-Identifier: Apache-2.0
/** Requests: what the api asks for, one function a kind, one switch over the kinds.
 * Thread: the engine's. */
#pragma once
#include "engine/state.h"

/** Answers a request; moved in. */
void hk__request_answer(struct hk_engine *engine, struct hk_request *request);
