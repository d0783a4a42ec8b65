// SPDX-License-Identifier: Apache-2.0
/** State: one capped lua_State: a merchant's own of one script. Memory is counted against a cap,
 * CPU against a budget; both end in an ordinary Lua error that the script cannot swallow.
 *
 * A state is found from its lua_State through hk_state_of (lua_getextraspace). What C code of the
 * api may do for long is charged with hk_state_charge.
 * Thread: the worker has one. */
#pragma once
#include "base/prng.h"
#include "policy/table.h"
#include "policy/wire.h"

#include <lua.h>

#define HK_STATE_MAGIC UINT32_C(0x53544154)
/** Lines of hook.log that one run may leave, and bytes of each. */
#define HK_STATE_LOGS_MAX 20
#define HK_STATE_LOG_BYTES_MAX 256

/** A lookup table that the worker has mapped. */
struct hk_state_table {
    struct hk_slice name;
    struct hk_table_view view;
};

/** What all states of a worker share. */
struct hk_state_world {
    uint32_t time_ms_max;
    uint32_t memory_bytes_max;
    uint64_t plan_bytes_max;
    struct hk_state_table *tables;
    uint32_t table_count;
};

/** Why the last protected call failed, when it was not an ordinary error. */
enum hk_state_end { HK_STATE_GOES_ON, HK_STATE_OUT_OF_TIME, HK_STATE_OUT_OF_MEMORY };

struct hk_state {
    uint32_t magic;
    lua_State *L;
    const struct hk_state_world *world;
    const struct hk_wire_script *script; /**< Borrowed for the life of the state. */
    size_t memory_used;
    bool is_unlimited;        /**< While C code of ours must not fail; never while a script runs. */
    uint64_t deadline_ns;     /**< On CLOCK_THREAD_CPUTIME_ID; 0: no budget runs. */
    uint32_t charge;          /**< Work charged since the clock was last looked at. */
    enum hk_state_end end;    /**< Sticky until the next hk_state_begin: own pcall raises again. */
    struct hk_prng prng;      /**< Seeded by the event: hook.random. */
    struct hk_bytes log_text; /**< Lines of this run, one after the other. */
    struct hk_wire_log
        logs[HK_STATE_LOGS_MAX]; /**< `text.at` is an offset until the answer is made. */
    uint32_t log_count;
    uint32_t hooks;               /**< That the script has. */
    const char *hook_name;        /**< The hook that runs, for messages; NULL: none. */
    bool is_loading;              /**< hook.require works now. */
    struct hk_slice required[64]; /**< Libraries that it required. */
    uint32_t required_count;
};

/** Makes a state: sandbox, hook.*, and the script loaded into it and checked: `hooks` is set. 0, or
 * HK_ESYNTAX with "NAME.lua:LINE: what" in `fault` (a name of a hook that is none, with the nearest
 * one; `api` other than 1; a hook that is no function; an error or a spent budget while loading);
 * HK_ENOMEM. */
HK_MUST_CHECK int hk_state_new(const struct hk_state_world *world,
                               const struct hk_wire_script *script, struct hk_state **state,
                               struct hk_fault *fault);
void hk_state_free(struct hk_state *state);

static inline struct hk_state *hk_state_of(lua_State *L)
{
    return *(struct hk_state **)lua_getextraspace(L);
}

/** Starts the budget of a phase, empties the logs, seeds hook.random from the event. */
void hk_state_begin(struct hk_state *state, const struct hk_uuid *event);

/** Charges `work` steps (about 10 ns each) of C code to the budget: looks at the clock now and
 * then, and raises when it is spent. For every loop whose length a script decides. */
void hk_state_charge(lua_State *L, uint32_t work);

/** Raises "TIME" for good: the budget is spent. Does not return. */
_Noreturn void hk_state_out_of_time(lua_State *L);

/** Pushes the script's hook. Asserts that it has it. */
void hk_state_push_hook(struct hk_state *state, enum hk_hook hook);

/** lua_pcall with the message handler that adds where; the one way into a script. Gets 0, or the
 * failure and its text ("NAME.lua:LINE: in route: what"), which lives until the next call. */
int hk_state_call(struct hk_state *state, int argument_count, int result_count,
                  enum hk_policy_failure *failure, struct hk_slice *text);

/** Runs `function(L)` with `arg` as light userdata at index 1, protected likewise: for pushing
 * values and reading results, which may raise. Leaves `result_count` values. */
int hk_state_protect(struct hk_state *state, lua_CFunction function, void *arg, int result_count,
                     enum hk_policy_failure *failure, struct hk_slice *text);

/** Gets how long the current budget has run, in microseconds of CPU. */
uint32_t hk_state_cpu_us(const struct hk_state *state);
