// SPDX-License-Identifier: Apache-2.0
/** Traffic: what the kernel has counted on a TCP connection. A file of its own, because the header
 * that has the counters excludes the one that libuv includes. Thread: any. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct hk_traffic {
    uint64_t received_bytes;   /**< In order, since the start. */
    uint64_t last_received_ms; /**< So long ago came the last of them. */
};

/** Reads them; false for what is no TCP connection. */
bool hk_traffic_read(int socket, struct hk_traffic *traffic);
