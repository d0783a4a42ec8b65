// SPDX-License-Identifier: Apache-2.0
#include "journal/committer.h"

#include "base/alloc.h"
#include "base/check.h"
#include "journal/disk_faulty.h"
#include "journal/disk_memory.h"
#include "support_journal.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/** What the committer's threads told. */
struct told {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t lsn;
    uint32_t batch_count, failed_count;
    struct hk_location locations[4096];
    uint32_t location_count;
    struct hk_fact_loaded loaded[1024];
    uint32_t loaded_count;
};

static void on_appended(void *arg, const struct hk_fact_appended *appended)
{
    struct told *told = arg;
    pthread_mutex_lock(&told->lock);
    hk_assert(appended->lsn > told->lsn);
    told->lsn = appended->lsn;
    told->batch_count++;
    for (uint32_t i = 0; i < appended->located_count; i++)
        told->locations[told->location_count++] = appended->located[i].location;
    pthread_cond_broadcast(&told->changed);
    pthread_mutex_unlock(&told->lock);
    hk_free(appended->located);
}

static void on_loaded(void *arg, const struct hk_fact_loaded *loaded)
{
    struct told *told = arg;
    pthread_mutex_lock(&told->lock);
    told->loaded[told->loaded_count++] = *loaded;
    pthread_cond_broadcast(&told->changed);
    pthread_mutex_unlock(&told->lock);
}

static void on_failed(void *arg, const struct hk_fault *fault)
{
    struct told *told = arg;
    pthread_mutex_lock(&told->lock);
    hk_assert(fault->code == HK_EIO);
    told->failed_count++;
    pthread_cond_broadcast(&told->changed);
    pthread_mutex_unlock(&told->lock);
}

/** Waits until `*figure` is at least `wanted`. */
#define wait_for(told, figure, wanted)                          \
    do {                                                        \
        pthread_mutex_lock(&(told)->lock);                      \
        while ((told)->figure < (wanted))                       \
            pthread_cond_wait(&(told)->changed, &(told)->lock); \
        pthread_mutex_unlock(&(told)->lock);                    \
    } while (0)

/** A disk in memory whose syncs wait while the gate is shut. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    const struct hk_disk_ops *inner;
    bool is_shut;
    uint32_t waiting_count;
} gate = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, false, 0 };

static int sync_through_gate(struct hk_file *file, int *sys)
{
    pthread_mutex_lock(&gate.lock);
    gate.waiting_count++;
    pthread_cond_broadcast(&gate.changed);
    while (gate.is_shut)
        pthread_cond_wait(&gate.changed, &gate.lock);
    gate.waiting_count--;
    pthread_mutex_unlock(&gate.lock);
    return gate.inner->sync(file, sys);
}

static void gate_set(bool is_shut)
{
    pthread_mutex_lock(&gate.lock);
    gate.is_shut = is_shut;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
}

static void gate_wait(void)
{
    pthread_mutex_lock(&gate.lock);
    while (gate.waiting_count == 0)
        pthread_cond_wait(&gate.changed, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
}

/** All that a test needs. */
struct bench {
    struct hk_disk *memory, *faulty;
    struct hk_disk_ops gated;
    struct opening opening;
    struct told told;
    struct hk_committer *committer;
    struct records records;
    uint64_t lsn_last;
};

static struct bench *bench_new(void)
{
    struct bench *bench = hk_alloc_zero_or_die(1, sizeof(*bench));
    pthread_mutex_init(&bench->told.lock, NULL);
    pthread_cond_init(&bench->told.changed, NULL);
    bench->memory = hk_disk_memory_new();
    gate.inner = bench->memory->ops;
    bench->gated = *bench->memory->ops;
    bench->gated.sync = sync_through_gate;
    bench->memory->ops = &bench->gated;
    bench->faulty = hk_disk_faulty_new(bench->memory);
    bench->opening.disk = bench->faulty;
    opening_do(&bench->opening);
    struct hk_committer_events events = { on_appended, on_loaded, on_failed, &bench->told };
    assert_int_equal(hk_committer_start(bench->opening.journal, &events, &bench->committer, NULL),
                     0);
    return bench;
}

static void bench_free(struct bench *bench)
{
    opening_close(&bench->opening);
    hk_disk_faulty_free(bench->faulty);
    bench->memory->ops = gate.inner;
    hk_disk_memory_free(bench->memory);
    records_fini(&bench->records);
    pthread_mutex_destroy(&bench->told.lock);
    pthread_cond_destroy(&bench->told.changed);
    hk_free(bench);
}

static void append(struct bench *bench, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct hk_record record = records_event(&bench->records, ++bench->lsn_last, 64);
        hk_committer_append(bench->committer, &record);
    }
}

static void sync_and_flush(struct bench *bench)
{
    hk_committer_sync(bench->committer);
    hk_committer_flush(bench->committer);
}

static void test_records_become_durable_in_order(void **state)
{
    struct bench *bench = bench_new();
    (void)state;
    for (int i = 0; i < 200; i++) {
        append(bench, 5);
        sync_and_flush(bench);
    }
    wait_for(&bench->told, lsn, 1000);
    assert_int_equal(hk_committer_stop(bench->committer, NULL), 0);
    assert_int_equal(bench->told.location_count, 1000);
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(bench->told.locations[i].lsn, i + 1);
    opening_close(&bench->opening);
    opening_do(&bench->opening);
    assert_int_equal(bench->opening.history.count, 1000);
    for (uint32_t i = 0; i < 1000; i++) {
        assert_is_event(&bench->opening.history.items[i], i + 1, 64);
        assert_memory_equal(&bench->opening.history.items[i].location, &bench->told.locations[i],
                            sizeof(struct hk_location));
    }
    bench_free(bench);
}

static void test_what_comes_while_a_sync_runs_is_the_next_batch(void **state)
{
    struct bench *bench = bench_new();
    (void)state;
    gate_set(true);
    append(bench, 1);
    sync_and_flush(bench);
    gate_wait();
    for (int i = 0; i < 20; i++) {
        append(bench, 2);
        sync_and_flush(bench);
    }
    assert_int_equal(bench->told.batch_count, 0);
    gate_set(false);
    wait_for(&bench->told, lsn, 41);
    assert_int_equal(bench->told.batch_count, 2);
    assert_int_equal(hk_committer_stop(bench->committer, NULL), 0);
    bench_free(bench);
}

static void test_what_nobody_waits_for_is_written_too(void **state)
{
    struct bench *bench = bench_new();
    (void)state;
    append(bench, 3);
    hk_committer_flush(bench->committer);
    wait_for(&bench->told, lsn, 3);
    // A sync after the flush of what it is about, and one with nothing to sync.
    append(bench, 1);
    hk_committer_flush(bench->committer);
    sync_and_flush(bench);
    wait_for(&bench->told, lsn, 4);
    sync_and_flush(bench);
    append(bench, 1);
    hk_committer_flush(bench->committer);
    wait_for(&bench->told, lsn, 5);
    assert_int_equal(hk_committer_stop(bench->committer, NULL), 0);
    bench_free(bench);
}

static void test_stopping_commits_what_is_left(void **state)
{
    struct bench *bench = bench_new();
    (void)state;
    append(bench, 7);
    assert_int_equal(hk_committer_stop(bench->committer, NULL), 0);
    assert_int_equal(bench->told.lsn, 7);
    // The journal is the caller's again.
    opening_commit_events(&bench->opening, 8, 1, 10);
    opening_close(&bench->opening);
    opening_do(&bench->opening);
    assert_int_equal(bench->opening.found.lsn_last, 8);
    bench_free(bench);
}

static void test_bodies_are_loaded_beside_commits(void **state)
{
    struct bench *bench = bench_new();
    (void)state;
    append(bench, 200);
    sync_and_flush(bench);
    wait_for(&bench->told, lsn, 200);
    for (uint32_t i = 0; i < 200; i++) {
        struct hk_command_load load = { .load = i, .location = bench->told.locations[i] };
        append(bench, 3);
        hk_committer_load(bench->committer, &load);
        sync_and_flush(bench);
    }
    struct hk_command_load nowhere = { .load = 200, .location = { 0, 64 } };
    hk_committer_load(bench->committer, &nowhere);
    hk_committer_flush(bench->committer);
    wait_for(&bench->told, loaded_count, 201);
    wait_for(&bench->told, lsn, 800);
    assert_int_equal(hk_committer_stop(bench->committer, NULL), 0);
    for (uint32_t i = 0; i < 200; i++) {
        struct hk_record record = records_event(&bench->records, i + 1, 64);
        assert_int_equal(bench->told.loaded[i].load, i);
        assert_int_equal(bench->told.loaded[i].code, 0);
        assert_true(hk_slice_is_equal(hk_body_text(bench->told.loaded[i].body), record.event.text));
        hk_body_unref(bench->told.loaded[i].body);
    }
    assert_int_equal(bench->told.loaded[200].code, HK_ENOTFOUND);
    assert_null(bench->told.loaded[200].body);
    bench_free(bench);
}

static void append_plan(struct bench *bench, const char *policy)
{
    struct hk_plan_delivery deliveries[] = { { .endpoint = { "ENDPOINT-UUID-01" },
                                               .reason = HK_REASON_SKIPPED_BY_POLICY,
                                               .why = HK_SLICE("not today") } };
    struct hk_record record = {
        .type = HK_RECORD_PLAN,
        .lsn = ++bench->lsn_last,
        .plan = { .policy = hk_slice_of(policy), .deliveries = deliveries, .delivery_count = 1 },
    };
    hk_committer_append(bench->committer, &record);
}

static void test_plans_of_policies_are_located_and_loaded(void **state)
{
    struct bench *bench = bench_new();
    (void)state;
    append(bench, 1);
    append_plan(bench, "");
    append_plan(bench, "shop");
    sync_and_flush(bench);
    wait_for(&bench->told, lsn, 3);
    assert_int_equal(bench->told.location_count, 2);
    assert_int_equal(bench->told.locations[1].lsn, 3);
    struct hk_command_load loads[] = {
        { .load = 0, .location = bench->told.locations[1], .is_plan = true },
        { .load = 1, .location = bench->told.locations[0], .is_plan = true }, // An EVENT.
        { .load = 2, .location = bench->told.locations[1] },                  // Not as a body.
    };
    for (uint32_t i = 0; i < 3; i++)
        hk_committer_load(bench->committer, &loads[i]);
    hk_committer_flush(bench->committer);
    wait_for(&bench->told, loaded_count, 3);
    assert_int_equal(hk_committer_stop(bench->committer, NULL), 0);
    const struct hk_fact_loaded *loaded = bench->told.loaded;
    assert_int_equal(loaded[0].code, 0);
    assert_null(loaded[0].body);
    assert_true(hk_slice_is(loaded[0].plan->policy, "shop"));
    assert_true(hk_slice_is(loaded[0].plan->deliveries[0].why, "not today"));
    hk_plan_free(loaded[0].plan);
    for (uint32_t i = 1; i < 3; i++) {
        assert_int_equal(loaded[i].code, HK_EDAMAGED);
        assert_null(loaded[i].body);
        assert_null(loaded[i].plan);
    }
    bench_free(bench);
}

static void test_a_failure_is_told_once_and_ends_it(void **state)
{
    struct bench *bench = bench_new();
    struct hk_fault fault = { 0 };
    (void)state;
    append(bench, 1);
    sync_and_flush(bench);
    wait_for(&bench->told, lsn, 1);
    hk_disk_faulty_fail_at(bench->faulty, 2, false, EIO); // The write works, the sync does not.
    append(bench, 1);
    sync_and_flush(bench);
    wait_for(&bench->told, failed_count, 1);
    for (int i = 0; i < 10; i++) {
        append(bench, 1);
        sync_and_flush(bench);
    }
    assert_int_equal(hk_committer_stop(bench->committer, &fault), HK_EIO);
    assert_int_equal(fault.sys, EIO);
    assert_int_equal(bench->told.failed_count, 1);
    assert_int_equal(bench->told.lsn, 1);
    bench_free(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_become_durable_in_order),
        cmocka_unit_test(test_what_comes_while_a_sync_runs_is_the_next_batch),
        cmocka_unit_test(test_what_nobody_waits_for_is_written_too),
        cmocka_unit_test(test_stopping_commits_what_is_left),
        cmocka_unit_test(test_bodies_are_loaded_beside_commits),
        cmocka_unit_test(test_plans_of_policies_are_located_and_loaded),
        cmocka_unit_test(test_a_failure_is_told_once_and_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
