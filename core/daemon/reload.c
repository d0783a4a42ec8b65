// SPDX-License-Identifier: Apache-2.0
#include "daemon/reload.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/log.h"

#define RELOAD_MAGIC UINT32_C(0x52454c44)

struct tokens {
    uint64_t *items;
    uint32_t count, capacity;
};

struct hk_reload {
    uint32_t magic;
    struct hk_reload_events events;
    uv_async_t wake;
    uv_work_t work;
    struct hk_mailbox asked; /**< uint64_t tokens. */
    struct tokens waiting;   /**< For the reload that runs. */
    struct tokens later;     /**< For the one after it. */
    struct hk_candidate_setup setup;
    struct hk_candidate candidate;
    bool is_running, is_wanted, is_stopped;
};

static void tokens_add(struct tokens *tokens, uint64_t token)
{
    if (tokens->count == tokens->capacity) {
        tokens->capacity = tokens->capacity > 0 ? tokens->capacity * 2 : 8;
        tokens->items = hk_realloc_or_die(tokens->items, tokens->capacity, sizeof(*tokens->items));
    }
    tokens->items[tokens->count++] = token;
}

/* On a thread of libuv's pool; the loop's leaves what it works with alone meanwhile. */
static void on_work(uv_work_t *work)
{
    struct hk_reload *reload = work->data;
    hk_candidate_make(&reload->candidate, &reload->setup);
}

static void begin(struct hk_reload *reload);

static void on_done(uv_work_t *work, int status)
{
    struct hk_reload *reload = work->data;
    HK_CHECK(reload, RELOAD_MAGIC);
    reload->is_running = false;
    if (status == 0 && !reload->is_stopped)
        reload->events.ended(reload->events.arg, &reload->candidate, reload->waiting.items,
                             reload->waiting.count);
    hk_candidate_fini(&reload->candidate);
    hk_scripts_unref(reload->setup.previous);
    reload->waiting.count = 0;
    if (reload->is_wanted && !reload->is_stopped)
        begin(reload);
}

static void begin(struct hk_reload *reload)
{
    struct tokens empty = reload->waiting;
    reload->waiting = reload->later;
    reload->later = empty;
    reload->is_wanted = false;
    reload->is_running = true;
    reload->events.begins(reload->events.arg, &reload->setup);
    if (reload->setup.previous != NULL)
        hk_scripts_ref(reload->setup.previous);
    hk_assert(uv_queue_work(reload->wake.loop, &reload->work, on_work, on_done) == 0);
}

static void on_wake(uv_async_t *wake)
{
    struct hk_reload *reload = wake->data;
    void *items;
    size_t count = hk_mailbox_take(&reload->asked, &items);
    for (size_t i = 0; i < count; i++) {
        uint64_t token = ((const uint64_t *)items)[i];
        if (token != HK_RELOAD_NOBODY)
            tokens_add(&reload->later, token);
        reload->is_wanted = true;
    }
    if (reload->is_wanted && !reload->is_running && !reload->is_stopped)
        begin(reload);
}

static void wake_loop(void *async)
{
    uv_async_send(async);
}

/** Joins texts with ", "; the caller ends it. */
static struct hk_bytes joined(const struct hk_texts *texts)
{
    struct hk_bytes out = { 0 };
    for (uint32_t i = 0; i < texts->count; i++)
        if (hk_bytes_append_format(&out, "%s%s", i > 0 ? ", " : "", texts->items[i]) < 0)
            break;
    if (out.size > 0 && hk_bytes_append(&out, "", 1) < 0)
        hk_bytes_fini(&out);
    return out;
}

static void say_line(const struct hk_reload_line *line)
{
    if (line->what == HK_RELOAD_REFUSED)
        hk_log_error("refused; what was in use stays", HK_F("name", line->name),
                     HK_FI("generation", line->generation), HK_F("fault", line->fault));
    else if (line->what != HK_RELOAD_KEPT)
        hk_log_info("policy reloaded", HK_F("name", line->name),
                    HK_F("what", hk_reload_what_word(line->what)),
                    HK_FI("generation", line->generation));
}

void hk_reload_say(const struct hk_reload_report *report)
{
    if (report->fault != NULL) {
        hk_log_error("reload refused; nothing was changed", HK_F("fault", report->fault));
        return;
    }
    for (uint32_t i = 0; i < report->line_count; i++)
        say_line(&report->lines[i]);
    struct hk_bytes applied = joined(&report->applied);
    struct hk_bytes needs_restart = joined(&report->needs_restart);
    if (needs_restart.size > 0)
        hk_log_warn("options changed that take a restart", HK_F("options", needs_restart.at));
    hk_log_info("reloaded", HK_F("config", applied.size > 0 ? applied.at : "as it was"),
                HK_FI("policies", report->line_count), HK_FI("refused", report->refused_count),
                HK_FI("pause_us", report->pause_us));
    hk_bytes_fini(&applied);
    hk_bytes_fini(&needs_restart);
}

struct hk_reload *hk_reload_new(uv_loop_t *loop, const struct hk_reload_events *events)
{
    struct hk_reload *reload = hk_alloc_zero_or_die(1, sizeof(*reload));
    reload->magic = RELOAD_MAGIC;
    reload->events = *events;
    hk_assert(uv_async_init(loop, &reload->wake, on_wake) == 0);
    reload->wake.data = reload;
    reload->work.data = reload;
    hk_mailbox_init(&reload->asked, sizeof(uint64_t), wake_loop, &reload->wake);
    return reload;
}

void hk_reload_ask(struct hk_reload *reload, uint64_t token)
{
    HK_CHECK(reload, RELOAD_MAGIC);
    hk_mailbox_push(&reload->asked, &token, 1);
}

void hk_reload_stop(struct hk_reload *reload)
{
    reload->is_stopped = true;
    uv_close((uv_handle_t *)&reload->wake, NULL);
}

void hk_reload_free(struct hk_reload *reload)
{
    hk_assert(!reload->is_running);
    hk_mailbox_fini(&reload->asked);
    hk_free(reload->waiting.items);
    hk_free(reload->later.items);
    reload->magic = 0;
    hk_free(reload);
}
