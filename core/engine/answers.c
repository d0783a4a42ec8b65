// SPDX-License-Identifier: Apache-2.0
#include "engine/answers.h"

static void push(struct hk_engine *engine, struct hk_answer *answer)
{
    answer->lsn = engine->lsn_last;
    if (answer->lsn > engine->lsn_durable)
        engine->is_awaited = true;
    hk__fifo_push(&engine->answers, answer);
}

void hk__answers_push_ack(struct hk_engine *engine, const struct hk_command_ack *ack)
{
    struct hk_answer answer = { .ack = *ack };
    push(engine, &answer);
}

void hk__answers_push_reply(struct hk_engine *engine, struct hk_reply *reply)
{
    struct hk_answer answer = { .reply = reply };
    push(engine, &answer);
}

void hk__answers_send(struct hk_engine *engine, struct hk_reply *reply)
{
    hk_commands_add(engine->commands, HK_COMMAND_REPLY)->reply = reply;
}

void hk__answers_refuse(struct hk_engine *engine, uint64_t token, enum hk_refusal refusal)
{
    struct hk_command *command = hk_commands_add(engine->commands, HK_COMMAND_NACK);
    command->nack = (struct hk_command_nack){ .token = token, .refusal = refusal };
    engine->stats.events_refused++;
}

bool hk__answers_are_due(const struct hk_engine *engine)
{
    const struct hk_answer *answer = hk__fifo_first(&engine->answers);
    return answer && answer->lsn <= engine->lsn_durable;
}

void hk__answers_release(struct hk_engine *engine)
{
    while (hk__answers_are_due(engine) && hk__work_take(engine)) {
        struct hk_answer answer = *(struct hk_answer *)hk__fifo_first(&engine->answers);
        hk__fifo_pop(&engine->answers);
        if (answer.reply)
            hk__answers_send(engine, answer.reply);
        else
            hk_commands_add(engine->commands, HK_COMMAND_ACK)->ack = answer.ack;
    }
}
