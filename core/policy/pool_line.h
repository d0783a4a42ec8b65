// SPDX-License-Identifier: Apache-2.0
/** Line: one running worker process and what goes to and fro: buffers on both sides, frames out of
 * what comes in. On libuv by uv_poll, not uv_pipe: what is not sent yet and what was said last can
 * then be seen when a worker dies, and no SIGPIPE comes of it.
 *
 * A line is closed by its owner only, never from within `heard`. Thread: the pool's. */
#pragma once
#include "policy/process.h"

#include <uv.h>

/** What a line tells its owner. */
struct hk_pool_line_events {
    /** A message; borrowed. HK_EDAMAGED: it was none that was waited for; `ended` follows. */
    int (*heard)(void *arg, const struct hk_wire_message *message);
    /** The worker closed its end, or (`is_garbage`) said what cannot be; close the line. Nothing
     * of it is touched after this. */
    void (*ended)(void *arg, bool is_garbage);
};

struct hk_pool_line {
    const struct hk_pool_line_events *events;
    void *arg;
    struct hk_process process; /**< pid 0: closed. */
    uv_poll_t *poll;           /**< On the heap until libuv has let it go. */
    bool waits_to_send;
    bool is_mute;            /**< Sending failed: the end will be heard. */
    size_t frame_bytes_max;  /**< Of one frame that comes in. */
    struct hk_bytes in, out; /**< Not decoded yet; not sent yet, from out_sent on. */
    size_t out_sent;
    uint64_t queued, sent; /**< Bytes, since the line was opened. */
    struct hk_wire_scratch scratch;
};

void hk_pool_line_init(struct hk_pool_line *line, const struct hk_pool_line_events *events,
                       void *arg);

/** Closes the line if it is open; frees. */
void hk_pool_line_fini(struct hk_pool_line *line);

/** Starts a worker process. HK_ESTART, HK_ENOMEM. */
HK_MUST_CHECK int hk_pool_line_open(struct hk_pool_line *line, uv_loop_t *loop,
                                    const struct hk_process_setup *setup, struct hk_fault *fault);

/** Forgets the process, which the caller takes over, and what was not sent. */
struct hk_process hk_pool_line_close(struct hk_pool_line *line);

static inline bool hk_pool_line_is_open(const struct hk_pool_line *line)
{
    return line->process.pid != 0;
}

/** Gets how many bytes wait to be sent. */
static inline size_t hk_pool_line_waiting(const struct hk_pool_line *line)
{
    return line->out.size - line->out_sent;
}

/** Queues a message, or a frame. HK_ENOMEM, HK_ELIMIT: nothing was queued. */
HK_MUST_CHECK int hk_pool_line_say(struct hk_pool_line *line,
                                   const struct hk_wire_message *message);
HK_MUST_CHECK int hk_pool_line_say_frame(struct hk_pool_line *line, struct hk_slice frame);

/** Sends what the socket takes of what is queued; the rest follows by itself. */
void hk_pool_line_flush(struct hk_pool_line *line);
