// SPDX-License-Identifier: Apache-2.0
/* What a policy without planning hooks costs the engine: ns of CPU that an event takes from its
 * ACCEPT to its PLAN, of a merchant without a policy while there is none at all, and of one whose
 * policy has only `retry` among 1,000. The two take turns; one line of JSON has their medians and
 * the median of the differences. */
#include "base/alloc.h"
#include "engine/engine.h"
#include "model/event.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { POLICIES = 1000, BATCH = 64, BATCHES = 200, ROUNDS = 31, MERCHANT = 1 };

struct bench {
    struct hk_engine *engine;
    struct hk_now now;
    struct hk_commands commands;
    struct hk_fact facts[BATCH];
    uint32_t fact_count;
    struct hk_body *body;
    uint64_t number, planned;
};

static void need(bool is_good, const char *what)
{
    if (is_good)
        return;
    (void)fprintf(stderr, "bench_policy_idle: %s\n", what);
    exit(1);
}

static double cpu_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static bool is_located(const struct hk_record *record)
{
    return record->type == HK_RECORD_EVENT || record->type == HK_RECORD_STATE ||
           (record->type == HK_RECORD_PLAN && record->plan.policy.size > 0);
}

/** Carries out what the step said: everything is durable in the next. */
static void carry_out(struct bench *bench)
{
    struct hk_fact_appended appended = { 0 };
    appended.located = hk_alloc_zero_or_die(bench->commands.count + 1, sizeof(*appended.located));
    for (uint32_t i = 0; i < bench->commands.count; i++) {
        const struct hk_command *command = &bench->commands.items[i];
        need(command->kind != HK_COMMAND_NACK && command->kind != HK_COMMAND_RUN_POLICY &&
                 command->kind != HK_COMMAND_LOAD,
             "the engine said what it should not");
        if (command->kind == HK_COMMAND_REPLY)
            hk_reply_free(command->reply);
        if (command->kind != HK_COMMAND_APPEND)
            continue;
        appended.lsn = command->append.lsn;
        bench->planned += command->append.type == HK_RECORD_PLAN;
        if (is_located(&command->append))
            appended.located[appended.located_count++].location.lsn = command->append.lsn;
    }
    bench->commands.count = 0;
    if (appended.lsn != 0)
        bench->facts[bench->fact_count++] =
            (struct hk_fact){ .kind = HK_FACT_APPENDED, .appended = appended };
    else
        hk_free(appended.located);
}

/** Steps until nothing is left to do at this moment. */
static void settle(struct bench *bench)
{
    do {
        uint32_t taken = hk_engine_step(bench->engine, bench->facts, bench->fact_count, bench->now,
                                        &bench->commands);
        need(taken == bench->fact_count, "a step is too small");
        bench->fact_count = 0;
        carry_out(bench);
    } while (bench->fact_count > 0 || hk_engine_due(bench->engine).ns <= bench->now.mono.ns);
}

static struct hk_policy_set *policies_new(void)
{
    struct hk_policy_set *set = hk_alloc_zero_or_die(1, sizeof(*set));
    set->items = hk_alloc_zero_or_die(POLICIES, sizeof(*set->items));
    set->count = POLICIES;
    for (uint32_t i = 0; i < POLICIES; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "policy%04u", i);
        set->items[i] =
            (struct hk_policy){ .name = hk_strdup_or_die(name),
                                .generation = 1,
                                .hooks = i == POLICIES / 2 ? HK_HOOK_RETRY : HK_HOOKS_PLANNING };
    }
    return set;
}

static void bench_init(struct bench *bench, bool has_policies)
{
    static const struct hk_engine_setup setup = {
        .options = { .attempts = 3,
                     .timeout_ms = 10000,
                     .concurrency = 256,
                     .endpoint_concurrency = 16,
                     .retry_after_max_ms = 1000,
                     .pending_max = 1000000,
                     .merchant_pending_max = 1000000,
                     .merchant_endpoints_max = 50,
                     .body_cache_bytes_max = UINT64_C(64) << 20 },
        .hash_key = { { 1, 2 } },
        .seed = 7,
    };
    *bench = (struct bench){ .engine = hk_engine_new(&setup),
                             .now = { { INT64_C(1000000000000) }, { INT64_C(1767225600000) } } };
    bench->body = hk_event_body_new(HK_SLICE("approved"), HK_SLICE_EMPTY,
                                    HK_SLICE("{\"event\":\"approved\"}"));
    need(bench->body != NULL, "out of memory");
    hk_engine_start(bench->engine, 0, bench->now, &bench->commands);
    carry_out(bench);
    struct hk_request *request = hk_request_new(HK_REQUEST_MERCHANT_CREATE, 1);
    request->is_platform = true;
    request->merchant_id = MERCHANT;
    request->merchant.fields = HK_MERCHANT_NAME | (has_policies ? HK_MERCHANT_POLICY : 0u);
    request->merchant.value.name = hk_strdup_or_die("Shop");
    if (has_policies)
        request->merchant.value.policy = hk_strdup_or_die("policy0500");
    if (has_policies)
        bench->facts[bench->fact_count++] =
            (struct hk_fact){ .kind = HK_FACT_POLICIES, .policies = policies_new() };
    bench->facts[bench->fact_count++] =
        (struct hk_fact){ .kind = HK_FACT_REQUEST, .request = request };
    settle(bench);
}

static void bench_fini(struct bench *bench)
{
    hk_engine_free(bench->engine);
    hk_commands_fini(&bench->commands);
    hk_body_unref(bench->body);
}

/** Has a round of events planned; gets ns of CPU an event. */
static double run(struct bench *bench)
{
    uint64_t planned = bench->planned;
    double begun_ns = cpu_ns();
    for (int i = 0; i < BATCHES; i++) {
        while (bench->fact_count < BATCH - 1) {
            struct hk_fact_accept accept = { .token = ++bench->number,
                                             .merchant_id = MERCHANT,
                                             .body = hk_body_ref(bench->body),
                                             .deliver_before = { INT64_MAX } };
            memcpy(accept.id.bytes, &bench->number, sizeof(bench->number));
            bench->facts[bench->fact_count++] =
                (struct hk_fact){ .kind = HK_FACT_ACCEPT, .accept = accept };
        }
        settle(bench);
    }
    double took_ns = cpu_ns() - begun_ns;
    const uint64_t wanted = UINT64_C(1) * BATCHES * (BATCH - 1);
    need(bench->planned - planned == wanted, "not every event was planned");
    return took_ns / (double)wanted;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median_of(double *values)
{
    qsort(values, ROUNDS, sizeof(*values), compare);
    return values[ROUNDS / 2];
}

int main(void)
{
    static struct bench without, with;
    double bare[ROUNDS], idle[ROUNDS], more[ROUNDS];
    bench_init(&without, false);
    bench_init(&with, true);
    (void)run(&without);
    (void)run(&with);
    for (int i = 0; i < ROUNDS; i++) {
        bare[i] = run(&without);
        idle[i] = run(&with);
        more[i] = idle[i] - bare[i];
    }
    (void)printf("{\"without_ns\":%.0f,\"with_ns\":%.0f,\"more_ns\":%.0f}\n", median_of(bare),
                 median_of(idle), median_of(more));
    bench_fini(&without);
    bench_fini(&with);
    return 0;
}
