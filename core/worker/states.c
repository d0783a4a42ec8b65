// SPDX-License-Identifier: Apache-2.0
#include "worker/states.h"

#include "base/check.h"
#include "worker/budget.h"

#include <stddef.h>

struct state_row {
    uint64_t merchant_id;
    uint32_t script;
    uint32_t newer, older;
    size_t bytes; /**< As counted in `states->bytes`. */
    int64_t used_ms;
    struct hk_state *state;
};

struct state_key {
    uint64_t merchant_id;
    uint64_t script;
};

static const struct hk_hash_key unkeyed; // Merchants are the operator's to number.

static struct state_row *row_of(const struct hk_states *states, uint32_t slot)
{
    return hk_slots_row(&states->rows, slot);
}

static bool matches(const void *owner, uint32_t slot, const void *key)
{
    const struct state_row *row = row_of(owner, slot);
    const struct state_key *wanted = key;
    return row->merchant_id == wanted->merchant_id && row->script == wanted->script;
}

static uint64_t hash_of(const struct state_key *key)
{
    return hk_hash64(&unkeyed, key, sizeof(*key));
}

void hk_states_init(struct hk_states *states, const struct hk_state_world *world, uint32_t idle_ms)
{
    *states = (struct hk_states){
        .world = world,
        .idle_ms = idle_ms,
        .oldest = HK_SLOT_NONE,
        .newest = HK_SLOT_NONE,
    };
    hk_slots_init(&states->rows, sizeof(struct state_row));
    hk_index_init(&states->index, matches, states);
}

static void unlink_row(struct hk_states *states, uint32_t slot)
{
    const struct state_row *row = row_of(states, slot);
    if (row->older == HK_SLOT_NONE)
        states->oldest = row->newer;
    else
        row_of(states, row->older)->newer = row->newer;
    if (row->newer == HK_SLOT_NONE)
        states->newest = row->older;
    else
        row_of(states, row->newer)->older = row->older;
}

static void link_newest(struct hk_states *states, uint32_t slot)
{
    struct state_row *row = row_of(states, slot);
    row->newer = HK_SLOT_NONE;
    row->older = states->newest;
    if (states->newest == HK_SLOT_NONE)
        states->oldest = slot;
    else
        row_of(states, states->newest)->newer = slot;
    states->newest = slot;
}

static void drop(struct hk_states *states, uint32_t slot)
{
    const struct state_row *row = row_of(states, slot);
    struct state_key key = { row->merchant_id, row->script };
    unlink_row(states, slot);
    states->bytes -= row->bytes;
    hk_state_free(row->state);
    hk_index_remove(&states->index, hash_of(&key), slot);
    hk_slots_free(&states->rows, slot);
}

static int make(struct hk_states *states, const struct state_key *key,
                const struct hk_wire_script *script, uint32_t *slot, struct hk_fault *fault)
{
    struct hk_state *state;
    uint64_t start_ns = hk_budget_clock_ns();
    while (states->rows.count >= HK_STATES_MAX)
        drop(states, states->oldest);
    int code = hk_state_new(states->world, script, &state, fault);
    states->load_us = (uint32_t)((hk_budget_clock_ns() - start_ns) / 1000);
    if (code < 0)
        return code;
    if (hk_slots_take(&states->rows, slot) != 0) {
        hk_state_free(state);
        return hk_fault_set(fault, HK_ENOMEM, "out of memory");
    }
    *row_of(states, *slot) = (struct state_row){
        .merchant_id = key->merchant_id,
        .script = script->script,
        .state = state,
    };
    if (hk_index_insert(&states->index, hash_of(key), *slot) != 0) {
        hk_slots_free(&states->rows, *slot);
        hk_state_free(state);
        return hk_fault_set(fault, HK_ENOMEM, "out of memory");
    }
    link_newest(states, *slot);
    return 0;
}

int hk_states_get(struct hk_states *states, uint64_t merchant_id,
                  const struct hk_wire_script *script, struct hk_state **state,
                  struct hk_fault *fault)
{
    struct state_key key = { merchant_id, script->script };
    uint32_t slot = hk_index_find(&states->index, hash_of(&key), &key);
    states->load_us = 0;
    if (slot == HK_INDEX_NONE) {
        int code = make(states, &key, script, &slot, fault);
        if (code < 0)
            return code;
    } else if (slot != states->newest) {
        unlink_row(states, slot);
        link_newest(states, slot);
    }
    *state = row_of(states, slot)->state;
    return 0;
}

void hk_states_rest(struct hk_states *states, bool is_spoilt)
{
    hk_assert(states->newest != HK_SLOT_NONE);
    struct state_row *row = row_of(states, states->newest);
    if (is_spoilt) {
        drop(states, states->newest);
        return;
    }
    states->bytes += row->state->memory_used - row->bytes;
    row->bytes = row->state->memory_used;
    row->used_ms = hk_budget_wait_clock_ms();
    while (states->bytes > HK_STATES_BYTES_MAX && states->oldest != states->newest)
        drop(states, states->oldest);
}

void hk_states_drop_script(struct hk_states *states, uint32_t script)
{
    for (uint32_t slot = states->oldest; slot != HK_SLOT_NONE;) {
        uint32_t newer = row_of(states, slot)->newer;
        if (row_of(states, slot)->script == script)
            drop(states, slot);
        slot = newer;
    }
}

void hk_states_drop_idle(struct hk_states *states)
{
    if (states->oldest == HK_SLOT_NONE)
        return;
    int64_t now_ms = hk_budget_wait_clock_ms();
    while (states->oldest != HK_SLOT_NONE &&
           now_ms - row_of(states, states->oldest)->used_ms > (int64_t)states->idle_ms)
        drop(states, states->oldest);
}
