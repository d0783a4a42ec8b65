// SPDX-License-Identifier: Apache-2.0
/* Networks and addresses: whatever the text, a network that is read has the address that it was
 * read from; whatever the address, nothing that carries IPv4 inside IPv6 is public, and an address
 * is public only if the guard without rules allows it. */
#include "base/check.h"
#include "deliver/address.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_network(struct hk_slice text)
{
    struct hk_network network;
    union hk_address address = { 0 };
    if (hk_network_parse(text, &network) != 0)
        return;
    hk_assert(network.prefix_bits <= (network.is_v6 ? 128 : 32));
    if (network.is_v6) {
        address.v6.sin6_family = AF_INET6;
        memcpy(&address.v6.sin6_addr, network.bytes, 16);
    } else {
        address.v4.sin_family = AF_INET;
        memcpy(&address.v4.sin_addr, network.bytes, 4);
    }
    hk_assert(hk_network_has(&network, &address.any));
}

static void check_address(const uint8_t *bytes)
{
    struct hk_guard guard = { 0 };
    union hk_address v6 = { .v6 = { .sin6_family = AF_INET6 } };
    memcpy(&v6.v6.sin6_addr, bytes, 16);
    bool is_public = hk_address_is_public(&v6.any);
    hk_assert(is_public == hk_guard_allows(&guard, &v6.any));
    hk_assert(!is_public || (bytes[0] & 0xe0) == 0x20);
    hk_assert(!is_public || !(bytes[0] == 0x20 && bytes[1] == 0x02));

    union hk_address v4 = { .v4 = { .sin_family = AF_INET } };
    memcpy(&v4.v4.sin_addr, bytes, 4);
    is_public = hk_address_is_public(&v4.any);
    hk_assert(is_public == hk_guard_allows(&guard, &v4.any));
    hk_assert(!is_public || (bytes[0] != 0 && bytes[0] != 10 && bytes[0] != 127));
    hk_assert(!is_public || bytes[0] < 224);
    guard.own_ports = (uint16_t[]){ 0 };
    guard.own_port_count = 1;
    hk_assert(!hk_guard_allows(&guard, &v4.any));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_network((struct hk_slice){ (const char *)data, size });
    if (size >= 16)
        check_address(data);
    return 0;
}
