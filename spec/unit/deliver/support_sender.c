// SPDX-License-Identifier: Apache-2.0
#include "support_sender.h"

#include "base/alloc.h"
#include "base/seal.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { WAIT_S = 60 };

struct fixture {
    struct hk_sender *sender;
    pthread_mutex_t lock;
    pthread_cond_t came;
    struct hk_fact *facts;
    unsigned count, taken, batch_count;
    uint64_t next_id;
};

static const uint8_t key[32] = { 7, 1, 2, 3 };

struct hk_now fixture_clock(void)
{
    struct timespec mono, wall;
    (void)clock_gettime(CLOCK_MONOTONIC, &mono);
    (void)clock_gettime(CLOCK_REALTIME, &wall);
    return (struct hk_now){
        .mono = { mono.tv_sec * INT64_C(1000000000) + mono.tv_nsec },
        .wall = { wall.tv_sec * INT64_C(1000) + wall.tv_nsec / 1000000 },
    };
}

struct hk_deliver_options fixture_options(void)
{
    struct hk_deliver_options options = {
        .allow_http = true,
        .threads = 1,
        .concurrency = 256,
        .connections_max = 256,
        .response_bytes_max = 65536,
    };
    hk_texts_add(&options.allow_networks, HK_SLICE("127.0.0.0/8"));
    hk_texts_add(&options.allow_networks, HK_SLICE("::1/128"));
    return options;
}

void fixture_options_fini(struct hk_deliver_options *options)
{
    hk_texts_fini(&options->allow_networks);
}

static void on_ended(void *arg, const struct hk_fact *facts, uint32_t count)
{
    struct fixture *fixture = arg;
    pthread_mutex_lock(&fixture->lock);
    fixture->facts = realloc(fixture->facts, (fixture->count + count) * sizeof(struct hk_fact));
    memcpy(fixture->facts + fixture->count, facts, count * sizeof(struct hk_fact));
    fixture->count += count;
    fixture->batch_count++;
    pthread_cond_signal(&fixture->came);
    pthread_mutex_unlock(&fixture->lock);
}

struct fixture *fixture_start(const struct hk_deliver_options *options, uint16_t own_port)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct hk_fault fault = { 0 };
    const struct hk_sender_options sender = {
        .deliver = options,
        .secret_key = key,
        .own_ports = &own_port,
        .own_port_count = own_port != 0,
        .user_agent = "hookd/test",
        .clock = fixture_clock,
        .ended = on_ended,
        .arg = fixture,
    };
    fixture->next_id = UINT64_C(1) << 32;
    assert_int_equal(pthread_mutex_init(&fixture->lock, NULL), 0);
    assert_int_equal(pthread_cond_init(&fixture->came, NULL), 0);
    if (hk_sender_new(&sender, &fixture->sender, &fault) != 0)
        fail_msg("%s", fault.text);
    return fixture;
}

void fixture_stop(struct fixture *fixture)
{
    hk_sender_free(fixture->sender);
    for (unsigned i = fixture->taken; i < fixture->count; i++)
        fixture_forget(&fixture->facts[i].attempt_ended.outcome);
    pthread_cond_destroy(&fixture->came);
    pthread_mutex_destroy(&fixture->lock);
    free(fixture->facts);
    free(fixture);
}

struct hk_sender *fixture_sender(struct fixture *fixture)
{
    return fixture->sender;
}

void fixture_seal(const struct hk_endpoint *endpoint, struct hk_slice plain,
                  struct hk_bytes *sealed)
{
    struct hk_slice context = { (const char *)endpoint->uuid.bytes, 16 };
    assert_int_equal(hk_seal(key, context, plain, sealed), 0);
}

struct hk_endpoint fixture_endpoint(const char *url)
{
    struct hk_endpoint endpoint;
    hk_endpoint_init(&endpoint);
    endpoint.uuid.bytes[0] = 0xe0;
    endpoint.url = hk_slice_dup(hk_slice_of(url));
    fixture_seal(&endpoint, HK_SLICE(FIXTURE_SECRET), &endpoint.secret);
    return endpoint;
}

void fixture_set(struct fixture *fixture, uint64_t id, const char *url)
{
    struct hk_endpoint endpoint = fixture_endpoint(url);
    hk_sender_endpoint_set(fixture->sender, id, &endpoint);
    hk_endpoint_fini(&endpoint);
}

void fixture_send(struct fixture *fixture, uint64_t id, uint64_t delivery, uint32_t timeout_ms)
{
    struct hk_body *body = hk_event_body_new(HK_SLICE("approved"), HK_SLICE_EMPTY,
                                             HK_SLICE("{\"event\":\"approved\"}"));
    struct hk_command_start_attempt start = {
        .delivery = delivery,
        .endpoint = id,
        .body = body,
        .timeout_ms = timeout_ms,
        .attempt = 2,
    };
    assert_int_equal(hk_uuid_parse(HK_SLICE("0190d6c8-1111-7222-8333-444455556666"), &start.event),
                     0);
    hk_sender_start(fixture->sender, &start);
    hk_body_unref(body);
    hk_sender_flush(fixture->sender);
}

struct hk_fact_attempt_ended fixture_next(struct fixture *fixture)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S;
    pthread_mutex_lock(&fixture->lock);
    while (fixture->taken == fixture->count &&
           pthread_cond_timedwait(&fixture->came, &fixture->lock, &until) == 0)
        continue;
    bool has_one = fixture->taken < fixture->count;
    struct hk_fact_attempt_ended ended = { 0 };
    if (has_one)
        ended = fixture->facts[fixture->taken++].attempt_ended;
    pthread_mutex_unlock(&fixture->lock);
    if (!has_one)
        fail_msg("no outcome came");
    return ended;
}

struct hk_outcome fixture_try(struct fixture *fixture, const char *url, uint32_t timeout_ms)
{
    uint64_t id = fixture->next_id++;
    fixture_set(fixture, id, url);
    fixture_send(fixture, id, id, timeout_ms);
    struct hk_fact_attempt_ended ended = fixture_next(fixture);
    assert_int_equal(ended.delivery, id);
    hk_sender_endpoint_drop(fixture->sender, id);
    return ended.outcome;
}

void fixture_forget(struct hk_outcome *outcome)
{
    hk_body_unref(outcome->detail);
    hk_body_unref(outcome->headers);
    outcome->detail = outcome->headers = NULL;
}

unsigned fixture_batch_count(struct fixture *fixture)
{
    pthread_mutex_lock(&fixture->lock);
    unsigned count = fixture->batch_count;
    pthread_mutex_unlock(&fixture->lock);
    return count;
}

const char *fixture_error(const struct hk_outcome *outcome)
{
    static char text[256];
    struct hk_slice head = outcome->detail != NULL ? hk_body_head(outcome->detail) : HK_SLICE_EMPTY;
    (void)snprintf(text, sizeof(text), "%.*s", (int)head.size, head.at);
    return text;
}

struct hk_slice fixture_response(const struct hk_outcome *outcome)
{
    return outcome->detail != NULL ? hk_body_text(outcome->detail) : HK_SLICE_EMPTY;
}
