// SPDX-License-Identifier: Apache-2.0
/** Resolver: getaddrinfo on threads of its own.
 *
 * The whole answer is held against the guard before a part of it is used: one address that is not
 * allowed refuses the name, because a name that answers with a good and a bad address is how a
 * filter at connect time alone is passed (reliability.md section 2.3).
 *
 * getaddrinfo cannot be bounded in time. So that names whose servers do not answer cannot take all
 * threads, one thread is theirs alone: whoever asks says whether the name was slow last time.
 *
 * Thread: ask from any; `answered` is called on the resolver's. */
#pragma once
#include "deliver/address.h"

#include <netdb.h>

/** Threads, the one for slow names included. They mostly sleep. */
#define HK_RESOLVER_THREADS 4
/** Addresses of one name that are kept, in the order of RFC 6724; all of them are checked. */
#define HK_RESOLVER_ADDRESSES_MAX 16
/** A name that took longer is slow. */
#define HK_RESOLVER_SLOW_MS 1000

/** What a name came to. Freed with hk_free. */
struct hk_answer {
    uint32_t count; /**< 0: it does not resolve. */
    bool is_denied; /**< An address among them, kept or not, is not allowed. */
    uint32_t took_ms;
    union hk_address addresses[HK_RESOLVER_ADDRESSES_MAX];
};

/** Hands over the answer (moved in; NULL: no memory). Called without a lock that the resolver's
 * other functions take, but hk_resolver_close waits for it to return. */
typedef void (*hk_resolver_answered_fn)(void *arg, uint64_t id, struct hk_answer *own_answer);

struct hk_question {
    const char *host; /**< Copied. */
    uint16_t port;
    bool is_slow;
    uint64_t id; /**< Comes back with the answer. */
    hk_resolver_answered_fn answered;
    void *arg;
};

struct hk_resolver;

/** Starts the threads. `guard` is borrowed until free returns. 0, HK_ENOMEM or HK_EIO. */
HK_MUST_CHECK int hk_resolver_new(const struct hk_guard *guard, hk_clock_fn clock,
                                  struct hk_resolver **resolver);

/** Asks. 0: `answered` will be called once, unless the resolver is freed before. HK_ENOMEM. */
HK_MUST_CHECK int hk_resolver_ask(struct hk_resolver *resolver, const struct hk_question *question);

/** Forgets all questions: nothing is answered from now on, and who asks hears nothing. NULL is
 * fine.
 */
void hk_resolver_close(struct hk_resolver *resolver);

/** Closes and lets the threads go; one that is inside getaddrinfo ends by itself later. NULL is
 * fine. */
void hk_resolver_free(struct hk_resolver *resolver);

/** Looks `host` up now: with `is_numeric` only an address in any spelling, which never blocks.
 * Returns the answer, count 0 when there is none, or NULL when out of memory. */
struct hk_answer *hk_resolver_look_up(const struct hk_guard *guard, const char *host, uint16_t port,
                                      bool is_numeric);

/** getaddrinfo; replaced by tests. */
extern int (*hk__resolver_getaddrinfo)(const char *host, const char *service,
                                       const struct addrinfo *hints, struct addrinfo **list);
