// SPDX-License-Identifier: Apache-2.0
#include "engine/details.h"

static void make_room(struct hk_engine *engine, size_t more)
{
    struct hk_finished *finished = &engine->finished;
    while (engine->detail_bytes + more > HK_DETAIL_BYTES_MAX && finished->detailed_count > 0) {
        uint32_t oldest =
            (finished->next + HK_FINISHED_MAX - finished->detailed_count) % HK_FINISHED_MAX;
        finished->detailed_count--;
        if (finished->events[oldest])
            hk__details_strip(engine, finished->events[oldest]);
    }
}

struct hk_body *hk__details_keep(struct hk_engine *engine, struct hk_body *own_detail)
{
    if (!own_detail)
        return NULL;
    size_t bytes = hk_body_memory(own_detail);
    make_room(engine, bytes);
    if (engine->detail_bytes + bytes > HK_DETAIL_BYTES_MAX) {
        hk_body_unref(own_detail);
        return NULL;
    }
    engine->detail_bytes += bytes;
    return own_detail;
}

void hk__details_drop(struct hk_engine *engine, struct hk_body *own_detail)
{
    if (!own_detail)
        return;
    hk_assert(engine->detail_bytes >= hk_body_memory(own_detail));
    engine->detail_bytes -= hk_body_memory(own_detail);
    hk_body_unref(own_detail);
}

void hk__details_enter(struct hk_engine *engine, const struct hk_event *event)
{
    for (uint32_t i = 0; i < event->delivery_count; i++) {
        const struct hk_delivery *delivery = &event->deliveries[i];
        for (uint32_t k = 0; k < delivery->kept_count; k++)
            if (delivery->attempts[k].detail)
                engine->detail_bytes += hk_body_memory(delivery->attempts[k].detail);
    }
    if (engine->finished.detailed_count < HK_FINISHED_MAX)
        engine->finished.detailed_count++;
}

void hk__details_strip(struct hk_engine *engine, struct hk_event *event)
{
    for (uint32_t i = 0; i < event->delivery_count; i++) {
        struct hk_delivery *delivery = &event->deliveries[i];
        for (uint32_t k = 0; k < delivery->kept_count; k++) {
            hk__details_drop(engine, delivery->attempts[k].detail);
            delivery->attempts[k].detail = NULL;
        }
    }
}

void hk__details_lend(struct hk_engine *engine, struct hk_body *detail)
{
    if (!detail)
        return;
    struct hk_body *lent = hk_body_ref(detail);
    hk__fifo_push(&engine->lent_details, &lent);
}
