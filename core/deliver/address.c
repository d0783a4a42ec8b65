// SPDX-License-Identifier: Apache-2.0
#include "deliver/address.h"

#include "base/alloc.h"

#include <arpa/inet.h>

#define V4(a, b, c, d, bits)                                          \
    {                                                                 \
        .bytes = { (a), (b), (c), (d) }, .prefix_bits = (bits), false \
    }
#define V6(a, b, bits)                                                                            \
    {                                                                                             \
        .bytes = { (a) >> 8, (a)&0xff, (b) >> 8, (b)&0xff }, .prefix_bits = (bits), .is_v6 = true \
    }

/** IPv4 that is not for us: the IANA special-purpose registry, and what clouds hide in public
 * ranges. Sources for each: reliability.md section 2.1. */
static const struct hk_network denied_v4[] = {
    V4(0, 0, 0, 0, 8),        // this network, RFC 791: "http://0/" is this host
    V4(10, 0, 0, 0, 8),       // private, RFC 1918
    V4(100, 64, 0, 0, 10),    // carrier-grade NAT, RFC 6598; holds a cloud's metadata service
    V4(127, 0, 0, 0, 8),      // loopback, RFC 1122
    V4(168, 63, 129, 16, 32), // a cloud's wire server, looks public
    V4(169, 254, 0, 0, 16),   // link-local, RFC 3927: metadata services
    V4(172, 16, 0, 0, 12),    // private, RFC 1918
    V4(192, 0, 0, 0, 24),     // IETF assignments, RFC 6890
    V4(192, 0, 2, 0, 24),     // TEST-NET-1, RFC 5737
    V4(192, 88, 99, 0, 24),   // 6to4 relays, RFC 7526
    V4(192, 168, 0, 0, 16),   // private, RFC 1918
    V4(198, 18, 0, 0, 15),    // benchmarks, RFC 2544
    V4(198, 51, 100, 0, 24),  // TEST-NET-2, RFC 5737
    V4(203, 0, 113, 0, 24),   // TEST-NET-3, RFC 5737
    V4(224, 0, 0, 0, 4),      // multicast, RFC 5771
    V4(240, 0, 0, 0, 4),      // reserved and broadcast, RFC 1112, RFC 919
};

/** The only IPv6 that is global unicast today, RFC 4291. It leaves out ::/8 whole (loopback, IPv4
 * mapped, compatible and translated), NAT64, discard-only, SRv6, unique local, link-local,
 * site-local and multicast. */
static const struct hk_network global_v6 = V6(0x2000, 0, 3);

/** What lies inside global_v6 and is not for us. */
static const struct hk_network denied_v6[] = {
    V6(0x2001, 0x0000, 23), // IETF assignments: Teredo, benchmarks, ORCHID; RFC 4380, 5180, 7343
    V6(0x2001, 0x0db8, 32), // documentation, RFC 3849
    V6(0x2002, 0x0000, 16), // 6to4: carries any IPv4 address, RFC 3056
    V6(0x3fff, 0x0000, 20), // documentation, RFC 9637
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool has_prefix(const uint8_t *bytes, const uint8_t *prefix, unsigned bits)
{
    if (memcmp(bytes, prefix, bits / 8) != 0)
        return false;
    if (bits % 8 == 0)
        return true;
    uint8_t mask = (uint8_t)(0xff << (8 - bits % 8));
    return ((bytes[bits / 8] ^ prefix[bits / 8]) & mask) == 0;
}

/** Gets the address's bytes in the order of the net, or NULL for another family. */
static const uint8_t *bytes_of(const struct sockaddr *address, bool *is_v6)
{
    const union hk_address *known = (const union hk_address *)(const void *)address;
    *is_v6 = address->sa_family == AF_INET6;
    if (*is_v6)
        return known->v6.sin6_addr.s6_addr;
    return address->sa_family == AF_INET ? (const uint8_t *)&known->v4.sin_addr : NULL;
}

static uint16_t port_of(const struct sockaddr *address)
{
    const union hk_address *known = (const union hk_address *)(const void *)address;
    return ntohs(address->sa_family == AF_INET6 ? known->v6.sin6_port : known->v4.sin_port);
}

bool hk_network_has(const struct hk_network *network, const struct sockaddr *address)
{
    bool is_v6;
    const uint8_t *bytes = bytes_of(address, &is_v6);
    return bytes != NULL && is_v6 == network->is_v6 &&
           has_prefix(bytes, network->bytes, network->prefix_bits);
}

static bool is_in_any(const struct hk_network *networks, size_t count,
                      const struct sockaddr *address)
{
    for (size_t i = 0; i < count; i++) {
        if (hk_network_has(&networks[i], address))
            return true;
    }
    return false;
}

bool hk_address_is_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return !is_in_any(denied_v4, COUNT(denied_v4), address);
    return hk_network_has(&global_v6, address) && !is_in_any(denied_v6, COUNT(denied_v6), address);
}

int hk_network_parse(struct hk_slice text, struct hk_network *network)
{
    char copy[HK_NETWORK_TEXT_MAX];
    if (text.size >= sizeof(copy) || memchr(text.at, '\0', text.size) != NULL)
        return HK_ESYNTAX;
    memcpy(copy, text.at, text.size);
    copy[text.size] = '\0';

    struct hk_network parsed = { .is_v6 = strchr(copy, ':') != NULL };
    uint64_t bits = parsed.is_v6 ? 128 : 32;
    char *slash = strchr(copy, '/');
    if (slash != NULL) {
        *slash = '\0';
        if (slash[1] == '\0' || hk_slice_parse_u64(hk_slice_of(slash + 1), bits, &bits) != 0)
            return HK_ESYNTAX;
    }
    if (inet_pton(parsed.is_v6 ? AF_INET6 : AF_INET, copy, parsed.bytes) != 1)
        return HK_ESYNTAX;
    parsed.prefix_bits = (uint8_t)bits;
    for (unsigned bit = parsed.prefix_bits; bit < 128; bit++)
        parsed.bytes[bit / 8] &= (uint8_t) ~(0x80u >> (bit % 8));
    *network = parsed;
    return 0;
}

static int copy_ports(const uint16_t *ports, uint32_t count, uint16_t **copy)
{
    *copy = hk_alloc(count * sizeof(**copy));
    if (*copy == NULL)
        return HK_ENOMEM;
    if (count != 0)
        memcpy(*copy, ports, count * sizeof(**copy));
    return 0;
}

static int parse_networks(struct hk_guard *guard, const struct hk_texts *texts,
                          struct hk_fault *fault)
{
    guard->networks = hk_alloc_zero(texts->count, sizeof(*guard->networks));
    if (guard->networks == NULL)
        return hk_fault_set(fault, HK_ENOMEM, "no memory for allow_networks");
    for (uint32_t i = 0; i < texts->count; i++) {
        if (hk_network_parse(hk_slice_of(texts->items[i]), &guard->networks[i]) != 0)
            return hk_fault_set(fault, HK_EINVAL,
                                "deliver.allow_networks: \"%s\" is no network; write it as "
                                "\"10.0.0.0/8\" or \"fd00::/8\"",
                                texts->items[i]);
        guard->network_count++;
    }
    return 0;
}

int hk_guard_init(struct hk_guard *guard, const struct hk_deliver_options *options,
                  const uint16_t *own_ports, uint32_t own_port_count, struct hk_fault *fault)
{
    *guard = (struct hk_guard){ .allow_port_count = options->allow_port_count,
                                .own_port_count = own_port_count };
    int code = parse_networks(guard, &options->allow_networks, fault);
    if (code == 0 && options->allow_ports != NULL)
        code = copy_ports(options->allow_ports, options->allow_port_count, &guard->allow_ports);
    if (code == 0)
        code = copy_ports(own_ports, own_port_count, &guard->own_ports);
    if (code == HK_ENOMEM)
        (void)hk_fault_set(fault, code, "no memory for the address guard");
    if (code != 0)
        hk_guard_fini(guard);
    return code;
}

void hk_guard_fini(struct hk_guard *guard)
{
    hk_free(guard->networks);
    hk_free(guard->allow_ports);
    hk_free(guard->own_ports);
    *guard = (struct hk_guard){ 0 };
}

static bool has_port(const uint16_t *ports, uint32_t count, uint16_t port)
{
    for (uint32_t i = 0; i < count; i++) {
        if (ports[i] == port)
            return true;
    }
    return false;
}

bool hk_guard_allows(const struct hk_guard *guard, const struct sockaddr *address)
{
    if (address->sa_family != AF_INET && address->sa_family != AF_INET6)
        return false;
    uint16_t port = port_of(address);
    if (has_port(guard->own_ports, guard->own_port_count, port))
        return false;
    if (guard->allow_ports != NULL && !has_port(guard->allow_ports, guard->allow_port_count, port))
        return false;
    return is_in_any(guard->networks, guard->network_count, address) ||
           hk_address_is_public(address);
}
