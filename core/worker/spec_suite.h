// SPDX-License-Identifier: Apache-2.0
/** Spec suite: what the parts of spec mode share: the file that is run, in a state of its own, and
 * the policies that it runs, each time in a fresh one. Private to spec*.c.
 * Thread: the worker has one. */
#pragma once
#include "worker/plan.h"

/** Describes inside one another. */
#define HK__SPEC_LEVELS_MAX 16

/** Memory for one run of a policy. It is here and not on the stack of a C function, because pushing
 * what came out may raise. */
struct hk__spec_run {
    struct hk_state *state; /**< Of the policy. */
    struct hk_wire_script script;
    struct hk_plan_draft draft;
    struct hk_bytes body, type, key;
    struct hk_bytes headers; /**< RETRY: "name: value\n" lines. */
    struct hk_wire_endpoint *endpoints;
    struct hk_slice *labels;
};

struct hk__spec_suite {
    const struct hk_state_world *world;
    const struct hk_wire_spec *spec;
    struct hk_wire_script script; /**< The spec file as a script. */
    struct hk_state *state;       /**< In which it runs. */
    bool is_running;              /**< The file is read; now its tests run. */
    uint32_t test_count;
    uint32_t test; /**< The one that runs, from 1. */
    struct hk__spec_run run;
    struct hk_bytes texts;               /**< Names and faults of the results. */
    struct hk_wire_spec_result *results; /**< `at` is an offset into them until all are in. */
    uint32_t result_count, result_capacity;
    struct hk_bytes fault; /**< Of the file. */
};

/** Gets the suite of a C function whose upvalue it is. */
static inline struct hk__spec_suite *hk__spec_suite_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

/** Makes the global `assert`. Raises on lack of memory, like those below. */
void hk__spec_open_assert(lua_State *L);

/** Makes the global `spec`. */
void hk__spec_open_policy(lua_State *L, struct hk__spec_suite *suite);
void hk__spec_run_fini(struct hk__spec_run *run);

/** Fills a run from the table at `table`; raises what is wrong with it. Texts are borrowed from the
 * table. */
void hk__spec_read_plan(lua_State *L, int table, struct hk__spec_suite *suite,
                        struct hk_wire_run *run);
void hk__spec_read_retry(lua_State *L, int table, struct hk__spec_suite *suite,
                         struct hk_wire_run *run);
