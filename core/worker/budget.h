// SPDX-License-Identifier: Apache-2.0
/** Budget: the CPU time that one phase of a state may use, on the thread's own clock.
 *
 * Three eyes are on it: the count hook (every HK_BUDGET_INSTRUCTIONS of Lua), hk_state_charge (C
 * code of the api), and the allocator (large blocks, refusals). When it is spent an error is
 * raised, and the hook comes at every instruction from then on, so that nothing can catch it and
 * go on. What none of them sees (a table whose keys were chosen to collide grows in one
 * instruction, for seconds) ends at the parent's deadline. Thread: the worker has one. */
#pragma once
#include "worker/state.h"

/** A tight loop pays 2x for the hook at any count (measured); a smaller one costs more. */
#define HK_BUDGET_INSTRUCTIONS 1000
/** Charged steps between two looks at the clock: about 10 us. */
#define HK_BUDGET_CHARGE_MAX 1000

/** Gets the CPU time of this thread in nanoseconds. */
uint64_t hk_budget_clock_ns(void);

/** Gets the time that only waiting moves, in milliseconds. */
int64_t hk_budget_wait_clock_ms(void);

/** Sets the count hook in a new state. */
void hk_budget_open(struct hk_state *state);

/** Starts a budget of `ms`. */
void hk_budget_start(struct hk_state *state, uint64_t ms);

/** For the allocator, which cannot raise: charges, and makes the hook come at the next instruction
 * when the budget may be spent. */
void hk_budget_note(struct hk_state *state, size_t work);
