// SPDX-License-Identifier: Apache-2.0
#include "worker/retry.h"

#include "worker/answer.h"
#include "worker/message.h"
#include "worker/verdict.h"
#include "worker/views.h"

#include <lauxlib.h>

struct asking {
    struct hk_state *state;
    const struct hk_wire_run *run;
    struct hk_wire_decided *decided;
};

static void take_delay(lua_State *L, struct hk_wire_decided *decided)
{
    static const char *const fields[] = { "delay_ms", NULL };
    int table = lua_gettop(L);
    hk_verdict_check_fields(L, table, "what retry returns", fields);
    lua_pushliteral(L, "delay_ms");
    lua_rawget(L, table);
    lua_Number number = lua_isnumber(L, -1) ? lua_tonumber(L, -1) : -1;
    bool is_delay = lua_type(L, -1) == LUA_TNUMBER && number >= 0 &&
                    number <= (lua_Number)HK_RETRY_DELAY_MS_MAX &&
                    number == (lua_Number)(int64_t)number;
    if (!is_delay)
        hk_verdict_refuse(L, "returned a delay_ms that is %s: 0 to %I, a whole number",
                          hk_message_push_shown(L, -1), (LUAI_UACINT)HK_RETRY_DELAY_MS_MAX);
    decided->verdict = HK_RETRY_AFTER_DELAY;
    decided->delay_ms = (int64_t)number;
}

static void take_word(lua_State *L, struct hk_wire_decided *decided)
{
    const char *word = lua_tostring(L, -1);
    if (strcmp(word, "give_up") == 0)
        decided->verdict = HK_RETRY_GIVE_UP;
    else if (strcmp(word, "disable") == 0)
        decided->verdict = HK_RETRY_DISABLE;
    else
        hk_verdict_refuse(L, "returned %s: \"give_up\", \"disable\", { delay_ms = N } or nil",
                          hk_message_push_shown(L, -1));
}

static int ask(lua_State *L)
{
    struct asking *asking = lua_touserdata(L, 1);
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    lua_settop(L, 0);
    hk_state_push_hook(asking->state, HK_HOOK_RETRY);
    hk_views_push_delivery(L, asking->run);
    hk_views_push_outcome(L, &asking->run->attempt);
    lua_call(L, 2, 1);
    if (lua_isnil(L, -1))
        asking->decided->verdict = HK_RETRY_BY_SCHEDULE;
    else if (lua_istable(L, -1))
        take_delay(L, asking->decided);
    else if (lua_type(L, -1) == LUA_TSTRING)
        take_word(L, asking->decided);
    else
        hk_verdict_refuse(L, "returned %s: \"give_up\", \"disable\", { delay_ms = N } or nil",
                          hk_message_kind(L, -1));
    return 0;
}

void hk_retry_run(struct hk_state *state, const struct hk_wire_run *run,
                  struct hk_wire_message *answer)
{
    struct hk_wire_decided decided = { .verdict = HK_RETRY_BY_SCHEDULE };
    struct asking asking = { state, run, &decided };
    enum hk_policy_failure failure = HK_POLICY_ERROR;
    struct hk_slice text = HK_SLICE_EMPTY;
    hk_state_begin(state, &run->event);
    int code = 0;
    if ((state->hooks & (uint32_t)HK_HOOK_RETRY) != 0)
        code = hk_state_protect(state, ask, &asking, &failure, &text);
    hk_state_leave_hook(state);
    if (code == 0) {
        answer->kind = HK_WIRE_DECIDED;
        answer->decided = decided;
        answer->decided.answer = hk_answer_of(state, run->run);
        return;
    }
    hk_answer_fail(answer, failure, text);
    answer->failed.answer = hk_answer_of(state, run->run);
}
