// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connection.h"

/** One request and its answer on a connection: chosen, stored, played, settled. */

/**
 * Handles the request at the front of data: how many bytes it had; 0: it is not whole yet, offer it
 * again with what follows. May change the state of the connection, and close it.
 */
size_t hk_exchange_feed(struct hk_connection *connection, struct hk_span data);

/** Goes on with the answer: after a delay, a drip or when the stream is writable again. */
void hk_exchange_play(struct hk_connection *connection);

/** Sends FIN and reads to the end, for a bounded time. */
void hk_exchange_drain(struct hk_connection *connection);

/** The connection ends: keeps what came of a request that is not whole, settles what is open. */
void hk_exchange_break(struct hk_connection *connection);
