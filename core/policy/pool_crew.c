// SPDX-License-Identifier: Apache-2.0
#include "policy/pool_crew.h"

#include "base/alloc.h"

#include <unistd.h>

/** Workers when the config says nothing: one a processor, at most so many. */
#define WORKERS_MAX_DEFAULT 8

void hk_pool_edition_free(struct hk_pool_edition *edition)
{
    if (edition == NULL)
        return;
    hk_scripts_unref(edition->scripts);
    hk_free(edition->numbers);
    hk_free(edition);
}

static uint32_t count_workers(const struct hk_policy_options *policy)
{
    if (policy->workers != 0)
        return policy->workers;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (processors < 1)
        return 1;
    return processors < WORKERS_MAX_DEFAULT ? (uint32_t)processors : WORKERS_MAX_DEFAULT;
}

struct hk_pool_crew *hk_pool_crew_new(struct hk_pool_desk *desk, const char *worker_path,
                                      const struct hk_pool_edition *edition)
{
    struct hk_pool_crew *crew = hk_alloc_zero_or_die(1, sizeof(*crew));
    crew->scripts = hk_scripts_ref(edition->scripts);
    crew->policy = edition->policy;
    crew->setup = (struct hk_process_setup){ .worker_path = worker_path,
                                             .policy = &crew->policy,
                                             .plan_bytes_max = edition->plan_bytes_max,
                                             .tables = crew->scripts->tables,
                                             .table_count = crew->scripts->table_count };
    crew->worker_count = count_workers(&crew->policy);
    crew->workers = hk_alloc_zero_or_die(crew->worker_count, sizeof(*crew->workers));
    for (uint32_t i = 0; i < crew->worker_count; i++)
        hk_pool_worker_init(&crew->workers[i], desk, &crew->setup);
    return crew;
}

void hk_pool_crew_free(struct hk_pool_crew *crew)
{
    for (uint32_t i = 0; i < crew->worker_count; i++)
        hk_pool_worker_fini(&crew->workers[i]);
    hk_free(crew->workers);
    hk_scripts_unref(crew->scripts);
    hk_free(crew);
}

struct hk_pool_worker *hk_pool_crew_worker(struct hk_pool_crew *crew, uint64_t merchant_id)
{
    // Ids often follow each other or are multiples of something: the multiplication (by 2^64 over
    // the golden ratio) spreads them, its upper half is the place.
    uint64_t spread = (merchant_id * UINT64_C(0x9E3779B97F4A7C15)) >> 32;
    return &crew->workers[spread * crew->worker_count >> 32];
}

void hk_pool_crew_tick(struct hk_pool_crew *crew)
{
    for (uint32_t i = 0; i < crew->worker_count; i++)
        hk_pool_worker_tick(&crew->workers[i]);
}

void hk_pool_crew_push(struct hk_pool_crew *crew)
{
    for (uint32_t i = 0; i < crew->worker_count; i++)
        hk_pool_worker_push(&crew->workers[i]);
}

void hk_pool_crew_forget(struct hk_pool_crew *crew, uint32_t number)
{
    for (uint32_t i = 0; i < crew->worker_count; i++)
        hk_pool_worker_forget(&crew->workers[i], number);
}

bool hk_pool_crew_is_quiet(const struct hk_pool_crew *crew)
{
    for (uint32_t i = 0; i < crew->worker_count; i++) {
        if (!hk_pool_worker_is_quiet(&crew->workers[i]))
            return false;
    }
    return true;
}

bool hk_pool_crew_is_done(const struct hk_pool_crew *crew)
{
    for (uint32_t i = 0; i < crew->worker_count; i++) {
        if (crew->workers[i].first != NULL)
            return false;
    }
    return true;
}

uint32_t hk_pool_crew_running(const struct hk_pool_crew *crew)
{
    uint32_t running = 0;
    for (uint32_t i = 0; i < crew->worker_count; i++)
        running += crew->workers[i].state == HK_POOL_RUNNING;
    return running;
}
