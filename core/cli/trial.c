// SPDX-License-Identifier: Apache-2.0
#include "cli/trial.h"

static struct hk_wire_answer *answer_of(struct hk_wire_message *message)
{
    switch (message->kind) {
    case HK_WIRE_PLANNED:
        return &message->planned.answer;
    case HK_WIRE_DECIDED:
        return &message->decided.answer;
    case HK_WIRE_FAILED:
        return &message->failed.answer;
    default:
        return NULL;
    }
}

const struct hk_wire_answer *hk_trial_answer(const struct hk_trial *trial)
{
    return answer_of((struct hk_wire_message *)(uintptr_t)&trial->message);
}

/** Keeps a copy of an answer that is about to go. */
static int keep(struct hk_trial *trial, const struct hk_wire_message *answer)
{
    int code = hk_wire_encode(answer, &trial->frame);
    if (code == 0)
        code = hk_wire_decode(hk_bytes_slice(&trial->frame), &trial->scratch, &trial->message);
    if (code < 0)
        return code;
    struct hk_wire_message bare = trial->message;
    *answer_of(&bare) = (struct hk_wire_answer){ 0 };
    return hk_wire_encode(&bare, &trial->decision);
}

/** The worker is not trusted: what it names must be there. */
static bool is_sound(const struct hk_wire_message *question, struct hk_wire_message *answer)
{
    if (answer_of(answer) == NULL)
        return false;
    if (answer->kind != HK_WIRE_PLANNED)
        return answer->kind == HK_WIRE_FAILED || question->kind == HK_WIRE_RETRY;
    for (uint32_t i = 0; i < answer->planned.delivery_count; i++)
        if (answer->planned.deliveries[i].endpoint >= question->run.endpoint_count)
            return false;
    return question->kind == HK_WIRE_PLAN;
}

int hk_trial_run(struct hk_cage *cage, const struct hk_wire_message *question,
                 struct hk_trial *trial, struct hk_fault *fault)
{
    struct hk_wire_message answer;
    *trial = (struct hk_trial){ 0 };
    int code = hk_cage_ask(cage, question, &answer, fault);
    if (code == HK_ESTART && hk_offline_is_restarted(cage->offline)) {
        answer = (struct hk_wire_message){
            .kind = HK_WIRE_FAILED,
            .failed = { .failure = HK_POLICY_KILLED, .text = hk_slice_of(fault->text) },
        };
        code = 0;
    }
    if (code == 0 && !is_sound(question, &answer))
        code = hk_fault_set(fault, HK_EDAMAGED, "the worker answers something else");
    if (code == 0 && keep(trial, &answer) < 0)
        code = hk_fault_set(fault, HK_ENOMEM, "%s", hk_error_text(HK_ENOMEM));
    if (code < 0)
        hk_trial_fini(trial);
    return code;
}

void hk_trial_fini(struct hk_trial *trial)
{
    hk_bytes_fini(&trial->frame);
    hk_bytes_fini(&trial->decision);
    hk_wire_scratch_fini(&trial->scratch);
    *trial = (struct hk_trial){ 0 };
}

bool hk_trial_is_same(const struct hk_trial *a, const struct hk_trial *b)
{
    return hk_slice_is_equal(hk_bytes_slice(&a->decision), hk_bytes_slice(&b->decision));
}
