// SPDX-License-Identifier: Apache-2.0
/** States: one hk_state a (merchant, script), made at its first run, dropped when it is idle, when
 * there are too many, when they take too much, or when it failed: what a failure left half done
 * must not be seen by the next event. Thread: the worker has one. */
#pragma once
#include "base/hash.h"
#include "base/slots.h"
#include "worker/state.h"

/** The most states of one worker, and the most memory that they may take together: 10,000 merchants
 * on two workers stay below 1 GiB. */
#define HK_STATES_MAX 16384
#define HK_STATES_BYTES_MAX (UINT64_C(256) << 20)

struct hk_states {
    const struct hk_state_world *world;
    uint32_t idle_ms;
    struct hk_slots rows;
    struct hk_index index;
    uint32_t oldest, newest; /**< In order of use; HK_SLOT_NONE: none. */
    uint64_t bytes;
    uint32_t load_us; /**< CPU that hk_states_get used to make the state, or to fail; 0: it stood
                           ready. */
};

void hk_states_init(struct hk_states *states, const struct hk_state_world *world, uint32_t idle_ms);

/** Gets the state of a merchant and a script, made if need be. Errors as hk_state_new. It is the
 * newest then; give it back with hk_states_rest. */
HK_MUST_CHECK int hk_states_get(struct hk_states *states, uint64_t merchant_id,
                                const struct hk_wire_script *script, struct hk_state **state,
                                struct hk_fault *fault);

/** Ends the use of the state that was got last. `is_spoilt`: it is not used again. */
void hk_states_rest(struct hk_states *states, bool is_spoilt);

/** Drops all states of a script. */
void hk_states_drop_script(struct hk_states *states, uint32_t script);

/** Drops those that were not used for idle_ms. */
void hk_states_drop_idle(struct hk_states *states);
