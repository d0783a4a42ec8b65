// SPDX-License-Identifier: Apache-2.0
#include "daemon/shell.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/mailbox.h"
#include "base/seal.h"
#include "daemon/clock.h"
#include "daemon/hands.h"
#include "daemon/notify.h"
#include "daemon/option_value.h"
#include "daemon/reload.h"
#include "daemon/space.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <uv.h>

#define SHELL_MAGIC UINT32_C(0x5348454c)

/** What a stop goes through, in order. */
enum stop_stage { STOP_NONE, STOP_DRAINING, STOP_SNAPSHOT, STOP_DONE };

enum { SIGNAL_COUNT = 4 };
static const int signals_heard[SIGNAL_COUNT] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1 };

struct hk_shell {
    uint32_t magic;
    const struct hk_config *config; /**< That counts now. */
    struct hk_config *own_config;   /**< The same after a reload; or NULL. */
    const char *config_path;
    struct hk_reload *reload;
    struct hk_engine *engine;
    struct hk_hands hands;
    struct hk_mailbox facts;
    struct hk_commands commands;
    uv_loop_t loop;
    uv_async_t wake;
    uv_timer_t timer;     /**< The engine's. */
    uv_timer_t last_call; /**< Ends the draining. */
    uv_timer_t space;     /**< Looks whether there is room for new work. */
    uint32_t space_ticks; /**< Looks so far. */
    bool is_disk_full;
    uv_signal_t signals[SIGNAL_COUNT];
    bool has_loop;
    enum stop_stage stop;
    bool is_snapshot_open;
    pthread_mutex_t lock;
    struct hk_fault failure; /**< Under `lock`: why the journal failed. */
};

/* ---- facts come in ---- */

static void facts_wake(void *arg)
{
    struct hk_shell *shell = arg;
    uv_async_send(&shell->wake);
}

static void on_facts(void *arg, const struct hk_fact *facts, uint32_t count)
{
    struct hk_shell *shell = arg;
    hk_mailbox_push(&shell->facts, facts, count);
}

static void on_appended(void *arg, const struct hk_fact_appended *appended)
{
    struct hk_fact fact = { .kind = HK_FACT_APPENDED, .appended = *appended };
    on_facts(arg, &fact, 1);
}

static void on_loaded(void *arg, const struct hk_fact_loaded *loaded)
{
    struct hk_fact fact = { .kind = HK_FACT_LOADED, .loaded = *loaded };
    on_facts(arg, &fact, 1);
}

static void on_failed(void *arg, const struct hk_fault *fault)
{
    struct hk_shell *shell = arg;
    pthread_mutex_lock(&shell->lock);
    shell->failure = *fault;
    pthread_mutex_unlock(&shell->lock);
    uv_async_send(&shell->wake);
}

static void tell(struct hk_shell *shell, enum hk_fact_kind kind)
{
    struct hk_fact fact = { .kind = kind };
    on_facts(shell, &fact, 1);
}

static void on_reload_wanted(void *arg, uint64_t token)
{
    struct hk_shell *shell = arg;
    hk_reload_ask(shell->reload, token);
}

/* On the api's thread, which ends before the pool does. */
static void on_workers_asked(void *arg, struct hk_worker_status *status)
{
    struct hk_shell *shell = arg;
    struct hk_pool_status pool;
    hk_pool_status(shell->hands.pool, &pool);
    status->wanted = pool.workers_wanted;
    status->running = pool.workers_running;
    status->restarts = pool.restarts;
    (void)snprintf(status->error, sizeof(status->error), "%s", pool.error);
}

/* ---- commands go out ---- */

static void fail(struct hk_shell *shell, const struct hk_fault *fault)
{
    pthread_mutex_lock(&shell->lock);
    if (!shell->failure.code)
        shell->failure = *fault;
    pthread_mutex_unlock(&shell->lock);
    shell->stop = STOP_DONE;
    uv_stop(&shell->loop);
}

static void snapshot_row(struct hk_shell *shell, const struct hk_record *row)
{
    struct hk_fault fault = { 0 };
    if (!shell->is_snapshot_open && hk_journal_snapshot_begin(shell->hands.journal, &fault) != 0) {
        fail(shell, &fault);
        return;
    }
    shell->is_snapshot_open = true;
    if (hk_journal_snapshot_row(shell->hands.journal, row, &fault) != 0)
        fail(shell, &fault);
}

static void snapshot_end(struct hk_shell *shell, const struct hk_command_snapshot_end *end)
{
    struct hk_fault fault = { 0 };
    if (!shell->is_snapshot_open && hk_journal_snapshot_begin(shell->hands.journal, &fault) != 0) {
        fail(shell, &fault);
        return;
    }
    shell->is_snapshot_open = false;
    if (hk_journal_snapshot_end(shell->hands.journal, end->begin_lsn, end->end_lsn, end->row_count,
                                &fault) != 0) {
        fail(shell, &fault);
        return;
    }
    hk_log_info("snapshot written", HK_FI("lsn", end->end_lsn), HK_FI("rows", end->row_count));
    shell->stop = STOP_DONE;
    uv_stop(&shell->loop);
}

static void drained(struct hk_shell *shell);

static void carry_out_stop(struct hk_shell *shell, const struct hk_command *command)
{
    switch (command->kind) {
    case HK_COMMAND_SNAPSHOT_ROW:
        snapshot_row(shell, &command->snapshot_row);
        break;
    case HK_COMMAND_SNAPSHOT_END:
        snapshot_end(shell, &command->snapshot_end);
        break;
    case HK_COMMAND_DRAINED:
        drained(shell);
        break;
    default:
        break;
    }
}

/* What is for the api once it has gone has nobody to go to. */
static void answer(struct hk_shell *shell, const struct hk_command *command)
{
    if (!shell->hands.server) {
        if (command->kind == HK_COMMAND_REPLY)
            hk_reply_free(command->reply);
        return;
    }
    switch (command->kind) {
    case HK_COMMAND_ACK:
        hk_server_ack(shell->hands.server, &command->ack);
        break;
    case HK_COMMAND_NACK:
        hk_server_nack(shell->hands.server, &command->nack);
        break;
    case HK_COMMAND_REPLY:
        hk_server_reply(shell->hands.server, command->reply);
        break;
    case HK_COMMAND_TRACE:
        hk_server_trace(shell->hands.server, &command->trace);
        break;
    default:
        break;
    }
}

static void send_out(struct hk_shell *shell, const struct hk_command *command)
{
    if (!shell->hands.sender)
        return;
    switch (command->kind) {
    case HK_COMMAND_START_ATTEMPT:
        hk_sender_start(shell->hands.sender, &command->start_attempt);
        break;
    case HK_COMMAND_ENDPOINT_SET:
        hk_sender_endpoint_set(shell->hands.sender, command->endpoint_set.endpoint,
                               command->endpoint_set.value);
        break;
    case HK_COMMAND_ENDPOINT_DROP:
        hk_sender_endpoint_drop(shell->hands.sender, command->endpoint_drop);
        break;
    default:
        break;
    }
}

static void carry_out(struct hk_shell *shell, const struct hk_command *command)
{
    switch (command->kind) {
    case HK_COMMAND_APPEND:
        hk_committer_append(shell->hands.committer, &command->append);
        break;
    case HK_COMMAND_SYNC:
        hk_committer_sync(shell->hands.committer);
        break;
    case HK_COMMAND_LOAD:
        hk_committer_load(shell->hands.committer, &command->load);
        break;
    case HK_COMMAND_ACK:
    case HK_COMMAND_NACK:
    case HK_COMMAND_REPLY:
    case HK_COMMAND_TRACE:
        answer(shell, command);
        break;
    case HK_COMMAND_RUN_POLICY:
        if (shell->hands.pool)
            hk_pool_run(shell->hands.pool, &command->run_policy);
        break;
    case HK_COMMAND_START_ATTEMPT:
    case HK_COMMAND_ENDPOINT_SET:
    case HK_COMMAND_ENDPOINT_DROP:
        send_out(shell, command);
        break;
    case HK_COMMAND_SNAPSHOT_ROW:
    case HK_COMMAND_SNAPSHOT_END:
    case HK_COMMAND_DRAINED:
        carry_out_stop(shell, command);
        break;
    }
}

static void carry_out_all(struct hk_shell *shell)
{
    for (uint32_t i = 0; i < shell->commands.count; i++)
        carry_out(shell, &shell->commands.items[i]);
    shell->commands.count = 0;
}

/* One wake-up a hand, once an iteration. */
static void flush(struct hk_shell *shell)
{
    hk_committer_flush(shell->hands.committer);
    if (shell->hands.pool)
        hk_pool_flush(shell->hands.pool);
    if (shell->hands.sender)
        hk_sender_flush(shell->hands.sender);
    if (shell->hands.server)
        hk_server_flush(shell->hands.server);
}

/* ---- one turn of the loop ---- */

static void on_timer(uv_timer_t *timer);

static void timer_set(struct hk_shell *shell, struct hk_now now)
{
    struct hk_mono due = hk_engine_due(shell->engine);
    if (due.ns == HK_MONO_NEVER.ns) {
        uv_timer_stop(&shell->timer);
        return;
    }
    int64_t left_ns = due.ns > now.mono.ns ? due.ns - now.mono.ns : 0;
    uint64_t left_ms = (uint64_t)((left_ns + HK_NS_PER_MS - 1) / HK_NS_PER_MS);
    uv_update_time(&shell->loop);
    uv_timer_start(&shell->timer, on_timer, left_ms, 0);
}

static bool has_failed(struct hk_shell *shell)
{
    pthread_mutex_lock(&shell->lock);
    bool failed = shell->failure.code != 0;
    pthread_mutex_unlock(&shell->lock);
    return failed;
}

static void turn(struct hk_shell *shell)
{
    HK_CHECK(shell, SHELL_MAGIC);
    if (shell->stop == STOP_DONE)
        return;
    if (has_failed(shell)) {
        shell->stop = STOP_DONE;
        uv_stop(&shell->loop);
        return;
    }
    void *items;
    size_t count = hk_mailbox_take(&shell->facts, &items);
    const struct hk_fact *facts = items;
    struct hk_now now;
    size_t taken = 0;
    do {
        now = hk_clock_now();
        taken += hk_engine_step(shell->engine, facts + taken, (uint32_t)(count - taken), now,
                                &shell->commands);
        carry_out_all(shell);
    } while (taken < count);
    flush(shell);
    timer_set(shell, now);
}

static void on_wake(uv_async_t *wake)
{
    turn(wake->data);
}

static void on_timer(uv_timer_t *timer)
{
    turn(timer->data);
}

/* ---- room on the disk ---- */

enum { SPACE_EVERY_MS = 1000, CHECK_AGAIN_TICKS = 5, RESULT_BYTES = 256, ATTEMPT_BYTES = 64 };

/* What was accepted must be finished (design.md section 3, promise 7): two segments, a result for
 * each delivery that is pending, and all attempts of the events that still wait for their plan. */
static uint64_t space_needed(const struct hk_shell *shell)
{
    struct hk_stats stats;
    hk_engine_stats(shell->engine, &stats);
    uint64_t unplanned = stats.events_planning + stats.events_held;
    return 2 * HK_SEGMENT_BYTES + RESULT_BYTES * stats.deliveries_pending +
           unplanned * ATTEMPT_BYTES * shell->config->engine.attempts;
}

/* A start without a policy worker holds what it accepts; as soon as there is one, it plans it. */
static void check_again(struct hk_shell *shell)
{
    bool is_time = ++shell->space_ticks % CHECK_AGAIN_TICKS == 0;
    if (is_time && shell->hands.scripts->is_unchecked && shell->stop == STOP_NONE)
        hk_reload_ask(shell->reload, HK_RELOAD_NOBODY);
}

static void on_space(uv_timer_t *timer)
{
    struct hk_shell *shell = timer->data;
    uint64_t bytes = 0;
    check_again(shell);
    if (hk_space_free(shell->config->state_dir, &bytes) != 0)
        return;
    bool is_full = bytes < space_needed(shell);
    if (is_full == shell->is_disk_full)
        return;
    shell->is_disk_full = is_full;
    if (is_full)
        hk_log_error("too little room on the disk: no new events until there is more",
                     HK_FI("free_bytes", bytes));
    else
        hk_log_info("room on the disk again", HK_FI("free_bytes", bytes));
    struct hk_fact fact = { .kind = HK_FACT_DISK, .is_disk_full = is_full };
    on_facts(shell, &fact, 1);
}

/* ---- reload ---- */

static void on_reload_begins(void *arg, struct hk_candidate_setup *setup)
{
    struct hk_shell *shell = arg;
    char state[80];
    (void)snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
                   hk_clock_now().mono.ns / 1000);
    (void)hk_notify(state);
    *setup = (struct hk_candidate_setup){ .config_path = shell->config_path,
                                          .config = shell->config,
                                          .previous = shell->hands.scripts };
}

/* The one swap point: what the engine says before the turn names the old generations, what it says
 * after it the new ones, and the pool knows both until then. */
static void swap(struct hk_shell *shell, struct hk_candidate *candidate)
{
    struct hk_config *config = candidate->config;
    const struct hk_fact facts[] = {
        { .kind = HK_FACT_CONFIG, .options = config->engine },
        { .kind = HK_FACT_POLICIES, .policies = hk_scripts_policies(candidate->scripts) },
    };
    hk_pool_swap(shell->hands.pool, &config->policy, config->plan_bytes_max, candidate->scripts);
    on_facts(shell, facts, 2);
    turn(shell);
    hk_pool_retire(shell->hands.pool);
    hk_scripts_unref(shell->hands.scripts);
    shell->hands.scripts = candidate->scripts;
    candidate->scripts = NULL;

    hk_log_configure(config->log_level, config->log_format);
    hk_server_configure(shell->hands.server, hk_config_clone(config));
    struct hk_config *before = shell->own_config;
    shell->config = shell->own_config = config;
    candidate->config = NULL;
    if (before)
        hk_config_fini(before);
    hk_free(before);
}

static void on_reload_ended(void *arg, struct hk_candidate *candidate, const uint64_t *tokens,
                            uint32_t count)
{
    struct hk_shell *shell = arg;
    if (shell->stop != STOP_NONE)
        return;
    int64_t began_ns = hk_clock_now().mono.ns;
    if (candidate->config)
        swap(shell, candidate);
    candidate->report->pause_us = (uint64_t)(hk_clock_now().mono.ns - began_ns) / 1000;
    hk_reload_say(candidate->report);
    hk_server_reloaded(shell->hands.server, tokens, count, candidate->report);
    candidate->report = NULL;
    flush(shell);
    (void)hk_notify("READY=1");
}

/* ---- signals ---- */

/* Nothing runs any more, or the time for it is over: what is known is written down. */
static void drained(struct hk_shell *shell)
{
    if (shell->stop != STOP_DRAINING)
        return;
    shell->stop = STOP_SNAPSHOT;
    uv_timer_stop(&shell->last_call);
    /* The api, the policies and the delivery threads end first: then all that they told comes
     * before the snapshot, and nothing changes while it is written. */
    flush(shell);
    hk_hands_stop_outer(&shell->hands);
    tell(shell, HK_FACT_SNAPSHOT);
}

static void on_last_call(uv_timer_t *timer)
{
    hk_log_warn("attempts still run; they will count as unknown");
    drained(timer->data);
}

static void stop_begin(struct hk_shell *shell)
{
    if (shell->stop != STOP_NONE) {
        hk_log_warn("stopping at once: the second signal");
        shell->stop = STOP_DONE;
        uv_stop(&shell->loop);
        return;
    }
    hk_log_info("stopping");
    (void)hk_notify("STOPPING=1");
    shell->stop = STOP_DRAINING;
    hk_server_quiesce(shell->hands.server);
    uv_timer_start(&shell->last_call, on_last_call, shell->config->shutdown_ms, 0);
    tell(shell, HK_FACT_DRAIN);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct hk_shell *shell = handle->data;
    if (number == SIGHUP)
        hk_reload_ask(shell->reload, HK_RELOAD_NOBODY);
    else if (number == SIGUSR1)
        hk_log_warn("a snapshot is written at a clean stop only");
    else
        stop_begin(shell);
}

/* ---- start ---- */

static int engine_start(struct hk_shell *shell, struct hk_fault *fault)
{
    struct hk_engine_setup setup = { .options = shell->config->engine };
    if (hk_random_bytes(&setup.hash_key, sizeof(setup.hash_key)) != 0 ||
        hk_random_bytes(&setup.seed, sizeof(setup.seed)) != 0)
        return hk_fault_set(fault, HK_EIO, "no randomness from the system");
    shell->engine = hk_engine_new(&setup);
    return 0;
}

static void loop_start(struct hk_shell *shell)
{
    hk_assert(uv_loop_init(&shell->loop) == 0);
    hk_assert(uv_async_init(&shell->loop, &shell->wake, on_wake) == 0);
    shell->wake.data = shell;
    uv_timer_init(&shell->loop, &shell->timer);
    shell->timer.data = shell;
    uv_timer_init(&shell->loop, &shell->last_call);
    shell->last_call.data = shell;
    uv_timer_init(&shell->loop, &shell->space);
    shell->space.data = shell;
    const struct hk_reload_events events = { on_reload_begins, on_reload_ended, shell };
    shell->reload = hk_reload_new(&shell->loop, &events);
    for (int i = 0; i < SIGNAL_COUNT; i++) {
        uv_signal_init(&shell->loop, &shell->signals[i]);
        shell->signals[i].data = shell;
        uv_signal_start(&shell->signals[i], on_signal, signals_heard[i]);
    }
    shell->has_loop = true;
}

static int hands_start(struct hk_shell *shell, uint64_t *lsn_last, struct hk_fault *fault)
{
    const struct hk_hands_setup setup = {
        .config = shell->config,
        .engine = shell->engine,
        .events = { .facts = on_facts,
                    .reload = on_reload_wanted,
                    .workers = on_workers_asked,
                    .committer = { on_appended, on_loaded, on_failed, shell },
                    .arg = shell },
    };
    return hk_hands_start(&shell->hands, &setup, lsn_last, fault);
}

static int ready(struct hk_shell *shell, uint64_t lsn_last, struct hk_fault *fault)
{
    struct hk_now now = hk_clock_now();
    struct hk_fact policies = { .kind = HK_FACT_POLICIES,
                                .policies = hk_scripts_policies(shell->hands.scripts) };
    on_facts(shell, &policies, 1);
    const struct hk_texts *addresses = hk_server_addresses(shell->hands.server);
    hk_engine_start(shell->engine, lsn_last, now, &shell->commands);
    carry_out_all(shell);
    flush(shell);
    timer_set(shell, now);
    int code = hk_run_folder_announce(shell->hands.run_folder, addresses, fault);
    if (code)
        return code;
    for (uint32_t i = 0; i < addresses->count; i++)
        hk_log_info("listening", HK_F("address", addresses->items[i]));
    on_space(&shell->space);
    uv_timer_start(&shell->space, on_space, SPACE_EVERY_MS, SPACE_EVERY_MS);
    hk_server_set_ready(shell->hands.server, true);
    (void)hk_notify("READY=1\nSTATUS=delivering");
    return 0;
}

/* ---- stop ---- */

static void handle_close(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void loop_stop(struct hk_shell *shell)
{
    if (!shell->has_loop)
        return;
    hk_reload_stop(shell->reload);
    uv_walk(&shell->loop, handle_close, NULL);
    uv_run(&shell->loop, UV_RUN_DEFAULT);
    hk_assert(uv_loop_close(&shell->loop) == 0);
    hk_reload_free(shell->reload);
}

static void facts_free(struct hk_shell *shell)
{
    void *items;
    size_t count = hk_mailbox_take(&shell->facts, &items);
    for (size_t i = 0; i < count; i++)
        hk_fact_fini((const struct hk_fact *)items + i);
    hk_mailbox_fini(&shell->facts);
}

static int shell_end(struct hk_shell *shell, int code, struct hk_fault *fault)
{
    struct hk_fault last = { 0 };
    int stopped = hk_hands_stop(&shell->hands, &last);
    facts_free(shell);
    hk_engine_free(shell->engine);
    hk_commands_fini(&shell->commands);
    loop_stop(shell);
    if (!code && shell->failure.code) {
        *fault = shell->failure;
        code = shell->failure.code;
    } else if (!code && stopped) {
        *fault = last;
        code = stopped;
    }
    if (shell->own_config)
        hk_config_fini(shell->own_config);
    hk_free(shell->own_config);
    pthread_mutex_destroy(&shell->lock);
    hk_free(shell);
    return code;
}

int hk_shell_run(const struct hk_config *config, const char *config_path, struct hk_fault *fault)
{
    struct hk_shell *shell = hk_alloc_zero_or_die(1, sizeof(*shell));
    uint64_t lsn_last = 0;
    shell->magic = SHELL_MAGIC;
    shell->config = config;
    shell->config_path = config_path;
    pthread_mutex_init(&shell->lock, NULL);
    loop_start(shell);
    hk_mailbox_init(&shell->facts, sizeof(struct hk_fact), facts_wake, shell);
    int code = engine_start(shell, fault);
    if (!code)
        code = hands_start(shell, &lsn_last, fault);
    if (!code)
        code = ready(shell, lsn_last, fault);
    if (!code)
        uv_run(&shell->loop, UV_RUN_DEFAULT);
    return shell_end(shell, code, fault);
}
