// SPDX-License-Identifier: Apache-2.0
#include "workload.h"

#include "base/alloc.h"
#include "base/check.h"
#include "policies.h"

#include <stdio.h>

enum { ENDPOINT_NUMBERS = SIM_MERCHANTS * SIM_ENDPOINTS * 16 };

void sim_workload_init(struct sim_workload *workload, struct hk_prng *prng, uint32_t event_count)
{
    *workload = (struct sim_workload){ .prng = prng, .event_count = event_count };
    workload->setup_left = SIM_MERCHANTS * (1 + SIM_ENDPOINTS);
    workload->options = (struct hk_engine_options){
        .attempts = SIM_ATTEMPTS_MAX,
        .schedule = HK_PRESET_POINTS,
        .timeout_ms = 10000,
        .concurrency = 1 + (uint32_t)hk_prng_below(prng, 64),
        .endpoint_concurrency = 1 + (uint32_t)hk_prng_below(prng, 16),
        .retry_after_max_ms = 10000,
        .pending_max = 100 + hk_prng_below(prng, 20000),
        .merchant_pending_max = 100 + hk_prng_below(prng, 20000),
        .merchant_endpoints_max = SIM_FAN_OUT_MAX,
        .body_cache_bytes_max = hk_prng_below(prng, 200000),
    };
}

void sim_workload_fini(struct sim_workload *workload)
{
    *workload = (struct sim_workload){ 0 };
}

void sim_workload_options(const struct sim_workload *workload, struct hk_engine_options *options)
{
    *options = workload->options;
}

void sim_workload_recovered(struct sim_workload *workload)
{
    memset(workload->known, 0, sizeof(workload->known));
    workload->is_recovered = true;
}

static struct hk_uuid endpoint_uuid(uint32_t number)
{
    struct hk_uuid uuid = { { 0 } };
    memcpy(uuid.bytes, &number, sizeof(number));
    uuid.bytes[15] = 0xee;
    return uuid;
}

static uint32_t endpoint_number(const struct hk_uuid *uuid)
{
    uint32_t number;
    memcpy(&number, uuid->bytes, sizeof(number));
    hk_assert(number < ENDPOINT_NUMBERS);
    return number;
}

void sim_workload_endpoint_known(struct sim_workload *workload, uint64_t endpoint,
                                 const struct hk_uuid *uuid)
{
    workload->known[endpoint_number(uuid)] = endpoint;
}

uint32_t sim_workload_place(const struct sim_workload *workload, uint64_t endpoint,
                            const struct sim_event *event)
{
    for (uint32_t i = 0; i < event->delivery_count; i++)
        if (workload->known[endpoint_number(&event->deliveries[i].endpoint)] == endpoint)
            return i;
    return event->delivery_count;
}

static void request_fact(struct hk_fact *fact, struct hk_request *request)
{
    *fact = (struct hk_fact){ .kind = HK_FACT_REQUEST, .request = request };
}

static uint64_t draw_merchant(struct sim_workload *workload)
{
    return 1 + hk_prng_below(workload->prng, SIM_MERCHANTS);
}

static void merchant_create(struct sim_workload *workload, uint64_t id, struct hk_fact *fact)
{
    (void)workload;
    struct hk_request *request = hk_request_new(HK_REQUEST_MERCHANT_CREATE, SIM_TOKEN_ANY);
    request->merchant_id = id;
    request->merchant.fields = HK_MERCHANT_NAME | HK_MERCHANT_POLICY;
    request->merchant.value.name = hk_strdup_or_die("merchant");
    if (id % 2)
        request->merchant.value.policy = hk_strdup_or_die(id == 1 ? "route" : "enrich");
    request_fact(fact, request);
}

/* Another policy, or none: then the one with its id, or the default. */
static void merchant_change(struct sim_workload *workload, struct hk_fact *fact)
{
    struct hk_request *request = hk_request_new(HK_REQUEST_MERCHANT_UPDATE, SIM_TOKEN_ANY);
    uint32_t number = (uint32_t)hk_prng_below(workload->prng, SIM_POLICIES + 1);
    request->merchant_id = draw_merchant(workload);
    request->merchant.fields = HK_MERCHANT_POLICY;
    if (number < SIM_POLICIES)
        request->merchant.value.policy = hk_strdup_or_die(sim_policy_name(number));
    request_fact(fact, request);
}

/* An operator has one tried again. */
static void policy_retry(struct sim_workload *workload, struct hk_fact *fact)
{
    struct hk_request *request = hk_request_new(HK_REQUEST_POLICY_RETRY, SIM_TOKEN_ANY);
    uint32_t number = (uint32_t)hk_prng_below(workload->prng, SIM_POLICIES);
    request->name = hk_strdup_or_die(sim_policy_name(number));
    request_fact(fact, request);
}

static void endpoint_fill(struct sim_workload *workload, struct hk_endpoint_patch *patch)
{
    static const enum hk_role roles[] = { HK_ROLE_PRIMARY, HK_ROLE_PRIMARY, HK_ROLE_AUDIT };
    patch->fields |= HK_ENDPOINT_ROLE | HK_ENDPOINT_SCHEDULE | HK_ENDPOINT_ATTEMPTS |
                     HK_ENDPOINT_EVENTS | HK_ENDPOINT_ON_GONE | HK_ENDPOINT_CONCURRENCY;
    patch->value.role = roles[hk_prng_below(workload->prng, 3)];
    patch->value.schedule = (struct hk_schedule){ .kind = HK_SCHEDULE_OWN, .count = 2 };
    patch->value.schedule.delays_ms[0] = 10 + (uint32_t)hk_prng_below(workload->prng, 500);
    patch->value.schedule.delays_ms[1] = 10 + (uint32_t)hk_prng_below(workload->prng, 5000);
    patch->value.attempts = 1 + (uint32_t)hk_prng_below(workload->prng, SIM_ATTEMPTS_MAX);
    patch->value.on_gone =
        hk_prng_chance(workload->prng, 50000) ? HK_ON_GONE_DISABLE : HK_ON_GONE_RETRY;
    patch->value.concurrency = (uint32_t)hk_prng_below(workload->prng, 5);
    patch->value.has_events = hk_prng_chance(workload->prng, 200000);
    if (patch->value.has_events)
        hk_texts_add(&patch->value.events, HK_SLICE("approved"));
}

static void endpoint_create(struct sim_workload *workload, uint64_t merchant, struct hk_fact *fact)
{
    char url[64];
    uint32_t number = workload->endpoint_next++;
    struct hk_request *request = hk_request_new(HK_REQUEST_ENDPOINT_CREATE, SIM_TOKEN_ANY);
    request->merchant_id = merchant;
    request->uuid = endpoint_uuid(number);
    request->is_platform = true;
    request->endpoint.fields = HK_ENDPOINT_NAME | HK_ENDPOINT_URL;
    (void)snprintf(url, sizeof(url), "https://shop.example/%u", number);
    request->endpoint.value.name = hk_strdup_or_die("endpoint");
    request->endpoint.value.url = hk_strdup_or_die(url);
    request->endpoint.value.url_normal = hk_strdup_or_die(url);
    endpoint_fill(workload, &request->endpoint);
    request_fact(fact, request);
}

static void endpoint_change(struct sim_workload *workload, struct hk_fact *fact)
{
    bool deletes = hk_prng_chance(workload->prng, 300000);
    struct hk_request *request = hk_request_new(
        deletes ? HK_REQUEST_ENDPOINT_DELETE : HK_REQUEST_ENDPOINT_UPDATE, SIM_TOKEN_ANY);
    uint32_t number = (uint32_t)hk_prng_below(workload->prng, workload->endpoint_next);
    request->merchant_id = draw_merchant(workload);
    request->uuid = endpoint_uuid(number);
    request->is_platform = true;
    if (!deletes) {
        request->endpoint.fields = HK_ENDPOINT_ENABLED;
        request->endpoint.value.enabled = true;
        endpoint_fill(workload, &request->endpoint);
    }
    request_fact(fact, request);
}

bool sim_workload_enable(const struct sim_workload *workload, uint32_t number, struct hk_fact *fact)
{
    if (number >= workload->endpoint_next * SIM_MERCHANTS)
        return false;
    struct hk_request *request = hk_request_new(HK_REQUEST_ENDPOINT_UPDATE, SIM_TOKEN_ANY);
    request->merchant_id = 1 + number % SIM_MERCHANTS;
    request->uuid = endpoint_uuid(number / SIM_MERCHANTS);
    request->is_platform = true;
    request->endpoint.fields = HK_ENDPOINT_ENABLED | HK_ENDPOINT_ON_GONE;
    request->endpoint.value.enabled = true;
    request->endpoint.value.on_gone = HK_ON_GONE_RETRY;
    request_fact(fact, request);
    return true;
}

static struct hk_body *body_make(struct sim_workload *workload, uint32_t number)
{
    static const char *const types[] = { "approved", "refunded" };
    char text[1200];
    int size = snprintf(text, sizeof(text), "{\"number\":%u,\"filler\":\"", number);
    int filler = (int)hk_prng_below(workload->prng, 1000);
    memset(text + size, 'x', (size_t)filler);
    size += filler;
    size += snprintf(text + size, sizeof(text) - (size_t)size, "\"}");
    return hk_event_body_new(hk_slice_of(types[hk_prng_below(workload->prng, 2)]), HK_SLICE_EMPTY,
                             (struct hk_slice){ text, (size_t)size });
}

static void accept(struct sim_workload *workload, struct sim_checker *checker, struct hk_fact *fact)
{
    uint32_t number = workload->sent++;
    uint64_t merchant = draw_merchant(workload);
    struct hk_body *body = body_make(workload, number);
    sim_checker_sent(checker, number, merchant, body);
    *fact = (struct hk_fact){
        .kind = HK_FACT_ACCEPT,
        .accept =
            {
                .token = SIM_TOKEN_ANY,
                .id = sim_event_id(number),
                .merchant_id = merchant,
                .body = body,
                .has_idempotency = hk_prng_chance(workload->prng, 100000),
                .idempotency_key = {hk_prng_below(workload->prng, 200), 7},
            },
    };
    fact->accept.idempotency_body = hk_prng_below(workload->prng, 2);
    if (hk_prng_chance(workload->prng, 20000))
        fact->accept.deliver_before.ms =
            SIM_START_MS + (int64_t)hk_prng_below(workload->prng, 120000);
}

void sim_workload_look_up(const struct sim_workload *workload, uint32_t number, uint64_t token,
                          struct hk_fact *fact)
{
    bool asks_why = token == SIM_TOKEN_ANY && hk_prng_chance(workload->prng, 300000);
    struct hk_request *request =
        hk_request_new(asks_why ? HK_REQUEST_EVENT_WHY : HK_REQUEST_EVENT_GET, token);
    request->merchant_id = HK_ANY_MERCHANT;
    request->uuid = sim_event_id(number);
    request_fact(fact, request);
}

/* Merchants first, then their endpoints; asked again after a crash, until all were answered. */
static void setup_next(struct sim_workload *workload, struct hk_fact *fact)
{
    uint32_t left = workload->setup_left--;
    uint32_t endpoints = SIM_MERCHANTS * SIM_ENDPOINTS;
    if (left > endpoints)
        merchant_create(workload, left - endpoints, fact);
    else
        endpoint_create(workload, 1 + left % SIM_MERCHANTS, fact);
}

void sim_workload_next(struct sim_workload *workload, struct sim_checker *checker,
                       struct hk_fact *fact, uint32_t *pause_ms)
{
    *pause_ms =
        hk_prng_chance(workload->prng, 300000) ? (uint32_t)hk_prng_below(workload->prng, 40) : 0;
    if (workload->is_recovered) {
        workload->is_recovered = false;
        if (workload->endpoint_next + SIM_MERCHANTS * SIM_ENDPOINTS < ENDPOINT_NUMBERS)
            workload->setup_left = SIM_MERCHANTS * (1 + SIM_ENDPOINTS);
    }
    if (workload->setup_left) {
        setup_next(workload, fact);
    } else if (hk_prng_chance(workload->prng, 5000)) {
        endpoint_change(workload, fact);
    } else if (hk_prng_chance(workload->prng, 5000)) {
        merchant_change(workload, fact);
    } else if (hk_prng_chance(workload->prng, 2000)) {
        policy_retry(workload, fact);
    } else if (workload->sent && hk_prng_chance(workload->prng, 50000)) {
        uint32_t number = (uint32_t)hk_prng_below(workload->prng, workload->sent);
        sim_workload_look_up(workload, number, SIM_TOKEN_ANY, fact);
    } else {
        accept(workload, checker, fact);
    }
}

bool sim_workload_is_done(const struct sim_workload *workload)
{
    return workload->sent >= workload->event_count;
}

uint32_t sim_workload_sent(const struct sim_workload *workload)
{
    return workload->sent;
}
