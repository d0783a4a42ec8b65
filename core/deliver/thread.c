// SPDX-License-Identifier: Apache-2.0
#include "deliver/thread.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/mailbox.h"
#include "base/slots.h"
#include "deliver/transfers.h"

#include <signal.h>
#include <stdio.h>

#define THREAD_MAGIC 0x4E507EADu

/** Messages that one iteration of the loop takes. A receiver that answers at once then has answered
 * before the next ones start, and their handles and connections are used again while they are warm;
 * against a slow one nothing is lost, for the loop does not wait while messages are left. */
#define MESSAGES_A_TURN 32

struct hk_thread {
    uint32_t magic;
    uint32_t number;
    const struct hk_settings *settings;
    pthread_t id;
    struct hk_mailbox inbox;
    struct hk_thread_message *messages; /**< The inbox's last batch... */
    size_t message_count, message_next; /**< ...and which of it comes next. */
    bool has_mail;                      /**< The inbox has filled since that was taken. */

    uv_loop_t loop;
    uv_async_t wake;
    uv_prepare_t before_poll;
    uv_check_t after_poll;
    uv_idle_t hurry; /**< Runs while messages are left: keeps the loop from waiting. */
    uv_timer_t timer;
    uint64_t armed_ms; /**< On the loop's clock; UINT64_MAX: not armed. */

    struct hk_multi multi;
    struct hk_targets targets;
    struct hk_route **routes; /**< By the endpoint's slot / thread count. */
    uint32_t route_capacity;

    struct hk_transfers transfers;
    struct hk_bytes scratch; /**< For plain secrets; wiped after each use. */

    struct hk_fact *facts; /**< Ended since the last hand-over. */
    uint32_t fact_count, fact_capacity;
};

/* ---- outcomes ---------------------------------------------------------------------------- */

static struct hk_outcome *add_fact(struct hk_thread *thread, uint64_t delivery)
{
    if (thread->fact_count == thread->fact_capacity) {
        uint32_t capacity = thread->fact_capacity != 0 ? thread->fact_capacity * 2 : 64;
        thread->facts = hk_realloc_or_die(thread->facts, capacity, sizeof(struct hk_fact));
        thread->fact_capacity = capacity;
    }
    struct hk_fact *fact = &thread->facts[thread->fact_count++];
    fact->kind = HK_FACT_ATTEMPT_ENDED;
    fact->attempt_ended.delivery = delivery;
    return &fact->attempt_ended.outcome;
}

static void hand_over(struct hk_thread *thread)
{
    if (thread->fact_count == 0)
        return;
    thread->settings->ended(thread->settings->arg, thread->facts, thread->fact_count);
    thread->fact_count = 0;
}

/** Ends an attempt that got no transfer. */
static void fail_at_once(struct hk_thread *thread, const struct hk_command_start_attempt *start,
                         enum hk_outcome_class class, const char *text)
{
    struct hk_outcome *outcome = add_fact(thread, start->delivery);
    *outcome = (struct hk_outcome){
        .class = class,
        .retry_after_ms = HK_RETRY_AFTER_NONE,
        .started_at = thread->settings->clock().wall,
        .detail = hk_body_new(hk_slice_of(text), HK_SLICE_EMPTY),
    };
    hk_body_unref(start->body);
    hk_body_unref(start->own);
}

/* ---- transfers --------------------------------------------------------------------------- */

static void fail(struct hk_thread *thread, struct hk_transfer *transfer,
                 enum hk_outcome_class class, const char *text)
{
    hk_transfer_fail(transfer, class, text, thread->settings->clock(),
                     add_fact(thread, transfer->start.delivery));
    hk_transfers_put(&thread->transfers, transfer);
}

static void conclude(struct hk_thread *thread, struct hk_transfer *transfer, CURLcode code,
                     bool is_expired)
{
    hk_transfer_conclude(transfer, code, is_expired, thread->settings->clock(),
                         add_fact(thread, transfer->start.delivery));
    hk_transfers_put(&thread->transfers, transfer);
}

static void remove_waiting(struct hk_transfer *transfer)
{
    struct hk_transfer **link = &transfer->route->target->waiting;
    while (*link != transfer)
        link = &(*link)->next;
    *link = transfer->next;
}

/** Goes on with a transfer whose target is in `state`. */
static void proceed(struct hk_thread *thread, struct hk_transfer *transfer,
                    enum hk_target_state state, struct hk_now now)
{
    switch (state) {
    case HK_TARGET_READY:
        if (hk_transfer_send(transfer, &thread->scratch, now) != 0)
            fail(thread, transfer, HK_OUTCOME_INTERNAL, "the request could not be made");
        return;
    case HK_TARGET_ASKED:
        transfer->has_asked = true;
        transfer->next = transfer->route->target->waiting;
        transfer->route->target->waiting = transfer;
        return;
    case HK_TARGET_UNKNOWN:
        fail(thread, transfer, HK_OUTCOME_DNS, "the name does not resolve");
        return;
    case HK_TARGET_DENIED:
        fail(thread, transfer, HK_OUTCOME_DENIED, "could not connect");
        return;
    case HK_TARGET_BROKEN:
        fail(thread, transfer, HK_OUTCOME_INTERNAL, "the request could not be made");
        return;
    }
}

/* ---- messages ---------------------------------------------------------------------------- */

static struct hk_route **route_place(struct hk_thread *thread, uint64_t endpoint)
{
    uint32_t place = hk_id_slot(endpoint) / thread->settings->thread_count;
    return place < thread->route_capacity ? &thread->routes[place] : NULL;
}

static struct hk_route *find_route(struct hk_thread *thread, uint64_t endpoint)
{
    struct hk_route **place = route_place(thread, endpoint);
    return place != NULL && *place != NULL && (*place)->endpoint == endpoint ? *place : NULL;
}

static void set_endpoint(struct hk_thread *thread, uint64_t endpoint,
                         const struct hk_endpoint *value)
{
    uint32_t place = hk_id_slot(endpoint) / thread->settings->thread_count;
    if (place >= thread->route_capacity) {
        uint32_t capacity = thread->route_capacity != 0 ? thread->route_capacity : 16;
        while (capacity <= place)
            capacity *= 2;
        thread->routes = hk_realloc_or_die(thread->routes, capacity, sizeof(struct hk_route *));
        for (uint32_t i = thread->route_capacity; i < capacity; i++)
            thread->routes[i] = NULL;
        thread->route_capacity = capacity;
    }
    // The new one first: what both point to, name and pin, stays.
    struct hk_route *old = thread->routes[place];
    thread->routes[place] = hk_route_new(&thread->targets, thread->settings, endpoint, value);
    hk_route_unref(&thread->targets, old);
}

static void drop_endpoint(struct hk_thread *thread, uint64_t endpoint)
{
    if (find_route(thread, endpoint) == NULL)
        return;
    struct hk_route **place = route_place(thread, endpoint);
    hk_route_unref(&thread->targets, *place);
    *place = NULL;
}

static void start_attempt(struct hk_thread *thread, const struct hk_command_start_attempt *start)
{
    struct hk_route *route = find_route(thread, start->endpoint);
    if (route == NULL) {
        fail_at_once(thread, start, HK_OUTCOME_INTERNAL, "the endpoint is gone");
        return;
    }
    if (route->refusal != HK_OUTCOME_SUCCESS) {
        fail_at_once(thread, start, route->refusal, route->refusal_text);
        return;
    }
    struct hk_now now = thread->settings->clock();
    struct hk_transfer *transfer = hk_transfers_take(&thread->transfers, start, route, now);
    if (transfer == NULL) {
        fail_at_once(thread, start, HK_OUTCOME_INTERNAL, "the request could not be made");
        return;
    }
    proceed(thread, transfer, hk_target_look(&thread->targets, route->target, now.mono), now);
}

/** Lets those who waited for the name go on, in the order in which they came. */
static void take_answer(struct hk_thread *thread, uint64_t id, struct hk_answer *own_answer)
{
    struct hk_now now = thread->settings->clock();
    enum hk_target_state state;
    struct hk_target *target =
        hk_targets_answer(&thread->targets, id, own_answer, now.mono, &state);
    if (target == NULL)
        return;
    struct hk_transfer *oldest = NULL;
    struct hk_transfer *next = NULL;
    for (struct hk_transfer *transfer = target->waiting; transfer != NULL; transfer = next) {
        next = transfer->next;
        transfer->next = oldest;
        oldest = transfer;
    }
    target->waiting = NULL;
    // The last of them may give the target's last reference back.
    for (struct hk_transfer *transfer = oldest; transfer != NULL; transfer = next) {
        next = transfer->next;
        transfer->next = NULL;
        proceed(thread, transfer, state, now);
    }
}

void hk_thread_message_fini(struct hk_thread_message *message)
{
    switch (message->kind) {
    case HK_THREAD_ENDPOINT_SET:
        hk_endpoint_fini(message->own_endpoint);
        hk_free(message->own_endpoint);
        break;
    case HK_THREAD_START:
        hk_body_unref(message->start.body);
        hk_body_unref(message->start.own);
        break;
    case HK_THREAD_ANSWER:
        hk_free(message->own_answer);
        break;
    case HK_THREAD_ENDPOINT_DROP:
        break;
    }
}

static void take_message(struct hk_thread *thread, struct hk_thread_message *message)
{
    switch (message->kind) {
    case HK_THREAD_ENDPOINT_SET:
        set_endpoint(thread, message->id, message->own_endpoint);
        hk_thread_message_fini(message);
        break;
    case HK_THREAD_ENDPOINT_DROP:
        drop_endpoint(thread, message->id);
        break;
    case HK_THREAD_START:
        start_attempt(thread, &message->start);
        break;
    case HK_THREAD_ANSWER:
        take_answer(thread, message->id, message->own_answer);
        break;
    }
}

static void take_messages(struct hk_thread *thread)
{
    if (thread->message_next == thread->message_count && thread->has_mail) {
        void *items = NULL;
        thread->has_mail = false;
        thread->message_count = hk_mailbox_take(&thread->inbox, &items);
        thread->message_next = 0;
        thread->messages = items;
    }
    for (int i = 0; i < MESSAGES_A_TURN && thread->message_next < thread->message_count; i++)
        take_message(thread, &thread->messages[thread->message_next++]);
    if (thread->message_next == thread->message_count && !thread->has_mail)
        uv_idle_stop(&thread->hurry);
}

/** Called by the resolver on its thread. */
static void on_answered(void *arg, uint64_t id, struct hk_answer *own_answer)
{
    const struct hk_thread_message message = { .kind = HK_THREAD_ANSWER,
                                               .id = id,
                                               .own_answer = own_answer };
    hk_thread_push(arg, &message, 1);
}

/* ---- the loop ---------------------------------------------------------------------------- */

/** Ends what curl has finished. */
static void collect(struct hk_thread *thread)
{
    int left;
    for (CURLMsg *message = curl_multi_info_read(thread->multi.curl, &left); message != NULL;
         message = curl_multi_info_read(thread->multi.curl, &left)) {
        struct hk_transfer *transfer = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        conclude(thread, transfer, code, false);
    }
}

/** Cuts what is over its deadline, whatever it waits for. */
static void expire(struct hk_thread *thread)
{
    struct hk_mono due = hk_transfers_due(&thread->transfers);
    if (due.ns == HK_MONO_NEVER.ns)
        return;
    struct hk_mono now = thread->settings->clock().mono;
    while (hk_mono_is_reached(due, now)) {
        struct hk_transfer *transfer = hk_transfers_first(&thread->transfers);
        if (transfer->state == HK_TRANSFER_WAITING)
            remove_waiting(transfer);
        conclude(thread, transfer, CURLE_OPERATION_TIMEDOUT, true);
        due = hk_transfers_due(&thread->transfers);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct hk_thread *thread = timer->data;
    thread->armed_ms = UINT64_MAX; // what is due is done before the next poll
}

/** Arms the one timer for what is due first; one that is armed for earlier stays and wakes us for
 * nothing, which is cheaper than to move it with every request. */
static void arm(struct hk_thread *thread)
{
    int64_t wait_ms = hk_multi_due_ms(&thread->multi);
    struct hk_mono due = hk_transfers_due(&thread->transfers);
    if (due.ns != HK_MONO_NEVER.ns) {
        int64_t left_ns = due.ns - thread->settings->clock().mono.ns;
        int64_t left_ms = left_ns > 0 ? left_ns / HK_NS_PER_MS + 1 : 0;
        wait_ms = left_ms < wait_ms ? left_ms : wait_ms;
    }
    if (wait_ms == INT64_MAX)
        return;
    uint64_t due_ms = uv_now(&thread->loop) + (uint64_t)wait_ms;
    if (due_ms >= thread->armed_ms)
        return;
    thread->armed_ms = due_ms;
    hk_assert(uv_timer_start(&thread->timer, on_timer, (uint64_t)wait_ms, 0) == 0);
}

static void on_before_poll(uv_prepare_t *prepare)
{
    struct hk_thread *thread = prepare->data;
    hk_multi_run_due(&thread->multi);
    collect(thread);
    expire(thread);
    hand_over(thread);
    arm(thread);
}

/** Outcomes first: others wait for them; then curl sends what was added in this iteration. */
static void on_after_poll(uv_check_t *check)
{
    struct hk_thread *thread = check->data;
    collect(thread);
    hand_over(thread);
    if (uv_is_active((uv_handle_t *)&thread->hurry))
        take_messages(thread);
    hk_multi_run_due(&thread->multi);
}

/** Runs in each iteration with messages left; that it runs is all it is for. */
static void on_hurry(uv_idle_t *hurry)
{
    (void)hurry;
}

static void on_wake(uv_async_t *wake)
{
    struct hk_thread *thread = wake->data;
    if (hk_mailbox_is_closed(&thread->inbox)) {
        uv_stop(&thread->loop);
        return;
    }
    thread->has_mail = true;
    uv_idle_start(&thread->hurry, on_hurry);
}

static void wake(void *arg)
{
    struct hk_thread *thread = arg;
    uv_async_send(&thread->wake);
}

/** Cuts what runs and lets everything of curl's go; the loop runs on until its handles are gone. */
static void clear(struct hk_thread *thread)
{
    for (uint32_t i = 0; i < thread->transfers.count; i++) {
        if (thread->transfers.items[i]->state == HK_TRANSFER_WAITING)
            remove_waiting(thread->transfers.items[i]);
    }
    hk_transfers_fini(&thread->transfers);
    for (uint32_t i = 0; i < thread->route_capacity; i++)
        hk_route_unref(&thread->targets, thread->routes[i]);
    for (size_t i = thread->message_next; i < thread->message_count; i++)
        hk_thread_message_fini(&thread->messages[i]);
    for (uint32_t i = 0; i < thread->fact_count; i++) {
        hk_body_unref(thread->facts[i].attempt_ended.outcome.detail);
        hk_body_unref(thread->facts[i].attempt_ended.outcome.headers);
    }
    hk_multi_fini(&thread->multi);
    hk_targets_fini(&thread->targets);
}

/** Lets the handles go, those of curl's sockets too. */
static void close_loop(struct hk_thread *thread)
{
    uv_close((uv_handle_t *)&thread->wake, NULL);
    uv_close((uv_handle_t *)&thread->before_poll, NULL);
    uv_close((uv_handle_t *)&thread->after_poll, NULL);
    uv_close((uv_handle_t *)&thread->hurry, NULL);
    uv_close((uv_handle_t *)&thread->timer, NULL);
    (void)uv_run(&thread->loop, UV_RUN_DEFAULT);
    hk_assert(uv_loop_close(&thread->loop) == 0);
}

static void *run(void *arg)
{
    struct hk_thread *thread = arg;
    (void)uv_run(&thread->loop, UV_RUN_DEFAULT);
    uv_prepare_stop(&thread->before_poll);
    uv_check_stop(&thread->after_poll);
    clear(thread);
    close_loop(thread);
    return NULL;
}

/* ---- start and stop ---------------------------------------------------------------------- */

/** Makes the loop's handles. Only the loop and the wake-up take descriptors; they fail together
 * with the process's limit, before anything runs. */
static int open_loop(struct hk_thread *thread)
{
    if (uv_loop_init(&thread->loop) != 0)
        return HK_EIO;
    if (uv_async_init(&thread->loop, &thread->wake, on_wake) != 0) {
        hk_assert(uv_loop_close(&thread->loop) == 0);
        return HK_EIO;
    }
    uv_prepare_init(&thread->loop, &thread->before_poll);
    uv_check_init(&thread->loop, &thread->after_poll);
    uv_idle_init(&thread->loop, &thread->hurry);
    uv_timer_init(&thread->loop, &thread->timer);
    uv_prepare_start(&thread->before_poll, on_before_poll);
    uv_check_start(&thread->after_poll, on_after_poll);
    thread->wake.data = thread->before_poll.data = thread;
    thread->after_poll.data = thread->timer.data = thread;
    return 0;
}

/** Starts the thread with all signals blocked: they are the main thread's. */
static int launch(struct hk_thread *thread)
{
    sigset_t all, before;
    char name[16];
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&thread->id, NULL, run, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0)
        return HK_EIO;
    (void)snprintf(name, sizeof(name), "deliver-%u", (unsigned)thread->number % 1000);
    (void)pthread_setname_np(thread->id, name);
    return 0;
}

static void thread_free(struct hk_thread *thread)
{
    void *items;
    size_t count = hk_mailbox_take(&thread->inbox, &items);
    for (size_t i = 0; i < count; i++)
        hk_thread_message_fini((struct hk_thread_message *)items + i);
    hk_mailbox_fini(&thread->inbox);
    hk_bytes_fini(&thread->scratch);
    hk_free(thread->routes);
    hk_free(thread->facts);
    thread->magic = 0;
    hk_free(thread);
}

int hk_thread_start(const struct hk_settings *settings, uint32_t number, struct hk_thread **started)
{
    struct hk_thread *thread = hk_alloc_zero(1, sizeof(*thread));
    if (thread == NULL)
        return HK_ENOMEM;
    thread->magic = THREAD_MAGIC;
    thread->number = number;
    thread->settings = settings;
    thread->armed_ms = UINT64_MAX;
    hk_mailbox_init(&thread->inbox, sizeof(struct hk_thread_message), wake, thread);
    hk_transfers_init(&thread->transfers, settings, &thread->multi, &thread->targets);

    int code = open_loop(thread);
    if (code != 0)
        goto no_loop;
    code = hk_multi_init(&thread->multi, &thread->loop, settings->connections_max);
    if (code != 0)
        goto no_multi;
    code = hk_targets_init(&thread->targets, &settings->guard, settings->resolver, on_answered,
                           thread);
    if (code != 0)
        goto no_targets;
    code = launch(thread);
    if (code == 0) {
        *started = thread;
        return 0;
    }
    hk_targets_fini(&thread->targets);
no_targets:
    hk_multi_fini(&thread->multi);
no_multi:
    close_loop(thread);
no_loop:
    thread_free(thread);
    return code;
}

void hk_thread_push(struct hk_thread *thread, const struct hk_thread_message *messages,
                    size_t count)
{
    HK_CHECK(thread, THREAD_MAGIC);
    hk_mailbox_push(&thread->inbox, messages, count);
}

void hk_thread_stop(struct hk_thread *thread)
{
    HK_CHECK(thread, THREAD_MAGIC);
    hk_mailbox_close(&thread->inbox);
    hk_assert(pthread_join(thread->id, NULL) == 0);
    thread_free(thread);
}
