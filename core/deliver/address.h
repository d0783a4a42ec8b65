// SPDX-License-Identifier: Apache-2.0
/** Address: what hookd may connect to (reliability.md section 2.1).
 *
 * Every outbound connection passes hk_guard_allows with the numeric address that is dialled, never
 * with a text: names and the many spellings of an address have been resolved by then. Only global
 * unicast is allowed, less what looks global and is not; IPv6 is denied by default outside
 * 2000::/3, so an encoding of IPv4 that nobody has thought of is denied too.
 *
 * Pure. Thread: any, once it is made. */
#pragma once
#include "base/bytes.h"
#include "model/config.h"

#include <netinet/in.h>
#include <sys/socket.h>

/** One resolved address with its port. */
union hk_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/** A range of addresses, as in "10.0.0.0/8". */
struct hk_network {
    uint8_t bytes[16]; /**< 4 of them with IPv4; bits beyond the prefix are 0. */
    uint8_t prefix_bits;
    bool is_v6;
};

/** Longest "address/prefix" with its end. */
#define HK_NETWORK_TEXT_MAX 64

/** Reads "ADDRESS/BITS", or "ADDRESS" for that one alone. Bits beyond the prefix are ignored.
 * 0 or HK_ESYNTAX. */
HK_MUST_CHECK int hk_network_parse(struct hk_slice text, struct hk_network *network);

/** Is this address in the network? IPv4 inside IPv6 is not seen as IPv4. */
bool hk_network_has(const struct hk_network *network, const struct sockaddr *address);

/** Is this global unicast that no rule forbids? Any other family is not. */
bool hk_address_is_public(const struct sockaddr *address);

/** What an operator allows, and where hookd itself listens. Owns its lists. */
struct hk_guard {
    struct hk_network *networks;
    uint32_t network_count;
    uint16_t *allow_ports; /**< NULL: all. */
    uint32_t allow_port_count;
    uint16_t *own_ports;
    uint32_t own_port_count;
};

/** Copies the rules. 0, HK_ENOMEM, or HK_EINVAL with the network that is none. */
HK_MUST_CHECK int hk_guard_init(struct hk_guard *guard, const struct hk_deliver_options *options,
                                const uint16_t *own_ports, uint32_t own_port_count,
                                struct hk_fault *fault);
void hk_guard_fini(struct hk_guard *guard);

/** May this address with this port be dialled? A listed network lifts the rules for addresses, not
 * those for ports; a port that hookd listens on is never dialled. */
bool hk_guard_allows(const struct hk_guard *guard, const struct sockaddr *address);
