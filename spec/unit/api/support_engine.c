// SPDX-License-Identifier: Apache-2.0
#include "support_engine.h"

#include "api/reload_report.h"
#include "api/state.h"
#include "base/alloc.h"
#include "base/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static struct hk_now test_clock(void)
{
    struct timespec mono;
    clock_gettime(CLOCK_MONOTONIC, &mono);
    return (struct hk_now){ .mono.ns = mono.tv_sec * INT64_C(1000000000) + mono.tv_nsec,
                            .wall.ms = INT64_C(1777708800000) };
}

static void on_submit(void *arg, const struct hk_fact *facts, uint32_t count)
{
    struct test_engine *engine = arg;
    hk_mailbox_push(&engine->facts, facts, count);
}

static struct hk_reload_report *make_report(bool is_refused)
{
    struct hk_reload_report *report = hk_alloc_zero_or_die(1, sizeof(*report));
    report->pause_us = 1500;
    hk_texts_add(&report->applied, HK_SLICE("log.level"));
    hk_texts_add(&report->needs_restart, HK_SLICE("listen"));
    report->lines = hk_alloc_zero_or_die(2, sizeof(*report->lines));
    report->line_count = 2;
    report->lines[0] = (struct hk_reload_line){ .name = hk_strdup_or_die("a"),
                                                .what = HK_RELOAD_SWAPPED,
                                                .generation = 2 };
    report->lines[1] = (struct hk_reload_line){ .name = hk_strdup_or_die("b"),
                                                .what = HK_RELOAD_KEPT,
                                                .generation = 7 };
    if (is_refused) {
        report->lines[1].what = HK_RELOAD_REFUSED;
        report->lines[1].fault = hk_strdup_or_die("/p/b.lua:2: no");
        report->refused_count = 1;
    }
    return report;
}

void test_engine_tell_reloaded(struct test_engine *engine)
{
    hk_server_reloaded(engine->server, engine->reload_tokens,
                       atomic_exchange(&engine->reload_count, 0),
                       make_report(atomic_load(&engine->is_reload_refused)));
    hk_server_flush(engine->server);
}

/* On the api thread; run_engine looks for what waits. */
static void on_reload(void *arg, uint64_t token)
{
    struct test_engine *engine = arg;
    engine->reload_tokens[atomic_load(&engine->reload_count)] = token;
    atomic_fetch_add(&engine->reload_count, 1);
}

static void on_workers(void *arg, struct hk_worker_status *status)
{
    (void)arg;
    *status = (struct hk_worker_status){ .wanted = 2, .running = 1, .restarts = 3 };
    snprintf(status->error, sizeof(status->error), "killed by \"SIGSYS\"");
}

static void add_merchant(struct hk_reply *reply, uint64_t id)
{
    reply->merchants = hk_alloc_zero_or_die(1, sizeof(*reply->merchants));
    reply->merchants[0].id = id;
    reply->merchants[0].name = hk_strdup_or_die("Shop \"9\"");
    reply->merchants[0].verified = true;
    reply->merchants[0].created_at.ms = 1777708800000;
    reply->merchants[0].updated_at.ms = 1777708800000;
    reply->count = 1;
    reply->total = 1;
}

static void authenticate(const struct hk_request *request, struct hk_reply *reply)
{
    uint8_t digest[32];
    hk_sha256(hk_slice_of(TEST_MERCHANT_KEY), digest);
    reply->code = memcmp(digest, request->digest, sizeof(digest)) == 0 ? 0 : HK_EDENIED;
    if (reply->code == 0)
        add_merchant(reply, 9);
}

static void add_endpoint(const struct test_engine *engine, struct hk_reply *reply)
{
    reply->endpoints = hk_alloc_zero_or_die(1, sizeof(*reply->endpoints));
    hk_endpoint_clone(reply->endpoints, &engine->endpoint);
    reply->count = 1;
    reply->total = 31;
}

static void change_endpoint(struct test_engine *engine, struct hk_request *request,
                            struct hk_reply *reply)
{
    if (request->kind == HK_REQUEST_ENDPOINT_CREATE) {
        hk_endpoint_fini(&engine->endpoint);
        hk_endpoint_init(&engine->endpoint);
        engine->endpoint.uuid = request->uuid;
        engine->endpoint.merchant_id = request->merchant_id;
        engine->endpoint.created_at.ms = 1777708800000;
        engine->endpoint.updated_at.ms = 1777708800000;
    }
    hk_endpoint_apply(&engine->endpoint, &request->endpoint);
    add_endpoint(engine, reply);
}

static void look_up_event(const struct hk_request *request, struct hk_reply *reply)
{
    struct hk_event *event = hk_alloc_zero_or_die(1, sizeof(*event));
    event->id = request->uuid;
    event->merchant_id = 9;
    event->state = HK_EVENT_PLANNED;
    event->received_at.ms = 1777708800000;
    event->body = hk_event_body_new(HK_SLICE("approved"), HK_SLICE("k\"1"),
                                    HK_SLICE("{\"event\": \"approved\", \"price\":0.10}"));
    reply->event = event;
}

static void list_policies(struct hk_reply *reply)
{
    reply->policies = hk_alloc_zero_or_die(2, sizeof(*reply->policies));
    reply->policies[0] = (struct hk_policy_line){
        .policy = { .name = hk_strdup_or_die("broken"),
                    .fault = hk_strdup_or_die("/p/broken.lua:3: unexpected symbol near 'end'") },
        .merchants = 1,
    };
    reply->policies[1] = (struct hk_policy_line){
        .policy = { .name = hk_strdup_or_die("refunds"),
                    .generation = 4,
                    .hooks = HK_HOOK_FILTER | HK_HOOK_RETRY,
                    .loaded_at.ms = 1777708800000 },
        .merchants = 2,
        .calls = 10,
        .errors = 3,
        .cpu_us = 1500,
        .held = 1,
        .suspended = 1,
    };
    reply->count = 2;
}

static void list_ids(const struct hk_request *request, struct hk_reply *reply)
{
    reply->ids = hk_alloc_zero_or_die(1, sizeof(*reply->ids));
    reply->ids[0] = (struct hk_uuid){ { 1 } };
    reply->count = request->page.per_page > 0 ? 1 : 0;
}

static void add_use(struct hk_reply *reply)
{
    reply->use = hk_alloc_zero_or_die(1, sizeof(*reply->use));
    *reply->use = (struct hk_policy_use){ .policy = hk_strdup_or_die("refunds"),
                                          .generation = 4,
                                          .calls = 7,
                                          .errors = 1,
                                          .cpu_us = 2000,
                                          .memory_bytes = 21000,
                                          .held = 1,
                                          .is_suspended = true,
                                          .error = hk_strdup_or_die("refunds.lua:9: no") };
}

static struct hk_reply *reply_to(struct test_engine *engine, struct hk_request *request)
{
    struct hk_reply *reply = hk_reply_new(request, atomic_load(&engine->code));
    snprintf(engine->asked_name, sizeof(engine->asked_name), "%s",
             request->name ? request->name : "");
    engine->asked_last = request->page.per_page;
    if (request->kind == HK_REQUEST_AUTHENTICATE)
        authenticate(request, reply);
    if (request->kind == HK_REQUEST_TAIL_START)
        atomic_fetch_add(&engine->tail_starts, 1);
    if (request->kind == HK_REQUEST_TAIL_STOP)
        atomic_fetch_add(&engine->tail_stops, 1);
    if (reply->code < 0)
        return reply;
    switch (request->kind) {
    case HK_REQUEST_POLICY_LIST:
        list_policies(reply);
        break;
    case HK_REQUEST_POLICY_RETRY:
        reply->total = 12;
        break;
    case HK_REQUEST_POLICY_EVENTS:
        list_ids(request, reply);
        break;
    case HK_REQUEST_EVENT_WHY:
        look_up_event(request, reply);
        break;
    case HK_REQUEST_MERCHANT_GET:
        add_use(reply);
        add_merchant(reply, request->merchant_id);
        break;
    case HK_REQUEST_MERCHANT_CREATE:
    case HK_REQUEST_MERCHANT_UPDATE:
    case HK_REQUEST_MERCHANT_LIST:
        add_merchant(reply, request->merchant_id == UINT64_MAX ? 1 : request->merchant_id);
        break;
    case HK_REQUEST_KEY_CREATE:
    case HK_REQUEST_KEY_LIST:
        reply->keys = hk_alloc_or_die(sizeof(*reply->keys));
        reply->keys[0] = request->key;
        reply->count = 1;
        reply->total = 1;
        break;
    case HK_REQUEST_ENDPOINT_CREATE:
    case HK_REQUEST_ENDPOINT_UPDATE:
        change_endpoint(engine, request, reply);
        break;
    case HK_REQUEST_ENDPOINT_GET:
    case HK_REQUEST_ENDPOINT_LIST:
        add_endpoint(engine, reply);
        break;
    case HK_REQUEST_EVENT_GET:
        look_up_event(request, reply);
        break;
    case HK_REQUEST_STATS:
        reply->stats = hk_alloc_zero_or_die(1, sizeof(*reply->stats));
        reply->stats->events_accepted = 7;
        break;
    default:
        break;
    }
    return reply;
}

static void take_event(struct test_engine *engine, const struct hk_fact_accept *accept)
{
    struct hk_slice type = hk_event_body_type(accept->body);
    struct hk_slice key = hk_event_body_key(accept->body);
    int refusal = atomic_load(&engine->refusal);
    snprintf(engine->type, sizeof(engine->type), "%.*s", (int)type.size, type.at);
    snprintf(engine->key, sizeof(engine->key), "%.*s", (int)key.size, key.at);
    engine->accept = *accept;
    hk_body_unref(accept->body);
    if (refusal != 0) {
        struct hk_command_nack nack = { accept->token, (enum hk_refusal)refusal };
        hk_server_nack(engine->server, &nack);
        return;
    }
    struct hk_command_ack ack = { accept->token, accept->id, atomic_load(&engine->is_replayed) };
    hk_server_ack(engine->server, &ack);
}

static void answer(struct test_engine *engine, const struct hk_fact *fact)
{
    if (fact->kind == HK_FACT_ACCEPT) {
        take_event(engine, &fact->accept);
        return;
    }
    hk_server_reply(engine->server, reply_to(engine, fact->request));
    hk_request_free(fact->request);
}

static void answer_held(struct test_engine *engine)
{
    unsigned count = atomic_exchange(&engine->held_count, 0);
    for (unsigned i = 0; i < count; i++)
        answer(engine, &engine->held[i]);
}

static void take_facts(struct test_engine *engine, const struct hk_fact *facts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (facts[i].kind == HK_FACT_ACCEPT)
            atomic_fetch_add(&engine->accept_count, 1);
        if (atomic_load(&engine->is_holding)) {
            engine->held[atomic_load(&engine->held_count)] = facts[i];
            atomic_fetch_add(&engine->held_count, 1);
        } else {
            answer(engine, &facts[i]);
        }
    }
}

static void send_traces(struct test_engine *engine)
{
    struct hk_trace trace = { .merchant_id = 9,
                              .at.ms = 1777708800000,
                              .delivery = 1,
                              .attempt = 2,
                              .status = 503,
                              .class = HK_OUTCOME_STATUS,
                              .state = HK_DELIVERY_WAITING,
                              .delay_ms = 10000,
                              .total_us = 12345,
                              .type = "approved" };
    for (unsigned count = atomic_exchange(&engine->traces_wanted, 0); count > 0; count--)
        hk_server_trace(engine->server, &trace);
}

static void *run_engine(void *arg)
{
    struct test_engine *engine = arg;
    void *items;
    while (!hk_mailbox_is_closed(&engine->facts)) {
        size_t count = hk_mailbox_wait(&engine->facts, 10, &items);
        take_facts(engine, items, count);
        if (!atomic_load(&engine->is_holding))
            answer_held(engine);
        send_traces(engine);
        if (atomic_load(&engine->reload_count) > 0 && !atomic_load(&engine->is_reload_waiting))
            test_engine_tell_reloaded(engine);
        hk_server_flush(engine->server);
    }
    return NULL;
}

static void fill_config(struct hk_config *config)
{
    *config = (struct hk_config){ .body_bytes_max = 4096 };
    hk_texts_add(&config->listen, HK_SLICE("127.0.0.1:0"));
    hk_texts_add(&config->platform_keys, HK_SLICE("another key that is at least as long"));
    hk_texts_add(&config->platform_keys, HK_SLICE(TEST_PLATFORM_KEY));
    config->public_url = hk_strdup_or_die("http://hooks.example/");
    memset(config->secret_key, 7, sizeof(config->secret_key));
}

void test_engine_start(struct test_engine *engine, uint32_t request_ms)
{
    struct hk_fault fault = { 0 };
    memset(engine, 0, sizeof(*engine));
    fill_config(&engine->config);
    snprintf(engine->control_path, sizeof(engine->control_path), "/tmp/hookd-api-test.%d.sock",
             (int)getpid());
    hk_mailbox_init(&engine->facts, sizeof(struct hk_fact), NULL, NULL);
    struct hk_server_options options = { .config = &engine->config,
                                         .control_path = engine->control_path,
                                         .version = "9.9.9",
                                         .clock = test_clock,
                                         .submit = on_submit,
                                         .reload = on_reload,
                                         .workers = on_workers,
                                         .arg = engine };
    assert_int_equal(hk__server_new(&options, request_ms, &engine->server, &fault), 0);
    hk_server_set_ready(engine->server, true);
    assert_int_equal(pthread_create(&engine->thread, NULL, run_engine, engine), 0);
    engine->has_thread = true;
}

void test_engine_release(struct test_engine *engine)
{
    atomic_store(&engine->is_holding, false);
}

void test_engine_end_thread(struct test_engine *engine)
{
    if (!engine->has_thread)
        return;
    hk_mailbox_close(&engine->facts);
    pthread_join(engine->thread, NULL);
    engine->has_thread = false;
}

static void drop_facts(const struct hk_fact *facts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (facts[i].kind == HK_FACT_ACCEPT)
            hk_body_unref(facts[i].accept.body);
        else
            hk_request_free(facts[i].request);
    }
}

void test_engine_stop(struct test_engine *engine)
{
    void *items;
    test_engine_end_thread(engine);
    hk_server_free(engine->server);
    drop_facts(engine->held, atomic_load(&engine->held_count));
    size_t count = hk_mailbox_take(&engine->facts, &items);
    drop_facts(items, count);
    hk_mailbox_fini(&engine->facts);
    hk_endpoint_fini(&engine->endpoint);
    hk_config_fini(&engine->config);
}

void test_wait_for(atomic_uint *count, unsigned wanted)
{
    for (int i = 0; i < 4000; i++) {
        if (atomic_load(count) >= wanted)
            return;
        usleep(5000);
    }
    fail_msg("waited in vain for a count of %u", wanted);
}
