// SPDX-License-Identifier: Apache-2.0
#include "network.h"

#include "base/alloc.h"

void sim_network_init(struct sim_network *network, struct hk_prng *prng)
{
    *network = (struct sim_network){ .prng = prng };
    network->trouble = (uint32_t)hk_prng_below(prng, 600000);
}

void sim_network_fini(struct sim_network *network)
{
    hk_free(network->requests);
}

static struct sim_request *place_for(struct sim_network *network)
{
    for (uint32_t i = 0; i < network->capacity; i++)
        if (!network->requests[i].is_used)
            return &network->requests[i];
    uint32_t capacity = network->capacity ? network->capacity * 2 : 64;
    network->requests = hk_realloc_or_die(network->requests, capacity, sizeof(*network->requests));
    memset(network->requests + network->capacity, 0,
           (capacity - network->capacity) * sizeof(*network->requests));
    struct sim_request *request = &network->requests[network->capacity];
    network->capacity = capacity;
    return request;
}

static void draw_failure(struct sim_network *network, struct sim_request *request)
{
    static const enum hk_outcome_class classes[] = {
        HK_OUTCOME_STATUS,  HK_OUTCOME_TIMEOUT, HK_OUTCOME_DNS,
        HK_OUTCOME_CONNECT, HK_OUTCOME_TLS,     HK_OUTCOME_TRANSPORT,
    };
    static const uint16_t statuses[] = { 301, 400, 404, 410, 429, 500, 503 };
    struct hk_outcome *outcome = &request->outcome;
    outcome->class = classes[hk_prng_below(network->prng, 6)];
    if (outcome->class != HK_OUTCOME_STATUS) {
        /* A request whose answer was lost may have been taken. */
        request->reaches =
            outcome->class >= HK_OUTCOME_TRANSPORT && hk_prng_chance(network->prng, 300000);
        outcome->detail = hk_body_new(HK_SLICE("it failed"), HK_SLICE_EMPTY);
        return;
    }
    outcome->status = statuses[hk_prng_below(network->prng, 7)];
    if (hk_prng_chance(network->prng, 100000))
        outcome->retry_after_ms = (int64_t)hk_prng_below(network->prng, 5000);
    outcome->detail = hk_body_new(HK_SLICE(""), HK_SLICE("no"));
}

void sim_network_start(struct sim_network *network, const struct hk_command_start_attempt *start,
                       uint32_t event, uint32_t place, struct hk_now now)
{
    struct sim_request *request = place_for(network);
    uint64_t latency_ms = 1 + hk_prng_below(network->prng, 50);
    if (hk_prng_chance(network->prng, 20000))
        latency_ms = start->timeout_ms;
    *request = (struct sim_request){
        .is_used = true,
        .delivery = start->delivery,
        .event = event,
        .place = place,
        .due = hk_mono_after_ms(now.mono, (int64_t)latency_ms),
        .outcome = { .retry_after_ms = HK_RETRY_AFTER_NONE, .started_at = now.wall },
    };
    request->outcome.timings.total_us = (uint32_t)latency_ms * 1000;
    if (hk_prng_chance(network->prng, network->trouble)) {
        draw_failure(network, request);
        return;
    }
    request->reaches = true;
    request->outcome.class = HK_OUTCOME_SUCCESS;
    request->outcome.status = 200;
}

struct sim_request *sim_network_due(struct sim_network *network, struct hk_mono now)
{
    for (uint32_t i = 0; i < network->capacity; i++)
        if (network->requests[i].is_used && hk_mono_is_reached(network->requests[i].due, now))
            return &network->requests[i];
    return NULL;
}

struct hk_mono sim_network_next(const struct sim_network *network)
{
    struct hk_mono next = HK_MONO_NEVER;
    for (uint32_t i = 0; i < network->capacity; i++)
        if (network->requests[i].is_used && network->requests[i].due.ns < next.ns)
            next = network->requests[i].due;
    return next;
}

void sim_network_cut(struct sim_network *network,
                     void (*taken)(void *arg, const struct sim_request *request), void *arg)
{
    for (uint32_t i = 0; i < network->capacity; i++) {
        struct sim_request *request = &network->requests[i];
        if (!request->is_used)
            continue;
        if (request->reaches && hk_prng_chance(network->prng, 500000))
            taken(arg, request);
        hk_body_unref(request->outcome.detail);
        *request = (struct sim_request){ 0 };
    }
}
