// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The event loop: epoll and timers, one thread, no locks. */

struct hk_watch;
typedef void (*hk_watch_ready_fn)(struct hk_watch *watch, uint32_t events);
typedef void (*hk_watch_free_fn)(struct hk_watch *watch);

/** A descriptor that is watched. Put it first in the struct that owns the descriptor. */
struct hk_watch {
    int fd;
    uint32_t events; /**< EPOLL* that are asked for */
    bool is_dead;
    hk_watch_ready_fn on_ready;
    hk_watch_free_fn on_free;
    struct hk_watch *next_dead;
};

struct hk_timer;
typedef void (*hk_timer_fn)(struct hk_timer *timer);

/** One deadline; all zero is a timer that does not run. */
struct hk_timer {
    int64_t due_us;
    size_t place; /**< in the heap, from 1; 0: not running */
    hk_timer_fn on_due;
    void *owner;
};

struct hk_loop {
    int epoll_fd;
    bool is_stopped;
    struct hk_watch *dead; /**< freed when the present batch is over */
    struct hk_timer **heap;
    size_t timer_count;
    size_t timer_capacity;
};

/** 0 or a negative errno. */
int hk_loop_init(struct hk_loop *loop);
void hk_loop_fini(struct hk_loop *loop);

/** Runs until hk_loop_stop. */
void hk_loop_run(struct hk_loop *loop);
void hk_loop_stop(struct hk_loop *loop);

/** Starts to watch; level-triggered. 0 or a negative errno. */
int hk_loop_add(struct hk_loop *loop, struct hk_watch *watch, uint32_t events);
void hk_loop_change(struct hk_loop *loop, struct hk_watch *watch, uint32_t events);

/** Stops to watch and closes the descriptor. on_free is called later, when no event of this batch
 *  can reach the watch any more. */
void hk_loop_close(struct hk_loop *loop, struct hk_watch *watch);

/** Starts or moves a timer; on_due and owner must be set. */
void hk_loop_set_timer(struct hk_loop *loop, struct hk_timer *timer, int64_t delay_us);
void hk_loop_stop_timer(struct hk_loop *loop, struct hk_timer *timer);
