// SPDX-License-Identifier: Apache-2.0
/** Listen address: "127.0.0.1:8410", "[::1]:8410"; no names, so that what is bound is what was
 * read. Pure; thread: any. */
#pragma once
#include "base/bytes.h"

#include <netinet/in.h>
#include <sys/socket.h>

struct hk_listen_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    socklen_t size;
    bool is_loopback;
};

/** Reads one; port 0 is any free one. 0 or HK_EINVAL. */
HK_MUST_CHECK int hk_listen_address_parse(const char *text, struct hk_listen_address *address);

/** Is this a network, "10.0.0.0/8" or "fd00::/8"? */
bool hk_network_is_valid(const char *text);
