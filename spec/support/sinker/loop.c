// SPDX-License-Identifier: Apache-2.0
#include "loop.h"

#include "clock.h"
#include "memory.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { BATCH_MAX = 256 };

int hk_loop_init(struct hk_loop *loop)
{
    *loop = (struct hk_loop){ .epoll_fd = epoll_create1(EPOLL_CLOEXEC) };
    return loop->epoll_fd < 0 ? -errno : 0;
}

static void free_dead(struct hk_loop *loop)
{
    while (loop->dead != NULL) {
        struct hk_watch *watch = loop->dead;
        loop->dead = watch->next_dead;
        if (watch->on_free != NULL) {
            watch->on_free(watch);
        }
    }
}

void hk_loop_fini(struct hk_loop *loop)
{
    free_dead(loop);
    close(loop->epoll_fd);
    hk_memory_free(loop->heap);
}

static void place_timer(struct hk_loop *loop, struct hk_timer *timer, size_t place)
{
    loop->heap[place - 1] = timer;
    timer->place = place;
}

static void sift_up(struct hk_loop *loop, struct hk_timer *timer)
{
    size_t place = timer->place;
    while (place > 1 && loop->heap[place / 2 - 1]->due_us > timer->due_us) {
        place_timer(loop, loop->heap[place / 2 - 1], place);
        place /= 2;
    }
    place_timer(loop, timer, place);
}

static void sift_down(struct hk_loop *loop, struct hk_timer *timer)
{
    size_t place = timer->place;
    for (;;) {
        size_t child = place * 2;
        if (child > loop->timer_count) {
            break;
        }
        if (child < loop->timer_count &&
            loop->heap[child]->due_us < loop->heap[child - 1]->due_us) {
            child++;
        }
        if (loop->heap[child - 1]->due_us >= timer->due_us) {
            break;
        }
        place_timer(loop, loop->heap[child - 1], place);
        place = child;
    }
    place_timer(loop, timer, place);
}

void hk_loop_set_timer(struct hk_loop *loop, struct hk_timer *timer, int64_t delay_us)
{
    hk_loop_stop_timer(loop, timer);
    if (loop->timer_count == loop->timer_capacity) {
        loop->timer_capacity = loop->timer_capacity == 0 ? 64 : loop->timer_capacity * 2;
        loop->heap = hk_memory_resize(loop->heap, loop->timer_capacity * sizeof(struct hk_timer *));
    }
    timer->due_us = hk_clock_mono_us() + delay_us;
    place_timer(loop, timer, ++loop->timer_count);
    sift_up(loop, timer);
}

void hk_loop_stop_timer(struct hk_loop *loop, struct hk_timer *timer)
{
    if (timer->place == 0) {
        return;
    }
    size_t place = timer->place;
    struct hk_timer *last = loop->heap[--loop->timer_count];
    timer->place = 0;
    if (last != timer) {
        place_timer(loop, last, place);
        sift_up(loop, last);
        sift_down(loop, last);
    }
}

static void fire_timers(struct hk_loop *loop)
{
    if (loop->timer_count == 0) {
        return;
    }
    int64_t now_us = hk_clock_mono_us();
    while (loop->timer_count > 0 && loop->heap[0]->due_us <= now_us) {
        struct hk_timer *timer = loop->heap[0];
        hk_loop_stop_timer(loop, timer);
        timer->on_due(timer);
    }
}

static int wait_ms(const struct hk_loop *loop)
{
    if (loop->timer_count == 0) {
        return -1;
    }
    int64_t left_us = loop->heap[0]->due_us - hk_clock_mono_us();
    if (left_us <= 0) {
        return 0;
    }
    int64_t left_ms = left_us / 1000 + 1;
    return left_ms < 60000 ? (int)left_ms : 60000;
}

void hk_loop_run(struct hk_loop *loop)
{
    struct epoll_event events[BATCH_MAX];
    while (!loop->is_stopped) {
        int count = epoll_wait(loop->epoll_fd, events, BATCH_MAX, wait_ms(loop));
        for (int i = 0; i < count; i++) {
            struct hk_watch *watch = events[i].data.ptr;
            if (!watch->is_dead) {
                watch->on_ready(watch, events[i].events);
            }
        }
        fire_timers(loop);
        free_dead(loop);
    }
}

void hk_loop_stop(struct hk_loop *loop)
{
    loop->is_stopped = true;
}

int hk_loop_add(struct hk_loop *loop, struct hk_watch *watch, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.ptr = watch };
    watch->events = events;
    return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) < 0 ? -errno : 0;
}

void hk_loop_change(struct hk_loop *loop, struct hk_watch *watch, uint32_t events)
{
    if (watch->events == events) {
        return;
    }
    struct epoll_event event = { .events = events, .data.ptr = watch };
    watch->events = events;
    epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event);
}

void hk_loop_close(struct hk_loop *loop, struct hk_watch *watch)
{
    if (watch->is_dead) {
        return;
    }
    watch->is_dead = true;
    close(watch->fd);
    watch->fd = -1;
    watch->next_dead = loop->dead;
    loop->dead = watch;
}
