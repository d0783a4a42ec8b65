// SPDX-License-Identifier: Apache-2.0
#include "store.h"

#include "clock.h"
#include "memory.h"

#include <string.h>

void hk_store_init(struct hk_store *store, size_t count_max, size_t bytes_max)
{
    *store = (struct hk_store){ .count_max = count_max, .bytes_max = bytes_max, .first_seq = 1 };
    if (count_max > 0) {
        store->ring = hk_memory_new(count_max * sizeof(struct hk_request *));
    }
}

struct hk_request *hk_store_find(const struct hk_store *store, uint64_t seq)
{
    if (store->count_max == 0 || seq < store->first_seq || seq > store->last_seq) {
        return NULL;
    }
    return store->ring[seq % store->count_max];
}

static void drop_oldest(struct hk_store *store)
{
    struct hk_request **slot = &store->ring[store->first_seq % store->count_max];
    store->bytes -= (*slot)->head_bytes + (*slot)->body_bytes;
    hk_memory_free(*slot);
    *slot = NULL;
    store->first_seq++;
}

void hk_store_clear(struct hk_store *store)
{
    while (store->count_max > 0 && store->first_seq <= store->last_seq) {
        drop_oldest(store);
    }
    store->cleared_seq = store->last_seq;
    store->malformed = 0;
}

void hk_store_fini(struct hk_store *store)
{
    hk_store_clear(store);
    hk_memory_free(store->ring);
}

static void keep(struct hk_store *store, const struct hk_arrival *arrival)
{
    size_t bytes = arrival->head.bytes + arrival->body.bytes;
    while (store->first_seq < store->last_seq &&
           (store->last_seq - store->first_seq >= store->count_max ||
            store->bytes + bytes > store->bytes_max)) {
        drop_oldest(store);
    }
    struct hk_request *request = hk_memory_new(sizeof *request + bytes);
    request->seq = store->last_seq;
    request->wall_ms = hk_clock_wall_ms();
    request->mono_us = hk_clock_mono_us();
    request->connection = arrival->connection;
    request->on_connection = arrival->on_connection;
    request->port = arrival->port;
    request->is_tls = arrival->is_tls;
    request->is_complete = arrival->is_complete;
    request->is_malformed = arrival->is_malformed;
    request->path = arrival->path;
    request->head_bytes = arrival->head.bytes;
    request->body_bytes = arrival->body.bytes;
    memcpy(request->data, arrival->head.at, arrival->head.bytes);
    if (arrival->body.bytes > 0) {
        memcpy(request->data + arrival->head.bytes, arrival->body.at, arrival->body.bytes);
    }
    store->bytes += bytes;
    store->ring[request->seq % store->count_max] = request;
}

uint64_t hk_store_add(struct hk_store *store, const struct hk_arrival *arrival,
                      struct hk_path_id **id)
{
    uint64_t seq = ++store->last_seq;
    *id = NULL;
    if (arrival->path != NULL) {
        arrival->path->tally.requests++;
        arrival->path->tally.complete += arrival->is_complete;
        if (store->counts_ids && arrival->webhook_id.bytes > 0) {
            *id = hk_path_note_id(arrival->path, arrival->webhook_id, seq);
        }
    }
    store->malformed += arrival->is_malformed;
    if (store->count_max > 0) {
        keep(store, arrival);
    }
    return seq;
}

void hk_request_answer(struct hk_request *request, enum hk_answered answered, int status)
{
    request->answered = answered;
    request->status = status;
    request->answered_mono_us = hk_clock_mono_us();
}
