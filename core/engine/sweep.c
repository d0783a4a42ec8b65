// SPDX-License-Identifier: Apache-2.0
#include "engine/sweep.h"

#include "engine/directory.h"
#include "engine/finish.h"
#include "engine/queue.h"

void hk__sweep_add(struct hk_engine *engine, uint32_t endpoint)
{
    hk__list_push(&engine->sweep.gone, endpoint);
    engine->sweep.cursor = 0;
    engine->sweep.is_scanning = true;
}

bool hk__sweep_is_due(const struct hk_engine *engine)
{
    return engine->sweep.gone.count > 0 || engine->sweep.is_scanning;
}

static void drop(struct hk_engine *engine, uint32_t delivery)
{
    enum hk_reason reason =
        hk__directory_gone_reason(engine, hk__delivery(engine, delivery)->endpoint);
    hk__finish_delivery(engine, delivery, HK_DELIVERY_DROPPED, reason);
}

/* The row itself stays until it is reaped, at the earliest in the next step. */
static void queues_run(struct hk_engine *engine)
{
    struct hk_list *gone = &engine->sweep.gone;
    while (gone->first != HK_NONE && hk__work_take(engine)) {
        uint32_t endpoint = gone->first;
        uint32_t delivery = hk__queue_pop(engine, endpoint);
        if (delivery == HK_NONE)
            hk__list_remove(gone, endpoint);
        else
            drop(engine, delivery);
    }
}

static bool is_waiting_for_nobody(const struct hk_engine *engine, uint32_t delivery)
{
    if (!hk_slots_is_taken(&engine->deliveries, delivery))
        return false;
    const struct hk_delivery_row *row = hk__delivery(engine, delivery);
    return row->state == HK_DELIVERY_WAITING && hk__endpoint(engine, row->endpoint)->is_deleted;
}

void hk__sweep_run(struct hk_engine *engine)
{
    struct hk_sweep *sweep = &engine->sweep;
    queues_run(engine);
    while (sweep->is_scanning && sweep->gone.count == 0 && hk__work_take(engine)) {
        if (sweep->cursor >= engine->deliveries.fresh) {
            sweep->is_scanning = false;
            return;
        }
        uint32_t delivery = sweep->cursor++;
        if (!is_waiting_for_nobody(engine, delivery))
            continue;
        hk_heap_remove(&engine->waits, hk__delivery(engine, delivery)->link);
        engine->stats.deliveries_waiting--;
        drop(engine, delivery);
    }
}
