// SPDX-License-Identifier: Apache-2.0
#include "policy/offline.h"

#include "base/alloc.h"
#include "base/check.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define OFFLINE_MAGIC UINT32_C(0x0FF11E50)
#define READ_BYTES 65536u
/** Runs that one spec file may be worth. */
#define SPEC_FACTOR 60u
/** How much longer than its CPU time an answer may take by the clock on the wall. */
#define WALL_FACTOR 10u

struct hk_offline {
    uint32_t magic;
    struct hk_process_setup setup;
    char *worker_path;
    struct hk_policy_options policy;
    struct hk_process process;
    bool is_restarted;
    struct hk_bytes sent;     /**< The frame that goes out. */
    struct hk_bytes received; /**< The answer's, with what came behind it. */
    size_t used;              /**< Bytes of `received` that were answers before. */
    struct hk_wire_scratch scratch;
};

/** How long one wait may take. */
struct patience {
    uint64_t cpu_ms_max;
    uint64_t cpu_us_start;
    uint64_t wall_ms_left;
};

static struct patience patience_of(const struct hk_offline *offline, uint64_t factor)
{
    struct patience patience = { .cpu_ms_max = offline->policy.kill_ms * factor };
    patience.wall_ms_left = patience.cpu_ms_max * WALL_FACTOR;
    if (hk_process_cpu(&offline->process, &patience.cpu_us_start) != 0)
        patience.cpu_us_start = 0;
    return patience;
}

/** Kills what is left of the worker; the next call starts another. Gets how it ended. */
static int give_up(struct hk_offline *offline)
{
    offline->is_restarted = true;
    hk_bytes_clear(&offline->received);
    offline->used = 0;
    return hk_process_end(&offline->process);
}

/** The worker has gone, or closed its end. */
static int report_death(struct hk_offline *offline, int code, struct hk_fault *fault)
{
    char how[HK_PROCESS_TEXT_MAX];
    return hk_fault_set(fault, code, "the policy worker %s",
                        hk_process_describe(give_up(offline), how));
}

static int report_hang(struct hk_offline *offline, const struct patience *patience,
                       struct hk_fault *fault)
{
    (void)give_up(offline);
    return hk_fault_set(fault, HK_ESTART, "the policy worker ran for %llu ms without an answer",
                        (unsigned long long)patience->cpu_ms_max);
}

static int report_garbage(struct hk_offline *offline, struct hk_fault *fault)
{
    (void)give_up(offline);
    return hk_fault_set(fault, HK_ESTART, "the policy worker answered what was not asked");
}

/** Waits until the socket is ready for `events`. 0 or HK_ESTART, and then the worker has gone.
 * Nobody uses CPU faster than time goes by, so each wait is as long as what is left; what the
 * waits took is counted, a clock is not needed. */
static int wait_ready(struct hk_offline *offline, short events, struct patience *patience,
                      struct hk_fault *fault)
{
    struct pollfd wanted = { .fd = offline->process.fd, .events = events };
    for (;;) {
        uint64_t cpu_us;
        if (hk_process_cpu(&offline->process, &cpu_us) != 0)
            cpu_us = patience->cpu_us_start;
        uint64_t used_ms = (cpu_us - patience->cpu_us_start) / 1000;
        if (used_ms >= patience->cpu_ms_max || patience->wall_ms_left == 0)
            return report_hang(offline, patience, fault);
        uint64_t wait_ms = patience->cpu_ms_max - used_ms;
        if (wait_ms > patience->wall_ms_left)
            wait_ms = patience->wall_ms_left;
        int ready = poll(&wanted, 1, wait_ms > INT32_MAX ? INT32_MAX : (int)wait_ms);
        patience->wall_ms_left -= ready == 0 ? wait_ms : 1;
        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return report_death(offline, HK_ESTART, fault);
    }
}

static int send_all(struct hk_offline *offline, struct hk_fault *fault)
{
    struct patience patience = patience_of(offline, 1);
    struct hk_slice rest = hk_bytes_slice(&offline->sent);
    while (rest.size > 0) {
        ssize_t sent = send(offline->process.fd, rest.at, rest.size, MSG_NOSIGNAL);
        if (sent >= 0) {
            rest.at += sent;
            rest.size -= (size_t)sent;
        } else if (errno == EAGAIN) {
            int code = wait_ready(offline, POLLOUT, &patience, fault);
            if (code != 0)
                return code;
        } else if (errno != EINTR) {
            return report_death(offline, HK_EIO, fault);
        }
    }
    return 0;
}

/** Reads what there is. */
static int read_more(struct hk_offline *offline, struct hk_fault *fault)
{
    if (hk_bytes_reserve(&offline->received, READ_BYTES) != 0)
        return hk_fault_set(fault, HK_ENOMEM, "no memory for the policy worker's answer");
    ssize_t got =
        recv(offline->process.fd, offline->received.at + offline->received.size, READ_BYTES, 0);
    if (got > 0)
        offline->received.size += (size_t)got;
    else if (got == 0 || (errno != EAGAIN && errno != EINTR))
        return report_death(offline, HK_ESTART, fault);
    return 0;
}

/** Forgets the answer before. */
static void drop_used(struct hk_offline *offline)
{
    struct hk_bytes *received = &offline->received;
    received->size -= offline->used;
    if (received->size > 0)
        memmove(received->at, received->at + offline->used, received->size);
    offline->used = 0;
}

/** Waits for one whole message. */
static int receive(struct hk_offline *offline, uint64_t factor, struct hk_wire_message *message,
                   struct hk_fault *fault)
{
    struct patience patience = patience_of(offline, factor);
    size_t size = 0;
    drop_used(offline);
    for (;;) {
        struct hk_slice bytes = hk_bytes_slice(&offline->received);
        if (hk_wire_frame(bytes, &size) != 0)
            return report_garbage(offline, fault);
        if (size > 0)
            break;
        int code = wait_ready(offline, POLLIN, &patience, fault);
        if (code == 0)
            code = read_more(offline, fault);
        if (code != 0)
            return code;
    }
    offline->used = size;
    const struct hk_slice frame = { offline->received.at, size };
    int code = hk_wire_decode(frame, &offline->scratch, message);
    if (code == HK_ENOMEM)
        return hk_fault_set(fault, code, "no memory for the policy worker's answer");
    return code == 0 ? 0 : report_garbage(offline, fault);
}

/** Starts a worker, unless one runs. */
static int ensure_running(struct hk_offline *offline, struct hk_fault *fault)
{
    struct hk_wire_message ready;
    if (offline->process.pid != 0)
        return 0;
    int code = hk_process_start(&offline->setup, &offline->process, fault);
    if (code == 0)
        code = receive(offline, 1, &ready, fault);
    if (code == 0 && ready.kind != HK_WIRE_READY)
        code = report_garbage(offline, fault);
    if (code != 0)
        (void)hk_fault_wrap(fault, "no policy worker");
    return code;
}

/** Gets the run that an answer is to; false when it is no answer to a message of kind `asked`. */
static bool run_of_answer(enum hk_wire_kind asked, const struct hk_wire_message *answer,
                          uint64_t *run)
{
    bool is_run = asked == HK_WIRE_PLAN || asked == HK_WIRE_RETRY;
    switch (answer->kind) {
    case HK_WIRE_PLANNED:
        *run = answer->planned.answer.run;
        return asked == HK_WIRE_PLAN;
    case HK_WIRE_DECIDED:
        *run = answer->decided.answer.run;
        return asked == HK_WIRE_RETRY;
    case HK_WIRE_FAILED:
        *run = answer->failed.answer.run;
        return is_run;
    case HK_WIRE_CHECKED:
        *run = answer->checked.run;
        return asked == HK_WIRE_CHECK;
    case HK_WIRE_SPEC_DONE:
        *run = answer->spec_done.run;
        return asked == HK_WIRE_SPEC;
    default:
        return false;
    }
}

static bool is_answer(const struct hk_wire_message *asked, const struct hk_wire_message *answer)
{
    uint64_t run;
    if (!run_of_answer(asked->kind, answer, &run))
        return false;
    if (asked->kind == HK_WIRE_CHECK)
        return run == asked->check.run;
    return run == (asked->kind == HK_WIRE_SPEC ? asked->spec.run : asked->run.run);
}

int hk_offline_start(const struct hk_process_setup *setup, struct hk_offline **started,
                     struct hk_fault *fault)
{
    struct hk_offline *offline = hk_alloc_zero(1, sizeof(*offline));
    if (offline == NULL)
        return hk_fault_set(fault, HK_ENOMEM, "no memory to start a policy worker");
    offline->magic = OFFLINE_MAGIC;
    offline->setup = *setup;
    offline->policy = *setup->policy;
    offline->worker_path = hk_slice_dup(hk_slice_of(setup->worker_path));
    offline->setup.policy = &offline->policy;
    offline->setup.worker_path = offline->worker_path;
    offline->process.fd = -1;
    int code = offline->worker_path != NULL
                   ? ensure_running(offline, fault)
                   : hk_fault_set(fault, HK_ENOMEM, "no memory to start a policy worker");
    offline->is_restarted = false;
    if (code == 0)
        *started = offline;
    else
        hk_offline_end(offline);
    return code;
}

int hk_offline_tell(struct hk_offline *offline, const struct hk_wire_message *message,
                    struct hk_fault *fault)
{
    HK_CHECK(offline, OFFLINE_MAGIC);
    int code = ensure_running(offline, fault);
    if (code != 0)
        return code;
    hk_bytes_clear(&offline->sent);
    code = hk_wire_encode(message, &offline->sent);
    if (code != 0)
        return hk_fault_set(fault, code, "a message to the policy worker: %s", hk_error_text(code));
    return send_all(offline, fault);
}

int hk_offline_ask(struct hk_offline *offline, const struct hk_wire_message *message,
                   struct hk_wire_message *answer, struct hk_fault *fault)
{
    int code = hk_offline_tell(offline, message, fault);
    if (code == 0)
        code = receive(offline, message->kind == HK_WIRE_SPEC ? SPEC_FACTOR : 1, answer, fault);
    if (code == HK_ENOMEM)
        (void)give_up(offline); // what it still has to say would be taken for the next answer
    if (code == 0 && !is_answer(message, answer))
        code = report_garbage(offline, fault);
    // That it had gone before it could be asked makes no difference to who asks.
    return code == HK_EIO ? HK_ESTART : code;
}

bool hk_offline_is_restarted(struct hk_offline *offline)
{
    HK_CHECK(offline, OFFLINE_MAGIC);
    bool is_restarted = offline->is_restarted;
    offline->is_restarted = false;
    return is_restarted;
}

void hk_offline_end(struct hk_offline *offline)
{
    if (offline == NULL)
        return;
    HK_CHECK(offline, OFFLINE_MAGIC);
    (void)hk_process_end(&offline->process);
    hk_wire_scratch_fini(&offline->scratch);
    hk_bytes_fini(&offline->sent);
    hk_bytes_fini(&offline->received);
    hk_free(offline->worker_path);
    offline->magic = 0;
    hk_free(offline);
}
