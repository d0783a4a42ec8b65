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
/** Libraries that one script may require, those that its libraries require included. */
#define HK_STATE_LIBRARIES_MAX 64
/** Longest "NAME.lua:LINE". */
#define HK_STATE_PLACE_MAX 96
/** Loading a script, and one `it` of a spec, may take so many times the budget of a phase. */
#define HK_STATE_SLOW_FACTOR 10

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
    bool is_loading;          /**< hook.require works now. */
    bool is_wrong_return;     /**< The error that is on its way is about what a hook returned. */
    bool is_armed;            /**< The count hook comes at each instruction. */
    enum hk_state_end end;    /**< Sticky until the next hk_state_begin: own pcall raises again. */
    uint64_t started_ns;      /**< Of the budget, on CLOCK_THREAD_CPUTIME_ID... */
    uint64_t deadline_ns;     /**< ...and its end; 0: no budget runs. */
    uint32_t charge;          /**< Work charged since the clock was last looked at. */
    uint32_t hooks;           /**< That the script has. */
    const char *hook_name;    /**< The hook that runs, for messages; NULL: none. */
    int hook_refs[5];         /**< In the registry, by bit of enum hk_hook. */
    int hook_lines[5];        /**< Where they are defined. */
    int hook_line;            /**< Of the hook that runs. */
    struct hk_prng prng;      /**< Seeded by the event: hook.random. */
    struct hk_bytes log_text; /**< Lines of this run, one after the other. */
    struct hk_wire_log logs[HK_STATE_LOGS_MAX]; /**< `text.at` is an offset until the answer is
                                                     made. */
    uint32_t log_count;
    uint32_t required_count;
    struct hk_slice *required;      /**< Libraries that it required; HK_STATE_LIBRARIES_MAX. */
    char place[HK_STATE_PLACE_MAX]; /**< Where a fence was met: "NAME.lua:LINE", or empty. */
    struct hk_bytes fault_text;     /**< What the last failure said. */
};

/** Makes a state: sandbox, hook.*, and the script loaded into it and checked: `hooks` is set. 0, or
 * HK_ESYNTAX with "NAME.lua:LINE: what" in `fault` (a name of a hook that is none, with the nearest
 * one; `api` other than 1; a hook that is no function; an error or a spent budget while loading);
 * HK_ENOMEM. */
HK_MUST_CHECK int hk_state_new(const struct hk_state_world *world,
                               const struct hk_wire_script *script, struct hk_state **state,
                               struct hk_fault *fault);

/** The same without loading the script: only the sandbox. 0 or HK_ENOMEM. */
HK_MUST_CHECK int hk_state_open(const struct hk_state_world *world,
                                const struct hk_wire_script *script, struct hk_state **state,
                                struct hk_fault *fault);
void hk_state_free(struct hk_state *state);

static inline struct hk_state *hk_state_of(lua_State *L)
{
    return *(struct hk_state **)lua_getextraspace(L);
}

/** Starts the budget of a phase, empties the logs, seeds hook.random from the event. */
void hk_state_begin(struct hk_state *state, const struct hk_uuid *event);

/** The same with `factor` times the budget. */
void hk_state_begin_slow(struct hk_state *state, const struct hk_uuid *event, uint32_t factor);

/** Charges `work` steps (about 10 ns each) of C code to the budget: looks at the clock now and
 * then, and raises when it is spent. For every loop whose length a script decides. */
void hk_state_charge(lua_State *L, uint32_t work);

/** Raises "TIME" for good: the budget is spent. Does not return. */
_Noreturn void hk_state_out_of_time(lua_State *L);

/** Pushes the script's hook, which runs from here on for messages. Asserts that it has it. */
void hk_state_push_hook(struct hk_state *state, enum hk_hook hook);

/** Says that no hook runs. */
void hk_state_leave_hook(struct hk_state *state);

/** lua_pcall with the message handler that adds where; the one way into a script. Gets 0, or -1
 * with the failure and its text ("NAME.lua:LINE: in route: what"), which lives until the next
 * call. */
int hk_state_call(struct hk_state *state, int argument_count, int result_count,
                  enum hk_policy_failure *failure, struct hk_slice *text);

/** Runs `function(L)` with `arg` as light userdata at index 1, protected likewise: for pushing
 * values and reading results, which may raise. Leaves nothing on the stack. */
int hk_state_protect(struct hk_state *state, lua_CFunction function, void *arg,
                     enum hk_policy_failure *failure, struct hk_slice *text);

/** Gets how long the current budget has run, in microseconds of CPU. */
uint32_t hk_state_cpu_us(const struct hk_state *state);
