// SPDX-License-Identifier: Apache-2.0
#include "policy/pool_thread.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/mailbox.h"

#include <signal.h>

#define THREAD_MAGIC UINT32_C(0x4E50001D)
/** How often workers are looked after while one of them is not quiet: an eighth of kill_ms within
 * these. */
#define TICK_MS_MIN 5u
#define TICK_MS_MAX 50u

struct hk_pool_thread {
    uint32_t magic;
    struct hk_pool_thread_setup setup;
    pthread_t id;
    struct hk_mailbox inbox;
    bool has_mail;

    uv_loop_t loop;
    uv_async_t wake;
    uv_check_t after_poll;
    uv_timer_t timer;
    uv_idle_t hurry; /**< Runs while a turn is due: keeps the loop from waiting. */
    bool is_tick_due;

    struct hk_pool_desk desk;
    struct hk_pool_shelf shelf;
    struct hk_pool_crew *crews; /**< Newest first: it takes the tasks. NULL: no edition yet. */

    pthread_mutex_t status_lock;
    struct hk_pool_status status; /**< Under the lock. */
};

/* ---- messages ---------------------------------------------------------------------------- */

void hk_pool_message_fini(const struct hk_pool_message *message)
{
    if (message->kind == HK_POOL_TASK)
        hk_free(message->own_task);
    if (message->kind == HK_POOL_EDITION)
        hk_pool_edition_free(message->own_edition);
}

static void take_task(struct hk_pool_thread *thread, struct hk_pool_task *own_task)
{
    struct hk_pool_script *script = hk_pool_shelf_find(&thread->shelf, own_task->number);
    if (script == NULL || thread->crews == NULL) {
        hk_pool_facts_fail(&thread->desk.facts, own_task, HK_POLICY_UNAVAILABLE,
                           own_task->number == 0 ? own_task->frame
                                                 : HK_SLICE("the script is no longer there"));
        hk_free(own_task);
        return;
    }
    own_task->script = script;
    script->out++;
    hk_pool_worker_give(hk_pool_crew_worker(thread->crews, own_task->merchant_id), own_task);
}

static void take_edition(struct hk_pool_thread *thread, struct hk_pool_edition *own_edition)
{
    hk_pool_shelf_add(&thread->shelf, own_edition);
    if (own_edition->has_new_crew) {
        struct hk_pool_crew *crew =
            hk_pool_crew_new(&thread->desk, thread->setup.worker_path, own_edition);
        crew->older = thread->crews;
        thread->crews = crew;
    }
    hk_pool_edition_free(own_edition);
}

static void take_messages(struct hk_pool_thread *thread)
{
    void *items = NULL;
    thread->has_mail = false;
    size_t count = hk_mailbox_take(&thread->inbox, &items);
    const struct hk_pool_message *messages = items;
    for (size_t i = 0; i < count; i++) {
        switch (messages[i].kind) {
        case HK_POOL_TASK:
            take_task(thread, messages[i].own_task);
            break;
        case HK_POOL_EDITION:
            take_edition(thread, messages[i].own_edition);
            break;
        case HK_POOL_RETIRE:
            hk_pool_shelf_retire(&thread->shelf);
            thread->desk.has_idle_scripts = true;
            break;
        }
    }
}

/* ---- a turn ------------------------------------------------------------------------------ */

static void forget_script(void *arg, uint32_t number)
{
    const struct hk_pool_thread *thread = arg;
    for (struct hk_pool_crew *crew = thread->crews; crew != NULL; crew = crew->older)
        hk_pool_crew_forget(crew, number);
}

/** Lets crews go that another one has followed and that have nothing left to do. */
static void end_crews(struct hk_pool_thread *thread)
{
    struct hk_pool_crew **link = &thread->crews->older;
    while (*link != NULL) {
        struct hk_pool_crew *crew = *link;
        if (!hk_pool_crew_is_done(crew)) {
            link = &crew->older;
            continue;
        }
        *link = crew->older;
        hk_pool_crew_free(crew);
    }
}

static void reap(struct hk_pool_desk *desk)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < desk->dying_count; i++) {
        if (!hk_process_reap(&desk->dying[i]))
            desk->dying[kept++] = desk->dying[i];
    }
    desk->dying_count = kept;
}

static void show_status(struct hk_pool_thread *thread)
{
    struct hk_pool_status *status = &thread->status;
    const struct hk_pool_desk *desk = &thread->desk;
    const struct hk_pool_crew *crew = thread->crews;
    uint32_t running = crew != NULL ? hk_pool_crew_running(crew) : 0;
    uint32_t wanted = crew != NULL ? crew->worker_count : 0;
    // Only this thread writes it, so it may read it without the lock.
    if (status->workers_running == running && status->workers_wanted == wanted &&
        status->restarts == desk->restarts && strcmp(status->error, desk->error) == 0)
        return;
    hk_assert(pthread_mutex_lock(&thread->status_lock) == 0);
    status->workers_running = running;
    status->workers_wanted = wanted;
    status->restarts = desk->restarts;
    memcpy(status->error, desk->error, sizeof(status->error));
    hk_assert(pthread_mutex_unlock(&thread->status_lock) == 0);
}

static void on_hurry(uv_idle_t *hurry)
{
    (void)hurry;
}

static void on_timer(uv_timer_t *timer)
{
    struct hk_pool_thread *thread = timer->data;
    // What came meanwhile is read first, so that nobody is found silent who has spoken.
    thread->is_tick_due = true;
    uv_idle_start(&thread->hurry, on_hurry);
}

/** Keeps the ticks going while there is something to look after. */
static void arm(struct hk_pool_thread *thread)
{
    bool is_quiet = thread->desk.dying_count == 0;
    for (struct hk_pool_crew *crew = thread->crews; crew != NULL; crew = crew->older)
        is_quiet = is_quiet && hk_pool_crew_is_quiet(crew);
    if (is_quiet) {
        uv_timer_stop(&thread->timer);
    } else if (!uv_is_active((uv_handle_t *)&thread->timer)) {
        uint32_t kill_ms = thread->crews != NULL ? thread->crews->policy.kill_ms : 0;
        uint64_t tick_ms = kill_ms / 8;
        tick_ms = tick_ms < TICK_MS_MIN ? TICK_MS_MIN : tick_ms;
        tick_ms = tick_ms > TICK_MS_MAX ? TICK_MS_MAX : tick_ms;
        hk_assert(uv_timer_start(&thread->timer, on_timer, tick_ms, 0) == 0);
    }
}

static void look_after(struct hk_pool_thread *thread)
{
    thread->is_tick_due = false;
    uv_idle_stop(&thread->hurry);
    reap(&thread->desk);
    for (struct hk_pool_crew *crew = thread->crews; crew != NULL; crew = crew->older)
        hk_pool_crew_tick(crew);
}

static void hand_over(struct hk_pool_thread *thread)
{
    struct hk_pool_facts *facts = &thread->desk.facts;
    if (facts->count == 0)
        return;
    thread->setup.facts(thread->setup.arg, facts->items, facts->count);
    facts->count = 0;
}

static void on_after_poll(uv_check_t *check)
{
    struct hk_pool_thread *thread = check->data;
    if (thread->is_tick_due)
        look_after(thread);
    if (thread->has_mail)
        take_messages(thread);
    if (thread->desk.has_idle_scripts) {
        thread->desk.has_idle_scripts = false;
        hk_pool_shelf_sweep(&thread->shelf, forget_script, thread);
    }
    for (struct hk_pool_crew *crew = thread->crews; crew != NULL; crew = crew->older)
        hk_pool_crew_push(crew);
    if (thread->crews != NULL)
        end_crews(thread);
    show_status(thread);
    hand_over(thread);
    arm(thread);
}

static void on_wake(uv_async_t *wake)
{
    struct hk_pool_thread *thread = wake->data;
    if (hk_mailbox_is_closed(&thread->inbox))
        uv_stop(&thread->loop);
    thread->has_mail = true;
}

static void wake(void *arg)
{
    struct hk_pool_thread *thread = arg;
    uv_async_send(&thread->wake);
}

/* ---- start and stop ---------------------------------------------------------------------- */

static void close_loop(struct hk_pool_thread *thread)
{
    uv_close((uv_handle_t *)&thread->wake, NULL);
    uv_close((uv_handle_t *)&thread->after_poll, NULL);
    uv_close((uv_handle_t *)&thread->timer, NULL);
    uv_close((uv_handle_t *)&thread->hurry, NULL);
    (void)uv_run(&thread->loop, UV_RUN_DEFAULT);
    hk_assert(uv_loop_close(&thread->loop) == 0);
}

/** Lets everything go that the loop holds; tasks that are out are forgotten. */
static void clear(struct hk_pool_thread *thread)
{
    struct hk_pool_desk *desk = &thread->desk;
    uv_check_stop(&thread->after_poll);
    while (thread->crews != NULL) {
        struct hk_pool_crew *crew = thread->crews;
        thread->crews = crew->older;
        hk_pool_crew_free(crew);
    }
    hk_pool_shelf_fini(&thread->shelf);
    for (uint32_t i = 0; i < desk->dying_count; i++)
        (void)hk_process_end(&desk->dying[i]);
    hk_free(desk->dying);
    hk_pool_facts_fini(&desk->facts);
}

static void *run(void *arg)
{
    struct hk_pool_thread *thread = arg;
    (void)uv_run(&thread->loop, UV_RUN_DEFAULT);
    clear(thread);
    close_loop(thread);
    return NULL;
}

static int open_loop(struct hk_pool_thread *thread)
{
    if (uv_loop_init(&thread->loop) != 0)
        return HK_EIO;
    if (uv_async_init(&thread->loop, &thread->wake, on_wake) != 0) {
        hk_assert(uv_loop_close(&thread->loop) == 0);
        return HK_EIO;
    }
    uv_check_init(&thread->loop, &thread->after_poll);
    uv_timer_init(&thread->loop, &thread->timer);
    uv_idle_init(&thread->loop, &thread->hurry);
    uv_check_start(&thread->after_poll, on_after_poll);
    thread->wake.data = thread->after_poll.data = thread->timer.data = thread;
    return 0;
}

/** Starts the thread with all signals blocked: they are the main thread's. */
static int launch(struct hk_pool_thread *thread)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&thread->id, NULL, run, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0)
        return HK_EIO;
    (void)pthread_setname_np(thread->id, "policy");
    return 0;
}

static void thread_free(struct hk_pool_thread *thread)
{
    void *items = NULL;
    size_t count = hk_mailbox_take(&thread->inbox, &items);
    for (size_t i = 0; i < count; i++)
        hk_pool_message_fini((const struct hk_pool_message *)items + i);
    hk_mailbox_fini(&thread->inbox);
    hk_assert(pthread_mutex_destroy(&thread->status_lock) == 0);
    thread->magic = 0;
    hk_free(thread);
}

int hk_pool_thread_start(const struct hk_pool_thread_setup *setup, struct hk_pool_thread **started)
{
    struct hk_pool_thread *thread = hk_alloc_zero(1, sizeof(*thread));
    if (thread == NULL)
        return HK_ENOMEM;
    thread->magic = THREAD_MAGIC;
    thread->setup = *setup;
    thread->desk.loop = &thread->loop;
    hk_assert(pthread_mutex_init(&thread->status_lock, NULL) == 0);
    hk_mailbox_init(&thread->inbox, sizeof(struct hk_pool_message), wake, thread);
    int code = open_loop(thread);
    if (code == 0) {
        code = launch(thread);
        if (code != 0)
            close_loop(thread);
    }
    if (code != 0) {
        thread_free(thread);
        return code;
    }
    *started = thread;
    return 0;
}

void hk_pool_thread_push(struct hk_pool_thread *thread, const struct hk_pool_message *messages,
                         size_t count)
{
    HK_CHECK(thread, THREAD_MAGIC);
    hk_mailbox_push(&thread->inbox, messages, count);
}

void hk_pool_thread_status(struct hk_pool_thread *thread, struct hk_pool_status *status)
{
    HK_CHECK(thread, THREAD_MAGIC);
    hk_assert(pthread_mutex_lock(&thread->status_lock) == 0);
    *status = thread->status;
    hk_assert(pthread_mutex_unlock(&thread->status_lock) == 0);
}

void hk_pool_thread_stop(struct hk_pool_thread *thread)
{
    HK_CHECK(thread, THREAD_MAGIC);
    hk_mailbox_close(&thread->inbox);
    hk_assert(pthread_join(thread->id, NULL) == 0);
    thread_free(thread);
}
