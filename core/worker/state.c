// SPDX-License-Identifier: Apache-2.0
#include "worker/state.h"

#include "base/alloc.h"
#include "base/check.h"
#include "worker/budget.h"
#include "worker/loader.h"
#include "worker/message.h"
#include "worker/sandbox.h"

#include <lauxlib.h>
#include <unistd.h>

/** Blocks from this size on are work by themselves: pages to fault in, bytes to copy. */
#define LARGE_BYTES 1024
#define BYTES_A_STEP 64
/** The collector starts when memory has grown to so many percent of what was left the last time:
 * states are small, and an event is mostly garbage. */
#define COLLECTOR_PAUSE 300

/** Says no, once the collector has tried: where that was is kept for the message, because an error
 * of memory reaches no handler. */
static void *refuse(struct hk_state *state)
{
    char place[HK_STATE_PLACE_MAX] = "";
    if (state->L != NULL)
        hk_message_place(state->L, place);
    // When the error is caught Lua asks for a smaller stack: that is no place of the script.
    if (place[0] != '\0')
        memcpy(state->place, place, sizeof(place));
    // A whole collection went before; a script that goes on like this must meet the clock.
    hk_budget_note(state, HK_BUDGET_CHARGE_MAX);
    return NULL;
}

/** lua_Alloc. Shrinking never fails. */
static void *allocate(void *arg, void *pointer, size_t old_size, size_t new_size)
{
    struct hk_state *state = arg;
    size_t had = pointer != NULL ? old_size : 0; // without a pointer it is the kind of object
    if (new_size == 0) {
        state->memory_used -= had;
        hk_free(pointer);
        return NULL;
    }
    if (new_size > had && !state->is_unlimited) {
        if (new_size - had > state->world->memory_bytes_max ||
            state->memory_used > state->world->memory_bytes_max - (new_size - had))
            return refuse(state);
    }
    void *moved = hk_realloc(pointer, 1, new_size);
    if (moved == NULL && new_size > had)
        return refuse(state);
    state->memory_used = state->memory_used - had + new_size;
    if (new_size >= LARGE_BYTES)
        hk_budget_note(state, new_size / BYTES_A_STEP);
    return moved != NULL ? moved : pointer;
}

/** An error outside of a protected call: a fault of ours. */
static int on_panic(lua_State *L)
{
    static const char line[] = "hookd-policy: an error outside of a protected call\n";
    ssize_t written = write(STDERR_FILENO, line, sizeof(line) - 1);
    (void)L;
    (void)written;
    hk_check_failed("no error of Lua outside of a protected call", __FILE__, __LINE__);
}

static int open_sandbox(lua_State *L)
{
    lua_gc(L, LUA_GCINC, COLLECTOR_PAUSE, 0, 0);
    hk_sandbox_open(L);
    return 0;
}

int hk_state_open(const struct hk_state_world *world, const struct hk_wire_script *script,
                  struct hk_state **state, struct hk_fault *fault)
{
    struct hk_state *made = hk_alloc_zero(1, sizeof(*made));
    if (made == NULL)
        return hk_fault_set(fault, HK_ENOMEM, "out of memory");
    made->magic = HK_STATE_MAGIC;
    made->world = world;
    made->script = script;
    made->is_unlimited = true;
    made->required = hk_alloc_zero(HK_STATE_LIBRARIES_MAX, sizeof(*made->required));
    made->L = made->required != NULL ? lua_newstate(allocate, made) : NULL;
    for (int i = 0; i < 5; i++)
        made->hook_refs[i] = LUA_NOREF;
    if (made->L != NULL) {
        *(struct hk_state **)lua_getextraspace(made->L) = made;
        lua_atpanic(made->L, on_panic);
        hk_prng_init(&made->prng, 0);
        lua_pushcfunction(made->L, open_sandbox);
        if (lua_pcall(made->L, 0, 0, 0) == LUA_OK) {
            hk_budget_open(made);
            *state = made;
            return 0;
        }
    }
    hk_state_free(made);
    return hk_fault_set(fault, HK_ENOMEM, "out of memory");
}

int hk_state_new(const struct hk_state_world *world, const struct hk_wire_script *script,
                 struct hk_state **state, struct hk_fault *fault)
{
    struct hk_state *made;
    int code = hk_state_open(world, script, &made, fault);
    if (code < 0)
        return code;
    code = hk_loader_load(made, fault);
    if (code < 0)
        hk_state_free(made);
    else
        *state = made;
    return code;
}

void hk_state_free(struct hk_state *state)
{
    if (state == NULL)
        return;
    HK_CHECK(state, HK_STATE_MAGIC);
    state->is_unlimited = true;
    if (state->L != NULL)
        lua_close(state->L);
    hk_bytes_fini(&state->log_text);
    hk_bytes_fini(&state->fault_text);
    hk_free(state->required);
    state->magic = 0;
    hk_free(state);
}

void hk_state_begin_slow(struct hk_state *state, const struct hk_uuid *event, uint32_t factor)
{
    uint64_t halves[2];
    HK_CHECK(state, HK_STATE_MAGIC);
    memcpy(halves, event->bytes, sizeof(halves));
    hk_prng_init(&state->prng, halves[0] ^ (halves[1] << 1 | halves[1] >> 63));
    hk_bytes_clear(&state->log_text);
    state->log_count = 0;
    hk_budget_start(state, (uint64_t)state->world->time_ms_max * factor);
}

void hk_state_begin(struct hk_state *state, const struct hk_uuid *event)
{
    hk_state_begin_slow(state, event, 1);
}

/** Gets the place of a hook's bit. */
static int place_of(enum hk_hook hook)
{
    return __builtin_ctz((unsigned)hook);
}

void hk_state_push_hook(struct hk_state *state, enum hk_hook hook)
{
    static const char *const names[] = {
#define XX(name, bit, word) [bit] = word,
        HK_HOOK_MAP(XX)
#undef XX
    };
    int place = place_of(hook);
    hk_assert((state->hooks & hook) != 0);
    state->hook_name = names[place];
    state->hook_line = state->hook_lines[place];
    lua_rawgeti(state->L, LUA_REGISTRYINDEX, state->hook_refs[place]);
}

void hk_state_leave_hook(struct hk_state *state)
{
    state->hook_name = NULL;
}

static enum hk_policy_failure failure_of(const struct hk_state *state)
{
    if (state->end == HK_STATE_OUT_OF_TIME)
        return HK_POLICY_TIME;
    if (state->end == HK_STATE_OUT_OF_MEMORY)
        return HK_POLICY_MEMORY;
    return state->is_wrong_return ? HK_POLICY_RETURN : HK_POLICY_ERROR;
}

int hk_state_call(struct hk_state *state, int argument_count, int result_count,
                  enum hk_policy_failure *failure, struct hk_slice *text)
{
    lua_State *L = state->L;
    int handler = lua_gettop(L) - argument_count;
    hk_bytes_clear(&state->fault_text);
    state->is_wrong_return = false;
    state->place[0] = '\0';
    lua_pushcfunction(L, hk_message_handle);
    lua_insert(L, handler);
    state->is_unlimited = false;
    int status = lua_pcall(L, argument_count, result_count, handler);
    state->is_unlimited = true;
    lua_remove(L, handler);
    if (status == LUA_OK)
        return 0;
    if (status == LUA_ERRMEM || state->fault_text.size == 0)
        hk_message_without_handler(state, status);
    lua_pop(L, 1);
    *failure = failure_of(state);
    *text =
        state->fault_text.size > 0 ? hk_bytes_slice(&state->fault_text) : HK_SLICE("out of memory");
    return -1;
}

int hk_state_protect(struct hk_state *state, lua_CFunction function, void *arg,
                     enum hk_policy_failure *failure, struct hk_slice *text)
{
    lua_pushcfunction(state->L, function);
    lua_pushlightuserdata(state->L, arg);
    return hk_state_call(state, 1, 0, failure, text);
}
