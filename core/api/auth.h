// SPDX-License-Identifier: Apache-2.0
/** Auth: who asks.
 *
 * The platform proves itself with `Authorization: Bearer KEY`, or by having been let through to the
 * control socket, whose file mode only admits its owner and group. Keys are compared as keyed
 * digests first, then in constant time, so that neither length nor start of a key shows.
 * A merchant proves itself with `x-api-key`; the engine knows whose key that is.
 * Thread: the api thread's. */
#pragma once
#include "base/bytes.h"

struct hk_api;
struct hk_exchange;
struct hk_reply;

/** Is this value of an Authorization header a platform key's? */
bool hk_auth_is_platform(struct hk_api *api, struct hk_slice authorization);

/** Decides, or asks the engine (phase AUTH). With neither, the answer is set: 401 or 400. */
void hk_auth_start(struct hk_exchange *exchange);

/** The engine's reply to AUTHENTICATE: the merchant, or the answer 400. */
void hk_auth_reply(struct hk_exchange *exchange, const struct hk_reply *reply);
