// SPDX-License-Identifier: Apache-2.0
#include "policy/pool.h"

#include "base/alloc.h"
#include "base/check.h"
#include "policy/pool_thread.h"

#include <assert.h>
#include <stdalign.h>
#include <stdio.h>

#define POOL_MAGIC UINT32_C(0x9001C0DE)

/** Numbers of a set's scripts, as the shell's side knows them. */
struct book {
    struct book *older;
    struct hk_scripts *scripts; /**< One reference. */
    uint32_t *numbers;          /**< In the order of the scripts. 0: it never loaded. */
};

struct hk_pool {
    uint32_t magic;
    struct hk_pool_thread *thread;
    char *worker_path;
    struct book *books;   /**< Newest first; older ones until hk_pool_retire. */
    uint32_t last_number; /**< That a script was given. */
    struct hk_policy_options policy;
    uint64_t plan_bytes_max;
    struct hk_pool_message *messages; /**< Since the last flush. */
    size_t message_count, message_capacity;
    struct hk_bytes frame; /**< Scratch. */
};

static void add_message(struct hk_pool *pool, const struct hk_pool_message *message)
{
    if (pool->message_count == pool->message_capacity) {
        pool->message_capacity = pool->message_capacity != 0 ? pool->message_capacity * 2 : 64;
        pool->messages =
            hk_realloc_or_die(pool->messages, pool->message_capacity, sizeof(*pool->messages));
    }
    pool->messages[pool->message_count++] = *message;
}

/* ---- books ------------------------------------------------------------------------------- */

static void book_free(struct book *book)
{
    hk_scripts_unref(book->scripts);
    hk_free(book->numbers);
    hk_free(book);
}

/** Gets the number of one generation of a policy; 0: there is none. */
static uint32_t find_number(const struct hk_pool *pool, const char *name, uint32_t generation)
{
    for (const struct book *book = pool->books; book != NULL; book = book->older) {
        const struct hk_script *script = hk_scripts_find(book->scripts, name);
        if (script != NULL && script->generation == generation)
            return book->numbers[script - book->scripts->items];
    }
    return 0;
}

static struct book *book_new(struct hk_pool *pool, struct hk_scripts *scripts)
{
    struct book *book = hk_alloc_zero_or_die(1, sizeof(*book));
    book->scripts = hk_scripts_ref(scripts);
    book->numbers = hk_alloc_zero_or_die(scripts->count + 1U, sizeof(*book->numbers));
    for (uint32_t i = 0; i < scripts->count; i++) {
        const struct hk_script *script = &scripts->items[i];
        if (script->generation == 0)
            continue;
        uint32_t number = find_number(pool, script->name, script->generation);
        book->numbers[i] = number != 0 ? number : ++pool->last_number;
    }
    return book;
}

static bool are_same(const struct hk_policy_options *a, const struct hk_policy_options *b)
{
    return a->time_ms_max == b->time_ms_max && a->memory_bytes_max == b->memory_bytes_max &&
           a->kill_ms == b->kill_ms && a->workers == b->workers;
}

void hk_pool_swap(struct hk_pool *pool, const struct hk_policy_options *policy,
                  uint64_t plan_bytes_max, struct hk_scripts *scripts)
{
    HK_CHECK(pool, POOL_MAGIC);
    struct book *book = book_new(pool, scripts);
    struct hk_pool_edition *edition = hk_alloc_zero_or_die(1, sizeof(*edition));
    size_t numbers_size = (scripts->count + 1U) * sizeof(*edition->numbers);
    edition->scripts = hk_scripts_ref(scripts);
    edition->numbers = hk_alloc_or_die(numbers_size);
    memcpy(edition->numbers, book->numbers, numbers_size);
    edition->policy = *policy;
    edition->plan_bytes_max = plan_bytes_max;
    edition->has_new_crew = pool->books == NULL || scripts->tables_changed ||
                            !are_same(policy, &pool->policy) ||
                            plan_bytes_max != pool->plan_bytes_max;
    book->older = pool->books;
    pool->books = book;
    pool->policy = *policy;
    pool->plan_bytes_max = plan_bytes_max;
    const struct hk_pool_message message = { .kind = HK_POOL_EDITION, .own_edition = edition };
    add_message(pool, &message);
}

void hk_pool_retire(struct hk_pool *pool)
{
    HK_CHECK(pool, POOL_MAGIC);
    const struct hk_pool_message message = { .kind = HK_POOL_RETIRE };
    while (pool->books->older != NULL) {
        struct book *book = pool->books->older;
        pool->books->older = book->older;
        book_free(book);
    }
    add_message(pool, &message);
}

/* ---- runs -------------------------------------------------------------------------------- */

/** Makes a task with room for `frame`. */
static struct hk_pool_task *task_new(const struct hk_policy_run *run, uint32_t number,
                                     struct hk_slice frame)
{
    uint32_t endpoint_count = number != 0 ? run->endpoint_count : 0;
    size_t endpoints_size = endpoint_count * sizeof(struct hk_uuid);
    struct hk_pool_task *task = hk_alloc_or_die(sizeof(*task) + endpoints_size + frame.size);
    static_assert(alignof(struct hk_uuid) == 1, "uuids stand in bytes");
    struct hk_uuid *endpoints = (struct hk_uuid *)task->bytes;
    char *frame_at = task->bytes + endpoints_size;
    *task = (struct hk_pool_task){ .number = number,
                                   .phase = run->phase,
                                   .run = run->run,
                                   .merchant_id = run->merchant_id,
                                   .event = run->event,
                                   .endpoint_count = endpoint_count,
                                   .endpoints = endpoints,
                                   .frame = { frame_at, frame.size } };
    for (uint32_t i = 0; i < endpoint_count; i++)
        endpoints[i] = run->endpoints[i].uuid;
    if (frame.size > 0)
        memcpy(frame_at, frame.at, frame.size);
    return task;
}

void hk_pool_run(struct hk_pool *pool, const struct hk_policy_run *run)
{
    HK_CHECK(pool, POOL_MAGIC);
    char why[HK_POLICY_NAME_BYTES_MAX + 64];
    struct hk_slice frame;
    uint32_t number = find_number(pool, run->policy, run->generation);
    hk_bytes_clear(&pool->frame);
    int code = number != 0 ? hk_wire_encode_run(run, number, &pool->frame) : HK_ENOTFOUND;
    if (code == 0) {
        frame = hk_bytes_slice(&pool->frame);
    } else {
        const char *what = number != 0 ? hk_error_text(code) : "this generation is not loaded";
        number = 0;
        snprintf(why, sizeof(why), "%.*s.lua: %s", HK_POLICY_NAME_BYTES_MAX, run->policy, what);
        frame = hk_slice_of(why);
    }
    const struct hk_pool_message message = { .kind = HK_POOL_TASK,
                                             .own_task = task_new(run, number, frame) };
    add_message(pool, &message);
}

void hk_pool_flush(struct hk_pool *pool)
{
    HK_CHECK(pool, POOL_MAGIC);
    hk_pool_thread_push(pool->thread, pool->messages, pool->message_count);
    pool->message_count = 0;
}

/* ---- start and stop ---------------------------------------------------------------------- */

static void pool_free(struct hk_pool *pool)
{
    for (size_t i = 0; i < pool->message_count; i++)
        hk_pool_message_fini(&pool->messages[i]);
    while (pool->books != NULL) {
        struct book *book = pool->books;
        pool->books = book->older;
        book_free(book);
    }
    hk_free(pool->messages);
    hk_bytes_fini(&pool->frame);
    hk_free(pool->worker_path);
    pool->magic = 0;
    hk_free(pool);
}

int hk_pool_start(const struct hk_pool_options *options, struct hk_pool **started,
                  struct hk_fault *fault)
{
    struct hk_pool *pool = hk_alloc_zero_or_die(1, sizeof(*pool));
    pool->magic = POOL_MAGIC;
    pool->worker_path = hk_strdup_or_die(options->worker_path);
    const struct hk_pool_thread_setup setup = { .worker_path = pool->worker_path,
                                                .facts = options->facts,
                                                .arg = options->arg };
    int code = hk_pool_thread_start(&setup, &pool->thread);
    if (code != 0) {
        pool_free(pool);
        return hk_fault_set(fault, code, "the policy thread cannot be started: %s",
                            hk_error_text(code));
    }
    hk_pool_swap(pool, &options->policy, options->plan_bytes_max, options->scripts);
    hk_pool_flush(pool);
    *started = pool;
    return 0;
}

void hk_pool_status(struct hk_pool *pool, struct hk_pool_status *status)
{
    HK_CHECK(pool, POOL_MAGIC);
    hk_pool_thread_status(pool->thread, status);
}

void hk_pool_stop(struct hk_pool *pool)
{
    HK_CHECK(pool, POOL_MAGIC);
    hk_pool_thread_stop(pool->thread);
    pool_free(pool);
}
