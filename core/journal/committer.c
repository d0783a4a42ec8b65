// SPDX-License-Identifier: Apache-2.0
#include "journal/committer.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/mailbox.h"
#include "journal/writer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#define COMMITTER_MAGIC 0xC0331773u

/** How long a batch that nobody waits for may wait for company. */
#define COMPANY_NS 50000000L

struct hk_committer {
    uint32_t magic;
    struct hk_journal *journal;
    struct hk_writer *writer;
    struct hk_committer_events events;
    pthread_t commit_thread, load_thread;

    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct hk_batch pending; /**< What the shell appends to. */
    bool has_urgent;         /**< Somebody waits for what is in pending. */
    bool is_flushed;         /**< Something in pending may be written. */
    bool is_stopping;
    bool is_failed; /**< Appended records are thrown away from here on. */
    struct hk_fault failure;

    struct hk_batch writing; /**< The commit thread's. */

    struct hk_mailbox loads;
    struct hk_command_load *asked; /**< The shell's, until the next flush. */
    size_t asked_count, asked_capacity;
};

/* The commit thread. */

static struct timespec after_company(void)
{
    struct timespec due;
    (void)clock_gettime(CLOCK_MONOTONIC, &due);
    due.tv_nsec += COMPANY_NS;
    if (due.tv_nsec >= 1000000000L) {
        due.tv_nsec -= 1000000000L;
        due.tv_sec++;
    }
    return due;
}

/** Waits, locked, until what is pending should be written; false when all is done. */
static bool wait_for_batch(struct hk_committer *committer)
{
    while (!committer->is_flushed && !committer->is_stopping)
        pthread_cond_wait(&committer->filled, &committer->lock);
    if (!committer->is_flushed)
        return false;
    struct timespec due = after_company();
    int code = 0;
    while (!committer->has_urgent && !committer->is_stopping && code != ETIMEDOUT)
        code = pthread_cond_timedwait(&committer->filled, &committer->lock, &due);
    return true;
}

/** Takes, locked, what is pending, and leaves the empty batch in its place. */
static void take_batch(struct hk_committer *committer)
{
    struct hk_batch taken = committer->pending;
    committer->pending = committer->writing;
    committer->writing = taken;
    committer->has_urgent = false;
    committer->is_flushed = false;
}

static bool commit(struct hk_committer *committer)
{
    struct hk_fact_appended appended;
    struct hk_fault fault = { 0 };
    const struct hk_committer_events *events = &committer->events;
    int code = hk_writer_commit_as_fact(committer->writer, &committer->writing, &appended, &fault);
    hk_batch_clear(&committer->writing);
    if (code == 0) {
        events->appended(events->arg, &appended);
        hk_writer_prepare(committer->writer);
        return true;
    }
    pthread_mutex_lock(&committer->lock);
    committer->is_failed = true;
    committer->failure = fault;
    hk_batch_clear(&committer->pending);
    pthread_mutex_unlock(&committer->lock);
    events->failed(events->arg, &fault);
    return false;
}

static void *run_commits(void *arg)
{
    struct hk_committer *committer = arg;
    bool is_going = true;
    (void)pthread_setname_np(pthread_self(), "hookd-journal");
    while (is_going) {
        pthread_mutex_lock(&committer->lock);
        is_going = wait_for_batch(committer);
        if (is_going)
            take_batch(committer);
        pthread_mutex_unlock(&committer->lock);
        if (is_going)
            is_going = commit(committer);
    }
    return NULL;
}

/* The load thread. */

static void load(struct hk_committer *committer, const struct hk_command_load *command)
{
    struct hk_fact_loaded loaded = { .load = command->load };
    loaded.code =
        command->is_plan
            ? hk_journal_load_plan(committer->journal, command->location, &loaded.plan, NULL)
            : hk_journal_load(committer->journal, command->location, &loaded.body, NULL);
    committer->events.loaded(committer->events.arg, &loaded);
}

static void *run_loads(void *arg)
{
    struct hk_committer *committer = arg;
    void *items;
    (void)pthread_setname_np(pthread_self(), "hookd-bodies");
    for (;;) {
        size_t count = hk_mailbox_wait(&committer->loads, -1, &items);
        if (count == 0 && hk_mailbox_is_closed(&committer->loads))
            return NULL;
        const struct hk_command_load *commands = items;
        for (size_t i = 0; i < count; i++)
            load(committer, &commands[i]);
    }
}

/* The shell's thread. */

static void init_locks(struct hk_committer *committer)
{
    pthread_condattr_t attributes;
    hk_assert(pthread_mutex_init(&committer->lock, NULL) == 0);
    hk_assert(pthread_condattr_init(&attributes) == 0);
    hk_assert(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    hk_assert(pthread_cond_init(&committer->filled, &attributes) == 0);
    (void)pthread_condattr_destroy(&attributes);
    hk_mailbox_init(&committer->loads, sizeof(struct hk_command_load), NULL, NULL);
}

static void free_all(struct hk_committer *committer)
{
    hk_batch_fini(&committer->pending);
    hk_batch_fini(&committer->writing);
    hk_mailbox_fini(&committer->loads);
    hk_free(committer->asked);
    (void)pthread_cond_destroy(&committer->filled);
    (void)pthread_mutex_destroy(&committer->lock);
    committer->magic = 0;
    hk_free(committer);
}

/** Lets the threads end and waits for those that were started. */
static void join(struct hk_committer *committer, bool has_commits, bool has_loads)
{
    pthread_mutex_lock(&committer->lock);
    committer->is_stopping = true;
    pthread_cond_signal(&committer->filled);
    pthread_mutex_unlock(&committer->lock);
    hk_mailbox_close(&committer->loads);
    if (has_commits)
        (void)pthread_join(committer->commit_thread, NULL);
    if (has_loads)
        (void)pthread_join(committer->load_thread, NULL);
}

/** Starts both threads with all signals blocked: they belong to the main thread. */
static int start_threads(struct hk_committer *committer)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int sys = pthread_create(&committer->commit_thread, NULL, run_commits, committer);
    if (sys == 0) {
        sys = pthread_create(&committer->load_thread, NULL, run_loads, committer);
        if (sys != 0)
            join(committer, true, false);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return sys;
}

int hk_committer_start(struct hk_journal *journal, const struct hk_committer_events *events,
                       struct hk_committer **committer, struct hk_fault *fault)
{
    *committer = NULL;
    struct hk_committer *started = hk_alloc_zero(1, sizeof(*started));
    if (started == NULL)
        return hk_fault_set(fault, HK_ENOMEM, "no memory for the committer");
    started->magic = COMMITTER_MAGIC;
    started->journal = journal;
    started->writer = hk__journal_writer(journal);
    started->events = *events;
    init_locks(started);
    int sys = start_threads(started);
    if (sys != 0) {
        free_all(started);
        return hk_fault_set_sys(fault, HK_ENOMEM, sys, "starting the journal's threads");
    }
    *committer = started;
    return 0;
}

void hk_committer_append(struct hk_committer *committer, const struct hk_record *record)
{
    HK_CHECK(committer, COMMITTER_MAGIC);
    pthread_mutex_lock(&committer->lock);
    int code = committer->is_failed ? 0 : hk_batch_append(&committer->pending, record);
    pthread_mutex_unlock(&committer->lock);
    hk_assert(code == 0);
}

void hk_committer_sync(struct hk_committer *committer)
{
    HK_CHECK(committer, COMMITTER_MAGIC);
    pthread_mutex_lock(&committer->lock);
    committer->has_urgent = committer->pending.count != 0;
    pthread_mutex_unlock(&committer->lock);
}

void hk_committer_load(struct hk_committer *committer, const struct hk_command_load *command)
{
    HK_CHECK(committer, COMMITTER_MAGIC);
    if (committer->asked_count == committer->asked_capacity) {
        committer->asked_capacity = committer->asked_capacity * 2 + 64;
        committer->asked = hk_realloc_or_die(committer->asked, committer->asked_capacity,
                                             sizeof(*committer->asked));
    }
    committer->asked[committer->asked_count++] = *command;
}

void hk_committer_flush(struct hk_committer *committer)
{
    HK_CHECK(committer, COMMITTER_MAGIC);
    pthread_mutex_lock(&committer->lock);
    bool was_flushed = committer->is_flushed;
    committer->is_flushed = committer->pending.count != 0;
    // A signal for the first of a batch, and for what ends its waiting for company.
    if (committer->is_flushed && (!was_flushed || committer->has_urgent))
        pthread_cond_signal(&committer->filled);
    pthread_mutex_unlock(&committer->lock);
    if (committer->asked_count != 0)
        hk_mailbox_push(&committer->loads, committer->asked, committer->asked_count);
    committer->asked_count = 0;
}

int hk_committer_stop(struct hk_committer *committer, struct hk_fault *fault)
{
    HK_CHECK(committer, COMMITTER_MAGIC);
    hk_committer_flush(committer);
    join(committer, true, true);
    int code = committer->is_failed ? committer->failure.code : 0;
    if (code != 0 && fault != NULL)
        *fault = committer->failure;
    free_all(committer);
    return code;
}
