// SPDX-License-Identifier: Apache-2.0
#include "policy/pool_worker.h"

#include "base/alloc.h"
#include "base/check.h"

#include <stdio.h>

#define BACKOFF_MS_MIN 100u
#define BACKOFF_MS_MAX 5000u
/** A process that ended by itself, without work, before it was so old, did not start well. */
#define YOUNG_MS 1000u
/** How much longer than kill_ms a silence may last when little CPU was used in it: the machine is
 * busy with something else. */
#define PATIENCE 10u
/** How long READY may take at least, whatever kill_ms is. */
#define START_MS_MIN 10000u
/** Bytes that are queued on a line at a time; what is behind them waits in the tasks. */
#define FEED_BYTES (256u << 10)
/** Bytes of an answer but for its plan: words, names, heads of HK_PLAN_DELIVERIES_MAX deliveries
 * with all their headers, lines of hook.log. */
#define ANSWER_BYTES (UINT64_C(32) << 20)

static int heard(void *arg, const struct hk_wire_message *message);
static void ended(void *arg, bool is_garbage);

static const struct hk_pool_line_events line_events = { heard, ended };

void hk_pool_worker_init(struct hk_pool_worker *worker, struct hk_pool_desk *desk,
                         const struct hk_process_setup *setup)
{
    *worker = (struct hk_pool_worker){ .desk = desk, .setup = setup };
    worker->kill_ms = setup->policy->kill_ms;
    hk_pool_line_init(&worker->line, &line_events, worker);
    uint64_t bytes_max = setup->plan_bytes_max + ANSWER_BYTES;
    worker->line.frame_bytes_max =
        bytes_max < HK_WIRE_FRAME_BYTES_MAX ? (size_t)bytes_max : HK_WIRE_FRAME_BYTES_MAX;
}

/** Kills the process, which is waited for later. */
static void kill_process(struct hk_pool_worker *worker)
{
    struct hk_pool_desk *desk = worker->desk;
    struct hk_process process = hk_pool_line_close(&worker->line);
    hk_process_kill(&process);
    if (desk->dying_count == desk->dying_capacity) {
        uint32_t capacity = desk->dying_capacity != 0 ? desk->dying_capacity * 2 : 8;
        desk->dying = hk_realloc_or_die(desk->dying, capacity, sizeof(*desk->dying));
        desk->dying_capacity = capacity;
    }
    desk->dying[desk->dying_count++] = process;
}

void hk_pool_worker_fini(struct hk_pool_worker *worker)
{
    if (hk_pool_line_is_open(&worker->line))
        kill_process(worker);
    while (worker->first != NULL) {
        struct hk_pool_task *task = worker->first;
        worker->first = task->next;
        hk_pool_worker_drop_task(worker->desk, task);
    }
    hk_pool_line_fini(&worker->line);
    hk_pool_known_fini(&worker->known);
}

/* ---- tasks ------------------------------------------------------------------------------- */

void hk_pool_worker_drop_task(struct hk_pool_desk *desk, struct hk_pool_task *own_task)
{
    if (own_task->script != NULL) {
        hk_assert(own_task->script->out > 0);
        own_task->script->out--;
        desk->has_idle_scripts |= own_task->script->is_retired && own_task->script->out == 0;
    }
    hk_free(own_task);
}

void hk_pool_worker_give(struct hk_pool_worker *worker, struct hk_pool_task *own_task)
{
    own_task->next = NULL;
    own_task->waits_since_ms = uv_now(worker->desk->loop);
    if (worker->first == NULL)
        worker->first = own_task;
    else
        worker->last->next = own_task;
    worker->last = own_task;
    if (worker->unsent == NULL)
        worker->unsent = own_task;
}

/** Takes the first task out. */
static struct hk_pool_task *take_first(struct hk_pool_worker *worker)
{
    struct hk_pool_task *task = worker->first;
    worker->first = task->next;
    if (worker->unsent == task)
        worker->unsent = task->next;
    return task;
}

static void fail_first(struct hk_pool_worker *worker, enum hk_policy_failure failure,
                       const char *text)
{
    struct hk_pool_task *task = take_first(worker);
    hk_pool_facts_fail(&worker->desk->facts, task, failure, hk_slice_of(text));
    hk_pool_worker_drop_task(worker->desk, task);
}

/** Is this what the process is at? Then some of its frame was sent. */
static bool is_begun(const struct hk_pool_worker *worker, const struct hk_pool_task *task)
{
    return worker->state == HK_POOL_RUNNING && task != NULL && task != worker->unsent &&
           task->starts_at < worker->line.sent;
}

/* ---- scripts ----------------------------------------------------------------------------- */

void hk_pool_worker_forget(struct hk_pool_worker *worker, uint32_t number)
{
    const struct hk_wire_message drop = { .kind = HK_WIRE_DROP, .drop = number };
    // Without memory for it the process keeps a script that nobody names: no harm is done.
    if (hk_pool_known_has(&worker->known, number) && hk_pool_line_say(&worker->line, &drop) == 0)
        hk_pool_known_remove(&worker->known, number);
}

/** Tells the process a script, unless it knows it. */
static int tell_script(struct hk_pool_worker *worker, const struct hk_pool_script *script)
{
    const struct hk_script *source = script->script;
    if (hk_pool_known_has(&worker->known, script->number))
        return 0;
    struct hk_wire_source *libraries = hk_alloc((source->library_count + 1) * sizeof(*libraries));
    if (libraries == NULL)
        return HK_ENOMEM;
    for (uint32_t i = 0; i < source->library_count; i++) {
        libraries[i].name = hk_slice_of(source->libraries[i]->name);
        libraries[i].text = hk_bytes_slice(&source->libraries[i]->text);
    }
    const struct hk_wire_message message = {
        .kind = HK_WIRE_SCRIPT,
        .script = { .script = script->number,
                    .source = { hk_slice_of(source->name), hk_bytes_slice(&source->text) },
                    .libraries = libraries,
                    .library_count = source->library_count },
    };
    int code = hk_pool_line_say(&worker->line, &message);
    hk_free(libraries);
    if (code == 0)
        hk_pool_known_add(&worker->known, script->number);
    return code;
}

/* ---- start and work ---------------------------------------------------------------------- */

static uint64_t now_ms(const struct hk_pool_worker *worker)
{
    return uv_now(worker->desk->loop);
}

/** Says when the next process is started: at once after one that did some work or lived for a
 * while, else after twice the time of the start before. */
static void schedule(struct hk_pool_worker *worker, bool was_good)
{
    uint32_t doubled = worker->backoff_ms != 0 ? worker->backoff_ms * 2 : BACKOFF_MS_MIN;
    if (was_good)
        worker->backoff_ms = 0;
    else
        worker->backoff_ms = doubled < BACKOFF_MS_MAX ? doubled : BACKOFF_MS_MAX;
    worker->due_ms = now_ms(worker) + worker->backoff_ms;
}

static void start(struct hk_pool_worker *worker)
{
    struct hk_fault fault;
    worker->desk->restarts += worker->was_started;
    worker->was_started = true;
    worker->answers = 0;
    if (hk_pool_line_open(&worker->line, worker->desk->loop, worker->setup, &fault) == 0) {
        worker->state = HK_POOL_STARTING;
        return;
    }
    hk_log_error("a policy worker cannot be started", HK_F("fault", fault.text));
    snprintf(worker->desk->error, sizeof(worker->desk->error), "%s", fault.text);
    schedule(worker, false);
}

/** Queues the first unsent task on the line, behind its script. */
static int feed(struct hk_pool_worker *worker)
{
    struct hk_pool_task *task = worker->unsent;
    // Its script is its own fault too.
    task->starts_at = worker->line.queued;
    int code = tell_script(worker, task->script);
    if (code == 0)
        code = hk_pool_line_say_frame(&worker->line, task->frame);
    if (code == 0)
        worker->unsent = task->next;
    return code;
}

void hk_pool_worker_push(struct hk_pool_worker *worker)
{
    if (worker->state == HK_POOL_WAITING && now_ms(worker) >= worker->due_ms)
        start(worker);
    if (worker->state != HK_POOL_RUNNING)
        return;
    while (worker->unsent != NULL && !worker->line.is_mute) {
        size_t waiting = hk_pool_line_waiting(&worker->line);
        // No memory: what is queued goes out, the rest is tried again at the next tick.
        if (waiting >= FEED_BYTES || feed(worker) != 0)
            break;
        if (hk_pool_line_waiting(&worker->line) >= FEED_BYTES)
            hk_pool_line_flush(&worker->line);
    }
    hk_pool_line_flush(&worker->line);
}

/* ---- ends -------------------------------------------------------------------------------- */

/** A merchant has ended the process: what else is its own waits behind all others, who would have
 * to wait for the next kill, and is not run at all when that makes too many. */
static void put_behind(struct hk_pool_worker *worker, uint64_t merchant_id)
{
    struct hk_pool_task *own = NULL, *others = NULL, *last_own = NULL, *next;
    struct hk_pool_task **own_end = &own, **others_end = &others;
    for (struct hk_pool_task *task = worker->first; task != NULL; task = next) {
        bool is_own = task->merchant_id == merchant_id;
        struct hk_pool_task ***end = is_own ? &own_end : &others_end;
        next = task->next;
        task->next = NULL;
        if (is_own && ++task->kill_count >= HK_POLICY_KILLS_MAX) {
            hk_pool_facts_fail(&worker->desk->facts, task, HK_POLICY_UNAVAILABLE,
                               HK_SLICE("not run: the policy has ended too many workers"));
            hk_pool_worker_drop_task(worker->desk, task);
            continue;
        }
        **end = task;
        *end = &task->next;
        if (is_own)
            last_own = task;
        else
            worker->last = task;
    }
    *others_end = own;
    worker->first = others;
    if (last_own != NULL)
        worker->last = last_own;
}

/** The process has gone. Its first task, if it was at it, has failed; the others wait again. */
static void lose(struct hk_pool_worker *worker, bool was_begun, bool was_good, const char *how)
{
    char text[512];
    uint64_t now = now_ms(worker);
    worker->state = HK_POOL_WAITING;
    worker->known.count = 0;
    worker->is_watched = false;
    snprintf(worker->desk->error, sizeof(worker->desk->error), "the policy worker %s", how);
    if (was_begun) {
        const struct hk_pool_task *guilty = worker->first;
        hk_log_error("a policy worker has gone", HK_F("how", how),
                     HK_F("policy", guilty->script->script->name),
                     HK_FI("merchant", guilty->merchant_id));
        snprintf(text, sizeof(text), "%s.lua: the worker %s", guilty->script->script->name, how);
        uint64_t merchant_id = guilty->merchant_id;
        fail_first(worker, HK_POLICY_KILLED, text);
        put_behind(worker, merchant_id);
    } else {
        hk_log_error("a policy worker has gone", HK_F("how", how));
    }
    worker->unsent = worker->first;
    for (struct hk_pool_task *task = worker->first; task != NULL; task = task->next)
        task->waits_since_ms = now;
    schedule(worker, was_good || was_begun);
}

/** Did the process live long enough, or work, so that its end is no fault of its start? */
static bool has_begun_well(const struct hk_pool_worker *worker)
{
    return worker->state == HK_POOL_RUNNING &&
           (worker->answers > 1 || now_ms(worker) - worker->ready_at_ms >= YOUNG_MS);
}

static void ended(void *arg, bool is_garbage)
{
    struct hk_pool_worker *worker = arg;
    char how[HK_PROCESS_TEXT_MAX];
    bool was_begun = is_begun(worker, worker->first);
    bool was_good = has_begun_well(worker);
    if (is_garbage) {
        kill_process(worker);
        lose(worker, was_begun, was_good, "had to be killed: it answered what cannot be");
        return;
    }
    struct hk_process process = hk_pool_line_close(&worker->line);
    lose(worker, was_begun, was_good, hk_process_describe(hk_process_end(&process), how));
}

static int heard(void *arg, const struct hk_wire_message *message)
{
    struct hk_pool_worker *worker = arg;
    if (message->kind == HK_WIRE_READY) {
        if (worker->state != HK_POOL_STARTING)
            return HK_EDAMAGED;
        worker->state = HK_POOL_RUNNING;
        worker->answers = 1;
        worker->ready_at_ms = now_ms(worker);
        return 0;
    }
    if (!is_begun(worker, worker->first))
        return HK_EDAMAGED;
    int code = hk_pool_facts_answer(&worker->desk->facts, worker->first, message,
                                    worker->setup->plan_bytes_max);
    if (code != 0)
        return code;
    worker->answers++;
    worker->backoff_ms = 0;
    hk_pool_worker_drop_task(worker->desk, take_first(worker));
    return 0;
}

/* ---- ticks ------------------------------------------------------------------------------- */

/** Fails the tasks that have waited too long for a process. */
static void fail_overdue(struct hk_pool_worker *worker)
{
    char text[640];
    uint64_t patience = worker->backoff_ms != 0 ? 1 : PATIENCE;
    uint64_t now = now_ms(worker), wait_ms_max = worker->kill_ms * patience;
    snprintf(text, sizeof(text), "no policy worker runs: %s",
             worker->desk->error[0] != '\0' ? worker->desk->error : "it takes too long to start");
    while (worker->first != NULL && now - worker->first->waits_since_ms >= wait_ms_max)
        fail_first(worker, HK_POLICY_UNAVAILABLE, text);
}

/** Has the process been silent for too long, though it had the CPU? */
static bool is_stuck(struct hk_pool_worker *worker)
{
    uint64_t cpu_us, now = now_ms(worker);
    uint64_t silent_ms = now - worker->since_ms;
    uint64_t longest_ms = (uint64_t)worker->kill_ms * PATIENCE;
    if (worker->state == HK_POOL_STARTING)
        return silent_ms >= (longest_ms > START_MS_MIN ? longest_ms : START_MS_MIN);
    if (silent_ms < worker->kill_ms || silent_ms >= longest_ms)
        return silent_ms >= longest_ms;
    return hk_process_cpu(&worker->line.process, &cpu_us) == 0 &&
           cpu_us - worker->since_cpu_us >= (uint64_t)worker->kill_ms * 1000 / 2;
}

static void watch(struct hk_pool_worker *worker)
{
    if (worker->state == HK_POOL_RUNNING && worker->first == NULL) {
        worker->is_watched = false;
        return;
    }
    if (!worker->is_watched || worker->answers != worker->seen_answers) {
        worker->is_watched = true;
        worker->seen_answers = worker->answers;
        worker->since_ms = now_ms(worker);
        if (hk_process_cpu(&worker->line.process, &worker->since_cpu_us) != 0)
            worker->since_cpu_us = 0;
        return;
    }
    if (!is_stuck(worker))
        return;
    char how[HK_PROCESS_TEXT_MAX];
    // Also when none of it was sent: a process that does not even read must not be met again and
    // again by the same task.
    bool was_begun = worker->state == HK_POOL_RUNNING;
    bool was_good = has_begun_well(worker);
    snprintf(how, sizeof(how), "had to be killed: no answer for %u ms", worker->kill_ms);
    kill_process(worker);
    lose(worker, was_begun, was_good, how);
}

void hk_pool_worker_tick(struct hk_pool_worker *worker)
{
    if (worker->state != HK_POOL_WAITING)
        watch(worker);
    if (worker->state != HK_POOL_RUNNING)
        fail_overdue(worker);
}

bool hk_pool_worker_is_quiet(const struct hk_pool_worker *worker)
{
    return worker->state == HK_POOL_RUNNING && worker->first == NULL;
}
