// SPDX-License-Identifier: Apache-2.0
#include "worker/budget.h"

#include "base/check.h"
#include "worker/message.h"

#include <lauxlib.h>
#include <time.h>

#define NS_PER_MS UINT64_C(1000000)

uint64_t hk_budget_clock_ns(void)
{
    struct timespec now;
    hk_assert(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

int64_t hk_budget_wait_clock_ms(void)
{
    struct timespec now;
    hk_assert(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_spent(const struct hk_state *state)
{
    return state->deadline_ns != 0 && hk_budget_clock_ns() >= state->deadline_ns;
}

static void on_count(lua_State *L, lua_Debug *debug)
{
    struct hk_state *state = hk_state_of(L);
    (void)debug;
    if (state->end != HK_STATE_GOES_ON || is_spent(state))
        hk_state_out_of_time(L);
    if (state->is_armed) {
        state->is_armed = false;
        lua_sethook(L, on_count, LUA_MASKCOUNT, HK_BUDGET_INSTRUCTIONS);
    }
}

static void arm(struct hk_state *state)
{
    if (state->is_armed)
        return;
    state->is_armed = true;
    lua_sethook(state->L, on_count, LUA_MASKCOUNT, 1);
}

void hk_budget_open(struct hk_state *state)
{
    lua_sethook(state->L, on_count, LUA_MASKCOUNT, HK_BUDGET_INSTRUCTIONS);
}

void hk_budget_start(struct hk_state *state, uint64_t ms)
{
    state->started_ns = hk_budget_clock_ns();
    state->deadline_ns = state->started_ns + ms * NS_PER_MS;
    state->charge = 0;
    state->end = HK_STATE_GOES_ON;
    if (state->is_armed) {
        state->is_armed = false;
        hk_budget_open(state);
    }
}

void hk_budget_note(struct hk_state *state, size_t work)
{
    if (state->L == NULL || state->deadline_ns == 0)
        return;
    state->charge += work > HK_BUDGET_CHARGE_MAX ? HK_BUDGET_CHARGE_MAX : (uint32_t)work;
    if (state->charge < HK_BUDGET_CHARGE_MAX)
        return;
    state->charge = 0;
    if (is_spent(state))
        arm(state);
}

void hk_state_charge(lua_State *L, uint32_t work)
{
    struct hk_state *state = hk_state_of(L);
    uint32_t charge = state->charge + (work > HK_BUDGET_CHARGE_MAX ? HK_BUDGET_CHARGE_MAX : work);
    state->charge = charge;
    if (charge < HK_BUDGET_CHARGE_MAX)
        return;
    state->charge = 0;
    if (is_spent(state))
        hk_state_out_of_time(L);
}

void hk_state_out_of_time(lua_State *L)
{
    struct hk_state *state = hk_state_of(L);
    if (state->end == HK_STATE_GOES_ON) {
        state->end = HK_STATE_OUT_OF_TIME;
        hk_message_place(L, state->place);
    }
    arm(state);
    // The text is short, and no instruction of the script runs any more: the cap may wait.
    state->is_unlimited = true;
    lua_pushliteral(L, "the budget is spent");
    lua_error(L);
    __builtin_unreachable();
}

uint32_t hk_state_cpu_us(const struct hk_state *state)
{
    uint64_t us = (hk_budget_clock_ns() - state->started_ns) / 1000;
    return us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}
