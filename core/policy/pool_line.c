// SPDX-License-Identifier: Apache-2.0
#include "policy/pool_line.h"

#include "base/alloc.h"
#include "base/check.h"

#include <errno.h>
#include <sys/socket.h>

/** Bytes that one read takes, and reads in a row before others get their turn. */
#define READ_BYTES 65536u
#define READS_MAX 16
/** Memory that an empty buffer may keep. */
#define IDLE_BYTES_MAX (1u << 20)

void hk_pool_line_init(struct hk_pool_line *line, const struct hk_pool_line_events *events,
                       void *arg)
{
    *line = (struct hk_pool_line){ .events = events, .arg = arg, .process = { .fd = -1 } };
}

void hk_pool_line_fini(struct hk_pool_line *line)
{
    if (hk_pool_line_is_open(line)) {
        struct hk_process process = hk_pool_line_close(line);
        (void)hk_process_end(&process);
    }
    hk_bytes_fini(&line->in);
    hk_bytes_fini(&line->out);
    hk_wire_scratch_fini(&line->scratch);
}

/* ---- in ---------------------------------------------------------------------------------- */

/** Gives the memory of a buffer back that one large frame made grow. */
static void shrink(struct hk_bytes *bytes)
{
    if (bytes->size == 0 && bytes->capacity > IDLE_BYTES_MAX)
        hk_bytes_fini(bytes);
}

/** Hears all whole frames; false when one was garbage. */
static bool hear_frames(struct hk_pool_line *line)
{
    struct hk_slice rest = hk_bytes_slice(&line->in);
    bool is_fine = true;
    while (is_fine) {
        struct hk_wire_message message;
        size_t size;
        is_fine =
            hk_wire_frame(rest, &size) == 0 && (size > 0 || rest.size <= line->frame_bytes_max);
        if (!is_fine || size == 0)
            break;
        const struct hk_slice frame = { rest.at, size };
        is_fine = hk_wire_decode(frame, &line->scratch, &message) == 0 &&
                  line->events->heard(line->arg, &message) == 0;
        rest.at += size;
        rest.size -= size;
    }
    if (rest.size > 0 && rest.size < line->in.size)
        memmove(line->in.at, rest.at, rest.size);
    line->in.size = rest.size;
    shrink(&line->in);
    return is_fine;
}

enum reading { READ_SOME, READ_ALL, READ_END };

static enum reading read_some(struct hk_pool_line *line)
{
    if (hk_bytes_reserve(&line->in, READ_BYTES) != 0)
        return READ_ALL; // tried again at once, while the socket stays readable
    ssize_t got = recv(line->process.fd, line->in.at + line->in.size, READ_BYTES, 0);
    if (got > 0) {
        line->in.size += (size_t)got;
        return (size_t)got == READ_BYTES ? READ_SOME : READ_ALL;
    }
    return got < 0 && (errno == EAGAIN || errno == EINTR) ? READ_ALL : READ_END;
}

/** Reads and hears; what came before the end is heard first. */
static void hear(struct hk_pool_line *line)
{
    enum reading reading = READ_SOME;
    bool is_fine = true;
    for (int i = 0; i < READS_MAX && reading == READ_SOME && is_fine; i++) {
        reading = read_some(line);
        is_fine = hear_frames(line);
    }
    if (!is_fine || reading == READ_END)
        line->events->ended(line->arg, !is_fine);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct hk_pool_line *line = poll->data;
    if ((events & UV_WRITABLE) != 0)
        hk_pool_line_flush(line);
    if (status < 0 || (events & UV_READABLE) != 0)
        hear(line);
}

/* ---- out --------------------------------------------------------------------------------- */

int hk_pool_line_say(struct hk_pool_line *line, const struct hk_wire_message *message)
{
    size_t before = line->out.size;
    int code = hk_wire_encode(message, &line->out);
    line->queued += line->out.size - before;
    return code;
}

int hk_pool_line_say_frame(struct hk_pool_line *line, struct hk_slice frame)
{
    int code = hk_bytes_append(&line->out, frame.at, frame.size);
    if (code == 0)
        line->queued += frame.size;
    return code;
}

/** Asks to be told when the socket takes more, or no longer. */
static void set_waits(struct hk_pool_line *line, bool waits)
{
    if (waits == line->waits_to_send)
        return;
    line->waits_to_send = waits;
    int events = waits ? UV_READABLE | UV_WRITABLE : UV_READABLE;
    hk_assert(uv_poll_start(line->poll, events, on_ready) == 0);
}

void hk_pool_line_flush(struct hk_pool_line *line)
{
    bool is_full = false;
    while (!is_full && !line->is_mute && hk_pool_line_waiting(line) > 0) {
        ssize_t sent = send(line->process.fd, line->out.at + line->out_sent,
                            hk_pool_line_waiting(line), MSG_NOSIGNAL);
        if (sent >= 0) {
            line->out_sent += (size_t)sent;
            line->sent += (uint64_t)sent;
        } else if (errno == EAGAIN) {
            is_full = true;
        } else if (errno != EINTR) {
            line->is_mute = true; // what it said before its end is heard first
        }
    }
    if (hk_pool_line_waiting(line) == 0) {
        line->out_sent = 0;
        hk_bytes_clear(&line->out);
        shrink(&line->out);
    }
    set_waits(line, is_full);
}

/* ---- open and close ---------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
    hk_free(handle);
}

int hk_pool_line_open(struct hk_pool_line *line, uv_loop_t *loop,
                      const struct hk_process_setup *setup, struct hk_fault *fault)
{
    hk_assert(!hk_pool_line_is_open(line));
    line->poll = hk_alloc_zero(1, sizeof(*line->poll));
    if (line->poll == NULL)
        return hk_fault_set(fault, HK_ENOMEM, "no memory to start a policy worker");
    int code = hk_process_start(setup, &line->process, fault);
    if (code == 0) {
        int error = uv_poll_init(loop, line->poll, line->process.fd);
        if (error == 0) {
            line->poll->data = line;
            hk_assert(uv_poll_start(line->poll, UV_READABLE, on_ready) == 0);
            return 0;
        }
        (void)hk_process_end(&line->process);
        code = hk_fault_set(fault, HK_ESTART, "the policy worker's socket: %s", uv_strerror(error));
    }
    hk_free(line->poll);
    line->poll = NULL;
    return code;
}

struct hk_process hk_pool_line_close(struct hk_pool_line *line)
{
    struct hk_process process = line->process;
    hk_assert(hk_pool_line_is_open(line));
    uv_close((uv_handle_t *)line->poll, on_closed);
    line->poll = NULL;
    line->process = (struct hk_process){ .fd = -1 };
    line->waits_to_send = line->is_mute = false;
    hk_bytes_fini(&line->in);
    hk_bytes_fini(&line->out);
    line->out_sent = 0;
    line->queued = line->sent = 0;
    return process;
}
