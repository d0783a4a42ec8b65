// SPDX-License-Identifier: Apache-2.0
/* hookd-policy: runs merchants' scripts in a cage. Started by hookd, never by a person: descriptor
 * 0 is a socket to it, on which frames (policy/wire.h) come in and answers go out, in order. */
#include "base/alloc.h"
#include "worker/answer.h"
#include "worker/cage.h"
#include "worker/plan.h"
#include "worker/retry.h"
#include "worker/scripts.h"
#include "worker/setup.h"
#include "worker/spec.h"
#include "worker/states.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

enum { PARENT = 0, EXIT_BROKEN = 1, EXIT_USAGE = 2 };

/** Answers are written when this much has come together, when nothing more is to be read, or when
 * the runs behind them took so long: the parent kills a worker that says nothing, and an answer
 * must not wait for somebody else's slow script. */
#define OUT_BYTES 65536
#define OUT_CPU_US 1000
#define READ_BYTES 65536
#define WAKE_MS_MIN 1000

struct worker {
    struct hk_state_world world;
    struct hk_worker_scripts scripts;
    struct hk_states states;
    struct hk_plan_draft draft;
    struct hk_wire_scratch scratch;
    struct hk_bytes in;
    size_t in_used; /**< Bytes of `in` that are done with. */
    struct hk_bytes out;
    uint64_t out_cpu_us;   /**< Of the runs whose answers are in `out`... */
    uint64_t out_merchant; /**< ...and whose they are. */
};

/** Says why and ends. In the cage nothing else than _exit is allowed. */
static _Noreturn void end(int code, const char *what, const char *why)
{
    char line[sizeof(struct hk_fault) + 64];
    int size = snprintf(line, sizeof(line), "hookd-policy: %s%s%s\n", what, why ? ": " : "",
                        why ? why : "");
    if (size > 0 && (size_t)size < sizeof(line)) {
        ssize_t written = write(STDERR_FILENO, line, (size_t)size);
        (void)written;
    }
    _exit(code);
}

// ---- frames --------------------------------------------------------------------------------

static void write_out(struct worker *worker)
{
    struct hk_slice rest = hk_bytes_slice(&worker->out);
    while (rest.size > 0) {
        ssize_t written = write(PARENT, rest.at, rest.size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            _exit(0); // The parent has gone.
        rest.at += written;
        rest.size -= (size_t)written;
    }
    hk_bytes_clear(&worker->out);
    worker->out_cpu_us = 0;
}

/** Nothing has come for a while: what merchants left behind goes, also from the heap. */
static void rest(struct worker *worker)
{
    uint32_t count = worker->states.rows.count;
    hk_states_drop_idle(&worker->states);
    if (worker->states.rows.count < count)
        (void)malloc_trim(0);
}

static void read_more(struct worker *worker)
{
    struct hk_bytes *in = &worker->in;
    if (worker->in_used > 0) {
        memmove(in->at, in->at + worker->in_used, in->size - worker->in_used);
        in->size -= worker->in_used;
        worker->in_used = 0;
    }
    if (hk_bytes_reserve(in, READ_BYTES) != 0)
        end(EXIT_BROKEN, "out of memory", NULL);
    ssize_t got = read(PARENT, in->at + in->size, in->capacity - in->size);
    if (got < 0 && errno == EAGAIN)
        rest(worker);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (got <= 0)
        _exit(0); // The parent has gone.
    in->size += (size_t)got;
}

/** Reads one message; waits for it. What was answered goes out before. */
static struct hk_wire_message next_message(struct worker *worker)
{
    struct hk_wire_message message;
    size_t size = 0;
    for (;;) {
        struct hk_slice rest = { worker->in.at + worker->in_used,
                                 worker->in.size - worker->in_used };
        if (rest.size > 0 && hk_wire_frame(rest, &size) != 0)
            end(EXIT_BROKEN, "a frame that is too large", NULL);
        if (size > 0) {
            worker->in_used += size;
            if (hk_wire_decode((struct hk_slice){ rest.at, size }, &worker->scratch, &message) != 0)
                end(EXIT_BROKEN, "a frame that cannot be read", NULL);
            return message;
        }
        write_out(worker);
        read_more(worker);
    }
}

static void say(struct worker *worker, const struct hk_wire_message *answer)
{
    int code = hk_wire_encode(answer, &worker->out);
    if (code != 0)
        end(EXIT_BROKEN, "an answer that cannot be written", hk_error_text(code));
    if (worker->out.size >= OUT_BYTES)
        write_out(worker);
}

// ---- what is asked -------------------------------------------------------------------------

static void fail(struct worker *worker, uint64_t run, enum hk_policy_failure failure,
                 struct hk_slice text)
{
    struct hk_wire_message answer = { 0 };
    hk_answer_fail(&answer, failure, text);
    answer.failed.answer.run = run;
    answer.failed.answer.cost.cpu_us = worker->states.load_us;
    say(worker, &answer);
}

/** Sends the answers that wait, if they are others': a merchant who ends this process must take
 * nobody's answer with him. The parent takes the first run that has none for the guilty one. */
static void make_way(struct worker *worker, uint64_t merchant_id)
{
    if (worker->out_merchant != merchant_id)
        write_out(worker);
    worker->out_merchant = merchant_id;
}

static void run(struct worker *worker, enum hk_wire_kind kind, const struct hk_wire_run *run)
{
    const struct hk_wire_script *script = hk_worker_scripts_get(&worker->scripts, run->script);
    struct hk_wire_message answer = { 0 };
    struct hk_fault fault = { 0 };
    struct hk_state *state;
    make_way(worker, run->merchant_id);
    worker->states.load_us = 0;
    if (script == NULL) {
        fail(worker, run->run, HK_POLICY_UNAVAILABLE, HK_SLICE("the worker has no such script"));
        return;
    }
    int code = hk_states_get(&worker->states, run->merchant_id, script, &state, &fault);
    if (code != 0) {
        fail(worker, run->run, code == HK_ENOMEM ? HK_POLICY_MEMORY : HK_POLICY_ERROR,
             hk_slice_of(fault.text));
        return;
    }
    if (kind == HK_WIRE_PLAN)
        hk_plan_run(state, run, &worker->draft, &answer);
    else
        hk_retry_run(state, run, &answer);
    struct hk_wire_answer *common = answer.kind == HK_WIRE_PLANNED   ? &answer.planned.answer
                                    : answer.kind == HK_WIRE_DECIDED ? &answer.decided.answer
                                                                     : &answer.failed.answer;
    // What loading takes the merchant's script decides, too.
    common->cost.cpu_us += worker->states.load_us;
    worker->out_cpu_us += common->cost.cpu_us;
    say(worker, &answer);
    if (worker->out_cpu_us >= OUT_CPU_US)
        write_out(worker);
    hk_states_rest(&worker->states, answer.kind == HK_WIRE_FAILED);
}

static void check(struct worker *worker, const struct hk_wire_check *check)
{
    const struct hk_wire_script *script = hk_worker_scripts_get(&worker->scripts, check->script);
    struct hk_wire_message answer = { .kind = HK_WIRE_CHECKED, .checked = { .run = check->run } };
    struct hk_fault fault = { 0 };
    struct hk_state *state = NULL;
    if (script == NULL)
        answer.checked.fault = HK_SLICE("the worker has no such script");
    else if (hk_state_new(&worker->world, script, &state, &fault) != 0)
        answer.checked.fault = hk_slice_of(fault.text);
    if (state != NULL) {
        answer.checked.hooks = state->hooks;
        answer.checked.libraries = state->required;
        answer.checked.library_count = state->required_count;
    }
    say(worker, &answer);
    hk_state_free(state);
}

static void take(struct worker *worker, const struct hk_wire_message *message)
{
    switch (message->kind) {
    case HK_WIRE_SCRIPT:
        if (hk_worker_scripts_get(&worker->scripts, message->script.script) != NULL)
            hk_states_drop_script(&worker->states, message->script.script);
        hk_worker_scripts_put(&worker->scripts, &message->script);
        break;
    case HK_WIRE_DROP:
        hk_states_drop_script(&worker->states, message->drop);
        hk_worker_scripts_drop(&worker->scripts, message->drop);
        break;
    case HK_WIRE_PLAN:
    case HK_WIRE_RETRY:
        run(worker, message->kind, &message->run);
        break;
    case HK_WIRE_CHECK:
        check(worker, &message->check);
        break;
    case HK_WIRE_SPEC:
        hk_spec_answer(&worker->world, &message->spec, &worker->out);
        break;
    default:
        end(EXIT_BROKEN, "a message that is not for a worker", NULL);
    }
}

// ---- the whole -----------------------------------------------------------------------------

/** Lets reads of the socket end without a byte now and then, so that states are dropped in a quiet
 * night, too: there are no timers in the cage. */
static int wake_now_and_then(uint32_t idle_ms)
{
    uint32_t wake_ms = idle_ms / 4 < WAKE_MS_MIN ? WAKE_MS_MIN : idle_ms / 4;
    struct timeval wake = { .tv_sec = wake_ms / 1000, .tv_usec = (long)(wake_ms % 1000) * 1000 };
    return setsockopt(PARENT, SOL_SOCKET, SO_RCVTIMEO, &wake, sizeof(wake));
}

static void start(struct worker *worker)
{
    struct hk_fault fault = { 0 };
    if (hk_cage_prepare(&fault) != 0)
        end(EXIT_BROKEN, "the cage", fault.text);
    struct hk_wire_message message = next_message(worker);
    if (message.kind != HK_WIRE_SETUP)
        end(EXIT_BROKEN, "the first message is not SETUP", NULL);
    if (hk_setup_world(&message.setup, &worker->world, &fault) != 0)
        end(EXIT_BROKEN, "lookup tables", fault.text);
    hk_states_init(&worker->states, &worker->world, message.setup.idle_ms);
    if (wake_now_and_then(message.setup.idle_ms) != 0)
        end(EXIT_BROKEN, "the socket", strerror(errno));
    if (hk_cage_shut(&fault) != 0)
        end(EXIT_BROKEN, "the cage", fault.text);
    struct hk_wire_message ready = { .kind = HK_WIRE_READY };
    say(worker, &ready);
}

int main(void)
{
    static struct worker worker;
    struct stat status;
    if (fstat(PARENT, &status) != 0 || !S_ISSOCK(status.st_mode))
        end(EXIT_USAGE, "is started by hookd, not by a person", NULL);
    start(&worker);
    for (;;) {
        struct hk_wire_message message = next_message(&worker);
        take(&worker, &message);
        hk_states_drop_idle(&worker.states);
    }
}
