// SPDX-License-Identifier: Apache-2.0
#include "worker/answer.h"

/* The lines stand in the state's log one after the other, by offset as long as it may grow. */
static void logs_settle(struct hk_state *state)
{
    for (uint32_t i = 0; i < state->log_count; i++) {
        struct hk_slice *text = &state->logs[i].text;
        text->at = text->size > 0 ? state->log_text.at + (size_t)(uintptr_t)text->at : "";
    }
}

struct hk_wire_answer hk_answer_of(struct hk_state *state, uint64_t run)
{
    logs_settle(state);
    return (struct hk_wire_answer){
        .run = run,
        .cost = { hk_state_cpu_us(state), (uint32_t)state->memory_used },
        .logs = state->logs,
        .log_count = state->log_count,
    };
}

void hk_answer_fail(struct hk_wire_message *answer, enum hk_policy_failure failure,
                    struct hk_slice text)
{
    answer->kind = HK_WIRE_FAILED;
    answer->failed.failure = failure;
    answer->failed.text = text;
}
