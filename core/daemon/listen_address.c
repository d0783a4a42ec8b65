// SPDX-License-Identifier: Apache-2.0
#include "daemon/listen_address.h"

#include <arpa/inet.h>
#include <string.h>

/** Copies the part of an address that inet_pton is asked about; false when it is too long. */
static bool host_copy(char host[INET6_ADDRSTRLEN], struct hk_slice part)
{
    if (part.size >= INET6_ADDRSTRLEN)
        return false;
    memcpy(host, part.at, part.size);
    host[part.size] = '\0';
    return true;
}

static bool v6_is_loopback(const struct in6_addr *address)
{
    bool is_mapped = IN6_IS_ADDR_V4MAPPED(address);
    return IN6_IS_ADDR_LOOPBACK(address) || (is_mapped && address->s6_addr[12] == 127);
}

static bool fill_v4(struct hk_listen_address *address, const char *host, uint16_t port)
{
    address->v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
    address->size = sizeof(address->v4);
    if (inet_pton(AF_INET, host, &address->v4.sin_addr) != 1)
        return false;
    address->is_loopback = ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
    return true;
}

static bool fill_v6(struct hk_listen_address *address, const char *host, uint16_t port)
{
    address->v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
    address->size = sizeof(address->v6);
    if (inet_pton(AF_INET6, host, &address->v6.sin6_addr) != 1)
        return false;
    address->is_loopback = v6_is_loopback(&address->v6.sin6_addr);
    return true;
}

int hk_listen_address_parse(const char *text, struct hk_listen_address *address)
{
    const char *colon = strrchr(text, ':');
    char host[INET6_ADDRSTRLEN];
    uint64_t port;
    if (colon == NULL || hk_slice_parse_u64(hk_slice_of(colon + 1), UINT16_MAX, &port) < 0)
        return HK_EINVAL;
    struct hk_slice part = { text, (size_t)(colon - text) };
    bool is_v6 = part.size >= 2 && part.at[0] == '[' && part.at[part.size - 1] == ']';
    if (is_v6)
        part = (struct hk_slice){ part.at + 1, part.size - 2 };
    if (!host_copy(host, part))
        return HK_EINVAL;
    bool is_filled =
        is_v6 ? fill_v6(address, host, (uint16_t)port) : fill_v4(address, host, (uint16_t)port);
    return is_filled ? 0 : HK_EINVAL;
}

bool hk_network_is_valid(const char *text)
{
    const char *slash = strchr(text, '/');
    char host[INET6_ADDRSTRLEN];
    struct in6_addr bits;
    uint64_t prefix;
    if (slash == NULL || !host_copy(host, (struct hk_slice){ text, (size_t)(slash - text) }))
        return false;
    if (inet_pton(AF_INET, host, &bits) == 1)
        return hk_slice_parse_u64(hk_slice_of(slash + 1), 32, &prefix) == 0;
    return inet_pton(AF_INET6, host, &bits) == 1 &&
           hk_slice_parse_u64(hk_slice_of(slash + 1), 128, &prefix) == 0;
}
