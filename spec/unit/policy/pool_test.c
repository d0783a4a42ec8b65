// SPDX-License-Identifier: Apache-2.0
#include "policy/pool.h"

#include "base/alloc.h"
#include "base/prng.h"
#include "policy/scripts_load.h"
#include "support_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define RUNS_MAX 8192
#define MERCHANTS 40

/** What came of one run. */
struct result {
    uint32_t count; /**< Of facts: 1, and nothing else. */
    uint32_t place; /**< Among all facts, from 1. */
    struct hk_fact fact;
};

/** The engine's place: what comes of runs. */
struct desk {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint32_t fact_count;
    struct result results[RUNS_MAX];
    struct hk_pool *pool;
    struct hk_scripts *scripts;
    uint64_t last_run;
};

static const struct hk_policy_options quick = {
    .time_ms_max = 10, .memory_bytes_max = 8388608, .kill_ms = 100, .workers = 2
};

/* ---- scripts ----------------------------------------------------------------------------- */

/** Makes a set of one script for each text: named "a", "b", ..., the text is what it does. */
static struct hk_scripts *scripts_of(const char *const *texts, const uint32_t *generations,
                                     uint32_t count)
{
    struct hk_scripts *scripts = hk_alloc_zero_or_die(1, sizeof(*scripts));
    scripts->magic = HK__SCRIPTS_MAGIC;
    scripts->references = 1;
    scripts->items = hk_alloc_zero_or_die(count, sizeof(*scripts->items));
    scripts->count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct hk_script *script = &scripts->items[i];
        const char name[] = { (char)('a' + i), '\0' };
        script->name = hk_strdup_or_die(name);
        script->generation = generations != NULL ? generations[i] : 1;
        assert_int_equal(hk_bytes_append_text(&script->text, texts[i]), 0);
    }
    return scripts;
}

/* ---- the desk ---------------------------------------------------------------------------- */

static void on_facts(void *arg, const struct hk_fact *facts, uint32_t count)
{
    struct desk *desk = arg;
    pthread_mutex_lock(&desk->lock);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t run = facts[i].kind == HK_FACT_PLANNED         ? facts[i].planned.run
                       : facts[i].kind == HK_FACT_RETRY_DECIDED ? facts[i].retry_decided.run
                                                                : facts[i].policy_failed.run;
        desk->fact_count++;
        if (run < RUNS_MAX && desk->results[run].count++ == 0) {
            desk->results[run].fact = facts[i];
            desk->results[run].place = desk->fact_count;
        }
    }
    pthread_cond_broadcast(&desk->changed);
    pthread_mutex_unlock(&desk->lock);
}

/** Waits until there are `count` facts in all. */
static void wait_for(struct desk *desk, uint32_t count)
{
    pthread_mutex_lock(&desk->lock);
    while (desk->fact_count < count)
        pthread_cond_wait(&desk->changed, &desk->lock);
    pthread_mutex_unlock(&desk->lock);
}

static struct desk *open_desk_at(const char *path, uint64_t plan_bytes_max,
                                 struct hk_scripts *scripts)
{
    struct desk *desk = hk_alloc_zero_or_die(1, sizeof(*desk));
    pthread_mutex_init(&desk->lock, NULL);
    pthread_cond_init(&desk->changed, NULL);
    desk->scripts = scripts;
    const struct hk_pool_options options = { .worker_path = path,
                                             .policy = quick,
                                             .plan_bytes_max = plan_bytes_max,
                                             .scripts = scripts,
                                             .facts = on_facts,
                                             .arg = desk };
    assert_int_equal(hk_pool_start(&options, &desk->pool, NULL), 0);
    return desk;
}

static struct desk *open_desk(const char *const *texts, uint32_t count)
{
    return open_desk_at(support_worker_path(), 4194304, scripts_of(texts, NULL, count));
}

/** Ends the pool, and holds that nothing came twice. */
static void close_desk(struct desk *desk)
{
    hk_pool_stop(desk->pool);
    for (uint32_t i = 0; i < RUNS_MAX; i++) {
        struct result *result = &desk->results[i];
        assert_true(result->count <= 1);
        if (result->count == 1 && result->fact.kind == HK_FACT_PLANNED)
            hk_plan_free(result->fact.planned.plan);
        if (result->count == 1 && result->fact.kind == HK_FACT_POLICY_FAILED)
            hk_body_unref(result->fact.policy_failed.error);
    }
    hk_scripts_unref(desk->scripts);
    pthread_cond_destroy(&desk->changed);
    pthread_mutex_destroy(&desk->lock);
    hk_free(desk);
    // No worker is left, not even as a zombie.
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

/* ---- runs -------------------------------------------------------------------------------- */

struct asked {
    const char *policy; /**< NULL: "a". */
    uint32_t generation;
    uint64_t merchant_id;
    const char *order; /**< The event's body, or the attempt's type. */
    uint32_t endpoint_count;
    bool is_retry;
};

/** Asks for a run, without a flush; gets its id. */
static uint64_t ask_quietly(struct desk *desk, struct asked asked)
{
    struct hk_policy_endpoint endpoints[64];
    uint32_t count = asked.endpoint_count != 0 ? asked.endpoint_count : 2;
    for (uint32_t i = 0; i < count; i++)
        endpoints[i] = (struct hk_policy_endpoint){ .uuid = { { 1, (uint8_t)i } },
                                                    .name = "shop",
                                                    .url = "https://shop.example/" };
    struct hk_slice order = asked.order != NULL ? hk_slice_of(asked.order) : HK_SLICE("{}");
    struct hk_body *body =
        asked.is_retry ? NULL : hk_event_body_new(HK_SLICE("order"), HK_SLICE_EMPTY, order);
    const struct hk_policy_run run = {
        .run = ++desk->last_run,
        .phase = asked.is_retry ? HK_PHASE_RETRY : HK_PHASE_PLAN,
        .policy = asked.policy != NULL ? asked.policy : "a",
        .generation = asked.generation != 0 ? asked.generation : 1,
        .merchant_id = asked.merchant_id,
        .merchant_name = "Shop",
        .body = body,
        .endpoints = endpoints,
        .endpoint_count = count,
        .attempt = { .event_type = order },
    };
    assert_true(run.run < RUNS_MAX);
    hk_pool_run(desk->pool, &run);
    hk_body_unref(body);
    return run.run;
}

static uint64_t ask(struct desk *desk, struct asked asked)
{
    uint64_t run = ask_quietly(desk, asked);
    hk_pool_flush(desk->pool);
    return run;
}

/** Asks for a run, waits for all there are, gets what came of it. */
static const struct hk_fact *answer_to(struct desk *desk, struct asked asked)
{
    uint64_t run = ask(desk, asked);
    wait_for(desk, (uint32_t)desk->last_run);
    return &desk->results[run].fact;
}

static const struct hk_fact *fact_of(const struct desk *desk, uint64_t run)
{
    assert_int_equal(desk->results[run].count, 1);
    return &desk->results[run].fact;
}

static const char *error_of(const struct hk_fact *fact)
{
    assert_int_equal(fact->kind, HK_FACT_POLICY_FAILED);
    assert_non_null(fact->policy_failed.error);
    return hk_body_text(fact->policy_failed.error).at; // a zero byte follows
}

static void assert_failed(const struct hk_fact *fact, enum hk_policy_failure failure,
                          const char *text)
{
    assert_string_equal(error_of(fact), text);
    assert_int_equal(fact->policy_failed.failure, failure);
}

static void assert_planned(const struct hk_fact *fact)
{
    if (fact->kind == HK_FACT_POLICY_FAILED)
        fail_msg("%s", error_of(fact));
    assert_int_equal(fact->kind, HK_FACT_PLANNED);
    assert_int_equal(fact->planned.plan->delivery_count, 2);
}

/** Gets the pid and the count of scripts of the worker that runs the script "who" as `policy`. */
static int ask_who(struct desk *desk, const char *policy, uint32_t generation, int *script_count)
{
    char *rest;
    const struct hk_fact *fact =
        answer_to(desk, (struct asked){ .policy = policy, .generation = generation });
    int pid = (int)strtol(error_of(fact), &rest, 10);
    *script_count = (int)strtol(rest, &rest, 10);
    assert_true(pid > 0 && *rest == '\0');
    return pid;
}

/* ---- tests ------------------------------------------------------------------------------- */

static void test_a_plan_names_the_endpoints_of_the_run(void **state)
{
    (void)state;
    const char *const texts[] = { "plan" };
    struct desk *desk = open_desk(texts, 1);
    const struct hk_fact *fact = answer_to(desk, (struct asked){ .endpoint_count = 3 });
    assert_int_equal(fact->kind, HK_FACT_PLANNED);
    const struct hk_plan *plan = fact->planned.plan;
    assert_int_equal(plan->reason, HK_REASON_NONE);
    assert_int_equal(plan->hooks, HK_HOOK_ROUTE);
    assert_int_equal(plan->delivery_count, 3);
    for (uint8_t i = 0; i < 3; i++) {
        const struct hk_uuid uuid = { { 1, i } };
        assert_true(hk_uuid_is_equal(&plan->deliveries[i].endpoint, &uuid));
        assert_int_equal(plan->deliveries[i].role, HK_ROLE_PRIMARY);
        assert_null(plan->deliveries[i].own);
    }
    assert_int_equal(fact->planned.cost.cpu_us, 7);
    assert_int_equal(fact->planned.cost.memory_bytes, 8000);
    close_desk(desk);
}

static void test_what_a_policy_changed_comes_as_a_payload(void **state)
{
    (void)state;
    const char *const texts[] = { "own" };
    const char *name, *value;
    struct desk *desk = open_desk(texts, 1);
    const struct hk_fact *fact = answer_to(desk, (struct asked){ 0 });
    assert_planned(fact);
    const struct hk_plan_delivery *deliveries = fact->planned.plan->deliveries;
    assert_non_null(deliveries[0].own);
    assert_true(hk_payload_has_text(deliveries[0].own));
    assert_true(hk_slice_is(hk_body_text(deliveries[0].own), "{\"own\":0.10}"));
    struct hk_slice rest = hk_payload_headers(deliveries[0].own);
    assert_true(hk_payload_next(&rest, &name, &value));
    assert_string_equal(name, "X-Own");
    assert_string_equal(value, "yes");
    assert_false(hk_payload_next(&rest, &name, &value));
    assert_null(deliveries[1].own);
    close_desk(desk);
}

static void test_drops_and_skips_keep_their_words(void **state)
{
    (void)state;
    const char *const texts[] = { "filter", "skip" };
    struct desk *desk = open_desk(texts, 2);
    const struct hk_plan *plan = answer_to(desk, (struct asked){ 0 })->planned.plan;
    assert_int_equal(plan->reason, HK_REASON_FILTERED);
    assert_true(hk_slice_is(plan->why, "why"));
    assert_int_equal(plan->delivery_count, 0);
    plan = answer_to(desk, (struct asked){ .policy = "b" })->planned.plan;
    assert_int_equal(plan->delivery_count, 2);
    assert_int_equal(plan->deliveries[0].reason, HK_REASON_SKIPPED_BY_POLICY);
    assert_true(hk_slice_is(plan->deliveries[0].why, "small"));
    assert_int_equal(plan->deliveries[1].reason, HK_REASON_NONE);
    close_desk(desk);
}

static void test_a_retry_is_decided_and_a_failure_is_said(void **state)
{
    (void)state;
    const char *const texts[] = { "delay", "fail", "bad_delay" };
    struct desk *desk = open_desk(texts, 3);
    const struct hk_fact *fact =
        answer_to(desk, (struct asked){ .is_retry = true, .endpoint_count = 1 });
    assert_int_equal(fact->kind, HK_FACT_RETRY_DECIDED);
    assert_int_equal(fact->retry_decided.verdict, HK_RETRY_AFTER_DELAY);
    assert_int_equal(fact->retry_decided.delay_ms, 5000);
    fact = answer_to(desk, (struct asked){ .policy = "b" });
    assert_failed(fact, HK_POLICY_ERROR, "plain.lua:1: no");
    assert_int_equal(fact->policy_failed.phase, HK_PHASE_PLAN);
    assert_int_equal(fact->policy_failed.cost.memory_bytes, 6000);
    fact = answer_to(desk, (struct asked){ .policy = "c", .is_retry = true });
    assert_failed(fact, HK_POLICY_RETURN, "c.lua: delay_ms is not from 0 to 30 days");
    assert_int_equal(fact->policy_failed.phase, HK_PHASE_RETRY);
    close_desk(desk);
}

static void test_what_a_worker_plans_is_not_believed(void **state)
{
    (void)state;
    static const struct {
        const char *does, *text;
        uint32_t endpoint_count;
    } rows[] = {
        { "bad_place", "a.lua: the plan names an endpoint that was not given", 2 },
        { "bad_twice", "a.lua: the plan names an endpoint twice", 2 },
        { "bad_name", "a.lua: a header's name is no token", 1 },
        { "bad_empty", "a.lua: a header's name is no token", 1 },
        { "bad_value", "a.lua: the header 'X-A' has a value with control characters", 1 },
        { "bad_nul", "a.lua: the header 'X-A' has a value with control characters", 1 },
        { "bad_host", "a.lua: the header 'hOST' is not a policy's to set", 1 },
        { "bad_proxy", "a.lua: the header 'Proxy-Authorization' is not a policy's to set", 1 },
        { "bad_webhook", "a.lua: the header 'X-Webhook-Id' is not a policy's to set", 1 },
        { "bad_hookd", "a.lua: the header 'x-hookd-key' is not a policy's to set", 1 },
        { "bad_standard", "a.lua: the header 'webhook-id' is not a policy's to set", 1 },
        { "bad_headers", "a.lua: too many headers", 1 },
        { "bad_headers", "a.lua: the header 'x-0' is set twice", 2 },
        { "bad_json", "a.lua: a changed body is no JSON", 1 },
        { "bad_nothing", "a.lua: a changed body is no JSON", 1 },
        { "bad_utf8", "a.lua: a changed body is no JSON", 1 },
        { "bad_scalar", "a.lua: a changed body is neither an object nor an array", 1 },
        { "bad_much", "a.lua: the plan is larger than limits.plan_bytes_max", 3 },
        { "bad_drop", "a.lua: a dropped event has deliveries", 1 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *const texts[] = { rows[i].does };
        struct desk *desk = open_desk_at(support_worker_path(), 2100, scripts_of(texts, NULL, 1));
        const struct hk_fact *fact =
            answer_to(desk, (struct asked){ .endpoint_count = rows[i].endpoint_count });
        assert_failed(fact, HK_POLICY_RETURN, rows[i].text);
        close_desk(desk);
    }
}

static void test_every_run_has_one_fact_over_many_merchants(void **state)
{
    (void)state;
    const char *const texts[] = { "plan", "own", "fail" };
    struct desk *desk = open_desk(texts, 3);
    for (uint32_t i = 0; i < 3000; i++) {
        const char *const policies[] = { "a", "b", "c" };
        (void)ask_quietly(desk, (struct asked){ .policy = policies[i % 3], .merchant_id = i % 97 });
        if (i % 50 == 49)
            hk_pool_flush(desk->pool);
    }
    wait_for(desk, 3000);
    for (uint64_t run = 1; run <= 3000; run++) {
        if (run % 3 == 0)
            assert_failed(fact_of(desk, run), HK_POLICY_ERROR, "plain.lua:1: no");
        else
            assert_planned(fact_of(desk, run));
    }
    close_desk(desk);
}

static void test_large_bodies_go_through_a_full_socket(void **state)
{
    (void)state;
    const char *const texts[] = { "plan" };
    struct desk *desk = open_desk(texts, 1);
    size_t size = 1 << 20;
    char *order = hk_alloc_or_die(size + 1);
    memset(order, ' ', size);
    order[size] = '\0';
    for (int i = 0; i < 24; i++)
        (void)ask_quietly(desk, (struct asked){ .merchant_id = 3, .order = order });
    hk_pool_flush(desk->pool);
    wait_for(desk, 24);
    for (uint64_t run = 1; run <= 24; run++)
        assert_planned(fact_of(desk, run));
    hk_free(order);
    close_desk(desk);
}

/** One run among others ends the worker: it alone fails, with `text`. */
static void check_end(const char *order, const char *text)
{
    const char *const texts[] = { "obey" };
    struct desk *desk = open_desk(texts, 1);
    uint64_t guilty = 0;
    for (int i = 0; i < 9; i++) {
        uint64_t run = ask_quietly(desk, (struct asked){ .order = i == 4 ? order : "plan" });
        guilty = i == 4 ? run : guilty;
    }
    hk_pool_flush(desk->pool);
    wait_for(desk, 9);
    for (uint64_t run = 1; run <= 9; run++) {
        if (run == guilty)
            assert_failed(fact_of(desk, run), HK_POLICY_KILLED, text);
        else
            assert_planned(fact_of(desk, run));
    }
    assert_planned(answer_to(desk, (struct asked){ .order = "plan" }));
    struct hk_pool_status status;
    hk_pool_status(desk->pool, &status);
    assert_true(status.restarts >= 1);
    assert_true(strstr(text, status.error + strlen("the policy ")) != NULL);
    close_desk(desk);
}

static void test_the_run_that_ends_a_worker_fails_and_no_other(void **state)
{
    (void)state;
    check_end("abort", "a.lua: the worker was ended by SIGABRT");
    check_end("sigsys", "a.lua: the worker was ended by its cage (SIGSYS)");
    check_end("exit", "a.lua: the worker ended by itself with status 3");
    check_end("half", "a.lua: the worker ended by itself with status 3");
    check_end("hang", "a.lua: the worker had to be killed: no answer for 100 ms");
    check_end("sleep", "a.lua: the worker had to be killed: no answer for 100 ms");
    check_end("garbage", "a.lua: the worker had to be killed: it answered what cannot be");
    check_end("huge", "a.lua: the worker had to be killed: it answered what cannot be");
    check_end("stranger", "a.lua: the worker had to be killed: it answered what cannot be");
    check_end("ready", "a.lua: the worker had to be killed: it answered what cannot be");
    check_end("decide", "a.lua: the worker had to be killed: it answered what cannot be");
}

/** Gets which of the two workers is a merchant's. */
static uint64_t place_of(uint64_t merchant_id)
{
    return (merchant_id * UINT64_C(0x9E3779B97F4A7C15)) >> 63;
}

static void test_a_merchant_that_ends_workers_does_not_hold_up_others(void **state)
{
    (void)state;
    const char *const texts[] = { "hang", "plan" };
    struct desk *desk = open_desk(texts, 2);
    uint64_t other = 8; // one that shares the worker
    while (place_of(other) != place_of(7))
        other++;
    for (int i = 0; i < 20; i++)
        (void)ask_quietly(desk, (struct asked){ .policy = i % 2 == 0 ? "a" : "b",
                                                .merchant_id = i % 2 == 0 ? 7 : other });
    hk_pool_flush(desk->pool);
    wait_for(desk, 20);
    for (uint64_t run = 1; run <= 20; run++) {
        const struct hk_fact *fact = fact_of(desk, run);
        if (run % 2 == 0)
            assert_planned(fact);
        else if (run <= 5)
            assert_failed(fact, HK_POLICY_KILLED,
                          "a.lua: the worker had to be killed: no answer for 100 ms");
        else
            assert_failed(fact, HK_POLICY_UNAVAILABLE,
                          "not run: the policy has ended too many workers");
    }
    // The others' came before the second kill: one fact was there before them, no more.
    assert_int_equal(desk->results[1].place, 1);
    for (uint64_t run = 2; run <= 20; run += 2)
        assert_true(desk->results[run].place <= 11);
    close_desk(desk);
}

static void test_an_answer_that_nobody_waits_for_ends_the_worker(void **state)
{
    (void)state;
    const char *const texts[] = { "obey" };
    struct desk *desk = open_desk(texts, 1);
    struct hk_pool_status status;
    assert_failed(answer_to(desk, (struct asked){ .order = "twice" }), HK_POLICY_ERROR, "once");
    do {
        hk_pool_status(desk->pool, &status);
        (void)poll(NULL, 0, 1);
    } while (status.restarts == 0 || status.workers_running < 2);
    assert_string_equal(status.error,
                        "the policy worker had to be killed: it answered what cannot be");
    assert_planned(answer_to(desk, (struct asked){ .order = "plan" }));
    close_desk(desk);
}

static void test_a_worker_that_works_for_long_is_not_killed(void **state)
{
    (void)state;
    const char *const texts[] = { "burn" };
    struct desk *desk = open_desk(texts, 1);
    struct hk_pool_status status;
    for (int i = 0; i < 12; i++) // 360 ms of work, of 30 ms each, with 100 ms of patience
        (void)ask_quietly(desk, (struct asked){ 0 });
    hk_pool_flush(desk->pool);
    wait_for(desk, 12);
    for (uint64_t run = 1; run <= 12; run++)
        assert_planned(fact_of(desk, run));
    hk_pool_status(desk->pool, &status);
    assert_int_equal(status.restarts, 0);
    close_desk(desk);
}

static void test_runs_without_a_worker_fail_and_it_is_shown(void **state)
{
    (void)state;
    char folder[] = "/tmp/hk-pool-XXXXXX", path[64];
    const char *const texts[] = { "plan" };
    struct hk_pool_status status;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/worker", folder);
    struct desk *desk = open_desk_at(path, 4194304, scripts_of(texts, NULL, 1));
    const struct hk_fact *fact = answer_to(desk, (struct asked){ 0 });
    assert_non_null(
        strstr(error_of(fact), "no policy worker runs: the policy worker /tmp/hk-pool"));
    assert_int_equal(fact->policy_failed.failure, HK_POLICY_UNAVAILABLE);
    hk_pool_status(desk->pool, &status);
    assert_int_equal(status.workers_wanted, 2);
    assert_int_equal(status.workers_running, 0);
    assert_non_null(strstr(status.error, "cannot be started"));
    // It is there now: the next try finds it.
    assert_int_equal(symlink(support_worker_path(), path), 0);
    do
        fact = answer_to(desk, (struct asked){ 0 });
    while (fact->kind == HK_FACT_POLICY_FAILED);
    assert_planned(fact);
    close_desk(desk);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void test_a_worker_that_ends_before_it_is_ready_counts_as_none(void **state)
{
    (void)state;
    const char *const texts[] = { "plan" };
    struct desk *desk = open_desk_at(support_worker_path(), 1, scripts_of(texts, NULL, 1));
    assert_failed(answer_to(desk, (struct asked){ 0 }), HK_POLICY_UNAVAILABLE,
                  "no policy worker runs: the policy worker ended by itself with status 4");
    close_desk(desk);
}

static void test_a_worker_that_never_is_ready_counts_as_none(void **state)
{
    (void)state;
    const char *const texts[] = { "plan" };
    struct desk *desk = open_desk_at(support_worker_path(), 2, scripts_of(texts, NULL, 1));
    assert_failed(answer_to(desk, (struct asked){ 0 }), HK_POLICY_UNAVAILABLE,
                  "no policy worker runs: it takes too long to start");
    close_desk(desk);
}

static void test_what_is_not_loaded_is_unavailable(void **state)
{
    (void)state;
    const char *const texts[] = { "plan", "plan" };
    const uint32_t generations[] = { 4, 0 };
    struct desk *desk =
        open_desk_at(support_worker_path(), 4194304, scripts_of(texts, generations, 2));
    assert_planned(answer_to(desk, (struct asked){ .generation = 4 }));
    assert_failed(answer_to(desk, (struct asked){ .generation = 3 }), HK_POLICY_UNAVAILABLE,
                  "a.lua: this generation is not loaded");
    assert_failed(answer_to(desk, (struct asked){ .policy = "b" }), HK_POLICY_UNAVAILABLE,
                  "b.lua: this generation is not loaded");
    assert_failed(answer_to(desk, (struct asked){ .policy = "zz" }), HK_POLICY_UNAVAILABLE,
                  "zz.lua: this generation is not loaded");
    close_desk(desk);
}

/** Swaps to a set of other texts and generations. */
static void swap(struct desk *desk, const char *const *texts, const uint32_t *generations,
                 uint32_t count, bool has_tables)
{
    struct hk_scripts *scripts = scripts_of(texts, generations, count);
    scripts->tables_changed = has_tables;
    hk_pool_swap(desk->pool, &quick, 4194304, scripts);
    hk_scripts_unref(desk->scripts);
    desk->scripts = scripts;
}

static void test_generations_run_beside_each_other_until_the_old_one_retires(void **state)
{
    (void)state;
    const char *const before[] = { "who", "fail" };
    const char *const after[] = { "who", "plan", "plan" };
    const uint32_t generations[] = { 1, 2, 1 };
    struct desk *desk = open_desk(before, 2);
    int count = 0;
    int pid = ask_who(desk, "a", 1, &count);
    assert_int_equal(count, 1);
    swap(desk, after, generations, 3, false);
    assert_failed(answer_to(desk, (struct asked){ .policy = "b", .generation = 1 }),
                  HK_POLICY_ERROR, "plain.lua:1: no");
    assert_planned(answer_to(desk, (struct asked){ .policy = "b", .generation = 2 }));
    // The script that did not change was not told again; the worker is the same.
    assert_int_equal(ask_who(desk, "a", 1, &count), pid);
    assert_int_equal(count, 3);
    uint64_t last = ask_quietly(desk, (struct asked){ .policy = "b", .generation = 1 });
    hk_pool_retire(desk->pool);
    hk_pool_flush(desk->pool);
    wait_for(desk, (uint32_t)desk->last_run);
    assert_failed(fact_of(desk, last), HK_POLICY_ERROR, "plain.lua:1: no");
    assert_failed(answer_to(desk, (struct asked){ .policy = "b", .generation = 1 }),
                  HK_POLICY_UNAVAILABLE, "b.lua: this generation is not loaded");
    assert_int_equal(ask_who(desk, "a", 1, &count), pid);
    assert_int_equal(count, 2); // it was dropped
    close_desk(desk);
}

static void test_changed_tables_bring_new_workers_and_the_old_ones_finish(void **state)
{
    (void)state;
    const char *const texts[] = { "who", "burn" };
    const uint32_t generations[] = { 1, 1 };
    struct desk *desk = open_desk(texts, 2);
    int count = 0;
    int pid = ask_who(desk, "a", 1, &count);
    uint64_t slow = ask(desk, (struct asked){ .policy = "b" });
    uint64_t old = ask(desk, (struct asked){ .policy = "a" });
    swap(desk, texts, generations, 2, true);
    int next_pid = ask_who(desk, "a", 1, &count);
    assert_int_not_equal(pid, next_pid);
    assert_int_equal(count, 1);
    assert_planned(fact_of(desk, slow));
    assert_int_equal(strtol(error_of(fact_of(desk, old)), NULL, 10),
                     pid); // what was out stayed with the old
    // Nothing is out on it: it ends, and is waited for.
    while (kill(pid, 0) == 0)
        (void)poll(NULL, 0, 1);
    assert_int_equal(ask_who(desk, "a", 1, &count), next_pid);
    close_desk(desk);
}

static void test_a_thousand_reloads_under_load_lose_nothing(void **state)
{
    (void)state;
    struct desk *desk;
    const char *const texts[] = { "plan", "plan", "own" };
    uint32_t generations[] = { 1, 1, 1 };
    desk = open_desk(texts, 3);
    for (uint32_t i = 0; i < 1000; i++) {
        for (uint64_t merchant = 0; merchant < 3; merchant++) {
            const char *const policies[] = { "a", "b", "c" };
            (void)ask_quietly(desk, (struct asked){ .policy = policies[merchant],
                                                    .generation = generations[merchant],
                                                    .merchant_id = merchant });
        }
        generations[i % 3]++;
        swap(desk, texts, generations, 3, i % 100 == 50);
        (void)ask_quietly(desk, (struct asked){ .generation = generations[0] });
        hk_pool_retire(desk->pool);
        hk_pool_flush(desk->pool);
        if (i % 50 == 49)
            wait_for(desk, (uint32_t)desk->last_run);
    }
    wait_for(desk, 4000);
    for (uint64_t run = 1; run <= 4000; run++)
        assert_planned(fact_of(desk, run));
    close_desk(desk);
}

static void test_a_stop_with_runs_out_forgets_them(void **state)
{
    (void)state;
    const char *const texts[] = { "obey" };
    struct desk *desk = open_desk(texts, 1);
    for (uint64_t i = 0; i < 100; i++)
        (void)ask(desk, (struct asked){ .merchant_id = i, .order = i % 2 == 0 ? "sleep" : "own" });
    (void)ask_quietly(desk, (struct asked){ .order = "plan" });
    close_desk(desk);
    desk = open_desk(texts, 1);
    close_desk(desk);
}

static void test_whatever_happens_each_run_has_one_fact(void **state)
{
    (void)state;
    static const char *const orders[] = { "abort", "hang", "exit", "garbage", "twice",
                                          "burn",  "half", "fail", "own",     "filter" };
    const char *const texts[] = { "obey" };
    uint32_t generation = 1;
    struct hk_prng prng;
    hk_prng_init(&prng, 7);
    struct desk *desk = open_desk(texts, 1);
    uint64_t kinds[RUNS_MAX] = { 0 };
    for (uint32_t i = 0; i < 600; i++) {
        uint64_t kind = hk_prng_below(&prng, 200);
        const char *order = kind < COUNT(orders) ? orders[kind] : "plan";
        uint64_t run =
            ask_quietly(desk, (struct asked){ .generation = generation,
                                              .merchant_id = hk_prng_below(&prng, MERCHANTS),
                                              .order = order });
        kinds[run] = kind;
        if (hk_prng_below(&prng, 8) == 0)
            hk_pool_flush(desk->pool);
        if (hk_prng_below(&prng, 60) == 0) {
            generation++;
            swap(desk, texts, &generation, 1, hk_prng_below(&prng, 3) == 0);
            hk_pool_retire(desk->pool);
        }
    }
    hk_pool_flush(desk->pool);
    wait_for(desk, 600);
    for (uint64_t run = 1; run <= 600; run++) {
        const struct hk_fact *fact = fact_of(desk, run);
        // Who answers twice may take the blame to the run behind it.
        bool is_killed =
            fact->kind == HK_FACT_POLICY_FAILED && fact->policy_failed.failure == HK_POLICY_KILLED;
        bool is_given_up = fact->kind == HK_FACT_POLICY_FAILED &&
                           fact->policy_failed.failure == HK_POLICY_UNAVAILABLE;
        if (kinds[run] < 4 || kinds[run] == 6)
            assert_true(is_killed || is_given_up);
        else if (!is_killed && !is_given_up && kinds[run] >= COUNT(orders))
            assert_planned(fact);
    }
    close_desk(desk);
}

static void test_a_wrong_bit_in_an_answer_costs_one_run_at_most(void **state)
{
    (void)state;
    const char *const texts[] = { "flip", "plan" };
    struct desk *desk = open_desk(texts, 2);
    for (uint64_t i = 0; i < 160;
         i++) // of merchants of their own, so that nobody's other runs wait
        (void)ask_quietly(desk,
                          (struct asked){ .policy = i % 2 == 0 ? "a" : "b", .merchant_id = i });
    hk_pool_flush(desk->pool);
    wait_for(desk, 160);
    for (uint64_t run = 2; run <= 160; run += 2) {
        const struct hk_fact *fact = fact_of(desk, run);
        // A length that became longer swallows the answer behind it, never more.
        if (fact->kind != HK_FACT_POLICY_FAILED)
            assert_planned(fact);
        else
            assert_int_equal(fact->policy_failed.failure, HK_POLICY_KILLED);
        (void)fact_of(desk, run - 1);
    }
    close_desk(desk);
}

static void test_what_a_policy_logs_is_logged(void **state)
{
    (void)state;
    const char *const texts[] = { "logs" };
    char lines[4096] = "";
    int file = memfd_create("log", 0);
    hk__log_redirect(file, NULL);
    struct desk *desk = open_desk(texts, 1);
    assert_planned(answer_to(desk, (struct asked){ .merchant_id = 12 }));
    close_desk(desk);
    hk__log_redirect(STDERR_FILENO, NULL);
    assert_true(pread(file, lines, sizeof(lines) - 1, 0) > 0);
    assert_non_null(strstr(lines, "level=warn msg=\"a policy says\" policy=a merchant=12 "
                                  "event=00000000-0000-0000-0000-000000000000 text=first\n"));
    assert_non_null(strstr(lines, "text=\"second\\n\"\n"));
    close(file);
}

int main(int count, char **arguments)
{
    (void)count;
    support_worker_main(arguments);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_plan_names_the_endpoints_of_the_run),
        cmocka_unit_test(test_what_a_policy_changed_comes_as_a_payload),
        cmocka_unit_test(test_drops_and_skips_keep_their_words),
        cmocka_unit_test(test_a_retry_is_decided_and_a_failure_is_said),
        cmocka_unit_test(test_what_a_worker_plans_is_not_believed),
        cmocka_unit_test(test_every_run_has_one_fact_over_many_merchants),
        cmocka_unit_test(test_large_bodies_go_through_a_full_socket),
        cmocka_unit_test(test_the_run_that_ends_a_worker_fails_and_no_other),
        cmocka_unit_test(test_a_merchant_that_ends_workers_does_not_hold_up_others),
        cmocka_unit_test(test_an_answer_that_nobody_waits_for_ends_the_worker),
        cmocka_unit_test(test_a_worker_that_works_for_long_is_not_killed),
        cmocka_unit_test(test_runs_without_a_worker_fail_and_it_is_shown),
        cmocka_unit_test(test_a_worker_that_ends_before_it_is_ready_counts_as_none),
        cmocka_unit_test(test_a_worker_that_never_is_ready_counts_as_none),
        cmocka_unit_test(test_what_is_not_loaded_is_unavailable),
        cmocka_unit_test(test_generations_run_beside_each_other_until_the_old_one_retires),
        cmocka_unit_test(test_changed_tables_bring_new_workers_and_the_old_ones_finish),
        cmocka_unit_test(test_a_thousand_reloads_under_load_lose_nothing),
        cmocka_unit_test(test_a_stop_with_runs_out_forgets_them),
        cmocka_unit_test(test_whatever_happens_each_run_has_one_fact),
        cmocka_unit_test(test_a_wrong_bit_in_an_answer_costs_one_run_at_most),
        cmocka_unit_test(test_what_a_policy_logs_is_logged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
